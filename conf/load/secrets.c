/*
 * Files that the configuration names: secrets are read, the others must be readable. Only when a
 * configuration is loaded to be used; text alone (tests, fuzzing) never makes a file be opened.
 */
#define _GNU_SOURCE
#include "conf/load/secrets.h"

#include "conf/conf.h"
#include "conf/load/kubeconfig.h"
#include "conf/load/user_map.h"
#include "conf/load/yaml_tree.h"
#include "conf/values/keywords.h"
#include "conf/values/values_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SECRET_MAX = 4096,
	PEM_MAX = 1024 * 1024,
	MAP_MAX = 16 * 1024 * 1024,
	KEY_BASE64_MIN = 43,
	KEY_HEX_MIN = 64
};

struct visit {
	const struct loader *l;
	const char *credentials; /* the folder */
	const char *table;	 /* of the list's item that is visited, "clusters[]"; NULL: none */
	const char *item;	 /* what its key `name` says; NULL: nothing, or it is in another */
	int (*on_field)(
		const struct visit *v, const struct keyword *row, const char *shown, void *field);
};

static int visit_group(const struct visit *v, const char *table, const char *shown, void *base);

/* Borrows; NULL: such items have none, or this one has not. */
static const char *name_of(const char *table, const void *item)
{
	char *path = mem_printf("%s.name", table);
	const struct keyword *row = keyword_find(path);

	free(path);
	return row ? *(char *const *)(const void *)((const char *)item + row->at) : NULL;
}

static int visit_list(
	const struct visit *v, const struct keyword *row, const char *shown, void *base)
{
	size_t count;
	char *items = keyword_items(row, base, &count);
	char *table = keyword_prefix(row);
	bool is_alone = row->takes_one && yaml_tree_find(v->l->root, shown)->kind != YAML_TREE_LIST;
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		char *item = is_alone ? mem_strdup(shown) : mem_printf("%s[%zu]", shown, i);
		char *base_of_item = items + i * row->item_size;
		struct visit inner = *v;
		if (!is_alone) {
			inner.item = v->table ? NULL : name_of(table, base_of_item);
			inner.table = table;
		}
		rc = visit_group(&inner, table, item, base_of_item);
		free(item);
	}
	free(table);
	return rc;
}

static int visit_row(
	const struct visit *v, const struct keyword *row, const char *shown, void *base)
{
	switch (row->shape) {
	case KEYWORD_VALUE:
		return v->on_field(v, row, shown, (char *)base + row->at);
	case KEYWORD_GROUP:
		return visit_group(v, row->path, shown, base);
	case KEYWORD_GROUPS:
		return visit_list(v, row, shown, base);
	case KEYWORD_VALUES:
	case KEYWORD_PAIRS:
		break;
	}
	return 0;
}

static int visit_group(const struct visit *v, const char *table, const char *shown, void *base)
{
	int rc = 0;

	for (size_t i = 0; i < keywords_count && rc == 0; i++) {
		if (!keyword_is_child(keywords[i].path, table))
			continue;
		char *path = mem_printf(
			"%s%s%s", shown, *shown ? "." : "", keyword_leaf(keywords[i].path));
		rc = visit_row(v, &keywords[i], path, base);
		free(path);
	}
	return rc;
}

static int fail_file(
	const struct visit *v, const char *shown, const char *file, const struct err *why)
{
	return load_fail(
		v->l, yaml_tree_find(v->l->root, shown), shown, "%.200s: %s", file, why->text);
}

/* "sparkgate.auth.oidc.client_secret" for "auth.oidc.client_secret_file", and with the item's name
 * for one of a list: "sparkgate.clusters.prod.jws_key". Items without a name have none. */
static char *credential_name(const struct visit *v, const struct keyword *row)
{
	size_t end = strlen(row->path) - strlen("_file"), table, list;

	if (!values_file_is_secret(row->type) || (v->table && v->item == NULL))
		return NULL;
	if (v->table == NULL)
		return mem_printf("sparkgate.%.*s", (int)end, row->path);
	table = strlen(v->table);
	list = strcspn(v->table, "[");
	return mem_printf("sparkgate.%.*s.%s%.*s", (int)list, v->table, v->item, (int)(end - table),
		row->path + table);
}

static int take_credential(const struct visit *v, const struct keyword *row, const char *shown,
	struct conf_secret *secret, const char *name)
{
	char *file = mem_printf("%s/%s", v->credentials, name);
	struct err why;

