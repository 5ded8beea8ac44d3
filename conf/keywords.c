#include "conf/keywords.h"

#include "conf/conf.h"
#include "conf/values_file.h"

#include <stdlib.h>

#define IN_CONF(field)	  .at = offsetof(struct conf, field)
#define IN_CLUSTER(field) .at = offsetof(struct conf_cluster, field)
#define IN_UI(field)	  .at = offsetof(struct conf_ui, field)
#define IN_OIDC(field)	  .at = offsetof(struct conf, oidc.field)
#define IN_REDIS(field)	  .at = offsetof(struct conf, redis.field)
#define IN_BEARER(field)  .at = offsetof(struct conf_bearer, field)
/* A list in `type`: where its items and their number are kept. */
#define LIST_OF(type, items, count)                                                                \
	.at = offsetof(type, items), .count_at = offsetof(type, count),                            \
	.item_size = sizeof *((type *)NULL)->items
#define GROUP(name, text)                                                                          \
	{                                                                                          \
		.path = name, .shape = KEYWORD_GROUP, .help = text                                 \
	}

enum { SECOND = 1, MINUTE = 60, DAY = 86400, MINUTE_MS = 60000 };
enum { KIB = 1024, MIB = 1024 * 1024 };

static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const formats[] = {"json", NULL};
static const char *const algorithms[] = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
	"ES256", "ES384", "ES512", "EdDSA", NULL};

