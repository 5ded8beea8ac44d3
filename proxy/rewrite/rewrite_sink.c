#include "proxy/rewrite/rewrite_sink.h"

#include <assert.h>
#include <stdlib.h>

enum {
	SPACE_MIN = 1024,
	SPACE_MAX = 64 * 1024 - 64, /* with evbuffer's own header it is a block of 64 KiB */
};

void sink_commit(struct sink *sink)
{
	if (!sink->at)
		return;
	sink->space.iov_len = (size_t)(sink->at - (char *)sink->space.iov_base);
	int rc = evbuffer_commit_space(sink->out, &sink->space, 1);
	assert(rc == 0);
	(void)rc;
	sink->at = sink->end = NULL;
}

void sink_grow(struct sink *sink, size_t len)
{
	size_t want = sink->hint < SPACE_MAX ? sink->hint : SPACE_MAX;

	want = want > SPACE_MIN ? want : SPACE_MIN;
	want = want > len ? want : len;
	sink_commit(sink);
	if (evbuffer_reserve_space(sink->out, (ssize_t)want, &sink->space, 1) != 1)
		abort(); /* out of memory, as base/mem.h has it */
	sink->at = sink->space.iov_base;
	sink->end = sink->at + sink->space.iov_len;
}

bool rewriter_hold(struct rewriter *rw, const char *from, const char *end)
{
	rewriter_write_to(rw, from);
	if ((size_t)(end - from) > HOLD_MAX - rw->hold.len) {
		rw->hold_run = rw->hold.at;
		rewriter_release(rw);
		return false;
	}
	sbuf_add(&rw->hold, from, (size_t)(end - from));
	rw->run = end;
	return true;
}

struct str rewriter_candidate(struct rewriter *rw, const char *from, const char *end)
{
	/* Too long to be held is too long to be mended, however the chunks happen to be cut. */
	if ((size_t)(end - from) > HOLD_MAX - rw->hold.len)
		return (void)rewriter_hold(rw, from, end), (struct str){end, 0};
	if (rw->hold.len == 0)
		return str_range(from, end);
	(void)rewriter_hold(rw, from, end);
	rw->hold_run = rw->hold.at;
	return sbuf_str(&rw->hold);
}

void rewriter_edit(struct rewriter *rw, struct str candidate, size_t offset, size_t cut)
{
	const char **run = rw->hold.len ? &rw->hold_run : &rw->run;
	const char *at = candidate.at + offset;

	if (at > *run)
		sink_add(&rw->sink, *run, (size_t)(at - *run));
	*run = at + cut;
}

void rewriter_release(struct rewriter *rw)
{
	if (rw->hold.len == 0)
		return;
	const char *end = rw->hold.at + rw->hold.len;
	if (end > rw->hold_run)
		sink_add(&rw->sink, rw->hold_run, (size_t)(end - rw->hold_run));
	sbuf_reset(&rw->hold);
}
