/* What one key cannot say alone: keys judged together, and what the configuration needs as a
 * whole. */
#include "conf/load/check.h"

#include "base/sbuf.h"
#include "base/text/digest.h"
#include "conf/conf.h"
#include "conf/load/yaml_tree.h"
#include "conf/values/values_net.h"

#include <stdio.h>
#include <stdlib.h>

/* A path that Spark's own scripts would take for theirs (T18-T22): they look for the
 * first segment with one of these names. */
static const char *refused_segment(const char *path)
{
	static const char *const words[] = {"proxy", "history", "shs"};
	struct str rest = str_of(path), segment;

	while (str_next(&rest, '/', &segment)) {
		for (size_t i = 0; i < ARRAY_LEN(words); i++) {
			if (str_eq(segment, str_of(words[i])))
				return words[i];
		}
	}
	return NULL;
}

/* Where browsers find a listener that says nothing else: at its own address. */
static int default_public_url(const struct loader *l, struct conf_listen *listen, const char *group)
{
	const char *colon = strrchr(listen->text, ':');
	struct str host = str_range(listen->text, colon);

	if (values_listen_is_any(listen))
		return load_fail(l, yaml_tree_find(l->root, group), group,
			"listens on every address, expected a public_url that says what browsers "
			"see");
	if (host.at[0] == '[')
		host = (struct str){host.at + 1, host.len - 2};
	(void)str_copy(host, listen->public_url.host, sizeof listen->public_url.host);
	(void)str_copy(STR("/"), listen->public_url.path, sizeof listen->public_url.path);
	listen->public_url.port = (uint16_t)values_listen_port(listen);
	return 0;
}

/* The session cookie must not travel where it can be read (S25). */
static int check_cookie_is_safe(
	const struct loader *l, const struct conf_listen *listen, const char *group)
{
	const struct url *url = &listen->public_url;

	if (url->tls || url_host_is_loopback(url->host) || l->conf->insecure_http)
		return 0;
	return load_fail_at(l,
		"https://, because http:// sends the session cookie unencrypted "
		"(server.insecure_http: true allows it)",
		"%s.public_url", group);
}

struct tls_files { /* of one listener */
	const char *certificate, *key, *group;
	struct conf_listen *listen;
	const struct conf_listen *redirect;
};

static int check_tls_files(const struct loader *l, const struct tls_files *files)
{
	struct url *url = &files->listen->public_url;
	char expected[64];

	snprintf(expected, sizeof expected, "%s.tls, because this address redirects to it",
		files->group);
	if (files->certificate == NULL && files->key == NULL && files->redirect->text)
		return load_fail_at(l, expected, "%s.tls.redirect_listen", files->group);
	if (files->certificate && files->key == NULL)
		return load_fail_at(
			l, "the file with the certificate's key", "%s.tls.key", files->group);
	if (files->key && files->certificate == NULL)
		return load_fail_at(l, "the file with the key's certificate", "%s.tls.certificate",
			files->group);
	if (files->certificate == NULL)
		return 0;
	if (url->host[0] == '\0')
		url->tls = true; /* a default takes it from here */
	snprintf(expected, sizeof expected, "https://, because %s.tls is set", files->group);
	return url->tls ? 0 : load_fail_at(l, expected, "%s.public_url", files->group);
}

static int check_tls(const struct loader *l)
{
	struct conf *conf = l->conf;
	const struct tls_files server = {
		conf->tls.certificate, conf->tls.key, "server", &conf->server, &conf->tls.redirect};
	const struct tls_files admin = {conf->admin_tls.certificate, conf->admin_tls.key, "admin",
		&conf->admin, &conf->admin_tls.redirect};

	if (admin.certificate == NULL && admin.key == NULL && conf->admin_tls.client_ca)
		return load_fail_at(l,
			"admin.tls.certificate and key, because clients show theirs "
			"over TLS only",
			"admin.tls.client_ca");
	return check_tls_files(l, &server) == -1 ? -1 : check_tls_files(l, &admin);
}

static int check_listen(const struct loader *l, struct conf_listen *listen, const char *group)
{
	struct url *url = &listen->public_url;

	if (url->host[0] == '\0' && default_public_url(l, listen, group) == -1)
		return -1;
	size_t len = strlen(url->path);
	if (url->path[len - 1] != '/' && len + 2 > sizeof url->path)
		return load_fail_at(l, "a shorter path", "%s.public_url", group);
	if (url->path[len - 1] != '/')
		memcpy(url->path + len++, "/", 2);
	const char *word = refused_segment(url->path);
	char expected[128];
	snprintf(expected, sizeof expected,
		"a path without the segment %s: Spark's pages would take it for their own",
		word ? word : "");
	if (word)
		return load_fail_at(l, expected, "%s.public_url", group);
	(void)str_copy((struct str){url->path, len - 1}, listen->base, sizeof listen->base);
	url_origin(url, listen->origin);
	return check_cookie_is_safe(l, listen, group);
}