const struct keyword keywords[] = {
	GROUP("server", "the listener that browsers use"),
	{.path = "server.listen",
		.type = &value_listen,
		IN_CONF(server),
		.fallback = "127.0.0.1:8480",
		.help = "address and port that browsers, or the proxy before the gateway, connect "
			"to"},
	{.path = "server.public_url",
		.type = &value_url,
		IN_CONF(server.public_url),
		.help = "what browsers see: scheme, host, base path; default http://<listen>/"},
	{.path = "server.app_origins",
		.type = &value_app_origins,
		IN_CONF(server.apps),
		.help = "a host name of its own for each live UI, such as "
			"https://{id}.apps.example.com/; default: all at public_url"},
	{.path = "server.threads",
		.type = &value_threads,
		IN_CONF(threads),
		.fallback = "auto",
		.min = 1,
		.max = 256,
		.help = "worker threads; auto is one for each processor"},
	{.path = "server.trusted_proxies",
		.shape = KEYWORD_VALUES,
		.type = &value_cidr,
		LIST_OF(struct conf, trusted_proxies, trusted_proxies_count),
		.max = 1000,
		.help = "address ranges whose X-Forwarded-* headers are believed"},
	{.path = "server.insecure_http",
		.type = &value_bool,
		IN_CONF(insecure_http),
		.fallback = "false",
		.help = "send session cookies over plain http off loopback too"},
	GROUP("server.limits", "what one client may ask for"),
	{.path = "server.limits.head",
		.type = &value_size,
		IN_CONF(limit_head),
		.fallback = "16KiB",
		.min = KIB,
		.max = 64 * KIB,
		.help = "bytes of a request's head"},
	{.path = "server.limits.body",
		.type = &value_size,
		IN_CONF(limit_body),
		.fallback = "1MiB",
		.min = 0,
		.max = 64 * MIB,
		.help = "bytes of a request's body"},
	{.path = "server.limits.connections",
		.type = &value_count,
		IN_CONF(limit_connections),
		.fallback = "10000",
		.min = 1,
		.max = 1000000,
		.help = "client connections at a time"},
	{.path = "server.limits.head_timeout",
		.type = &value_ms,
		IN_CONF(limit_head_timeout_ms),
		.fallback = "10s",
		.min = 100,
		.max = 5 * MINUTE_MS,
		.help = "time for a whole request head to arrive"},

	GROUP("admin", "the listener of the token manager, metrics and health"),
	{.path = "admin.listen",
		.type = &value_listen,
		IN_CONF(admin),
		.fallback = "127.0.0.1:8481",
		.help = "address and port of the token manager, metrics and health"},
	{.path = "admin.public_url",
		.type = &value_url,
		IN_CONF(admin.public_url),
		.help = "what administrators' browsers see; another host or port than the "
			"server's"},

	{.path = "clusters",
		.shape = KEYWORD_GROUPS,
		LIST_OF(struct conf, clusters, clusters_count),
		.max = 1000,
		.is_required = true,
		.help = "the clusters behind the gateway"},
	{.path = "clusters[].name",
		.type = &value_name,
		IN_CLUSTER(name),
		.is_required = true,
		.help = "the cluster's first path segment, [a-z0-9][a-z0-9-]{0,62}"},
	{.path = "clusters[].masters",
		.shape = KEYWORD_VALUES,
		.type = &value_url,
		LIST_OF(struct conf_cluster, masters, masters_count),
		.max = 16,
		.help = "web addresses of the master and its standby masters"},
	{.path = "clusters[].history",
		.type = &value_url,
		IN_CLUSTER(history),
		.help = "web address of the history server"},
	{.path = "clusters[].uis",
		.shape = KEYWORD_GROUPS,
		LIST_OF(struct conf_cluster, uis, uis_count),
		.max = 100,
		.help = "other web UIs beside the cluster"},
	{.path = "clusters[].uis[].name",
		.type = &value_name,
		IN_UI(name),
		.is_required = true,
		.help = "the UI's path segment after ui/"},
	{.path = "clusters[].uis[].url",
		.type = &value_url,
		IN_UI(url),
		.is_required = true,
		.help = "web address of the UI"},
	{.path = "clusters[].networks",
		.shape = KEYWORD_VALUES,
		.type = &value_cidr,
		LIST_OF(struct conf_cluster, networks, networks_count),
		.max = 1000,
		.help = "address ranges a discovered worker or driver may live in; "
			"default: private ranges and the masters' own"},
	{.path = "clusters[].ca_file",
		.type = &value_file,
		IN_CLUSTER(ca_file),
		.help = "PEM certificates that vouch for https: masters, history servers, workers, "
			"drivers and uis; default: the system's"},
	{.path = "clusters[].poll",
		.type = &value_ms,
		IN_CLUSTER(poll_ms),
		.fallback = "2s",
		.min = 100,
		.max = 5 * MINUTE_MS,
		.help = "time between two looks at a master"},

	GROUP("auth", "who is let in"),
	GROUP("auth.oidc", "the OpenID provider that browsers sign in with"),
	{.path = "auth.oidc.issuer",
		.type = &value_issuer,
		IN_OIDC(issuer),
		.help = "the provider's issuer, byte for byte; https but on loopback"},
	{.path = "auth.oidc.client_id",
		.type = &value_string,
		IN_OIDC(client_id),
		.help = "what the provider knows this gateway as"},
	{.path = "auth.oidc.client_secret_file",
		.type = &value_secret,
		IN_OIDC(client_secret),
		.help = "file with the client's secret; without one it is a public client"},
	{.path = "auth.oidc.scopes",
		.shape = KEYWORD_VALUES,
		.type = &value_scope,
		LIST_OF(struct conf, oidc.scopes.at, oidc.scopes.count),
		.max = 50,
		.fallback = "openid, profile",
		.help = "what is asked for; openid always is"},
	{.path = "auth.oidc.ca_file",
		.type = &value_file,
		IN_OIDC(ca_file),
		.help = "PEM certificates that vouch for the provider; default: the system's"},
	{.path = "auth.oidc.label",
		.type = &value_label,
		IN_OIDC(label),
		.fallback = "Sign in with single sign-on",
		.help = "the sign-in button's text"},
	{.path = "auth.bearer",
		.shape = KEYWORD_GROUPS,
		LIST_OF(struct conf, bearer, bearer_count),
		.max = 32,
		.help = "issuers whose access tokens are accepted beside the gateway's own"},
	{.path = "auth.bearer[].issuer",
		.type = &value_issuer,
		IN_BEARER(issuer),
		.is_required = true,
		.help = "the tokens' iss, byte for byte; https but on loopback"},
	{.path = "auth.bearer[].audience",
		.shape = KEYWORD_VALUES,
		.type = &value_string,
		LIST_OF(struct conf_bearer, audience.at, audience.count),
		.max = 100,
		.help = "names of this gateway, one of which must be in the tokens' aud"},
	{.path = "auth.bearer[].algorithms",
		.shape = KEYWORD_VALUES,
		.type = &value_choice_name,
		LIST_OF(struct conf_bearer, algorithms.at, algorithms.count),
		.max = 10,
		.choices = algorithms,
		.fallback = "RS256, ES256",
		.help = "signature algorithms accepted"},
	{.path = "auth.bearer[].jwks_url",
		.type = &value_issuer,
		IN_BEARER(jwks_url),
		.help = "where the issuer's keys are; default: found by discovery"},
	{.path = "auth.bearer[].insecure_no_audience",
		.type = &value_bool,
		IN_BEARER(insecure_no_audience),
		.fallback = "false",
		.help = "accept tokens made for any other service of the issuer"},
	{.path = "auth.bearer[].ca_file",
		.type = &value_file,
		IN_BEARER(ca_file),
		.help = "PEM certificates that vouch for the issuer; default: the system's"},
	{.path = "auth.bearer[].token_file",
		.type = &value_token_file,
		IN_BEARER(token_file),
		.help = "file with a token that opens jwks_url, as Kubernetes wants it; read at "
			"every fetch"},
	GROUP("auth.bearer[].introspection", "asking the issuer about opaque tokens (RFC 7662)"),
	{.path = "auth.bearer[].introspection.url",
		.type = &value_issuer,
		IN_BEARER(introspection.url),
		.help = "where tokens are introspected; default: found by discovery"},
	{.path = "auth.bearer[].introspection.client_id",
		.type = &value_string,
		IN_BEARER(introspection.client_id),
		.help = "what the issuer knows this gateway as"},
	{.path = "auth.bearer[].introspection.client_secret_file",
		.type = &value_secret,
		IN_BEARER(introspection.client_secret),
		.help = "file with that client's secret"},
	GROUP("auth.roles", "which of an issuer's roles opens what"),
	{.path = "auth.roles.claim",
		.type = &value_string,
		IN_CONF(roles_claim),
		.help = "where a token names its roles, such as realm_access.roles"},
	{.path = "auth.roles.admin",
		.shape = KEYWORD_VALUES,
		.type = &value_string,
		LIST_OF(struct conf, roles_admin.at, roles_admin.count),
		.max = 100,
		.help = "roles that make an administrator"},
	{.path = "auth.roles.user",
		.shape = KEYWORD_VALUES,
		.type = &value_string,
		LIST_OF(struct conf, roles_user.at, roles_user.count),
		.max = 100,
		.help = "roles that make a user"},

	{.path = "store",
		.type = &value_store,
		.at = 0,
		.fallback = "sqlite:/var/lib/sparkgate/state.db",
		.help = "where tokens and sessions are kept; the signing key lives in the same "
			"folder"},
	{.path = "store_password_file",
		.type = &value_secret,
		IN_REDIS(password),
		.help = "file with the password of the Redis server"},
	{.path = "store_sentinel_password_file",
		.type = &value_secret,
		IN_REDIS(sentinel_password),
		.help = "file with the password of the sentinels"},
	{.path = "store_ca_file",
		.type = &value_file,
		IN_REDIS(ca_file),
		.help = "PEM certificates that vouch for the Redis server; default: the system's"},

	GROUP("session", "how long a sign-in lasts"),
	{.path = "session.idle",
		.type = &value_seconds,
		IN_CONF(session_idle_s),
		.fallback = "30m",
		.min = SECOND,
		.max = 30 * DAY,
		.help = "a session without requests ends after this"},
	{.path = "session.max",
		.type = &value_seconds,
		IN_CONF(session_max_s),
		.fallback = "12h",
		.min = SECOND,
		.max = 30 * DAY,
		.help = "every session ends after this"},
	{.path = "session.key_file",
		.type = &value_key,
		IN_CONF(session_key),
		.help = "file with the key that seals sessions, and perhaps the one before it on a "
			"second line"},

	GROUP("tokens", "the token manager's policy"),
	GROUP("tokens.access_ttl", "life of access tokens"),
	{.path = "tokens.access_ttl.default",
		.type = &value_seconds,
		IN_CONF(access_ttl_s.def),
		.fallback = "1h",
		.min = SECOND,
		.max = 3650 * DAY,
		.help = "when none is asked for"},
	{.path = "tokens.access_ttl.max",
		.type = &value_seconds,
		IN_CONF(access_ttl_s.max),
		.fallback = "30d",
		.min = SECOND,
		.max = 3650 * DAY,
		.help = "the most that may be asked for"},
	GROUP("tokens.refresh_ttl", "life of refresh tokens"),
	{.path = "tokens.refresh_ttl.default",
		.type = &value_seconds,
		IN_CONF(refresh_ttl_s.def),
		.fallback = "7d",
		.min = SECOND,
		.max = 3650 * DAY,
		.help = "when none is asked for"},
	{.path = "tokens.refresh_ttl.max",
		.type = &value_seconds,
		IN_CONF(refresh_ttl_s.max),
		.fallback = "90d",
		.min = SECOND,
		.max = 3650 * DAY,
		.help = "the most that may be asked for"},
	{.path = "tokens.registration_ttl",
		.type = &value_seconds,
		IN_CONF(registration_ttl_s),
		.fallback = "24h",
		.min = MINUTE,
		.max = 90 * DAY,
		.help = "life of a registration token, which is used once"},
	{.path = "tokens.per_user",
		.type = &value_count,
		IN_CONF(tokens_per_user),
		.fallback = "10",
		.min = 1,
		.max = 10000,
		.help = "live tokens one user may have"},

	GROUP("log", "what is written to standard error"),
	{.path = "log.format",
		.type = &value_fixed,
		.at = 0,
		.choices = formats,
		.fallback = "json",
		.help = "one JSON object a line"},
	{.path = "log.level",
		.type = &value_choice,
		IN_CONF(log_level),
		.choices = levels,
		.fallback = "info",
		.help = "debug, info, warn or error"},
	{.path = "log.access",
		.type = &value_bool,
		IN_CONF(log_access),
		.fallback = "true",
		.help = "one line for each request"},
};
const size_t keywords_count = ARRAY_LEN(keywords);

