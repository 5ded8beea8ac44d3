#include "conf/values/values_store.h"

#include "conf/values/keywords.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/un.h>

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define WORD   LOWER UPPER DIGITS "-._"
#define FORMS                                                                                      \
	"memory:, sqlite:/absolute/path/of/state.db, redis://[user@]host[:6379]/[db], "            \
	"redis+sentinel://a[:26379],b,c/name/[db], redis+cluster://a[:6379],b,c or "               \
	"redis+unix:///path/of/redis.sock?db=0; with TLS rediss://, rediss+sentinel:// and "       \
	"rediss+cluster://"

enum { DATABASE_MAX = 65535, NAME_MAX_LEN = 253 };

static void clear_text(char **s)
{
	free(*s);
	*s = NULL;
}

static void clear_store(void *field)
{
	struct conf *conf = field;
	struct conf_redis *redis = &conf->redis;

	for (size_t i = 0; i < redis->endpoints_count; i++)
		free(redis->endpoints[i].host);
	free(redis->endpoints);
	redis->endpoints = NULL;
	redis->endpoints_count = 0;
	redis->is_cluster = false;
	clear_text(&redis->socket_path);
	clear_text(&redis->master_name);
	clear_text(&redis->user);
	clear_text(&conf->store_path);
}

/* 1 to `max` bytes, each of `allowed`. */
static bool is_made_of(struct str s, const char *allowed, size_t max)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '\0' || strchr(allowed, s.at[i]) == NULL)
			return false;
	}
	return s.len > 0 && s.len <= max;
}

/* An address in brackets, or a name or IPv4 address. Gives it without the brackets, or NULL. */
static char *host_of(struct str text)
{
	struct in6_addr addr;
	bool has_brackets = str_starts(text, STR("[")) && str_ends(text, STR("]"));
	char *host;

	if (!has_brackets)
		return is_made_of(text, WORD, NAME_MAX_LEN) ? mem_strndup(text.at, text.len) : NULL;
	host = mem_strndup(text.at + 1, text.len - 2);
	if (inet_pton(AF_INET6, host, &addr) == 1)
		return host;
	free(host);
	return NULL;
}

static int parse_endpoint(
	struct str text, unsigned default_port, struct conf_endpoint *out, struct err *why)
{
	ptrdiff_t bracket = str_find_byte(text, ']');
	size_t skip = bracket == -1 ? 0 : (size_t)bracket;
	ptrdiff_t colon = str_find_byte(str_from(text, skip), ':');
	struct str host = text;
	uint64_t port = default_port;

	if (colon != -1) {
		host.len = skip + (size_t)colon;
		if (!str_to_u64(str_from(text, host.len + 1), &port) || port < 1 || port > 65535)
			return err_set(why, "a port is 1 to 65535");
	}
	out->host = host_of(host);
	out->port = (unsigned)port;
	return out->host ? 0 : err_set(why, "a host is a name, an address, or [an IPv6 address]");
}

int values_parse_endpoints(
	struct str text, unsigned default_port, struct conf_redis *redis, struct err *why)
{
	struct str piece;

	if (text.len == 0)
		return err_set(why, "the host is missing");
	redis->endpoints = mem_alloc(STORE_ENDPOINTS_MAX, sizeof *redis->endpoints);
	while (str_next(&text, ',', &piece)) {
		if (redis->endpoints_count == STORE_ENDPOINTS_MAX)
			return err_set(why, "at most %d hosts", STORE_ENDPOINTS_MAX);
		struct conf_endpoint *out = &redis->endpoints[redis->endpoints_count];
		if (parse_endpoint(piece, default_port, out, why) == -1)
			return -1;
		redis->endpoints_count++;
	}
	return 0;
}

/* What stands behind the last '/': nothing is database 0. */
static int parse_database(struct str text, unsigned *out, struct err *why)
{
	uint64_t n = 0;

	if (text.len > 0 && (!str_to_u64(text, &n) || n > DATABASE_MAX))
		return err_set(why, "the database is a number up to %d", DATABASE_MAX);
	*out = (unsigned)n;
	return 0;
}

/* Cuts "user@" off. A password never stands in the URL: it would end in logs and process lists. */
static int cut_user(struct str *authority, struct conf_redis *redis, struct err *why)
{
	struct str user = *authority;
	ptrdiff_t at = str_find_byte(user, '@');

	if (at == -1)
		return 0;
	user.len = (size_t)at;
	*authority = str_from(*authority, user.len + 1);
	if (str_find_byte(user, ':') != -1 || str_find_byte(*authority, '@') != -1)
		return err_set(why, "no password in the URL: put it into a file and name that in "
				    "store_password_file");
	if (!is_made_of(user, WORD "~+", 128))
		return err_set(why, "a user is letters, digits and -._~+");
	redis->user = mem_strndup(user.at, user.len);
	return 0;
}

