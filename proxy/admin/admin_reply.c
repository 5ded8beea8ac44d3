/* How the admin listener's pages are answered: pages, redirects and faults. */
#include "proxy/admin/admin_page_int.h"

#include "base/log/log.h"
#include "proxy/guard/guard.h"
#include "proxy/pages/page_card.h"

#include <stdio.h>
#include <stdlib.h>

enum { FIELDS_MAX = 32 * 1024 };

/* S0: nobody frames these pages, holds a window of theirs, or loads what is in them. A page's own
 * meta element loosens the referrer to same-origin: without one browsers would send "Origin: null"
 * with its forms. */
static const char fixed_fields[] =
	"X-Content-Type-Options: nosniff\r\n"
	"Content-Security-Policy: default-src 'none'; style-src 'self'; img-src 'self'; "
	"script-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'\r\n"
	"X-Frame-Options: DENY\r\n"
	"Cross-Origin-Opener-Policy: same-origin\r\n"
	"Cross-Origin-Resource-Policy: same-origin\r\n"
	"Referrer-Policy: no-referrer\r\n";

static void write_line(const struct admin_call *call, int status)
{
	char text[16];

	snprintf(text, sizeof text, "%d", status);
	const struct log_field fields[] = {{"request_id", str_of(call->request_id), false},
		{"client", str_of(call->client), false},
		{"user", log_clip(str_of(call->who ? call->who->subject : "")), false},
		{"method", call->req->method, false},
		{"host", log_clip(guard_single_field(call->req, FIELD_HOST)), false},
		{"path", log_clip(call->target.path), false}, {"status", str_of(text), true}};

	if (call->conf->log_access)
		log_fields(LOG_INFO, "admin", "page", fields, ARRAY_LEN(fields));
}

void admin_drop(struct admin_call *call)
{
	identity_unref(call->who);
	conf_unref(call->conf);
	explicit_bzero(call, sizeof *call);
	free(call);
}

struct reply {
	int status;
	const char *type; /* NULL: no content */
	struct str content;
	bool is_kept; /* by caches */
};

static void send_reply(struct admin_call *call, const struct reply *reply, const char *more)
{
	struct front_request *req = call->req;
	bool is_head = str_eq(req->method, STR("HEAD"));
	struct sbuf fields;

	sbuf_init_secret(&fields, FIELDS_MAX);
	sbuf_puts(&fields, fixed_fields);
	sbuf_printf(&fields, "X-Request-Id: %s\r\n", call->request_id);
	if (!reply->is_kept)
		sbuf_puts(&fields, "Cache-Control: no-store\r\n");
	if (reply->type)
		sbuf_printf(&fields, "Content-Type: %s\r\n", reply->type);
	if (more)
		sbuf_puts(&fields, more);
	write_line(call, reply->status);
	if (!reply->is_kept)
		front_reply_wiped(req);
	front_reply_head(req, reply->status, &fields, (int64_t)reply->content.len,
		is_head || reply->status == 304);
	front_reply_text(req, reply->content);
	sbuf_clear(&fields);
	front_reply_end(req);
	admin_drop(call);
}

/* There may be a form's token on it. */
static void wipe(struct sbuf *page)
{
	if (page->at)
		explicit_bzero(page->at, page->len);
	sbuf_clear(page);
}

void admin_html(struct admin_call *call, int status, struct sbuf *page, const char *fields)
{
	const struct reply reply = {
		page->overflow ? 500 : status, "text/html; charset=utf-8", sbuf_str(page), false};

	send_reply(call, &reply, fields);
	wipe(page);
}

void admin_redirect(struct admin_call *call, int status, struct str location, const char *fields)
{
	struct sbuf all;

	sbuf_init_secret(&all, FIELDS_MAX);
	sbuf_puts(&all, "Location: ");
	sbuf_add_str(&all, location);
	sbuf_puts(&all, "\r\n");
	if (fields)
		sbuf_puts(&all, fields);
	send_reply(call, &(struct reply){.status = status}, all.at);
	sbuf_clear(&all);
}

