#include "proxy/launch/operator/spark_words.h"

#include "base/mem.h"
#include "proxy/discovery/kubernetes/kube_ask.h"
#include "proxy/launch/operator/spark_application.h"

/* --- what language --- */

static const struct {
	const char *end, *word;
} languages[] = {[SPARK_SCALA] = {".jar", "Scala"},
	[SPARK_PYTHON] = {".py", "Python"},
	[SPARK_R] = {".R", "R"}};

enum spark_language spark_words_language(const char *file)
{
	for (size_t i = 0; i < ARRAY_LEN(languages); i++) {
		if (str_ends(str_of(file), str_of(languages[i].end)))
			return (enum spark_language)i;
	}
	return SPARK_SCALA;
}

const char *spark_words_of(enum spark_language language)
{
	return languages[language].word;
}

/* --- configuration --- */

/* A key that ends in a dot is the beginning of many. */
static const struct {
	const char *key, *why;
} refused[] = {
	{"spark.kubernetes.", "it is about pods, accounts, volumes and secrets of the cluster"},
	{"spark.master", "it is the operator's"},
	{"spark.submit.", "it is the operator's"},
	{"spark.app.", "it is the launch's name and id"},
	{"spark.jars", "spark-submit reads it in the operator's own pod"},
	{"spark.jars.", "spark-submit reads it in the operator's own pod"},
	{"spark.files", "spark-submit reads it in the operator's own pod"},
	{"spark.archives", "spark-submit reads it in the operator's own pod"},
	{"spark.hadoop.", "spark-submit reads it in the operator's own pod"},
	{"spark.yarn.", "spark-submit reads it in the operator's own pod"},
	{"spark.kerberos.", "spark-submit reads it in the operator's own pod"},
	{"spark.driver.cores", "it is a size, which the profile limits"},
	{"spark.driver.memory", "it is a size, which the profile limits"},
	{"spark.driver.memoryOverhead", "it is a size, which the profile limits"},
	{"spark.driver.memoryOverheadFactor", "it is a size, which the profile limits"},
	{"spark.driver.resource.", "it is a size, which the profile limits"},
	{"spark.executor.cores", "it is a size, which the profile limits"},
	{"spark.executor.memory", "it is a size, which the profile limits"},
	{"spark.executor.memoryOverhead", "it is a size, which the profile limits"},
	{"spark.executor.memoryOverheadFactor", "it is a size, which the profile limits"},
	{"spark.executor.minMemoryOverhead", "it is a size, which the profile limits"},
	{"spark.executor.pyspark.memory", "it is a size, which the profile limits"},
	{"spark.executor.instances", "it is a size, which the profile limits"},
	{"spark.executor.resource.", "it is a size, which the profile limits"},
	{"spark.memory.offHeap.", "it is a size, which the profile limits"},
	{"spark.dynamicAllocation.", "it is a size, which the profile limits"},
};

static bool is_it(const char *key, const char *row)
{
	size_t len = strlen(row);

	return row[len - 1] == '.' ? strncmp(key, row, len) == 0 : strcmp(key, row) == 0;
}

static bool is_key(const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < len; i++) {
		if (!str_is_alnum(key[i]) && strchr("._-", key[i]) == NULL)
			return false;
	}
	return len <= 255 && strncmp(key, "spark.", 6) == 0;
}

/* An executor's variable is set as the environment is. */
static int check_executor_env(const char *key, struct err *err)
{
	static const char prefix[] = "spark.executorEnv.";

	if (strncmp(key, prefix, sizeof prefix - 1) != 0)
		return 0;
	return spark_words_check_environment(key + sizeof prefix - 1, err);
}

int spark_words_check_conf(const char *key, const char *value, struct err *err)
{
	if (!is_key(key))
		return err_set(err, "conf %.100s: is no key of Spark's", key);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		if (is_it(key, refused[i].key))
			return err_set(
				err, "conf %.100s: may not be set here: %s", key, refused[i].why);
	}
	/* Spark puts variables of the process that reads the value into it. */
	if (strstr(value, "${"))
		return err_set(err,
			"conf %.100s: may not have ${ in its value: spark-submit would put there "
			"what the operator's own pod has",
			key);
	return check_executor_env(key, err);
}

