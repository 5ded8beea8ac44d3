#include "conf/load/kubeconfig.h"

#include "base/sbuf.h"
#include "conf/load/yaml_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 1024 * 1024, PATH_LEN_MAX = 1024 };

struct reader {
	const char *file;
	struct kubeconfig *out;
	struct err *err;
};

/* A text of the cluster's or user's map, and where it goes. A file's name is made absolute. */
struct field {
	const char *key;
	size_t at;
	bool is_file;
};

#define AT(name) offsetof(struct kubeconfig, name)

static const struct field cluster_fields[] = {
	{"certificate-authority", AT(ca_file), true},
	{"certificate-authority-data", AT(ca_data), false},
};
static const struct field user_fields[] = {
	{"token", AT(token), false},
	{"tokenFile", AT(token_file), true},
	{"client-certificate", AT(certificate_file), true},
	{"client-certificate-data", AT(certificate_data), false},
	{"client-key", AT(key_file), true},
	{"client-key-data", AT(key_data), false},
};

/* Each would change whom the gateway trusts or who it is. */
static const char *const refused[] = {"insecure-skip-tls-verify", "proxy-url", "tls-server-name",
	"exec", "auth-provider", "username", "password", "as", "as-uid", "as-groups",
	"as-user-extra", NULL};

static int kubeconfig_fail(const struct reader *r, const struct yaml_node *node, const char *key,
	const char *fmt, ...) PRINTF(4, 5);

static int kubeconfig_fail(
	const struct reader *r, const struct yaml_node *node, const char *key, const char *fmt, ...)
{
	char message[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	return err_set(r->err, "%.200s:%u:%u: key \"%s\": %s", r->file, node->line, node->column,
		key, message);
}

static bool is_text(const struct yaml_node *node)
{
	return node && node->kind == YAML_TREE_SCALAR && !node->is_null && node->text[0];
}

/* The inner map of the list's item that has this name: contexts[].context, clusters[].cluster,
 * users[].user. */
static const struct yaml_node *find_named(
	const struct yaml_node *root, const char *list, const char *inner, const char *name)
{
	const struct yaml_node *node = yaml_tree_child(root, str_of(list));

	for (node = node ? node->first : NULL; node; node = node->next) {
		const struct yaml_node *its = yaml_tree_child(node, STR("name"));
		const struct yaml_node *map = yaml_tree_child(node, str_of(inner));
		if (is_text(its) && strcmp(its->text, name) == 0 && map &&
			map->kind == YAML_TREE_MAP)
			return map;
	}
	return NULL;
}

static int refuse_some(const struct reader *r, const struct yaml_node *map)
{
	for (size_t i = 0; refused[i]; i++) {
		const struct yaml_node *node = yaml_tree_child(map, str_of(refused[i]));
		bool is_off = is_text(node) && strcmp(node->text, "false") == 0;
		if (node && !is_off)
			return kubeconfig_fail(r, node, refused[i],
				"is not supported: give a certificate authority, and a token or a "
				"client's certificate");
	}
	return 0;
}

/* kubectl takes a name in the file as relative to the file. */
static char *absolute(const struct reader *r, const char *name)
{
	const char *slash = strrchr(r->file, '/');

	if (name[0] == '/' || slash == NULL)
		return mem_strdup(name);
	return mem_printf("%.*s/%s", (int)(slash - r->file), r->file, name);
}

static int read_fields(const struct reader *r, const struct yaml_node *map,
	const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct yaml_node *node = yaml_tree_child(map, str_of(fields[i].key));
		if (node == NULL)
			continue;
		if (!is_text(node) || (fields[i].is_file && strlen(node->text) > PATH_LEN_MAX))
			return kubeconfig_fail(r, node, fields[i].key, "expected a text");
		char *text = fields[i].is_file ? absolute(r, node->text) : mem_strdup(node->text);
		memcpy((char *)r->out + fields[i].at, &text, sizeof text);
	}
	return 0;
}

static int read_server(const struct reader *r, const struct yaml_node *map)
{
	const struct yaml_node *server = yaml_tree_child(map, STR("server"));
	struct err why = {""};

	if (!is_text(server))
		return kubeconfig_fail(
			r, map, "server", "missing, expected the API server's https:// URL");
	if (url_parse(str_of(server->text), &r->out->server, &why) == -1)
		return kubeconfig_fail(
			r, server, "server", "expected an https:// URL (%.100s)", why.text);
	if (!r->out->server.tls && !url_host_is_loopback(r->out->server.host))
		return kubeconfig_fail(
			r, server, "server", "expected https://, for http:// is for loopback");
	return 0;
}

