/* The token API: who asks, which row of its table answers, and how. */
#include "proxy/admin/api_int.h"

#include "base/text/json_text.h"
#include "auth/token/token_manager.h"
#include "base/text/params.h"
#include "base/rnd.h"
#include "base/text/url.h"
#include "proxy/guard/guard.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>

enum { CREDENTIALS = 4, CONTENT_MAX = 4 * 1024 * 1024 };

struct api_row {
	const char *method, *path; /* {id} stands for one segment */
	void (*serve)(struct api_call *call);
	bool has_body, is_public;
};

static const struct api_row rows[] = {
	{"GET", "/api/v1/openapi.json", api_describe, false, true},
	{"GET", "/api/v1/tokens", api_list, false, false},
	{"POST", "/api/v1/tokens", api_create, true, false},
	{"POST", "/api/v1/tokens/revoke", api_revoke_many, true, false},
	{"GET", "/api/v1/tokens/{id}", api_show, false, false},
	{"DELETE", "/api/v1/tokens/{id}", api_revoke, false, false},
	{"POST", "/api/v1/tokens/{id}/disable", api_disable, false, false},
	{"POST", "/api/v1/tokens/{id}/enable", api_enable, false, false},
};

struct api *api_new(struct auth_service *service, struct auth *auth, struct budget *memory)
{
	struct api *api = mem_alloc(1, sizeof *api);

	api->service = service;
	api->auth = auth;
	api->memory = memory;
	rnd_bytes(&api->next_id, sizeof api->next_id);
	return api;
}

void api_free(struct api *api)
{
	free(api);
}

bool api_is_path(struct str target)
{
	return str_starts(target, STR("/api/"));
}

static bool read_id(struct str text, char id[static API_ID_MAX])
{
	for (size_t i = 0; i < text.len; i++) {
		if (strchr("0123456789abcdef", text.at[i]) == NULL)
			return false;
	}
	return text.len == API_ID_LEN && str_copy(text, id, API_ID_MAX);
}

/* True when the path is the row's; the segment at {id} goes to `id`. */
static bool is_path_of(const struct api_row *row, struct str path, char id[static API_ID_MAX])
{
	struct str rest = str_of(row->path), want, have;

	id[0] = '\0';
	while (str_next(&rest, '/', &want)) {
		if (!str_next(&path, '/', &have))
			return false;
		if (str_eq(want, STR("{id}")) ? !read_id(have, id) : !str_eq(want, have))
			return false;
	}
	return !str_next(&path, '/', &have);
}

/* --- answers --- */

static void call_free(struct api_call *call)
{
	identity_unref(call->who);
	json_decref(call->body);
	free(call->query);
	free(call);
}

/* RFC 9110 §15.5.6: what this path does take. */
static void add_allow(struct sbuf *fields, struct str path)
{
	char id[API_ID_MAX];
	const char *sign = "Allow: ";

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!is_path_of(&rows[i], path, id))
			continue;
		sbuf_printf(fields, "%s%s", sign, rows[i].method);
		sign = ", ";
	}
	sbuf_puts(fields, "\r\n");
}

static void add_fields(struct sbuf *fields, const struct api_call *call, int status)
{
	/* RFC 6750 §3.1: no error code for who has shown no token. */
	const char *error = status == 403	  ? ", error=\"insufficient_scope\""
			    : call->has_bad_token ? ", error=\"invalid_token\""
						  : "";

	if (status == 401 || status == 403)
		sbuf_printf(fields, "WWW-Authenticate: Bearer realm=\"sparkgate\"%s\r\n", error);
	if (status == 405)
		add_allow(fields, call->path);
	if (status == 503)
		sbuf_puts(fields, "Retry-After: 5\r\n");
}

