#include "proxy/rewrite/page_memo.h"

#include "proxy/rewrite/rewrite_readers.h"

#include <event2/buffer.h>
#include <stdlib.h>

enum {
	BEGIN_MAX = 256 * 1024, /* bytes in which the first piece has to begin where it did */
	PIECE_MIN = 16 * 1024,	/* bytes of a piece's text */
	PIECE_MAX = 32 * 1024,
	SEEK_STEP = 4 * 1024, /* bytes that come before an end is looked for again */
	CUT_MAX = 4 * 1024,   /* bytes in which a tag with a link is looked for */
	ANCHOR = 48,	/* bytes at a piece's end by which it is found again: an address, mostly */
	LOOK_AHEAD = 3, /* pieces that may be gone */
	MISSES_MAX = 8, /* pieces without finding one: it is another page */
	KEY_MAX = 1024,
};

struct piece { /* shared by copies, and by answers that are on their way */
	unsigned refs;
	bool may_kill;
	size_t in_len, out_len;
	char at[]; /* its text, then what became of it */
};

struct copy { /* of a page; shared by the memo and the responses that read by it */
	unsigned refs;
	uint64_t snapshot;
	const char *mount;
	size_t key_len;
	char key[KEY_MAX];
	char start[ANCHOR]; /* the text before its first piece */
	struct piece **pieces;
	size_t count, room, bytes;
};

struct page_memo {
	struct copy *last;
	bool is_recording; /* some response does */
};

enum reader_state {
	READER_BEFORE,	/* what comes is no part of any piece yet */
	READER_SAME,	/* the same as the last time, as far as it has come */
	READER_SEEKING, /* not the same: recorded until one of the next ends is found */
	READER_NEW,	/* recorded, and nothing is looked for */
	READER_OFF,
};

struct page_reader {
	struct page_memo *memo;
	enum reader_state state;
	struct copy *old; /* NULL: there is none of this page */
	struct copy
		*next;	/* what is recorded; NULL: another response does, so this one only looks */
	size_t passed;	/* bytes of READER_BEFORE */
	size_t at;	/* the piece of `old` that is next */
	size_t matched; /* bytes of it that have come, and were the same */
	unsigned misses;
	size_t recorded; /* bytes of `record`, which are not read yet */
	size_t sought;	 /* of these, when an end was looked for */
	char *record;	 /* PIECE_MAX; NULL: nothing yet */
};

/* --- pieces and copies --- */

static void piece_unref(struct piece *piece)
{
	if (--piece->refs == 0)
		free(piece);
}

static void on_piece_sent(const void *bytes, size_t len, void *arg)
{
	(void)bytes, (void)len;
	piece_unref(arg);
}

static struct copy *copy_new(const struct page_key *key)
{
	struct copy *copy = mem_alloc(1, sizeof *copy);
	struct sbuf text;

	copy->refs = 1;
	copy->snapshot = key->snapshot;
	copy->mount = key->mount;
	sbuf_init(&text, KEY_MAX);
	sbuf_printf(&text, "%s %s", key->origin, key->others ? key->others : "");
	copy->key_len = text.overflow ? 0 : text.len;
	if (copy->key_len)
		memcpy(copy->key, text.at, text.len);
	sbuf_clear(&text);
	return copy;
}

static void copy_unref(struct copy *copy)
{
	if (copy == NULL || --copy->refs > 0)
		return;
	for (size_t i = 0; i < copy->count; i++)
		piece_unref(copy->pieces[i]);
	free(copy->pieces);
	free(copy);
}

static bool is_same_key(const struct copy *a, const struct copy *b)
{
	return a->snapshot == b->snapshot && a->mount == b->mount && a->key_len == b->key_len &&
	       memcmp(a->key, b->key, a->key_len) == 0;
}

/* Shares the piece. False: that would be too much. */
static bool copy_add(struct copy *copy, struct piece *piece)
{
	size_t bytes = sizeof *piece + piece->in_len + piece->out_len;

	if (bytes > PAGE_MEMO_MAX - copy->bytes)
		return false;
	if (copy->count == copy->room) {
		copy->room = copy->room ? 2 * copy->room : 64;
		copy->pieces = mem_resize(copy->pieces, copy->room, sizeof *copy->pieces);
	}
	copy->pieces[copy->count++] = piece;
	copy->bytes += bytes;
	piece->refs++;
	return true;
}