	if (access(file, F_OK) == -1 && errno == ENOENT) {
		free(file);
		return 0;
	}
	if (secret->file && strcmp(secret->file, file) != 0) {
		err_set(&why, "given twice, the systemd credential %s is there too", name);
		free(file);
		return fail_file(v, shown, secret->file, &why);
	}
	row->type->clear(secret);
	secret->file = file;
	return 0;
}

static int find_credential(
	const struct visit *v, const struct keyword *row, const char *shown, void *field)
{
	char *name = credential_name(v, row);
	int rc = name ? take_credential(v, row, shown, field, name) : 0;

	free(name);
	return rc;
}

/* Where nobody can look every credential might be, or none. A folder that is not there has
 * none. */
static bool is_closed_folder(const char *folder)
{
	return faccessat(AT_FDCWD, folder, X_OK, AT_EACCESS) == -1 && errno != ENOENT;
}

int secrets_find_credentials(const struct loader *l, const char *folder)
{
	const struct visit v = {.l = l, .credentials = folder, .on_field = find_credential};

	if (folder == NULL || *folder == '\0')
		return 0;
	if (is_closed_folder(folder))
		return err_set(l->err,
			"CREDENTIALS_DIRECTORY: %.200s: %s; expected the folder of this service's "
			"systemd credentials, or no such variable",
			folder, strerror(errno));
	return visit_group(&v, "", "", l->conf);
}

/* Gives the descriptor of a regular file, or -1. What opens doors must be closed to others, also
 * where they cannot reach it today: a mount of secrets can say its mode. */
static int open_file(const char *file, bool is_secret, struct stat *st, struct err *why)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd == -1 || fstat(fd, st) == -1) {
		err_set(why, "%s", strerror(errno));
	} else if (!S_ISREG(st->st_mode)) {
		err_set(why, "is not a file");
	} else if (is_secret && (st->st_mode & 0007) != 0) {
		err_set(why, "is open to everybody (mode %04o), expected: chmod 600 %.200s",
			(unsigned)st->st_mode & 07777, file);
	} else {
		return fd;
	}
	if (fd != -1)
		close(fd);
	return -1;
}

/* Fills buf; gives the bytes read, which are `size` when there may be more, or -1. */
static ssize_t read_up_to(int fd, char *buf, size_t size, struct err *why)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, buf + len, size - len);
		if (n == -1 && errno != EINTR)
			return err_set(why, "%s", strerror(errno));
		if (n == 0)
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)len;
}

static int check_is_line(struct str secret, struct err *why)
{
	for (size_t i = 0; i < secret.len; i++) {
		unsigned char c = (unsigned char)secret.at[i];
		if (c < 0x20 || c == 0x7f)
			return err_set(why, "holds a control character or a second line, expected "
					    "the secret alone");
	}
	return 0;
}

/* 256 bits as `openssl rand` writes them, in base64 or hexadecimal digits. A passphrase is no key.
 */
static bool is_key_line(struct str line)
{
	bool is_hex = true;

	for (size_t i = 0; i < line.len; i++) {
		char c = line.at[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		is_hex = is_hex && str_hex_digit(c) != -1;
		if (!is_letter && !(c >= '0' && c <= '9') && !(c && strchr("+/-_=", c)))
			return false;
	}
	return line.len >= (is_hex ? KEY_HEX_MIN : KEY_BASE64_MIN);
}

/* The key in force, and perhaps the one before it. */
static int check_is_key(struct str secret, struct err *why)
{
	struct str rest = secret, now = {"", 0}, old = {"", 0};
	bool has_old;

	(void)str_next(&rest, '\n', &now);
	has_old = str_next(&rest, '\n', &old);
	if (is_key_line(now) && (!has_old || (is_key_line(old) && !str_eq(now, old))) &&
		rest.at == NULL)
		return 0;
	return err_set(why, "expected one line as `openssl rand -base64 32` writes it; the old key "
			    "may follow on a second line");
}

/* What jjwt decodes, and takes for a key of HS256; Spark would not start with anything else (T57).
 */
static int check_is_jws_key(struct str secret, struct err *why)
{
	bool is_letter = true;

	while (str_ends(secret, STR("=")))
		secret.len--;
	for (size_t i = 0; i < secret.len; i++) {
		char c = secret.at[i];
		is_letter = is_letter && ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
						 (c >= '0' && c <= '9') || c == '-' || c == '_');
	}
	if (is_letter && secret.len >= KEY_BASE64_MIN && secret.len % 4 != 1)
		return 0;
	return err_set(why, "expected the secretKey of Spark's JWSFilter: 32 bytes or more in "
			    "base64url, with - and _ for + and /");
}

