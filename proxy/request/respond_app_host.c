/* Redirects between the public host and the host of one application (S0). */
#include "proxy/request/respond.h"

#include "auth/session/app_pass.h"

const char respond_private_fields[] = "Referrer-Policy: no-referrer\r\n";

/* Too long a path does not fit the code: then to where an application would begin by it, whether
 * there is one or not (S44): "<base>/<cluster>/proxy/<id>/". */
static struct str start_of(const struct exchange *x)
{
	struct str path = x->web.target.path;
	size_t len = strlen(x->web.conf->server.base) + 1;

	for (int segments = 0; segments < 3 && len < path.len; segments++) {
		ptrdiff_t slash = str_find_byte(str_from(path, len), '/');
		len += slash == -1 ? path.len : (size_t)slash + 1;
	}
	return len <= path.len && len <= APP_PATH_MAX ? (struct str){path.at, len} : STR("/");
}

static void write_question(struct exchange *x, const char *digest, struct sbuf *out)
{
	struct str path = x->web.req->target;

	sbuf_printf(out, "%s/_gate/hand-over?for=%s&to=", x->web.conf->server.base, digest);
	sbuf_urlencode(out, path.len > APP_PATH_MAX ? start_of(x) : path);
}

void respond_ask_hand_over(struct exchange *x)
{
	struct str cookies[WEB_COOKIES];
	size_t count = web_cookies(&x->web, cookies);
	char digest[APP_ENTRY_LEN + 1];
	struct sbuf path, fields;

	char *cookie = app_pass_entry_new(&x->web.conf->server.public_url, cookies, count, digest);
	sbuf_init_secret(&path, WEB_FIELD_MAX);
	sbuf_init_secret(&fields, WEB_FIELD_MAX);
	write_question(x, digest, &path);
	sbuf_printf(&fields, "%sSet-Cookie: %s\r\n", respond_private_fields, cookie);
	web_redirect_to(&x->web, 302, x->web.conf->server.origin, sbuf_str(&path), fields.at);
	sbuf_clear(&fields);
	sbuf_clear(&path);
	secret_free(cookie);
}

void respond_lead_home(struct exchange *x)
{
	web_redirect_to(&x->web, 302, x->web.conf->server.origin, x->web.req->target,
		respond_private_fields);
}
