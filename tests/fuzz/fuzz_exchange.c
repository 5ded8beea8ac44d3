/*
 * A whole worker between clients and a UI, and the admin listener, all of whose peers are the
 * input's: each three bytes of it are an event (happen() below), after which the loop turns once.
 *
 * Whatever happens: what is queued and kept stays bounded, and when everybody has left, no
 * exchange, no call and no connection is. An input that begins with '!' ends in the middle of
 * everything instead. Who is signed in is answered here, at once, late or never; time stands still
 * but for leaps.
 *
 * link: -Wl,--wrap=auth_check,--wrap=auth_free,--wrap=log_audit
 * link: -Wl,--wrap=auth_form_token,--wrap=auth_is_form_token
 * link: -Wl,--wrap=clock_mono_ms,--wrap=clock_mono_us
 */
#define _GNU_SOURCE
#include "tests/fuzz/exchange_party.h"
#include "tests/fuzz/exchange_texts.h"
#include "tests/fuzz/exchange_world.h"

#include "base/clock.h"

#include <event2/buffer.h>
#include <fcntl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	CLIENTS = 6,
	ADMIN_CLIENTS = 4, /* from this one on they are the admin listener's */
	UI_CONNS = 8,
	QUESTIONS = 64,
	EVENTS_MAX = 400,     /* of an input */
	GROWTH_MAX = 4 << 20, /* bytes: the four clients' windows, heads and contents */
	LAST_TURNS = 2000,
};

struct question { /* who is it? Waits for its answer */
	auth_done *done;
	void *arg;
};

static struct scene { /* of one input */
	struct server_thread *thread;
	struct admin *admin;
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
bool __wrap_auth_form_token(struct auth *auth, const struct str *cookies, size_t count,
	char out[static AUTH_FORM_TOKEN]);
bool __wrap_auth_is_form_token(
	struct auth *auth, const struct str *cookies, size_t count, struct str given);
void __wrap_auth_free(struct auth *auth);
void __real_auth_free(struct auth *auth);
int64_t __wrap_clock_mono_ms(void);
int64_t __wrap_clock_mono_us(void);
void __wrap_log_audit(const char *msg, const struct log_field *fields, size_t count);

/* No level silences them. */
void __wrap_log_audit(const char *msg, const struct log_field *fields, size_t count)
{
	(void)msg, (void)fields, (void)count;
}

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
	struct str shown = req->authorization_count ? req->authorization[0]
			   : req->cookies_count	    ? req->cookies[0]
						    : STR("");

	(void)auth;
	if (!str_ends(shown, STR("now")) && !str_ends(shown, STR("later")))
		return result_of(AUTH_ABSENT);
	if (!str_ends(shown, STR("later")) || scene.questions_count == QUESTIONS)
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

bool __wrap_auth_form_token(struct auth *auth, const struct str *cookies, size_t count,
	char out[static AUTH_FORM_TOKEN])
{
	(void)auth, (void)cookies, (void)count;
	memset(out, 'x', AUTH_FORM_TOKEN - 1);
	out[AUTH_FORM_TOKEN - 1] = '\0';
	return true;
}

bool __wrap_auth_is_form_token(
	struct auth *auth, const struct str *cookies, size_t count, struct str given)
{
	(void)auth, (void)cookies, (void)count, (void)given;
	return true;
}

/* As the real one does. */
void __wrap_auth_free(struct auth *auth)
{
	while (scene.questions_count > 0)
		answer_question(0, AUTH_UNAVAILABLE);
	__real_auth_free(auth);
}

/* --- parties --- */

static bool is_at_admin(const struct party *client)
{
	return client >= &scene.clients[ADMIN_CLIENTS];
}

static void connect_client(struct party *client)
{
	const struct listener *there = is_at_admin(client) ? &world.admin : &world.front;
	int size = SOCKET_BUFFER;

	leave(client, false);
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(client->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	if (connect(client->fd, (const struct sockaddr *)&there->addr, there->len) == -1)
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

static void turn_keeper(void)
{
	inbox_drain(world.keeper_inbox);
	event_base_loop(world.keeper, EVLOOP_NONBLOCK);
}

static void turn(void)
{
	bool is_admin_awake = false;

	for (size_t i = ADMIN_CLIENTS; i < CLIENTS; i++)
		is_admin_awake |= scene.clients[i].fd != -1;
	flow(scene.clients, CLIENTS);
	flow(scene.ui_conns, UI_CONNS);
	event_base_loop(scene.thread->base, EVLOOP_NONBLOCK);
	if (is_admin_awake)
		turn_keeper();
	accept_calls();
	size_t ours = size_of(scene.clients, CLIENTS) + size_of(scene.ui_conns, UI_CONNS);
	assert(memory_in_use() < world.memory + ours + GROWTH_MAX);
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

/* 0 where there are no more: so a cut input is one, too. */
static unsigned char next_byte(void)
{
	unsigned char byte = input.len > 0 ? (unsigned char)input.at[0] : 0;

	input = str_from(input, input.len > 0);
	return byte;
}

/* Three more bytes of the input say who sends it, how, and with what. */
static void ask_own(struct party *client, unsigned char path)
{
	const struct site *site = &sites[is_at_admin(client)];
	const struct sender *sender = &senders[choice(next_byte(), ARRAY_LEN(senders))];
	size_t method = choice(next_byte(), ARRAY_LEN(methods));
	size_t content = choice(next_byte(), ARRAY_LEN(contents));

	if (client->fd == -1)
		connect_client(client);
	sbuf_printf(&client->todo, "%s %s HTTP/1.1\r\nHost: %s\r\n%s", methods[method],
		site->paths[choice(path, site->paths_count)], site->host, sender->fields);
	if (sender->origin)
		sbuf_printf(&client->todo, "Origin: http://%s\r\n",
			sender->origin[0] ? sender->origin : site->host);
	sbuf_puts(&client->todo, contents[content]);
	client->flows = true;
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

/* What is nobody's of those outside. */
static void go_on(char event, unsigned char who, unsigned char what)
{
	switch (event) {
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
		server_thread_drain(scene.thread, (struct server_thread_leave){0, 0});
		break;
	default:
		break;
	}
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
	case 'o': /* a request for a page of our own; 'c': what completes its content */
		ask_own(party, what);
		break;
	case 'c':
		sbuf_puts(&party->todo, later[choice(what, ARRAY_LEN(later))]);
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
	default:
		go_on(event, who, what);
		break;
	}
}

/* --- an input --- */

static void begin(void)
{
	leapt_ms = 0;
	scene.ui = open_listener(&world.ui, "ui");
	scene.thread = server_thread_open(&world.shared, open_listener(&world.front, "front"));
	scene.admin =
		admin_new(world.keeper, world.keeper_inbox, open_listener(&world.admin, "admin"),
			8481, &world.shared, world.settings, world.service, &scene.thread, 1);
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
	turn_keeper();
	admin_free(scene.admin);
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
		play(STR("q0aA0ad0~q0nk00o4gdadd4~")); /* what is made once and kept */
	}
	world.memory = memory_in_use();
	play((struct str){(const char *)data, size});
	return 0;
}