/* A driver's page runs users' code: what mints tokens must be another origin (S0). */
static int check_origins(const struct loader *l)
{
	const struct conf *conf = l->conf;

	if (conf->server.public_url.port == 0 ||
		strcmp(conf->server.origin, conf->admin.origin) != 0)
		return 0;
	return load_fail_at(l,
		"another host or port than server.public_url, because pages there run users' code",
		"admin.public_url");
}

/* Browsers resolve what lies below localhost to loopback themselves (RFC 6761 §6.3). */
static bool is_below_localhost(const char *host)
{
	return strcmp(host, "localhost") == 0 || str_ends(str_of(host), STR(".localhost"));
}

/* True for a name that a label before `apps` could make. */
static bool is_app_host(const struct url *apps, const char *host)
{
	const char *dot = strchr(host, '.');

	return dot && strcmp(dot + 1, apps->host) == 0;
}

/* One listener serves them all, behind one front; and an application's host must be nobody
 * else's. */
static int check_app_origins(const struct loader *l)
{
	const struct conf *conf = l->conf;
	const struct url *apps = &conf->server.apps, *public_url = &conf->server.public_url;
	const char *expected = NULL;

	if (apps->host[0] == '\0')
		return 0;
	if (apps->tls != public_url->tls ||
		(public_url->port != 0 && apps->port != public_url->port))
		expected = "the scheme and port of server.public_url";
	else if (!apps->tls && !conf->insecure_http && !is_below_localhost(apps->host))
		expected = "https://, because http:// sends session cookies unencrypted "
			   "(server.insecure_http: true allows it)";
	else if (is_app_host(apps, public_url->host) ||
		 is_app_host(apps, conf->admin.public_url.host))
		expected = "a host that neither server.public_url nor admin.public_url lies "
			   "directly below";
	return expected ? load_fail_at(l, expected, "server.app_origins") : 0;
}

static int check_redis_pair(const struct loader *l)
{
	const struct conf_redis *redis = &l->conf->redis;

	if (redis->client_certificate && redis->client_key == NULL)
		return load_fail_at(l, "the file with the certificate's key", "store_client_key");
	if (redis->client_key && redis->client_certificate == NULL)
		return load_fail_at(
			l, "the file with the key's certificate", "store_client_certificate");
	return 0;
}

static int check_redis(const struct loader *l)
{
	static const char with_tls[] = "a store with TLS: rediss://";
	const struct conf *conf = l->conf;
	const struct conf_redis *redis = &conf->redis;
	const struct {
		const char *text, *path, *expected;
		bool is_used;
	} keys[] = {
		{redis->password.file, "store_password_file",
			"a store that has a password: redis://, rediss://, redis+sentinel://, "
			"redis+cluster:// or redis+unix://",
			conf->store_kind == CONF_STORE_REDIS},
		{redis->sentinel_password.file, "store_sentinel_password_file",
			"a store of sentinels: redis+sentinel://", redis->master_name != NULL},
		{redis->ca_file, "store_ca_file", with_tls, redis->tls},
		{redis->client_certificate, "store_client_certificate", with_tls, redis->tls},
		{redis->client_key, "store_client_key", with_tls, redis->tls},
		{redis->server_name, "store_server_name", with_tls, redis->tls},
	};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (keys[i].text && !keys[i].is_used)
			return load_fail_at(l, keys[i].expected, "%s", keys[i].path);
	}
	return check_redis_pair(l);
}

/* A person's name, or a role that a provider's own claim has. */
static bool is_without_claim(const char *name)
{
	return str_starts(str_of(name), STR("sub:")) || str_starts(str_of(name), STR("oidc:"));
}

static bool needs_claim(const struct conf_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		if (!is_without_claim(names->at[i]))
			return true;
	}
	return false;
}

/* Somebody may have all of them, and what they open together must fit into a scope. */
enum { LIMITED_NAMESPACES_MAX = 24, LIMITED_LETTERS_MAX = 450 };

static int check_limited(const struct loader *l, size_t index, size_t *count, size_t *letters)
{
	const struct conf_limited *limited = &l->conf->roles_limited[index];

	if (conf_names_have(&l->conf->roles_admin, str_of(limited->role)) ||
		conf_names_have(&l->conf->roles_user, str_of(limited->role)))
		return load_fail_at(l, "a role that is not in admin or user, which have no limit",
			"auth.roles.limited[%zu].role", index);
	if (limited->namespaces.count == 0 || conf_names_have(&limited->namespaces, STR("*")))
		return load_fail_at(
			l, "namespaces by name", "auth.roles.limited[%zu].namespaces", index);
	*count += limited->namespaces.count;
	for (size_t i = 0; i < limited->namespaces.count; i++)
		*letters += strlen(" namespace:") + strlen(limited->namespaces.at[i]);
	if (*count > LIMITED_NAMESPACES_MAX || *letters > LIMITED_LETTERS_MAX)
		return load_fail_at(l,
			"at most 24 namespaces in all rows together, or fewer long ones",
			"auth.roles.limited[%zu].namespaces", index);
	return 0;
}

