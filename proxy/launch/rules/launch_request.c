#include "proxy/launch/rules/launch_request.h"

#include "auth/policy/access.h"
#include "base/sbuf.h"
#include "base/text/json_text.h"
#include "proxy/launch/artifacts/artifact_name.h"
#include "proxy/launch/rules/artifact_folder.h"
#include "proxy/launch/rules/forbidden.h"
#include "proxy/launch/rules/launch_read.h"
#include "proxy/launch/rules/resource_uri.h"

#include <stdio.h>
#include <stdlib.h>

/* --- which cluster, which profile --- */

static const struct conf_cluster *find_cluster(
	const struct launch_asker *asker, const char *name, struct err *err)
{
	const struct conf_cluster *found = NULL;

	for (size_t i = 0; i < asker->conf->clusters_count; i++) {
		const struct conf_cluster *one = &asker->conf->clusters[i];

		if (!launch_person_may(asker->who, one) || (name && strcmp(name, one->name) != 0))
			continue;
		if (found) {
			err_set(err, "cluster: there are several, such as \"%s\" and \"%s\"",
				found->name, one->name);
			return NULL;
		}
		found = one;
	}
	if (found == NULL)
		err_set(err, name ? "cluster: you cannot launch anything on a cluster of this name"
				  : "cluster: there is none on which you can launch anything");
	return found;
}

/* Which they have, as far as there is room. */
static void add_theirs(
	const struct launch_asker *asker, const struct conf_cluster *cluster, struct err *err)
{
	const char *sign = "; you have";

	for (size_t i = 0; i < cluster->launch.profiles_count; i++) {
		const struct conf_profile *one = &cluster->launch.profiles[i];
		size_t len = strlen(err->text);

		if (!launch_person_has(asker->who, one))
			continue;
		snprintf(err->text + len, sizeof err->text - len, "%s \"%s\"", sign, one->name);
		sign = ",";
	}
}

static const struct conf_profile *find_profile(const struct launch_asker *asker,
	const struct conf_cluster *cluster, const char *name, struct err *err)
{
	const struct conf_profile *found = NULL;

	for (size_t i = 0; i < cluster->launch.profiles_count; i++) {
		const struct conf_profile *one = &cluster->launch.profiles[i];

		if (!launch_person_has(asker->who, one) || (name && strcmp(name, one->name) != 0))
			continue;
		if (found) {
			err_set(err, "profile: there are several, such as \"%s\" and \"%s\"",
				found->name, one->name);
			return NULL;
		}
		found = one;
	}
	if (found == NULL)
		err_set(err,
			name ? "profile: you have no profile of this name on the cluster \"%s\""
			     : "profile: you have none on the cluster \"%s\"",
			cluster->name);
	if (found == NULL)
		add_theirs(asker, cluster, err);
	return found;
}

/* --- limits --- */

static int refuse_size(const char *member, unsigned asked, unsigned most, const char *unit,
	const struct conf_profile *profile, struct err *err)
{
	return err_set(err, "%s: got %u%s, and the profile \"%s\" allows at most %u%s", member,
		asked, unit, profile->name, most, unit);
}

static int check_sizes(
	const struct launch_asked *asked, const struct conf_profile *profile, struct err *err)
{
	const struct {
		const char *member;
		unsigned asked, most;
		const char *unit;
	} rows[] = {{"driver.cores", asked->driver.cores, profile->driver.cores, ""},
		{"driver.memory", asked->driver.memory_mib, profile->driver.memory_mib, "m"},
		{"executor.cores", asked->executor.cores, profile->executor.cores, ""},
		{"executor.memory", asked->executor.memory_mib, profile->executor.memory_mib, "m"},
		{"executors", asked->executors, profile->executors, ""}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].asked > rows[i].most)
			return refuse_size(rows[i].member, rows[i].asked, rows[i].most,
				rows[i].unit, profile, err);
	}
	return 0;
}

static bool may_set(const struct conf_profile *profile, const char *key)
{
	for (size_t i = 0; i < profile->may_set.count; i++) {
		if (forbidden_pattern_fits(profile->may_set.at[i], str_of(key)))
			return true;
	}
	return false;
}

