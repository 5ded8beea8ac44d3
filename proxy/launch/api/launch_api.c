#include "proxy/launch/api/launch_api.h"

#include "base/clock.h"
#include "base/text/json_text.h"
#include "base/text/params.h"
#include "proxy/web/web_fault.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>

enum { PARAMETER_MAX = 256 };

/* --- what came with the request --- */

/* A parameter of the query; "" when absent. False: given twice, broken or too long. */
static bool read_parameter(const struct web_call *call, const char *name, char *out, size_t size)
{
	struct str query = call->target.query.at ? call->target.query : STR("");
	struct sbuf value;
	bool is_good = true;

	out[0] = '\0';
	sbuf_init(&value, size);
	switch (params_get(query, name, &value)) {
	case PARAMS_FOUND:
		is_good = value.len > 0 && str_copy(sbuf_str(&value), out, size);
		break;
	case PARAMS_BAD:
		is_good = false;
		break;
	case PARAMS_ABSENT:
		break;
	}
	sbuf_clear(&value);
	return is_good;
}

static bool is_printable(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < 0x20 || text.at[i] > 0x7e)
			return false;
	}
	return text.len > 0;
}

/* NULL, or what is wrong with it. */
static const char *read_key(const struct web_call *call, char out[static LAUNCH_KEY])
{
	const struct front_request *req = call->req;
	bool is_found = false;

	out[0] = '\0';
	for (size_t i = 0; i < req->fields_count; i++) {
		const struct h1_field *field = &req->fields[i];

		if (!str_eq_nocase(field->name, STR("Idempotency-Key")))
			continue;
		if (is_found || !is_printable(field->value) ||
			!str_copy(field->value, out, LAUNCH_KEY))
			return "Idempotency-Key: expected one key of 1 to 255 printable "
			       "characters.";
		is_found = true;
	}
	return NULL;
}

/* --- asked --- */

static void answer(struct launch_question *question);

static struct launch_question *make_question(struct web_call *call, enum launch_wish wish)
{
	struct launch_question *question = launch_question_new(wish, call->who, answer, call);

	memcpy(question->id, call->token_id, sizeof question->id);
	(void)str_copy(str_of(web_client(call)), question->client, sizeof question->client);
	memcpy(question->request_id, call->id, sizeof question->request_id);
	return question;
}

static void ask(struct web_call *call, struct launch_question *question)
{
	struct launch_home home = call->site->launches(call);

	question->home = home.inbox;
	LIST_INSERT_HEAD(home.questions, question, asked);
	call->site->on_wait(call, WEB_WAIT_STORE);
	home.ask(home.arg, question);
}

static void refuse(struct web_call *call, struct launch_question *question, const char *why)
{
	launch_question_free(question);
	web_fault(call, FAULT_BAD_REQUEST, why);
}

/* --- answered --- */

static void reply_json(struct web_call *call, const struct launch_question *question)
{
	char *text = json_text(question->json);
	const char *id = json_string_value(json_object_get(question->json, "id"));
	bool is_made = question->is_new && id;
	char *location = is_made ? mem_printf("Location: %s/api/v1/applications/%s\r\n",
					   call->site->is_at_root ? "" : call->listen->base, id)
				 : NULL;

	web_reply(call,
		&(struct web_reply){.status = is_made ? 201 : 200,
			.type = "application/json",
			.content = str_of(text),
			.fields = location},
		FAULT_NONE);
	secret_free(text); /* people write secrets into arguments */
	free(location);
}

static void answer(struct launch_question *question)
{
	struct web_call *call = question->arg;

	if (!web_is_there(call)) {
		launch_question_free(question);
		return;
	}
	if (question->fault == FAULT_NONE && question->wish == LAUNCH_ASK_LOG) {
		launch_stream_begin(call, question);
		return;
	}
	if (question->fault != FAULT_NONE)
		web_fault(call, question->fault, question->reason[0] ? question->reason : NULL);
	else
		reply_json(call, question);
	launch_question_free(question);
}

/* --- the rows --- */

void launch_api_profiles(struct web_call *call)
{
	ask(call, make_question(call, LAUNCH_ASK_PROFILES));
}

/* "live", or one state by its name. */
static bool read_states(const char *text, unsigned *out)
{
	enum launch_state state;

	*out = 0;
	if (text[0] == '\0')
		return true;
	if (strcmp(text, "live") == 0) {
		*out = LAUNCH_LIVE;
		return true;
	}
	if (!launch_state_parse(str_of(text), &state))
		return false;
	*out = 1u << state;
	return true;
}

