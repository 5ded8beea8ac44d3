/* proxy/web/web_sign_out.c - signing out: here, or everywhere (S29). */
#include "proxy/web/web_sign.h"

#include "proxy/web/web_fault.h"

#include <string.h>

enum { LOCATION_MAX = 24 * 1024 };

static const char *what_ended(const struct web_call *call)
{
	return call->signing_out == SIGN_OUT_EVERYWHERE
		       ? "All your sessions have ended, in this and every other browser. Your "
			 "access tokens stay valid, unless the identity provider also signs you "
			 "out."
		       : call->site->signed_out;
}

/* Not a redirect: browsers check the redirects of a form against form-action of the page it stands
 * on, and the provider is another origin. */
static void serve_signed_out(struct web_call *call, const struct sign_in_result *result)
{
	struct page_view view = call->site->view(call);
	struct page_farewell farewell = {what_ended(call), result->location};
	struct sbuf page, fields;

	sbuf_init(&page, PAGE_MAX);
	sbuf_init_secret(&fields, LOCATION_MAX);
	web_add_cookies(&fields, result);
	if (result->location)
		sbuf_printf(&fields, "Refresh: 0; url=%s\r\n", result->location);
	page_signed_out(&page, &view, &farewell);
	web_html(call, 200, &page, fields.at, FAULT_NONE);
	sbuf_clear(&page);
	sbuf_clear(&fields);
}

static void on_sign_out(void *arg, struct sign_in_result result)
{
	struct web_call *call = arg;

	if (web_is_there(call)) {
		if (result.status == AUTH_OK)
			serve_signed_out(call, &result);
		else
			web_fault(call, FAULT_STORE_DOWN, NULL);
	}
	sign_in_result_clear(&result);
}

void web_sign_out(struct web_call *call)
{
	struct str cookies[WEB_COOKIES];
	size_t count = web_cookies(call, cookies);
	char everywhere[8];
	bool is_everywhere = web_field(call, "everywhere", everywhere, sizeof everywhere) &&
			     strcmp(everywhere, "1") == 0;

	call->signing_out = is_everywhere ? SIGN_OUT_EVERYWHERE : SIGN_OUT_HERE;
	call->site->on_wait(call, WEB_WAIT_STORE);
	auth_sign_out(call->auth, cookies, count, call->signing_out, on_sign_out, call);
}

/* Without a session there is nothing to end. The provider sends the browser here, too, after it has
 * ended its own. */
void web_logout_page(struct web_call *call)
{
	struct page_view view = call->site->view(call);
	struct sbuf page;

	sbuf_init(&page, PAGE_MAX);
	if (call->who || auth_is_undecided(call->auth_status))
		page_logout(&page, &view);
	else
		page_signed_out(&page, &view,
			&(struct page_farewell){"There is no session in this browser.", NULL});
	web_html(call, 200, &page, NULL, FAULT_NONE);
	sbuf_clear(&page);
}
