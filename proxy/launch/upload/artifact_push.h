/*
 * proxy/launch/upload/artifact_push.h - an artifact on its way to the storage, with no more of it
 * here than 2 MiB, or FRONT_QUEUE_HIGH where memory is short, and a piece: whether there is room
 * for it, content in chunks, its SHA-256, and every second whether who sends it still may (S37,
 * S127, S128).
 *
 * Whatever goes wrong is answered here, and the web call is gone then. One thread: the call's.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_UPLOAD_ARTIFACT_PUSH_H
#define SPARKGATE_PROXY_LAUNCH_UPLOAD_ARTIFACT_PUSH_H

#include "base/text/digest.h"
#include "proxy/launch/upload/artifact_call.h"

struct artifact_push;
struct evbuffer;

struct artifact_push_hooks { /* none is NULL */
	/* The storage takes the file: only now somebody should be asked for it. May break off. */
	void (*ask)(void *arg);
	/* Whether more of it is wanted for now. */
	void (*want)(void *arg, bool wanted);
	/* The storage has it, and the audit knows. */
	void (*done)(struct artifact_push *push, void *arg);
};

/* Of the artifact that the request's path names: `arg` of the row's `work` and of the hooks is the
 * push. NULL: refused, and answered. */
struct artifact_push *artifact_push_of_path(
	struct web_call *web, const struct web_work *work, const struct artifact_push_hooks *hooks);
/* Of a file of one's own on a cluster: gives; NULL: refused, and answered. */
struct artifact_push *artifact_push_of_file(struct web_call *web, struct str cluster,
	struct str file, const struct artifact_push_hooks *hooks, void *arg);
void artifact_push_free(void *push);
struct artifact_call *artifact_push_call(struct artifact_push *push); /* borrows */

/* Whether a file may be so long there. False: refused, and answered. */
MUST_CHECK bool artifact_push_fits(struct artifact_push *push, uint64_t length);
/* Asks for room, then for the content. Once; may answer. */
void artifact_push_begin(struct artifact_push *push, uint64_t length);
/* More of it, moved out of `bytes`; also before it begins. `length` bytes in all, and the last of
 * them are `is_last`. */
void artifact_push_add(struct artifact_push *push, struct evbuffer *bytes, bool is_last);
/* The content ends here, and is no artifact: answers. */
void artifact_push_break_off(struct artifact_push *push, enum fault fault, const char *why);

/* Of one that is done. */
bool artifact_push_is_replaced(const struct artifact_push *push);
uint64_t artifact_push_length(const struct artifact_push *push);
void artifact_push_digest(struct artifact_push *push, unsigned char out[static DIGEST_LEN]);

#endif
