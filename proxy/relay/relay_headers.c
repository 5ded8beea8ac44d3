#include "proxy/relay/relay_headers.h"

#include "auth/service/auth.h"
#include "base/clock.h"
#include "proxy/guard/guard.h"
#include "proxy/guard/person_field.h"
#include "proxy/guard/websocket.h"
#include "proxy/http/accept_encoding.h"

#include <time.h>

/* Whether a Connection field may name others: mostly it says only what becomes of the connection.
 */
static bool names_fields(const struct h1_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (fields[i].kind.id == FIELD_CONNECTION &&
			!str_eq_nocase(fields[i].value, STR("keep-alive")) &&
			!str_eq_nocase(fields[i].value, STR("close")))
			return true;
	}
	return false;
}

static void put_text(struct sbuf *out, struct str s)
{
	sbuf_add(out, s.at, s.len);
}

static bool has_own_name(struct str pair)
{
	ptrdiff_t eq = str_find_byte(pair, '=');

	return eq <= 0 || auth_is_own_cookie(str_trim((struct str){pair.at, (size_t)eq}));
}

/* Cookies of the UI go through, ours never do (S25). Spark gets what Spark has set: those of other
 * applications of the host are none of its business, and too long for its head (S90, T53). */
static void put_cookies(struct sbuf *out, const struct front_request *req, bool is_other)
{
	bool any = false;

	for (size_t i = 0; i < req->fields_count; i++) {
		struct str rest = req->fields[i].value, pair, before;
		if (req->fields[i].kind.id != FIELD_COOKIE)
			continue;
		while (str_next(&rest, ';', &pair)) {
			pair = str_trim(pair);
			if (has_own_name(pair) || !rewrite_cookie(is_other, &pair, &before) ||
				has_own_name(pair))
				continue;
			put_text(out, any ? STR("; ") : STR("Cookie: "));
			put_text(out, before);
			put_text(out, pair);
			any = true;
		}
	}
	if (any)
		put_text(out, STR("\r\n"));
}

/* Content that may be rewritten is asked for uncompressed: it would only have to be unpacked here.
 */
static bool may_be_compressed(struct str rest)
{
	return str_find(rest, STR("/static/")) != -1;
}

static bool passes_upstream(
	const struct front_request *req, const struct h1_field *field, bool any_connection)
{
	if (field->kind.rules & (FIELD_IS_HOP | FIELD_NOT_UPSTREAM) ||
		(field->kind.id == FIELD_OTHER && !field_is_plain_name(field->name)))
		return false;
	return !any_connection || !h1_connection_has(req->fields, req->fields_count, field->name);
}

static void put_request_line(struct sbuf *out, const struct front_request *req,
	const struct mount *mount, struct str rest, struct str query)
{
	put_text(out, req->method);
	put_text(out, STR(" "));
	put_text(out, str_of(mount->prefix));
	put_text(out, rest);
	if (query.at) {
		put_text(out, STR("?"));
		put_text(out, query);
	}
	put_text(out, STR(" HTTP/1.1\r\n"));
	sbuf_field(out, STR("Host"), str_of(mount->authority));
	if (mount->kind != UI_OTHER) /* others may refuse what a proxy says (Trino: 406) */
		sbuf_field(out, STR("X-Forwarded-Context"), str_of(mount->path));
}

static void put_own_origin(struct sbuf *out, const char *name, const struct mount *mount)
{
	sbuf_printf(out, "%s: http%s://%s", name, mount->tls ? "s" : "", mount->authority);
}

static struct str scheme_of(const struct relay_headers_ask *ask)
{
	return str_starts(str_of(ask->origin), STR("https:")) ? STR("https://") : STR("http://");
}

/* What follows the mount's address at the gateway; at == NULL: `referer` is no page of this UI. */
static struct str below_mount(const struct front_request *req, const struct mount *mount,
	const struct relay_headers_ask *ask, struct str referer)
{
	struct str host = guard_single_field(req, FIELD_HOST), path = str_of(mount->path);
	struct str scheme = scheme_of(ask), none = {NULL, 0};

	if (!str_starts(referer, scheme) || !host.at)
		return none;
	referer = str_from(referer, scheme.len);
	if (!str_starts_nocase(referer, host))
		return none;
	referer = str_from(referer, host.len);
	if (!str_starts(referer, path) || referer.len == path.len || referer.at[path.len] != '/')
		return none;
	return str_from(referer, path.len);
}

