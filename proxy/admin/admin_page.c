/* The admin listener's pages: who asks, and which page answers. */
#include "proxy/admin/admin_page_int.h"

#include "base/text/params.h"
#include "base/rnd.h"
#include "proxy/guard/client_address.h"
#include "proxy/http/form.h"
#include "proxy/guard/guard.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>

enum need {
	NEED_NOBODY,  /* who it is is not asked */
	NEED_WHOEVER, /* who it is, or nobody */
	NEED_SESSION,
};

struct admin_row {
	const char *method, *path; /* {id} stands for a token's id, {file} for any segment */
	void (*serve)(struct admin_call *call);
	enum need need;
};

static const struct admin_row rows[] = {
	{"GET", "/", admin_home, NEED_NOBODY},
	{"GET", "/tokens", admin_list, NEED_SESSION},
	{"POST", "/tokens", admin_create, NEED_SESSION},
	{"GET", "/tokens/{id}", admin_show, NEED_SESSION},
	{"POST", "/tokens/{id}/revoke", admin_revoke, NEED_SESSION},
	{"POST", "/tokens/{id}/disable", admin_disable, NEED_SESSION},
	{"POST", "/tokens/{id}/enable", admin_enable, NEED_SESSION},
	{"GET", "/_gate/login", admin_login_page, NEED_NOBODY},
	{"POST", "/_gate/login", admin_sign_in, NEED_NOBODY},
	{"GET", "/_gate/callback", admin_callback, NEED_NOBODY},
	{"GET", "/_gate/logout", admin_logout_page, NEED_WHOEVER},
	{"POST", "/_gate/logout", admin_sign_out, NEED_WHOEVER},
	{"GET", "/_gate/static/{file}", admin_static, NEED_NOBODY},
};

struct admin_pages *admin_pages_new(struct auth_service *service, struct auth *auth,
	struct metrics *metrics, const struct thread_shared *shared, unsigned port)
{
	struct admin_pages *pages = mem_alloc(1, sizeof *pages);

	*pages = (struct admin_pages){service, auth, metrics, shared, port, 0};
	rnd_bytes(&pages->next_id, sizeof pages->next_id);
	return pages;
}

void admin_pages_free(struct admin_pages *pages)
{
	free(pages);
}

/* --- what is in a request --- */

bool admin_is_get(const struct admin_call *call)
{
	return str_eq(call->req->method, STR("GET")) || str_eq(call->req->method, STR("HEAD"));
}

size_t admin_cookies(const struct admin_call *call, struct str *out)
{
	const struct front_request *req = call->req;
	size_t count = 0;

	for (size_t i = 0; i < req->fields_count && count < ADMIN_COOKIES; i++) {
		if (str_eq_nocase(req->fields[i].name, STR("cookie")))
			out[count++] = req->fields[i].value;
	}
	return count;
}

struct str admin_form(struct admin_call *call)
{
	size_t len = evbuffer_get_length(call->req->body);

	if (admin_is_get(call))
		return call->target.query.at ? call->target.query : STR("");
	return (struct str){len ? (const char *)evbuffer_pullup(call->req->body, -1) : "", len};
}

bool admin_field(struct admin_call *call, const char *name, char *out, size_t size)
{
	struct sbuf value;
	enum params_found found;
	bool fits = true;

	sbuf_init_secret(&value, size); /* it may be a token */
	found = params_get(admin_form(call), name, &value);
	if (found == PARAMS_FOUND)
		fits = str_copy(str_trim(sbuf_str(&value)), out, size);
	else
		out[0] = '\0';
	sbuf_clear(&value);
	return found != PARAMS_BAD && fits;
}

void admin_return_path(const struct admin_call *call, struct str path, struct sbuf *out)
{
	const char *base = call->conf->admin.base;
	struct target target;

	sbuf_reset(out);
	if (form_is_return_path(path) && target_parse(path, &target, NULL) == 0 &&
		str_starts(path, str_of(base)) &&
		str_starts(str_from(path, strlen(base)), STR("/tokens")))
		sbuf_add_str(out, path);
	else
		sbuf_printf(out, "%s/tokens", base);
}

struct page_view admin_view(const struct admin_call *call)
{
	return (struct page_view){.base = call->conf->admin.base,
		.who = call->who,
		.request_id = call->request_id,
		.site = AUTH_SITE_ADMIN,
		.form_token = call->form_token[0] ? call->form_token : NULL};
}

/* --- forms --- */

