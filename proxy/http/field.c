#include "proxy/http/field.h"

#include "base/mem.h"

/* A name in lower case; one that ends in '*' is a prefix. A name with a row of its own has its
 * prefix's rules, too. */
struct row {
	struct str name;
	bool is_prefix;
	struct field_kind kind;
};
#define IS_PREFIX(text) ((text)[sizeof(text) - 2] == '*')
#define ROW(text, id, rules)                                                                       \
	{                                                                                          \
		{(text), sizeof(text) - 1 - IS_PREFIX(text)}, IS_PREFIX(text),                     \
		{                                                                                  \
			(id), (rules)                                                              \
		}                                                                                  \
	}
#define END                                                                                        \
	{                                                                                          \
		{NULL, 0}, false,                                                                  \
		{                                                                                  \
			FIELD_OTHER, 0                                                             \
		}                                                                                  \
	}

/* By their first letter; prefixes last. */
/* clang-format off */
static const struct row with_a[] = {
	ROW("accept", FIELD_ACCEPT, 0),
	ROW("accept-encoding", FIELD_ACCEPT_ENCODING, FIELD_NOT_UPSTREAM),
	ROW("accept-ranges", FIELD_OTHER, FIELD_NOT_REWRITTEN | FIELD_NOT_KEPT),
	ROW("age", FIELD_OTHER, FIELD_NOT_KEPT),
	ROW("alt-svc", FIELD_OTHER, FIELD_NOT_CLIENT),
	ROW("authorization", FIELD_AUTHORIZATION, FIELD_NOT_UPSTREAM),
	ROW("access-control-*", FIELD_OTHER, FIELD_NOT_CLIENT),
	ROW("ajp-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	END};
static const struct row with_b[] = {
	ROW("baggage", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	END};
static const struct row with_c[] = {
	ROW("cache-control", FIELD_CACHE_CONTROL, FIELD_NOT_KEPT),
	ROW("cdn-cache-control", FIELD_OTHER, FIELD_NOT_CLIENT),
	ROW("clear-site-data", FIELD_OTHER, FIELD_NOT_CLIENT),
	ROW("cloudflare-cdn-cache-control", FIELD_OTHER, FIELD_NOT_CLIENT),
	ROW("connection", FIELD_CONNECTION, FIELD_IS_HOP),
	ROW("content-digest", FIELD_OTHER, FIELD_NOT_REWRITTEN),
	ROW("content-encoding", FIELD_CONTENT_ENCODING, 0),
	ROW("content-length", FIELD_CONTENT_LENGTH, FIELD_IS_HOP),
	ROW("content-location", FIELD_CONTENT_LOCATION, 0),
	ROW("content-md5", FIELD_OTHER, FIELD_NOT_REWRITTEN),
	ROW("content-type", FIELD_CONTENT_TYPE, 0),
	ROW("cookie", FIELD_COOKIE, FIELD_NOT_UPSTREAM),
	ROW("cf-access-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("cf-connecting-ip", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("client-cert*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("client-ip", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	END};
static const struct row with_d[] = {
	ROW("date", FIELD_DATE, FIELD_NOT_KEPT),
	ROW("digest", FIELD_OTHER, FIELD_NOT_REWRITTEN),
	END};
static const struct row with_e[] = {
	ROW("edge-control", FIELD_OTHER, FIELD_NOT_CLIENT),
	ROW("etag", FIELD_OTHER, FIELD_NOT_REWRITTEN | FIELD_NOT_KEPT),
	ROW("expect", FIELD_EXPECT, FIELD_NOT_UPSTREAM),
	ROW("expires", FIELD_OTHER, FIELD_NOT_KEPT),
	ROW("eppn", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("es-security-runas-user", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	END};
static const struct row with_f[] = {
	ROW("forwarded", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("fastly-client-ip", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	END};
static const struct row with_h[] = {
	ROW("host", FIELD_HOST, FIELD_NOT_UPSTREAM),
	ROW("http2-settings", FIELD_OTHER, FIELD_IS_HOP),
	END};
static const struct row with_i[] = {
	ROW("if-modified-since", FIELD_IF_MODIFIED_SINCE, 0),
	ROW("if-none-match", FIELD_IF_NONE_MATCH, 0),
	ROW("impersonate-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("iv-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	END};
static const struct row with_k[] = {
	ROW("keep-alive", FIELD_OTHER, FIELD_IS_HOP),
	ROW("kubeflow-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	END};
static const struct row with_l[] = {
	ROW("last-modified", FIELD_LAST_MODIFIED, FIELD_NOT_REWRITTEN | FIELD_NOT_KEPT),
	ROW("link", FIELD_LINK, 0),
	ROW("location", FIELD_LOCATION, 0),
	END};
static const struct row with_n[] = {
	ROW("nel", FIELD_OTHER, FIELD_NOT_CLIENT),
	END};
static const struct row with_o[] = {
	ROW("origin", FIELD_ORIGIN, 0),
	ROW("origin-agent-cluster", FIELD_OTHER, FIELD_NOT_CLIENT),
	ROW("oam-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("oidc-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	END};
static const struct row with_p[] = {
	ROW("pragma", FIELD_OTHER, FIELD_NOT_KEPT),
	ROW("proxy-*", FIELD_OTHER, FIELD_IS_HOP),
	ROW("public-key-pins*", FIELD_OTHER, FIELD_NOT_CLIENT),
	END};
static const struct row with_r[] = {
	ROW("referer", FIELD_REFERER, 0),
	ROW("refresh", FIELD_REFRESH, 0),
	ROW("report-to", FIELD_OTHER, FIELD_NOT_CLIENT),
	ROW("reporting-endpoints", FIELD_OTHER, FIELD_NOT_CLIENT),
	ROW("repr-digest", FIELD_OTHER, FIELD_NOT_REWRITTEN),
	ROW("remote-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	END};
static const struct row with_s[] = {
	ROW("sec-fetch-dest", FIELD_SEC_FETCH_DEST, 0),
	ROW("sec-fetch-mode", FIELD_SEC_FETCH_MODE, 0),
	ROW("sec-fetch-site", FIELD_SEC_FETCH_SITE, 0),
	ROW("sec-websocket-accept", FIELD_SEC_WEBSOCKET_ACCEPT, 0),
	ROW("sec-websocket-key", FIELD_SEC_WEBSOCKET_KEY, 0),
	ROW("server-timing", FIELD_OTHER, FIELD_NOT_KEPT),
	ROW("service-worker", FIELD_SERVICE_WORKER, 0),
	ROW("service-worker-allowed", FIELD_OTHER, FIELD_NOT_CLIENT),
	ROW("set-cookie", FIELD_SET_COOKIE, 0),
	ROW("set-cookie2", FIELD_OTHER, FIELD_NOT_CLIENT),
	ROW("strict-transport-security", FIELD_OTHER, FIELD_NOT_CLIENT),
	ROW("shib-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("sm-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("smuser", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("ssl-client-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("surrogate-control", FIELD_OTHER, FIELD_NOT_CLIENT),
	END};
static const struct row with_t[] = {
	ROW("te", FIELD_OTHER, FIELD_IS_HOP),
	ROW("traceparent", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("tracestate", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("trailer", FIELD_OTHER, FIELD_IS_HOP),
	ROW("transfer-encoding", FIELD_TRANSFER_ENCODING, FIELD_IS_HOP),
	ROW("true-client-ip", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("tailscale-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	END};
static const struct row with_u[] = {
	ROW("upgrade", FIELD_UPGRADE, FIELD_IS_HOP),
	END};
static const struct row with_v[] = {
	ROW("vary", FIELD_OTHER, FIELD_NOT_KEPT),
	END};
static const struct row with_w[] = {
	ROW("warning", FIELD_OTHER, FIELD_NOT_KEPT),
	END};
static const struct row with_x[] = {
	ROW("x-client-ip", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-cluster-client-ip", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-forwarded-for", FIELD_X_FORWARDED_FOR, FIELD_NOT_UPSTREAM),
	ROW("x-forwarded-host", FIELD_X_FORWARDED_HOST, FIELD_NOT_UPSTREAM),
	ROW("x-forwarded-method", FIELD_X_FORWARDED_METHOD, FIELD_NOT_UPSTREAM),
	ROW("x-forwarded-proto", FIELD_X_FORWARDED_PROTO, FIELD_NOT_UPSTREAM),
	ROW("x-forwarded-uri", FIELD_X_FORWARDED_URI, FIELD_NOT_UPSTREAM),
	ROW("x-method-override", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-original-method", FIELD_X_ORIGINAL_METHOD, FIELD_NOT_UPSTREAM),
	ROW("x-original-url", FIELD_X_ORIGINAL_URL, FIELD_NOT_UPSTREAM),
	ROW("x-real-ip", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-request-id", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-requested-with", FIELD_X_REQUESTED_WITH, 0),
	ROW("x-sendfile", FIELD_OTHER, FIELD_NOT_CLIENT),
	ROW("x-accel-*", FIELD_OTHER, FIELD_NOT_CLIENT),
	ROW("x-auth-request-*", FIELD_OTHER, FIELD_NOT_UPSTREAM | FIELD_NOT_CLIENT),
	ROW("x-authenticated-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-b3-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-forwarded-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-http-method*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-original-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-remote-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-spark-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-amzn-oidc-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-apigateway-api-userinfo", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-auth-email", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-auth-group*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-auth-id*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-auth-name", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-auth-role*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-auth-sub*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-auth-user*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-authelia-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-authentik-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-client-cert*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-client-dn", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-client-verify", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-consumer-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-credential-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-email", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-endpoint-api-userinfo", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-envoy-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-forwarded", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-goog-authenticated-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-goog-iap-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-group", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-groups", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-id-token", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-jwt-assertion", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-ms-client-principal*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-ms-token-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-oidc-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-pomerium-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-presto-user", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-proxied*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-proxy*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-rewrite-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-role", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-roles", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-rstudio-user*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-saml-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-shib-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-ssl-client-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-sso-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-trino-original-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-trino-user", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-user*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-vouch-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	ROW("x-webauth-*", FIELD_OTHER, FIELD_NOT_UPSTREAM),
	END};
static const struct row *const rows['z' - 'a' + 1] = {
	['a' - 'a'] = with_a, ['b' - 'a'] = with_b, ['c' - 'a'] = with_c, ['d' - 'a'] = with_d, ['e' - 'a'] = with_e, ['f' - 'a'] = with_f, ['h' - 'a'] = with_h, ['i' - 'a'] = with_i, ['k' - 'a'] = with_k, ['l' - 'a'] = with_l, ['n' - 'a'] = with_n, ['o' - 'a'] = with_o, ['p' - 'a'] = with_p, ['r' - 'a'] = with_r, ['s' - 'a'] = with_s, ['t' - 'a'] = with_t, ['u' - 'a'] = with_u, ['v' - 'a'] = with_v, ['w' - 'a'] = with_w, ['x' - 'a'] = with_x};
/* clang-format on */

static bool is_row_of(const struct row *row, struct str name)
{
	size_t len = row->name.len;

	if (name.len < len || (name.len > len && !row->is_prefix))
		return false;
	/* Names begin alike more often than they end alike. */
	return (name.at[len - 1] | 0x20) == row->name.at[len - 1] &&
	       str_same_nocase(name.at, row->name.at, len);
}

struct field_kind field_kind_of(struct str name)
{
	unsigned letter = name.len ? (unsigned)(name.at[0] | 0x20) - 'a' : ARRAY_LEN(rows);
	const struct row *row = letter < ARRAY_LEN(rows) ? rows[letter] : NULL;
	/* Rows mostly differ here, behind "x-", too; the shortest have two letters and a zero. */
	char third = name.len > 2 ? name.at[2] : '\0';

	if (third >= 'A' && third <= 'Z')
		third |= 0x20;
	while (row && row->name.at && (row->name.at[2] != third || !is_row_of(row, name)))
		row++;
	return row && row->name.at ? row->kind : (struct field_kind){FIELD_OTHER, 0};
}

bool field_is_plain_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.at[i] != '-' && !str_is_alnum(name.at[i]))
			return false;
	}
	return true;
}

struct str field_plain_name(struct str name, char out[static FIELD_NAME])
{
	size_t len = name.len < FIELD_NAME ? name.len : FIELD_NAME;

	for (size_t i = 0; i < len; i++)
		out[i] = str_is_alnum(name.at[i]) ? name.at[i] : '-';
	return (struct str){out, len};
}

bool field_is_disguised(struct str name)
{
	char plain[FIELD_NAME];

	return !field_is_plain_name(name) &&
	       field_kind_of(field_plain_name(name, plain)).rules & FIELD_NOT_UPSTREAM;
}

bool field_reads_as(struct str name, struct str other)
{
	char a[FIELD_NAME], b[FIELD_NAME];

	return name.len == other.len &&
	       str_eq_nocase(field_plain_name(name, a), field_plain_name(other, b));
}

const char *field_name(enum field id)
{
	for (size_t letter = 0; letter < ARRAY_LEN(rows); letter++) {
		for (const struct row *row = rows[letter]; row && row->name.at; row++) {
			if (row->kind.id == id && !row->is_prefix && id != FIELD_OTHER)
				return row->name.at;
		}
	}
	return "";
}