static bool is_key(const char *key)
{
	for (const char *c = key; *c; c++) {
		if (!str_is_alnum(*c) && strchr("._-", *c) == NULL)
			return false;
	}
	return str_starts(str_of(key), STR("spark.")) && key[6] != '\0';
}

static int check_keys(json_t *conf, const struct conf_profile *profile, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach(conf, key, value)
	{
		const struct forbidden *row = forbidden_key(str_of(key));

		if (!is_key(key))
			return err_set(err, "conf: \"%s\" is no key of Spark's", key);
		if (row)
			return err_set(err, "conf: no profile allows \"%s\": %s (%s)", key,
				row->why, row->where ? row->where : "sparkgate");
		if (!may_set(profile, key))
			return err_set(err, "conf: the profile \"%s\" does not allow \"%s\"",
				profile->name, key);
	}
	return 0;
}

static bool is_variable(const char *name)
{
	for (const char *c = name; *c; c++) {
		if (!str_is_alnum(*c) && *c != '_')
			return false;
	}
	return !(name[0] >= '0' && name[0] <= '9') && strlen(name) <= 128;
}

static int check_environment(json_t *environment, struct err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach(environment, name, value)
	{
		const struct forbidden *row = forbidden_name(str_of(name));

		if (!is_variable(name))
			return err_set(err, "environment: \"%s\" is no name of a variable", name);
		if (row)
			return err_set(
				err, "environment: no profile allows \"%s\": %s", name, row->why);
	}
	return 0;
}

/* Another image runs other code beside the application's own: no pattern for keys opens it. */
static int check_image(const struct launch_asked *asked, const struct conf_cluster *cluster,
	const struct conf_profile *profile, struct err *err)
{
	if (asked->image == NULL)
		return 0;
	if (!cluster->launch.has_operator)
		return err_set(
			err, "image: the cluster \"%s\" starts no containers", cluster->name);
	if ((profile->image && strcmp(profile->image, asked->image) == 0) ||
		conf_names_have(&profile->may_set, STR("image")))
		return 0;
	return err_set(err, "image: the profile \"%s\" does not allow another one", profile->name);
}

static int check_limits(const struct launch_asked *asked, const struct conf_cluster *cluster,
	const struct conf_profile *profile, struct err *err)
{
	if (check_sizes(asked, profile, err) == -1 || check_keys(asked->conf, profile, err) == -1 ||
		check_environment(asked->environment, err) == -1)
		return -1;
	return check_image(asked, cluster, profile, err);
}

/* Which other profile of theirs has room for it. */
static void add_way_out(const struct launch_asker *asker, const struct launch_asked *asked,
	const struct conf_cluster *cluster, struct err *err)
{
	for (size_t i = 0; i < cluster->launch.profiles_count; i++) {
		const struct conf_profile *one = &cluster->launch.profiles[i];
		size_t len = strlen(err->text);
		struct err no = {""};

		if (!launch_person_has(asker->who, one) ||
			check_limits(asked, cluster, one, &no) == -1)
			continue;
		snprintf(err->text + len, sizeof err->text - len, "; the profile \"%s\" allows it",
			one->name);
		return;
	}
}

/* --- what is run --- */

static enum launch_verdict find_artifact(const struct launch_asker *asker,
	const struct launch_request *request, const char *artifact, char *uri, struct err *err)
{
	const struct conf_launch *launch = &request->cluster->launch;
	struct artifact_name name;
	struct sbuf key;

	if (!launch->has_artifacts) {
		err_set(err, "artifact: the cluster \"%s\" has no storage for artifacts",
			request->cluster->name);
		return LAUNCH_DENIED;
	}
	if (!artifact_name_read(str_of(artifact), &name)) {
		err_set(err, "artifact: expected a name such as etl.py or shared/team/lib.jar");
		return LAUNCH_MALFORMED;
	}
	if (name.shared.at && !conf_names_have(&request->profile->shared, name.shared)) {
		err_set(err, "artifact: the profile \"%s\" has no such shared folder",
			request->profile->name);
		return LAUNCH_DENIED;
	}
	sbuf_init(&key, RESOURCE_URI_MAX);
	sbuf_puts(&key, launch->artifacts.spark_uri);
	artifact_add_key(&key, &name, asker->who);
	int rc = key.overflow ? err_set(err, "artifact: the name is too long")
			      : resource_uri_read(sbuf_str(&key), uri, err);
	sbuf_clear(&key);
	return rc == 0 ? LAUNCH_GOOD : LAUNCH_MALFORMED;
}

