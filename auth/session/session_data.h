/*
 * auth/session/session_data.h - what a session holds: who, since when, by what means, and the
 * provider's tokens; as JSON inside a seal (S26).
 *
 * Two blobs: `sealed` opens only with the cookie's value and the ring, `label` with the ring alone
 * (lists). Any thread.
 */
#ifndef SPARKGATE_AUTH_SESSION_SESSION_DATA_H
#define SPARKGATE_AUTH_SESSION_SESSION_DATA_H

#include "auth/keys/keyring.h"
#include "auth/store/store.h"

struct session_data {		/* strings owned; NULL is written as "", and never read */
	char *issuer, *subject; /* as the issuer calls them; here they are conf_person() of both */
	char *name;
	char *token_id; /* of ours, that opened it, or "" */
	char *scope;	/* what that is limited to, or "" */
	char *seen;	/* claims_seen_text() of the last sign-in or refresh, or "" */
	char *standing; /* roles held, Spark user (auth/roles/standing.h), or "": the role alone */
	char *site;	/* where it is good: sign_in_site_name() */
	enum role role;
	char *via;			/* "link", "token", "oidc" */
	char *client;			/* the address it was opened from */
	char *sid;			/* the provider's, or "" */
	char *id_token, *refresh_token; /* secrets, or "" */
	int64_t refresh_at; /* wall seconds: from then on the provider is asked again; 0: never */
};
void session_data_clear(struct session_data *data); /* wipes and frees */

/* Gives session->sealed and ->label, writes ->person and ->provider_sid; session->key is read, for
 * it is the seals' context. `id` is the cookie's value. A name may be cut. -1: too long for the
 * store (S31: who it is, is kept whole or not at all), or no UTF-8. */
MUST_CHECK int session_data_seal(const struct keyring *ring, const struct session_data *data,
	struct str id, struct store_session *session);
/* Gives: session_data_clear() it. -1, and all zero: not sealed by this ring for this session and
 * cookie. */
MUST_CHECK int session_data_open(const struct keyring *ring, struct str id,
	const struct store_session *session, struct session_data *out);
/* Same, but only of what the label has: issuer, subject, name, role, via, client. */
MUST_CHECK int session_data_open_label(
	const struct keyring *ring, const struct store_session *session, struct session_data *out);

/* Gives who a session is, until `ends_at`, with what its roles open by this configuration. NULL: it
 * says something that this version does not know, or a subject that is not its issuer's to give. */
struct identity *session_data_identity(
	const struct conf *conf, const struct session_data *data, int64_t ends_at);

/* Keys of the store's indexes; `which` as in keyring_digest(). */
bool session_data_person(const struct keyring *ring, int which, struct str issuer,
	struct str subject, unsigned char out[static DIGEST_LEN]);
bool session_data_provider_sid(const struct keyring *ring, int which, struct str issuer,
	struct str sid, unsigned char out[static DIGEST_LEN]);

/* The JSON within a seal. -1: it is none of ours. For tests. */
MUST_CHECK int session_data_decode(struct str json, struct session_data *out);

#endif
