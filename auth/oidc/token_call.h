/*
 * auth/oidc/token_call.h - one form sent to the provider's token endpoint by the gateway as its
 * client, in the way that this provider takes (client_auth.h).
 *
 * Keeper thread only. It is sent again, in another way, only where the provider says
 * invalid_client: then it has looked at nothing else (RFC 6749 §5.2).
 */
#ifndef SPARKGATE_AUTH_OIDC_TOKEN_CALL_H
#define SPARKGATE_AUTH_OIDC_TOKEN_CALL_H

#include "auth/issuers/client_auth.h"
#include "auth/issuers/oidc_provider.h"
#include "base/net/fetch.h"
#include "conf/conf.h"

enum { TOKEN_FORM_MAX = 64 * 1024, TOKEN_ANSWER_MAX = 256 * 1024 };

struct token_call_request { /* borrowed for the call; what is pointed to outlives the asking */
	struct fetcher *fetcher;
	const struct conf_oidc *conf;
	const struct oidc_provider *provider;
	struct client_ways *ways;
	int64_t timeout_ms;
	/* Once, from the event loop, unless it is cancelled before: the last answer. */
	void (*done)(const struct fetch_result *result, void *arg);
	void *arg;
};
struct token_call;

/* Takes what is in `form`, which is empty afterwards. */
struct token_call *token_call_start(const struct token_call_request *request, struct sbuf *form);
void token_call_cancel(struct token_call *call); /* NULL is fine */

#endif
