#include "proxy/request/content.h"

#include "proxy/guard/do_as.h"
#include "proxy/guard/guard.h"
#include "proxy/http/move_bytes.h"
#include "proxy/request/exchange_audit.h"
#include "proxy/request/exchange_judge.h"
#include "proxy/web/web_fault.h"
#include "proxy/web/web_serve.h"

#include <event2/buffer.h>

enum {
	FORM_MAX = 1024 * 1024, /* bytes: read whole, whatever a UI's own limit is */
	GATHER_MAX = 64 * 1024, /* bytes of content without a length that are sent with one */
};

/* --- what a server behind would read of it (T45) --- */

static bool is_form_type(struct str type)
{
	return str_starts_nocase(type, STR("application/x-www-form-urlencoded"));
}

/* Parameters have the same bytes in these; in others doAs would be spelled otherwise. */
static bool is_plain_charset(struct str name)
{
	static const char *const plain[] = {"utf-8", "us-ascii", "iso-8859-1"};

	if (name.len >= 2 && name.at[0] == '"' && name.at[name.len - 1] == '"')
		name = (struct str){name.at + 1, name.len - 2};
	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		if (str_eq_nocase(name, str_of(plain[i])))
			return true;
	}
	return false;
}

static bool has_other_charset(struct str type)
{
	struct str part;

	while (str_next(&type, ';', &part)) {
		part = str_trim(part);
		if (str_starts_nocase(part, STR("charset")) &&
			!is_plain_charset(str_trim(str_from(part, strlen("charset") + 1))))
			return true;
	}
	return false;
}

static size_t count_fields(const struct front_request *req, enum field id)
{
	size_t count = 0;

	for (size_t i = 0; i < req->fields_count; i++)
		count += req->fields[i].kind.id == id;
	return count;
}

/* S47: a type that can be read in two ways, or parameters that we do not read as a servlet does. */
static enum fault check_type(const struct exchange *x, const char **why)
{
	struct str type = guard_single_field(x->web.req, FIELD_CONTENT_TYPE);
	bool is_spark = x->route.mount->kind != UI_OTHER;

	*why = "There is more than one Content-Type field.";
	if (count_fields(x->web.req, FIELD_CONTENT_TYPE) > 1)
		return FAULT_BAD_REQUEST;
	*why = "A form may be in UTF-8, and not compressed.";
	if (is_form_type(type) &&
		(has_other_charset(type) || count_fields(x->web.req, FIELD_CONTENT_ENCODING) > 0))
		return FAULT_CONTENT_TYPE;
	*why = "Spark's pages have no forms with several parts.";
	return is_spark && str_starts_nocase(type, STR("multipart/")) ? FAULT_CONTENT_TYPE
								      : FAULT_NONE;
}

/* T45: a servlet reads doAs out of a form as well as out of the query. */
static bool has_do_as(struct exchange *x)
{
	size_t len = evbuffer_get_length(x->web.req->body);

	return len > 0 &&
	       do_as_is_in((struct str){(const char *)evbuffer_pullup(x->web.req->body, -1), len});
}

static void send_known(struct web_call *call)
{
	struct exchange *x = exchange_of(call);

	exchange_audit_content(x);
	enum fault fault = exchange_judge_content(x);
	if (fault != FAULT_NONE)
		web_fault(&x->web, fault, NULL);
	else if (is_form_type(guard_single_field(x->web.req, FIELD_CONTENT_TYPE)) && has_do_as(x))
		web_fault(&x->web, FAULT_FORBIDDEN, "Clients may not send doAs.");
	else
		x->send(x);
}

static void judge_again(struct web_call *call)
{
	struct exchange *x = exchange_of(call);
	bool is_told = call->auth_status == AUTH_OK || call->auth_status == AUTH_ABSENT;
	enum fault fault = is_told ? exchange_judge(x) : web_fault_of(call->auth_status);

	if (fault == FAULT_NONE)
		send_known(call);
	else
		web_fault(call, fault, NULL);
}

static void send_held(struct web_call *call)
{
	web_still_known(call, send_known, judge_again);
}

/* --- as it comes --- */

static uint64_t limit_of(const struct exchange *x)
{
	return x->ui && x->ui->body_limit ? x->ui->body_limit : x->web.conf->limit_body;
}

static void stream_content(struct exchange *x)
{
	enum fault fault = front_content_stream(x->web.req, limit_of(x), x->thread->shared->memory);

	if (fault != FAULT_NONE) {
		web_fault(&x->web, fault, NULL);
	} else if (x->web.req->content_length == -1) {
		x->gathered = evbuffer_new();
		exchange_move(x, EXCHANGE_COLLECTING);
	} else {
		x->streams = true;
		x->send(x);
	}
}

/* Many servers do not know the chunked coding: what is short is sent with its length. */
void content_gather(struct exchange *x, struct evbuffer *bytes, bool is_last)
{
	move_bytes(x->gathered, bytes);
	x->streams = !is_last;
	if (is_last || evbuffer_get_length(x->gathered) > GATHER_MAX)
		x->send(x);
}

/* Forms, and what is written down of (S66). */
static bool must_be_whole(const struct exchange *x)
{
	return x->audit || is_form_type(guard_single_field(x->web.req, FIELD_CONTENT_TYPE));
}

void content_take(struct exchange *x, void (*send)(struct exchange *x))
{
	const struct mount *mount = x->route.mount;
	const char *why;

	x->send = send;
	if (mount->kind == UI_OTHER)
		x->ui = conf_find_ui(x->web.conf, mount->cluster, mount->id);
	if (x->web.req->content_length == 0) {
		x->send(x);
		return;
	}
	enum fault fault = check_type(x, &why);
	uint64_t max = limit_of(x);
	if (fault != FAULT_NONE)
		web_fault(&x->web, fault, why);
	else if (must_be_whole(x))
		web_hold(&x->web, max < FORM_MAX ? max : FORM_MAX, x->thread->shared->memory,
			send_held);
	else
		stream_content(x);
}
