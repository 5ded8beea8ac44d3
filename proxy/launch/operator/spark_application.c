#include "proxy/launch/operator/spark_application.h"

#include "base/text/digest.h"
#include "proxy/launch/operator/spark_words.h"
#include "proxy/launch/target/launch_order.h"

#include <stdio.h>
#include <stdlib.h>

#define VOLUME	     "sparkgate-file"
#define DRIVER_ENV   "spark.kubernetes.driverEnv."
#define EXECUTOR_ENV "spark.executorEnv."

/* --- kinds --- */

enum part {
	PART_LANGUAGE,
	PART_VERSION,
	PART_IMAGE,
	PART_ACCOUNT,
	PART_JAR,
	PART_PYTHON,
	PART_R,
	PART_CLASS,
	PART_ARGUMENTS,
	PART_DRIVER_CORES,
	PART_DRIVER_MEMORY,
	PART_EXECUTOR_CORES,
	PART_EXECUTOR_MEMORY,
	PART_EXECUTORS,
	PART_KEEP_S,
	PART_KEEP_MS,
	PART_DRIVER_TEMPLATE,
	PART_EXECUTOR_TEMPLATE,
	PARTS,
};

/* Steps of a path are parted by '/', for keys of Spark's have dots. Under sparkConf all is text. */
static const struct kind {
	const char *words, *api, *version;
	const char *at[PARTS];	 /* NULL: it has none */
	const char *fixed[4][2]; /* what is the same for all launches */
} kinds[SPARK_OPERATORS] = {
	[SPARK_KUBEFLOW] = {"sparkoperator.k8s.io/v1beta2", "/apis/sparkoperator.k8s.io/v1beta2",
		"sparkoperator.k8s.io/v1beta2",
		{[PART_LANGUAGE] = "spec/type",
			[PART_VERSION] = "spec/sparkVersion",
			[PART_IMAGE] = "spec/image",
			[PART_ACCOUNT] = "spec/driver/serviceAccount",
			[PART_JAR] = "spec/mainApplicationFile",
			[PART_PYTHON] = "spec/mainApplicationFile",
			[PART_R] = "spec/mainApplicationFile",
			[PART_CLASS] = "spec/mainClass",
			[PART_ARGUMENTS] = "spec/arguments",
			[PART_DRIVER_CORES] = "spec/driver/cores",
			[PART_DRIVER_MEMORY] = "spec/driver/memory",
			[PART_EXECUTOR_CORES] = "spec/executor/cores",
			[PART_EXECUTOR_MEMORY] = "spec/executor/memory",
			[PART_EXECUTORS] = "spec/executor/instances",
			[PART_KEEP_S] = "spec/timeToLiveSeconds",
			[PART_DRIVER_TEMPLATE] = "spec/driver/template",
			[PART_EXECUTOR_TEMPLATE] = "spec/executor/template"},
		{{"spec/mode", "cluster"}, {"spec/restartPolicy/type", "Never"}}},
	[SPARK_APACHE] = {"spark.apache.org/v1", "/apis/spark.apache.org/v1", "spark.apache.org/v1",
		{[PART_VERSION] = "spec/runtimeVersions/sparkVersion",
			[PART_IMAGE] = "spec/sparkConf/spark.kubernetes.container.image",
			[PART_ACCOUNT] = "spec/sparkConf/"
					 "spark.kubernetes.authenticate.driver.serviceAccountName",
			[PART_JAR] = "spec/jars",
			[PART_PYTHON] = "spec/pyFiles",
			[PART_R] = "spec/sparkRFiles",
			[PART_CLASS] = "spec/mainClass",
			[PART_ARGUMENTS] = "spec/driverArgs",
			[PART_DRIVER_CORES] = "spec/sparkConf/spark.driver.cores",
			[PART_DRIVER_MEMORY] = "spec/sparkConf/spark.driver.memory",
			[PART_EXECUTOR_CORES] = "spec/sparkConf/spark.executor.cores",
			[PART_EXECUTOR_MEMORY] = "spec/sparkConf/spark.executor.memory",
			[PART_EXECUTORS] = "spec/sparkConf/spark.executor.instances",
			[PART_KEEP_MS] = "spec/applicationTolerations/ttlAfterStopMillis",
			[PART_DRIVER_TEMPLATE] = "spec/driverSpec/podTemplateSpec",
			[PART_EXECUTOR_TEMPLATE] = "spec/executorSpec/podTemplateSpec"},
		{{"spec/applicationTolerations/restartConfig/restartPolicy", "Never"},
			/* Or the driver's pod is gone before anybody has read its log. */
			{"spec/applicationTolerations/resourceRetainPolicy", "Always"}}},
};

bool spark_operator_find(const char *kind, enum spark_operator *out)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strcmp(kinds[i].words, kind) != 0)
			continue;
		*out = (enum spark_operator)i;
		return true;
	}
	return false;
}

const char *spark_operator_api(enum spark_operator kind)
{
	return kinds[kind].api;
}

/* --- names --- */

