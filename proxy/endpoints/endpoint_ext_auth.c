/*
 * proxy/endpoints/endpoint_ext_auth.c - _gate/auth/{nginx,traefik,envoy}: answers to an ingress
 * that asks about a request of its own (S-ext).
 *
 * Nothing of an answer comes from the request but the address to come back to, and none sets a
 * cookie: sessions are refreshed by what the browser itself is given here.
 */
#include "proxy/endpoints/endpoint.h"

#include "auth/policy/grants.h"
#include "proxy/guard/do_as.h"
#include "proxy/guard/guard.h"
#include "proxy/guard/person_field.h"

enum { ANSWER_MAX = 4096, GROUPS_MAX = 512 };

const char endpoint_ext_auth_not_found[] = "Only the gateway itself serves this path.";

/* Behind the ingress commas separate groups, and built-in roles have words of their own: a role of
 * the provider's that would read as more than one, or as another, is left out. */
static bool is_plain_group(const char *name)
{
	enum role role;

	for (const char *c = name; *c; c++) {
		if (*c < 0x21 || *c > 0x7e || *c == ',')
			return false;
	}
	return !role_parse(str_of(name), &role);
}

/* The role, which stands for the names that open it, and the other names held that the
 * configuration mentions, as many as fit. */
static void write_groups(struct sbuf *out, const struct conf *conf, const struct identity *who)
{
	const struct grants_names held = grants_person(who->grants).names;

	sbuf_puts(out, role_name(who->role));
	for (size_t i = 0; i < held.count; i++) {
		bool is_role = conf_names_have(&conf->roles_admin, str_of(held.at[i])) ||
			       conf_names_have(&conf->roles_user, str_of(held.at[i]));
		bool has_room = out->len + 1 + strlen(held.at[i]) <= GROUPS_MAX;

		if (!is_role && has_room && is_plain_group(held.at[i]))
			sbuf_printf(out, ",%s", held.at[i]);
	}
}

/* All of them in every answer, if need be empty: an ingress that copies them then overwrites
 * whatever a client has put there (S7). */
static bool add_identity(struct sbuf *out, const struct conf *conf, const struct identity *who)
{
	const struct {
		struct str name, value;
	} rows[] = {{STR("X-Auth-Request-User"), str_of(who->subject)},
		{STR("X-Auth-Request-Preferred-Username"), str_of(who->name)},
		{STR("X-Auth-Request-Email"), STR("")},
		{STR("X-Forwarded-User"), str_of(who->subject)},
		{STR("X-Forwarded-Email"), STR("")}};
	struct sbuf groups;
	bool fits = true;

	sbuf_init(&groups, GROUPS_MAX);
	write_groups(&groups, conf, who);
	sbuf_field(out, STR("X-Auth-Request-Groups"), sbuf_str(&groups));
	sbuf_field(out, STR("X-Forwarded-Groups"), sbuf_str(&groups));
	sbuf_clear(&groups);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		fits = person_field_add(out, rows[i].name, rows[i].value) && fits;
	return fits && out->len <= ANSWER_MAX;
}

static void allow_ingress(struct exchange *x)
{
	struct sbuf *fields = &x->thread->head; /* nothing is sent on: it is free */

	sbuf_reset(fields);
	if (add_identity(fields, x->web.conf, x->web.who))
		web_reply(&x->web,
			&(struct web_reply){.status = 200, .fields = fields->at, .care = WEB_PLAIN},
			FAULT_NONE);
	else
		web_fault(&x->web, FAULT_FORBIDDEN,
			"Your account's name is too long for a header field.");
}

/* S11: what is said over a socket is not ours to see. Some ingresses leave Upgrade out when they
 * ask, and over HTTP/2 a client sends no key (RFC 8441). */
static bool is_foreign_socket(const struct exchange *x)
{
	bool is_socket = guard_has_field(x->web.asked, FIELD_SEC_WEBSOCKET_KEY) ||
			 guard_has_field(x->web.asked, FIELD_UPGRADE);

	return is_socket && x->web.who->via == VIA_SESSION &&
	       guard_origin_of(x->web.asked, x->web.origin) != ORIGIN_SAME;
}

/* S67: a tunnel of any other protocol, h2c above all, carries requests that nobody asks about. */
static bool is_other_tunnel(const struct exchange *x)
{
	return guard_has_field(x->web.asked, FIELD_UPGRADE) &&
	       !str_eq_nocase(guard_single_field(x->web.asked, FIELD_UPGRADE), STR("websocket"));
}

/* S67: the ingress overwrites and clears fields by name, and what it guards may read another
 * spelling as the same name. Most ingresses have dropped these before they ask. */
static bool has_disguised_field(const struct exchange *x)
{
	for (size_t i = 0; i < x->web.asked->fields_count; i++) {
		const struct h1_field *field = &x->web.asked->fields[i];

		/* One with an id is written as the table writes it. */
		if (field->kind.id == FIELD_OTHER && field_is_disguised(field->name))
			return true;
	}
	return false;
}

/* What would pass the ingress and mean something else behind it; NULL: nothing. */
static const char *trick_of(const struct exchange *x, enum fault *fault)
{
	*fault = FAULT_FORBIDDEN;
	if (has_disguised_field(x))
		return "A field's name resembles one that clients may not send.";
	if (is_other_tunnel(x))
		return "Only WebSockets pass.";
	if (do_as_is_in(
		    x->web.target.query)) /* T45: what the ingress forwards can't be mended here */
		return "Clients may not send doAs.";
	*fault = FAULT_NEVER;
	/* S0: nobody drops Service-Worker-Allowed, with which it would have the whole origin. */
	return guard_has_field(x->web.asked, FIELD_SERVICE_WORKER) ? "There are no service workers."
								   : NULL;
}

void endpoint_ext_auth_serve(struct exchange *x)
{
	enum fault fault;
	const char *trick = trick_of(x, &fault);

	if (x->route.kind != ROUTE_MOUNT && x->route.kind != ROUTE_OUTSIDE)
		web_fault(&x->web, FAULT_NOT_FOUND, endpoint_ext_auth_not_found);
	else if (is_foreign_socket(x))
		web_fault(&x->web, FAULT_CROSS_ORIGIN, NULL);
	else if (trick)
		web_fault(&x->web, fault, trick);
	else
		allow_ingress(x);
}
