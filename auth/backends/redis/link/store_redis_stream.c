#include "auth/backends/redis/link/store_redis_stream.h"

#include "base/net/descriptor.h"
#include "base/sbuf.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
	OUT_MAX = 8 * 1024 * 1024, /* all that a reader may ask at once, and more */
	OUT_KEPT = 32 * 1024,
	READ_AT_ONCE = 16 * 1024,
};

struct redis_stream {
	int fd;
	struct ssl_st *tls; /* NULL: plain */
	struct sbuf out;    /* secret: it begins with a password */
	size_t sent;	    /* of `out` */
	redisReader *reader;
	redisReplyObjectFunctions makes, own; /* what the reader calls, and what is hiredis's own */
	size_t unread;			      /* bytes since the last whole reply */
	size_t elements;		      /* of arrays that were announced since then */
	bool is_cluster, is_open, wants_out;
	bool is_broken;
	struct err error;
};

static enum redis_step fail(struct redis_stream *stream, const char *why)
{
	if (!stream->is_broken)
		err_set(&stream->error, "%s", why);
	stream->is_broken = true;
	return REDIS_BROKEN;
}

/* --- the reader of replies --- */

/* What makes an array of hiredis's: of 0.14 and of 1.x. */
#if HIREDIS_MAJOR < 1
typedef int element_count;
#else
typedef size_t element_count;
#endif

/* hiredis makes room for as many as are announced, before any has come (S172); 0.14 knows no bound
 * for that, and the one of 1.x is for each array alone. */
static void *make_array(const redisReadTask *task, element_count count)
{
	struct redis_stream *stream = task->privdata;

	stream->elements += (size_t)count;
	if (stream->elements > REDIS_ELEMENTS_MAX) {
		fail(stream, "a reply has too many elements");
		return NULL; /* the reader calls that no memory */
	}
	return stream->own.createArray(task, count);
}

static redisReader *new_reader(struct redis_stream *stream)
{
	redisReader *reader = redisReaderCreate();

	if (reader == NULL)
		abort();
	stream->own = stream->makes = *reader->fn;
	stream->makes.createArray = make_array;
	reader->fn = &stream->makes;
	reader->privdata = stream;
	return reader;
}

/* --- opening --- */

static int open_socket(const struct sockaddr *address, socklen_t len)
{
	static const int yes = 1;
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	if (address->sa_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	if (connect(fd, address, len) == 0 || errno == EINPROGRESS)
		return fd;
	int why = errno;
	descriptor_close(NULL, fd);
	errno = why;
	return -1;
}

static int connect_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	return open_socket((const struct sockaddr *)&address, sizeof address);
}

/* The host is numeric: nobody is asked. */
static int connect_tcp(const struct redis_address *to)
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	char port[8];
	int fd = -1;

	snprintf(port, sizeof port, "%u", to->port);
	if (getaddrinfo(to->host, port, &hints, &found) == 0)
		fd = open_socket(found->ai_addr, found->ai_addrlen);
	else
		errno = EINVAL;
	if (found)
		freeaddrinfo(found);
	return fd;
}

struct redis_stream *redis_stream_open(
	struct redis_servers *servers, const struct redis_address *address, struct err *err)
{
	bool is_tcp = address->host[0] != '\0';
	int fd = is_tcp ? connect_tcp(address) : connect_unix(servers->socket_path);
	struct redis_stream *stream;

	if (fd == -1) {
		err_set(err, "%s", strerror(errno));
		return NULL;
	}
	stream = mem_alloc(1, sizeof *stream);
	stream->fd = fd;
	stream->is_cluster = servers->is_cluster;
	stream->reader = new_reader(stream);
	sbuf_init_secret(&stream->out, OUT_MAX);
	if (servers->tls)
		stream->tls = redis_tls_connect(servers->tls, fd, address);
	stream->wants_out = true; /* that is how a socket says that it is connected */
	return stream;
}

void redis_stream_free(struct redis_stream *stream, struct event_base *base)
{
	if (stream == NULL)
		return;
	redis_tls_end(stream->tls);
	descriptor_close(base, stream->fd);
	redisReaderFree(stream->reader);
	sbuf_clear(&stream->out);
	free(stream);
}

/* --- working --- */

int redis_stream_fd(const struct redis_stream *stream)
{
	return stream->fd;
}

short redis_stream_wants(const struct redis_stream *stream)
{
	/* A connecting socket that is readable has failed, and says so by being writable too. */
	return stream->wants_out ? POLLIN | POLLOUT : POLLIN;
}

