#include "proxy/launch/rules/artifact_folder.h"

#include "proxy/launch/artifacts/artifact_name.h"
#include "proxy/launch/rules/resource_uri.h"

#include <stdlib.h>

/* Hadoop has had three clients of one storage: which one reads it makes it no other file. */
static struct str without_scheme(struct str uri)
{
	struct str scheme;

	(void)str_next(&uri, ':', &scheme);
	return str_eq(scheme, STR("s3")) || str_eq(scheme, STR("s3n")) || str_eq(scheme, STR("s3a"))
		       ? uri
		       : (struct str){scheme.at, scheme.len + 1 + uri.len};
}

/* What stands below the place that Spark reads artifacts from. at == NULL: it is elsewhere. */
static struct str path_below(const char *uri, const char *spark_uri)
{
	char base[RESOURCE_URI_MAX + 1];
	char *any = mem_printf("%sx", spark_uri);
	bool is_read = resource_uri_read(str_of(any), base, NULL) == 0;
	struct str path = without_scheme(str_of(uri)), above;

	free(any);
	if (!is_read)
		return (struct str){NULL, 0};
	base[strlen(base) - 1] = '\0';
	above = without_scheme(str_of(base));
	return str_starts(path, above) ? str_from(path, above.len) : (struct str){NULL, 0};
}

/* "ann/" of "ann/etl.py", "shared/team/" of "shared/team/etl.py". Empty: it is in none. */
static struct str folder_of(struct str path, struct artifact_name *name)
{
	static const struct str shared = {"shared/", 7};
	size_t from = path.at && str_starts(path, shared) ? shared.len : 0;
	ptrdiff_t slash = path.at ? str_find_byte(str_from(path, from), '/') : -1;

	*name = (struct artifact_name){.shared = {NULL, 0}};
	if (slash == -1)
		return (struct str){path.at, 0};
	if (from)
		name->shared = (struct str){path.at + from, (size_t)slash};
	return (struct str){path.at, from + (size_t)slash + 1};
}

static bool is_own(struct str folder, const struct identity *who)
{
	struct sbuf own;

	sbuf_init(&own, ARTIFACT_KEY_MAX);
	artifact_add_folder(&own, &(struct artifact_name){.shared = {NULL, 0}}, who);
	bool is = str_eq(folder, sbuf_str(&own));
	sbuf_clear(&own);
	return is;
}

size_t artifact_folder_of_others(const struct conf *conf, const struct conf_profile *profile,
	const struct identity *who, const char *uri)
{
	size_t most = 0;

	for (size_t i = 0; i < conf->clusters_count; i++) {
		const struct conf_launch *launch = &conf->clusters[i].launch;
		struct artifact_name name;
		if (!launch->has_artifacts)
			continue;
		struct str folder = folder_of(path_below(uri, launch->artifacts.spark_uri), &name);
		if (folder.len == 0)
			continue;
		bool is_open = name.shared.at ? conf_names_have(&profile->shared, name.shared)
					      : is_own(folder, who);
		size_t spelled = (size_t)(folder.at + folder.len - uri);
		most = is_open || spelled < most ? most : spelled;
	}
	return most;
}
