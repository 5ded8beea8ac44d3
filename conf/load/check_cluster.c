/* conf/load/check_cluster.c - one cluster: its name, its UIs, its namespaces, its launches. */
#include "conf/load/check.h"

#include "conf/conf.h"

#include <string.h>

/* S70: what one UI is told in this field, a client tells no other UI either. */
static void add_identity_headers(struct conf_names *names, const struct conf_cluster *cluster)
{
	for (size_t i = 0; i < cluster->uis_count; i++) {
		if (cluster->uis[i].identity_header == NULL)
			continue;
		names->at = mem_resize(names->at, names->count + 1, sizeof *names->at);
		names->at[names->count++] = cluster->uis[i].identity_header;
	}
}

static bool is_single_ui(const struct conf_cluster *cluster, const char *name)
{
	for (size_t i = 0; i < cluster->uis_count; i++) {
		if (strcmp(cluster->uis[i].name, name) == 0)
			return cluster->uis[i].nodes_of == NULL;
	}
	return false;
}

/* With nodes_of it is a pattern in both places, and without it in none. */
static int check_ui_pattern(const struct loader *l, size_t index, size_t at)
{
	const struct conf_cluster *cluster = &l->conf->clusters[index];
	const struct conf_ui *ui = &cluster->uis[at];
	bool is_pattern = ui->nodes_of != NULL;
	const char *key = NULL, *expected = is_pattern ? "one '*', for there are several"
						       : "no '*' without nodes_of";

	if ((strchr(ui->name, '*') != NULL) != is_pattern)
		key = "name";
	else if ((strchr(ui->url.host, '*') != NULL) != is_pattern)
		key = "url";
	else if (is_pattern && !is_single_ui(cluster, ui->nodes_of))
		key = "nodes_of", expected = "the name of another UI of the cluster";
	else if (is_pattern && ui->names.count)
		key = "names", expected = "none, for nodes are known by what url fits";
	return key ? load_fail_at(l, expected, "clusters[%zu].uis[%zu].%s", index, at, key) : 0;
}

static bool ends_with(const char *text, const char *end)
{
	return str_ends(str_of(text), str_of(end));
}

/* S97: a node of one would be judged by the roles of the other. */
static bool may_fit_both(const char *a, const char *b)
{
	size_t before_a = strcspn(a, "*"), before_b = strcspn(b, "*");

	if (a[before_a] == '\0' || b[before_b] == '\0')
		return false; /* a name by itself comes first */
	const char *after_a = a + before_a + 1, *after_b = b + before_b + 1;
	return strncmp(a, b, before_a < before_b ? before_a : before_b) == 0 &&
	       (ends_with(after_a, after_b) || ends_with(after_b, after_a));
}

static int check_uis(const struct loader *l, size_t index)
{
	const struct conf_cluster *cluster = &l->conf->clusters[index];

	for (size_t i = 0; i < cluster->uis_count; i++) {
		if (check_ui_pattern(l, index, i) == -1)
			return -1;
		for (size_t j = 0; j < i; j++) {
			if (may_fit_both(cluster->uis[i].name, cluster->uis[j].name))
				return load_fail_at(l,
					"a name that fits no node of another pattern of the "
					"cluster",
					"clusters[%zu].uis[%zu].name", index, i);
			if (strcmp(cluster->uis[i].name, cluster->uis[j].name) == 0)
				return load_fail_at(l, "a name that no other UI of the cluster has",
					"clusters[%zu].uis[%zu].name", index, i);
		}
	}
	return 0;
}

static int check_namespaces(const struct loader *l, size_t index)
{
	const struct conf_names *names = &l->conf->clusters[index].kubernetes.namespaces;

	for (size_t i = 0; i < names->count; i++) {
		if (strcmp(names->at[i], "*") == 0 && names->count > 1)
			return load_fail_at(l, "\"*\" alone, because it means all of them",
				"clusters[%zu].kubernetes.namespaces[%zu]", index, i);
		for (size_t j = 0; j < i; j++) {
			if (strcmp(names->at[i], names->at[j]) == 0)
				return load_fail_at(l, "a namespace that is not listed twice",
					"clusters[%zu].kubernetes.namespaces[%zu]", index, i);
		}
	}
	return 0;
}

/* Redis and memory have no folder beside them. */
static int check_logs(const struct loader *l, size_t index)
{
	const struct conf_kubernetes *kubernetes = &l->conf->clusters[index].kubernetes;

	if (kubernetes->keep_logs_s == 0 || kubernetes->logs_dir ||
		l->conf->store_kind == CONF_STORE_SQLITE || l->conf->data_dir)
		return 0;
	return load_fail_at(l, "a folder, for the store is no file with one beside it",
		"clusters[%zu].kubernetes.logs_dir", index);
}

/* --- launches: a cluster starts applications in one way --- */

/* Without a watch nobody would see what becomes of a launch. No list: the gateway's own, which is
 * not known here. */