static void write_digest(const char *text, size_t bytes, char *out)
{
	unsigned char digest[DIGEST_LEN];

	digest_sha256(str_of(text), digest);
	str_write_hex(digest, bytes, out);
}

/* Applications of masters, local mode and workers are called so, and who is takes no pod's word. */
static bool is_somebodys(const char *slug)
{
	static const char *const words[] = {"app-", "application-", "driver-", "local-", "worker-"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (str_starts(str_of(slug), str_of(words[i])))
			return true;
	}
	return !(slug[0] >= 'a' && slug[0] <= 'z');
}

/* Letters and digits, and one '-' for what else there is between them. */
static void write_slug(const char *name, char *out, size_t size)
{
	size_t len = 0;

	for (; *name && len + 1 < size; name++) {
		char c = *name;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (str_is_alnum(c))
			out[len++] = c;
		else if (len > 0 && out[len - 1] != '-')
			out[len++] = '-';
	}
	if (len > 0 && out[len - 1] == '-')
		len--;
	out[len] = '\0';
}

void spark_application_name(const char *id, const char *name, char out[static SPARK_NAME_SIZE])
{
	char slug[SPARK_NAME_SIZE - sizeof "spark--" - 16 + 1], digest[17];

	write_slug(name, slug, sizeof slug);
	write_digest(id, 8, digest);
	snprintf(out, SPARK_NAME_SIZE, "%s%s%s%s", is_somebodys(slug) ? "spark-" : "", slug,
		slug[0] ? "-" : "", digest);
}

/* --- values at paths --- */

static void set_at(json_t *object, const char *path, json_t *value)
{
	struct str rest = str_of(path), step;
	json_t *child;

	while (str_next(&rest, '/', &step) && rest.at && rest.len > 0) {
		child = json_object_getn(object, step.at, step.len);
		if (child == NULL) {
			child = json_object();
			json_object_setn_new(object, step.at, step.len, child);
		}
		object = child;
	}
	json_object_setn_new(object, step.at, step.len, value);
}

static void set_part(json_t *object, const struct kind *kind, enum part part, json_t *value)
{
	if (kind->at[part])
		set_at(object, kind->at[part], value);
	else
		json_decref(value);
}

static void set_text(json_t *object, const struct kind *kind, enum part part, const char *text)
{
	if (text)
		set_part(object, kind, part, json_string(text));
}

static void set_number(json_t *object, const struct kind *kind, enum part part, json_int_t number)
{
	const char *path = kind->at[part];
	char text[32];

	snprintf(text, sizeof text, "%lld", (long long)number);
	if (path && str_starts(str_of(path), STR("spec/sparkConf/")))
		set_part(object, kind, part, json_string(text));
	else
		set_part(object, kind, part, json_integer(number));
}

static void set_memory(json_t *object, const struct kind *kind, enum part part, unsigned mib)
{
	char text[32];

	snprintf(text, sizeof text, "%um", mib);
	set_text(object, kind, part, text);
}

/* --- parts --- */

static json_t *make_labels(const struct spark_wish *wish)
{
	char person[33];

	write_digest(wish->user, 16, person);
	return json_pack("{s:s, s:s, s:s}", "app.kubernetes.io/managed-by", "sparkgate",
		SPARK_LABEL_LAUNCH, wish->id, SPARK_LABEL_PERSON, person);
}

static json_t *make_metadata(const struct spark_wish *wish, const char *suffix)
{
	char name[SPARK_NAME_SIZE + 8], base[SPARK_NAME_SIZE];

	spark_application_name(wish->id, wish->name, base);
	snprintf(name, sizeof name, "%s%s", base, suffix);
	return json_pack("{s:s, s:s, s:o, s:{s:s, s:s, s:s}}", "name", name, "namespace",
		wish->namespace, "labels", make_labels(wish), "annotations", "sparkgate.io/name",
		wish->name, "sparkgate.io/user", wish->user, "sparkgate.io/profile", wish->profile);
}

static void add_pairs(json_t *conf, const char *prefix, struct spark_pairs pairs)
{
	for (size_t i = 0; i < pairs.count; i++) {
		char *key = mem_printf("%s%s", prefix, pairs.at[i].key);

		json_object_set_new(conf, key, json_string(pairs.at[i].value));
		free(key);
	}
}

/* On both kinds of pods, so that whoever watches pods finds them. */
static void add_labels(json_t *conf, const struct spark_wish *wish)
{
	json_t *labels = make_labels(wish), *value;
	const char *name;

	json_object_foreach(labels, name, value)
	{
		add_pairs(conf, "spark.kubernetes.driver.label.",
			(struct spark_pairs){
				&(struct spark_pair){name, json_string_value(value)}, 1});
		add_pairs(conf, "spark.kubernetes.executor.label.",
			(struct spark_pairs){
				&(struct spark_pair){name, json_string_value(value)}, 1});
	}
	json_decref(labels);
}

/* Spark writes SPARK_USER of who submits, which is the operator, and these variables after it: of a
 * name that is there twice the last counts, for a kubelet and for us (S132). */
