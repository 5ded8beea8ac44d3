#include "proxy/upstream_int.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

enum { READS_A_TURN = 4 }; /* then others have their turn */

void conn_close(struct conn *conn)
{
	struct upstream *up = conn->up;

	if (conn->state == CONN_CLOSED)
		return;
	if (conn->state == CONN_IDLE) {
		TAILQ_REMOVE(&conn->address->idle, conn, list);
		up->idle--;
	}
	if (conn->call)
		conn->call->conn = NULL;
	conn->call = NULL;
	conn->state = CONN_CLOSED;
	event_del(&conn->readable);
	event_del(&conn->writable);
	close(conn->fd);
	conn->address->open--;
	up->counts.connections--;
	TAILQ_INSERT_TAIL(&up->closed, conn, list);
	event_active(&up->turn_end, EV_TIMEOUT, 0); /* somebody may wait for the free place */
}

bool conn_is_alive(const struct conn *conn)
{
	char byte;
	ssize_t n = recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	/* A byte that nobody asked for would be taken for the next answer (h2o socketpool.c). */
	return n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

static void broken(struct conn *conn, bool any_byte)
{
	struct upstream_call *call = conn->call;
	bool until_close = call->state == CALL_READING && call->content.framing == H1_UNTIL_CLOSE;
	bool stale = conn->reused && !any_byte && call->state == CALL_ASKING;

	if (until_close) {
		call_end(call, false);
		return;
	}
	conn_close(conn);
	if (stale)
		call_retry(call, FAULT_UPSTREAM_PROTOCOL);
	else
		call_fail(call, call->state == CALL_READING ? FAULT_UPSTREAM_DIED : FAULT_UPSTREAM_PROTOCOL);
}

static bool has_partial_head(const struct conn *conn)
{
	return conn->in && evbuffer_get_length(conn->in) > 0;
}

void conn_send(struct conn *conn)
{
	struct upstream_call *call = conn->call;
	size_t len = evbuffer_get_length(call->request);
	const unsigned char *bytes = evbuffer_pullup(call->request, -1);

	while (call->sent < len) {
		ssize_t n = send(conn->fd, bytes + call->sent, len - call->sent, MSG_NOSIGNAL);
		if (n >= 0) {
			call->sent += (size_t)n;
		} else if (errno == EAGAIN) {
			event_add(&conn->writable, NULL);
			return;
		} else if (errno != EINTR) {
			/* The answer may still be there (a refusal while we were sending): reading tells. */
			return;
		}
	}
}

/* The final head, past any 1xx. H1_DONE: handed on, `*bytes` is what follows it. */
static enum h1_result take_head(struct upstream_call *call, struct str *bytes)
{
	struct h1_response head;
	enum h1_result result;

	do {
		result = h1_parse_response(*bytes, call->is_head, &head);
		if (result != H1_DONE)
			return result;
		*bytes = str_from(*bytes, head.head_len);
	} while (head.status < 200);
	h1_content_init(&call->content, &head);
	call->keep_alive = head.keep_alive;
	call->state = CALL_READING;
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

static void deliver(struct upstream_call *call)
{
	struct evbuffer *content = call->up->content;

	if (evbuffer_get_length(content) > 0)
		call->handler->on_body(call->arg, content);
	evbuffer_drain(content, evbuffer_get_length(content));
}

static void bad_answer(struct conn *conn)
{
	struct upstream_call *call = conn->call;

	conn_close(conn);
	call_fail(call, call->state == CALL_READING ? FAULT_UPSTREAM_DIED : FAULT_UPSTREAM_PROTOCOL);
}

static void process_content(struct conn *conn, struct str bytes)
{
	struct upstream_call *call = conn->call;
	enum h1_result result = take_content(call, &bytes);

	deliver(call);
	if (call->state == CALL_DEAD)
		return; /* cancelled from within */
	if (result == H1_BAD)
		bad_answer(conn);
	else if (result == H1_DONE)
		call_end(call, bytes.len == 0);
}

static void process(struct conn *conn, struct str bytes)
{
	struct upstream_call *call = conn->call;

	if (call->state == CALL_READING) {
		process_content(conn, bytes);
		return;
	}
	if (has_partial_head(conn)) {
		evbuffer_add(conn->in, bytes.at, bytes.len);
		bytes.len = evbuffer_get_length(conn->in);
		bytes.at = (const char *)evbuffer_pullup(conn->in, -1);
	}
	enum h1_result result = take_head(call, &bytes);
	if (call->state == CALL_DEAD)
		return;
	if (result == H1_BAD) {
		bad_answer(conn);
	} else if (result == H1_DONE) {
		process_content(conn, bytes);
		if (conn->in)
			evbuffer_drain(conn->in, evbuffer_get_length(conn->in));
	} else if (!has_partial_head(conn)) {
		if (conn->in == NULL)
			conn->in = evbuffer_new();
		evbuffer_add(conn->in, bytes.at, bytes.len);
	} else {
		/* 1xx heads that were eaten go; what is left stays. */
		evbuffer_drain(conn->in, evbuffer_get_length(conn->in) - bytes.len);
	}
}

/* A long content of known length is read where it will be handed on from: nothing is copied. */
static bool reads_directly(const struct conn *conn)
{
	const struct upstream_call *call = conn->call;

	return conn->filled && call->state == CALL_READING &&
	       (call->content.framing == H1_UNTIL_CLOSE ||
		       (call->content.framing == H1_LENGTH && call->content.left >= READ_SIZE));
}

static ssize_t read_directly(struct conn *conn)
{
	struct upstream_call *call = conn->call;
	struct evbuffer *content = conn->up->content;
	struct evbuffer_iovec vec[2];
	int count = evbuffer_reserve_space(content, READ_SIZE, vec, 2);
	size_t room = READ_SIZE, skip, take;

	for (int i = 0; i < count; i++) {
		if (vec[i].iov_len > room)
			vec[i].iov_len = room;
		room -= vec[i].iov_len;
	}
	ssize_t n = readv(conn->fd, (struct iovec *)vec, count);
	size_t left = n > 0 ? (size_t)n : 0;
	for (int i = 0; i < count; i++) {
		if (vec[i].iov_len > left)
			vec[i].iov_len = left;
		left -= vec[i].iov_len;
	}
	evbuffer_commit_space(content, vec, count);
	if (n <= 0)
		return n;
	enum h1_result result = h1_content_next(&call->content, (struct str){NULL, (size_t)n}, &skip, &take);
	deliver(call);
	if (call->state != CALL_DEAD && result == H1_DONE)
		call_end(call, true);
	return n;
}

/* False when this turn has nothing more to read. */
static bool read_once(struct conn *conn)
{
	struct upstream *up = conn->up;
	bool direct = reads_directly(conn);
	ssize_t n = direct ? read_directly(conn) : recv(conn->fd, up->scratch, READ_SIZE, 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		broken(conn, has_partial_head(conn));
		return false;
	}
	conn->filled = n == READ_SIZE;
	if (conn->call)
		conn->call->since = clock_mono_ms();
	if (!direct)
		process(conn, (struct str){up->scratch, (size_t)n});
	return conn->filled;
}

static void on_readable(int fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd, (void)what;
	upstream_reap(conn->up);
	if (conn->state == CONN_IDLE) {
		conn_close(conn); /* closed by the peer, or bytes nobody asked for */
		return;
	}
	for (int i = 0; i < READS_A_TURN && conn->state == CONN_BUSY; i++) {
		if (conn->call->paused) {
			event_del(&conn->readable);
			conn->reading = false;
			return;
		}
		if (!read_once(conn))
			return;
	}
}

static void on_connected(struct conn *conn)
{
	struct upstream_call *call = conn->call;
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1 || error != 0) {
		conn_close(conn);
		call_fail(call, FAULT_UPSTREAM_CONNECT);
		return;
	}
	conn->state = CONN_BUSY;
	call->since = clock_mono_ms();
	conn_resume(conn);
	conn_send(conn);
}

static void on_writable(int fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd, (void)what;
	upstream_reap(conn->up);
	if (conn->state == CONN_CONNECTING)
		on_connected(conn);
	else if (conn->state == CONN_BUSY)
		conn_send(conn);
}

void conn_resume(struct conn *conn)
{
	if (conn->reading)
		return;
	conn->reading = true;
	event_add(&conn->readable, NULL);
}

static int connect_socket(const struct address *address)
{
	int fd = socket(address->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd == -1)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(fd, (const struct sockaddr *)&address->addr, address->len) == 0 || errno == EINPROGRESS)
		return fd;
	close(fd);
	return -1;
}

struct conn *conn_open(struct upstream_call *call)
{
	struct upstream *up = call->up;
	int fd = connect_socket(call->address);

	if (fd == -1)
		return NULL;
	struct conn *conn = mem_alloc(1, sizeof *conn);
	*conn = (struct conn){.up = up, .address = call->address, .call = call, .fd = fd, .state = CONN_CONNECTING};
	event_assign(&conn->readable, up->base, fd, EV_READ | EV_PERSIST, on_readable, conn);
	event_assign(&conn->writable, up->base, fd, EV_WRITE, on_writable, conn);
	event_add(&conn->writable, NULL);
	call->conn = conn;
	call->address->open++;
	up->counts.connections++;
	up->counts.opened++;
	return conn;
}