bool redis_stream_is_open(const struct redis_stream *stream)
{
	return stream->is_open;
}

const char *redis_stream_error(const struct redis_stream *stream)
{
	return stream->is_broken ? stream->error.text : NULL;
}

static enum redis_step finish_connect(struct redis_stream *stream)
{
	struct pollfd fd = {.fd = stream->fd, .events = POLLOUT};
	socklen_t len = sizeof(int);
	int why = 0;

	if (poll(&fd, 1, 0) < 1)
		return REDIS_WAIT;
	if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &why, &len) == -1)
		why = errno;
	return why ? fail(stream, strerror(why)) : REDIS_MORE;
}

static enum redis_step finish_opening(struct redis_stream *stream)
{
	enum redis_step step = finish_connect(stream);
	struct err err = {""};

	if (step == REDIS_MORE && stream->tls) {
		step = (enum redis_step)redis_tls_shake(stream->tls, &stream->wants_out, &err);
		if (step == REDIS_BROKEN)
			return fail(stream, err.text);
	}
	stream->is_open = step == REDIS_MORE;
	return step;
}

/* As send(2) and recv(2). */
static ssize_t put(struct redis_stream *stream, struct err *err)
{
	const char *at = stream->out.at + stream->sent;
	size_t len = stream->out.len - stream->sent;

	return stream->tls ? redis_tls_write(stream->tls, at, len, err)
			   : send(stream->fd, at, len, MSG_NOSIGNAL);
}

static ssize_t get(struct redis_stream *stream, char *at, size_t len, struct err *err)
{
	return stream->tls ? redis_tls_read(stream->tls, at, len, err)
			   : recv(stream->fd, at, len, 0);
}

static enum redis_step judge(struct redis_stream *stream, ssize_t n, const struct err *err)
{
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return REDIS_WAIT;
	if (n == 0)
		return fail(stream, "the server has closed the connection");
	return fail(stream, err->text[0] ? err->text : strerror(errno));
}

static enum redis_step write_out(struct redis_stream *stream)
{
	struct err err = {""};

	while (stream->sent < stream->out.len) {
		ssize_t n = put(stream, &err);
		if (n <= 0) {
			stream->wants_out = true;
			return judge(stream, n, &err);
		}
		stream->sent += (size_t)n;
	}
	stream->wants_out = false;
	stream->sent = 0;
	if (stream->out.cap > OUT_KEPT)
		sbuf_clear(&stream->out); /* emptied, it would be overwritten each time */
	else
		sbuf_reset(&stream->out);
	return REDIS_WAIT;
}

static enum redis_step read_in(struct redis_stream *stream)
{
	char bytes[READ_AT_ONCE];
	struct err err = {""};
	ssize_t n = get(stream, bytes, sizeof bytes, &err);

	if (n <= 0)
		return judge(stream, n, &err);
	if (redisReaderFeed(stream->reader, bytes, (size_t)n) != REDIS_OK)
		return fail(stream, stream->reader->errstr);
	stream->unread += (size_t)n;
	return REDIS_MORE;
}

enum redis_step redis_stream_work(struct redis_stream *stream)
{
	enum redis_step step = stream->is_broken ? REDIS_BROKEN : REDIS_MORE;

	if (step == REDIS_MORE && !stream->is_open)
		step = finish_opening(stream);
	if (step != REDIS_MORE)
		return step;
	return write_out(stream) == REDIS_BROKEN ? REDIS_BROKEN : read_in(stream);
}

/* --- commands and replies --- */

int redis_stream_send(struct redis_stream *stream, const struct redis_cmd *cmd)
{
	struct sbuf *out = &stream->out;

	if (stream->is_broken)
		return -1;
	redis_cmd_write(cmd, stream->is_cluster, out);
	if (out->overflow) { /* half a command may be in it */
		fail(stream, "too much waits to be sent");
		return -1;
	}
	stream->wants_out = true;
	return 0;
}

struct redisReply *redis_stream_reply(struct redis_stream *stream)
{
	void *reply = NULL;

	if (stream->is_broken)
		return NULL;
	if (redisReaderGetReply(stream->reader, &reply) != REDIS_OK) {
		fail(stream, stream->reader->errstr);
	} else if (reply) {
		stream->unread = stream->reader->len - stream->reader->pos;
		stream->elements = 0;
	} else if (stream->reader->len - stream->reader->pos > REDIS_REPLY_MAX ||
		   stream->unread > REDIS_ARRAY_MAX) {
		fail(stream, "a reply is too long");
	}
	return reply;
}
