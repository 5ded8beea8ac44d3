/*
 * A whole worker between clients and a UI, all of them the input's: each three bytes of it are an
 * event (events[] below), after which the worker's loop turns once.
 *
 * Whatever happens: what is queued and kept stays bounded, and when everybody has left, no
 * exchange, no call and no connection is. An input that begins with '!' ends in the middle of
 * everything instead. Who is signed in is answered here, at once, late or never; time stands still
 * but for leaps.
 *
 * link: -Wl,--wrap=auth_check,--wrap=auth_free,--wrap=clock_mono_ms,--wrap=clock_mono_us
 */
#define _GNU_SOURCE
#include "tests/fuzz/exchange_world.h"

#include "base/clock.h"

#include <event2/buffer.h>
#include <fcntl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	CLIENTS = 4,
	UI_CONNS = 8,
	QUESTIONS = 64,
	TODO_MAX = 1 << 20,   /* what a party has still to say */
	EVENTS_MAX = 400,     /* of an input */
	GROWTH_MAX = 4 << 20, /* bytes: the four clients' windows, heads and contents */
	LAST_TURNS = 2000,
};

#define ASK(method, path) method " " path " HTTP/1.1\r\nHost: 127.0.0.1:8480\r\n"
#define NOW		  "Authorization: Bearer now\r\n"
#define LATER		  "Authorization: Bearer later\r\n"
#define FORM		  "Content-Type: application/x-www-form-urlencoded\r\n"
#define MASTER		  "/c/proxy/master/"
#define OTHER		  "/c/ui/nb/"

static const char *const requests[] = {
	ASK("GET", MASTER) NOW "\r\n",
	ASK("GET", MASTER) LATER "\r\n",
	ASK("GET", MASTER) "\r\n",
	ASK("HEAD", OTHER) NOW "\r\n",
	ASK("POST", OTHER) NOW "Content-Length: 11\r\n\r\nhello world",
	ASK("POST", OTHER) LATER "Content-Length: 400000\r\n\r\n",
	ASK("POST", OTHER) LATER "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
	"6\r\n world\r\n0\r\n\r\n",
	ASK("PUT", OTHER) NOW "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n",
	ASK("POST", OTHER "form") NOW FORM "Content-Length: 8\r\n\r\ndoAs=eve",
	ASK("GET", OTHER "ws") NOW "Connection: Upgrade\r\nUpgrade: websocket\r\n"
				   "Sec-WebSocket-Version: 13\r\n"
				   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
	ASK("GET", MASTER "static/a.js") NOW "\r\n",
	ASK("GET", MASTER "static/a.js") LATER "\r\n",
	ASK("GET", "/_gate/login?link=x") "\r\n",
	ASK("POST", "/_gate/login") FORM "Origin: http://127.0.0.1:8480\r\nContent-Length: "
					 "7\r\n\r\ntoken=x",
	ASK("GET", "/") LATER "Connection: close\r\n\r\n",
	"GET / HTTP/1.0\r\n\r\n",
	"GET / HTTP/1.1\nHost: a\n\n",
};

static const char *const answers[] = {
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
	"1c\r\n<html><a href=\"/jobs/\">x</a>\r\n",
	"0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 600000\r\n\r\n",
	"HTTP/1.1 200 OK\r\n\r\nall that comes",
	"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
	"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
	"HTTP/1.1 100 Continue\r\n\r\n",
	"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Type: text/javascript\r\nContent-Length: 10\r\n\r\nvar x = 1;",
	"HTTP/1.1 302 Found\r\nLocation: /jobs/\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
};

struct party {	/* a client, or a connection that the worker opened */
	int fd; /* -1: none */
	struct sbuf todo;
	bool flows; /* says what it has whenever it may; else only when it is told to */
};

struct question { /* who is it? Waits for its answer */
	auth_done *done;
	void *arg;
};

static struct scene { /* of one input */
	struct server_thread *thread;
	int ui; /* listens */
	struct party clients[CLIENTS], ui_conns[UI_CONNS];
	struct question questions[QUESTIONS];
	size_t questions_count;
} scene;

static int64_t leapt_ms;
static struct str input; /* what is left of it */

/* --- in place of the parts that are real elsewhere --- */

struct auth_result __wrap_auth_check(
	struct auth *auth, const struct auth_request *req, auth_done *done, void *arg);
void __wrap_auth_free(struct auth *auth);
void __real_auth_free(struct auth *auth);
int64_t __wrap_clock_mono_ms(void);
int64_t __wrap_clock_mono_us(void);

int64_t __wrap_clock_mono_ms(void)
{
	return 1000000 + leapt_ms;
}

int64_t __wrap_clock_mono_us(void)
{
	return __wrap_clock_mono_ms() * 1000;
}

static struct auth_result result_of(enum auth_status status)
{
	struct auth_result result = {.status = status, .reason = "by the input"};

	if (status == AUTH_OK)
		result.who = identity_new(STR("https://issuer"), STR("alice"), STR("Alice"),
			STR(""), ROLE_ADMIN, VIA_BEARER, INT64_MAX / 2);
	return result;
}

