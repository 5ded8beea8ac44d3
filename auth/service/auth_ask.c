#include "auth/service/auth_ask.h"

#include "auth/issuers/groups_source.h"
#include "auth/issuers/introspect.h"
#include "auth/issuers/jwks_fetch.h"
#include "auth/roles/standing.h"
#include "auth/service/auth_keeper.h"
#include "base/clock.h"
#include "conf/providers.h"

#include <stdint.h>
#include <stdlib.h>

/* --- keys fetched again --- */

struct keys_request {
	struct keeper_request base; /* first */
	char issuer[STORE_ISSUER];
	struct jwks_waiter waiter;
	bool is_fetched;
};

/* The newest keys are published before a refetch is answered, so the next look is the last word. */
static void on_keys_asked(struct auth_pending *pending, struct keeper_request *request)
{
	pending->question.keys_asked = true;
	pending->question.keys_fetched = ((struct keys_request *)request)->is_fetched;
	auth_pending_resume(pending);
}

static void on_keys_fetched(struct jwks_waiter *waiter, bool fetched)
{
	struct keys_request *own =
		(struct keys_request *)((char *)waiter - offsetof(struct keys_request, waiter));

	own->is_fetched = fetched;
	auth_keeper_return(&own->base);
}

static void fetch_keys(struct keeper_request *request)
{
	struct keys_request *own = (struct keys_request *)request;

	own->waiter.done = on_keys_fetched;
	jwks_fetch_unknown_kid(request->service->jwks, own->issuer, &own->waiter);
}

void auth_ask_keys(struct auth_pending *pending)
{
	struct keeper_request *request = auth_keeper_new(pending, sizeof(struct keys_request));
	struct keys_request *own = (struct keys_request *)request;

	memcpy(own->issuer, pending->issuer, sizeof own->issuer);
	request->work = fetch_keys;
	request->done = on_keys_asked;
	auth_keeper_send(request);
}

/* --- opaque tokens --- */

struct introspection {
	struct keeper_request base; /* first */
	char *token;		    /* secret */
	int64_t until;		    /* wall seconds: how long the answer is taken */
};

static void clear_introspection(struct keeper_request *request)
{
	secret_free(((struct introspection *)request)->token);
}

static void on_introspection(struct auth_pending *pending, struct keeper_request *request)
{
	const struct introspection *own = (struct introspection *)request;
	struct question *question = &pending->question;

	question->introspected = true;
	if (request->status == AUTH_OK) {
		struct share_hold *hold;
		const struct auth_rules *rules = auth_rules_get(pending->auth, &hold);
		token_cache_put(pending->auth->tokens, question->key, clock_wall_s(),
			rules->generation, request->who, own->until);
		share_drop(hold);
	} else {
		question->refused = request->status;
		question->why = auth_pending_reason(pending->auth, request->reason,
			"the issuer says that the token is not active");
	}
	auth_pending_resume(pending);
}

/* The issuer is asked again now and then: it may have revoked the token since. */
static int64_t end_of_word(int64_t expires_at)
{
	int64_t until = clock_wall_s() + AUTH_INTROSPECTED_S;

	return expires_at != 0 && expires_at < until ? expires_at : until;
}

/* The claims, with the subject in them where the issuer tells only a name: rules may be about it.
 * Gives. */
static json_t *claims_of(const struct introspect_result *result)
{
	json_t *claims = json_copy((json_t *)(uintptr_t)result->claims); /* only read */

	if (result->named[0])
		json_object_set_new(claims, "sub", json_string(result->named));
	return claims;
}

static void on_introspected(void *arg, const struct introspect_result *result)
{
	static const enum auth_status statuses[] = {[INTROSPECT_ACTIVE] = AUTH_OK,
		[INTROSPECT_INACTIVE] = AUTH_INVALID_TOKEN,
		[INTROSPECT_SILENT] = AUTH_ISSUER_SILENT,
		[INTROSPECT_MISTRUSTED] = AUTH_MISTRUSTED};
	struct introspection *own = arg;
	struct keeper_request *request = &own->base;

	if (result->answer != INTROSPECT_ACTIVE) {
		auth_keeper_answer(request, statuses[result->answer], result->reason);
		return;
	}
	/* A token without an end ends with the session that it may open. */
	const struct conf *conf = request->service->conf;
	json_t *claims = claims_of(result);
	request->who = standing_identity(
		conf, claims, result->issuer, result->subject, result->expires_at);
	if (request->who)
		identity_note_seen(request->who,
			groups_source_seen(
				conf_roles_claim(conf, conf_provider_of(conf, result->issuer)),
				claims));
	json_decref(claims);
	if (request->who == NULL) {
		auth_keeper_answer(request, AUTH_INVALID_TOKEN, IDENTITY_NOT_THEIRS);
		return;
	}
	own->until = end_of_word(result->expires_at);
	auth_keeper_answer(request, AUTH_OK, "");
}

static void introspect_on_keeper(struct keeper_request *request)
{
	struct introspection *own = (struct introspection *)request;

	introspect(request->service->introspector, str_of(own->token), on_introspected, own);
}

void auth_ask_introspection(struct auth_pending *pending)
{
	struct keeper_request *request = auth_keeper_new(pending, sizeof(struct introspection));

	((struct introspection *)request)->token = mem_strdup(pending->token);
	request->clear = clear_introspection;
	request->work = introspect_on_keeper;
	request->done = on_introspection;
	auth_keeper_send(request);
}
