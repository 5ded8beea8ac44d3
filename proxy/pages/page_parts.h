/*
 * proxy/pages/page_parts.h - what every page of ours is made of: its frame, and one writer per kind
 * of value.
 *
 * Names, ids and states come from whoever runs an application: each writer here escapes and clips
 * what it writes, so that callers only ever add their own fixed markup beside it. Pure, but for the
 * clock in the footer. Any thread.
 */
#ifndef SPARKGATE_PROXY_PAGES_PAGE_PARTS_H
#define SPARKGATE_PROXY_PAGES_PAGE_PARTS_H

#include "proxy/pages/page.h"
#include "proxy/pages/page_static.h"

enum { PART_CLIP = 96, PART_REASON = 512 }; /* bytes of a name and of a reason that are shown */

enum part_tone { TONE_IDLE, TONE_OK, TONE_BUSY, TONE_WARN, TONE_BAD };

/* Everything up to and including <main>. `title` is text of ours or a value, escaped here. `q` is
 * what the search field holds. Narrow pages say one thing. */
struct part_frame {
	const char *title;
	const char *q;
	bool narrow;
};
void part_open(struct sbuf *out, const struct page_view *view, const struct part_frame *frame);
void part_close(struct sbuf *out, const struct page_view *view);
/* A script of ours (pages/static/), run when the page is there. */
void part_script(struct sbuf *out, const struct page_view *view, enum page_static_file script);
/* True while `more` bytes still fit: asked before each row whose number somebody else chooses. */
bool part_has_room(const struct sbuf *out, size_t more);

/* What a form on the admin site carries beside its own fields (S35); elsewhere nothing. */
void part_form_token(struct sbuf *out, const struct page_view *view);
struct page_view part_as_nobody(const struct page_view *view);
/* Where the path begins in a view's base: before it stands our origin on an application's host. */
size_t part_base_path(const struct page_view *view);

/* Escaped, cut between characters after `max` bytes, with an ellipsis then. */
void part_text(struct sbuf *out, const char *text, size_t max);
/* A name for people: as part_text(), isolated from the text around it (right-to-left overrides),
 * with the whole of it in a tooltip when it was cut. */
void part_name(struct sbuf *out, const char *name);
/* Why something waits or how it ended, in somebody else's words: all of it, isolated. */
void part_reason(struct sbuf *out, const char *reason);
/* A log: no escape sequences of terminals, no control characters. */
void part_log(struct sbuf *out, struct str text);
/* The same in its frame; `is_cut`: there is more before it. */
void part_log_box(struct sbuf *out, struct str text, bool is_cut);
/* The inside of an href: a path whose segments are not encoded yet, e.g. a mount's. */
void part_path(struct sbuf *out, const char *path);
/* The inside of an href: "<cluster>/apps/<id>". */
void part_permalink(struct sbuf *out, const char *cluster_path, const char *id);
/* The same with the gateway's base before it, and what is below it ("/logs", ""). */
void part_app_href(struct sbuf *out, const struct page_view *view, const char *cluster_path,
	const char *id, const char *below);

void part_count(struct sbuf *out, uint64_t n);	   /* 10,000 */
void part_memory(struct sbuf *out, uint64_t mb);   /* 512 MiB, 1.5 GiB */
void part_time(struct sbuf *out, int64_t wall_ms); /* <time>, in UTC, to the minute */
void part_duration(struct sbuf *out, int64_t ms);  /* 3m 12s; a dash when negative */
void part_pill(struct sbuf *out, enum part_tone tone, const char *word); /* word is ours */
void part_state(struct sbuf *out, const char *state); /* a pill, from Spark's word */
/* A bar. `label` is ours and says of what. */
void part_meter(struct sbuf *out, const char *label, uint64_t used, uint64_t total);

#endif
