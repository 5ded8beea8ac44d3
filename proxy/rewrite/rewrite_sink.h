/*
 * proxy/rewrite/rewrite_sink.h - what the readers share: their states, and where bytes go.
 *
 * A reader is given one contiguous chunk after another. Bytes from `run` on are not written yet: a
 * chunk in which nothing changes is moved to the output whole, never copied.
 */
#ifndef SPARKGATE_PROXY_REWRITE_REWRITE_SINK_H
#define SPARKGATE_PROXY_REWRITE_REWRITE_SINK_H

#include "base/sbuf.h"
#include "proxy/rewrite/page_memo.h"
#include "proxy/rewrite/rewrite_link.h"

#include <event2/buffer.h>

enum { HOLD_MAX = 8 * 1024, SCRIPT_HEAD_MAX = 4 * 1024 };

struct sink { /* writes into space reserved in `out` */
	struct evbuffer *out;
	struct evbuffer_iovec space;
	char *at, *end;
	size_t hint; /* bytes still to come, as a guess */
};

struct html {
	int state;
	char quote;	     /* around the value; 0: none */
	bool is_script;	     /* of `element` */
	bool is_style;	     /* the same, and its inside is mended */
	bool is_meta;	     /* the tag is <meta>, and is held until it ends */
	const char *meta;    /* its attributes, as far as they are in this chunk */
	bool is_other;	     /* of the context */
	bool may_kill;	     /* a form has come, or a link that kills: rewriter_kills() */
	int value_kind;	     /* enum value_kind: of the attribute */
	bool is_head;	     /* the tag is <head> and our script is to follow it */
	bool past_head;	     /* it has, or there is none: <body> has come */
	bool is_body;	     /* the tag is <body> and our banner is to follow it */
	bool past_body;	     /* it has: no tag that follows is looked at for these */
	unsigned name_len;   /* past sizeof(name): a name we have no use for */
	unsigned matched;    /* bytes of "</name", "<!--" or "-->" seen */
	char name[24];	     /* lower case: the tag's, then each attribute's */
	const char *element; /* text element the tag begins, or that we are in; NULL */
};

struct json {
	int state;
	unsigned key_len;		/* past sizeof(key): none of ours */
	char key[32];			/* of a string that a chunk's end cut in two */
	bool is_escaped;		/* the next byte belongs to a backslash */
	bool key_is_map, key_is_master; /* the key just read may name an object of links */
	bool in_map;			/* inside one: every value is a link */
};

struct css {
	int state;
	char quote;	   /* around the string or URL; 0: none */
	bool is_escaped;   /* the next byte belongs to a backslash */
	unsigned word_len; /* past sizeof(word): none of ours */
	char word[8];	   /* lower case: the name being read */
};

struct script {
	char before; /* last byte that is no blank: '+' in `uiRoot + "/static/…"` */
};

struct rewriter {
	enum rewrite_kind kind;
	struct links links;
	size_t passed;		   /* bytes that were read, up to PAGE_MEMO_FROM */
	struct page_reader *pages; /* NULL: it is no long page, yet */
	struct sink sink;
	const char *run;
	struct sbuf hold;     /* the beginning of a candidate that a chunk's end cut in two */
	const char *hold_run; /* as run, within hold, once the candidate is complete */
	struct html html;
	struct json json;
	struct script script;
	struct css css;
};

void sink_grow(struct sink *sink, size_t len);
void sink_commit(struct sink *sink); /* what was written is in `out` */

static inline void sink_add(struct sink *sink, const char *bytes, size_t len)
{
	if (len == 0) /* perhaps to nowhere: memcpy() takes no NULL even then */
		return;
	if ((size_t)(sink->end - sink->at) < len)
		sink_grow(sink, len);
	memcpy(sink->at, bytes, len);
	sink->at += len;
}

/* Writes what is unwritten before p. */
static inline void rewriter_write_to(struct rewriter *rw, const char *p)
{
	if (p > rw->run)
		sink_add(&rw->sink, rw->run, (size_t)(p - rw->run));
	rw->run = p;
}

/* Keeps [from, end) for the next chunk. False when it gets too much: it is written as it is. */
bool rewriter_hold(struct rewriter *rw, const char *from, const char *end);
/*
 * A candidate is complete: [from, end), with what was held before it. Edit it from left to right,
 * then release it; it is borrowed until then.
 */
struct str rewriter_candidate(struct rewriter *rw, const char *from, const char *end);
void rewriter_edit(struct rewriter *rw, struct str candidate, size_t offset, size_t cut);
void rewriter_release(struct rewriter *rw);

#endif
