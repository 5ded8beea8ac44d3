/*
 * proxy/rewrite/rewrite.h - Spark's own addresses mended to the mounts, streaming (T1-T56).
 *
 * HTML attributes and known JSON keys only, never text, <pre>, data: or script JSON (T32-T35). And
 * one <script> of ours right after <head>, before any of the page's own. Of a UI that is not
 * Spark's every attribute that HTML knows as a link, and what CSS names; scripts of HDFS alone.
 * Linear in bytes; holds at most one attribute, JSON string or head of an inline script (8 KiB)
 * between calls, whatever the size of the response. One thread.
 */
#ifndef SPARKGATE_PROXY_REWRITE_REWRITE_H
#define SPARKGATE_PROXY_REWRITE_REWRITE_H

#include "base/sbuf.h"
#include "proxy/rewrite/rewrite_context.h"

struct evbuffer;

/*
 * From a Content-Type field value and the request's path (no query). REWRITE_SCRIPT only for
 * Spark's own three files that hard-code a path (T16-T18), and HDFS's that do: every other script
 * passes untouched.
 * What is kept of such a script for later requests is good for its mount only. REWRITE_CSS only for
 * other UIs: Spark's own is relative.
 */
enum rewrite_kind rewrite_kind_of(struct str content_type, struct str path, bool is_other);

struct rewriter;
struct rewriter *rewriter_new(const struct rewrite_context *context, enum rewrite_kind kind);
void rewriter_free(struct rewriter *rw); /* NULL is fine */
/* Moves all of `in` to `out`, mended; `last` flushes what is held. Never fails: what it does not
 * understand passes through unchanged. */
void rewriter_feed(struct rewriter *rw, struct evbuffer *in, struct evbuffer *out, bool last);
/* What of that may kill (T42, T43), of a page fed since the last call. */
enum rewrite_kills {
	REWRITE_KILLS_NONE,
	REWRITE_KILLS_CUT, /* the end cut a tag in two, which may be one */
	REWRITE_KILLS_SOME /* a form has come, or a link that kills */
};
enum rewrite_kills rewriter_kills(struct rewriter *rw);
bool rewrite_link_kills(struct str url); /* "/jobs/job/kill/?id=7" (T42) */

/* One URL or path as it stands in Location, mended into `out` (absolute or root-relative; T36-T39).
 * False: leave as is. */
bool rewrite_location(const struct rewrite_context *context, struct str value, struct sbuf *out);
/* Refresh: "5; url=/x". False: leave as is. */
bool rewrite_refresh(const struct rewrite_context *context, struct str value, struct sbuf *out);
/* Link (RFC 8288): the targets. False: leave as is. */
bool rewrite_link_field(const struct rewrite_context *context, struct str value, struct sbuf *out);
/* A Set-Cookie value with its Path below the mount, another mount's too, its Domain dropped (S46).
 * False: leave as is. One whose name binds it to Path=/ ("__Host-…") gets a name that does not. One
 * of Spark's gets a name by which it is known again, */
bool rewrite_set_cookie(const struct rewrite_context *context, struct str value, struct sbuf *out);
/* ... and here each has its own: `*before` and what is left of `*pair`. False: Spark has not set it
 * through the gateway, and does not get it (S90). */
MUST_CHECK bool rewrite_cookie(bool is_other, struct str *pair, struct str *before);

#endif