/* Cuts the part before the first '/' off; the '/' is eaten. */
static struct str cut_segment(struct str *rest)
{
	struct str segment = {rest->at, 0};

	(void)str_next(rest, '/', &segment);
	return segment;
}

static int parse_server(struct str rest, struct conf_redis *redis, struct err *why)
{
	struct str authority = cut_segment(&rest);

	if (cut_user(&authority, redis, why) == -1)
		return -1;
	if (str_find_byte(authority, ',') != -1)
		return err_set(why, "one host; several are sentinels (redis+sentinel://) or nodes "
				    "of a cluster (redis+cluster://)");
	if (values_parse_endpoints(authority, STORE_PORT_REDIS, redis, why) == -1)
		return -1;
	return parse_database(rest, &redis->database, why);
}

/* A cluster has one database. */
static int parse_cluster(struct str rest, struct conf_redis *redis, struct err *why)
{
	struct str authority = cut_segment(&rest);

	redis->is_cluster = true;
	if (cut_user(&authority, redis, why) == -1 ||
		values_parse_endpoints(authority, STORE_PORT_REDIS, redis, why) == -1)
		return -1;
	if (rest.len > 0 && !str_eq(rest, STR("0")))
		return err_set(why, "a cluster has database 0 alone");
	return 0;
}

static int parse_sentinel(struct str rest, struct conf_redis *redis, struct err *why)
{
	struct str authority = cut_segment(&rest), name = cut_segment(&rest);

	if (cut_user(&authority, redis, why) == -1 ||
		values_parse_endpoints(authority, STORE_PORT_SENTINEL, redis, why) == -1)
		return -1;
	if (!is_made_of(name, WORD, 128))
		return err_set(why, "the sentinels' name of the server follows the hosts: "
				    "redis+sentinel://a,b,c/name/0");
	redis->master_name = mem_strndup(name.at, name.len);
	return parse_database(rest, &redis->database, why);
}

static int parse_socket_query(struct str query, struct conf_redis *redis, struct err *why)
{
	if (str_find(query, STR("password=")) != -1)
		return err_set(why, "no password in the URL: put it into a file and name that in "
				    "store_password_file");
	if (!str_starts(query, STR("db=")))
		return err_set(why, "behind the socket's path may stand ?db=0 only");
	return parse_database(str_from(query, 3), &redis->database, why);
}

static int parse_socket(struct str rest, struct conf_redis *redis, struct err *why)
{
	const size_t path_max = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
	ptrdiff_t slash = str_find_byte(rest, '/'), question = str_find_byte(rest, '?');
	struct str user = rest, path = rest;

	if (question != -1) {
		path.len = (size_t)question;
		if (parse_socket_query(str_from(rest, path.len + 1), redis, why) == -1)
			return -1;
	}
	if (slash == -1 || (size_t)slash >= path.len)
		return err_set(why, "the socket's path begins with '/'");
	user.len = (size_t)slash;
	path = str_from(path, user.len);
	if (cut_user(&user, redis, why) == -1)
		return -1;
	if (user.len > 0)
		return err_set(why, "no host before a socket's path");
	if (path.len < 2 || !is_made_of(path, WORD "/~+@:,=", path_max))
		return err_set(why,
			"a socket's path is letters, digits and -._~+@:,= up to %zu bytes",
			path_max);
	redis->socket_path = mem_strndup(path.at, path.len);
	return 0;
}

static const struct scheme {
	const char *text;
	const char *form; /* what follows it */
	int (*parse)(struct str rest, struct conf_redis *redis, struct err *why);
	bool tls;
} schemes[] = {
	{"redis://", "[user@]host[:6379]/[db]", parse_server, false},
	{"rediss://", "[user@]host[:6379]/[db]", parse_server, true},
	{"redis+sentinel://", "[user@]a[:26379],b,c/name/[db]", parse_sentinel, false},
	{"rediss+sentinel://", "[user@]a[:26379],b,c/name/[db]", parse_sentinel, true},
	{"redis+cluster://", "[user@]a[:6379],b,c", parse_cluster, false},
	{"rediss+cluster://", "[user@]a[:6379],b,c", parse_cluster, true},
	{"redis+unix://", "[user@]/path/of/redis.sock[?db=0]", parse_socket, false},
	/* redis-py's spelling */
	{"unix://", "[user@]/path/of/redis.sock[?db=0]", parse_socket, false},
};

