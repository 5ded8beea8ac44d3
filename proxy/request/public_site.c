/* The public site's part of what web/ does for every site. */
#include "proxy/request/public_site.h"

#include "auth/policy/policy.h"
#include "proxy/guard/guard.h"
#include "proxy/http/form.h"
#include "proxy/request/respond.h"
#include "proxy/web/web_reply.h"

/* --- fields --- */

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

void public_add_fields(const struct web_call *call, bool is_page, struct sbuf *out)
{
	sbuf_puts(out, "Referrer-Policy: same-origin\r\n");
	if (is_page)
		add_policy(out, &call->conf->server.apps);
}

/* --- pages --- */

/* Not to a loopback address for who is elsewhere. */
static bool has_way_to_tokens(const struct conf *conf)
{
	return !url_host_is_loopback(conf->admin.public_url.host) ||
	       url_host_is_loopback(conf->server.public_url.host);
}

struct page_view public_view(const struct web_call *call)
{
	const struct exchange *x = exchange_of_const(call);

	return (struct page_view){.base = x->home ? x->home : call->conf->server.base,
		.who = call->who,
		.request_id = call->id,
		.conf = call->conf,
		.admin = has_way_to_tokens(call->conf) ? &call->conf->admin : NULL};
}

const struct registry *public_registry(struct web_call *call)
{
	return exchange_of(call)->registry;
}

/* S89: a link to our sign-in may be anybody's, and to the browser what our own page leads to is of
 * the same origin. */
static bool ends_something(struct str path)
{
	unsigned all;

	(void)policy_named(path, &all);
	return all & (1u << ACTION_KILL | 1u << ACTION_SUBMIT | 1u << ACTION_NEVER);
}

void public_return_path(const struct web_call *call, struct str path, struct sbuf *out)
{
	struct str fragment = form_cut_fragment(&path);
	struct target target;
	struct sbuf home;

	sbuf_init(&home, WEB_FIELD_MAX);
	sbuf_printf(&home, "%s/", call->listen->base);
	sbuf_reset(out);
	if (form_is_return_path(path) && target_parse(path, &target, NULL) == 0 &&
		!ends_something(target.path) &&
		(call->conf->trusted_proxies_count > 0 || str_starts(path, sbuf_str(&home)))) {
		sbuf_add_str(out, path);
		sbuf_add_str(out, fragment);
	} else {
		sbuf_add_str(out, sbuf_str(&home));
	}
	sbuf_clear(&home);
}

void public_enter(struct web_call *call, struct str location, const char *fields)
{
	web_redirect(call, 303, location, fields);
}

/* --- what its exchange is told --- */

void public_count_login(struct web_call *call, enum web_login by, bool ok)
{
	static const enum metrics_login names[] = {[WEB_LOGIN_TOKEN] = METRICS_LOGIN_TOKEN,
		[WEB_LOGIN_LINK] = METRICS_LOGIN_LINK,
		[WEB_LOGIN_PROVIDER] = METRICS_LOGIN_OIDC};

	metrics_count_login(exchange_of(call)->thread->metrics, names[by], ok);
}

void public_on_wait(struct web_call *call, enum web_wait what)
{
	static const enum exchange_state states[] = {[WEB_WAIT_AUTH] = EXCHANGE_AUTHENTICATING,
		[WEB_WAIT_CONTENT] = EXCHANGE_COLLECTING,
		[WEB_WAIT_AGAIN] = EXCHANGE_ASKING_AGAIN,
		[WEB_WAIT_STORE] = EXCHANGE_SIGNING,
		[WEB_WAIT_WORK] = EXCHANGE_FETCHING};

	exchange_move(exchange_of(call), states[what]);
}

void public_on_answer(struct web_call *call, int status, size_t len)
{
	struct exchange *x = exchange_of(call);

	if (x->state < EXCHANGE_ANSWERING)
		exchange_move(x, EXCHANGE_ANSWERING);
	x->status = status;
	x->bytes = len;
}

void public_on_end(struct web_call *call, enum fault fault)
{
	exchange_finish(exchange_of(call), fault);
}

bool public_on_fault(struct web_call *call, enum fault fault)
{
	struct exchange *x = exchange_of(call);

	if (x->ext)
		return respond_ext_auth_refuse(x, fault);
	/* Nobody signs in at an application's host. */
	if (fault != FAULT_UNAUTHENTICATED || call->app_label.at == NULL ||
		!guard_is_navigation(call->asked))
		return false;
	respond_ask_hand_over(x);
	return true;
}
