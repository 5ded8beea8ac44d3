/* A server thread's half of the service: a credential is asked about, and judged when all it takes
 * is there. */
#include "auth/service/auth_ask.h"
#include "auth/service/auth_judge.h"
#include "auth/service/auth_keeper.h"
#include "auth/service/auth_pending.h"
#include "auth/service/auth_session_refresh.h"
#include "auth/service/auth_store_view.h"
#include "auth/session/app_pass.h"
#include "auth/session/stale_cookie.h"
#include "auth/token/bearer.h"

#include <openssl/crypto.h>
#include <stdlib.h>

static struct auth_result judge_question(
	struct auth *auth, const struct auth_rules *rules, struct question *question)
{
	return question->token.at ? auth_bearer_judge(auth, rules, question)
				  : auth_session_judge(auth, rules, question);
}

static struct auth_result judge_pending(struct auth_pending *pending)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(pending->auth, &hold);
	struct auth_result result = judge_question(pending->auth, rules, &pending->question);

	if (result.status == AUTH_LATER && pending->question.need == NEED_KEYS)
		auth_pending_keep_issuer(pending);
	share_drop(hold);
	return result;
}

static void ask_for_need(struct auth_pending *pending)
{
	static void (*const ask[NEEDS])(struct auth_pending *) = {
		[NEED_SESSION] = auth_store_view_ask_session,
		[NEED_RECORD] = auth_store_view_ask_token,
		[NEED_KEYS] = auth_ask_keys,
		[NEED_REFRESH] = auth_session_refresh_ask,
		[NEED_INTROSPECTION] = auth_ask_introspection};

	ask[pending->question.need](pending);
}

struct auth *auth_new(struct auth_service *service, struct event_base *base, struct inbox *reply,
	enum auth_site site)
{
	static const struct auth_steps steps = {.judge = judge_pending, .ask = ask_for_need};
	struct auth *auth = mem_alloc(1, sizeof *auth);

	auth->service = service;
	auth->base = base;
	auth->site = site;
	auth->steps = &steps;
	auth->address = auth_keeper_address_new(auth, reply);
	auth->rules = share_reader_new(service->rules);
	auth->tokens = token_cache_new(TOKEN_CACHE_GOOD, TOKEN_CACHE_BAD);
	auth->ids = digest_cache_new();
	auth->sessions = record_cache_new(RECORD_CACHE_MAX);
	auth->records = record_cache_new(RECORD_CACHE_MAX);
	TAILQ_INIT(&auth->pending);
	auth_store_view_reader(auth);
	return auth;
}

void auth_free(struct auth *auth)
{
	if (auth == NULL)
		return;
	/* The reader first: it answers what is under way, to calls that are still there. */
	if (auth->reader)
		auth->reader->ops->close(auth->reader);
	auth->reader = NULL;
	auth_keeper_address_close(auth->address);
	auth_pending_answer_all(auth);
	token_cache_free(auth->tokens);
	digest_cache_free(auth->ids);
	record_cache_free(auth->sessions);
	record_cache_free(auth->records);
	share_reader_free(auth->rules);
	for (size_t i = 0; i < auth->reasons_count; i++)
		free(auth->reasons[i]);
	free(auth);
}

/* --- the question --- */

static bool read_app_session(struct auth *auth, const struct auth_rules *rules,
	const struct auth_request *req, struct question *question)
{
	struct session_ids *named = &question->named;

	named->count = app_pass_cookie_read(rules->ring, &rules->conf->server.public_url, req->app,
		req->cookies, req->cookies_count, question->app_ids);
	for (size_t i = 0; i < named->count; i++)
		named->at[i] = str_of(question->app_ids[i]);
	return auth_session_next(auth, question);
}

/* On an application's host: its own cookie and nothing else, for a token is worth more than this
 * host may do. */
static struct auth_result read_app_credential(struct auth *auth, const struct auth_rules *rules,
	const struct auth_request *req, struct question *question)
{
	question->token = (struct str){NULL, 0};
	if (req->authorization_count)
		return auth_refused(
			AUTH_INVALID_TOKEN, "tokens are taken at the gateway's own address only");
	if (!read_app_session(auth, rules, req, question))
		return auth_refused(AUTH_ABSENT, "no credentials");
	return auth_refused(AUTH_LATER, "");
}

