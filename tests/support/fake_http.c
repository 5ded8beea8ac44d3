#define _GNU_SOURCE /* accept4 */
#include "tests/support/fake_http.h"

#include "base/clock.h"
#include "tests/support/port.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 512, HEAD_MAX = 64 * 1024, BODY_MAX = 64 * 1024 * 1024 };

struct route {
	struct route *next;
	char *path;
	int status; /* 0: not set, only counted */
	char *type, *body;
	unsigned hits;
	char *last_head, *last_body;
};

struct connection {
	int fd;
	struct sbuf in;
	struct sbuf out;
	size_t sent;
	int64_t send_at_ms;
};

struct fake_http {
	pthread_mutex_t lock; /* guards everything below but the connections' bytes */
	pthread_cond_t obeyed;
	pthread_t thread;
	int listener, wake;
	struct sockaddr_in addr;
	bool is_down, was_down, is_stopping;
	unsigned delay_ms, accepted;
	struct route *routes;
	fake_handler *handler;
	void *arg;
	struct connection *connections[CONNECTIONS_MAX];
	size_t count;
};

/* --- routes --- */

static struct route *route_of(struct fake_http *f, const char *path)
{
	struct route *r;

	for (r = f->routes; r; r = r->next) {
		if (strcmp(r->path, path) == 0)
			return r;
	}
	r = mem_alloc(1, sizeof *r);
	r->path = mem_strdup(path);
	r->next = f->routes;
	f->routes = r;
	return r;
}

void fake_http_set(
	struct fake_http *f, const char *path, int status, const char *type, const char *body)
{
	pthread_mutex_lock(&f->lock);
	struct route *r = route_of(f, path);
	free(r->type);
	free(r->body);
	r->status = status;
	r->type = mem_strdup(type);
	r->body = mem_strdup(body);
	pthread_mutex_unlock(&f->lock);
}

void fake_http_remove(struct fake_http *f, const char *path)
{
	pthread_mutex_lock(&f->lock);
	route_of(f, path)->status = 0;
	pthread_mutex_unlock(&f->lock);
}

void fake_http_handle(struct fake_http *f, fake_handler *handler, void *arg)
{
	pthread_mutex_lock(&f->lock);
	f->handler = handler;
	f->arg = arg;
	pthread_mutex_unlock(&f->lock);
}

void fake_http_delay(struct fake_http *f, unsigned ms)
{
	pthread_mutex_lock(&f->lock);
	f->delay_ms = ms;
	pthread_mutex_unlock(&f->lock);
}

unsigned fake_http_hits(struct fake_http *f, const char *path)
{
	pthread_mutex_lock(&f->lock);
	unsigned hits = route_of(f, path)->hits;
	pthread_mutex_unlock(&f->lock);
	return hits;
}

unsigned fake_http_connections(struct fake_http *f)
{
	pthread_mutex_lock(&f->lock);
	unsigned accepted = f->accepted;
	pthread_mutex_unlock(&f->lock);
	return accepted;
}

char *fake_http_last_head(struct fake_http *f, const char *path)
{
	pthread_mutex_lock(&f->lock);
	char *head = mem_strdup(route_of(f, path)->last_head);
	pthread_mutex_unlock(&f->lock);
	return head;
}

char *fake_http_last_body(struct fake_http *f, const char *path)
{
	pthread_mutex_lock(&f->lock);
	char *body = mem_strdup(route_of(f, path)->last_body);
	pthread_mutex_unlock(&f->lock);
	return body;
}

/* --- one request --- */

/* Value of a field in a head, cut out into `out`. */
static void field(const char *head, const char *name, char *out, size_t size)
{
	struct str rest = str_of(head), line;

	out[0] = '\0';
	while (str_next(&rest, '\n', &line)) {
		size_t len = strlen(name);
		if (!str_starts_nocase(line, str_of(name)) || line.len <= len ||
			line.at[len] != ':')
			continue;
		line = str_trim(str_from(line, len + 1));
		if (str_ends(line, STR("\r")))
			line.len--;
		str_copy(line, out, size);
		return;
	}
}

static void write_answer(struct connection *c, const struct fake_answer *a, bool with_body)
{
	sbuf_printf(&c->out,
		"HTTP/1.1 %d Fake\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s\r\n", a->status,
		a->type, a->body.len, a->extra);
	if (with_body)
		sbuf_add_str(&c->out, sbuf_str(&a->body));
}

