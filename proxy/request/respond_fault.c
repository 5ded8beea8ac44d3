/* How an exchange ends with a fault: as a page, as a problem, or by the way to sign in. */
#include "proxy/request/respond.h"

#include "proxy/guard/guard.h"

/* Back to the very same URL after signing in, query and all. */
static void redirect_to_login(struct exchange *x)
{
	struct sbuf location;
	struct front_request *req = x->req;

	if (x->app_label.at) { /* nobody signs in there */
		respond_ask_hand_over(x);
		return;
	}
	sbuf_init(&location, RESPOND_FIELDS_MAX);
	sbuf_printf(&location, "Location: %s/_gate/login?next=", x->conf->server.base);
	sbuf_urlencode(&location, req->target);
	sbuf_puts(&location, "\r\n");
	respond(x, &(struct response){.status = 302, .fields = location.at}, FAULT_UNAUTHENTICATED);
	sbuf_clear(&location);
}

/* RFC 9457 */
static void write_problem(
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
static void find_form_page(const struct exchange *x, struct sbuf *out)
{
	struct str referer = guard_single_field(x->asked, FIELD_REFERER),
		   origin = str_of(x->origin);

	if (guard_origin_of(x->asked, x->origin) == ORIGIN_SAME && str_starts(referer, origin))
		respond_return_path(x, str_from(referer, origin.len), out);
}

static void write_fault_page(
	struct sbuf *out, struct exchange *x, enum fault fault, const char *detail)
{
	struct page_view view = respond_view(x);
	struct sbuf next;

	sbuf_init(&next, RESPOND_FIELD_MAX);
	if (fault == FAULT_NO_ROLE && x->who) {
		page_no_role(out, &view, &x->conf->roles_user, &x->conf->roles_admin);
	} else if (fault == FAULT_UNAUTHENTICATED) { /* a form: else it had been redirected */
		find_form_page(x, &next);
		page_ended(out, &view, sbuf_str(&next));
	} else {
		page_fault(out, &view, fault, detail);
	}
	sbuf_clear(&next);
}

void respond_fault(struct exchange *x, enum fault fault, const char *detail)
{
	struct sbuf content, lines;

	if (x->ext && respond_ext_auth_refuse(x, fault))
		return;
	if (fault == FAULT_UNAUTHENTICATED && guard_is_navigation(x->asked)) {
		redirect_to_login(x);
		return;
	}
	if (detail == NULL && x->auth_reason && fault == FAULT_INVALID_TOKEN)
		detail = x->auth_reason;
	sbuf_init(&content, PAGE_MAX);
	sbuf_init(&lines, RESPOND_FIELDS_MAX);
	const char *fields = respond_fault_fields(x, fault, &lines);
	if (guard_wants_page(x->asked)) {
		write_fault_page(&content, x, fault, detail);
		respond_html(x, fault_row(fault)->status, &content, fields, fault);
	} else {
		write_problem(&content, x, fault, detail);
		respond(x,
			&(struct response){fault_row(fault)->status, "application/problem+json",
				sbuf_str(&content), fields, false},
			fault);
	}
	sbuf_clear(&content);
	sbuf_clear(&lines);
}

void respond_gone(struct exchange *x)
{
	static const struct {
		int status;
		enum fault fault;
	} answers[] = {[MOUNT_UP] = {502, FAULT_UPSTREAM_CONNECT},
		[MOUNT_UNVERIFIED] = {503, FAULT_NOT_READY},
		[MOUNT_REFUSED] = {403, FAULT_NEVER},
		[MOUNT_GONE] = {404, FAULT_GONE}};
	const struct mount *mount = x->route.mount;
	struct page_view view = respond_view(x);
	struct sbuf page;

	sbuf_init(&page, PAGE_MAX);
	if (guard_is_navigation(x->req)) {
		page_gone(&page, &view, x->registry, mount);
		respond_html(x, answers[mount->state].status, &page,
			mount->state == MOUNT_UNVERIFIED ? "Refresh: 3\r\nRetry-After: 3\r\n"
							 : NULL,
			answers[mount->state].fault);
	} else {
		respond_fault(x, answers[mount->state].fault, mount->why[0] ? mount->why : NULL);
	}
	sbuf_clear(&page);
}
