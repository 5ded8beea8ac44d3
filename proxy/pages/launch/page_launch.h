/*
 * proxy/pages/launch/page_launch.h - pages of applications that were launched through the gateway:
 * the list, one of them, its log, and the form for a new one.
 *
 * What is shown is the JSON that the API answers with: launches, profiles, artifacts. Pure, any
 * thread; they borrow.
 */
#ifndef SPARKGATE_PROXY_PAGES_LAUNCH_PAGE_LAUNCH_H
#define SPARKGATE_PROXY_PAGES_LAUNCH_PAGE_LAUNCH_H

#include "proxy/pages/page.h"

struct page_launches {
	const json_t *launches; /* newest first */
	const char *next;	/* a cursor for older ones; "": there are none */
	bool is_later;		/* not the newest are shown */
	bool has_profiles;	/* whether a new one may be launched */
};
void page_launches(
	struct sbuf *out, const struct page_view *view, const struct page_launches *list);

struct page_launch {
	const json_t *launch;
	const json_t *events; /* rows of {"at", "text", "about"}; NULL: nobody was asked */
	const char *done;     /* of ours: what was done; or NULL */
	const char *problem;  /* why not; or NULL */
};
void page_launch(struct sbuf *out, const struct page_view *view, const struct page_launch *it);

/* Asks whether it is to be ended; the form says so. */
void page_launch_kill(struct sbuf *out, const struct page_view *view, const json_t *launch);

struct page_launch_log {
	const json_t *launch;
	const char *container; /* "driver", "executor-3" */
};
/* follow-log.js fetches the lines; without it there is a link to them. */
void page_launch_log(
	struct sbuf *out, const struct page_view *view, const struct page_launch_log *log);

/* `values`: texts by the names of the form's fields, as they came or as they are to begin. */
/* A person's own files in a cluster's storage. */
struct page_artifacts {
	const char *cluster;
	const json_t *artifacts; /* rows of {"name", "size", "modified"} */
	uint64_t used, quota;	 /* bytes */
};
void page_artifacts(
	struct sbuf *out, const struct page_view *view, const struct page_artifacts *list);

struct page_launch_form {
	const json_t *profiles; /* that may be used */
	const json_t *values;
	const char *key;     /* of this form: what is sent twice is done once */
	const char *problem; /* or NULL */
};
void page_launch_form(
	struct sbuf *out, const struct page_view *view, const struct page_launch_form *form);

#endif
