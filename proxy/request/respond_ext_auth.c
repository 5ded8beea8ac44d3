/* Refusals for an ingress that asks about a request of its own (S-ext). */
#include "proxy/request/respond.h"

#include "proxy/guard/ext_auth.h"
#include "proxy/guard/guard.h"

enum { ANSWER_MAX = 4096, LOCATION_MAX = 3000 };

/* Absolute: an ingress may read a path as one of the address that it asked. */
static void add_sign_in(struct sbuf *out, const struct exchange *x, struct str target)
{
	if (x->web.app_label.at) { /* nobody signs in there */
		sbuf_puts(out, x->web.conf->server.origin);
		sbuf_add_str(out, target);
		return;
	}
	sbuf_printf(out, "%s%s/_gate/login?next=", x->web.conf->server.origin,
		x->web.conf->server.base);
	sbuf_urlencode(out, target);
}

/* To the very URL, or as near as 4 KiB let us. */
static void write_sign_in(struct sbuf *out, const struct exchange *x)
{
	const struct str targets[] = {x->web.asked->target, x->web.target.path, STR("/")};

	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		sbuf_reset(out);
		out->overflow = false;
		add_sign_in(out, x, targets[i]);
		if (!out->overflow)
			return;
	}
}

static void answer_ingress(struct exchange *x, int status, const char *name, enum fault fault)
{
	struct sbuf fields, location;

	sbuf_init(&fields, ANSWER_MAX);
	sbuf_init(&location, LOCATION_MAX);
	if (status != 302)
		web_fault_fields(&x->web, fault, &fields);
	if (name) {
		write_sign_in(&location, x);
		sbuf_printf(&fields, "%s: %s\r\n", name, location.at);
	}
	web_reply(&x->web, &(struct web_reply){.status = status, .fields = fields.at}, fault);
	sbuf_clear(&location);
	sbuf_clear(&fields);
}

/* It makes 500 of anything but 2xx, 401 and 403. That is wrong for a refusal; but where nothing was
 * refused (S100), 500 is nearer the truth than 403, and a configuration can make 503 of it. */
static int status_for_nginx(enum fault fault)
{
	int status = fault_row(fault)->status;

	return status == 401 || status >= 500 ? status : 403;
}

bool respond_ext_auth_refuse(struct exchange *x, enum fault fault)
{
	bool leads_on = fault == FAULT_UNAUTHENTICATED && guard_is_navigation(x->web.asked) &&
			!route_is_public(&x->route); /* nobody needs to sign in to sign in */

	if (x->ext->kind == EXT_AUTH_NGINX)
		answer_ingress(x, status_for_nginx(fault),
			leads_on ? "X-Auth-Request-Redirect" : NULL, fault);
	else if (leads_on)
		answer_ingress(x, 302, "Location", fault);
	else
		return false;
	return true;
}
