/* PUT of an artifact: its content goes to the storage as it comes; what the API says then. */
#include "proxy/launch/upload/artifact_api.h"
#include "proxy/launch/upload/artifact_push.h"

static void on_piece(void *arg, struct evbuffer *bytes, bool is_last)
{
	artifact_push_add(arg, bytes, is_last);
}

static void on_content_fault(void *arg, enum fault fault)
{
	artifact_push_break_off(arg, fault, NULL);
}

static void ask(void *arg)
{
	struct artifact_call *call = artifact_push_call(arg);
	struct web_call *web = call->web;
	enum fault fault =
		front_content_stream(web->req, call->cluster->launch.artifacts.max, web->memory);

	if (fault != FAULT_NONE)
		artifact_push_break_off(arg, fault, NULL);
}

static void want(void *arg, bool wanted)
{
	front_content_want(artifact_push_call(arg)->web->req, wanted);
}

static void answer(struct artifact_push *push, void *arg)
{
	struct artifact_call *call = artifact_push_call(push);
	unsigned char digest[DIGEST_LEN];
	char hex[2 * DIGEST_LEN + 1];
	struct json_writer w;
	struct sbuf json;

	(void)arg;
	artifact_push_digest(push, digest);
	str_write_hex(digest, sizeof digest, hex);
	sbuf_init(&json, 16 * 1024);
	json_writer_init(&w, &json);
	artifact_call_write(call, &w, &call->name);
	json_writer_number(&w, "size", (int64_t)artifact_push_length(push));
	json_writer_text(&w, "sha256", str_of(hex));
	json_writer_end(&w);
	artifact_call_answer(call, artifact_push_is_replaced(push) ? 200 : 201, &json);
}

void artifact_api_put(struct web_call *web)
{
	static const struct web_work work = {artifact_push_free, on_piece, on_content_fault};
	static const struct artifact_push_hooks hooks = {ask, want, answer};
	int64_t length = web->req->content_length; /* a refusal ends the call */
	struct artifact_push *push = artifact_push_of_path(web, &work, &hooks);

	if (push == NULL)
		return;
	if (length == -1)
		web_fault(web, FAULT_LENGTH_REQUIRED, NULL);
	else if (artifact_push_fits(push, (uint64_t)length))
		artifact_push_begin(push, (uint64_t)length);
}
