#include "proxy/guard/guard.h"

#include "auth/policy/policy.h"
#include "proxy/guard/app_origin.h"

#include <stdio.h>

struct str guard_single_field(const struct front_request *req, enum field id)
{
	struct str found = {NULL, 0};

	for (size_t i = 0; i < req->fields_count; i++) {
		if (req->fields[i].kind.id != id)
			continue;
		if (found.at)
			return (struct str){NULL, 0};
		found = req->fields[i].value;
	}
	return found;
}

/* Splits "host[:port]" or "[v6][:port]"; the port is 0 when absent. Userinfo and the rest are
 * refused. */
static bool split_host_field(struct str value, struct str *host, uint64_t *port)
{
	ptrdiff_t colon = -1;

	*port = 0;
	if (value.len == 0 || value.len > 255 + 8)
		return false;
	if (value.at[0] == '[') {
		ptrdiff_t close = str_find_byte(value, ']');
		if (close == -1)
			return false;
		*host = str_range(value.at + 1, value.at + close);
		struct str rest = str_from(value, (size_t)close + 1);
		return rest.len == 0 || (rest.at[0] == ':' && str_to_u64(str_from(rest, 1), port));
	}
	colon = str_find_byte(value, ':');
	*host = colon == -1 ? value : (struct str){value.at, (size_t)colon};
	return colon == -1 || str_to_u64(str_from(value, (size_t)colon + 1), port);
}

static bool host_is_loopback(struct str host)
{
	char text[256];

	return str_copy(host, text, sizeof text) && url_host_is_loopback(text);
}

/* S5: the public name, or on loopback any loopback name, or an application's own, with the public
 * or the real port. */
static bool host_is_ours(
	const struct conf_listen *conf, unsigned real_port, struct str value, struct str *label)
{
	uint64_t default_port = conf->public_url.tls ? 443 : 80, port;
	struct str host;

	if (!split_host_field(value, &host, &port))
		return false;
	if (port == 0)
		port = default_port;
	if (port != conf->public_url.port && port != real_port)
		return false;
	*label = app_origin_label_of(conf, host);
	if (label->at || str_eq_nocase(host, str_of(conf->public_url.host)))
		return true;
	return url_host_is_loopback(conf->public_url.host) && host_is_loopback(host);
}

enum fault guard_check(const struct conf_listen *conf, unsigned port,
	const struct front_request *req, struct str *label, struct target *target, struct err *err)
{
	struct str host = guard_single_field(req, FIELD_HOST);

	if (host.at == NULL || !host_is_ours(conf, port, host, label)) {
		(void)err_set(err, "this gateway is at %.280s%.100s/", conf->origin, conf->base);
		return FAULT_BAD_HOST;
	}
	if (target_parse(req->target, target, err) == -1)
		return FAULT_BAD_TARGET;
	return FAULT_NONE;
}

bool guard_has_field(const struct front_request *req, enum field id)
{
	return h1_find(req->fields, req->fields_count, id).at != NULL;
}

bool guard_wants_page(const struct front_request *req)
{
	struct str mode = guard_single_field(req, FIELD_SEC_FETCH_MODE);

	if (guard_has_field(req, FIELD_SEC_FETCH_MODE) && !str_eq(mode, STR("navigate")))
		return false;
	return !guard_has_field(req, FIELD_X_REQUESTED_WITH) &&
	       !guard_has_field(req, FIELD_AUTHORIZATION) &&
	       str_find(guard_single_field(req, FIELD_ACCEPT), STR("text/html")) != -1;
}

static bool is_get(const struct front_request *req)
{
	return str_eq(req->method, STR("GET")) || str_eq(req->method, STR("HEAD"));
}

bool guard_is_navigation(const struct front_request *req)
{
	return is_get(req) && guard_wants_page(req);
}

bool guard_is_safe(const struct front_request *req)
{
	return policy_is_read(req->method);
}

bool guard_is_foreign(const struct front_request *req)
{
	struct str site = guard_single_field(req, FIELD_SEC_FETCH_SITE);

	if (!str_eq(site, STR("same-site")) && !str_eq(site, STR("cross-site")))
		return false;
	return !is_get(req) ||
	       !str_eq(guard_single_field(req, FIELD_SEC_FETCH_MODE), STR("navigate")) ||
	       !str_eq(guard_single_field(req, FIELD_SEC_FETCH_DEST), STR("document"));
}

static bool tells_of_ahead(struct str value)
{
	static const struct str words[] = {STR("prefetch"), STR("prerender"), STR("preview")};

	for (size_t at = 0; at < value.len; at++) {
		for (size_t i = 0; i < ARRAY_LEN(words); i++) {
			if (str_starts_nocase(str_from(value, at), words[i]))
				return true;
		}
	}
	return false;
}

bool guard_is_ahead(const struct front_request *req)
{
	static const struct str names[] = {
		STR("Sec-Purpose"), STR("Purpose"), STR("X-Purpose"), STR("X-Moz")};

	for (size_t i = 0; i < req->fields_count; i++) {
		for (size_t k = 0; k < ARRAY_LEN(names); k++) {
			if (str_eq_nocase(req->fields[i].name, names[k]) &&
				tells_of_ahead(req->fields[i].value))
				return true;
		}
	}
	return false;
}

/* The field says something else, or twice something. */
static bool is_said_otherwise(const struct front_request *req, enum field id, struct str value)
{
	return guard_has_field(req, id) && !str_eq(guard_single_field(req, id), value);
}

bool guard_is_loaded(const struct front_request *req)
{
	return is_said_otherwise(req, FIELD_SEC_FETCH_MODE, STR("navigate")) ||
	       is_said_otherwise(req, FIELD_SEC_FETCH_DEST, STR("document"));
}

static enum guard_origin from_referer(const struct front_request *req, const char *origin)
{
	struct str referer = guard_single_field(req, FIELD_REFERER);

	if (referer.at == NULL)
		return ORIGIN_UNKNOWN;
	if (!str_starts(referer, str_of(origin)))
		return ORIGIN_OTHER;
	struct str rest = str_from(referer, strlen(origin));
	return rest.len == 0 || rest.at[0] == '/' ? ORIGIN_SAME : ORIGIN_OTHER;
}

struct str guard_referer_here(const struct front_request *req, const char *origin)
{
	struct str referer = guard_single_field(req, FIELD_REFERER), none = {NULL, 0};

	if (referer.at == NULL || from_referer(req, origin) != ORIGIN_SAME)
		return none;
	referer = str_from(referer, strlen(origin));
	return referer.len ? referer : none;
}

enum guard_origin guard_origin_of(const struct front_request *req, const char *origin)
{
	struct str site = guard_single_field(req, FIELD_SEC_FETCH_SITE);
	struct str from = guard_single_field(req, FIELD_ORIGIN);

	/* A page that asks for no Referer sends "null" with its forms, as a frame without an origin
	 * does; only of the first the browser says that it is of the same one. */
	bool is_silent = str_eq(from, STR("null")) && site.at;
	if (from.at && !is_silent && !str_eq(from, str_of(origin)))
		return ORIGIN_OTHER;
	if (site.at)
		return str_eq(site, STR("same-origin")) ? ORIGIN_SAME : ORIGIN_OTHER;
	return from.at ? ORIGIN_SAME : from_referer(req, origin);
}

bool guard_is_by_hand(const struct front_request *req)
{
	return str_eq(guard_single_field(req, FIELD_SEC_FETCH_SITE), STR("none"));
}