static void send_answer(struct api_call *call, int status, const char *type, const char *text)
{
	struct front_request *req = call->req;
	struct str content = str_of(text ? text : "");
	struct sbuf fields;

	sbuf_init(&fields, 1024);
	if (text)
		sbuf_printf(&fields, "Content-Type: %s\r\n", type);
	sbuf_printf(&fields,
		"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: "
		"%s\r\n",
		call->request_id);
	add_fields(&fields, call, status);
	front_reply_wiped(req);
	front_reply_head(req, status, &fields, text ? (int64_t)content.len : -1, text == NULL);
	front_reply_text(req, content);
	sbuf_clear(&fields);
	front_reply_end(req);
}

static void finish(struct api_call *call, int status, const char *type, json_t *json)
{
	char *text = json_text(json);

	if (call->req)
		send_answer(call, status, type, text);
	secret_free(text); /* a new token's is in it */
	json_decref(json);
	call_free(call);
}

void api_answer(struct api_call *call, int status, json_t *json)
{
	finish(call, status, "application/json", json);
}

static const char *title_of(int status)
{
	static const struct {
		int status;
		const char *title;
	} titles[] = {{400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"},
		{404, "Not Found"}, {405, "Method Not Allowed"}, {409, "Conflict"},
		{413, "Content Too Large"}, {415, "Unsupported Media Type"},
		{503, "Service Unavailable"}};

	for (size_t i = 0; i < ARRAY_LEN(titles); i++) {
		if (titles[i].status == status)
			return titles[i].title;
	}
	return "Error";
}

static json_t *problem_json(const struct api_call *call, int status, const char *detail)
{
	return json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", "about:blank", "title",
		title_of(status), "status", status, "detail", detail, "request_id",
		call->request_id);
}

void api_problem(struct api_call *call, int status, const char *detail)
{
	finish(call, status, "application/problem+json", problem_json(call, status, detail));
}

void api_gone(struct api_call *call, const char *detail, json_t *token)
{
	json_t *json = problem_json(call, 404, detail);

	json_object_set_new(json, "token", token);
	finish(call, 404, "application/problem+json", json);
}

bool api_parameter(
	const struct api_call *call, const char *name, char *out, size_t size, bool *is_bad)
{
	struct sbuf value;
	bool is_found = false;

	sbuf_init(&value, size);
	switch (params_get(str_of(call->query), name, &value)) {
	case PARAMS_FOUND:
		is_found = str_copy(sbuf_str(&value), out, size);
		*is_bad |= !is_found;
		break;
	case PARAMS_BAD:
		*is_bad = true;
		break;
	case PARAMS_ABSENT:
		break;
	}
	sbuf_clear(&value);
	return is_found;
}

static const char *fault_of(int status)
{
	static const struct {
		int status;
		const char *detail;
	} details[] = {
		{400, "the address can be read in two ways, or the body is not one JSON object"},
		{404, "there is nothing at this path"}, {405, "this method is not used here"},
		{413, "the body is larger than 64 KiB"},
		{415, "the body has to be application/json"}};

	for (size_t i = 0; i < ARRAY_LEN(details); i++) {
		if (details[i].status == status)
			return details[i].detail;
	}
	return "";
}

/* --- what was sent, once it is known that its sender may --- */