static bool has_form(const struct admin_call *call)
{
	struct str rest = guard_single_field(call->req, FIELD_CONTENT_TYPE), type;

	if (call->req->content_length == 0)
		return true;
	return str_next(&rest, ';', &type) &&
	       str_eq_nocase(str_trim(type), STR("application/x-www-form-urlencoded"));
}

/* FAULT_NONE: a page of this origin has sent it. Here a browser that does not say so is refused as
 * well: only people use these forms (S0). */
static enum fault check_post(struct admin_call *call)
{
	struct str origin = guard_single_field(call->req, FIELD_ORIGIN);

	if (!str_eq(origin, str_of(call->conf->admin.origin)) ||
		guard_origin_of(call->req, call->conf->admin.origin) != ORIGIN_SAME)
		return FAULT_CROSS_ORIGIN;
	if (call->req->content_length > ADMIN_FORM_MAX)
		return FAULT_BODY_TOO_LARGE;
	return has_form(call) ? FAULT_NONE : FAULT_BAD_REQUEST;
}

static void on_held(void *arg)
{
	struct admin_call *call = arg;

	call->waits = false;
	call->then(call);
}

static void on_content_fault(void *arg, enum fault fault)
{
	struct admin_call *call = arg;

	call->waits = false;
	admin_fault(call, fault, NULL);
}

/* Goes on with `then` when the form that was sent is whole. */
static void take_form(struct admin_call *call, void (*then)(struct admin_call *call))
{
	const struct thread_shared *shared = call->pages->shared;

	if (call->req->content_length == 0 || admin_is_get(call)) {
		then(call);
		return;
	}
	call->then = then;
	enum fault fault = front_content_hold(
		call->req, ADMIN_FORM_MAX, call->who ? shared->memory : shared->strangers);
	call->waits = fault == FAULT_NONE;
	if (!call->waits)
		admin_fault(call, fault, NULL);
}

static void serve_row(struct admin_call *call)
{
	call->row->serve(call);
}

static bool is_own_form(struct admin_call *call, const struct str *cookies, size_t count)
{
	char given[AUTH_FORM_TOKEN + 1];

	return admin_field(call, "form", given, sizeof given) &&
	       auth_is_form_token(call->pages->auth, cookies, count, str_of(given));
}

/* --- who asks --- */

static bool is_cross_site(const struct admin_call *call)
{
	return str_eq(guard_single_field(call->req, FIELD_SEC_FETCH_SITE), STR("cross-site"));
}

static void refuse_stranger(struct admin_call *call)
{
	struct sbuf location;

	if (!guard_is_navigation(call->req)) {
		admin_fault(call, FAULT_UNAUTHENTICATED, NULL);
		return;
	}
	/* Over a link of another site browsers keep the Strict cookie back: once more from here. */
	if (is_cross_site(call)) {
		admin_onward(call, "One moment", call->req->target, NULL);
		return;
	}
	sbuf_init(&location, ADMIN_FIELD_MAX);
	sbuf_printf(&location, "%s/_gate/login?next=", call->conf->admin.base);
	sbuf_urlencode(&location, call->req->target);
	admin_redirect(call, 302, sbuf_str(&location), NULL);
	sbuf_clear(&location);
}

static void serve_form(struct admin_call *call)
{
	struct str cookies[ADMIN_COOKIES];
	size_t count = admin_cookies(call, cookies);

	if (!admin_is_get(call) && !is_own_form(call, cookies, count))
		admin_fault(call, FAULT_CROSS_ORIGIN, "The form is of another session.");
	else
		call->row->serve(call);
}

static void serve_signed_in(struct admin_call *call)
{
	struct str cookies[ADMIN_COOKIES];
	size_t count = admin_cookies(call, cookies);

	if (!auth_form_token(call->pages->auth, cookies, count, call->form_token))
		admin_fault(call, FAULT_UNAUTHENTICATED, NULL);
	else if (call->who->role == ROLE_NONE && call->row->need == NEED_SESSION)
		admin_fault(call, FAULT_NO_ROLE, NULL);
	else
		take_form(call, serve_form);
}

static void on_identity(void *arg, struct auth_result result)
{
	struct admin_call *call = arg;

	call->who = result.who;
	if (call->req == NULL)
		admin_drop(call);
	else if (result.status == AUTH_OK)
		serve_signed_in(call);
	else if (result.status == AUTH_UNAVAILABLE)
		admin_fault(call, FAULT_STORE_DOWN, NULL);
	else if (call->row->need == NEED_WHOEVER)
		take_form(call, serve_row);
	else
		refuse_stranger(call);
}

