#include "proxy/guard/ext_auth.h"

#include "proxy/guard/guard.h"
#include "proxy/http/request_reader.h"

#include <stdlib.h>

static const char prefix[] = "/_gate/auth/";

static const struct {
	const char *name;
	bool has_target; /* behind the name; else the path ends with it */
} kinds[] = {[EXT_AUTH_NGINX] = {"nginx", false},
	[EXT_AUTH_TRAEFIK] = {"traefik", false},
	[EXT_AUTH_ENVOY] = {"envoy", true}};

/* What follows base and prefix; at == NULL: the target begins otherwise. */
static struct str behind_prefix(const char *base, struct str target)
{
	size_t len = strlen(base);

	if (!str_starts(target, str_of(base)) || !str_starts(str_from(target, len), STR(prefix)))
		return (struct str){NULL, 0};
	return str_from(target, len + sizeof prefix - 1);
}

enum ext_auth_kind ext_auth_kind_of(const char *base, struct str target)
{
	struct str rest = behind_prefix(base, target);

	for (size_t i = EXT_AUTH_NGINX; rest.at && i < ARRAY_LEN(kinds); i++) {
		struct str name = str_of(kinds[i].name), tail = str_from(rest, name.len);
		if (!str_starts(rest, name))
			continue;
		if (kinds[i].has_target ? tail.len > 0 && tail.at[0] == '/'
					: tail.len == 0 || tail.at[0] == '?')
			return (enum ext_auth_kind)i;
	}
	return EXT_AUTH_NONE;
}

struct ext_auth *ext_auth_new(enum ext_auth_kind kind, const struct front_request *carrier)
{
	struct ext_auth *ext = mem_alloc(1, sizeof *ext);

	ext->kind = kind;
	ext->asked = *carrier;
	return ext;
}

void ext_auth_free(struct ext_auth *ext)
{
	if (ext == NULL)
		return;
	free(ext->fields);
	free(ext);
}

struct asked {
	struct str method, scheme, host, target;
};

/* Two of a name are as bad as none: who knows which one the ingress meant. */
static bool take_single_field(
	const struct front_request *req, enum field id, struct str *out, struct err *err)
{
	*out = guard_single_field(req, id);
	if (out->at && out->len > 0)
		return true;
	err_set(err, "The ingress must send %s, once.", field_name(id));
	return false;
}

static bool read_nginx(
	const struct front_request *req, const char *base, struct asked *out, struct err *err)
{
	struct str url;
	ptrdiff_t colon, slash;

	(void)base;
	if (!take_single_field(req, FIELD_X_ORIGINAL_METHOD, &out->method, err) ||
		!take_single_field(req, FIELD_X_ORIGINAL_URL, &url, err))
		return false;
	colon = str_find(url, STR("://"));
	if (colon == -1) {
		err_set(err, "X-Original-URL: expected scheme, host and path.");
		return false;
	}
	out->scheme = (struct str){url.at, (size_t)colon};
	url = str_from(url, (size_t)colon + 3);
	slash = str_find_byte(url, '/');
	out->host = (struct str){url.at, slash == -1 ? url.len : (size_t)slash};
	out->target = str_from(url, out->host.len);
	return true;
}

static bool read_traefik(
	const struct front_request *req, const char *base, struct asked *out, struct err *err)
{
	(void)base;
	return take_single_field(req, FIELD_X_FORWARDED_METHOD, &out->method, err) &&
	       take_single_field(req, FIELD_X_FORWARDED_PROTO, &out->scheme, err) &&
	       take_single_field(req, FIELD_X_FORWARDED_HOST, &out->host, err) &&
	       take_single_field(req, FIELD_X_FORWARDED_URI, &out->target, err);
}

static bool read_envoy(
	const struct front_request *req, const char *base, struct asked *out, struct err *err)
{
	out->method = req->method;
	out->target = str_from(behind_prefix(base, req->target), sizeof "envoy" - 1);
	return take_single_field(req, FIELD_X_FORWARDED_PROTO, &out->scheme, err) &&
	       take_single_field(req, FIELD_HOST, &out->host, err);
}

/* An ingress says ws and wss of an upgrade. */
static bool is_scheme(struct str scheme, bool tls)
{
	return str_eq(scheme, tls ? STR("https") : STR("http")) ||
	       str_eq(scheme, tls ? STR("wss") : STR("ws"));
}

static void fill_asked(struct ext_auth *ext, const struct asked *asked)
{
	const struct front_request *carrier = &ext->asked;
	struct h1_field *fields = mem_alloc(carrier->fields_count + 1, sizeof *fields);
	size_t n = 0;

	fields[n++] = h1_field_of(STR("Host"), asked->host);
	for (size_t i = 0; i < carrier->fields_count; i++) {
		if (carrier->fields[i].kind.id != FIELD_HOST)
			fields[n++] = carrier->fields[i];
	}
	free(ext->fields);
	ext->fields = fields;
	ext->asked.fields = fields;
	ext->asked.fields_count = n;
	ext->asked.method = asked->method;
	ext->asked.target = asked->target;
}

enum fault ext_auth_read(struct ext_auth *ext, const char *base, bool tls, struct err *err)
{
	static bool (*const readers[])(const struct front_request *, const char *, struct asked *,
		struct err *) = {[EXT_AUTH_NGINX] = read_nginx,
		[EXT_AUTH_TRAEFIK] = read_traefik,
		[EXT_AUTH_ENVOY] = read_envoy};
	struct asked asked = {.target = {NULL, 0}};

	if (!readers[ext->kind](&ext->asked, base, &asked, err))
		return FAULT_BAD_REQUEST;
	if (!request_reader_serves_method(asked.method))
		return FAULT_METHOD;
	if (!is_scheme(asked.scheme, tls)) {
		err_set(err, "The scheme is not the one of server.public_url.");
		return FAULT_BAD_HOST;
	}
	fill_asked(ext, &asked);
	return FAULT_NONE;
}
