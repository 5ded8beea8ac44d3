/* Forms and queries of the gateway's own pages: read, and held to their origin. */
#include "proxy/endpoints/endpoint.h"

#include "proxy/http/form.h"
#include "proxy/guard/guard.h"

#include <event2/buffer.h>

bool endpoint_is_get(const struct exchange *x)
{
	return str_eq(x->req->method, STR("GET")) || str_eq(x->req->method, STR("HEAD"));
}

bool endpoint_is_post(const struct exchange *x)
{
	return str_eq(x->req->method, STR("POST"));
}

struct str endpoint_form(struct exchange *x)
{
	size_t len = evbuffer_get_length(x->req->body);

	if (endpoint_is_get(x))
		return x->target.query;
	return (struct str){len ? (const char *)evbuffer_pullup(x->req->body, -1) : "", len};
}

bool endpoint_has_form(const struct exchange *x)
{
	struct str rest = guard_single_field(x->req, FIELD_CONTENT_TYPE), type;

	if (x->req->content_length == 0)
		return true;
	return str_next(&rest, ';', &type) &&
	       str_eq_nocase(str_trim(type), STR("application/x-www-form-urlencoded"));
}

void endpoint_next(struct exchange *x, struct sbuf *out)
{
	struct sbuf next;

	sbuf_init(&next, RESPOND_FIELD_MAX);
	if (!form_get(endpoint_form(x), "next", &next))
		sbuf_reset(&next);
	respond_return_path(x, sbuf_str(&next), out);
	sbuf_clear(&next);
}

bool endpoint_is_cross_site(struct exchange *x, bool has_session)
{
	enum guard_origin from = guard_origin_of(x->req, x->origin);

	if (from == ORIGIN_SAME || (from == ORIGIN_UNKNOWN && !has_session))
		return false;
	respond_fault(x, FAULT_CROSS_ORIGIN, NULL);
	return true;
}