struct page_memo *page_memo_new(void)
{
	return mem_alloc(1, sizeof(struct page_memo));
}

void page_memo_free(struct page_memo *memo)
{
	if (memo == NULL)
		return;
	copy_unref(memo->last);
	free(memo);
}

/* --- a response --- */

struct page_reader *page_reader_new(struct page_memo *memo, const struct page_key *key)
{
	struct page_reader *reader = mem_alloc(1, sizeof *reader);
	struct copy *next = copy_new(key);

	reader->memo = memo;
	if (memo->last && is_same_key(memo->last, next)) {
		reader->old = memo->last;
		reader->old->refs++;
	}
	if (memo->is_recording || next->key_len == 0)
		copy_unref(next);
	else
		reader->next = next;
	memo->is_recording |= reader->next != NULL;
	if (reader->old == NULL && reader->next == NULL)
		reader->state = READER_OFF;
	return reader;
}

static void reader_move(struct page_reader *reader, enum reader_state state)
{
	reader->state = state;
	reader->matched = reader->sought = 0;
}

static void drop_next(struct page_reader *reader)
{
	if (reader->next)
		reader->memo->is_recording = false;
	copy_unref(reader->next);
	reader->next = NULL;
}

void page_reader_free(struct page_reader *reader)
{
	if (reader == NULL)
		return;
	drop_next(reader);
	copy_unref(reader->old);
	free(reader->record);
	free(reader);
}

/* Here a piece may begin or end: what follows depends on nothing that came before. */
static bool is_between(const struct rewriter *rw)
{
	return rewrite_html_is_in_body(rw) && rw->hold.len == 0 && rw->links.has_root &&
	       rw->links.root_len == 0;
}

/* Reads as if there were no memo. */
static void read_plainly(struct rewriter *rw, const char *bytes, size_t len)
{
	if (len == 0)
		return;
	rw->run = bytes;
	rw->sink.hint = len + len / 4;
	rewrite_html_chunk(rw, bytes, bytes + len);
	rewriter_write_to(rw, bytes + len);
}

/* Gives a piece with one reference. */
static struct piece *read_piece(struct rewriter *rw, const char *bytes, size_t len)
{
	struct sink sink = rw->sink;
	bool may_kill = rw->html.may_kill;
	struct evbuffer *out = evbuffer_new();

	rw->html.may_kill = false;
	rw->sink = (struct sink){.out = out};
	read_plainly(rw, bytes, len);
	sink_commit(&rw->sink);
	rw->sink = sink;
	size_t out_len = evbuffer_get_length(out);
	struct piece *piece = mem_alloc(1, sizeof *piece + len + out_len);
	piece->refs = 1;
	piece->may_kill = rw->html.may_kill;
	piece->in_len = len;
	piece->out_len = out_len;
	memcpy(piece->at, bytes, len);
	evbuffer_remove(out, piece->at + len, out_len);
	evbuffer_free(out);
	rw->html.may_kill |= may_kill;
	return piece;
}

static void send_piece(struct rewriter *rw, struct piece *piece)
{
	rw->html.may_kill |= piece->may_kill;
	sink_commit(&rw->sink);
	if (piece->out_len == 0)
		return;
	piece->refs++;
	if (evbuffer_add_reference(rw->sink.out, piece->at + piece->in_len, piece->out_len,
		    on_piece_sent, piece) == -1)
		abort(); /* out of memory, as base/mem.h has it */
}

/* --- where a piece ends --- */

/* Behind the last tag with a link that ends in [from, len); else behind the last line. 0: neither.
 */
static size_t find_cut(const char *text, size_t from, size_t len)
{
	size_t line = 0;

	for (size_t at = len; at > from; at--) {
		char c = text[at - 1];
		if (c == '\n' && line == 0)
			line = at;
		if (c != '>' || at < ANCHOR)
			continue;
		struct str before = {text + at - ANCHOR, ANCHOR};
		if (str_find(before, STR("href=")) != -1)
			return at;
	}
	return line;
}

