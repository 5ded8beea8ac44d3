/*
 * auth/service/service_state.h - what the process's half of the service holds: the store, keys, the
 * providers, and rules as a snapshot for the server threads.
 *
 * The keeper and the server threads share the counters, which are atomic, and struct auth_rules.
 * All else travels through inboxes.
 */
#ifndef SPARKGATE_AUTH_SERVICE_SERVICE_STATE_H
#define SPARKGATE_AUTH_SERVICE_SERVICE_STATE_H

#include "auth/keys/keyring.h"
#include "auth/providers/providers.h"
#include "auth/service/auth.h"
#include "auth/admin/session_desk.h"
#include "auth/device/device_desk.h"
#include "auth/store/store.h"
#include "auth/token/token_desk.h"
#include "base/share.h"

#include <stdatomic.h>
#include <sys/queue.h>

enum { SERVICE_TOUCHES_MAX = 1024, SERVICE_TICK_MS = 250 };

struct introspector;
struct jwks_fetch;
struct throttle;

struct auth_rules { /* an immutable snapshot: by what tokens and sessions are judged */
	struct conf *conf;
	struct keyset *keys;
	struct keyring *ring;
	struct provider_list *providers; /* of conf->oidc */
	uint64_t generation;
	char issuer[STORE_ISSUER]; /* of our own tokens */
};

/* Nobody can sign in at a provider, and no token of it is judged, before its keys are there. */
static inline bool auth_rules_know(const struct auth_rules *rules, const char *issuer)
{
	const struct keyset_issuer *keys = keyset_find(rules->keys, issuer);

	return provider_list_find(rules->providers, issuer) && keys && keys->keys;
}

struct refresh;
TAILQ_HEAD(refresh_list, refresh);

struct auth_service {
	atomic_int refs; /* of auth_service_free() and of every request under way */
	bool closed;	 /* keeper thread, as the rest up to the atomics */
	struct event_base *base;
	struct inbox *keeper;
	struct store *store; /* the writing connection */
	struct signer *signer;
	struct jwks_fetch *jwks;
	struct providers *providers;
	struct introspector *introspector;
	struct throttle *codes; /* of providers, that are being exchanged */
	struct refresh_list refreshes;
	unsigned char holder[DIGEST_LEN]; /* this process, to the store's leases */
	struct conf *conf;
	struct keyset *keys;
	struct keyring *ring;
	uint64_t rules_generation;
	char issuer[STORE_ISSUER];
	struct token_desk tokens;      /* auth_service_tokens() brings it up to date */
	struct session_desk signed_in; /* the same of auth_service_sessions() */
	struct device_desk devices;    /* and of auth_service_devices() */
	struct share_slot *rules;      /* of struct auth_rules */
	struct event *tick;
	unsigned ticks;
	bool is_purging;   /* more is left than a tick had time for */
	int64_t polled_ms; /* monotonic */
	uint64_t counted;  /* the generation at which sessions and tokens were counted */
	struct store_touch *touches;
	size_t touches_count;

	atomic_bool ready;
	atomic_int provider_state; /* enum auth_provider */
	/* Moves when records may have changed, so that what is cached is read again. */
	atomic_uint_fast64_t generation;
	/* The generation of the last thing taken away: what was read before must not be gone on
	 * with, should the store fall silent now (S33). */
	atomic_uint_fast64_t taken_away;
	atomic_uint_fast64_t store_errors, jwks_ok, jwks_failed, refreshes_ok, refreshes_failed;
	atomic_uint sessions, tokens_user, tokens_admin;
};

struct auth_service *service_ref(struct auth_service *service);
void service_unref(struct auth_service *service);
/* Counts a failure of the store; gives `answer`. Any thread. */
enum store_answer service_count(struct auth_service *service, enum store_answer answer);

/* --- the keeper thread's --- */

/* After a commit that took something away. */
void service_note_end(struct auth_service *service);
/* Tells the server threads that what they cached is to be read again. */
void service_on_store_change(void *service, enum store_change change);
/* Reads how many sessions and tokens are alive. */
void service_count_living(struct auth_service *service);
/* Looks for other processes' writes if that is due. However long the queue of requests is, a
 * revocation must not wait for its end. */
void service_poll(struct auth_service *service);
/* Writes what came of the audit (auth/audit/). */
void service_save_audit(struct auth_service *service);
/* Notes a use, to be saved with others; and saves them. */
void service_note_use(struct auth_service *service, const struct store_touch *touch);
void service_save_uses(struct auth_service *service);

#endif
