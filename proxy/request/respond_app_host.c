/* Redirects between the public host and the host of one application (S0). */
#include "proxy/request/respond.h"

#include "auth/session/app_pass.h"

const char respond_private_fields[] = "Referrer-Policy: no-referrer\r\n";

void respond_lead(struct exchange *x, const char *origin, struct str path, const char *fields)
{
	struct sbuf location;

	sbuf_init_secret(&location, RESPOND_FIELD_MAX);
	sbuf_puts(&location, origin);
	sbuf_add_str(&location, path);
	respond_redirect(x, 302, sbuf_str(&location), fields);
	sbuf_clear(&location);
}

/* Too long a path does not fit the code: then to where an application would begin by it, whether
 * there is one or not (S44): "<base>/<cluster>/proxy/<id>/". */
static struct str start_of(const struct exchange *x)
{
	struct str path = x->target.path;
	size_t len = strlen(x->conf->server.base) + 1;

	for (int segments = 0; segments < 3 && len < path.len; segments++) {
		ptrdiff_t slash = str_find_byte(str_from(path, len), '/');
		len += slash == -1 ? path.len : (size_t)slash + 1;
	}
	return len <= path.len && len <= APP_PATH_MAX ? (struct str){path.at, len} : STR("/");
}

static void write_question(struct exchange *x, const char *digest, struct sbuf *out)
{
	struct str path = x->req->target;

	sbuf_printf(out, "%s/_gate/hand-over?for=%s&to=", x->conf->server.base, digest);
	sbuf_urlencode(out, path.len > APP_PATH_MAX ? start_of(x) : path);
}

void respond_ask_hand_over(struct exchange *x)
{
	struct str cookies[EXCHANGE_COOKIES];
	size_t count = exchange_cookies(x, cookies);
	char digest[APP_ENTRY_LEN + 1];
	struct sbuf path, fields;

	char *cookie = app_pass_entry_new(&x->conf->server.public_url, cookies, count, digest);
	sbuf_init_secret(&path, RESPOND_FIELD_MAX);
	sbuf_init_secret(&fields, RESPOND_FIELD_MAX);
	write_question(x, digest, &path);
	sbuf_printf(&fields, "%sSet-Cookie: %s\r\n", respond_private_fields, cookie);
	respond_lead(x, x->conf->server.origin, sbuf_str(&path), fields.at);
	sbuf_clear(&fields);
	sbuf_clear(&path);
	secret_free(cookie);
}

void respond_lead_home(struct exchange *x)
{
	respond_lead(x, x->conf->server.origin, x->req->target, respond_private_fields);
}
