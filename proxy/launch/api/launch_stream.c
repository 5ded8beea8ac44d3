/*
 * A log as text that streams: read from where the question's answer says, by the thread that serves
 * the call.
 *
 * A worker's log is read in pieces, by where the last one ended, while its reader takes them. Once
 * a second it is asked whether the reader still may (S37), and the launch whether it still runs:
 * also of a log that grows as fast as it is read.
 */
#include "proxy/launch/api/launch_api.h"

#include "base/clock.h"
#include "base/net/fetch.h"
#include "proxy/launch/rest/rest_json.h"
#include "proxy/web/web_fault.h"
#include "proxy/web/web_watch.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	PIECE = 64 * 1024,
	ANSWER_MAX = 4 * PIECE, /* of a worker: a piece and its first line, in any characters */
	TIMEOUT_MS = 10 * 1000,
	BODY_MS = 12 * 3600 * 1000,
	SOURCES = 2,
	LOOK_MS = 1000,
};

struct source { /* one log of a worker */
	char *url;
	uint64_t at;   /* bytes that were read */
	bool is_whole; /* nothing more was there when it was looked at last */
};

struct launch_stream {
	struct web_call *call;
	struct launch_home home;
	struct fetcher *fetcher;
	struct fetch *fetch;
	struct event *tick;
	struct launch_log log;
	char container[LAUNCH_CONTAINER], stream[LAUNCH_STREAM];
	struct source sources[SOURCES];
	size_t count, turn;
	bool follows, is_running, has_begun;
	bool is_ending; /* at the next turn: a fetcher is not freed by its own callback */
	enum fault fault;
	const char *detail;		  /* of a fault; or NULL */
	struct launch_question *question; /* with the keeper: how it is now */
	struct web_watch *watch;
	bool is_looking; /* whether who reads it still may is asked */
	int64_t looked_ms;
};

static void read_on(struct launch_stream *stream);

static void stream_free(void *arg)
{
	struct launch_stream *stream = arg;

	if (stream->question)
		stream->question->arg = NULL;
	web_watch_free(stream->watch);
	event_free(stream->tick);
	fetcher_free(stream->fetcher);
	launch_log_clear(&stream->log);
	for (size_t i = 0; i < SOURCES; i++)
		free(stream->sources[i].url);
	free(stream);
}

/* --- to the client --- */

static void begin(struct launch_stream *stream)
{
	if (stream->has_begun)
		return;
	stream->has_begun = true;
	web_reply_begin(stream->call,
		&(struct web_reply){.status = 200, .type = "text/plain; charset=utf-8"});
}

static size_t send_text(struct launch_stream *stream, struct str text)
{
	struct evbuffer *bytes = evbuffer_new();

	begin(stream);
	evbuffer_add(bytes, text.at, text.len);
	size_t queued = front_reply_body(stream->call->req, bytes);
	evbuffer_free(bytes);
	return queued;
}

/* What its reader has not taken. */
static size_t count_queued(const struct launch_stream *stream)
{
	struct evbuffer *nothing = evbuffer_new();
	size_t queued = stream->has_begun ? front_reply_body(stream->call->req, nothing) : 0;

	evbuffer_free(nothing);
	return queued;
}

static void end_soon(struct launch_stream *stream, enum fault fault, const char *detail)
{
	stream->is_ending = true;
	stream->fault = fault;
	stream->detail = detail;
	event_add(stream->tick, &(struct timeval){.tv_sec = 0});
}

static void finish(struct launch_stream *stream)
{
	end_soon(stream, FAULT_NONE, NULL);
}

/* Frees the stream. */
static void end(struct launch_stream *stream)
{
	struct web_call *call = stream->call;
	struct front_request *req = call->req;
	enum fault fault = stream->fault;

	if (fault != FAULT_NONE && !stream->has_begun) {
		web_fault(call, fault, stream->detail);
		return;
	}
	begin(stream);
	call->site->on_end(call, fault);
	if (fault == FAULT_NONE)
		front_reply_end(req);
	else
		front_reply_cut(req);
}

static void wait_a_second(struct launch_stream *stream)
{
	event_add(stream->tick, &(struct timeval){.tv_sec = 1});
}

/* --- from a worker --- */

static bool is_there(const struct sockaddr *address, void *arg)
{
	const struct launch_stream *stream = arg;
	const struct sockaddr_storage *only = &stream->log.address;

	return only->ss_family == AF_UNSPEC || launch_is_address(address, only);
}

