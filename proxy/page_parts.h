/* proxy/page_parts.h - the frame and the small pieces that all pages of ours share. */
#ifndef SPARKGATE_PROXY_PAGE_PARTS_H
#define SPARKGATE_PROXY_PAGE_PARTS_H

#include "proxy/page.h"

/* Everything up to the inside of <main>; `search` is what the search field shows, NULL: no field. */
void part_begin(struct sbuf *out, const struct page_view *view, const char *title, const char *search);
void part_end(struct sbuf *out, const struct page_view *view);

void part_text(struct sbuf *out, const char *text);		 /* escaped */
void part_clipped(struct sbuf *out, const char *text, size_t max); /* escaped, at most `max` bytes and an ellipsis */
void part_link(struct sbuf *out, const char *path, const char *suffix, const char *text, size_t max);
void part_memory(struct sbuf *out, uint64_t mb);      /* "2.0 GiB" */
void part_duration(struct sbuf *out, int64_t ms);     /* "3 h 12 min" */
void part_time(struct sbuf *out, int64_t wall_ms);    /* <time>; a dash when 0 */
/* A bar and its words: "3 of 8 cores". */
void part_usage(struct sbuf *out, const char *label, double used, double total, const char *words);

#endif
