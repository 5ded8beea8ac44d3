#include "proxy/web/web_serve.h"

#include "proxy/guard/guard.h"
#include "proxy/pages/page_static.h"
#include "proxy/web/web_fault.h"

#include <stdio.h>

enum { JSON_FILE_MAX = 3 * 512 * 1024 }; /* 1 MiB in base64, and what is beside it */

static void check_who(struct web_call *call);
static void take_content(struct web_call *call);
static void serve_whole(struct web_call *call);

/* --- whose page sent the form --- */

bool web_is_from_us(const struct web_call *call, bool has_session)
{
	enum guard_origin from = guard_origin_of(call->req, call->origin);

	/* Only people use the admin site's forms: there a browser says so in as many words (S0). */
	if (call->site->id == AUTH_SITE_ADMIN &&
		!str_eq(guard_single_field(call->req, FIELD_ORIGIN), str_of(call->origin)))
		return false;
	return from == ORIGIN_SAME || (from == ORIGIN_UNKNOWN && !has_session);
}

static bool is_elsewheres_form(const struct web_call *call)
{
	enum web_takes takes = call->row->takes;

	bool is_own = takes == WEB_OWN_FORM || takes == WEB_OWN_PARTS;

	return (takes == WEB_FORM || is_own) && !web_is_from_us(call, is_own);
}

void web_serve(struct web_call *call)
{
	enum fault fault = web_row_find(call);

	if (fault == FAULT_NONE && is_elsewheres_form(call))
		fault = FAULT_CROSS_ORIGIN;
	if (fault != FAULT_NONE)
		web_fault(call, fault, NULL);
	else if (call->row->who == WEB_ANYBODY)
		take_content(call);
	else
		web_identify(call, check_who);
}

/* --- who --- */

static void refuse_stranger(struct web_call *call)
{
	bool is_token_needed = call->row->who == WEB_BEARER || !call->site->takes_cookies;

	/* S38: of a cookie where a token is needed any page could make use. */
	if (is_token_needed && call->auth_status <= AUTH_ABSENT)
		web_fault(call, FAULT_UNAUTHENTICATED,
			"Send a bearer token in the Authorization field.");
	else
		web_fault_auth(call);
}

static bool is_credential(const struct web_call *call)
{
	return call->auth_status == AUTH_OK &&
	       (call->row->who != WEB_BEARER || call->who->via == VIA_BEARER);
}

bool web_is_let_in(struct web_call *call)
{
	bool is_needed = call->row->who != WEB_WHOEVER;

	/* Who it is may be left open for a look; a form is not done for nobody. */
	if (!is_credential(call) &&
		(is_needed || (auth_is_undecided(call->auth_status) && !web_is_get(call)))) {
		refuse_stranger(call);
		return false;
	}
	if (call->who && call->site->on_known && !call->site->on_known(call))
		return false;
	if (is_needed && call->row->who != WEB_KNOWN && call->who->role == ROLE_NONE) {
		web_fault(call, FAULT_NO_ROLE, NULL);
		return false;
	}
	return true;
}

static void check_who(struct web_call *call)
{
	if (web_is_let_in(call))
		take_content(call);
}

/* --- what was sent --- */

bool web_has_form(const struct web_call *call)
{
	struct str rest = guard_single_field(call->req, FIELD_CONTENT_TYPE), type;

	if (call->req->content_length == 0)
		return true;
	return str_next(&rest, ';', &type) &&
	       str_eq_nocase(str_trim(type), STR("application/x-www-form-urlencoded"));
}

static bool has_json(const struct web_call *call)
{
	return str_starts_nocase(
		guard_single_field(call->req, FIELD_CONTENT_TYPE), STR("application/json"));
}

static uint64_t most_of(const struct web_call *call)
{
	return call->row->takes == WEB_JSON_FILE ? JSON_FILE_MAX : call->site->form_max;
}

static enum fault check_sent(const struct web_call *call, const char **why)
{
	enum web_takes takes = call->row->takes;

	*why = NULL;
	if (call->req->content_length > (int64_t)most_of(call))
		return FAULT_BODY_TOO_LARGE;
	*why = "The content type must be application/json.";
	if ((takes == WEB_JSON || takes == WEB_JSON_FILE) && !has_json(call))
		return FAULT_CONTENT_TYPE;
	*why = "The content type must be application/x-www-form-urlencoded.";
	return takes == WEB_OWN_FORM && !web_has_form(call) ? FAULT_BAD_REQUEST : FAULT_NONE;
}

void web_hold(struct web_call *call, uint64_t max, struct budget *budget,
	void (*then)(struct web_call *call))
{
	if (call->req->content_length == 0) {
		then(call);
		return;
	}
	call->then = then;
	enum fault fault = front_content_hold(call->req, max, budget);
	if (fault == FAULT_NONE)
		call->site->on_wait(call, WEB_WAIT_CONTENT);
	else
		web_fault(call, fault, NULL);
}

static bool is_handlers_own(enum web_takes takes)
{
	return takes == WEB_NOTHING || takes == WEB_STREAM || takes == WEB_OWN_PARTS;
}

static void take_content(struct web_call *call)
{
	const char *why;

	if (is_handlers_own(call->row->takes)) {
		call->row->serve(call);
		return;
	}
	enum fault fault = check_sent(call, &why);
	if (fault != FAULT_NONE)
		web_fault(call, fault, why);
	else
		web_hold(call, most_of(call), call->who ? call->memory : call->strangers,
			serve_whole);
}

static void serve_known(struct web_call *call)
{
	if (call->site->on_content == NULL || call->site->on_content(call))
		call->row->serve(call);
}

static void check_again(struct web_call *call)
{
	if (web_is_let_in(call))
		serve_known(call);
}

static void serve_whole(struct web_call *call)
{
	web_still_known(call, serve_known, check_again);
}

/* --- a file of ours --- */

void web_static(struct web_call *call)
{
	struct str path = call->target.path;
	const struct page_static *file;
	char fields[160];

	while (str_find_byte(path, '/') != -1)
		path = str_from(path, (size_t)str_find_byte(path, '/') + 1);
	file = page_static_find(path);
	if (file == NULL) {
		web_fault(call, FAULT_NOT_FOUND, NULL);
		return;
	}
	snprintf(fields, sizeof fields, "ETag: %s\r\nCache-Control: public, max-age=600\r\n",
		file->etag);
	struct web_reply reply = {
		200, file->content_type, {(const char *)file->bytes, file->len}, fields, WEB_KEPT};
	if (str_eq(guard_single_field(call->req, FIELD_IF_NONE_MATCH), str_of(file->etag)))
		reply = (struct web_reply){.status = 304, .fields = fields, .care = WEB_KEPT};
	web_reply(call, &reply, FAULT_NONE);
}
