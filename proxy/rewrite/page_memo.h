/*
 * proxy/rewrite/page_memo.h - what the pieces of a long page became the last time it passed.
 *
 * Most of a master's page of thousands of workers is what it was two seconds ago. A piece whose
 * bytes are those of the last time, all of them compared, is sent by reference to what was made of
 * it then; only what has changed is read. So nothing is known here that reading would not say: the
 * page is of the same mount and out of the same snapshot, a piece begins in text outside any
 * element, behind <body> and the page's root, and a page that has another root than its mount is
 * not kept.
 *
 * A page begins to be kept behind its first 32 KiB. What follows is cut behind tags with links,
 * into pieces of 16 KiB and more. Where a piece is not what it was, it is recorded anew up to where
 * its end, or that of one of the next, is found again. One page is kept: PAGE_MEMO_MAX of its text
 * and what became of it. One response records at a time; others use what there is, up to the first
 * difference. One thread.
 */
#ifndef SPARKGATE_PROXY_REWRITE_PAGE_MEMO_H
#define SPARKGATE_PROXY_REWRITE_PAGE_MEMO_H

#include "base/mem.h"
#include "base/str.h"

struct evbuffer;
struct rewriter;

enum {
	PAGE_MEMO_FROM = 32 * 1024, /* bytes of a page that pass before it is looked at here */
	PAGE_MEMO_MAX = 4 * 1024 * 1024,
};

struct page_memo;
struct page_memo *page_memo_new(void);
void page_memo_free(struct page_memo *memo); /* NULL is fine; when no response is left */

/* What a piece depends on beside its text. Borrowed, and compared by value but for `mount`, which
 * is the snapshot's. */
struct page_key {
	uint64_t snapshot; /* registry_serial() */
	const char *mount, *origin, *others;
};

struct page_reader; /* of one response */
struct page_reader *page_reader_new(struct page_memo *memo, const struct page_key *key);
void page_reader_free(struct page_reader *reader); /* NULL is fine */
/* Takes all of `in`, which is not empty, or a first part of it, and writes to the rewriter's sink.
 * False: this page is not kept, or not any more; nothing was taken. */
bool page_reader_feed(struct page_reader *reader, struct rewriter *rw, struct evbuffer *in);
/* The page ends: what waits is written, and the page is kept. */
void page_reader_end(struct page_reader *reader, struct rewriter *rw);

#endif
