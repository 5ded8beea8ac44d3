/*
 * proxy/page.h - the gateway's own pages, rendered on the server into a buffer.
 *
 * Pure: a snapshot and a viewer in, HTML out. No inline script or style (strict CSP); every value
 * is escaped at the place where it is written.
 */
#ifndef SPARKGATE_PROXY_PAGE_H
#define SPARKGATE_PROXY_PAGE_H

#include "auth/identity.h"
#include "base/sbuf.h"
#include "proxy/fault.h"
#include "proxy/registry.h"

enum { PAGE_MAX = 4 * 1024 * 1024 };

/* Content-Security-Policy of every page of ours. */
extern const char page_csp[];

struct page_view {		    /* borrowed */
	const char *base;	    /* "" or "/base" */
	const struct identity *who; /* NULL: nobody */
	const char *request_id;
};

/* Home (cluster NULL) or one cluster's page. `query` is the raw query string: q= search, page=,
 * state=. */
void page_home(struct sbuf *out, const struct page_view *view, const struct registry *reg,
	const struct cluster_info *cluster, struct str query);
/* Sign-in. `next` is a checked local path to come back to; `problem` a sentence or NULL. */
void page_login(
	struct sbuf *out, const struct page_view *view, struct str next, const char *problem);
/* A page with a "Sign out" button (S29: GET shows a button, POST does it). */
void page_logout(struct sbuf *out, const struct page_view *view);
void page_signed_out(struct sbuf *out, const struct page_view *view);
/* Any fault. `detail` says more (which role or action was missing), or NULL. */
void page_fault(
	struct sbuf *out, const struct page_view *view, enum fault fault, const char *detail);
/* A worker or application that is gone, refused or not verified, with the way to history when there
 * is one. */
void page_gone(struct sbuf *out, const struct page_view *view, const struct registry *reg,
	const struct mount *mount);
/* "finished; its history is not ready yet", retries by itself (Refresh header is the caller's). */
void page_not_ready(struct sbuf *out, const struct page_view *view, const struct app_info *app);

struct page_static {
	const char *path, *content_type, *etag;
	const char *href; /* below the base: "/_gate/static/<path>?v=<of its content>" */
	const unsigned char *bytes;
	size_t len;
};
/* A file below _gate/static/, or NULL. */
const struct page_static *page_static_find(struct str path);

#endif
