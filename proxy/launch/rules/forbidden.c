#include "proxy/launch/rules/forbidden.h"

#define CORE   "core/src/main/scala/org/apache/spark/"
#define CONFIG CORE "internal/config/"
#define DEPLOY CORE "deploy/"
#define SQL    "sql/catalyst/src/main/scala/org/apache/spark/sql/internal/"

static const char secrets[] = "it holds or opens secrets";
static const char code[] = "it runs other code, or the JVM otherwise";
static const char person[] = "it says who somebody is, or who may do what";
static const char sizes[] = "sizes have fields of their own";
static const char gateway[] = "the gateway sets it";
static const char cluster[] = "it is the cluster's";
static const char history[] = "it says what is recorded or shown of an application";

const struct forbidden forbidden_keys[] = {
	/* secrets and credentials */
	{"spark.authenticate*", secrets, CORE "SecurityManager.scala"},
	{"spark.ssl*", secrets, CORE "SSLOptions.scala"},
	{"spark.hadoop.*", secrets, DEPLOY "SparkHadoopUtil.scala"},
	{"spark.hive.*", secrets, DEPLOY "SparkHadoopUtil.scala"},
	{"spark.kerberos.*", secrets, CONFIG "package.scala"},
	{"spark.security.*", secrets, DEPLOY "security/HadoopDelegationTokenManager.scala"},
	{"spark.network.*", secrets, CONFIG "Network.scala"},
	{"spark.io.encryption.*", secrets, CONFIG "package.scala"},
	{"spark.io.crypto.*", secrets, CORE "security/CryptoStreamUtils.scala"},
	{"spark.redaction.*", secrets, CONFIG "package.scala"},
	{"spark.sql.redaction.*", secrets, SQL "SQLConf.scala"},
	{"spark.org.apache.*", secrets, CORE "ui/HttpSecurityFilter.scala"},
	{"spark.sql.hive.metastore.*", secrets,
		"sql/hive/src/main/scala/org/apache/spark/sql/hive/HiveUtils.scala"},
	{"spark.sql.catalog.*", secrets,
		"sql/catalyst/src/main/scala/org/apache/spark/sql/connector/catalog/"
		"Catalogs.scala"},
	/* code beside the application's own, JVM options, class paths */
	{"spark.driver.maxResultSize", NULL, CONFIG "package.scala"}, /* this one is fine */
	{"spark.driver.*", code, CONFIG "package.scala"},
	{"spark.executor.heartbeatInterval", NULL, CONFIG "package.scala"}, /* and this one */
	{"spark.executor.cores", sizes, CONFIG "package.scala"},
	{"spark.executor.memory*", sizes, CONFIG "package.scala"},
	{"spark.executor.*", code, CONFIG "package.scala"},
	{"spark.plugins*", code, CONFIG "package.scala"},
	{"spark.extraListeners", code, CONFIG "package.scala"},
	{"spark.jars*", code, CONFIG "package.scala"},
	{"spark.files*", code, CONFIG "package.scala"},
	{"spark.archives", code, CONFIG "package.scala"},
	{"spark.repl.*", code, CORE "SparkContext.scala"},
	{"spark.python.*", code, CONFIG "Python.scala"},
	{"spark.pyspark.*", code, CONFIG "package.scala"},
	{"spark.r.*", code, CONFIG "R.scala"},
	{"spark.sparkr.*", code, CONFIG "R.scala"},
	{"spark.home", code, CORE "SparkContext.scala"},
	{"spark.launcher.*", code,
		"launcher/src/main/java/org/apache/spark/launcher/SparkLauncher.java"},
	{"spark.childConnectionTimeout", code,
		"launcher/src/main/java/org/apache/spark/launcher/SparkLauncher.java"},
	{"spark.metrics.*", code, CORE "metrics/MetricsConfig.scala"},
	{"spark.shuffle.service.*", cluster, CONFIG "package.scala"},
	{"spark.sql.extensions", code, SQL "StaticSQLConf.scala"},
	{"spark.sql.queryExecutionListeners", code, SQL "StaticSQLConf.scala"},
	{"spark.sql.streaming.streamingQueryListeners", code, SQL "StaticSQLConf.scala"},
	{"spark.sql.catalogImplementation", code, SQL "StaticSQLConf.scala"},
	{"spark.sql.warehouse.dir", cluster, SQL "StaticSQLConf.scala"},
	{"spark.sql.ui.*", history, SQL "StaticSQLConf.scala"},
	{"spark.sql.hive.thriftServer.*", code, SQL "StaticSQLConf.scala"},
	{"spark.connect.*", code,
		"sql/connect/server/src/main/scala/org/apache/spark/sql/connect/config/"
		"Connect.scala"},
	{"spark.api.*", code, CONFIG "package.scala"},
	/* who somebody is, who may do what */
	{"spark.user*", person, CORE "SecurityManager.scala"},
	{"spark.acls.*", person, CONFIG "UI.scala"},
	{"spark.admin.*", person, CONFIG "UI.scala"},
	{"spark.modify.*", person, CONFIG "UI.scala"},
	{"spark.ui.*", person, CONFIG "UI.scala"},
	{"spark.proxy*", person, DEPLOY "SparkSubmitArguments.scala"},
	{"spark.yarn.*", person,
		"resource-managers/yarn/src/main/scala/org/apache/spark/deploy/yarn/"
		"config.scala"},
	{"spark.kubernetes.*", person,
		"resource-managers/kubernetes/core/src/main/scala/org/apache/spark/deploy/k8s/"
		"Config.scala"},
	{"spark.mesos.*", cluster,
		"resource-managers/mesos/src/main/scala/org/apache/spark/deploy/"
		"mesos/config.scala"},
	/* what is recorded */
	{"spark.eventLog.*", history, CONFIG "package.scala"},
	{"spark.history.*", history, CONFIG "History.scala"},
	{"spark.log*", history, CONFIG "package.scala"},
	{"spark.appStateStore.*", history, CONFIG "Status.scala"},
	{"spark.appStatusStore.*", history, CONFIG "Status.scala"},
	/* the cluster's and the gateway's own */
	{"spark.app.*", gateway, CORE "SparkConf.scala"},
	{"spark.sparkgate.*", gateway, NULL},
	{"spark.master*", gateway, CONFIG "package.scala"},
	{"spark.submit.*", gateway, CONFIG "package.scala"},
	{"spark.standalone.submit.*", gateway, DEPLOY "Client.scala"},
	{"spark.deploy.*", cluster, CONFIG "Deploy.scala"},
	{"spark.worker.*", cluster, CONFIG "Worker.scala"},
	{"spark.rpc.*", cluster, CORE "util/RpcUtils.scala"},
	{"spark.port.*", cluster, CONFIG "package.scala"},
	{"spark.blockManager.port", cluster, CONFIG "package.scala"},
	{"spark.local.dir", cluster, CORE "util/Utils.scala"},
	{"spark.scheduler.allocation.file", cluster, CONFIG "package.scala"},
	{"spark.hostname*", cluster, CORE "util/Utils.scala"},
	/* how much */
	{"spark.cores.max", sizes, CONFIG "package.scala"},
	{"spark.deploy.defaultCores", sizes, CONFIG "Deploy.scala"},
	{"spark.task.cpus", sizes, CONFIG "package.scala"},
	{"spark.task.resource.*", sizes, CORE "resource/ResourceUtils.scala"},
	{"spark.resources.*", sizes, CORE "resource/ResourceUtils.scala"},
	{"spark.dynamicAllocation.*", sizes, CONFIG "package.scala"},
	{"spark.memory.offHeap.*", sizes, CONFIG "package.scala"},
};
const size_t forbidden_keys_count = ARRAY_LEN(forbidden_keys);

