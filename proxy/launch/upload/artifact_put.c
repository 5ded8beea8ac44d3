/* An artifact on its way from a client to the storage, with no more of it here than
 * FRONT_QUEUE_HIGH bytes. */
#include "proxy/launch/upload/artifact_api.h"
#include "proxy/launch/upload/artifact_call.h"

#include "base/clock.h"
#include "base/text/digest.h"
#include "proxy/launch/artifacts/aws_chunks.h"
#include "proxy/http/move_bytes.h"
#include "proxy/web/web_watch.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	STALL_MS = 60 * 1000,	   /* the storage takes nothing of what waits */
	ANSWER_MS = 5 * 60 * 1000, /* it has all, and says nothing: it may be writing */
	PIECES = 8,
	BATCH = 64 * 1024, /* as much as libcurl sends at once: small pieces cost a call each */
};

struct artifact_put {
	struct artifact_call it; /* first */
	struct artifact_entry *entry;
	struct artifact_under_way others; /* before this one */
	struct evbuffer *queue;
	struct digest_run *digest;
	struct web_watch *watch;
	struct event *wake, *tick;
	struct aws_chunks chunks;
	uint64_t length;
	int64_t moved_ms;
	bool is_wanted;	 /* the storage has asked for the first byte */
	bool is_full;	 /* the client waits */
	bool has_all;	 /* the last byte has come */
	bool is_flushed; /* what there is goes on, however little */
	bool may_end;	 /* who sends it was known when all of it was there */
	bool asks_to_end;
	bool is_replaced;
};

static void put_free(void *arg)
{
	struct artifact_put *put = arg;

	artifact_ledger_leave(put->entry);
	if (put->queue)
		evbuffer_free(put->queue);
	digest_run_free(put->digest);
	web_watch_free(put->watch);
	if (put->wake)
		event_free(put->wake);
	if (put->tick)
		event_free(put->tick);
	artifact_call_free(&put->it);
}

/* Whoever sends what was to be sent is not waited for: what is there is not an artifact. */
static void give_up(struct artifact_put *put, enum fault fault, const char *why)
{
	if (put->it.fetch)
		fetch_cancel(put->it.fetch);
	put->it.fetch = NULL;
	web_fault(put->it.web, fault, why);
}

/* --- who sends it --- */

static enum fault judge(void *arg, const struct identity *who)
{
	const struct artifact_put *put = arg;
	const struct artifact_call *it = &put->it;

	return artifact_call_lets_write(it, who) ? FAULT_NONE : FAULT_FORBIDDEN;
}

static void still(void *arg)
{
	struct artifact_put *put = arg;

	put->may_end |= put->asks_to_end;
	put->asks_to_end = false;
	if (put->it.fetch && put->may_end)
		fetch_go_on(put->it.fetch);
}

/* They may not any more: the storage gets no end of it, so it is no file (S37, S128). */
static void end_it(void *arg, enum fault fault)
{
	give_up(arg, fault, NULL);
}

static const struct web_watcher watcher = {judge, still, end_it};

/* The last of it goes on when it was known within a second who sends it. Else that is asked, and
 * not from here: an upload may end by the answer. */
static bool may_end(struct artifact_put *put)
{
	bool is_whole = put->has_all || put->length == 0;

	if (is_whole && !put->may_end && web_watch_is_fresh(put->watch))
		put->may_end = true;
	if (!is_whole || put->may_end)
		return true;
	if (!put->asks_to_end)
		event_active(put->tick, EV_TIMEOUT, 0);
	put->asks_to_end = true;
	return false;
}

/* --- from the client --- */

static void add_to_digest(struct artifact_put *put, struct evbuffer *bytes)
{
	struct evbuffer_iovec pieces[PIECES];
	struct evbuffer_ptr at;
	size_t left = evbuffer_get_length(bytes);

	evbuffer_ptr_set(bytes, &at, 0, EVBUFFER_PTR_SET);
	while (left > 0) {
		int count = evbuffer_peek(bytes, (ssize_t)left, &at, pieces, PIECES);
		size_t done = 0;
		for (int i = 0; i < count && i < PIECES; i++) {
			size_t len = pieces[i].iov_len < left ? pieces[i].iov_len : left;
			digest_run_add(put->digest, pieces[i].iov_base, len);
			left -= len;
			done += len;
		}
		evbuffer_ptr_set(bytes, &at, done, EVBUFFER_PTR_ADD);
	}
}

