/* A launch's JSON: what is taken keeps to its profile, names no forbidden key, and is written and
 * read back as it is; a worker's log page. */
#include "auth/policy/grants.h"
#include "conf/load/load.h"
#include "proxy/launch/rest/rest_json.h"
#include "proxy/launch/rules/forbidden.h"
#include "proxy/launch/rules/launch_request.h"
#include "proxy/launch/rules/resource_uri.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct conf *conf;
static struct identity *who;

static void begin(void)
{
	static const char text[] =
		"auth: {roles: {claim: r, user: [ops]}}\n"
		"clusters:\n"
		"  - name: prod\n"
		"    masters: ['http://m:8080']\n"
		"    launch:\n"
		"      rest: http://m:6066\n"
		"      allow: ['file:/opt/apps/*', 's3a://apps/*']\n"
		"      profiles: [{name: p, roles: [everyone], driver: {cores: 2, memory: 2g}, "
		"executors: 3, may_set: ['*']}]\n";
	const char *role = "ops";
	const struct grants_person person = {.names = {&role, 1}, .user = "ann"};

	conf = load_text("fuzz", STR(text), NULL);
	assert(conf);
	who = identity_new(
		STR("https://idp"), STR("s"), STR("n"), STR(""), ROLE_USER, VIA_BEARER, 0);
	identity_grant(who, grants_new(conf, &person));
}

static void check_plain(const char *text)
{
	assert(strstr(text, "{{") == NULL && strchr(text, '\n') == NULL);
}

static void check_order(const struct launch_order *order, const struct conf_profile *profile)
{
	assert(order->driver.cores <= profile->driver.cores);
	assert(order->driver.memory_mib <= profile->driver.memory_mib);
	assert(order->executor.cores <= profile->executor.cores);
	assert(order->executor.memory_mib <= profile->executor.memory_mib);
	assert(order->executors <= profile->executors);
	assert(resource_uri_is_allowed(&conf->clusters[0].launch.allow, order->resource, 0));
	assert((order->main_class == NULL) ==
		(resource_uri_kind(order->resource) == RESOURCE_PYTHON));
	assert(strcmp(order->user, "ann") == 0);
	check_plain(order->name);
	for (size_t i = 0; i < order->conf.count; i++) {
		assert(forbidden_key(str_of(order->conf.at[i].key)) == NULL);
		check_plain(order->conf.at[i].value);
	}
	for (size_t i = 0; i < order->environment.count; i++)
		assert(forbidden_name(str_of(order->environment.at[i].key)) == NULL);
	for (size_t i = 0; i < order->arguments.count; i++)
		check_plain(order->arguments.at[i]);
}

static void check_round_trip(const struct launch_order *order)
{
	struct store_launch record = {.cluster = "prod"};
	struct launch_order again;
	char *post = rest_submission(order, "spark://m:7077");

	assert(post && strstr(post, "-Duser.name=ann"));
	free(post);
	if (!launch_order_write(order, &record))
		return;
	assert(launch_order_read(&record, &again));
	assert(strcmp(again.resource, order->resource) == 0);
	assert(again.arguments.count == order->arguments.count);
	assert(again.conf.count == order->conf.count);
	launch_order_clear(&again);
	store_launch_clear(&record);
}

static void try_request(struct str text)
{
	const struct launch_asker asker = {who, conf, "https://gw"};
	json_t *body = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	struct launch_request request;
	struct err err = {""};

	if (body && launch_request_read(&asker, body, &request, &err) == LAUNCH_GOOD) {
		check_order(&request.order, request.profile);
		check_round_trip(&request.order);
		launch_request_clear(&request);
	} else if (body) {
		assert(err.text[0]);
	}
	json_decref(body);
}

static void try_log(struct str page)
{
	struct rest_log log;

	if (rest_log_read(page, &log))
		assert(log.text.len <= page.len);
	(void)rest_is_launched(page, "01a2");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};

	if (conf == NULL)
		begin();
	try_request(text);
	try_log(text);
	return 0;
}
