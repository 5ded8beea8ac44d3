#include "proxy/launch/target/launch_gelf.h"

#include <assert.h>
#include <stdlib.h>

/* Those that come before what an application brings itself (extraJavaOptions). */
static const char *const options_keys[] = {
	"spark.driver.defaultJavaOptions", "spark.executor.defaultJavaOptions"};

/* S156: Spark splits it at spaces and quotes, so nothing is in it that a person wrote: not the
 * name, not the user. These are read from SPARK_USER and spark.app.name where the process is. */
static char *options_of(const struct launch_order *order, const char *more)
{
	assert(strpbrk(order->id, " \"'\\") == NULL && strpbrk(order->logs.host, " \"'\\") == NULL);
	return mem_printf("-Dlog4j2.configurationFile=" LAUNCH_GELF_FILE " -Dgelf.host=%s "
			  "-Dgelf.port=%u -Dgelf.launch=%s%s%s",
		order->logs.host, order->logs.port, order->id, more ? " " : "", more ? more : "");
}

void launch_gelf_add(const struct launch_order *order, bool is_standalone, json_t *conf)
{
	if (order->logs.host == NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(options_keys); i++) {
		const json_t *there = json_object_get(conf, options_keys[i]);
		char *options = options_of(order, json_string_value(there));
		json_object_set_new(conf, options_keys[i], json_string(options));
		free(options);
	}
	/* A driver puts its application's id where log4j2 can read it only if it is told that a
	 * proxy stands before its UI. */
	if (is_standalone)
		json_object_set_new(conf, "spark.ui.reverseProxy", json_string("true"));
}
