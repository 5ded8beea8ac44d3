/* proxy/request/respond.c - how an answer of our own goes out: a page, a redirect, and what goes
 * with a fault. */
#include "proxy/request/respond.h"

#include "proxy/guard/guard.h"
#include "proxy/http/form.h"

#include <event2/buffer.h>

/* Signing in may lead on to an application's own host, and browsers hold the redirects of a form
 * against form-action, too. */
static void add_policy(struct sbuf *out, const struct url *apps)
{
	char authority[272];

	sbuf_printf(out, "Content-Security-Policy: %s", page_csp);
	if (apps->host[0]) {
		url_authority(apps, true, authority);
		sbuf_printf(out, " %s://*.%s", apps->tls ? "https" : "http", authority);
	}
	sbuf_puts(out, "\r\nX-Frame-Options: DENY\r\n");
}

static void add_fields(struct sbuf *out, const struct exchange *x, const struct response *response)
{
	if (response->content_type)
		sbuf_printf(out, "Content-Type: %s\r\n", response->content_type);
	sbuf_puts(out, "X-Request-Id: ");
	sbuf_puts(out, x->id);
	sbuf_puts(out, "\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: same-origin\r\n");
	if (!response->cacheable)
		sbuf_puts(out, "Cache-Control: no-store\r\n");
	if (response->content_type && str_starts(str_of(response->content_type), STR("text/html")))
		add_policy(out, &x->conf->server.apps);
	if (response->fields)
		sbuf_puts(out, response->fields);
}

static void send_content(struct front_request *req, struct str bytes)
{
	struct evbuffer *content;

	if (bytes.len == 0)
		return;
	content = evbuffer_new();
	evbuffer_add(content, bytes.at, bytes.len);
	front_reply_body(req, content);
	evbuffer_free(content);
}

void respond(struct exchange *x, const struct response *response, enum fault fault)
{
	struct front_request *req = x->req;
	struct sbuf fields;
	bool is_head = str_eq(req->method, STR("HEAD"));

	if (x->state < EXCHANGE_ANSWERING)
		exchange_move(x, EXCHANGE_ANSWERING);
	sbuf_init_secret(&fields, RESPOND_FIELDS_MAX);
	add_fields(&fields, x, response);
	x->status = response->status;
	x->bytes = is_head ? 0 : response->content.len;
	front_reply_head(req, response->status, &fields, (int64_t)response->content.len,
		is_head || response->status == 304);
	send_content(req, response->content);
	sbuf_clear(&fields);
	exchange_finish(x, fault); /* while the request's bytes are there for the log */
	front_reply_end(req);
}

void respond_html(
	struct exchange *x, int status, struct sbuf *page, const char *fields, enum fault fault)
{
	respond(x,
		&(struct response){
			status, "text/html; charset=utf-8", sbuf_str(page), fields, false},
		fault);
}

void respond_redirect(struct exchange *x, int status, struct str location, const char *more)
{
	struct sbuf fields;

	sbuf_init_secret(&fields, RESPOND_FIELDS_MAX);
	sbuf_puts(&fields, "Location: ");
	sbuf_add_str(&fields, location);
	sbuf_puts(&fields, "\r\n");
	if (more)
		sbuf_puts(&fields, more);
	respond(x, &(struct response){.status = status, .fields = fields.at}, FAULT_NONE);
	sbuf_clear(&fields);
}

/* RFC 6750 §3: no credentials, no error code. NULL: nothing to say. */
static const char *bearer_error(enum fault fault)
{
	static const char *const errors[FAULT_COUNT] = {[FAULT_UNAUTHENTICATED] = "",
		[FAULT_INVALID_TOKEN] = "invalid_token",
		[FAULT_TWO_CREDENTIALS] = "invalid_request",
		[FAULT_FORBIDDEN] = "insufficient_scope",
		[FAULT_NO_ROLE] = "insufficient_scope",
		[FAULT_SCOPE] = "insufficient_scope"};

	return errors[fault];
}

static void add_challenge(struct sbuf *fields, const struct exchange *x, enum fault fault)
{
	const char *error = bearer_error(fault);

	/* A person with a session has no use for a token's scope. */
	if (error == NULL || (fault_row(fault)->status == 403 &&
				     guard_single_field(x->asked, FIELD_AUTHORIZATION).at == NULL))
		return;
	sbuf_puts(fields, "WWW-Authenticate: Bearer realm=\"sparkgate\"");
	if (error[0])
		sbuf_printf(fields, ", error=\"%s\"", error);
	if (fault == FAULT_SCOPE)
		sbuf_printf(fields, ", scope=\"%s\"", action_name(x->lacks));
	sbuf_puts(fields, "\r\n");
}

const char *respond_fault_fields(const struct exchange *x, enum fault fault, struct sbuf *out)
{
	static const unsigned char retry_s[FAULT_COUNT] = {[FAULT_SIGN_IN_DOWN] = 5,
		[FAULT_STORE_DOWN] = 5,
		[FAULT_TOO_MANY] = 60,
		[FAULT_BUSY] = 1,
		[FAULT_MEMORY] = 1,
		[FAULT_NOT_READY] = 3};

	add_challenge(out, x, fault);
	if (retry_s[fault])
		sbuf_printf(out, "Retry-After: %u\r\n", retry_s[fault]);
	return out->at;
}

/* Not to a loopback address for who is elsewhere. */
static bool has_way_to_tokens(const struct conf *conf)
{
	return !url_host_is_loopback(conf->admin.public_url.host) ||
	       url_host_is_loopback(conf->server.public_url.host);
}

struct page_view respond_view(const struct exchange *x)
{
	return (struct page_view){.base = x->home ? x->home : x->conf->server.base,
		.who = x->who,
		.request_id = x->id,
		.admin = has_way_to_tokens(x->conf) ? &x->conf->admin : NULL};
}

void respond_return_path(const struct exchange *x, struct str path, struct sbuf *out)
{
	struct target target;
	struct sbuf home;

	sbuf_init(&home, RESPOND_FIELD_MAX);
	sbuf_printf(&home, "%s/", x->conf->server.base);
	sbuf_reset(out);
	if (form_is_return_path(path) && target_parse(path, &target, NULL) == 0 &&
		(x->conf->trusted_proxies_count > 0 || str_starts(path, sbuf_str(&home))))
		sbuf_add_str(out, path);
	else
		sbuf_add_str(out, sbuf_str(&home));
	sbuf_clear(&home);
}
