/* The token API's operations on tokens. */
#include "proxy/admin/api.h"

#include "auth/policy/scope_doubt.h"
#include "auth/token/issue.h"
#include "auth/token/token_json.h"
#include "base/clock.h"
#include "conf/values/values_units.h"
#include "proxy/admin/asked_fields.h"
#include "proxy/admin/token_cursor.h"

#include <stdio.h>
#include <stdlib.h>

enum { BATCH_MAX = 100 /* ids */ };

/* --- the list --- */

static json_t *api_cursor_of(const struct store_token *last)
{
	char text[TOKEN_CURSOR_MAX];

	token_cursor_write(last, text);
	return json_string(text);
}

struct listing {
	json_t *tokens;
	struct store_token last;
};

static void api_add_to_list(void *arg, const struct store_token *token)
{
	struct listing *listing = arg;

	json_array_append_new(listing->tokens, token_json(token));
	listing->last = *token;
}

/* Gives a reason when a parameter is none of ours to understand, else NULL. */
static const char *api_read_list_query(
	struct web_call *call, struct store_token_query *query, char *user, char *text, size_t size)
{
	bool is_bad = false;

	if (api_parameter(call, "user", user, STORE_SUBJECT, &is_bad))
		query->subject = user;
	if (query->subject &&
		(user[0] == '\0' || str_count_chars(str_of(user)) > STORE_SUBJECT_CHARS))
		return "user: expected a name of 1 to 255 characters";
	if (api_parameter(call, "active", text, size, &is_bad)) {
		if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
			return "active: expected true or false";
		query->alive_at = text[0] == 't' ? clock_wall_s() : 0;
	}
	if (api_parameter(call, "limit", text, size, &is_bad)) {
		query->limit = asked_limit(text, STORE_PAGE);
		if (query->limit == 0)
			return "limit: expected 1 to 100";
	}
	if (api_parameter(call, "cursor", text, size, &is_bad) && !token_cursor_read(text, query))
		return "cursor: expected the next_cursor of the last page";
	return is_bad ? "a parameter is malformed, too long or given twice" : NULL;
}

void api_list(struct web_call *call)
{
	struct listing listing = {.tokens = json_array()};
	struct store_token_query query = {.limit = STORE_PAGE};
	char user[STORE_SUBJECT], text[TOKEN_CURSOR_MAX];
	const char *fault = api_read_list_query(call, &query, user, text, sizeof text);
	int count = 0;

	enum token_outcome outcome = fault ? TOKEN_INVALID
					   : token_manager_list(admin_token_rules(call), call->who,
						     &query, api_add_to_list, &listing, &count);
	if (outcome != TOKEN_DONE) {
		json_decref(listing.tokens);
		admin_refuse(call, outcome, fault ? fault : "");
		return;
	}
	json_t *json = json_pack("{s:o, s:n}", "tokens", listing.tokens, "next_cursor");
	if ((size_t)count == query.limit)
		json_object_set_new(json, "next_cursor", api_cursor_of(&listing.last));
	api_answer(call, 200, json);
}

/* --- making --- */

/* Text, or absent or null (then NULL). False: something else. */
static bool get_text(const json_t *body, const char *name, const char **out)
{
	const json_t *member = json_object_get(body, name);

	*out = json_string_value(member);
	return member == NULL || json_is_null(member) ||
	       (*out && strlen(*out) == json_string_length(member));
}

/* To a schema 3600.0 is an integer as well. -1: it is none, or too large for one. */
static int64_t read_seconds(const json_t *number)
{
	double value = json_number_value(number);

	if (json_is_integer(number))
		return json_integer_value(number);
	return value >= 0 && value < 1e12 && value == (double)(int64_t)value ? (int64_t)value : -1;
}

/* Seconds as a number, or whole ones such as "12h": what api_describe.c says of it. */
static bool get_ttl(const json_t *body, const char *name, int64_t *out)
{
	const json_t *member = json_object_get(body, name);
	const char *text = json_string_value(member);
	int64_t ms = 0;

	*out = 0;
	if (member == NULL || json_is_null(member))
		return true;
	if (json_is_number(member)) {
		*out = read_seconds(member);
		return *out > 0;
	}
	if (text == NULL || text[0] == '0' || str_ends(str_of(text), STR("ms")) ||
		strlen(text) != json_string_length(member) ||
		values_parse_duration(text, &ms) == -1)
		return false;
	*out = ms / 1000;
	return true;
}

/* 0 seconds: no refresh token at all. */
static bool get_refresh_ttl(const json_t *body, int64_t *out)
{
	const json_t *member = json_object_get(body, "refresh_ttl");

	if (json_is_number(member) && read_seconds(member) == 0) {
		*out = -1;
		return true;
	}
	return get_ttl(body, "refresh_ttl", out);
}

static const char *api_read_role(const json_t *body, enum role *role)
{
	const char *type;

	if (!get_text(body, "token_type", &type))
		return "token_type: expected admin or user";
	*role = type && strcmp(type, role_name(ROLE_ADMIN)) == 0 ? ROLE_ADMIN : ROLE_USER;
	if (type && strcmp(type, role_name(*role)) != 0)
		return "token_type: expected admin or user";
	return NULL;
}