/* Without the line's end, which editors and echo add. */
static struct str without_newline(struct str s)
{
	if (str_ends(s, STR("\r\n")))
		s.len -= 2;
	else if (str_ends(s, STR("\n")))
		s.len--;
	return s;
}

static int check_secret(const struct keyword *row, struct str secret, struct err *why)
{
	if (secret.len == 0)
		return err_set(why, "is empty");
	if (memchr(secret.at, '\0', secret.len))
		return err_set(why, "holds a NUL byte");
	if (row->type == &value_key)
		return check_is_key(secret, why);
	return row->type == &value_jws_key ? check_is_jws_key(secret, why)
					   : check_is_line(secret, why);
}

static int read_secret(const struct keyword *row, struct conf_secret *secret, struct err *why)
{
	char buf[SECRET_MAX + 1];
	struct stat st;
	int rc = -1, fd = open_file(secret->file, true, &st, why);

	if (fd == -1)
		return -1;
	ssize_t len = read_up_to(fd, buf, sizeof buf, why);
	close(fd);
	if (len > SECRET_MAX) {
		err_set(why, "is longer than 4 KiB");
	} else if (len != -1) {
		struct str text = without_newline((struct str){buf, (size_t)len});
		rc = check_secret(row, text, why);
		if (rc == 0)
			secret->value = mem_strndup(text.at, text.len);
	}
	explicit_bzero(buf, sizeof buf);
	return rc;
}

/* Gives all of a file that is no secret. NULL: it cannot be read, or has `max` bytes. */
static char *read_text(
	const char *file, size_t max, const char *too_long, struct str *out, struct err *why)
{
	struct stat st;
	int fd = open_file(file, false, &st, why);

	if (fd == -1)
		return NULL;
	char *text = mem_alloc(1, max);
	ssize_t len = read_up_to(fd, text, max, why);
	close(fd);
	*out = (struct str){text, len == -1 ? 0 : (size_t)len};
	if (out->len == max)
		err_set(why, "%s", too_long);
	if (len != -1 && out->len < max)
		return text;
	free(text);
	return NULL;
}

static int check_pem(const char *file, struct err *why)
{
	struct str text;
	char *given = read_text(file, PEM_MAX, "is longer than 1 MiB", &text, why);
	int rc = given && str_find(text, STR("-----BEGIN ")) != -1 ? 0 : -1;

	if (given && rc == -1)
		err_set(why, "expected certificates in PEM");
	free(given);
	return rc;
}

/* Read when it is used, for it is replaced every hour. */
static int check_token(const char *file, struct err *why)
{
	struct stat st;
	int fd = open_file(file, true, &st, why);

	if (fd == -1)
		return -1;
	close(fd);
	return st.st_size > 0 ? 0 : err_set(why, "is empty");
}

/* Read again at every connection, for what is in it may be replaced, too. */
static int check_kubeconfig(const char *file, struct err *why)
{
	struct kubeconfig parsed;

	if (kubeconfig_load(file, &parsed, why) == -1)
		return -1;
	kubeconfig_clear(&parsed);
	return 0;
}

static int read_user_map(struct conf_user_map *map, struct err *why)
{
	struct str text;
	char *given = read_text(map->file, MAP_MAX, "is longer than 16 MiB", &text, why);
	int rc = given ? user_map_parse(text, map, why) : -1;

	free(given);
	return rc;
}

static int read_field(
	const struct visit *v, const struct keyword *row, const char *shown, void *field)
{
	struct err why = {""};
	const char *file = NULL;
	int rc = 0;

	if (values_file_is_secret(row->type)) {
		struct conf_secret *secret = field;
		file = secret->file;
		rc = file ? read_secret(row, secret, &why) : 0;
	} else if (row->type == &value_kubeconfig) {
		file = *(char **)field;
		rc = file ? check_kubeconfig(file, &why) : 0;
	} else if (row->type == &value_user_map) {
		struct conf_user_map *map = field;
		file = map->file;
		rc = file ? read_user_map(map, &why) : 0;
	} else if (row->type == &value_file || row->type == &value_token_file) {
		file = *(char **)field;
		if (file)
			rc = row->type == &value_file ? check_pem(file, &why)
						      : check_token(file, &why);
	}
	return rc == 0 ? 0 : fail_file(v, shown, file, &why);
}

int secrets_read(const struct loader *l)
{
	const struct visit v = {.l = l, .on_field = read_field};

	return visit_group(&v, "", "", l->conf);
}