static bool is_watched(const struct conf_kubernetes *kubernetes, const char *namespace)
{
	bool is_found = kubernetes->namespaces.count == 0;

	for (size_t i = 0; i < kubernetes->namespaces.count; i++)
		is_found |= strcmp(kubernetes->namespaces.at[i], "*") == 0 ||
			    strcmp(kubernetes->namespaces.at[i], namespace) == 0;
	return is_found && strcmp(namespace, "*") != 0;
}

/* One way, and one that the cluster's own keys show the result of. */
static int check_target(const struct loader *l, size_t index)
{
	const struct conf_cluster *cluster = &l->conf->clusters[index];
	const struct conf_launch *launch = &cluster->launch;

	if ((launch->rest_count > 0) == launch->has_operator)
		return load_fail_at(l, "either rest or operator", "clusters[%zu].launch", index);
	if (launch->rest_count && cluster->masters_count == 0)
		return load_fail_at(l, "masters beside it, where drivers and applications are seen",
			"clusters[%zu].launch.rest", index);
	if (launch->has_operator && !cluster->has_kubernetes)
		return load_fail_at(l, "kubernetes beside it, which finds the drivers' pods",
			"clusters[%zu].launch.operator", index);
	if (launch->has_operator && !is_watched(&cluster->kubernetes, launch->operator.namespace))
		return load_fail_at(l, "one namespace, and one of kubernetes.namespaces",
			"clusters[%zu].launch.operator.namespace", index);
	if (launch->has_operator && strcmp(launch->operator.account, "*") == 0)
		return load_fail_at(
			l, "one account", "clusters[%zu].launch.operator.service_account", index);
	return 0;
}

static int check_artifacts(const struct loader *l, size_t index)
{
	const struct conf_launch *launch = &l->conf->clusters[index].launch;
	const char *uri = launch->artifacts.spark_uri;

	if (!launch->has_artifacts)
		return 0;
	if (strchr(uri, '*') || !str_ends(str_of(uri), STR("/")))
		return load_fail_at(l, "a URI that ends in '/', such as s3a://apps/",
			"clusters[%zu].launch.artifacts.spark_uri", index);
	if (strcmp(launch->artifacts.s3.path, "/") == 0)
		return load_fail_at(l, "a bucket in its path, such as https://minio:9000/apps",
			"clusters[%zu].launch.artifacts.s3", index);
	return 0;
}

static bool has_all(const struct conf_names *all, const struct conf_names *some)
{
	size_t found = 0;

	for (size_t i = 0; i < some->count; i++) {
		for (size_t k = 0; k < all->count; k++) {
			if (strcmp(some->at[i], all->at[k]) == 0) {
				found++;
				break;
			}
		}
	}
	return found == some->count;
}

static int check_profiles(const struct loader *l, size_t index)
{
	const struct conf_launch *launch = &l->conf->clusters[index].launch;

	for (size_t i = 0; i < launch->profiles_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(launch->profiles[i].name, launch->profiles[j].name) == 0)
				return load_fail_at(l,
					"a name that no other profile of the cluster has",
					"clusters[%zu].launch.profiles[%zu].name", index, i);
		}
		if (launch->profiles[i].image && !launch->has_operator)
			return load_fail_at(l, "no image, for only an operator starts containers",
				"clusters[%zu].launch.profiles[%zu].image", index, i);
		if (launch->profiles[i].shared.count && !launch->has_artifacts)
			return load_fail_at(l, "artifacts, whose folders these are",
				"clusters[%zu].launch.profiles[%zu].shared", index, i);
		if (!has_all(&launch->profiles[i].shared, &launch->profiles[i].shared_write))
			return load_fail_at(l, "folders that stand in shared, too",
				"clusters[%zu].launch.profiles[%zu].shared_write", index, i);
	}
	return 0;
}

static int check_launch(const struct loader *l, size_t index)
{
	if (!l->conf->clusters[index].has_launch)
		return 0;
	if (check_target(l, index) == -1 || check_artifacts(l, index) == -1)
		return -1;
	return check_profiles(l, index);
}

int check_cluster(const struct loader *l, size_t index)
{
	struct conf_cluster *cluster = &l->conf->clusters[index];

	if (cluster->masters_count == 0 && cluster->uis_count == 0 && cluster->history_count == 0 &&
		!cluster->has_kubernetes)
		return load_fail_at(l, "at least one of masters, history, kubernetes, uis",
			"clusters[%zu]", index);
	if (strcmp(cluster->name, "whoami") == 0)
		return load_fail_at(l,
			"a name other than whoami: it is where people see who they are",
			"clusters[%zu].name", index);
	for (size_t i = 0; i < index; i++) {
		if (strcmp(cluster->name, l->conf->clusters[i].name) == 0)
			return load_fail_at(
				l, "a name that no other cluster has", "clusters[%zu].name", index);
	}
	add_identity_headers(&l->conf->identity_headers, cluster);
	if (check_uis(l, index) == -1 || check_namespaces(l, index) == -1 ||
		check_launch(l, index) == -1)
		return -1;
	return check_logs(l, index);
}