/* --- faults --- */

static const char *fields_for(enum fault fault)
{
	switch (fault_row(fault)->status) {
	case 401: /* RFC 9110 §15.5.2: there has to be one */
		return "WWW-Authenticate: Bearer realm=\"sparkgate\"\r\n";
	case 405:
		return "Allow: GET, POST\r\n";
	case 503:
		return "Retry-After: 5\r\n";
	}
	return NULL;
}

static void write_page(
	struct sbuf *out, const struct admin_call *call, enum fault fault, const char *detail)
{
	struct page_view view = admin_view(call);

	if (fault == FAULT_NO_ROLE && call->who)
		page_no_role(out, &view, &call->conf->roles_user, &call->conf->roles_admin);
	else if (fault == FAULT_UNAUTHENTICATED)
		page_ended(out, &view, STR(""));
	else
		page_fault(out, &view, fault, detail);
}

static void send_problem(struct admin_call *call, enum fault fault, const char *detail)
{
	const struct fault_row *row = fault_row(fault);
	struct sbuf json;

	sbuf_init(&json, ADMIN_FIELD_MAX);
	sbuf_printf(&json,
		"{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"reason\":\"%s\"",
		row->sentence, row->status, row->word);
	if (detail) {
		sbuf_puts(&json, ",\"detail\":\"");
		sbuf_json(&json, str_of(detail));
		sbuf_putc(&json, '"');
	}
	sbuf_printf(&json, ",\"request_id\":\"%s\"}\n", call->request_id);
	send_reply(call,
		&(struct reply){row->status, "application/problem+json", sbuf_str(&json), false},
		fields_for(fault));
	sbuf_clear(&json);
}

void admin_fault(struct admin_call *call, enum fault fault, const char *detail)
{
	struct sbuf page;

	if (!guard_wants_page(call->req)) {
		send_problem(call, fault, detail);
		return;
	}
	sbuf_init(&page, PAGE_MAX);
	write_page(&page, call, fault, detail);
	admin_html(call, fault_row(fault)->status, &page, fields_for(fault));
}

/* --- others --- */

void admin_onward(
	struct admin_call *call, const char *title, struct str location, const char *fields)
{
	struct page_view view = admin_view(call);
	struct sbuf page, all;

	sbuf_init(&page, PAGE_MAX);
	sbuf_init_secret(&all, FIELDS_MAX);
	sbuf_puts(&all, "Refresh: 0; url=");
	sbuf_add_str(&all, location);
	sbuf_puts(&all, "\r\n");
	if (fields)
		sbuf_puts(&all, fields);
	card_open(&page, &view, title, NULL);
	sbuf_puts(&page, "<div class=\"actions\"><a class=\"button\" href=\"");
	sbuf_html(&page, location);
	sbuf_puts(&page, "\">Continue</a></div>\n");
	card_close(&page, &view);
	admin_html(call, 200, &page, all.at);
	sbuf_clear(&all);
}

void admin_static(struct admin_call *call)
{
	struct str path = call->target.path;
	const struct page_static *file;
	char fields[160];

	while (str_find_byte(path, '/') != -1)
		path = str_from(path, (size_t)str_find_byte(path, '/') + 1);
	file = page_static_find(path);
	if (file == NULL) {
		admin_fault(call, FAULT_NOT_FOUND, NULL);
		return;
	}
	snprintf(fields, sizeof fields, "ETag: %s\r\nCache-Control: public, max-age=600\r\n",
		file->etag);
	struct reply reply = {
		200, file->content_type, {(const char *)file->bytes, file->len}, true};
	if (str_eq(guard_single_field(call->req, FIELD_IF_NONE_MATCH), str_of(file->etag)))
		reply = (struct reply){.status = 304, .is_kept = true};
	send_reply(call, &reply, fields);
}
