/*
 * tests/support/auth_world.h - an auth service on a keeper thread of its own; the test's thread
 * plays the workers.
 *
 * Questions are asked as a worker asks them and waited for as its event loop would: on the inbox.
 */
#ifndef SPARKGATE_TESTS_AUTH_WORLD_H
#define SPARKGATE_TESTS_AUTH_WORLD_H

#include "auth/service/auth.h"
#include "auth/store/store.h"

enum { AUTH_WORLD_WORKERS = 2 };

struct keeper;

struct auth_world {
	char *folder, *data;
	struct conf *conf; /* change it before auth_world_start() */
	struct keeper *keeper;
	struct auth_service *service;
	struct event_base *base[AUTH_WORLD_WORKERS]; /* turned while an answer is waited for */
	struct inbox *inbox[AUTH_WORLD_WORKERS];
	struct auth *auth[AUTH_WORLD_WORKERS];
	enum auth_site site[AUTH_WORLD_WORKERS]; /* set before auth_world_start() */
	const char *came_to; /* the provider whose address answers come to; NULL: that of none */
};

/* `extra` is more YAML for the configuration, or NULL. Nothing runs yet. */
struct auth_world *auth_world_new(const char *extra);
void auth_world_start(struct auth_world *w);
void auth_world_stop(struct auth_world *w); /* may be started again */
void auth_world_free(struct auth_world *w);
void auth_world_start_worker(struct auth_world *w, int thread);
void auth_world_stop_worker(struct auth_world *w, int thread);

/* Runs on the keeper's thread, and waits for it. */
void auth_world_on_keeper(struct auth_world *w, void (*run)(void *arg), void *arg);
char *auth_world_link(struct auth_world *w); /* gives the first link's URL, or NULL */

/* Gives a token of ours as the command line makes it, from a connection of its own. */
char *auth_world_token(struct auth_world *w, const char *user, enum role role, int64_t ttl,
	char id[static STORE_ID]);
void auth_world_set_state(struct auth_world *w, const char *id, enum token_state state);
struct store *auth_world_store(struct auth_world *w); /* gives another process's connection */

/* Each takes one Authorization value and one Cookie value, NULL for none; the result's identity is
 * the caller's. */
struct auth_result auth_world_ask(
	struct auth_world *w, int thread, const char *authorization, const char *cookie);
struct sign_in_result auth_world_sign_in_link(
	struct auth_world *w, int thread, const char *secret, const char *cookie);
struct sign_in_result auth_world_sign_in_token(
	struct auth_world *w, int thread, const char *token, const char *cookie);
struct sign_in_result auth_world_sign_out(struct auth_world *w, int thread, const char *cookie);
struct sign_in_result auth_world_sign_out_everywhere(
	struct auth_world *w, int thread, const char *cookie);
/* The provider sends the browser back with this query. */
struct sign_in_result auth_world_login_finish(
	struct auth_world *w, int thread, const char *query, const char *cookie, bool is_signed_in);
struct sign_in_result auth_world_back_channel_logout(
	struct auth_world *w, int thread, const char *logout_token);
/* Asks `count` (at most 64) times at once, alternating between the workers; gives how many were
 * AUTH_OK. */
int auth_world_ask_at_once(struct auth_world *w, const char *cookie, int count);

/* Asks until the status is `want`, for 5 seconds at most; gives the milliseconds it took, or -1. */
int64_t auth_world_await(struct auth_world *w, int thread, const char *authorization,
	const char *cookie, enum auth_status want);

/* "name=value" out of a Set-Cookie value. Gives. */
char *auth_world_cookie(const char *set_cookie);

/* --- expectations: these fail the test --- */

char *auth_world_bearer(const char *token); /* gives "Bearer <token>" */
/* Takes the result's identity. */
void auth_world_expect_status(struct auth_result result, enum auth_status want);
void auth_world_expect(struct auth_world *w, int thread, const char *authorization,
	const char *cookie, enum auth_status want);
/* Gives the cookie of a session opened by the first link. */
char *auth_world_enter_by_link(struct auth_world *w);
/* Gives the cookie of a session opened with this token. */
char *auth_world_enter_by_token(struct auth_world *w, const char *token, const char *old);

#endif