const struct forbidden forbidden_names[] = {
	{"SPARK_*", person,
		"launcher/src/main/java/org/apache/spark/launcher/"
		"AbstractCommandBuilder.java"},
	{"PYSPARK_*", code, DEPLOY "PythonRunner.scala"},
	{"HADOOP_*", person, NULL},
	{"YARN_*", person,
		"resource-managers/yarn/src/main/scala/org/apache/spark/deploy/yarn/"
		"Client.scala"},
	{"HIVE_*", code, NULL},
	{"KRB5*", secrets, NULL},
	{"KUBERNETES_*", secrets, NULL},
	{"AWS_*", secrets, DEPLOY "SparkHadoopUtil.scala"},
	{"AZURE_*", secrets, NULL},
	{"GOOGLE_*", secrets, NULL},
	{"JAVA_*", code, DEPLOY "worker/CommandUtils.scala"},
	{"JDK_*", code, NULL},
	{"_JAVA*", code, NULL},
	{"CLASSPATH", code, NULL},
	{"PYTHON*", code, CORE "api/python/PythonUtils.scala"},
	{"R_*", code, NULL},
	{"LD_*", code, CORE "util/Utils.scala"},
	{"DYLD_*", code, CORE "util/Utils.scala"},
	{"GLIBC_*", code, NULL},
	{"GCONV_PATH", code, NULL},
	{"MALLOC_*", code, NULL},
	{"PATH", code, NULL},
	{"HOME", person, NULL},
	{"USER", person, NULL},
	{"LOGNAME", person, NULL},
	{"SHELL", code, NULL},
	{"ENV", code, NULL},
	{"BASH_*", code, NULL},
	{"IFS", code, NULL},
	{"TMPDIR", cluster, NULL},
	{"HTTP_PROXY", cluster, NULL},
	{"HTTPS_PROXY", cluster, NULL},
	{"ALL_PROXY", cluster, NULL},
	{"NO_PROXY", cluster, NULL},
	{"MASTER", gateway, DEPLOY "SparkSubmitArguments.scala"},
};
const size_t forbidden_names_count = ARRAY_LEN(forbidden_names);

static bool fits(const char *pattern, struct str text, bool (*same)(struct str a, struct str b))
{
	struct str p = str_of(pattern);

	if (!str_ends(p, STR("*")))
		return same(p, text);
	p.len--;
	return text.len >= p.len && same(p, (struct str){text.at, p.len});
}

static const struct forbidden *find(const struct forbidden *rows, size_t count, struct str text)
{
	for (size_t i = 0; i < count; i++) {
		if (fits(rows[i].pattern, text, str_eq_nocase))
			return rows[i].why ? &rows[i] : NULL;
	}
	return NULL;
}

const struct forbidden *forbidden_key(struct str key)
{
	static const struct str environment = {"spark.executorEnv.", 18};
	const struct forbidden *row = find(forbidden_keys, forbidden_keys_count, key);

	if (row == NULL && str_starts_nocase(key, environment))
		row = forbidden_name(str_from(key, environment.len));
	return row;
}

const struct forbidden *forbidden_name(struct str name)
{
	return find(forbidden_names, forbidden_names_count, name);
}

bool forbidden_pattern_fits(const char *pattern, struct str key)
{
	return fits(pattern, key, str_eq);
}