/* What trickles goes on once a second, and what is the last at once. */
static bool is_worth_sending(const struct artifact_put *put)
{
	return put->has_all || put->is_flushed || evbuffer_get_length(put->queue) >= BATCH;
}

static void on_piece(void *arg, struct evbuffer *bytes, bool is_last)
{
	struct artifact_put *put = arg;

	if (evbuffer_get_length(put->queue) == 0)
		put->moved_ms = clock_mono_ms();
	add_to_digest(put, bytes);
	move_bytes(put->queue, bytes);
	put->has_all = is_last;
	if (evbuffer_get_length(put->queue) >= FRONT_QUEUE_HIGH) {
		put->is_full = true;
		front_content_want(put->it.web->req, false);
	}
	if (is_worth_sending(put))
		fetch_go_on(put->it.fetch);
}

static void on_content_fault(void *arg, enum fault fault)
{
	give_up(arg, fault, NULL);
}

/* The storage takes it: only now the client is asked for it. */
static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct artifact_put *put = arg;
	struct web_call *web = put->it.web;
	const struct conf_launch *launch = &put->it.cluster->launch;

	(void)fd, (void)what;
	enum fault fault = front_content_stream(web->req, launch->artifacts.max, web->memory);
	if (fault != FAULT_NONE)
		give_up(put, fault, NULL);
}

/* --- to the storage --- */

static size_t read_queue(char *room, size_t size, void *arg)
{
	struct artifact_put *put = arg;
	int len = is_worth_sending(put) ? evbuffer_remove(put->queue, room, size) : 0;

	if (len <= 0)
		return 0;
	put->is_flushed &= evbuffer_get_length(put->queue) > 0;
	put->moved_ms = clock_mono_ms();
	if (put->is_full && evbuffer_get_length(put->queue) <= FRONT_QUEUE_LOW) {
		put->is_full = false;
		front_content_want(put->it.web->req, true);
	}
	return (size_t)len;
}

static size_t read_chunks(char *room, size_t size, void *arg)
{
	struct artifact_put *put = arg;

	if (!put->is_wanted && put->length > 0) { /* not from here */
		put->is_wanted = true;
		event_active(put->wake, EV_TIMEOUT, 0);
		return 0;
	}
	if (!may_end(put))
		return 0;
	return aws_chunks_read(&put->chunks, room, size, read_queue, put);
}

static void answer(struct artifact_put *put)
{
	unsigned char digest[DIGEST_LEN];
	char hex[2 * DIGEST_LEN + 1];
	struct json_writer w;
	struct sbuf json;

	digest_run_end(put->digest, digest);
	str_write_hex(digest, sizeof digest, hex);
	artifact_call_audit(&put->it, "upload", put->length);
	sbuf_init(&json, 16 * 1024);
	json_writer_init(&w, &json);
	artifact_call_write(&put->it, &w, &put->it.name);
	json_writer_number(&w, "size", (int64_t)put->length);
	json_writer_text(&w, "sha256", str_of(hex));
	json_writer_end(&w);
	artifact_call_answer(&put->it, put->is_replaced ? 200 : 201, &json);
}

static void on_put(const struct fetch_result *result, void *arg)
{
	struct artifact_put *put = arg;

	if (!artifact_call_is_done(&put->it, result))
		return;
	if (aws_chunks_is_done(&put->chunks))
		answer(put);
	else /* of what it has not been given it can't have made anything */
		web_fault(put->it.web, FAULT_STORAGE, NULL);
}

static void flush(struct artifact_put *put)
{
	size_t waiting = evbuffer_get_length(put->queue);

	if (waiting == 0 || waiting >= BATCH)
		return;
	put->is_flushed = true;
	fetch_go_on(put->it.fetch);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct artifact_put *put = arg;
	bool is_sent = aws_chunks_is_done(&put->chunks);
	bool waits_for_client = put->is_wanted && !is_sent && evbuffer_get_length(put->queue) == 0;
	int64_t limit = is_sent ? ANSWER_MS : STALL_MS;

	(void)fd, (void)what;
	if (!waits_for_client && clock_mono_ms() - put->moved_ms > limit) {
		give_up(put, FAULT_STORAGE_DOWN, "The object storage takes nothing any more.");
		return;
	}
	flush(put);
	if (!is_sent) /* after that the storage has a whole file of somebody who might send it */
		web_watch_ask(put->watch);
}