const struct keyword_later keywords_later[] = {
	{"server.tls", "TLS of its own (let a proxy before it do TLS)"},
	{"clusters[].kubernetes", "discovery of driver pods in Kubernetes"},
	{"clusters[].jws_key_file", "signed requests for Spark's JWSFilter"},
	{"log.gelf", "GELF logging"},
};
const size_t keywords_later_count = ARRAY_LEN(keywords_later);

bool keyword_is_child(const char *path, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(path, prefix, len) != 0 || (len > 0 && path[len] != '.'))
		return false;
	return strchr(path + len + (len > 0), '.') == NULL;
}

const char *keyword_leaf(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot + 1 : path;
}

const struct keyword *keyword_find(const char *path)
{
	for (size_t i = 0; i < keywords_count; i++) {
		if (strcmp(keywords[i].path, path) == 0)
			return &keywords[i];
	}
	return NULL;
}

const struct keyword *keyword_find_file(const char *path)
{
	char *file = mem_printf("%s_file", path);
	const struct keyword *row = keyword_find(file);

	free(file);
	return row;
}

const struct keyword_later *keyword_find_later(const char *path)
{
	for (size_t i = 0; i < keywords_later_count; i++) {
		if (strcmp(keywords_later[i].path, path) == 0)
			return &keywords_later[i];
	}
	return NULL;
}

