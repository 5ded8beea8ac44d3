#include "proxy/web/web_fault.h"

#include "auth/policy/whoami.h"
#include "base/text/json_writer.h"
#include "proxy/guard/guard.h"
#include "proxy/http/status_phrase.h"
#include "proxy/web/web_row.h"

enum { PROBLEM_MAX = 64 * 1024 };

enum fault web_fault_of(enum auth_status status)
{
	static const enum fault faults[] = {[AUTH_OK] = FAULT_NONE,
		[AUTH_ABSENT] = FAULT_UNAUTHENTICATED,
		[AUTH_INVALID_TOKEN] = FAULT_INVALID_TOKEN,
		[AUTH_MALFORMED] = FAULT_TWO_CREDENTIALS,
		[AUTH_CONFLICT] = FAULT_CONFLICT,
		[AUTH_UNAVAILABLE] = FAULT_STORE_DOWN,
		[AUTH_ISSUER_SILENT] = FAULT_ISSUER_DOWN,
		[AUTH_MISTRUSTED] = FAULT_OWN_CREDENTIALS,
		[AUTH_TOO_MANY] = FAULT_TOO_MANY,
		[AUTH_LATER] = FAULT_STORE_DOWN};

	return faults[status];
}

void web_fault_auth(struct web_call *call)
{
	enum auth_status status = call->auth_status;
	bool is_theirs = status == AUTH_INVALID_TOKEN || status == AUTH_MALFORMED;

	/* Why we can't tell is ours to know. */
	web_fault(call, web_fault_of(status), is_theirs ? call->auth_reason : NULL);
}

/* --- the fields --- */

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

static void add_challenge(struct sbuf *fields, const struct web_call *call, enum fault fault)
{
	const char *error = bearer_error(fault);

	/* A person with a session has no use for a token's scope. */
	if (error == NULL ||
		(fault_row(fault)->status == 403 &&
			guard_single_field(call->asked, FIELD_AUTHORIZATION).at == NULL))
		return;
	sbuf_puts(fields, "WWW-Authenticate: Bearer realm=\"sparkgate\"");
	if (error[0])
		sbuf_printf(fields, ", error=\"%s\"", error);
	if (fault == FAULT_SCOPE)
		sbuf_printf(fields, ", scope=\"%s\"", action_name(call->lacks));
	sbuf_puts(fields, "\r\n");
}

const char *web_fault_fields(const struct web_call *call, enum fault fault, struct sbuf *out)
{
	static const unsigned char retry_s[FAULT_COUNT] = {[FAULT_SIGN_IN_DOWN] = 5,
		[FAULT_STORE_DOWN] = 5,
		[FAULT_ISSUER_DOWN] = 5,
		[FAULT_TOO_MANY] = 60,
		[FAULT_BUSY] = 1,
		[FAULT_MEMORY] = 1,
		[FAULT_STORAGE_DOWN] = 5,
		[FAULT_LAUNCH_DOWN] = 30,
		[FAULT_NOT_READY] = 3,
		[FAULT_STARTING] = 3};

	add_challenge(out, call, fault);
	if (fault == FAULT_METHOD)
		web_row_add_allow(call, out);
	if (retry_s[fault])
		sbuf_printf(out, "Retry-After: %u\r\n", retry_s[fault]);
	return out->at;
}

/* --- for programs --- */

/* Where people come as well, the title is the sentence that they read, and `reason` the log's word.
 * An API's title is the status' own phrase (RFC 9457 §4.2.1: "about:blank"), and it always says
 * something in `detail`. */
static void write_problem_json(struct sbuf *out, const struct web_call *call, enum fault fault,
	const char *detail, struct str token)
{
	const struct fault_row *row = fault_row(fault);
	bool is_api = call->site->is_program;
	struct json_writer w;

	json_t *missing = fault == FAULT_NO_ROLE && call->who && detail == NULL
				  ? whoami_missing(call->conf, call->who)
				  : NULL;

	if (missing)
		detail = json_string_value(json_array_get(missing, 0));
	if (is_api && detail == NULL)
		detail = row->sentence;
	json_writer_init(&w, out);
	json_writer_text(&w, "type", STR("about:blank"));
	json_writer_text(&w, "title", str_of(is_api ? status_phrase(row->status) : row->sentence));
	json_writer_number(&w, "status", row->status);
	if (!is_api)
		json_writer_text(&w, "reason", str_of(row->word));
	if (detail)
		json_writer_text(&w, "detail", str_of(detail));
	json_writer_text(&w, "request_id", str_of(call->id));
	if (token.at)
		json_writer_raw(&w, "token", token);
	json_writer_end(&w);
	json_decref(missing);
}