struct auth_result __wrap_auth_check(
	struct auth *auth, const struct auth_request *req, auth_done *done, void *arg)
{
	(void)auth;
	if (req->authorization_count == 0)
		return result_of(AUTH_ABSENT);
	bool is_later = str_eq(req->authorization[0], STR("Bearer later"));
	if (!is_later || scene.questions_count == QUESTIONS)
		return result_of(AUTH_OK);
	scene.questions[scene.questions_count++] = (struct question){done, arg};
	return result_of(AUTH_LATER);
}

static void answer_question(size_t at, enum auth_status status)
{
	struct question question = scene.questions[at];

	scene.questions[at] = scene.questions[--scene.questions_count];
	question.done(question.arg, result_of(status));
}

/* As the real one does. */
void __wrap_auth_free(struct auth *auth)
{
	while (scene.questions_count > 0)
		answer_question(0, AUTH_UNAVAILABLE);
	__real_auth_free(auth);
}

/* --- parties --- */

static void party_init(struct party *party)
{
	party->fd = -1;
	sbuf_init(&party->todo, TODO_MAX);
}

static void leave(struct party *party, bool is_reset)
{
	struct linger at_once = {.l_onoff = 1};

	if (party->fd == -1)
		return;
	if (is_reset)
		setsockopt(party->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	close(party->fd);
	party->fd = -1;
	sbuf_reset(&party->todo);
}

static void say(struct party *party, size_t most)
{
	size_t len = party->todo.len < most ? party->todo.len : most;
	ssize_t n = party->fd == -1 ? -1 : send(party->fd, party->todo.at, len, MSG_NOSIGNAL);

	if (n > 0)
		sbuf_cut(&party->todo, (size_t)n);
}

static void flow(struct party *parties, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (parties[i].flows && parties[i].todo.len > 0)
			say(&parties[i], TODO_MAX);
	}
}

static size_t size_of(const struct party *parties, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += parties[i].todo.cap;
	return size;
}

