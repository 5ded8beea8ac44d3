/* proxy/upstream/upstream_read.c - what a connection says: the answer to its call, framed strictly,
 * or that it is over. */
#include "proxy/upstream/upstream_int.h"

#include "base/clock.h"

#include <errno.h>
#include <event2/buffer.h>
#include <sys/uio.h>

enum {
	READS_A_TURN = 4,	      /* then others have their turn */
	DIRECT_SIZE = READ_SIZE - 64, /* with evbuffer's own header it is a block of 64 KiB */
	FLOW_SIZE = 16 * 1024,	      /* bytes in one read: there will be as many in the next */
};

/* The answer cannot go on. */
static void read_fail(struct conn *conn)
{
	struct upstream_call *call = conn->call;
	bool begun = call->state == CALL_READING;

	conn_close(conn);
	call_fail(call, begun ? FAULT_UPSTREAM_DIED : FAULT_UPSTREAM_PROTOCOL);
}

static void on_broken(struct conn *conn, bool is_eof)
{
	struct upstream_call *call = conn->call;

	if (call->elder == conn) {
		call_drop_elder(call);
	} else if (is_eof && call->state == CALL_READING &&
		   call->content.framing == H1_UNTIL_CLOSE) {
		call_end(call, false);
	} else if (conn->reused && !call->answered) {
		conn_close(conn); /* it closed while our request was on its way (T52) */
		pool_retry(call, FAULT_UPSTREAM_PROTOCOL);
	} else {
		read_fail(conn);
	}
}

/* Nothing is sent again. An error that came early means the rest is not wanted; an answer of
 * another kind may be to what has come so far, and the content goes on. */
static void drop_request(struct upstream_call *call, const struct h1_response *head)
{
	bool is_sent = call_is_sent(call);

	/* S1: who does not know the chunked coding would take the content for a request. */
	call->reusable = head->keep_alive && is_sent && !call->is_chunked;
	if (call->streams && !is_sent && head->status < 400)
		return;
	call->unwanted = true;
	if (call->body)
		evbuffer_drain(call->body, call->body_len);
	call->head_len = call->body_len = call->sent = 0;
}

/* The final head, past any 1xx. H1_DONE: handed on, `*bytes` is what follows it. */
static enum h1_result read_head(struct upstream_call *call, struct str *bytes)
{
	struct h1_response head;
	enum h1_result result;

	do {
		result = h1_parse_response(*bytes, call->is_head, &head);
		if (result != H1_DONE)
			return result;
		*bytes = str_from(*bytes, head.head_len);
		if (head.status == 101 && !call->is_upgrade)
			return H1_BAD;	  /* nobody here speaks what it would be now */
		if (head.status == 101) { /* no HTTP from here on (RFC 9110 §15.2.2) */
			head.framing = H1_UNTIL_CLOSE;
			head.keep_alive = false;
			break;
		}
	} while (head.status < 200);
	h1_content_init(&call->content, &head);
	drop_request(call, &head);
	call_move(call, CALL_READING);
	call->address->heard = call->since;
	call->handler->on_head(call->arg, &head);
	return H1_DONE;
}

/* Unframes `bytes` into up->content. */
static enum h1_result take_content(struct upstream_call *call, struct str *bytes)
{
	enum h1_result result;
	size_t skip, take;

	do {
		result = h1_content_next(&call->content, *bytes, &skip, &take);
		if (take)
			evbuffer_add(call->up->content, bytes->at + skip, take);
		*bytes = str_from(*bytes, skip + take);
	} while (result == H1_MORE && bytes->len > 0);
	return result;
}

/* False when the call is over: cancelled from within, complete or cut. */
static bool deliver(struct upstream_call *call, enum h1_result result, bool clean)
{
	struct evbuffer *content = call->up->content;

	if (evbuffer_get_length(content) > 0)
		call->handler->on_body(call->arg, content);
	evbuffer_drain(content, evbuffer_get_length(content));
	if (call->state == CALL_DEAD)
		return false;
	if (result == H1_BAD)
		read_fail(call->conn);
	else if (result == H1_DONE)
		call_end(call, clean);
	return result == H1_MORE;
}

static void on_content(struct upstream_call *call, struct str bytes)
{
	enum h1_result result = take_content(call, &bytes);

	deliver(call, result, bytes.len == 0);
}

/* Keeps what there is of a head; `had`: so many bytes are in conn->in, and `rest` is their end. */
static void keep_rest(struct conn *conn, struct str rest, size_t had)
{
	if (conn->in == NULL)
		conn->in = evbuffer_new();
	if (had)
		evbuffer_drain(conn->in, had - rest.len);
	else
		evbuffer_add(conn->in, rest.at, rest.len);
}

