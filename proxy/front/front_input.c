/* What has come of a connection's request under way, and behind it: the memory that it stands in,
 * its share of the budget, and that it is wiped before it goes (S69). */
#include "proxy/front/front_int.h"

#include "base/block.h"
#include "proxy/http/wiped_bytes.h"

#include <event2/buffer.h>
#include <stdlib.h>

enum { INPUT_MIN = 4096 - 32 }; /* most requests; a block of the pool */

bool front_input_is_idle(const struct front_conn *conn)
{
	return conn->in == NULL;
}

/* Tokens and cookies have stood there (S69). */
static void free_wiped(char *bytes, size_t used)
{
	if (bytes)
		explicit_bzero(bytes, used);
	block_free(bytes);
}

static void end_content(struct front_conn *conn)
{
	if (conn->in)
		budget_share_give(&conn->in->share);
	wiped_bytes_drain(conn->content); /* a form, perhaps, with a token in it */
}

void front_input_free(struct front_conn *conn)
{
	end_content(conn);
	if (conn->in) {
		free_wiped(conn->in->head, conn->in->head_used);
		free_wiped(conn->in->bytes, conn->in->used);
	}
	block_free(conn->in);
	conn->in = NULL;
}

static void abort_if_null(const void *memory)
{
	if (memory == NULL)
		abort();
}

/* The next request begins at the first byte. */
static void reset_input(struct front_conn *conn, struct front_input *in)
{
	in->at = in->head_len = 0;
	in->head = NULL;
	in->mode = CONTENT_NONE;
	in->paused = false;
	in->share = (struct budget_share){NULL, 0};
	request_reader_init(&in->reader, &conn->front->reader_limits, in->bytes);
}

void front_input_begin(struct front_conn *conn)
{
	struct front_input *in = block_malloc(sizeof *in);

	abort_if_null(in);
	in->bytes = block_malloc(INPUT_MIN);
	abort_if_null(in->bytes);
	in->size = INPUT_MIN;
	in->len = in->used = in->at = 0;
	reset_input(conn, in);
	conn->in = in;
}

void front_input_grow(struct front_input *in)
{
	char *larger = block_malloc(in->size * 2);

	abort_if_null(larger);
	memcpy(larger, in->bytes, in->len);
	request_reader_move(&in->reader, in->bytes, larger);
	free_wiped(in->bytes, in->used);
	in->bytes = larger;
	in->size *= 2;
}

void front_input_split(struct front_input *in)
{
	size_t unread = in->len - in->at;
	size_t size = unread < INPUT_CONTENT_MIN ? INPUT_CONTENT_ROOM : unread + INPUT_CONTENT_ROOM;
	char *rest = block_malloc(size);

	abort_if_null(rest);
	memcpy(rest, in->bytes + in->at, unread);
	in->head = in->bytes;
	in->head_used = in->used;
	in->len = in->used = unread;
	in->bytes = rest;
	in->size = size;
	in->at = 0;
}

void front_input_end(struct front_conn *conn)
{
	struct front_input *in = conn->in;

	if (in == NULL || in->at == in->len) {
		front_input_free(conn);
		return;
	}
	end_content(conn);
	in->len -= in->at;
	memmove(in->bytes, in->bytes + in->at, in->len);
	explicit_bzero(in->bytes + in->len, in->used - in->len);
	in->used = in->len;
	free_wiped(in->head, in->head_used);
	reset_input(conn, in);
}

void front_input_hand_over(struct front_conn *conn)
{
	struct front_input *in = conn->in;
	struct str early = {in->bytes + in->at, in->len - in->at};

	if (conn->content == NULL)
		conn->content = evbuffer_new();
	evbuffer_add(conn->content, early.at, early.len);
	in->at = in->len;
}