/* Beside a storage there would be two ways, and the quota of one would count nothing. */
static enum launch_verdict find_file(
	const struct launch_request *request, const char *file, char *uri, struct err *err)
{
	const struct conf_launch *launch = &request->cluster->launch;

	if (conf_launch_takes_files(launch)) {
		snprintf(uri, RESOURCE_URI_MAX + 1, "local://" LAUNCH_FILE_FOLDER "/%.128s", file);
		return LAUNCH_GOOD;
	}
	err_set(err,
		launch->has_artifacts
			? "file: the cluster \"%s\" has a storage: upload it as an artifact"
			: "file: the cluster \"%s\" starts no containers, so no file travels there",
		request->cluster->name);
	return LAUNCH_DENIED;
}

static enum launch_verdict find_resource(const struct launch_asker *asker,
	const struct launch_request *request, const struct launch_asked *asked, char *uri,
	struct err *err)
{
	struct err why = {""};

	if (asked->file)
		return find_file(request, asked->file, uri, err);
	if (asked->artifact)
		return find_artifact(asker, request, asked->artifact, uri, err);
	if (resource_uri_read(str_of(asked->resource), uri, &why) == -1) {
		err_set(err, "resource: %s", why.text);
		return LAUNCH_MALFORMED;
	}
	size_t spelled = artifact_folder_of_others(asker->conf, request->profile, asker->who, uri);
	if (resource_uri_is_allowed(&request->cluster->launch.allow, uri, spelled))
		return LAUNCH_GOOD;
	err_set(err, "resource: launch.allow of the cluster \"%s\" does not admit it",
		request->cluster->name);
	return LAUNCH_DENIED;
}

static int check_kind(const char *uri, const struct launch_asked *asked, struct err *err)
{
	const char *member = asked->file ? "file.name" : asked->artifact ? "artifact" : "resource";

	switch (resource_uri_kind(uri)) {
	case RESOURCE_JAR:
		return asked->main_class ? 0 : err_set(err, "main_class: a jar needs one");
	case RESOURCE_PYTHON:
		return asked->main_class ? err_set(err, "main_class: a Python file has none") : 0;
	case RESOURCE_OTHER:
		break;
	}
	return err_set(err, "%s: expected a file whose name ends in .jar or .py", member);
}

/* --- the order --- */

static void add_pairs(struct launch_pairs *pairs, json_t *json)
{
	const char *key;
	json_t *value;

	json_object_foreach(json, key, value)
		launch_pairs_set(pairs, key, json_string_value(value));
}

static void add_arguments(struct conf_names *arguments, const json_t *json)
{
	arguments->at = mem_alloc(json_array_size(json), sizeof *arguments->at);
	for (size_t i = 0; i < json_array_size(json); i++)
		arguments->at[arguments->count++] =
			mem_strdup(json_string_value(json_array_get(json, i)));
}

static unsigned less_of(unsigned asked, unsigned most)
{
	return asked ? asked : most;
}