static const char *check_members(json_t *body)
{
	static const char *const known[] = {
		"client_name", "user", "token_type", "access_ttl", "refresh_ttl", "scope", "note"};
	void *iter = json_object_iter(body);

	for (; iter; iter = json_object_iter_next(body, iter)) {
		bool is_known = false;
		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			is_known |= strcmp(json_object_iter_key(iter), known[i]) == 0;
		if (!is_known)
			return "the content has an unknown member: expected client_name, "
			       "user, token_type, access_ttl, refresh_ttl, scope, note";
	}
	return NULL;
}

static const char *read_create_body(json_t *body, struct token_request *request)
{
	const char *fault = check_members(body);

	if (fault)
		return fault;
	if (!get_text(body, "client_name", &request->client_name) || request->client_name == NULL)
		return "client_name: expected a text";
	if (!get_text(body, "user", &request->user))
		return "user: expected a text";
	if (!get_text(body, "note", &request->note))
		return "note: expected a text";
	if (!get_text(body, "scope", &request->scope))
		return "scope: expected a text";
	if (!get_ttl(body, "access_ttl", &request->access_ttl))
		return "access_ttl: expected seconds or a duration such as 12h";
	if (!get_refresh_ttl(body, &request->refresh_ttl))
		return "refresh_ttl: expected seconds, 0 for none, or a duration such as 7d";
	return api_read_role(body, &request->role);
}

void api_create(struct web_call *call)
{
	struct token_request request = {.client_name = NULL};
	const char *fault = read_create_body(admin_call_of(call)->body, &request);
	struct store_token record;
	struct err err = {""};
	struct token_secrets secrets;

	enum token_outcome outcome = fault ? TOKEN_INVALID
					   : token_manager_create(admin_token_rules(call),
						     call->who, &request, &record, &secrets, &err);
	if (outcome != TOKEN_DONE) {
		admin_refuse(call, outcome, fault ? fault : err.text);
		return;
	}
	json_t *json = token_json_new(&record, &secrets);
	char *doubt = scope_doubt(call->conf, call->who, str_of(record.scope));
	token_secrets_clear(&secrets);
	if (doubt)
		json_object_set_new(json, "warnings", json_pack("[s]", doubt));
	free(doubt);
	api_answer(call, 201, json);
}

/* --- one of them --- */

void api_show(struct web_call *call)
{
	struct store_token token;
	enum token_outcome outcome = token_manager_get(
		admin_token_rules(call), call->who, str_of(call->token_id), &token);

	if (outcome != TOKEN_DONE)
		admin_refuse(call, outcome, "");
	else if (token.state == STATE_REVOKED)
		api_gone(call, "The token is revoked.", token_json(&token));
	else
		api_answer(call, 200, token_json(&token));
}

static void api_change(struct web_call *call, enum token_state state, bool shows)
{
	struct store_token token;
	struct err err = {""};
	char force[8] = "false";
	bool is_bad = false;

	api_parameter(call, "force", force, sizeof force, &is_bad);
	bool is_forced = strcmp(force, "true") == 0;
	if (is_bad || (!is_forced && strcmp(force, "false") != 0)) {
		admin_refuse(call, TOKEN_INVALID, "force: expected true or false");
		return;
	}
	enum token_outcome outcome = token_manager_set_state(admin_token_rules(call), call->who,
		str_of(call->token_id), state, is_forced, &token, &err);

	if (outcome != TOKEN_DONE)
		admin_refuse(call, outcome, err.text);
	else if (shows)
		api_answer(call, 200, token_json(&token));
	else
		api_answer(call, 204, NULL);
}

void api_revoke(struct web_call *call)
{
	api_change(call, STATE_REVOKED, false);
}

void api_disable(struct web_call *call)
{
	api_change(call, STATE_DISABLED, true);
}

void api_enable(struct web_call *call)
{
	api_change(call, STATE_ACTIVE, true);
}

/* --- many of them --- */

static const char *api_check_ids(const json_t *body, const json_t *ids)
{
	if (json_object_size(body) > 1)
		return "the content has an unknown member: expected ids";
	if (!json_is_array(ids) || json_array_size(ids) == 0 || json_array_size(ids) > BATCH_MAX)
		return "ids: expected a list of 1 to 100 IDs";
	for (size_t i = 0; i < json_array_size(ids); i++) {
		if (!json_is_string(json_array_get(ids, i)))
			return "ids: expected texts";
	}
	return NULL;
}

void api_revoke_many(struct web_call *call)
{
	const json_t *ids = json_object_get(admin_call_of(call)->body, "ids");
	const char *fault = api_check_ids(admin_call_of(call)->body, ids);
	json_t *revoked, *refused;

	if (fault) {
		admin_refuse(call, TOKEN_INVALID, fault);
		return;
	}
	revoked = json_array();
	refused = json_array();
	for (size_t i = 0; i < json_array_size(ids); i++) {
		json_t *id = json_array_get(ids, i);
		struct str text = {json_string_value(id), json_string_length(id)};
		struct store_token token;
		struct err err = {""};
		enum token_outcome outcome = token_manager_set_state(admin_token_rules(call),
			call->who, text, STATE_REVOKED, false, &token, &err);
		if (outcome == TOKEN_DONE)
			json_array_append(revoked, id);
		else
			json_array_append_new(
				refused, json_pack("{s:O, s:i}", "id", id, "status",
						 fault_row(admin_fault_of(outcome))->status));
	}
	api_answer(call, 200, json_pack("{s:o, s:o}", "revoked", revoked, "refused", refused));
}