/*
 * UIs compare where a request comes from with their own Host, and know no gateway (S11): Origin and
 * Referer of its own pages say what they would without one. True when the field is dealt with.
 */
static bool put_whence(struct sbuf *out, const struct front_request *req, const struct mount *mount,
	const struct relay_headers_ask *ask, const struct h1_field *field)
{
	if (mount->kind != UI_OTHER)
		return false;
	if (field->kind.id == FIELD_ORIGIN) {
		if (ask->is_websocket) /* put_upgrade() says it: a program with a token need not */
			return true;
		if (!websocket_is_from_us(req, scheme_of(ask), false))
			return false;
		put_own_origin(out, "Origin", mount);
	} else if (field->kind.id == FIELD_REFERER) {
		struct str rest = below_mount(req, mount, ask, field->value);
		if (!rest.at)
			return false;
		put_own_origin(out, "Referer", mount);
		put_text(out, str_of(mount->prefix));
		put_text(out, rest);
	} else {
		return false;
	}
	put_text(out, STR("\r\n"));
	return true;
}

/* That the page is ours was checked before (S11). */
static void put_upgrade(struct sbuf *out, const struct mount *mount)
{
	put_text(out, STR("Upgrade: websocket\r\nConnection: Upgrade\r\n"));
	put_own_origin(out, "Origin", mount);
	put_text(out, STR("\r\n"));
}

/* S70: some UI is told who asks in this field. */
static bool is_person_field(const struct relay_headers_ask *ask, struct str name)
{
	const struct conf_names *names = ask->person_fields;

	for (size_t i = 0; names && i < names->count; i++) {
		if (field_reads_as(name, str_of(names->at[i])))
			return true;
	}
	return false;
}

/* Of what is cut here a part is not the client's part, and no condition is about it. */
static bool is_about_part(const struct relay_headers_ask *ask, const struct h1_field *field)
{
	static const char *const names[] = {"range", "if-range", "if-match", "if-none-match",
		"if-modified-since", "if-unmodified-since"};

	for (size_t i = 0; ask->is_list && i < ARRAY_LEN(names); i++) {
		if (str_eq_nocase(field->name, str_of(names[i])))
			return true;
	}
	return false;
}

static void put_passing(struct sbuf *out, const struct front_request *req,
	const struct mount *mount, const struct relay_headers_ask *ask)
{
	bool any_connection = names_fields(req->fields, req->fields_count);

	for (size_t i = 0; i < req->fields_count; i++) {
		const struct h1_field *field = &req->fields[i];
		if (passes_upstream(req, field, any_connection) &&
			!is_person_field(ask, field->name) && !is_about_part(ask, field) &&
			!put_whence(out, req, mount, ask, field))
			sbuf_field(out, field->name, field->value);
	}
}

static void put_request_framing(struct sbuf *out, const struct front_request *req, int64_t length)
{
	if (length == -1)
		put_text(out, STR("Transfer-Encoding: chunked\r\n"));
	else if (length > 0 || str_eq(req->method, STR("POST")) || str_eq(req->method, STR("PUT")))
		sbuf_printf(out, "Content-Length: %lld\r\n", (long long)length);
}

static void put_token(struct sbuf *out, struct str token)
{
	put_text(out, STR("Authorization: Bearer "));
	put_text(out, token);
	put_text(out, STR("\r\n"));
}

void relay_headers_to_upstream(struct sbuf *out, const struct front_request *req,
	const struct mount *mount, const struct relay_headers_ask *ask)
{
	bool may_pack = may_be_compressed(ask->rest) &&
			accept_encoding_has_gzip(req->fields, req->fields_count);

	put_request_line(out, req, mount, ask->rest, ask->query);
	put_passing(out, req, mount, ask);
	put_cookies(out, req, mount->kind == UI_OTHER);
	if (ask->is_websocket)
		put_upgrade(out, mount);
	if (ask->token.at)
		put_token(out, ask->token);
	if (ask->person_field.at)
		(void)person_field_add(out, ask->person_field, ask->person);
	sbuf_field(out, STR("Accept-Encoding"), may_pack ? STR("gzip") : STR("identity"));
	put_request_framing(out, req, ask->content_length);
	put_text(out, STR("\r\n"));
}