static struct fetch *ask(
	struct launch_stream *stream, const char *url, const struct fetch_request *more)
{
	const char *const headers[] = {stream->log.authorization, NULL};
	struct fetch_request request = *more;

	request.url = url;
	request.headers = stream->log.authorization ? headers : NULL;
	request.ca_file = stream->log.ca_file;
	request.ca = stream->log.ca;
	request.certificate = stream->log.certificate;
	request.key = stream->log.key;
	request.allow = is_there;
	request.arg = stream;
	return fetch_start(stream->fetcher, &request);
}

static bool is_all_read(const struct launch_stream *stream)
{
	for (size_t i = 0; i < stream->count; i++) {
		if (!stream->sources[i].is_whole)
			return false;
	}
	return true;
}

static void look_again(struct launch_stream *stream);

static bool is_look_due(const struct launch_stream *stream)
{
	return !stream->is_looking && stream->question == NULL &&
	       clock_mono_ms() - stream->looked_ms >= LOOK_MS;
}

static void on_page(const struct fetch_result *result, void *arg)
{
	struct launch_stream *stream = arg;
	struct source *source = &stream->sources[stream->turn];
	struct rest_log page;

	stream->fetch = NULL;
	if (result->status != 200 || !rest_log_read(result->body, &page)) {
		source->is_whole = true; /* a file that is not there (yet) */
		if (!stream->has_begun && stream->count == 1 && !stream->follows) {
			end_soon(stream, FAULT_NOT_FOUND,
				"The worker has no such log, or does not give it.");
			return;
		}
		read_on(stream);
		return;
	}
	bool is_gone_back = page.from > source->at; /* a rolled log lost its beginning */
	source->at = is_gone_back || page.to > source->at ? page.to : source->at;
	source->is_whole = page.to >= page.total || page.text.len == 0;
	if (page.text.len > 0)
		(void)send_text(stream, page.text);
	if (!is_all_read(stream) && is_look_due(stream))
		look_again(stream);
	else
		read_on(stream);
}

static void read_page(struct launch_stream *stream)
{
	struct source *source = &stream->sources[stream->turn];
	char *url = mem_printf(
		"%s&offset=%llu&byteLength=%d", source->url, (unsigned long long)source->at, PIECE);

	stream->fetch = ask(stream, url,
		&(struct fetch_request){
			.timeout_ms = TIMEOUT_MS, .max_bytes = ANSWER_MAX, .done = on_page});
	free(url);
}

/* What is not whole is read on, one after the other; then it is over, or is looked at later. */
static void read_on(struct launch_stream *stream)
{
	if (stream->is_ending || stream->fetch)
		return;
	if (!is_all_read(stream) && count_queued(stream) >= FRONT_QUEUE_HIGH) {
		wait_a_second(stream);
		return;
	}
	for (size_t i = 0; i < stream->count; i++) {
		if (stream->sources[i].is_whole)
			continue;
		stream->turn = i;
		read_page(stream);
		return;
	}
	if (stream->follows && stream->is_running)
		wait_a_second(stream);
	else
		finish(stream);
}

/* --- from a pod --- */

static size_t on_part(struct str part, void *arg)
{
	struct launch_stream *stream = arg;

	if (count_queued(stream) >= FRONT_QUEUE_HIGH)
		return 0; /* the tick goes on */
	(void)send_text(stream, part);
	return part.len;
}

static void on_body(const struct fetch_result *result, void *arg)
{
	struct launch_stream *stream = arg;

	stream->fetch = NULL;
	if (result->status == 200) {
		if (result->body.len)
			(void)send_text(stream, result->body);
		finish(stream);
	} else {
		end_soon(stream, result->status == 404 ? FAULT_NOT_FOUND : FAULT_KUBERNETES, NULL);
	}
}

static void read_body(struct launch_stream *stream)
{
	char *url = mem_printf("%s%s", stream->log.url, stream->follows ? "&follow=true" : "");

	stream->fetch = ask(stream, url,
		&(struct fetch_request){.timeout_ms = BODY_MS,
			.max_bytes = 2 * PIECE,
			.waits = true,
			.on_part = on_part,
			.done = on_body});
	free(url);
	wait_a_second(stream);
}

/* --- while it goes on --- */