/* By this site's cookie only: with a bearer token one uses the API. */
static void identify(struct admin_call *call)
{
	struct str cookies[ADMIN_COOKIES];
	struct auth_request question = {.cookies = cookies,
		.cookies_count = admin_cookies(call, cookies),
		.client = str_of(call->client)};
	struct auth_result result = auth_check(call->pages->auth, &question, on_identity, call);

	if (result.status != AUTH_LATER)
		on_identity(call, result);
}

/* --- what is asked --- */

static bool read_id(struct str text, char id[static ADMIN_ID])
{
	for (size_t i = 0; i < text.len; i++) {
		if (strchr("0123456789abcdef", text.at[i]) == NULL)
			return false;
	}
	return text.len == TOKEN_ID_LEN && str_copy(text, id, ADMIN_ID);
}

static bool is_path_of(const struct admin_row *row, struct str path, char id[static ADMIN_ID])
{
	struct str rest = str_of(row->path), want, have;

	while (str_next(&rest, '/', &want)) {
		if (!str_next(&path, '/', &have))
			return false;
		if (str_eq(want, STR("{id}")) ? !read_id(have, id)
					      : !str_eq(want, STR("{file}")) && !str_eq(want, have))
			return false;
	}
	return !str_next(&path, '/', &have);
}

static enum fault find_row(struct admin_call *call)
{
	struct str method = call->req->method, base = str_of(call->conf->admin.base);
	enum fault fault = FAULT_NOT_FOUND;

	if (str_eq(method, STR("HEAD")))
		method = STR("GET");
	if (!str_starts(call->target.path, base))
		return fault;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!is_path_of(&rows[i], str_from(call->target.path, base.len), call->id))
			continue;
		if (str_eq(method, str_of(rows[i].method))) {
			call->row = &rows[i];
			return FAULT_NONE;
		}
		fault = FAULT_METHOD;
	}
	return fault;
}

/* S0, S5: only what a browser holds for this origin; a name that somebody rebinds to our address is
 * none of it. */
static enum fault check(struct admin_call *call)
{
	struct str label;
	struct err err = {""};
	enum fault fault = guard_check(
		&call->conf->admin, call->pages->port, call->req, &label, &call->target, &err);

	if (fault == FAULT_NONE && guard_is_foreign(call->req))
		fault = FAULT_CROSS_ORIGIN;
	if (fault == FAULT_NONE)
		fault = find_row(call);
	if (fault == FAULT_NONE && !admin_is_get(call))
		fault = check_post(call);
	return fault;
}

/* Another loopback name than the configured one: cookies and forms are of that one. */
static bool is_elsewhere(const struct admin_call *call)
{
	char authority[272];

	url_authority(&call->conf->admin.public_url, true, authority);
	return guard_is_navigation(call->req) &&
	       !str_eq_nocase(guard_single_field(call->req, FIELD_HOST), str_of(authority));
}

static void redirect_home(struct admin_call *call)
{
	struct sbuf location;

	sbuf_init(&location, ADMIN_FIELD_MAX);
	sbuf_puts(&location, call->conf->admin.origin);
	sbuf_add_str(&location, call->req->target);
	admin_redirect(call, 307, sbuf_str(&location), NULL);
	sbuf_clear(&location);
}

static void on_closed(void *arg)
{
	struct admin_call *call = arg;

	call->req = NULL; /* who it was comes later, and frees the call */
	if (call->waits)
		admin_drop(call);
}

static const struct front_handler handler = {
	.on_closed = on_closed, .on_held = on_held, .on_content_fault = on_content_fault};

void admin_pages_serve(struct admin_pages *pages, struct front_request *req)
{
	struct admin_call *call = mem_alloc(1, sizeof *call);

	call->pages = pages;
	call->req = req;
	call->conf = conf_share(auth_service_conf(pages->service));
	snprintf(call->request_id, sizeof call->request_id, "%016llx",
		(unsigned long long)pages->next_id++);
	client_address_of(call->conf, req, call->client);
	front_set_handler(req, &handler, call);
	enum fault fault = check(call);
	if (fault != FAULT_NONE)
		admin_fault(call, fault, NULL);
	else if (is_elsewhere(call))
		redirect_home(call);
	else if (call->row->need == NEED_NOBODY)
		take_form(call, serve_row);
	else
		identify(call);
}