static struct str cookie_name(struct str *pair)
{
	struct str name;

	str_next(pair, '=', &name);
	return str_trim(name);
}

/* One without a name comes back as what its value looks like. */
static bool cookie_is_ours(struct str value)
{
	struct str pair, name;

	str_next(&value, ';', &pair);
	name = cookie_name(&pair);
	return auth_is_own_cookie(name.len == 0 && pair.at ? cookie_name(&pair) : name);
}

/* Fields whose value is mended on the way; true when the field is dealt with. */
static bool add_mended(
	struct sbuf *out, const struct h1_field *field, const struct rewrite_context *context)
{
	static bool (*const rewrites[FIELD_COUNT])(const struct rewrite_context *context,
		struct str value, struct sbuf *out) = {[FIELD_LOCATION] = rewrite_location,
		[FIELD_CONTENT_LOCATION] = rewrite_location,
		[FIELD_REFRESH] = rewrite_refresh,
		[FIELD_LINK] = rewrite_link_field,
		[FIELD_SET_COOKIE] = rewrite_set_cookie};
	unsigned char id = field->kind.id;
	struct sbuf mended;

	if (rewrites[id] == NULL)
		return false;
	if (id == FIELD_SET_COOKIE && cookie_is_ours(field->value))
		return true;
	sbuf_init(&mended, 16384);
	bool done = rewrites[id](context, field->value, &mended);
	if (done && !mended.overflow)
		sbuf_field(out, field->name, sbuf_str(&mended));
	sbuf_clear(&mended);
	return done;
}

/* The rules of which one is enough to keep a field back. */
static unsigned rules_to_client(const struct relay_headers_plan *plan)
{
	return FIELD_IS_HOP | FIELD_NOT_CLIENT | (plan->rewritten ? FIELD_NOT_REWRITTEN : 0) |
	       (plan->kept ? FIELD_NOT_KEPT : 0);
}

static bool is_listed_by_connection(const struct h1_response *head, struct str name)
{
	return h1_connection_has(head->fields, head->fields_count, name);
}

void relay_headers_add_date(struct sbuf *out)
{
	static _Thread_local int64_t written = -1; /* once a second: strftime() is slow */
	static _Thread_local char line[48];
	int64_t now = clock_wall_s();

	if (now != written) {
		time_t seconds = (time_t)now;
		struct tm tm;
		gmtime_r(&seconds, &tm);
		strftime(line, sizeof line, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
		written = now;
	}
	sbuf_puts(out, line);
}

void relay_headers_to_client(struct sbuf *out, const struct h1_response *head,
	const struct rewrite_context *context, const struct relay_headers_plan *plan)
{
	bool any_connection = names_fields(head->fields, head->fields_count);
	unsigned rules = rules_to_client(plan);
	bool is_private = plan->kept; /* whoever keeps it says so */

	for (size_t i = 0; i < head->fields_count; i++) {
		const struct h1_field *field = &head->fields[i];
		if (field->kind.rules & rules ||
			(any_connection && is_listed_by_connection(head, field->name)) ||
			(plan->content_encoding && field->kind.id == FIELD_CONTENT_ENCODING))
			continue;
		if (field->kind.id == FIELD_CACHE_CONTROL && plan->is_list)
			continue;
		if (field->kind.id == FIELD_CACHE_CONTROL)
			is_private |= relay_headers_put_private(out, field->name, field->value);
		else if (!add_mended(out, field, context))
			sbuf_field(out, field->name, field->value);
	}
	if (plan->is_list)
		sbuf_puts(out, "Cache-Control: private, no-store\r\n");
	else if (!is_private)
		sbuf_puts(out, "Cache-Control: private\r\n");
	if (plan->content_encoding && plan->content_encoding[0])
		sbuf_printf(out, "Content-Encoding: %s\r\nVary: Accept-Encoding\r\n",
			plan->content_encoding);
	if (!plan->kept && h1_field(head, FIELD_DATE).at == NULL)
		relay_headers_add_date(out);
}
