#include "proxy/web/web_reply.h"

static void add_reply_fields(
	struct sbuf *out, const struct web_call *call, const struct web_reply *reply)
{
	bool is_page = reply->type && str_starts(str_of(reply->type), STR("text/html"));

	if (reply->type)
		sbuf_printf(out, "Content-Type: %s\r\n", reply->type);
	sbuf_puts(out, "X-Request-Id: ");
	sbuf_puts(out, call->id);
	sbuf_puts(out, "\r\nX-Content-Type-Options: nosniff\r\n");
	if (reply->care != WEB_KEPT)
		sbuf_puts(out, "Cache-Control: no-store\r\n");
	call->site->add_fields(call, is_page, out);
	if (reply->fields)
		sbuf_puts(out, reply->fields);
}

void web_reply(struct web_call *call, const struct web_reply *reply, enum fault fault)
{
	struct front_request *req = call->req;
	bool is_head = str_eq(req->method, STR("HEAD"));
	bool is_secret = reply->care == WEB_WIPED;
	struct sbuf fields;

	call->site->on_answer(call, reply->status, is_head ? 0 : reply->content.len);
	sbuf_init(&fields, WEB_FIELDS_MAX);
	fields.is_secret = is_secret;
	add_reply_fields(&fields, call, reply);
	if (is_secret)
		front_reply_wiped(req);
	front_reply_head(req, reply->status, &fields, (int64_t)reply->content.len,
		is_head || reply->status == 304);
	front_reply_text(req, reply->content);
	sbuf_clear(&fields);
	call->site->on_end(call, fault); /* while the request's bytes are there for the log */
	front_reply_end(req);
}

void web_reply_begin(struct web_call *call, const struct web_reply *reply)
{
	struct front_request *req = call->req;
	struct sbuf fields;

	call->site->on_answer(call, reply->status, 0);
	sbuf_init(&fields, WEB_FIELDS_MAX);
	add_reply_fields(&fields, call, reply);
	front_reply_head(req, reply->status, &fields, -1, str_eq(req->method, STR("HEAD")));
	sbuf_clear(&fields);
}

void web_html(struct web_call *call, int status, const struct sbuf *page, const char *fields,
	enum fault fault)
{
	web_reply(call,
		&(struct web_reply){page->overflow ? 500 : status, "text/html; charset=utf-8",
			sbuf_str(page), fields, WEB_WIPED},
		fault);
}

void web_json(struct web_call *call, int status, const struct sbuf *json, const char *fields,
	enum fault fault)
{
	web_reply(call,
		&(struct web_reply){json->overflow ? 500 : status, "application/json",
			sbuf_str(json), fields, WEB_WIPED},
		fault);
}

void web_redirect_to(
	struct web_call *call, int status, const char *origin, struct str path, const char *more)
{
	struct sbuf fields;

	sbuf_init_secret(&fields, WEB_FIELDS_MAX);
	sbuf_puts(&fields, "Location: ");
	sbuf_puts(&fields, origin);
	sbuf_add_str(&fields, path);
	sbuf_puts(&fields, "\r\n");
	if (more)
		sbuf_puts(&fields, more);
	web_reply(call, &(struct web_reply){.status = status, .fields = fields.at}, FAULT_NONE);
	sbuf_clear(&fields);
}

void web_redirect(struct web_call *call, int status, struct str location, const char *fields)
{
	web_redirect_to(call, status, "", location, fields);
}
