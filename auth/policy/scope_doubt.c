#include "auth/policy/scope_doubt.h"

#include "auth/policy/access.h"
#include "base/sbuf.h"

enum { SENTENCE_MAX = 1024 };

static bool is_known(const struct conf *conf, const struct identity *who, struct str name)
{
	const struct conf_cluster *cluster = conf_find_cluster(conf, name);

	if (cluster == NULL)
		return false;
	return who == NULL ||
	       access_to_cluster(who, &(struct access_cluster){.name = cluster->name});
}

char *scope_doubt(const struct conf *conf, const struct identity *who, struct str scope)
{
	const struct str lead = STR("cluster:");
	struct sbuf out;
	struct str part;
	size_t count = 0;

	if (conf_finds_clusters(conf))
		return NULL; /* the configuration does not know them all */
	sbuf_init(&out, SENTENCE_MAX);
	while (scope.len && str_next(&scope, ' ', &part)) {
		struct str name = str_from(part, lead.len);

		if (!str_starts(part, lead) || is_known(conf, who, name))
			continue;
		sbuf_puts(&out, count++ ? ", " : "The scope names a cluster that is not there: ");
		sbuf_add_str(&out, name);
	}
	if (count)
		sbuf_puts(&out, ". It opens nothing until there is one.");
	return count ? sbuf_take(&out) : NULL;
}
