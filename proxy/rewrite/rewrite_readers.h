/* proxy/rewrite/rewrite_readers.h - the readers of what can be rewritten: each is given one chunk
 * after another, and mends on the way. */
#ifndef SPARKGATE_PROXY_REWRITE_REWRITE_READERS_H
#define SPARKGATE_PROXY_REWRITE_REWRITE_READERS_H

#include "proxy/rewrite/rewrite_sink.h"

void rewrite_html_chunk(struct rewriter *rw, const char *p, const char *end);
bool rewrite_html_is_in_body(const struct rewriter *rw); /* in text there, outside any element
							     that hides what follows */
bool rewrite_html_is_in_tag(const struct rewriter *rw);	 /* the last chunk's end cut it in two */
void rewrite_json_chunk(struct rewriter *rw, const char *p, const char *end);
void rewrite_script_chunk(struct rewriter *rw, const char *p, const char *end);
void rewrite_css_chunk(struct rewriter *rw, const char *p, const char *end);
/* Here a URL cannot go on: what is held of it is written as it is. */
void rewrite_css_break(struct rewriter *rw);

/* The beginning of an inline script: setUIRoot('X') and module imports (T2, T30). */
void rewrite_script_head(struct rewriter *rw, struct str head);
/* The script is one of Hadoop's tables, `var appsTableData=[["<a href='/x'>…</a>", …`, whose
 * strings are HTML: pages have their links nowhere else. */
bool rewrite_script_is_table(struct str head);

#endif
