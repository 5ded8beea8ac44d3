#include "conf/load/warn.h"

#include "conf/conf.h"
#include "conf/load/warn_roles.h"

#include <stdio.h>

/* Each of them is shown the others' tokens, one after the other (S49). */
static void warn_of_introspection(const struct conf *conf, conf_warning *tell, void *arg)
{
	const char *first = NULL;
	char text[512];

	for (size_t i = 0; i < conf->bearer_count; i++) {
		const struct conf_bearer *row = &conf->bearer[i];

		if (!row->has_introspection || row->introspection.prefix)
			continue;
		if (first) {
			snprintf(text, sizeof text,
				"auth.bearer: %.150s and %.150s both see each other's opaque "
				"tokens. Set introspection.prefix for both.",
				row->issuer, first);
			tell(arg, text);
		}
		first = first ? first : row->issuer;
	}
}

void conf_warn(const struct conf *conf, conf_warning *tell, void *arg)
{
	warn_of_introspection(conf, tell, arg);
	warn_roles(conf, tell, arg);
}