/* 0, or the status of what is wrong with it. */
static int read_body(struct api_call *call)
{
	size_t len = evbuffer_get_length(call->req->body);

	/* U+0000 is no mistake of the body's form: who reads the text says what is wrong with it.
	 */
	call->body = json_loadb(len ? (const char *)evbuffer_pullup(call->req->body, -1) : "", len,
		JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	return json_is_object(call->body) ? 0 : 400;
}

static void serve_held(struct api_call *call)
{
	int status = read_body(call);

	if (status)
		api_problem(call, status, fault_of(status));
	else
		call->row->serve(call);
}

static void on_held(void *arg)
{
	struct api_call *call = arg;

	call->waits = false;
	serve_held(call);
}

static void on_content_fault(void *arg, enum fault fault)
{
	struct api_call *call = arg;
	int status = fault_row(fault)->status;

	call->waits = false;
	api_problem(call, status, status == 413 ? fault_of(413) : fault_row(fault)->sentence);
}

static void take_body(struct api_call *call)
{
	if (call->req == NULL) { /* its client left while it was asked who that is */
		call_free(call);
		return;
	}
	struct str type = guard_single_field(call->req, FIELD_CONTENT_TYPE);
	if (call->req->content_length > API_BODY_MAX) {
		api_problem(call, 413, fault_of(413));
	} else if (!str_starts_nocase(type, STR("application/json"))) {
		api_problem(call, 415, fault_of(415));
	} else if (call->req->content_length == 0) {
		serve_held(call);
	} else {
		enum fault fault = front_content_hold(call->req, API_BODY_MAX, call->api->memory);
		call->waits = fault == FAULT_NONE;
		if (!call->waits)
			on_content_fault(call, fault);
	}
}

/* --- who asks --- */

/* Who may not is told no more than that. */
static void serve(struct api_call *call)
{
	const char *why = token_manager_why_not(auth_service_tokens(call->api->service), call->who);

	if (why)
		api_problem(call, 403, why);
	else if (call->row->has_body)
		take_body(call);
	else
		call->row->serve(call);
}

static void on_identity(void *arg, struct auth_result result)
{
	struct api_call *call = arg;

	call->who = result.who;
	switch (result.status) {
	case AUTH_OK:
		serve(call);
		return;
	case AUTH_ABSENT:
		api_problem(call, 401, "a bearer token is needed");
		return;
	case AUTH_MALFORMED:
		api_problem(call, 400, result.reason);
		return;
	case AUTH_UNAVAILABLE:
		api_problem(call, 503, result.reason);
		return;
	default:
		call->has_bad_token = true;
		api_problem(call, 401, result.reason);
	}
}

/* Only by header: a cookie would be sent by whatever page a browser is on (S35). */
static void identify(struct api_call *call)
{
	struct str authorization[CREDENTIALS];
	struct front_request *req = call->req;
	struct auth_request question = {.authorization = authorization,
		.query = str_of(call->query),
		.client = str_of(req->peer_text)};

	for (size_t i = 0; i < req->fields_count; i++) {
		if (str_eq_nocase(req->fields[i].name, STR("authorization")) &&
			question.authorization_count < CREDENTIALS)
			authorization[question.authorization_count++] = req->fields[i].value;
	}
	struct auth_result result = auth_check(call->api->auth, &question, on_identity, call);
	if (result.status != AUTH_LATER)
		on_identity(call, result);
}

static void on_closed(void *arg)
{
	struct api_call *call = arg;

	call->req = NULL; /* who it was comes later, and frees the call */
	if (call->waits)
		call_free(call);
}

static const struct front_handler handler = {
	.on_closed = on_closed, .on_held = on_held, .on_content_fault = on_content_fault};

/* --- what is asked --- */

/* 0: found; else the status that says why not. */
static int find_row(struct api_call *call, struct str path)
{
	int status = 404;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!is_path_of(&rows[i], path, call->id))
			continue;
		if (str_eq(call->req->method, str_of(rows[i].method))) {
			call->row = &rows[i];
			return 0;
		}
		status = 405;
	}
	return status;
}

static int read_request(struct api_call *call)
{
	struct target target;

	if (target_parse(call->req->target, &target, NULL) == -1)
		return 400;
	call->path = target.path;
	call->query = mem_strndup(target.query.at ? target.query.at : "", target.query.len);
	return find_row(call, target.path);
}

void api_serve(struct api *api, struct front_request *req)
{
	struct api_call *call = mem_alloc(1, sizeof *call);

	call->api = api;
	call->req = req;
	snprintf(call->request_id, sizeof call->request_id, "%016llx",
		(unsigned long long)api->next_id++);
	front_set_handler(req, &handler, call);
	int status = read_request(call);
	if (status != 0) {
		api_problem(call, status, fault_of(status));
		return;
	}
	if (call->row->is_public)
		call->row->serve(call);
	else
		identify(call);
}
