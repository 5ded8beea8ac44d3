/*
 * proxy/endpoints/endpoint_ext_auth.c - _gate/auth/{nginx,traefik,envoy}: answers to an ingress
 * that asks about a request of its own (S-ext).
 *
 * Nothing of an answer comes from the request but the address to come back to, and none sets a
 * cookie: sessions are refreshed by what the browser itself is given here.
 */
#include "proxy/endpoints/endpoint.h"

#include "proxy/guard/ext_auth.h"
#include "proxy/guard/guard.h"
#include "proxy/relay/relay_headers.h"
#include "proxy/guard/person_field.h"

enum { ANSWER_MAX = 4096, LOCATION_MAX = 3000 };

const char endpoint_ext_auth_not_found[] = "The gateway alone serves this path.";

/* --- yes --- */

/* All of them in every answer, if need be empty: an ingress that copies them then overwrites
 * whatever a client has put there (S7). */
static bool add_identity(struct sbuf *out, const struct identity *who)
{
	const struct {
		struct str name, value;
	} rows[] = {{STR("X-Auth-Request-User"), str_of(who->subject)},
		{STR("X-Auth-Request-Preferred-Username"), str_of(who->name)},
		{STR("X-Auth-Request-Groups"), str_of(role_name(who->role))},
		{STR("X-Auth-Request-Email"), STR("")},
		{STR("X-Forwarded-User"), str_of(who->subject)},
		{STR("X-Forwarded-Groups"), str_of(role_name(who->role))},
		{STR("X-Forwarded-Email"), STR("")}};
	bool fits = true;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		fits = person_field_add(out, rows[i].name, rows[i].value) && fits;
	return fits && out->len <= ANSWER_MAX;
}

static void allow(struct exchange *x)
{
	struct sbuf *fields = &x->thread->head; /* nothing is sent on: it is free */

	sbuf_reset(fields);
	if (add_identity(fields, x->who))
		respond(x, &(struct response){.status = 200, .fields = fields->at}, FAULT_NONE);
	else
		respond_fault(x, FAULT_FORBIDDEN, "The name is too long to be passed on.");
}

/* S11: what is said over a socket is not ours to see. Some ingresses leave Upgrade out when they
 * ask, and over HTTP/2 a client sends no key (RFC 8441). */
static bool is_foreign_socket(const struct exchange *x)
{
	bool is_socket = guard_has_field(x->asked, FIELD_SEC_WEBSOCKET_KEY) ||
			 guard_has_field(x->asked, FIELD_UPGRADE);

	return is_socket && x->who->via == VIA_SESSION &&
	       guard_origin_of(x->asked, x->origin) != ORIGIN_SAME;
}

/* S67: a tunnel of any other protocol, h2c above all, carries requests that nobody asks about. */
static bool is_other_tunnel(const struct exchange *x)
{
	return guard_has_field(x->asked, FIELD_UPGRADE) &&
	       !str_eq_nocase(guard_single_field(x->asked, FIELD_UPGRADE), STR("websocket"));
}

/* S67: the ingress overwrites and clears fields by name, and what it guards may read another
 * spelling as the same name. Most ingresses have dropped these before they ask. */
static bool has_disguised_field(const struct exchange *x)
{
	for (size_t i = 0; i < x->asked->fields_count; i++) {
		if (field_is_disguised(x->asked->fields[i].name))
			return true;
	}
	return false;
}

static bool has_do_as(const struct exchange *x)
{
	struct sbuf rest;

	sbuf_init(&rest, x->target.query.len + 1);
	bool found = relay_headers_strip_do_as(x->target.query, &rest);
	sbuf_clear(&rest);
	return found;
}

/* What would pass the ingress and mean something else behind it; NULL: nothing. */
static const char *trick_of(const struct exchange *x, enum fault *fault)
{
	*fault = FAULT_FORBIDDEN;
	if (has_disguised_field(x))
		return "A field's name reads as one that clients may not send.";
	if (is_other_tunnel(x))
		return "Only WebSockets pass.";
	if (has_do_as(x)) /* T45: what the ingress forwards can't be mended here */
		return "doAs is not taken from clients.";
	*fault = FAULT_NEVER;
	/* S0: nobody drops Service-Worker-Allowed, with which it would have the whole origin. */
	return guard_has_field(x->asked, FIELD_SERVICE_WORKER) ? "There are no service workers."
							       : NULL;
}

void endpoint_ext_auth_serve(struct exchange *x)
{
	enum fault fault;
	const char *trick = trick_of(x, &fault);

	if (x->route.kind != ROUTE_MOUNT && x->route.kind != ROUTE_OUTSIDE)
		respond_fault(x, FAULT_NOT_FOUND, endpoint_ext_auth_not_found);
	else if (is_foreign_socket(x))
		respond_fault(x, FAULT_CROSS_ORIGIN, NULL);
	else if (trick)
		respond_fault(x, fault, trick);
	else
		allow(x);
}

/* --- no --- */

/* Absolute: an ingress may read a path as one of the address that it asked. */
static void add_sign_in(struct sbuf *out, const struct exchange *x, struct str target)
{
	if (x->app_label.at) { /* nobody signs in there */
		sbuf_puts(out, x->conf->server.origin);
		sbuf_add_str(out, target);
		return;
	}
	sbuf_printf(out, "%s%s/_gate/login?next=", x->conf->server.origin, x->conf->server.base);
	sbuf_urlencode(out, target);
}

/* To the very URL, or as near as 4 KiB let us. */
static void write_sign_in(struct sbuf *out, const struct exchange *x)
{
	const struct str targets[] = {x->asked->target, x->target.path, STR("/")};

	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		sbuf_reset(out);
		out->overflow = false;
		add_sign_in(out, x, targets[i]);
		if (!out->overflow)
			return;
	}
}

static void answer(struct exchange *x, int status, const char *name, enum fault fault)
{
	struct sbuf fields, location;

	sbuf_init(&fields, ANSWER_MAX);
	sbuf_init(&location, LOCATION_MAX);
	if (status != 302)
		respond_fault_fields(x, fault, &fields);
	if (name) {
		write_sign_in(&location, x);
		sbuf_printf(&fields, "%s: %s\r\n", name, location.at);
	}
	respond(x, &(struct response){.status = status, .fields = fields.at}, fault);
	sbuf_clear(&location);
	sbuf_clear(&fields);
}

bool endpoint_ext_auth_refuse(struct exchange *x, enum fault fault)
{
	bool leads_on = fault == FAULT_UNAUTHENTICATED && guard_is_navigation(x->asked) &&
			!route_is_public(&x->route); /* nobody needs to sign in to sign in */

	if (x->ext->kind == EXT_AUTH_NGINX) /* it makes 500 of anything but 2xx, 401 and 403 */
		answer(x, fault_row(fault)->status == 401 ? 401 : 403,
			leads_on ? "X-Auth-Request-Redirect" : NULL, fault);
	else if (leads_on)
		answer(x, 302, "Location", fault);
	else
		return false;
	return true;
}