static void fill_order(const struct launch_request *request, const struct launch_asked *asked,
	const char *uri, struct launch_order *out)
{
	const struct conf_profile *profile = request->profile;
	const char *name = asked->name ? asked->name : resource_uri_leaf(uri);

	snprintf(out->cluster, sizeof out->cluster, "%s", request->cluster->name);
	snprintf(out->profile, sizeof out->profile, "%s", profile->name);
	snprintf(out->name, sizeof out->name, "%.*s", (int)str_fit_chars(str_of(name), 128), name);
	out->resource = mem_strdup(uri);
	out->main_class = mem_strdup(asked->main_class);
	out->artifact = mem_strdup(asked->artifact);
	out->file = mem_strdup(asked->file);
	out->image = mem_strdup(asked->image ? asked->image : profile->image);
	out->logs = (struct conf_endpoint){mem_strdup(profile->logs.host), profile->logs.port};
	out->driver.cores = less_of(asked->driver.cores, profile->driver.cores);
	out->driver.memory_mib = less_of(asked->driver.memory_mib, profile->driver.memory_mib);
	out->executor.cores = less_of(asked->executor.cores, profile->executor.cores);
	out->executor.memory_mib =
		less_of(asked->executor.memory_mib, profile->executor.memory_mib);
	out->executors = less_of(asked->executors, profile->executors);
	for (size_t i = 0; i < profile->conf_count; i++)
		launch_pairs_set(&out->conf, profile->conf[i].key, profile->conf[i].value);
	add_pairs(&out->conf, asked->conf);
	add_pairs(&out->environment, asked->environment);
	add_arguments(&out->arguments, asked->arguments);
}

static void digest_body(const json_t *body, unsigned char out[static DIGEST_LEN])
{
	char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);

	digest_sha256(str_of(text), out);
	json_text_drop(text);
}

static enum launch_verdict judge(const struct launch_asker *asker, const struct launch_asked *asked,
	struct launch_request *out, struct err *err)
{
	char uri[RESOURCE_URI_MAX + 1];

	out->cluster = find_cluster(asker, asked->cluster, err);
	if (out->cluster == NULL)
		return LAUNCH_NOT_THERE;
	out->profile = find_profile(asker, out->cluster, asked->profile, err);
	if (out->profile == NULL)
		return LAUNCH_NOT_THERE;
	if (check_limits(asked, out->cluster, out->profile, err) == -1) {
		add_way_out(asker, asked, out->cluster, err);
		return LAUNCH_DENIED;
	}
	enum launch_verdict verdict = find_resource(asker, out, asked, uri, err);
	if (verdict == LAUNCH_GOOD && check_kind(uri, asked, err) == -1)
		verdict = LAUNCH_MALFORMED;
	if (verdict == LAUNCH_GOOD)
		fill_order(out, asked, uri, &out->order);
	return verdict;
}

/* A scope, and rows of custom roles, may be about some applications only. */
static bool may_launch_it(const struct launch_asker *asker, const struct launch_request *request)
{
	const struct launch_order *order = &request->order;
	const struct access_app app = {.cluster = order->cluster,
		.id = "",
		.name = order->name,
		.user = order->user,
		.namespace = request->cluster->launch.has_operator
		? request->cluster->launch.operator.namespace : NULL };

	return access_to_app(asker->who, &app) & 1u << ACTION_LAUNCH;
}

enum launch_verdict launch_request_read(
	const struct launch_asker *asker, json_t *body, struct launch_request *out, struct err *err)
{
	char user[STORE_LAUNCH_USER];
	struct launch_asked asked;

	*out = (struct launch_request){.cluster = NULL};
	if (launch_read(body, &asked, err) == -1)
		return LAUNCH_MALFORMED;
	enum launch_verdict verdict = judge(asker, &asked, out, err);
	if (verdict != LAUNCH_GOOD)
		return verdict;
	if (!launch_person_user(asker->who, asker->own_issuer, user)) {
		launch_request_clear(out);
		err_set(err, "nobody knows what Spark calls you: auth.user_claim names a claim "
			     "that you do not have, or it has no name that Spark takes");
		return LAUNCH_DENIED;
	}
	memcpy(out->order.user, user, sizeof user);
	if (!may_launch_it(asker, out)) {
		launch_request_clear(out);
		err_set(err, "name: you may launch applications of other names only");
		return LAUNCH_DENIED;
	}
	digest_body(body, out->digest);
	return LAUNCH_GOOD;
}

void launch_request_clear(struct launch_request *request)
{
	launch_order_clear(&request->order);
}
