#define _GNU_SOURCE
#include "base/net/graylog.h"

#include "base/clock.h"
#include "base/log/gelf.h"
#include "base/rnd.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_AGAIN_S = 30, LOOK_SOON_S = 2, HOST_MAX = 256, POLL_NS = 2 * 1000 * 1000 };

/*
 * The descriptor, once there is one, has its number for good: another address is put under it by
 * dup3(), which is one step for those who send at that moment.
 */
static struct {
	_Atomic int fd;
	_Atomic bool is_known; /* what is under it is the address that is wanted now */
	_Atomic unsigned turn; /* one more with each graylog_use() */
	atomic_uint_fast64_t sent, dropped;
	char self[HOST_MAX]; /* this machine's name; before the first sink is set */
	char *to_host;	     /* of graylog_use()'s thread, with the port; NULL: nobody */
	unsigned to_port;
	pthread_mutex_t lock; /* for who changes the first three */
} out = {.fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER};

struct destination { /* of the thread that looks a name up */
	char *host, port[8];
	unsigned turn;
};

/* --- sending --- */

/* A refusal is the answer to an earlier datagram; this one was not sent. */
static bool send_one(int fd, const struct msghdr *message)
{
	const int flags = MSG_DONTWAIT | MSG_NOSIGNAL;

	if (sendmsg(fd, message, flags) != -1)
		return true;
	if (errno != ECONNREFUSED)
		return false;
	atomic_fetch_add_explicit(&out.dropped, 1, memory_order_relaxed);
	return sendmsg(fd, message, flags) != -1;
}

/* sendmsg() does not write what it sends, though its struct says so. */
static struct iovec piece_of(const void *at, size_t len)
{
	union {
		const void *borrowed;
		void *at;
	} it = {at};

	return (struct iovec){it.at, len};
}

static bool send_chunks(int fd, struct str text, size_t count)
{
	unsigned char head[GELF_HEAD], id[GELF_ID];
	bool ok = true;

	rnd_bytes(id, sizeof id);
	for (size_t i = 0; i < count && ok; i++) {
		struct str rest = str_from(text, i * GELF_CHUNK);
		struct iovec parts[2] = {piece_of(head, sizeof head),
			piece_of(rest.at, rest.len < GELF_CHUNK ? rest.len : GELF_CHUNK)};
		const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

		gelf_head(head, id, i, count);
		ok = send_one(fd, &message);
	}
	return ok;
}

static bool send_message(struct str text)
{
	bool is_known = atomic_load_explicit(&out.is_known, memory_order_acquire);
	int fd = atomic_load_explicit(&out.fd, memory_order_relaxed);
	size_t count = gelf_count(text.len);
	struct iovec whole = piece_of(text.at, text.len);
	const struct msghdr message = {.msg_iov = &whole, .msg_iovlen = 1};

	if (!is_known || count == 0)
		return false;
	return count == 1 ? send_one(fd, &message) : send_chunks(fd, text, count);
}

static void on_record(const struct log_record *record)
{
	struct sbuf text;

	sbuf_init(&text, GELF_MAX);
	gelf_add(&text, out.self, record);
	bool ok = !text.overflow && send_message(sbuf_str(&text));
	sbuf_clear(&text);
	atomic_fetch_add_explicit(ok ? &out.sent : &out.dropped, 1, memory_order_relaxed);
}

struct graylog_counts graylog_count(void)
{
	return (struct graylog_counts){atomic_load_explicit(&out.sent, memory_order_relaxed),
		atomic_load_explicit(&out.dropped, memory_order_relaxed)};
}

/* --- where to --- */

/* Takes fd; nothing when somebody else has been chosen meanwhile. */
static void set_destination(int fd, unsigned turn)
{
	pthread_mutex_lock(&out.lock);
	int there = atomic_load(&out.fd);
	bool is_wanted = atomic_load(&out.turn) == turn;
	if (is_wanted && there == -1)
		atomic_store(&out.fd, fd);
	else if (is_wanted && dup3(fd, there, O_CLOEXEC) == -1)
		is_wanted = false;
	if (is_wanted)
		atomic_store_explicit(&out.is_known, true, memory_order_release);
	if (there != -1 || !is_wanted)
		close(fd);
	pthread_mutex_unlock(&out.lock);
}