/* AUTH_LATER: there is a credential, and `question` is it. */
static struct auth_result read_credential(struct auth *auth, const struct auth_rules *rules,
	const struct auth_request *req, struct question *question)
{
	const char *reason = "";

	if (req->app.at)
		return read_app_credential(auth, rules, req, question);
	switch (bearer_read(req->authorization, req->authorization_count, req->query,
		&question->token, &reason)) {
	case BEARER_MALFORMED:
		return auth_refused(AUTH_MALFORMED, reason);
	case BEARER_BROKEN:
		return auth_refused(AUTH_INVALID_TOKEN, reason);
	case BEARER_OTHER_SCHEME:
		/* It beats the cookie as a bad token does: who sends credentials means them. */
		return auth_refused(AUTH_INVALID_TOKEN, "the Authorization scheme is not Bearer");
	case BEARER_OK:
		return auth_refused(AUTH_LATER, "");
	case BEARER_ABSENT:
		break;
	}
	question->token = (struct str){NULL, 0};
	question->named = auth_session_ids(auth, rules, req->cookies, req->cookies_count);
	if (!auth_session_next(auth, question))
		return auth_refused(AUTH_ABSENT, "no credentials");
	return auth_refused(AUTH_LATER, "");
}

struct check_pending {		  /* a request that waits to be let in */
	struct auth_pending base; /* first */
	auth_done *done;
	void *arg;
};

static void answer_check(struct auth_pending *pending, struct auth_result result)
{
	const struct check_pending *own = (struct check_pending *)pending;
	auth_done *done = own->done;
	void *arg = own->arg;

	auth_pending_free(pending);
	done(arg, result);
}

static struct auth_result wait_for_answer(
	struct auth *auth, const struct question *question, auth_done *done, void *arg)
{
	if (auth->pending_count >= AUTH_WAITING_MAX) {
		identity_unref(question->found);
		return auth_refused(AUTH_UNAVAILABLE, "too many requests wait for an answer");
	}
	struct auth_pending *pending =
		auth_pending_new(auth, sizeof(struct check_pending), answer_check);
	struct check_pending *own = (struct check_pending *)pending;
	own->done = done;
	own->arg = arg;
	pending->judged = answer_check;
	auth_pending_keep(pending, question);
	struct auth_result result = auth_pending_run(pending);
	if (result.status != AUTH_LATER)
		auth_pending_free(pending);
	return result;
}

struct auth_result auth_check(
	struct auth *auth, const struct auth_request *req, auth_done *done, void *arg)
{
	struct question question = {.client = req->client, .is_quiet = req->is_quiet};
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	struct auth_result result = read_credential(auth, rules, req, &question);

	if (result.status == AUTH_LATER)
		result = judge_question(auth, rules, &question);
	if (result.status == AUTH_LATER)
		result = wait_for_answer(auth, &question, done, arg);
	share_drop(hold);
	return result;
}

enum auth_provider auth_provider(struct auth *auth)
{
	return (enum auth_provider)atomic_load_explicit(
		&auth->service->provider_state, memory_order_relaxed);
}

enum auth_provider auth_provider_at(struct auth *auth, const char *issuer)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	enum auth_provider state =
		auth_rules_know(rules, issuer) ? AUTH_PROVIDER_READY : AUTH_PROVIDER_SILENT;

	share_drop(hold);
	return state;
}

void sign_in_result_clear(struct sign_in_result *result)
{
	secret_free(result->set_cookie);
	secret_free(result->set_login_cookie);
	free(result->return_path);
	free(result->provider);
	secret_free(result->location);
	secret_free(result->json);
	result->set_cookie = result->set_login_cookie = result->return_path = NULL;
	result->provider = NULL;
	result->location = result->json = NULL;
}

void auth_end_stale_cookies(struct auth *auth, const struct str *cookies, size_t count,
	const struct str pages[2], struct sbuf *out)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	struct session_ids named = auth_session_ids(auth, rules, cookies, count);

	if (named.count > 0)
		stale_cookie_end(rules->conf, auth->site, pages, named.count > 1, out);
	share_drop(hold);
}

bool auth_form_token(struct auth *auth, const struct str *cookies, size_t count,
	char out[static AUTH_FORM_TOKEN])
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	unsigned char key[DIGEST_LEN];
	struct str id;
	bool is_named = auth_session_named(auth, rules, cookies, count, &id, key);

	out[0] = '\0';
	if (is_named)
		session_form_token(id, out);
	share_drop(hold);
	return is_named;
}

bool auth_is_form_token(
	struct auth *auth, const struct str *cookies, size_t count, struct str given)
{
	char own[AUTH_FORM_TOKEN];

	return auth_form_token(auth, cookies, count, own) && given.len == sizeof own - 1 &&
	       CRYPTO_memcmp(own, given.at, given.len) == 0;
}

bool auth_is_own_cookie(struct str name)
{
	static const char *const prefixes[] = {"__Host-", "__Secure-"};

	/* More than the names in use: what only looks like one of ours is nobody else's business.
	 */
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		if (str_starts_nocase(name, str_of(prefixes[i])))
			name = str_from(name, strlen(prefixes[i]));
	}
	if (!str_starts_nocase(name, STR("sparkgate")))
		return false;
	name = str_from(name, strlen("sparkgate"));
	return name.len == 0 || name.at[0] == '-' || name.at[0] == '_';
}