char *keyword_items(const struct keyword *row, const void *base, size_t *count)
{
	char *items;

	memcpy(&items, (const char *)base + row->at, sizeof items);
	memcpy(count, (const char *)base + row->count_at, sizeof *count);
	return items;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: Levenshtein's table plus one rule for two neighbours swapped. */
unsigned keyword_distance(struct str a, struct str b)
{
	enum { LEN_MAX = 48 };
	unsigned d[LEN_MAX + 1][LEN_MAX + 1];

	if (a.len > LEN_MAX || b.len > LEN_MAX)
		return 99;
	for (unsigned i = 0; i <= a.len; i++) {
		for (unsigned j = 0; j <= b.len; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = i + j;
				continue;
			}
			unsigned other = a.at[i - 1] != b.at[j - 1];
			d[i][j] =
				least(least(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + other);
			if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] &&
				a.at[i - 2] == b.at[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[a.len][b.len];
}

/* Keeps the nearer of the best so far and `path`. A misspelling beside is likelier than the exact
 * word in another place only when it is a very near one. */
static void consider(const char *path, const char *prefix, struct str leaf, const char **best,
	unsigned *least_steps)
{
	struct str word = str_of(keyword_leaf(path));
	unsigned steps;

	if (keyword_is_child(path, prefix))
		steps = keyword_distance(word, leaf);
	else if (str_eq(word, leaf))
		steps = 2;
	else
		return;
	if (*best == NULL || steps < *least_steps) {
		*best = path;
		*least_steps = steps;
	}
}

const char *keyword_nearest(const char *prefix, struct str leaf)
{
	const char *best = NULL;
	unsigned steps = 0;

	for (size_t i = 0; i < keywords_count; i++)
		consider(keywords[i].path, prefix, leaf, &best, &steps);
	for (size_t i = 0; i < keywords_later_count; i++)
		consider(keywords_later[i].path, prefix, leaf, &best, &steps);
	return best;
}
