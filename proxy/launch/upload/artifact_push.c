#include "proxy/launch/upload/artifact_push.h"

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
	BATCH = 256 * 1024, /* what is worth waking the storage for: small pieces cost both sides */
	/* Where there is room for it: each side works while the other does. */
	QUEUE = 2 * 1024 * 1024,
};

struct artifact_push {
	struct artifact_call it; /* first */
	const struct artifact_push_hooks *hooks;
	void *arg;
	struct artifact_entry *entry;
	struct artifact_under_way others; /* before this one */
	struct evbuffer *queue;
	struct digest_run *digest;
	struct web_watch *watch;
	struct event *wake, *tick;
	struct aws_chunks chunks;
	uint64_t length;
	size_t most;  /* bytes in the queue, and a piece */
	size_t taken; /* of the budget, beyond what the front has */
	int64_t moved_ms;
	bool is_wanted;	 /* the storage has asked for the first byte */
	bool is_full;	 /* whoever sends it waits */
	bool has_all;	 /* the last byte has come */
	bool is_flushed; /* what there is goes on, however little */
	bool may_end;	 /* who sends it was known when all of it was there */
	bool asks_to_end;
	bool is_replaced;
};

void artifact_push_free(void *arg)
{
	struct artifact_push *push = arg;

	artifact_ledger_leave(push->entry);
	if (push->queue)
		evbuffer_free(push->queue);
	digest_run_free(push->digest);
	web_watch_free(push->watch);
	if (push->wake)
		event_free(push->wake);
	if (push->tick)
		event_free(push->tick);
	budget_give(push->it.web->memory, push->taken);
	artifact_call_free(&push->it);
}

/* Whoever sends what was to be sent is not waited for: what is there is not an artifact. */
void artifact_push_break_off(struct artifact_push *push, enum fault fault, const char *why)
{
	if (push->it.fetch)
		fetch_cancel(push->it.fetch);
	push->it.fetch = NULL;
	artifact_call_refuse(&push->it, fault, why);
}

/* --- who sends it --- */

static enum fault judge(void *arg, const struct identity *who)
{
	const struct artifact_push *push = arg;
	const struct artifact_call *it = &push->it;

	return artifact_call_lets_write(it, who) ? FAULT_NONE : FAULT_FORBIDDEN;
}

static void still(void *arg)
{
	struct artifact_push *push = arg;

	push->may_end |= push->asks_to_end;
	push->asks_to_end = false;
	if (push->it.fetch && push->may_end)
		fetch_go_on(push->it.fetch);
}

/* They may not any more: the storage gets no end of it, so it is no file (S37, S128). */
static void end_it(void *arg, enum fault fault)
{
	artifact_push_break_off(arg, fault, NULL);
}

static const struct web_watcher watcher = {judge, still, end_it};

/* The last of it goes on when it was known within a second who sends it. Else that is asked, and
 * not from here: an upload may end by the answer. */
static bool may_end(struct artifact_push *push)
{
	bool is_whole = push->has_all || push->length == 0;

	if (is_whole && !push->may_end && web_watch_is_fresh(push->watch))
		push->may_end = true;
	if (!is_whole || push->may_end)
		return true;
	if (!push->asks_to_end)
		event_active(push->tick, EV_TIMEOUT, 0);
	push->asks_to_end = true;
	return false;
}

/* --- from whoever sends it --- */

static void add_to_digest(struct artifact_push *push, struct evbuffer *bytes)
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
			digest_run_add(push->digest, pieces[i].iov_base, len);
			left -= len;
			done += len;
		}
		evbuffer_ptr_set(bytes, &at, done, EVBUFFER_PTR_ADD);
	}
}

static size_t batch_of(const struct artifact_push *push)
{
	return push->most / 4 < BATCH ? push->most / 4 : BATCH;
}

/* What trickles goes on once a second, and what is the last at once. */
static bool is_worth_sending(const struct artifact_push *push)
{
	return push->has_all || push->is_flushed ||
	       evbuffer_get_length(push->queue) >= batch_of(push);
}