static size_t find_anchor(const char *text, size_t len, const char *anchor)
{
	ptrdiff_t at = str_find((struct str){text, len}, (struct str){anchor, ANCHOR});

	return at == -1 ? 0 : (size_t)at + ANCHOR;
}

static const char *end_of_piece(const struct piece *piece)
{
	return piece->at + piece->in_len - ANCHOR;
}

/* --- recording --- */

/* What is recorded up to `len` becomes a piece. */
static void record_piece(struct page_reader *reader, struct rewriter *rw, size_t len)
{
	struct piece *piece = read_piece(rw, reader->record, len);
	bool is_kept = copy_add(reader->next, piece);

	send_piece(rw, piece);
	piece_unref(piece);
	reader->recorded -= len;
	memmove(reader->record, reader->record + len, reader->recorded);
	if (is_between(rw) && is_kept)
		return;
	if (!is_between(rw))
		drop_next(reader); /* no page of the kind that is meant here */
	read_plainly(rw, reader->record, reader->recorded);
	reader->recorded = 0;
	reader_move(reader, READER_OFF);
}

/* The record goes on with the piece that is next, or with its beginning. */
static bool continues_old(struct page_reader *reader)
{
	if (reader->at == reader->old->count)
		return false;
	const struct piece *piece = reader->old->pieces[reader->at];
	size_t len = reader->recorded;

	return len < piece->in_len && memcmp(reader->record, piece->at, len) == 0;
}

/* Up to an end that was found, of the piece `found` of the old copy. */
static void meet_old(struct page_reader *reader, struct rewriter *rw, size_t found, size_t end)
{
	record_piece(reader, rw, end);
	if (reader->state == READER_OFF)
		return;
	reader->at = found + 1;
	reader->misses = 0;
	if (!continues_old(reader)) {
		reader_move(reader, reader->at < reader->old->count ? READER_SEEKING : READER_NEW);
		return;
	}
	reader_move(reader, READER_SAME);
	reader->matched = reader->recorded;
	reader->recorded = 0;
}

static bool seek(struct page_reader *reader, struct rewriter *rw)
{
	const struct copy *old = reader->old;

	for (size_t i = 0; i <= LOOK_AHEAD && reader->at + i < old->count; i++) {
		size_t end = find_anchor(reader->record, reader->recorded,
			end_of_piece(old->pieces[reader->at + i]));
		if (end) {
			meet_old(reader, rw, reader->at + i, end);
			reader->sought = 0;
			return true;
		}
	}
	reader->sought = reader->recorded;
	return false;
}

/* However little comes at a time, it is not all searched again for it. */
static bool may_seek(const struct page_reader *reader)
{
	return reader->recorded >= reader->sought + SEEK_STEP || reader->recorded == PIECE_MAX;
}

static void cut_record(struct page_reader *reader, struct rewriter *rw)
{
	size_t cut = find_cut(reader->record, reader->recorded - CUT_MAX, reader->recorded);

	record_piece(reader, rw, cut ? cut : reader->recorded);
	if (reader->state == READER_SEEKING && ++reader->misses == MISSES_MAX)
		reader_move(reader, READER_NEW);
}

static void work_on_record(struct page_reader *reader, struct rewriter *rw)
{
	while (reader->state == READER_SEEKING && may_seek(reader) && seek(reader, rw))
		continue;
	if (reader->state == READER_SEEKING && reader->recorded == PIECE_MAX)
		cut_record(reader, rw);
	else if (reader->state == READER_NEW && reader->recorded >= PIECE_MIN + CUT_MAX)
		cut_record(reader, rw);
}

static void take_into_record(struct page_reader *reader, struct rewriter *rw, struct evbuffer *in,
	const struct evbuffer_iovec *chunk)
{
	size_t room = PIECE_MAX - reader->recorded;
	size_t len = chunk->iov_len < room ? chunk->iov_len : room;

	if (reader->record == NULL)
		reader->record = mem_alloc(1, PIECE_MAX);
	memcpy(reader->record + reader->recorded, chunk->iov_base, len);
	reader->recorded += len;
	evbuffer_drain(in, len);
	work_on_record(reader, rw);
}

/* --- the same as the last time --- */