static bool row_needs_claim(const struct conf *conf)
{
	for (size_t i = 0; i < conf->roles_limited_count; i++) {
		if (!is_without_claim(conf->roles_limited[i].role))
			return true;
	}
	for (size_t i = 0; i < conf->roles_custom_count; i++) {
		if (!is_without_claim(conf->roles_custom[i].role))
			return true;
	}
	return false;
}

static int check_custom(const struct loader *l)
{
	for (size_t i = 0; i < l->conf->roles_custom_count; i++) {
		if (conf_names_have(&l->conf->roles_custom[i].namespaces, STR("*")))
			return load_fail_at(l,
				"namespaces by name; without any, the row is about all "
				"applications",
				"auth.roles.custom[%zu].namespaces", i);
	}
	return 0;
}

/* Whoever has no role is sent away: an issuer none of whose people can have one is a mistake. */
static int check_roles(const struct loader *l)
{
	const struct conf *conf = l->conf;
	size_t count = 0, letters = 0;

	if (conf->roles_claim == NULL &&
		(needs_claim(&conf->roles_said.admin) || needs_claim(&conf->roles_said.user) ||
			row_needs_claim(conf)))
		return load_fail_at(l, "the claim that lists the roles, such as realm_access.roles",
			"auth.roles.claim");
	if ((conf->oidc_count + conf->bearer_count > 0) &&
		conf->roles_admin.count + conf->roles_user.count + conf->roles_limited_count +
				conf->roles_custom_count ==
			0)
		return load_fail_at(l,
			"at least one role in admin, user or custom; without one nobody can sign "
			"in",
			"auth.roles");
	for (size_t i = 0; i < conf->roles_limited_count; i++) {
		if (check_limited(l, i, &count, &letters) == -1)
			return -1;
	}
	return check_custom(l);
}

static int check_order(const struct loader *l)
{
	const struct conf *conf = l->conf;
	const struct {
		int64_t small, large;
		const char *path, *expected;
	} pairs[] = {
		{conf->session_idle_s, conf->session_max_s, "session.idle", "at most session.max"},
		{conf->access_ttl_s.def, conf->access_ttl_s.max, "tokens.access_ttl.default",
			"at most tokens.access_ttl.max"},
		{conf->refresh_ttl_s.def, conf->refresh_ttl_s.max, "tokens.refresh_ttl.default",
			"at most tokens.refresh_ttl.max"},
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		if (pairs[i].small > pairs[i].large)
			return load_fail_at(l, pairs[i].expected, "%s", pairs[i].path);
	}
	return 0;
}

static void derive_data_dir(struct conf *conf)
{
	if (conf->store_kind != CONF_STORE_SQLITE)
		return;
	size_t len = (size_t)(strrchr(conf->store_path, '/') - conf->store_path);
	conf->data_dir = mem_strndup(conf->store_path, len ? len : 1);
}

/* One character of a base path as cookies' names have it: different paths, different names. */
static void add_to_tail(struct sbuf *tail, char c)
{
	if (c == '/')
		sbuf_putc(tail, '_');
	else if (str_is_alnum(c) || c == '-')
		sbuf_putc(tail, c);
	else
		sbuf_printf(tail, "~%02x", (unsigned char)c);
}

/* What a cookie's name has no room for it has a digest of. */
static void shorten_tail(struct sbuf *tail, const char *base)
{
	unsigned char digest[DIGEST_LEN];
	char hex[2 * DIGEST_LEN + 1];

	digest_sha256(str_of(base), digest);
	str_write_hex(digest, 16, hex);
	sbuf_reset(tail);
	sbuf_puts(tail, "_~");
	sbuf_puts(tail, hex);
}

/* Browsers send a host's cookies to every port and path: gateways on one host name tell theirs
 * apart by name (S83). */
static void derive_cookie_tail(struct conf *conf)
{
	struct sbuf tail;

	sbuf_init(&tail, 4 * sizeof conf->server.base);
	if (conf->session_cookie)
		sbuf_puts(&tail, conf->session_cookie + strlen("sparkgate"));
	for (const char *c = conf->session_cookie ? "" : conf->server.base; *c; c++)
		add_to_tail(&tail, *c);
	if (tail.len >= sizeof conf->cookie_tail)
		shorten_tail(&tail, conf->server.base);
	(void)str_copy(sbuf_str(&tail), conf->cookie_tail, sizeof conf->cookie_tail);
	sbuf_clear(&tail);
}

int check_conf(const struct loader *l)
{
	struct conf *conf = l->conf;

	if (check_tls(l) == -1 || check_listen(l, &conf->server, "server") == -1 ||
		check_listen(l, &conf->admin, "admin") == -1 || check_origins(l) == -1 ||
		check_app_origins(l) == -1 || check_oidc(l) == -1 || check_redis(l) == -1 ||
		check_order(l) == -1)
		return -1;
	derive_cookie_tail(conf);
	for (size_t i = 0; i < conf->clusters_count; i++) {
		if (check_cluster(l, i) == -1)
			return -1;
	}
	derive_roles(conf);
	if (check_bearers(l) == -1 || check_roles(l) == -1)
		return -1;
	derive_data_dir(conf);
	return 0;
}