static int parse_sqlite(struct str path, struct conf *conf)
{
	if (!str_starts(path, STR("/")) || str_ends(path, STR("/")) || str_starts(path, STR("//")))
		return -1;
	conf->store_kind = CONF_STORE_SQLITE;
	conf->store_path = mem_strndup(path.at, path.len);
	return 0;
}

static int parse_redis(
	const struct scheme *scheme, struct str rest, struct conf *conf, struct err *expected)
{
	struct err why = {""};

	conf->store_kind = CONF_STORE_REDIS;
	conf->redis.tls = scheme->tls;
	if (scheme->parse(rest, &conf->redis, &why) == 0)
		return 0;
	clear_store(conf);
	return err_set(expected, "%s%s (%s)", scheme->text, scheme->form, why.text);
}

static int parse_store(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	struct conf *conf = field;
	struct str s = str_of(text);

	(void)row;
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		struct str scheme = str_of(schemes[i].text);
		if (str_starts(s, scheme))
			return parse_redis(&schemes[i], str_from(s, scheme.len), conf, expected);
	}
	if (str_eq(s, STR("memory:"))) {
		conf->store_kind = CONF_STORE_MEMORY;
		return 0;
	}
	if (str_starts(s, STR("sqlite:")) && !values_has_control(text) &&
		parse_sqlite(str_from(s, 7), conf) == 0)
		return 0;
	return err_set(expected, FORMS);
}

static void add_endpoints(const struct conf_redis *redis, struct sbuf *out)
{
	unsigned usual = redis->master_name ? STORE_PORT_SENTINEL : STORE_PORT_REDIS;

	for (size_t i = 0; i < redis->endpoints_count; i++) {
		const struct conf_endpoint *e = &redis->endpoints[i];
		bool is_v6 = strchr(e->host, ':') != NULL;
		sbuf_printf(
			out, "%s%s%s%s", i ? "," : "", is_v6 ? "[" : "", e->host, is_v6 ? "]" : "");
		if (e->port != usual)
			sbuf_printf(out, ":%u", e->port);
	}
}

static void add_redis(const struct conf_redis *redis, struct sbuf *out)
{
	const char *kind = redis->socket_path	? "+unix"
			   : redis->master_name ? "+sentinel"
			   : redis->is_cluster	? "+cluster"
						: "";

	sbuf_printf(out, "redis%s%s://%s%s", redis->tls ? "s" : "", kind,
		redis->user ? redis->user : "", redis->user ? "@" : "");
	if (redis->socket_path) {
		sbuf_printf(out, "%s?db=%u", redis->socket_path, redis->database);
		return;
	}
	add_endpoints(redis, out);
	if (redis->master_name)
		sbuf_printf(out, "/%s", redis->master_name);
	if (!redis->is_cluster)
		sbuf_printf(out, "/%u", redis->database);
}

static bool format_store(const struct keyword *row, const void *field, struct sbuf *out)
{
	const struct conf *conf = field;

	(void)row;
	sbuf_putc(out, '"');
	if (conf->store_kind == CONF_STORE_MEMORY) {
		sbuf_puts(out, "memory:");
	} else if (conf->store_kind == CONF_STORE_REDIS) {
		add_redis(&conf->redis, out);
	} else {
		sbuf_puts(out, "sqlite:");
		sbuf_json(out, str_of(conf->store_path));
	}
	sbuf_putc(out, '"');
	return true;
}

const struct value_type value_store = {parse_store, format_store, clear_store};

/* --- a server's name --- */

static int parse_host(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	char **host = field;

	(void)row;
	*host = host_of(str_of(text));
	return *host ? 0 : err_set(expected, "a host's name, its address, or [its IPv6 address]");
}

static bool format_host(const struct keyword *row, const void *field, struct sbuf *out)
{
	const char *host = *(char *const *)field;
	bool is_v6 = host && strchr(host, ':');

	(void)row;
	if (host)
		sbuf_printf(out, "\"%s%s%s\"", is_v6 ? "[" : "", host, is_v6 ? "]" : "");
	return host != NULL;
}

static void clear_host(void *field)
{
	clear_text(field);
}

const struct value_type value_host = {parse_host, format_host, clear_host};