static void connect_client(struct party *client)
{
	int size = SOCKET_BUFFER;

	leave(client, false);
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(client->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	if (connect(client->fd, (struct sockaddr *)&world.front_addr, world.front_len) == -1)
		leave(client, false); /* it drains */
}

static void accept_calls(void)
{
	for (int fd; (fd = accept4(scene.ui, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1;) {
		size_t at = 0;
		while (at < UI_CONNS && scene.ui_conns[at].fd != -1)
			at++;
		if (at == UI_CONNS)
			close(fd);
		else
			scene.ui_conns[at].fd = fd;
	}
}

static void hear(struct party *party, size_t most)
{
	char bytes[4096];
	ssize_t n = 1;

	while (party->fd != -1 && most > 0 && n > 0) {
		n = recv(party->fd, bytes, most < sizeof bytes ? most : sizeof bytes, 0);
		most -= n > 0 ? (size_t)n : 0;
	}
	if (n == 0)
		leave(party, false);
}

static void fill(struct party *party, size_t len)
{
	char *room = sbuf_extend(&party->todo, len);

	if (room)
		memset(room, 'x', len);
}

static void say_input(struct party *party, size_t len)
{
	if (len > input.len)
		len = input.len;
	sbuf_add(&party->todo, input.at, len);
	input = str_from(input, len);
}

/* --- time --- */

struct timers {
	struct event *due[64];
	size_t count;
};

static int find_timer(const struct event_base *base, const struct event *event, void *arg)
{
	struct timers *timers = arg;

	(void)base;
	if (event_pending(event, EV_TIMEOUT, NULL) && timers->count < ARRAY_LEN(timers->due))
		timers->due[timers->count++] = (struct event *)(uintptr_t)event;
	return 0;
}

/* All that wait for a time find that it has come. */
static void leap(unsigned seconds)
{
	struct timers timers = {.count = 0};

	leapt_ms += seconds * 1000;
	event_base_foreach_event(scene.thread->base, find_timer, &timers);
	for (size_t i = 0; i < timers.count; i++)
		event_active(timers.due[i], EV_TIMEOUT, 1);
}

/* --- events --- */

static void turn(void)
{
	flow(scene.clients, CLIENTS);
	flow(scene.ui_conns, UI_CONNS);
	event_base_loop(scene.thread->base, EVLOOP_NONBLOCK);
	accept_calls();
	size_t ours = size_of(scene.clients, CLIENTS) + size_of(scene.ui_conns, UI_CONNS);
	assert(memory_in_use() < world.memory + ours + GROWTH_MAX);
}

static void turn_keeper(void)
{
	inbox_drain(world.keeper_inbox);
	event_base_loop(world.keeper, EVLOOP_NONBLOCK);
}

static struct party *client_of(unsigned char who)
{
	return &scene.clients[who % CLIENTS];
}

static struct party *ui_conn_of(unsigned char who)
{
	return &scene.ui_conns[who % UI_CONNS];
}

/* 'a' is the first. */
static size_t choice(unsigned char what, size_t count)
{
	return (unsigned char)(what - 'a') % count;
}

static void ask(struct party *client, unsigned char what)
{
	if (client->fd == -1)
		connect_client(client);
	sbuf_puts(&client->todo, requests[choice(what, ARRAY_LEN(requests))]);
}

static void answer(struct party *ui_conn, unsigned char what)
{
	if (what == 'z')
		sbuf_add_str(&ui_conn->todo, sbuf_str(&world.packed));
	else
		sbuf_puts(&ui_conn->todo, answers[choice(what, ARRAY_LEN(answers))]);
}

static void decide(unsigned char who, unsigned char what)
{
	static const enum auth_status statuses[] = {
		AUTH_OK, AUTH_ABSENT, AUTH_UNAVAILABLE, AUTH_INVALID_TOKEN};

	if (scene.questions_count > 0)
		answer_question(
			who % scene.questions_count, statuses[choice(what, ARRAY_LEN(statuses))]);
}

/* Small letters are of clients, capitals of the UI's connections. */
static void happen(char event, unsigned char who, unsigned char what)
{
	struct party *party = event >= 'a' ? client_of(who) : ui_conn_of(who);

	switch (event) {
	case 'q': /* a request; 'p': to be said in pieces */
	case 'p':
		ask(party, what);
		party->flows = event == 'q';
		break;
	case 'A':
	case 'P':
		answer(party, what);
		party->flows = event == 'A';
		break;
	case 's':
	case 'S':
		say(party, 1 + what * 16u);
		break;
	case 'r': /* the input's own bytes */
	case 'R':
		say_input(party, what);
		break;
	case 'f':
	case 'F':
		fill(party, what * 512u);
		break;
	case 'd': /* its window opens */
	case 'D':
		hear(party, what * 512u);
		break;
	case 'x':
	case 'X':
		leave(party, what & 1);
		break;
	case 'w':
	case 'W':
		if (party->fd != -1)
			shutdown(party->fd, SHUT_WR);
		break;
	case 'a':
		decide(who, what);
		break;
	case 'k':
		turn_keeper();
		break;
	case 't':
		leap(what);
		break;
	case 'g':
		server_thread_drain(scene.thread);
		break;
	default:
		break;
	}
}

/* --- an input --- */

static void begin(void)
{
	int fd = open_listener(&world.front_addr, &world.front_len, "front");

	leapt_ms = 0;
	scene.ui = open_listener(&world.ui_addr, &world.ui_len, "ui");
	scene.thread = server_thread_open(&world.shared, fd);
	for (size_t i = 0; i < CLIENTS; i++)
		party_init(&scene.clients[i]);
	for (size_t i = 0; i < UI_CONNS; i++)
		party_init(&scene.ui_conns[i]);
}

static void everybody_leaves(void)
{
	for (size_t i = 0; i < CLIENTS; i++)
		leave(&scene.clients[i], false);
	for (size_t i = 0; i < UI_CONNS; i++)
		leave(&scene.ui_conns[i], false);
}

static bool is_anything_left(void)
{
	const struct server_thread *thread = scene.thread;
	struct upstream_counts up = upstream_count(thread->upstream);
	struct upstream_counts wire = upstream_count(thread->wire);

	return thread->exchanges || front_connections(thread->front) || up.calls || wire.calls ||
	       up.connections || wire.connections;
}

static void expect_nothing_left(void)
{
	for (int i = 0; i < LAST_TURNS && is_anything_left(); i++) {
		everybody_leaves();
		while (scene.questions_count > 0)
			answer_question(0, AUTH_OK);
		turn_keeper();
		turn();
		if (i % 10 == 9)
			leap(1); /* whoever waits, for a connection or for the rest, does so in vain
				  */
	}
	assert(!is_anything_left());
}

static void end(void)
{
	everybody_leaves();
	server_thread_close(scene.thread);
	assert(budget_used(&world.budget) == 0 && budget_used(&world.strangers) == 0);
	close(scene.ui);
	turn_keeper();
	for (size_t i = 0; i < CLIENTS; i++)
		sbuf_clear(&scene.clients[i].todo);
	for (size_t i = 0; i < UI_CONNS; i++)
		sbuf_clear(&scene.ui_conns[i].todo);
}

static void play(struct str events)
{
	bool is_abrupt = events.len > 0 && events.at[0] == '!';

	begin();
	input = str_from(events, is_abrupt);
	for (int n = 0; input.len >= 3 && n < EVENTS_MAX; n++) {
		const char *at = input.at;
		input = str_from(input, 3);
		happen(at[0], (unsigned char)at[1], (unsigned char)at[2]);
		turn();
	}
	if (!is_abrupt)
		expect_nothing_left();
	end();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (world.service == NULL) {
		make_world();
		world.memory = memory_in_use();
		play(STR("q0aA0ad0~q0nk00")); /* what is made once and kept */
	}
	world.memory = memory_in_use();
	play((struct str){(const char *)data, size});
	return 0;
}