/* --- environment --- */

int spark_words_check_environment(const char *name, struct err *err)
{
	static const char *const begins[] = {"SPARK_", "KUBERNETES_", "HADOOP_"};
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++) {
		if (!str_is_alnum(name[i]) && name[i] != '_')
			len = 0;
	}
	if (len == 0 || len > 255 || (name[0] >= '0' && name[0] <= '9'))
		return err_set(err, "environment %.100s: is no variable's name", name);
	for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
		if (str_starts(str_of(name), str_of(begins[i])))
			return err_set(err,
				"environment %.100s: may not be set: it tells Spark who and where "
				"it is",
				name);
	}
	return 0;
}

/* --- program --- */

/* One URI: of several, parted by commas, the others would be files beside it. */
int spark_words_check_resource(const char *uri, struct err *err)
{
	static const char *const schemes[] = {
		"local", "s3a", "s3", "hdfs", "http", "https", "gs", "abfs", "abfss", "wasbs"};
	const char *colon = strchr(uri, ':');
	bool is_known = false;

	for (size_t i = 0; colon && i < ARRAY_LEN(schemes); i++)
		is_known |= str_eq(str_range(uri, colon), str_of(schemes[i]));
	if (colon && str_eq(str_range(uri, colon), STR("file")))
		return err_set(err,
			"resource %.200s: is a file of the operator's own pod; what is in the "
			"image is local:///...",
			uri);
	if (!is_known || colon[1] != '/' || str_span_graphic(str_of(uri)) != strlen(uri) ||
		strpbrk(uri, ",\\#{}\"<>`"))
		return err_set(err, "resource %.200s: is no URI that an operator takes", uri);
	return 0;
}

int spark_words_check_file(const char *name, struct err *err)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < strlen(name); i++) {
		if (!str_is_alnum(name[i]) && strchr("._-", name[i]) == NULL)
			len = 0;
	}
	if (len == 0 || len > SPARK_FILE_NAME_MAX || name[0] == '.' || name[0] == '-')
		return err_set(err,
			"file %.100s: its name may have letters, digits, '.', '_' and '-'", name);
	return 0;
}

int spark_words_check_class(const char *name, struct err *err)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < strlen(name); i++) {
		if (!str_is_alnum(name[i]) && strchr("._$", name[i]) == NULL)
			len = 0;
	}
	return len > 0 && len <= 512 ? 0 : err_set(err, "main_class: is no class's name");
}

/* --- all of it --- */

/* What JSON could not have; a label cannot have what is no id of ours. */
static bool is_text(const char *text)
{
	struct str rest = str_of(text);

	while (rest.len > 0 && str_utf8_len(rest) > 0)
		rest = str_from(rest, str_utf8_len(rest));
	return rest.len == 0;
}

static int check_names(const struct spark_wish *wish, struct err *err)
{
	if (!kube_is_label(str_of(wish->id)))
		return err_set(err, "id: is no label of Kubernetes");
	if (wish->user[0] == '\0' || !is_text(wish->user))
		return err_set(err, "user: is no name");
	return is_text(wish->name) ? 0 : err_set(err, "name: is no text");
}

int spark_words_check(const struct spark_wish *wish, struct err *err)
{
	if (check_names(wish, err) == -1)
		return -1;
	if (wish->file && spark_words_check_file(wish->file, err) == -1)
		return -1;
	if (wish->file == NULL && spark_words_check_resource(wish->resource, err) == -1)
		return -1;
	if (wish->main_class && spark_words_check_class(wish->main_class, err) == -1)
		return -1;
	for (size_t i = 0; i < wish->conf.count; i++) {
		const struct spark_pair *pair = &wish->conf.at[i];

		if (spark_words_check_conf(pair->key, pair->value, err) == -1)
			return -1;
	}
	for (size_t i = 0; i < wish->environment.count; i++) {
		if (spark_words_check_environment(wish->environment.at[i].key, err) == -1)
			return -1;
	}
	return 0;
}
