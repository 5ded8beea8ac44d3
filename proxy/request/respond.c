/* How an exchange ends without a UI: with a fault as a page or a problem, or with a page of ours.
 */
#include "proxy/endpoints/endpoint.h"

#include "proxy/guard/guard.h"
#include "proxy/pages/page_fault.h"

#include <stdio.h>

enum { FIELDS_MAX = 32 * 1024 };

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

void respond(struct exchange *x, const struct response *response, enum fault fault)
{
	struct front_request *req = x->req;
	struct sbuf fields;
	bool is_head = str_eq(req->method, STR("HEAD"));

	if (x->state < EXCHANGE_ANSWERING)
		exchange_move(x, EXCHANGE_ANSWERING);
	sbuf_init_secret(&fields, FIELDS_MAX);
	add_fields(&fields, x, response);
	x->status = response->status;
	x->bytes = is_head ? 0 : response->content.len;
	if (!response->cacheable)
		front_reply_wiped(req);
	front_reply_head(req, response->status, &fields, (int64_t)response->content.len,
		is_head || response->status == 304);
	front_reply_text(req, response->content);
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

	sbuf_init_secret(&fields, FIELDS_MAX);
	sbuf_puts(&fields, "Location: ");
	sbuf_add_str(&fields, location);
	sbuf_puts(&fields, "\r\n");
	if (more)
		sbuf_puts(&fields, more);
	respond(x, &(struct response){.status = status, .fields = fields.at}, FAULT_NONE);
	sbuf_clear(&fields);
}

/* Back to the very same URL after signing in, query and all. */
static void redirect_to_login(struct exchange *x)
{
	struct sbuf location;
	struct front_request *req = x->req;

	if (x->app_label.at) { /* nobody signs in there */
		endpoint_ask_hand_over(x);
		return;
	}
	sbuf_init(&location, FIELDS_MAX);
	sbuf_printf(&location, "Location: %s/_gate/login?next=", x->conf->server.base);
	sbuf_urlencode(&location, req->target);
	sbuf_puts(&location, "\r\n");
	respond(x, &(struct response){.status = 302, .fields = location.at}, FAULT_UNAUTHENTICATED);
	sbuf_clear(&location);
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

/* RFC 9457 */
static void problem_json(
	struct sbuf *out, const struct exchange *x, enum fault fault, const char *detail)
{
	const struct fault_row *row = fault_row(fault);

	sbuf_printf(out,
		"{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"reason\":\"%s\"",
		row->sentence, row->status, row->word);
	if (detail) {
		sbuf_puts(out, ",\"detail\":\"");
		sbuf_json(out, str_of(detail));
		sbuf_putc(out, '"');
	}
	sbuf_printf(out, ",\"request_id\":\"%s\"}\n", x->id);
}

/* The page a form was sent from, to come back to; out is empty when that is not told. */
static void form_page(const struct exchange *x, struct sbuf *out)
{
	struct str referer = guard_single_field(x->asked, FIELD_REFERER),
		   origin = str_of(x->origin);

	if (guard_origin_of(x->asked, x->origin) == ORIGIN_SAME && str_starts(referer, origin))
		endpoint_return_path(x, str_from(referer, origin.len), out);
}

static void fill_page(struct sbuf *out, struct exchange *x, enum fault fault, const char *detail)
{
	struct page_view view = endpoint_view(x);
	struct sbuf next;

	sbuf_init(&next, GATE_FIELD_MAX);
	if (fault == FAULT_NO_ROLE && x->who) {
		page_no_role(out, &view, &x->conf->roles_user, &x->conf->roles_admin);
	} else if (fault == FAULT_UNAUTHENTICATED) { /* a form: else it had been redirected */
		form_page(x, &next);
		page_ended(out, &view, sbuf_str(&next));
	} else {
		page_fault(out, &view, fault, detail);
	}
	sbuf_clear(&next);
}

void respond_fault(struct exchange *x, enum fault fault, const char *detail)
{
	struct sbuf content, lines;

	if (x->ext && endpoint_ext_auth_refuse(x, fault))
		return;
	if (fault == FAULT_UNAUTHENTICATED && guard_is_navigation(x->asked)) {
		redirect_to_login(x);
		return;
	}
	if (detail == NULL && x->auth_reason && fault == FAULT_INVALID_TOKEN)
		detail = x->auth_reason;
	sbuf_init(&content, PAGE_MAX);
	sbuf_init(&lines, FIELDS_MAX);
	const char *fields = respond_fault_fields(x, fault, &lines);
	if (guard_wants_page(x->asked)) {
		fill_page(&content, x, fault, detail);
		respond_html(x, fault_row(fault)->status, &content, fields, fault);
	} else {
		problem_json(&content, x, fault, detail);
		respond(x,
			&(struct response){fault_row(fault)->status, "application/problem+json",
				sbuf_str(&content), fields, false},
			fault);
	}
	sbuf_clear(&content);
	sbuf_clear(&lines);
}
