/*
 * proxy/rewrite/link_memo.h - what the links of a long page became the last time it passed, in
 * their order.
 *
 * A master's page names its thousands of workers in the same order each time. One that stands where
 * it stood costs one comparison with memory that is read in a row; only another one is taken apart
 * and looked up. What is found here is a link of the very same bytes, on the same page, out of the
 * same snapshot: nothing is known here that a look-up would not say. One thread; one page at a
 * time. rewrite_bench, "the same page as the last time": half of its time.
 */
#ifndef SPARKGATE_PROXY_REWRITE_LINK_MEMO_H
#define SPARKGATE_PROXY_REWRITE_LINK_MEMO_H

#include "proxy/rewrite/rewrite_link.h"

enum { LINK_MEMO_MAX = 8192 }; /* links: half a MiB */

struct link_memo;
struct link_memo *link_memo_new(void);
void link_memo_free(struct link_memo *memo); /* NULL is fine */

/* What an answer depends on beside the link. Borrowed, and compared by value but for `mount`, which
 * is the snapshot's. */
struct link_memo_key {
	uint64_t snapshot; /* registry_serial() */
	const char *mount, *origin;
};

struct link_memo_reader {	/* of one response, in place */
	struct link_memo *memo; /* NULL: nothing is remembered */
	struct link_memo_key key;
	uint64_t epoch; /* of the memo when it is of this page; 0: it is another's */
	size_t at;
	unsigned strange;
};

void link_memo_open(
	struct link_memo_reader *reader, struct link_memo *memo, const struct link_memo_key *key);
/* The next link of the page. False: it is not what it was the last time. */
bool link_memo_find(struct link_memo_reader *reader, struct str link, struct link_edit *edit);
/* What became of a link that was not found. */
void link_memo_note(struct link_memo_reader *reader, struct str link, const struct link_edit *edit);

#endif