static void send_it(struct artifact_put *put)
{
	struct artifact_bench *bench = put->it.web->bench;
	struct s3_call asked = artifact_call_ask(&put->it, on_put);

	aws_chunks_begin(&put->chunks, put->length);
	put->queue = evbuffer_new();
	put->digest = digest_run_new();
	put->watch = web_watch_new(put->it.web, &watcher, put);
	put->wake = event_new(bench->base, -1, 0, on_wake, put);
	put->tick = event_new(bench->base, -1, EV_PERSIST, on_tick, put);
	event_add(put->tick, &(struct timeval){.tv_sec = 1});
	put->moved_ms = clock_mono_ms();
	put->it.fetch = s3_put(
		artifact_bench_fetcher(bench), &asked, put->it.key, put->length, read_chunks);
}

/* --- whether there is room --- */

/* A file that is replaced makes room for itself. */
static const char *check_quota(struct artifact_put *put, char *why, size_t size)
{
	const struct artifact_call *it = &put->it;
	const struct conf_launch *launch = &it->cluster->launch;
	const struct s3_object *old = artifact_call_find(it);
	uint64_t bytes = put->length + put->others.bytes, count = 1 + put->others.count;

	for (size_t i = 0; i < it->listing.count; i++)
		bytes += it->listing.objects[i].size;
	bytes -= old ? old->size : 0;
	count += it->listing.count - (old != NULL);
	put->is_replaced = old != NULL;
	if (it->listing.has_more || count > launch->artifacts.files) {
		snprintf(why, size, "There may be %u artifacts in this folder, and no more.",
			launch->artifacts.files);
		return why;
	}
	if (bytes <= launch->artifacts.quota)
		return NULL;
	snprintf(why, size,
		"With this artifact the folder would have %llu bytes; its quota is %zu.",
		(unsigned long long)bytes, launch->artifacts.quota);
	return why;
}

static void after_list(struct artifact_call *call)
{
	struct artifact_put *put = (struct artifact_put *)call;
	char why[160];

	if (check_quota(put, why, sizeof why))
		web_fault(call->web, FAULT_QUOTA, why);
	else
		send_it(put);
}

/* What is decided by the head, before anything is asked of the storage. */
static bool check_length(struct web_call *web, const struct artifact_call *call)
{
	const struct conf_launch *launch = &call->cluster->launch;
	char why[80];

	if (web->req->content_length == -1) {
		web_fault(web, FAULT_LENGTH_REQUIRED, NULL);
		return false;
	}
	if ((uint64_t)web->req->content_length <= launch->artifacts.max)
		return true;
	snprintf(why, sizeof why, "An artifact may have %zu bytes here.", launch->artifacts.max);
	web_fault(web, FAULT_BODY_TOO_LARGE, why);
	return false;
}

static struct artifact_entry *enter(struct artifact_put *put)
{
	struct artifact_call *it = &put->it;
	char *folder = mem_printf("%s/%s", it->cluster->name, it->folder);
	struct artifact_entry *entry =
		artifact_ledger_enter(it->web->bench->ledger, folder, put->length, &put->others);

	free(folder);
	return entry;
}

void artifact_api_put(struct web_call *web)
{
	static const struct web_work work = {put_free, on_piece, on_content_fault};
	struct artifact_put *put;
	struct artifact_call *call = artifact_call_new(web, ARTIFACT_WRITE, sizeof *put, &work);

	if (call == NULL || !check_length(web, call))
		return;
	put = (struct artifact_put *)call;
	put->length = (uint64_t)web->req->content_length;
	put->entry = enter(put);
	if (put->entry)
		artifact_call_list(call, call->folder, S3_OBJECTS_MAX, after_list);
	else
		web_fault(web, FAULT_BUSY,
			"Too many artifacts are being uploaded. Try again when one is there.");
}