static void answer(struct fake_http *f, struct connection *c, const struct fake_request *req)
{
	struct fake_answer a = {.status = 200, .type = "text/html;charset=utf-8", .extra = ""};
	struct route *r = route_of(f, req->path);

	sbuf_init(&a.body, BODY_MAX);
	r->hits++;
	free(r->last_head);
	free(r->last_body);
	r->last_head = mem_strdup(req->head);
	r->last_body = mem_strdup(req->body);
	if (r->status) {
		a.status = r->status;
		a.type = r->type;
		sbuf_puts(&a.body, r->body);
	} else if (f->handler == NULL || !f->handler(f->arg, req, &a)) {
		a.status = 404;
	}
	write_answer(c, &a, strcmp(req->method, "HEAD") != 0);
	c->send_at_ms = clock_mono_ms() + f->delay_ms;
	sbuf_clear(&a.body);
}

/* Ends the string at the first `byte` and gives what is behind it; "" when there is none. */
static char *cut(char *text, char byte)
{
	char *at = strchr(text, byte);

	if (at == NULL)
		return text + strlen(text);
	*at = '\0';
	return at + 1;
}

static void take_request(struct fake_http *f, struct connection *c, size_t head_len, size_t whole)
{
	char *head = mem_strndup(c->in.at, head_len), *line = mem_strdup(head);
	char *body = mem_strndup(c->in.at + head_len, whole - head_len);
	char *path = cut(line, ' '), host[256];
	struct fake_request req = {
		.head = head, .host = host, .method = line, .path = path, .body = body};

	cut(path, ' ');
	req.query = cut(path, '?');
	field(head, "Host", host, sizeof host);
	answer(f, c, &req);
	free(body);
	free(line);
	free(head);
}

/* One request at a time, its content skipped; true while one more may follow. */
static bool take_input(struct fake_http *f, struct connection *c)
{
	ptrdiff_t end = str_find(sbuf_str(&c->in), STR("\r\n\r\n"));
	char length[32];
	size_t whole;

	if (c->out.len || end == -1)
		return false;
	field(c->in.at, "Content-Length", length, sizeof length);
	whole = (size_t)end + 4 + strtoul(length, NULL, 10);
	if (c->in.len < whole)
		return false;
	take_request(f, c, (size_t)end + 4, whole);
	memmove(c->in.at, c->in.at + whole, c->in.len - whole + 1);
	c->in.len -= whole;
	return true;
}

/* --- connections --- */

static void connection_free(struct fake_http *f, size_t i)
{
	struct connection *c = f->connections[i];

	close(c->fd);
	sbuf_clear(&c->in);
	sbuf_clear(&c->out);
	free(c);
	f->connections[i] = f->connections[--f->count];
}

static void connection_add(struct fake_http *f)
{
	struct connection *c;
	int fd = accept4(f->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd == -1)
		return;
	f->accepted++;
	c = mem_alloc(1, sizeof *c);
	c->fd = fd;
	sbuf_init(&c->in, HEAD_MAX);
	sbuf_init(&c->out, BODY_MAX + HEAD_MAX);
	f->connections[f->count++] = c;
}

/* False when it is to be closed. */
static bool connection_read(struct fake_http *f, struct connection *c)
{
	char bytes[16384];
	ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);

	if (n <= 0)
		return false;
	sbuf_add(&c->in, bytes, (size_t)n);
	take_input(f, c);
	return !c->in.overflow;
}

static bool connection_write(struct fake_http *f, struct connection *c)
{
	ssize_t n;

	if (c->out.len == 0 || clock_mono_ms() < c->send_at_ms)
		return true;
	n = send(c->fd, c->out.at + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);
	if (n <= 0)
		return false;
	c->sent += (size_t)n;
	if (c->sent == c->out.len) {
		sbuf_reset(&c->out);
		c->sent = 0;
		take_input(f, c);
	}
	return true;
}

/* --- the thread --- */

static int listen_at(const struct sockaddr_in *addr)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (fd == -1 || bind(fd, (const struct sockaddr *)addr, sizeof *addr) == -1 ||
		listen(fd, 512) == -1)
		abort();
	return fd;
}