static const char *read_list(const struct web_call *call, struct launch_question *question)
{
	char state[16], owner[16], cursor[64], limit[8];
	uint64_t count = STORE_PAGE;

	if (!read_parameter(call, "state", state, sizeof state) ||
		!read_states(state, &question->states))
		return "state: expected live, queued, starting, running, finished, failed or "
		       "killed.";
	if (!read_parameter(call, "owner", owner, sizeof owner) ||
		(owner[0] && strcmp(owner, "me") != 0 && strcmp(owner, "all") != 0))
		return "owner: expected me or all.";
	question->is_of_all = strcmp(owner, "all") == 0;
	if (!read_parameter(call, "cursor", cursor, sizeof cursor) ||
		(cursor[0] && !store_launch_is_id(str_of(cursor))))
		return "cursor: expected next_cursor of the page before.";
	memcpy(question->before, cursor, cursor[0] ? sizeof question->before : 1);
	if (!read_parameter(call, "limit", limit, sizeof limit) ||
		(limit[0] && !str_to_u64(str_of(limit), &count)) || count < 1 || count > STORE_PAGE)
		return "limit: expected a number from 1 to 100.";
	question->limit = (size_t)count;
	return NULL;
}

void launch_api_list(struct web_call *call)
{
	struct launch_question *question = make_question(call, LAUNCH_ASK_LIST);
	const char *fault = read_list(call, question);

	if (fault)
		refuse(call, question, fault);
	else
		ask(call, question);
}

static json_t *read_body(const struct web_call *call)
{
	size_t len = evbuffer_get_length(call->req->body);
	const char *text = len ? (const char *)evbuffer_pullup(call->req->body, -1) : "";

	return json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
}

void launch_api_create(struct web_call *call)
{
	struct launch_question *question = make_question(call, LAUNCH_ASK_CREATE);
	const char *fault = read_key(call, question->key);

	question->body = read_body(call);
	if (fault == NULL && !json_is_object(question->body))
		fault = "The content must be one JSON object.";
	if (fault)
		refuse(call, question, fault);
	else
		ask(call, question);
}

void launch_api_show(struct web_call *call)
{
	ask(call, make_question(call, LAUNCH_ASK_SHOW));
}

void launch_api_kill(struct web_call *call)
{
	ask(call, make_question(call, LAUNCH_ASK_KILL));
}

void launch_api_restart(struct web_call *call)
{
	struct launch_question *question = make_question(call, LAUNCH_ASK_RESTART);
	const char *fault = read_key(call, question->key);

	if (fault)
		refuse(call, question, fault);
	else
		ask(call, question);
}

static bool is_container(const char *text)
{
	size_t len = strlen(text);

	for (const char *c = text; *c; c++) {
		if (!str_is_alnum(*c) && *c != '-' && *c != '.' && *c != '_')
			return false;
	}
	return len > 0;
}

/* In whole seconds of UTC, as an API server takes it. */
static bool is_moment(const char *text)
{
	return strlen(text) == LAUNCH_TIME - 1 && clock_read(str_of(text)) != -1;
}

void launch_api_logs(struct web_call *call)
{
	struct launch_question *question = make_question(call, LAUNCH_ASK_LOG);
	char follow[8], stream[LAUNCH_STREAM];
	const char *fault = NULL;

	if (!read_parameter(call, "container", question->container, sizeof question->container) ||
		(question->container[0] && !is_container(question->container)))
		fault = "container: expected driver, or an executor such as executor-1.";
	else if (!read_parameter(call, "stream", stream, sizeof stream) ||
		 (stream[0] && strcmp(stream, "stdout") != 0 && strcmp(stream, "stderr") != 0))
		fault = "stream: expected stdout or stderr.";
	else if (!read_parameter(call, "follow", follow, sizeof follow) ||
		 (follow[0] && strcmp(follow, "true") != 0 && strcmp(follow, "false") != 0))
		fault = "follow: expected true or false.";
	else if (!read_parameter(call, "since", question->since, sizeof question->since) ||
		 (question->since[0] && !is_moment(question->since)))
		fault = "since: expected a time such as 2026-01-31T12:00:00Z.";
	if (fault) {
		refuse(call, question, fault);
		return;
	}
	if (question->container[0] == '\0')
		memcpy(question->container, "driver", sizeof "driver");
	memcpy(question->stream, stream, sizeof stream);
	question->follows = strcmp(follow, "true") == 0;
	ask(call, question);
}

void launch_api_events(struct web_call *call)
{
	ask(call, make_question(call, LAUNCH_ASK_EVENTS));
}
