/* proxy/admin/api_reply.c - what each operation of the API reads of its query, and how it answers.
 */
#include "proxy/admin/api.h"

#include "base/text/json_text.h"
#include "base/text/params.h"
#include "proxy/web/web_fault.h"

void api_answer(struct web_call *call, int status, json_t *json)
{
	char *text = json_text(json);

	web_reply(call,
		&(struct web_reply){.status = status,
			.type = text ? "application/json" : NULL,
			.content = text ? str_of(text) : STR("")},
		FAULT_NONE);
	secret_free(text); /* a new token's is in it */
	json_decref(json);
}

void api_gone(struct web_call *call, const char *detail, json_t *token)
{
	char *text = json_text(token);

	web_problem_with_token(call, FAULT_NOT_FOUND, detail, str_of(text));
	secret_free(text);
	json_decref(token);
}

bool api_parameter(
	const struct web_call *call, const char *name, char *out, size_t size, bool *is_bad)
{
	struct sbuf value;
	bool is_found = false;

	sbuf_init(&value, size);
	switch (params_get(call->target.query.at ? call->target.query : STR(""), name, &value)) {
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
