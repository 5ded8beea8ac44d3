/*
 * proxy/launch/upload/artifact_call.h - one request about artifacts, as its steps share it.
 *
 * It belongs to its web call, and ends with it: whatever is under way is cancelled then.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_UPLOAD_ARTIFACT_CALL_H
#define SPARKGATE_PROXY_LAUNCH_UPLOAD_ARTIFACT_CALL_H

#include "base/text/json_writer.h"
#include "proxy/launch/artifacts/artifact_bench.h"
#include "proxy/launch/artifacts/s3.h"
#include "proxy/launch/rules/artifact_place.h"
#include "proxy/web/web_fault.h"

enum artifact_step { ARTIFACT_READ, ARTIFACT_WRITE };

struct artifact_call {
	struct web_call *web;
	const struct conf_cluster *cluster;
	enum artifact_step step;
	char text[2 * ARTIFACT_NAME_MAX + 16]; /* what `name` borrows from */
	struct artifact_name name;	       /* file.at == NULL: of all in a folder */
	char folder[ARTIFACT_KEY_MAX], key[ARTIFACT_KEY_MAX]; /* below the storage's prefix */
	struct fetch *fetch; /* NULL: the storage is not asked anything */
	struct s3_listing listing;
	void (*then)(struct artifact_call *call); /* once that is there */
};

/* Reads which artifact the request's path names, and finds its storage. NULL: refused, and
 * answered. `size`: of a struct that begins with this one; `work` frees it with the web call. */
struct artifact_call *artifact_call_new(
	struct web_call *web, enum artifact_step step, size_t size, const struct web_work *work);
/* The same of a file of one's own that no path names, on a cluster; whoever asks frees it. */
struct artifact_call *artifact_call_to_write(
	struct web_call *web, struct str cluster, struct str file, size_t size);
/* Whether they may change what is called so, and where. */
bool artifact_call_lets_write(const struct artifact_call *call, const struct identity *who);
/* Cancels what is under way, and frees. */
void artifact_call_free(void *call);
/* A row's `work` that has nothing more to free. */
extern const struct web_work artifact_call_work;

/* What a question to the storage is asked with; `done` gets the call. */
struct s3_call artifact_call_ask(
	struct artifact_call *call, void (*done)(const struct fetch_result *result, void *arg));
/* Asks which objects begin with `prefix`, and goes on with them in call->listing; else answers. */
void artifact_call_list(struct artifact_call *call, const char *prefix, unsigned max,
	void (*then)(struct artifact_call *call));
/* Each object of the folder that can be asked for by its name. */
void artifact_call_each(const struct artifact_call *call,
	void (*each)(void *arg, const struct artifact_name *name, const struct s3_object *object),
	void *arg);
uint64_t artifact_call_used(const struct artifact_call *call); /* bytes, of all there is */
/* The object of the call's own key; NULL: there is none. */
const struct s3_object *artifact_call_find(const struct artifact_call *call);
/* Whether the storage has done what it was asked for; else answers, and the call is gone. */
MUST_CHECK bool artifact_call_is_done(
	struct artifact_call *call, const struct fetch_result *result);
/* Answers, and the call is gone; `why` NULL: as the fault says. Of what would have changed
 * something the audit knows that it has not. */
void artifact_call_refuse(struct artifact_call *call, enum fault fault, const char *why);
/* There is no such artifact for who asks. The same. */
void artifact_call_no_such(struct artifact_call *call);
/* An audit line: "upload" or "delete". */
void artifact_call_audit(const struct artifact_call *call, const char *what, uint64_t bytes);
/* Members of JSON: what it is called, here and by Spark. */
void artifact_call_write(
	const struct artifact_call *call, struct json_writer *w, const struct artifact_name *name);
/* Ends the call with `json`. */
void artifact_call_answer(struct artifact_call *call, int status, struct sbuf *json);

#endif