static void follow_orders(struct fake_http *f)
{
	uint64_t n;

	if (read(f->wake, &n, sizeof n) == -1)
		return;
	if (f->is_down && !f->was_down) {
		close(f->listener);
		f->listener = -1;
		while (f->count)
			connection_free(f, 0);
	} else if (!f->is_down && f->was_down) {
		f->listener = listen_at(&f->addr);
	}
	f->was_down = f->is_down;
	pthread_cond_broadcast(&f->obeyed);
}

/* How long poll(2) may sleep before the next delayed answer is due. */
static size_t fill(const struct fake_http *f, struct pollfd *fds, int *wait_ms)
{
	int64_t now = clock_mono_ms(), wait = 1000;

	fds[0] = (struct pollfd){.fd = f->wake, .events = POLLIN};
	fds[1] = (struct pollfd){
		.fd = f->count < CONNECTIONS_MAX ? f->listener : -1, .events = POLLIN};
	for (size_t i = 0; i < f->count; i++) {
		const struct connection *c = f->connections[i];
		bool is_due = c->out.len && now >= c->send_at_ms;
		if (c->out.len && !is_due && c->send_at_ms - now < wait)
			wait = c->send_at_ms - now;
		fds[i + 2] = (struct pollfd){
			.fd = c->fd, .events = (short)(is_due ? POLLIN | POLLOUT : POLLIN)};
	}
	*wait_ms = (int)wait;
	return f->count + 2;
}

static void serve(struct fake_http *f, const struct pollfd *fds, size_t polled)
{
	/* Backwards, for freeing one moves the last into its place. */
	for (size_t i = polled - 2; i-- > 0;) {
		struct connection *c = f->connections[i];
		bool keep = true;
		if (fds[i + 2].revents & (POLLIN | POLLHUP | POLLERR))
			keep = connection_read(f, c);
		if (keep)
			keep = connection_write(f, c);
		if (!keep)
			connection_free(f, i);
	}
	if (fds[1].revents & POLLIN)
		connection_add(f);
	if (fds[0].revents & POLLIN)
		follow_orders(f);
}

static void *run(void *arg)
{
	struct fake_http *f = arg;
	struct pollfd fds[CONNECTIONS_MAX + 2];
	int wait_ms;

	pthread_mutex_lock(&f->lock);
	while (!f->is_stopping) {
		size_t n = fill(f, fds, &wait_ms);
		pthread_mutex_unlock(&f->lock);
		poll(fds, n, wait_ms);
		pthread_mutex_lock(&f->lock);
		serve(f, fds, n);
	}
	while (f->count)
		connection_free(f, 0);
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

static void wake(struct fake_http *f)
{
	uint64_t one = 1;

	if (write(f->wake, &one, sizeof one) == -1)
		abort();
}

struct fake_http *fake_http_start(const char *ip)
{
	struct fake_http *f = mem_alloc(1, sizeof *f);

	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->obeyed, NULL);
	f->addr.sin_family = AF_INET;
	f->addr.sin_port = htons((uint16_t)port_take());
	if (inet_pton(AF_INET, ip, &f->addr.sin_addr) != 1)
		abort();
	f->listener = listen_at(&f->addr);
	f->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (f->wake == -1 || pthread_create(&f->thread, NULL, run, f) != 0)
		abort();
	return f;
}

unsigned fake_http_port(const struct fake_http *f)
{
	return ntohs(f->addr.sin_port);
}

void fake_http_down(struct fake_http *f, bool is_down)
{
	pthread_mutex_lock(&f->lock);
	f->is_down = is_down;
	wake(f);
	while (f->was_down != is_down)
		pthread_cond_wait(&f->obeyed, &f->lock);
	pthread_mutex_unlock(&f->lock);
}

void fake_http_stop(struct fake_http *f)
{
	pthread_mutex_lock(&f->lock);
	f->is_stopping = true;
	pthread_mutex_unlock(&f->lock);
	wake(f);
	pthread_join(f->thread, NULL);
	while (f->routes) {
		struct route *r = f->routes;
		f->routes = r->next;
		free(r->path);
		free(r->type);
		free(r->body);
		free(r->last_head);
		free(r->last_body);
		free(r);
	}
	if (f->listener != -1)
		close(f->listener);
	close(f->wake);
	pthread_cond_destroy(&f->obeyed);
	pthread_mutex_destroy(&f->lock);
	free(f);
}