void artifact_push_add(struct artifact_push *push, struct evbuffer *bytes, bool is_last)
{
	if (evbuffer_get_length(push->queue) == 0)
		push->moved_ms = clock_mono_ms();
	add_to_digest(push, bytes);
	move_bytes(push->queue, bytes);
	push->has_all = is_last;
	if (!is_last && !push->is_full && evbuffer_get_length(push->queue) >= push->most) {
		push->is_full = true;
		push->hooks->want(push->arg, false);
	}
	if (push->it.fetch && push->is_wanted && is_worth_sending(push))
		fetch_go_on(push->it.fetch);
}

/* The storage takes it: only now somebody is asked for it. */
static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct artifact_push *push = arg;

	(void)fd, (void)what;
	if (is_worth_sending(push)) /* some of it came before */
		fetch_go_on(push->it.fetch);
	if (!push->has_all)
		push->hooks->ask(push->arg);
}

/* --- to the storage --- */

/* The last byte is kept until whoever sends it says that it is the last: what has all bytes may
 * still not end as it should. */
static size_t count_kept(const struct artifact_push *push)
{
	uint64_t left = push->length - push->chunks.taken;

	return !push->has_all && evbuffer_get_length(push->queue) >= left ? 1 : 0;
}

static size_t read_queue(char *room, size_t size, void *arg)
{
	struct artifact_push *push = arg;
	size_t ready = evbuffer_get_length(push->queue) - count_kept(push);
	int len = is_worth_sending(push)
			  ? evbuffer_remove(push->queue, room, size < ready ? size : ready)
			  : 0;

	if (len <= 0)
		return 0;
	push->is_flushed &= evbuffer_get_length(push->queue) > 0;
	push->moved_ms = clock_mono_ms();
	if (push->is_full && evbuffer_get_length(push->queue) <= push->most / 2) {
		push->is_full = false;
		push->hooks->want(push->arg, true);
	}
	return (size_t)len;
}

static size_t read_chunks(char *room, size_t size, void *arg)
{
	struct artifact_push *push = arg;

	if (!push->is_wanted && push->length > 0) { /* not from here */
		push->is_wanted = true;
		event_active(push->wake, EV_TIMEOUT, 0);
		return 0;
	}
	if (!may_end(push))
		return 0;
	return aws_chunks_read(&push->chunks, room, size, read_queue, push);
}

static void on_put(const struct fetch_result *result, void *arg)
{
	struct artifact_push *push = arg;

	if (!artifact_call_is_done(&push->it, result))
		return;
	if (!aws_chunks_is_done(&push->chunks)) {
		/* Of what it has not been given it can't have made anything. */
		artifact_call_refuse(&push->it, FAULT_STORAGE, NULL);
		return;
	}
	artifact_call_audit(&push->it, "upload", push->length);
	push->hooks->done(push, push->arg);
}

static void flush(struct artifact_push *push)
{
	size_t waiting = evbuffer_get_length(push->queue);

	if (waiting == 0 || waiting >= batch_of(push))
		return;
	push->is_flushed = true;
	fetch_go_on(push->it.fetch);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct artifact_push *push = arg;
	bool is_sent = aws_chunks_is_done(&push->chunks);
	bool waits_for_client =
		push->is_wanted && !is_sent && evbuffer_get_length(push->queue) == count_kept(push);
	int64_t limit = is_sent ? ANSWER_MS : STALL_MS;

	(void)fd, (void)what;
	if (!waits_for_client && clock_mono_ms() - push->moved_ms > limit) {
		artifact_push_break_off(
			push, FAULT_STORAGE_DOWN, "The object storage takes nothing any more.");
		return;
	}
	flush(push);
	if (!is_sent) /* after that the storage has a whole file of somebody who might send it */
		web_watch_ask(push->watch);
}

static void send_it(struct artifact_push *push)
{
	struct artifact_bench *bench = push->it.web->bench;
	struct s3_call asked = artifact_call_ask(&push->it, on_put);

	aws_chunks_begin(&push->chunks, push->length);
	push->watch = web_watch_new(push->it.web, &watcher, push);
	push->wake = event_new(bench->base, -1, 0, on_wake, push);
	push->tick = event_new(bench->base, -1, EV_PERSIST, on_tick, push);
	event_add(push->tick, &(struct timeval){.tv_sec = 1});
	push->moved_ms = clock_mono_ms();
	push->it.fetch = s3_put(
		artifact_bench_fetcher(bench), &asked, push->it.key, push->length, read_chunks);
}

