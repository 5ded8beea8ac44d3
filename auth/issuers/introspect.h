/*
 * auth/issuers/introspect.h - opaque tokens shown to the issuer that made them (RFC 7662).
 *
 * Keeper thread only. One request at a time for one token, however many ask; a server thread's
 * token cache stands in front, so that answers are not kept here. Only who made a token is:
 * token_home.h.
 */
#ifndef SPARKGATE_AUTH_ISSUERS_INTROSPECT_H
#define SPARKGATE_AUTH_ISSUERS_INTROSPECT_H

#include "base/net/fetch.h"
#include "conf/conf.h"

#include <jansson.h>

enum {
	INTROSPECT_WAITING = 1024, /* different tokens under way at most */
	INTROSPECT_SUBJECT = 512,
};

struct introspector;

enum introspect_outcome {
	INTROSPECT_ACTIVE,
	INTROSPECT_INACTIVE,   /* or not for us, or not as it has to be */
	INTROSPECT_SILENT,     /* no issuer could be asked: try again later */
	INTROSPECT_MISTRUSTED, /* one refuses the gateway's own client: the operator has to look */
};
struct introspect_result { /* borrowed until `done` returns */
	enum introspect_outcome answer;
	const char *reason; /* fixed text */
	const json_t *claims;
	struct str issuer;  /* ACTIVE: of the configured row */
	struct str subject; /* `sub`; of a person whom only a name tells, "username:" and that, for
			     * names are chosen (S87); of a client's own token its client_id */
	char named[INTROSPECT_SUBJECT]; /* what `subject` may borrow from */
	int64_t expires_at;		/* wall seconds; 0: it did not say */
};
typedef void introspect_done(void *arg, const struct introspect_result *result);

struct introspector *introspector_new(
	struct event_base *base, struct fetcher *fetcher, const struct conf *conf);
void introspector_set_conf(struct introspector *in, const struct conf *conf);
/* Answers INTROSPECT_SILENT to all that wait; NULL is fine. */
void introspector_free(struct introspector *in);

bool introspect_is_configured(const struct conf *conf); /* any thread */
/* Asks the issuers whose token it can be (token_home.h), in the order of the configuration, until
 * one says active; that one alone is asked the next time (S49).
 * `token` is copied. `done` may be called from within. */
void introspect(struct introspector *in, struct str token, introspect_done *done, void *arg);

/* What an issuer's answer says of a token, for tests and fuzzing. ACTIVE only with: active true,
 * aud naming one of ours (S41), iss absent or the issuer's, token_type absent or Bearer, no sign of
 * an ID token, a refresh token or a code (S48), exp absent or to come, nbf not to come, and
 * somebody whose it is (S87). `result` borrows from `claims`, `row` and itself. */
void introspect_judge(const struct conf_bearer *row, const json_t *claims, int64_t now,
	struct introspect_result *result);

#endif