static void begin_seeking(struct page_reader *reader, struct rewriter *rw)
{
	const struct piece *piece = reader->old->pieces[reader->at];
	size_t len = reader->matched;

	if (reader->next == NULL) { /* another response records */
		read_plainly(rw, piece->at, len);
		reader_move(reader, READER_OFF);
		return;
	}
	if (reader->record == NULL)
		reader->record = mem_alloc(1, PIECE_MAX);
	memcpy(reader->record, piece->at, len);
	reader->recorded = len;
	reader_move(reader, READER_SEEKING);
}

static void take_same_piece(struct page_reader *reader, struct rewriter *rw)
{
	struct piece *piece = reader->old->pieces[reader->at++];

	send_piece(rw, piece);
	reader->matched = 0;
	if (reader->next && !copy_add(reader->next, piece))
		reader_move(reader, READER_OFF);
	else if (reader->at == reader->old->count)
		reader_move(reader, reader->next ? READER_NEW : READER_OFF);
}

static void compare(struct page_reader *reader, struct rewriter *rw, struct evbuffer *in,
	const struct evbuffer_iovec *chunk)
{
	const struct piece *piece = reader->old->pieces[reader->at];
	size_t left = piece->in_len - reader->matched;
	size_t len = chunk->iov_len < left ? chunk->iov_len : left;

	if (memcmp(chunk->iov_base, piece->at + reader->matched, len) != 0) {
		begin_seeking(reader, rw);
		return;
	}
	reader->matched += len;
	evbuffer_drain(in, len);
	if (reader->matched == piece->in_len)
		take_same_piece(reader, rw);
}

/* --- the page's beginning --- */

/* Where the first piece may begin within the chunk: where it began the last time, or at a cut. 0:
 * not here. */
static size_t find_start(const struct page_reader *reader, const char *text, size_t len)
{
	if (len < ANCHOR)
		return 0;
	if (reader->old)
		return find_anchor(text, len, reader->old->start);
	size_t cut = find_cut(text, 0, len < CUT_MAX ? len : CUT_MAX);
	return cut >= ANCHOR ? cut : 0;
}

static void begin_pieces(struct page_reader *reader, const char *start)
{
	if (reader->next)
		memcpy(reader->next->start, start - ANCHOR, ANCHOR);
	reader_move(reader, reader->old ? READER_SAME : READER_NEW);
}

static void pass_before(struct page_reader *reader, struct rewriter *rw, struct evbuffer *in,
	const struct evbuffer_iovec *chunk)
{
	const char *text = chunk->iov_base;
	size_t start = find_start(reader, text, chunk->iov_len);
	size_t len = start ? start : chunk->iov_len;

	read_plainly(rw, text, len);
	reader->passed += len;
	if (start && is_between(rw))
		begin_pieces(reader, text + start);
	if (reader->passed > BEGIN_MAX &&
		reader->state == READER_BEFORE) { /* it begins elsewhere */
		copy_unref(reader->old);
		reader->old = NULL;
		if (reader->next == NULL)
			reader_move(reader, READER_OFF);
	}
	evbuffer_drain(in, len);
}

bool page_reader_feed(struct page_reader *reader, struct rewriter *rw, struct evbuffer *in)
{
	static void (*const takes[])(struct page_reader *, struct rewriter *, struct evbuffer *,
		const struct evbuffer_iovec *) = {
		pass_before, compare, take_into_record, take_into_record};
	struct evbuffer_iovec chunk;

	if (reader->state == READER_OFF)
		return false;
	evbuffer_peek(in, -1, NULL, &chunk, 1);
	takes[reader->state](reader, rw, in, &chunk);
	return true;
}

void page_reader_end(struct page_reader *reader, struct rewriter *rw)
{
	if (reader->state == READER_SAME)
		read_plainly(rw, reader->old->pieces[reader->at]->at, reader->matched);
	read_plainly(rw, reader->record, reader->recorded);
	reader->recorded = 0;
	if (reader->next && reader->next->count > 0) {
		copy_unref(reader->memo->last);
		reader->memo->last = reader->next;
		reader->memo->last->refs++;
	}
	drop_next(reader);
	reader_move(reader, READER_OFF);
}