/* --- whether there is room --- */

/* A file that is replaced makes room for itself. */
static const char *check_quota(struct artifact_push *push, char *why, size_t size)
{
	const struct artifact_call *it = &push->it;
	const struct conf_launch *launch = &it->cluster->launch;
	const struct s3_object *old = artifact_call_find(it);
	uint64_t bytes = push->length + push->others.bytes, count = 1 + push->others.count;

	for (size_t i = 0; i < it->listing.count; i++)
		bytes += it->listing.objects[i].size;
	bytes -= old ? old->size : 0;
	count += it->listing.count - (old != NULL);
	push->is_replaced = old != NULL;
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
	struct artifact_push *push = (struct artifact_push *)call;
	char why[160];

	if (check_quota(push, why, sizeof why))
		artifact_call_refuse(call, FAULT_QUOTA, why);
	else
		send_it(push);
}

bool artifact_push_fits(struct artifact_push *push, uint64_t length)
{
	const struct conf_launch *launch = &push->it.cluster->launch;
	char why[80];

	if (length <= launch->artifacts.max)
		return true;
	snprintf(why, sizeof why, "An artifact may have %zu bytes here.", launch->artifacts.max);
	artifact_call_refuse(&push->it, FAULT_BODY_TOO_LARGE, why);
	return false;
}

static struct artifact_entry *enter(struct artifact_push *push)
{
	struct artifact_call *it = &push->it;
	char *folder = mem_printf("%s/%s", it->cluster->name, it->folder);
	struct artifact_entry *entry =
		artifact_ledger_enter(it->web->bench->ledger, folder, push->length, &push->others);

	free(folder);
	return entry;
}

void artifact_push_begin(struct artifact_push *push, uint64_t length)
{
	struct artifact_call *it = &push->it;

	push->length = length;
	push->entry = enter(push);
	if (push->entry)
		artifact_call_list(it, it->folder, S3_OBJECTS_MAX, after_list);
	else
		artifact_call_refuse(it, FAULT_BUSY,
			"Too many artifacts are being uploaded. Try again when one is there.");
}

/* --- its life --- */

/* A long queue is worth having, and is no condition. */
static void take_room(struct artifact_push *push)
{
	size_t more = QUEUE - FRONT_QUEUE_HIGH;

	push->most = FRONT_QUEUE_HIGH;
	if (!budget_take(push->it.web->memory, more))
		return;
	push->taken = more;
	push->most = QUEUE;
}

static struct artifact_push *make(
	struct artifact_call *call, const struct artifact_push_hooks *hooks, void *arg)
{
	struct artifact_push *push = (struct artifact_push *)call;

	if (push == NULL)
		return NULL;
	push->hooks = hooks;
	push->arg = arg ? arg : push;
	take_room(push);
	push->queue = evbuffer_new();
	push->digest = digest_run_new();
	return push;
}

struct artifact_push *artifact_push_of_path(
	struct web_call *web, const struct web_work *work, const struct artifact_push_hooks *hooks)
{
	return make(artifact_call_new(web, ARTIFACT_WRITE, sizeof(struct artifact_push), work),
		hooks, NULL);
}

struct artifact_push *artifact_push_of_file(struct web_call *web, struct str cluster,
	struct str file, const struct artifact_push_hooks *hooks, void *arg)
{
	return make(artifact_call_to_write(web, cluster, file, sizeof(struct artifact_push)), hooks,
		arg);
}

struct artifact_call *artifact_push_call(struct artifact_push *push)
{
	return &push->it;
}

bool artifact_push_is_replaced(const struct artifact_push *push)
{
	return push->is_replaced;
}

uint64_t artifact_push_length(const struct artifact_push *push)
{
	return push->length;
}

void artifact_push_digest(struct artifact_push *push, unsigned char out[static DIGEST_LEN])
{
	digest_run_end(push->digest, out);
}