void web_problem_with_token(
	struct web_call *call, enum fault fault, const char *detail, struct str token)
{
	struct sbuf content, lines;

	sbuf_init(&content, PROBLEM_MAX);
	sbuf_init(&lines, WEB_FIELDS_MAX);
	const char *fields = web_fault_fields(call, fault, &lines);
	write_problem_json(&content, call, fault, detail, token);
	web_reply(call,
		&(struct web_reply){fault_row(fault)->status, "application/problem+json",
			sbuf_str(&content), fields, WEB_WIPED},
		fault);
	sbuf_clear(&content);
	sbuf_clear(&lines);
}

/* --- for people --- */

void web_redirect_to_login(struct web_call *call)
{
	struct sbuf location;

	sbuf_init(&location, WEB_FIELDS_MAX);
	sbuf_printf(&location, "Location: %s/_gate/login?next=", call->listen->base);
	sbuf_urlencode(&location, call->req->target);
	sbuf_puts(&location, "\r\n");
	web_reply(call, &(struct web_reply){.status = 302, .fields = location.at},
		FAULT_UNAUTHENTICATED);
	sbuf_clear(&location);
}

/* The page a form was sent from, to come back to; out is empty when that is not told. */
static void find_form_page(const struct web_call *call, struct sbuf *out)
{
	struct str referer = guard_single_field(call->asked, FIELD_REFERER),
		   origin = str_of(call->origin);

	if (guard_origin_of(call->asked, call->origin) == ORIGIN_SAME &&
		str_starts(referer, origin))
		call->site->return_path(call, str_from(referer, origin.len), out);
}

static void write_fault_page(
	struct sbuf *out, const struct web_call *call, enum fault fault, const char *detail)
{
	struct page_view view = call->site->view(call);
	struct sbuf next;

	sbuf_init(&next, WEB_FIELD_MAX);
	if (fault == FAULT_NO_ROLE && call->who) {
		json_t *missing = whoami_missing(call->conf, call->who);
		page_no_role(out, &view, call->conf, missing);
		json_decref(missing);
	} else if (fault == FAULT_UNAUTHENTICATED) { /* a form: else it had been redirected */
		find_form_page(call, &next);
		page_ended(out, &view, sbuf_str(&next));
	} else if (fault == FAULT_BAD_HOST) {
		page_other_host(out, &view, call->listen);
	} else {
		page_fault(out, &view, fault, detail);
	}
	sbuf_clear(&next);
}

static void reply_with_page(struct web_call *call, enum fault fault, const char *detail)
{
	struct sbuf page, lines;

	sbuf_init(&page, PAGE_MAX);
	sbuf_init(&lines, WEB_FIELDS_MAX);
	const char *fields = web_fault_fields(call, fault, &lines);
	write_fault_page(&page, call, fault, detail);
	web_html(call, fault_row(fault)->status, &page, fields, fault);
	sbuf_clear(&page);
	sbuf_clear(&lines);
}

void web_fault(struct web_call *call, enum fault fault, const char *detail)
{
	bool is_program = call->site->is_program;

	if (call->site->on_fault && call->site->on_fault(call, fault))
		return;
	if (detail == NULL && fault == FAULT_INVALID_TOKEN)
		detail = call->auth_reason;
	if (fault == FAULT_UNAUTHENTICATED && !is_program && guard_is_navigation(call->asked))
		web_redirect_to_login(call);
	else if (!is_program && guard_wants_page(call->asked))
		reply_with_page(call, fault, detail);
	else
		web_problem_with_token(call, fault, detail, (struct str){NULL, 0});
}
