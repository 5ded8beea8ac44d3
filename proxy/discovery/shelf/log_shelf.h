/*
 * proxy/discovery/shelf/log_shelf.h - a folder with what is kept of pods of drivers and executors
 * that ended: what their containers said of their end, what Kubernetes told of their pods, and last
 * lines of their log.
 *
 * It owns the folder: one file an application for its driver, and one for each of its executors, in
 * which a line of JSON stands before the log. Files are the gateway's own (0600), as many bytes as
 * the configuration allows; shelf_index.h says which goes first.
 * Blocking; the keeper's thread. Several processes may have one folder.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_SHELF_LOG_SHELF_H
#define SPARKGATE_PROXY_DISCOVERY_SHELF_LOG_SHELF_H

#include "base/err.h"
#include "base/str.h"

struct log_shelf;

enum {
	LOG_SHELF_TEXT = 1024 * 1024,
	LOG_SHELF_FILES = 10000,
	SHELF_EXECUTORS_EACH = 16, /* that are kept of an application; failed ones stay longest */
};

struct shelf_record {	    /* borrowed when it is put, given when it is read */
	char *app_id, *uid; /* of the application, of the pod */
	char *driver;	    /* of an executor's pod the uid of its driver's; NULL: it is that */
	char *pod;	    /* JSON, as kube_status_cut() made it */
	char *events;	    /* JSON, as incidents_text() made it; NULL: none were read */
	char *problem;	    /* why the log is not there, or not whole; "" */
	char *text;	    /* the log's last bytes, NUL-terminated */
	size_t text_len;    /* at most LOG_SHELF_TEXT */
};
void shelf_record_clear(struct shelf_record *record);

/* Makes the folder, and looks what is in it. Each file goes `keep_ms` after it was touched. */
struct log_shelf *log_shelf_open(
	const char *folder, int64_t keep_ms, uint64_t max_bytes, struct err *err);
void log_shelf_free(struct log_shelf *shelf); /* the files stay; NULL is fine */
MUST_CHECK int log_shelf_put(
	struct log_shelf *shelf, const struct shelf_record *record, struct err *err);
bool log_shelf_has(const struct log_shelf *shelf, const char *app_id, const char *uid);
/* False: there is none, or it cannot be read. Of the text no more than the last `max` bytes. */
MUST_CHECK bool log_shelf_read(
	struct log_shelf *shelf, const char *app_id, size_t max, struct shelf_record *out);
/* It stays for as long again. */
void log_shelf_touch(struct log_shelf *shelf, const char *app_id);
/* The same of an executor, by its pod's uid. */
bool log_shelf_has_executor(const struct log_shelf *shelf, const char *uid);
MUST_CHECK bool log_shelf_read_executor(
	struct log_shelf *shelf, const char *uid, size_t max, struct shelf_record *out);
void log_shelf_touch_executor(struct log_shelf *shelf, const char *uid);
/* How many are kept of this application's driver; their uids, the oldest first, into `uids`, which
 * are borrowed until something is put. */
size_t log_shelf_executors(const struct log_shelf *shelf, const char *namespace, const char *app_id,
	const char *driver, const char *uids[static SHELF_EXECUTORS_EACH]);
void log_shelf_sweep(struct log_shelf *shelf); /* what is too old goes */
size_t log_shelf_count(const struct log_shelf *shelf);
/* Calls `each` with the id of every application whose driver's is kept; it may put and touch. */
void log_shelf_each(
	struct log_shelf *shelf, void (*each)(const char *app_id, void *arg), void *arg);

#endif