static void on_head_bytes(struct conn *conn, struct str bytes)
{
	struct upstream_call *call = conn->call;
	size_t had = conn->in ? evbuffer_get_length(conn->in) : 0;
	bool ends_line = str_find_byte(bytes, '\n') != -1;

	call->answered = true;
	conn_prove(conn);
	if (call->elder)
		call_settle_on(conn);
	if (had) {
		evbuffer_add(conn->in, bytes.at, bytes.len);
		had += bytes.len;
		if (!ends_line && had < H1_HEAD_MAX)
			return; /* a head that drips in is read once a line, not once a byte */
		bytes = (struct str){(const char *)evbuffer_pullup(conn->in, -1), had};
	}
	enum h1_result result = read_head(call, &bytes);
	if (result == H1_MORE)
		keep_rest(conn, bytes, had);
	else if (result == H1_BAD)
		read_fail(conn);
	else if (call->state != CALL_DEAD)
		on_content(call, bytes);
	if (result != H1_MORE && had)
		evbuffer_drain(conn->in, had);
}

/* A long content of known length is read where it will be handed on from: nothing is copied. Not
 * its last part, for what comes behind the end is not content. */
static bool reads_directly(const struct conn *conn)
{
	const struct upstream_call *call = conn->call;

	if (!conn->flows || call->state != CALL_READING)
		return false;
	return call->content.framing == H1_UNTIL_CLOSE ||
	       (call->content.framing == H1_LENGTH && call->content.left >= DIRECT_SIZE);
}

/* Cuts the pieces to `len` bytes together. */
static void trim_pieces(struct evbuffer_iovec *pieces, int count, size_t len)
{
	for (int i = 0; i < count; i++) {
		if (pieces[i].iov_len > len)
			pieces[i].iov_len = len;
		len -= pieces[i].iov_len;
	}
}

static ssize_t read_into(struct evbuffer *content, const struct conn *conn)
{
	struct evbuffer_iovec pieces[2];
	int count = evbuffer_reserve_space(content, DIRECT_SIZE, pieces, 2);

	trim_pieces(pieces, count, DIRECT_SIZE);
	ssize_t n = conn->tls ? upstream_tls_read(conn->tls, pieces, count)
			      : readv(conn->fd, pieces, count);
	int error = errno;
	trim_pieces(pieces, count, n > 0 ? (size_t)n : 0);
	evbuffer_commit_space(content, pieces, count);
	errno = error;
	return n;
}

static ssize_t read_scratch(const struct conn *conn)
{
	struct iovec piece = {conn->up->scratch, READ_SIZE};

	return conn->tls ? upstream_tls_read(conn->tls, &piece, 1)
			 : recv(conn->fd, conn->up->scratch, READ_SIZE, 0);
}

static void read_bytes(struct conn *conn, size_t len, bool direct)
{
	struct upstream_call *call = conn->call;
	struct str bytes = {conn->up->scratch, len};
	size_t skip, take;

	if (call->state != CALL_READING) {
		on_head_bytes(conn, bytes);
		return;
	}
	call->since = clock_mono_ms();
	if (!direct)
		on_content(call, bytes);
	else /* the bytes themselves do not matter to these framings, and are in their place */
		deliver(call, h1_content_next(&call->content, bytes, &skip, &take), true);
}

/* False when nothing more stands there: what does will not be told of again. */
static bool read_once(struct conn *conn)
{
	const struct upstream_call *call = conn->call;
	bool direct = reads_directly(conn);
	ssize_t n = direct ? read_into(conn->up->content, conn) : read_scratch(conn);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		on_broken(conn, n == 0);
		return false;
	}
	conn->filled = n >= DIRECT_SIZE;
	conn->flows = n >= FLOW_SIZE;
	read_bytes(conn, (size_t)n, direct);
	/* An answer that is not whole may have been cut short: a reset is no end that we hear of.
	 */
	return conn->filled || conn->ends || (conn->state == CONN_BUSY && conn->call == call);
}

/* Nothing is to come on an idle one but what TLS says to itself. */
static void on_idle_readable(struct conn *conn)
{
	if (conn->tls == NULL || !upstream_tls_is_quiet(conn->tls))
		conn_close(conn); /* closed by the peer, or bytes nobody asked for */
}

/* Of what stands there and was not read. */
static void tell_again(struct conn *conn)
{
	event_del(&conn->readable);
	event_add(&conn->readable, NULL);
}

static void read_turn(struct conn *conn)
{
	for (int i = 0; i < READS_A_TURN && conn->state == CONN_BUSY; i++) {
		if (conn->call->paused) {
			event_del(&conn->readable);
			conn->reading = false;
			return;
		}
		if (!read_once(conn))
			return;
	}
	if (conn->state == CONN_IDLE && conn->ends)
		conn_close(conn);
	else if (conn->state == CONN_BUSY && conn->tls == NULL)
		tell_again(conn);
}

void read_on_readable(int fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	CHECK_OBJ(conn, CONN_MAGIC);
	conn->ends |= (what & EV_CLOSED) != 0;
	if (conn->state == CONN_CONNECTING)
		connect_go_on(conn);
	else if (conn->state == CONN_IDLE)
		on_idle_readable(conn);
	else
		read_turn(conn);
	conn_read_on(conn);
}

void read_on_writable(int fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd, (void)what;
	CHECK_OBJ(conn, CONN_MAGIC);
	if (conn->state == CONN_CONNECTING)
		connect_go_on(conn);
	else if (conn->state == CONN_BUSY) /* else what waited went without being told of it */
		conn_send_more(conn);
}