static int read_namespace(const struct reader *r, const struct yaml_node *context)
{
	const struct yaml_node *node = yaml_tree_child(context, STR("namespace"));
	const char *name = is_text(node) ? node->text : "default";
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (name[len] != '\0' || !str_copy(str_of(name), r->out->namespace, KUBE_NAMESPACE_MAX))
		return kubeconfig_fail(r, node, "namespace", "expected a namespace");
	return 0;
}

static int check_pairs(const struct reader *r, const struct yaml_node *user)
{
	const struct kubeconfig *k = r->out;
	bool has_certificate = k->certificate_file || k->certificate_data;
	bool has_key = k->key_file || k->key_data;

	if ((k->ca_file && k->ca_data) || (k->token && k->token_file) ||
		(k->certificate_file && k->certificate_data) || (k->key_file && k->key_data))
		return kubeconfig_fail(
			r, user, "user", "gives a value and a file of the same thing");
	if (has_certificate != has_key)
		return kubeconfig_fail(
			r, user, "user", "expected a client's certificate and its key");
	return 0;
}

static int read_tree(const struct reader *r, const struct yaml_node *root)
{
	const struct yaml_node *current = yaml_tree_child(root, STR("current-context"));
	const struct yaml_node *context, *cluster, *user, *names[2];

	if (!is_text(current))
		return kubeconfig_fail(r, root, "current-context", "missing");
	context = find_named(root, "contexts", "context", current->text);
	if (context == NULL)
		return kubeconfig_fail(r, current, "current-context", "there is no such context");
	names[0] = yaml_tree_child(context, STR("cluster"));
	names[1] = yaml_tree_child(context, STR("user"));
	if (!is_text(names[0]) || !is_text(names[1]))
		return kubeconfig_fail(r, context, "context", "expected a cluster and a user");
	cluster = find_named(root, "clusters", "cluster", names[0]->text);
	user = find_named(root, "users", "user", names[1]->text);
	if (cluster == NULL || user == NULL)
		return kubeconfig_fail(r, names[cluster != NULL], "context",
			"its %s is not in the file", cluster ? "user" : "cluster");
	if (refuse_some(r, cluster) == -1 || refuse_some(r, user) == -1 ||
		read_server(r, cluster) == -1 || read_namespace(r, context) == -1 ||
		read_fields(r, cluster, cluster_fields, ARRAY_LEN(cluster_fields)) == -1 ||
		read_fields(r, user, user_fields, ARRAY_LEN(user_fields)) == -1)
		return -1;
	return check_pairs(r, user);
}

int kubeconfig_parse(const char *file, struct str text, struct kubeconfig *out, struct err *err)
{
	struct yaml_node *root = yaml_tree_parse(file, text, err);
	const struct reader reader = {file, out, err};
	int rc = -1;

	memset(out, 0, sizeof *out);
	if (root)
		rc = read_tree(&reader, root);
	yaml_tree_free(root);
	if (rc == -1)
		kubeconfig_clear(out);
	return rc;
}

static int read_open(int fd, const char *file, struct sbuf *text, struct err *err)
{
	char chunk[8192];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return err_set(err, "%.200s: is not a file", file);
	if (st.st_mode & 0007)
		return err_set(err, "%.200s: is open to everybody (mode %04o), expected: chmod 600",
			file, (unsigned)st.st_mode & 07777);
	while ((n = read(fd, chunk, sizeof chunk)) > 0 && !text->overflow)
		sbuf_add(text, chunk, (size_t)n);
	explicit_bzero(chunk, sizeof chunk);
	if (n == -1)
		return err_set(err, "%.200s: %s", file, strerror(errno));
	return text->overflow ? err_set(err, "%.200s: longer than 1 MiB", file) : 0;
}

int kubeconfig_load(const char *file, struct kubeconfig *out, struct err *err)
{
	int rc = -1, fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct sbuf text;

	memset(out, 0, sizeof *out);
	if (fd == -1)
		return err_set(err, "%.200s: %s", file, strerror(errno));
	sbuf_init(&text, FILE_MAX);
	if (read_open(fd, file, &text, err) == 0)
		rc = kubeconfig_parse(file, sbuf_str(&text), out, err);
	close(fd);
	if (text.at)
		explicit_bzero(text.at, text.cap);
	sbuf_clear(&text);
	return rc;
}

void kubeconfig_clear(struct kubeconfig *k)
{
	free(k->ca_file);
	free(k->ca_data);
	secret_free(k->token);
	free(k->token_file);
	free(k->certificate_file);
	free(k->certificate_data);
	free(k->key_file);
	secret_free(k->key_data);
	memset(k, 0, sizeof *k);
}
