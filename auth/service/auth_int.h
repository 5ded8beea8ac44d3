/* auth/service/auth_int.h - one server thread's half of the service, shared by the files behind
 * auth.h. */
#ifndef SPARKGATE_AUTH_SERVICE_AUTH_INT_H
#define SPARKGATE_AUTH_SERVICE_AUTH_INT_H

#include "auth/cache/digest_cache.h"
#include "auth/cache/record_cache.h"
#include "auth/cache/token_cache.h"
#include "auth/service/service_state.h"

enum { AUTH_REASONS_MAX = 64 };

struct return_address; /* auth_keeper.h */
struct auth_pending;
TAILQ_HEAD(auth_pending_list, auth_pending);

struct auth_steps { /* of a question that waits (auth.c) */
	struct auth_result (*judge)(struct auth_pending *pending);
	void (*ask)(struct auth_pending *pending); /* for what it lacks */
};

struct auth {
	struct auth_service *service;
	struct event_base *base;
	enum auth_site site;
	const struct auth_steps *steps;
	struct return_address *address;
	struct share_reader *rules;
	struct store_reader *reader; /* NULL until it could be opened */
	struct token_cache *tokens;
	struct digest_cache *ids; /* of sessions, with their keys */
	struct record_cache *sessions, *records;
	struct auth_pending_list pending;
	size_t pending_count;
	char *reasons[AUTH_REASONS_MAX]; /* texts that outlive their error */
	size_t reasons_count;
};

static inline struct auth_result auth_refused(enum auth_status status, const char *reason)
{
	return (struct auth_result){status, NULL, reason};
}

/* Borrows the rules until the hold is dropped. */
static inline const struct auth_rules *auth_rules_get(struct auth *auth, struct share_hold **hold)
{
	*hold = share_get(auth->rules);
	return (*hold)->value;
}

#endif