static void on_state(struct launch_question *question)
{
	struct launch_stream *stream = question->arg;

	if (stream == NULL) {
		launch_question_free(question);
		return;
	}
	stream->question = NULL;
	if (question->fault == FAULT_NONE) {
		stream->is_running = question->log.is_running;
		if (question->log.authorization) { /* the one before is too old soon */
			secret_free(stream->log.authorization);
			stream->log.authorization = question->log.authorization;
			question->log.authorization = NULL;
		}
	} else {
		stream->is_running = false;
	}
	for (size_t i = 0; stream->follows && i < stream->count; i++)
		stream->sources[i].is_whole = false;
	launch_question_free(question);
	if (stream->log.kind == LAUNCH_LOG_PAGES && stream->fetch == NULL)
		read_on(stream);
}

static void ask_state(struct launch_stream *stream)
{
	struct launch_question *question =
		launch_question_new(LAUNCH_ASK_LOG, stream->call->who, on_state, stream);

	memcpy(question->id, stream->call->token_id, sizeof question->id);
	/* Of a standalone cluster the driver's log says as well how it is and what a worker takes;
	 * an executor would be looked for anew. */
	if (stream->log.kind == LAUNCH_LOG_PAGES)
		memcpy(question->container, "driver", sizeof "driver");
	else
		memcpy(question->container, stream->container, sizeof question->container);
	memcpy(question->stream, stream->stream, sizeof question->stream);
	question->home = stream->home.inbox;
	LIST_INSERT_HEAD(stream->home.questions, question, asked);
	stream->question = question;
	stream->home.ask(stream->home.arg, question);
}

/* What of it they may see is the keeper's to say. */
static enum fault judge(void *arg, const struct identity *who)
{
	(void)arg, (void)who;
	return FAULT_NONE;
}

static void still(void *arg)
{
	struct launch_stream *stream = arg;

	stream->is_looking = false;
	if (stream->log.kind == LAUNCH_LOG_PAGES)
		ask_state(stream);
	else
		wait_a_second(stream);
}

static void end_reading(void *arg, enum fault fault)
{
	struct launch_stream *stream = arg;

	stream->is_looking = false;
	end_soon(stream, fault, NULL);
}

static void look_again(struct launch_stream *stream)
{
	stream->is_looking = true;
	stream->looked_ms = clock_mono_ms();
	web_watch_ask(stream->watch);
}

static void stream_on_tick(int fd, short what, void *arg)
{
	struct launch_stream *stream = arg;

	(void)fd, (void)what;
	if (stream->is_ending) {
		end(stream);
		return;
	}
	if (stream->log.kind == LAUNCH_LOG_BODY && stream->fetch)
		fetch_go_on(stream->fetch);
	if (stream->log.kind == LAUNCH_LOG_PAGES && !is_all_read(stream) && !is_look_due(stream))
		read_on(stream);
	else if (!stream->is_looking && stream->question == NULL)
		look_again(stream);
}

/* --- its beginning --- */

static void reply_text(struct web_call *call, struct launch_question *question)
{
	const struct launch_log *log = &question->log;

	web_reply(call,
		&(struct web_reply){.status = 200,
			.type = "text/plain; charset=utf-8",
			.content = {log->text, log->text_len}},
		FAULT_NONE);
	launch_question_free(question);
}

void launch_stream_begin(struct web_call *call, struct launch_question *question)
{
	static const struct web_work work = {.free = stream_free};
	static const struct web_watcher watcher = {judge, still, end_reading};
	struct launch_stream *stream;

	if (question->log.kind == LAUNCH_LOG_TEXT) {
		reply_text(call, question);
		return;
	}
	stream = mem_alloc(1, sizeof *stream);
	web_wait_for(call, &work, stream); /* from now on nobody but its client ends it early */
	stream->call = call;
	stream->home = call->site->launches(call);
	stream->watch = web_watch_new(call, &watcher, stream);
	stream->fetcher = fetcher_new(stream->home.base);
	stream->tick = event_new(stream->home.base, -1, 0, stream_on_tick, stream);
	stream->log = question->log;
	question->log = (struct launch_log){.kind = LAUNCH_LOG_NONE};
	stream->follows = question->follows;
	stream->is_running = stream->log.is_running;
	stream->looked_ms = clock_mono_ms();
	memcpy(stream->container, question->container, sizeof stream->container);
	memcpy(stream->stream, question->stream, sizeof stream->stream);
	launch_question_free(question);
	if (stream->log.kind == LAUNCH_LOG_BODY) {
		read_body(stream);
		return;
	}
	if (stream->follows)
		begin(stream); /* the first line may be long in coming */
	stream->sources[stream->count++].url = mem_strdup(stream->log.url);
	if (stream->log.second_url)
		stream->sources[stream->count++].url = mem_strdup(stream->log.second_url);
	read_on(stream);
}