static json_t *make_conf(const struct spark_wish *wish)
{
	const struct spark_pair person = {"SPARK_USER", wish->user};
	json_t *conf = json_object();

	add_pairs(conf, "", wish->profile_conf);
	add_pairs(conf, "", wish->conf);
	add_pairs(conf, DRIVER_ENV, wish->environment);
	json_object_set_new(conf, "spark.app.name", json_string(wish->name));
	add_labels(conf, wish);
	add_pairs(conf, DRIVER_ENV, (struct spark_pairs){&person, 1});
	add_pairs(conf, EXECUTOR_ENV, (struct spark_pairs){&person, 1});
	return conf;
}

static void set_sizes(json_t *object, const struct kind *kind, const struct spark_wish *wish)
{
	set_number(object, kind, PART_DRIVER_CORES, wish->driver.cores);
	set_memory(object, kind, PART_DRIVER_MEMORY, wish->driver.memory_mib);
	set_number(object, kind, PART_EXECUTOR_CORES, wish->executor.cores);
	set_memory(object, kind, PART_EXECUTOR_MEMORY, wish->executor.memory_mib);
	set_number(object, kind, PART_EXECUTORS, wish->executors);
	set_number(object, kind, PART_KEEP_S, wish->keep_s);
	set_number(object, kind, PART_KEEP_MS, wish->keep_s * 1000);
}

static void set_program(json_t *object, const struct kind *kind, const struct spark_wish *wish)
{
	static const enum part parts[] = {
		[SPARK_SCALA] = PART_JAR, [SPARK_PYTHON] = PART_PYTHON, [SPARK_R] = PART_R};
	enum spark_language language =
		spark_words_language(wish->file ? wish->file : wish->resource);
	json_t *arguments = json_array();
	char *path =
		wish->file ? mem_printf("local://" LAUNCH_FILE_FOLDER "/%s", wish->file) : NULL;

	set_text(object, kind, PART_LANGUAGE, spark_words_of(language));
	set_text(object, kind, parts[language], path ? path : wish->resource);
	set_text(object, kind, PART_CLASS, wish->main_class);
	for (size_t i = 0; i < wish->arguments_count; i++)
		json_array_append_new(arguments, json_string(wish->arguments[i]));
	set_part(object, kind, PART_ARGUMENTS, arguments);
	free(path);
}

void spark_application_file_name(const char *name, char out[static SPARK_NAME_SIZE + 8])
{
	snprintf(out, SPARK_NAME_SIZE + 8, "%s-file", name);
}

/* A volume by the operator's own fields would need its webhook; Spark itself reads a template. */
static json_t *make_template(const char *container, const char *config_map)
{
	return json_pack("{s:{s:[{s:s, s:{s:s}}], s:[{s:s, s:[{s:s, s:s, s:b}]}]}}", "spec",
		"volumes", "name", VOLUME, "configMap", "name", config_map, "containers", "name",
		container, "volumeMounts", "name", VOLUME, "mountPath", LAUNCH_FILE_FOLDER,
		"readOnly", 1);
}

static void set_templates(json_t *object, const struct kind *kind, const struct spark_wish *wish)
{
	char name[SPARK_NAME_SIZE], map[SPARK_NAME_SIZE + 8];

	if (wish->file == NULL)
		return;
	spark_application_name(wish->id, wish->name, name);
	spark_application_file_name(name, map);
	set_part(object, kind, PART_DRIVER_TEMPLATE, make_template("spark-kubernetes-driver", map));
	/* A jar is loaded by executors, too. */
	set_part(object, kind, PART_EXECUTOR_TEMPLATE,
		make_template("spark-kubernetes-executor", map));
}

/* --- the whole --- */

json_t *spark_application_make(enum spark_operator which, const struct spark_wish *wish)
{
	const struct kind *kind = &kinds[which];
	json_t *object = json_pack("{s:s, s:s, s:o}", "apiVersion", kind->version, "kind",
		"SparkApplication", "metadata", make_metadata(wish, ""));

	set_at(object, "spec/sparkConf", make_conf(wish));
	for (size_t i = 0; i < ARRAY_LEN(kind->fixed) && kind->fixed[i][0]; i++)
		set_at(object, kind->fixed[i][0], json_string(kind->fixed[i][1]));
	set_program(object, kind, wish);
	set_sizes(object, kind, wish);
	set_text(object, kind, PART_VERSION, wish->version);
	set_text(object, kind, PART_IMAGE, wish->image);
	set_text(object, kind, PART_ACCOUNT, wish->account);
	set_templates(object, kind, wish);
	return object;
}

json_t *spark_application_file(const struct spark_wish *wish, const char *base64)
{
	return json_pack("{s:s, s:s, s:o, s:b, s:{s:s}}", "apiVersion", "v1", "kind", "ConfigMap",
		"metadata", make_metadata(wish, "-file"), "immutable", 1, "binaryData", wish->file,
		base64);
}

bool spark_application_is_of(const json_t *resource, const char *id)
{
	const json_t *labels = json_object_get(json_object_get(resource, "metadata"), "labels");
	const char *is = json_string_value(json_object_get(labels, SPARK_LABEL_LAUNCH));

	return is && strcmp(is, id) == 0;
}
