/* conf/load/check_cluster.c - one cluster: its name, its UIs, its namespaces. */
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
	if (check_uis(l, index) == -1 || check_namespaces(l, index) == -1)
		return -1;
	return check_logs(l, index);
}