/* The first address that can be reached from here: connect() sends nothing, but it asks the routes.
 * 0 or a getaddrinfo() error. */
static int connect_to(const struct destination *to, int flags)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = flags};
	struct addrinfo *list = NULL;
	int code = getaddrinfo(to->host, to->port, &hints, &list);
	int fd = -1;

	for (const struct addrinfo *at = list; code == 0 && at && fd == -1; at = at->ai_next) {
		fd = socket(at->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd != -1 && connect(fd, at->ai_addr, at->ai_addrlen) == -1) {
			close(fd);
			fd = -1;
		}
	}
	if (list)
		freeaddrinfo(list);
	if (fd != -1)
		set_destination(fd, to->turn);
	return code == 0 && fd == -1 ? EAI_FAIL : code;
}

static bool is_current(const struct destination *to)
{
	return atomic_load(&out.turn) == to->turn;
}

static void look_up(const struct destination *to, bool *was_found)
{
	int code = connect_to(to, 0);

	if (!is_current(to))
		return;
	if (code != 0 && *was_found)
		log_warn("log", "log.gelf: %s cannot be reached: %s", to->host, gai_strerror(code));
	else if (code == 0 && !*was_found)
		log_info("log", "log.gelf: %s is found again", to->host);
	*was_found = code == 0;
}

/* getaddrinfo() has no deadline. */
static void *look_up_thread(void *arg)
{
	struct destination *to = arg;
	bool was_found = true; /* a failure at the start is told */

	while (is_current(to)) {
		look_up(to, &was_found);
		const struct timespec pause = {was_found ? LOOK_AGAIN_S : LOOK_SOON_S, 0};
		nanosleep(&pause, NULL);
	}
	free(to->host);
	free(to);
	return NULL;
}

/* Takes the destination. */
static void start_thread(struct destination *to)
{
	pthread_attr_t detached;
	pthread_t thread;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &detached, look_up_thread, to) != 0)
		abort();
	pthread_attr_destroy(&detached);
}

static void graylog_start(const char *host, unsigned port, unsigned turn)
{
	struct destination *to = mem_alloc(1, sizeof *to);

	to->host = mem_strdup(host);
	to->turn = turn;
	snprintf(to->port, sizeof to->port, "%u", port);
	if (out.self[0] == '\0' && gethostname(out.self, sizeof out.self - 1) == -1)
		(void)str_copy(STR("sparkgate"), out.self, sizeof out.self);
	if (connect_to(to, AI_NUMERICHOST) == 0) {
		free(to->host);
		free(to);
	} else {
		start_thread(to);
	}
	log_set_sink(on_record);
}

static bool is_same(const char *host, unsigned port)
{
	if (host == NULL || out.to_host == NULL)
		return host == out.to_host;
	return strcmp(host, out.to_host) == 0 && port == out.to_port;
}

void graylog_use(const char *host, unsigned port)
{
	if (is_same(host, port))
		return;
	log_set_sink(NULL);
	pthread_mutex_lock(&out.lock);
	atomic_store(&out.is_known, false);
	unsigned turn = atomic_fetch_add(&out.turn, 1) + 1;
	pthread_mutex_unlock(&out.lock);
	free(out.to_host);
	out.to_host = host ? mem_strdup(host) : NULL;
	out.to_port = port;
	if (host)
		graylog_start(host, port, turn);
}

bool graylog_wait(int64_t ms)
{
	const struct timespec pause = {0, POLL_NS};
	int64_t until = clock_mono_ms() + ms;

	while (!atomic_load(&out.is_known) && clock_mono_ms() < until)
		nanosleep(&pause, NULL);
	return atomic_load(&out.is_known);
}
