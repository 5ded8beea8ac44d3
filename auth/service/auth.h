/*
 * auth/service/auth.h - one question: who is this request? Credentials in, identity or reason out.
 *
 * `struct auth_service` is the process's: store, own signing key, issuers' keys. `struct auth` is
 * one server thread's view of it with its caches. Answers come at once (a cache, memory, SQLite's
 * read side) or later through the callback, on the same thread.
 */
#ifndef SPARKGATE_AUTH_SERVICE_AUTH_H
#define SPARKGATE_AUTH_SERVICE_AUTH_H

#include "auth/policy/identity.h"
#include "auth/session/sign_in_site.h"
#include "base/err.h"
#include "base/inbox.h"
#include "conf/conf.h"

struct event_base;
struct fetcher;
struct sbuf;
struct store;
struct device_desk;
struct session_desk;
struct token_desk;

struct auth_service;
struct auth;

enum auth_status {
	AUTH_OK,
	AUTH_ABSENT,	    /* no credentials, or a session that has ended */
	AUTH_INVALID_TOKEN, /* a bearer token that is not good (401 invalid_token) */
	AUTH_MALFORMED,	    /* two places, two fields (400, S39) */
	AUTH_CONFLICT,	    /* of auth_token_ask(): not without is_forced */
	AUTH_UNAVAILABLE,   /* cannot be decided now (503, S33) */
	AUTH_ISSUER_SILENT, /* the same, for a token's issuer does not answer */
	AUTH_MISTRUSTED, /* the provider refuses the gateway's own client: the operator has to look
			  */
	AUTH_TOO_MANY,	 /* too many of this client's were no good; later again (429, S63) */
	AUTH_LATER,	 /* the callback will say */
};

/* It is open who asks. */
static inline bool auth_is_undecided(enum auth_status status)
{
	return status == AUTH_UNAVAILABLE || status == AUTH_ISSUER_SILENT ||
	       status == AUTH_MISTRUSTED;
}

struct auth_result {
	enum auth_status status;
	struct identity *who; /* AUTH_OK: one reference for the receiver; else NULL */
	const char *reason;   /* fixed text for error_description and the log; never a secret */
};

struct auth_request {			 /* borrowed until the answer */
	const struct str *authorization; /* every Authorization field's value */
	size_t authorization_count;
	const struct str *cookies; /* every Cookie field's value */
	size_t cookies_count;
	struct str app;	   /* the label of an application's host; at == NULL: the public host */
	struct str query;  /* to refuse access_token= in it */
	struct str client; /* address, for last_used_from */
	bool is_quiet;	   /* no use of it: a look whether it is still good */
};
typedef void auth_done(void *arg, struct auth_result result);

/* Keeper thread. Opens the store, loads or makes the signing key, starts fetching issuers' keys. */
MUST_CHECK struct auth_service *auth_service_new(const struct conf *conf,
	struct event_base *keeper_base, struct inbox *keeper, struct fetcher *fetcher,
	struct err *err);
void auth_service_free(struct auth_service *service); /* all struct auth must be gone */
void auth_service_set_conf(
	struct auth_service *service, const struct conf *conf); /* reload, keeper thread */
const struct conf *auth_service_conf(
	const struct auth_service *service); /* borrows until the next reload; keeper thread */
/* Borrows the writing connection, for as long as the service lives; keeper thread. */
struct store *auth_service_store(struct auth_service *service);
/* Its tokens, as they are made and changed now; borrows until control returns to the event loop.
 * Keeper thread. */
const struct token_desk *auth_service_tokens(struct auth_service *service);
/* The same of its sessions (session_desk.h). */
const struct session_desk *auth_service_sessions(struct auth_service *service);
/* The same of programs that wait for a person (device_desk.h). */
const struct device_desk *auth_service_devices(struct auth_service *service);
/* So that the store has all events of the audit that there are. Keeper thread. */
void auth_service_save_audit(struct auth_service *service);
/* The line with the one-time sign-in link, once per data directory: only
 * when there is no identity provider and nobody was ever signed in by one; NULL otherwise. Gives
 * the URL: secret_free() it. Single use, 10 minutes, stored hashed. */
char *auth_service_first_link(struct auth_service *service);
/* store_id() of its store, for STORE_ID_TEXT bytes. */
MUST_CHECK int auth_service_store_id(struct auth_service *service, char *out, struct err *err);
/* Its provider's keys and those of each issuer of signed tokens are known. Keeper thread. */
bool auth_service_is_settled(const struct auth_service *service);
bool auth_service_is_ready(const struct auth_service *service); /* store answers; any thread */
const char *auth_service_jwks(
	const struct auth_service *service); /* borrows; JSON for _gate/jwks.json; any thread */
enum auth_provider {
	AUTH_PROVIDER_NONE,
	AUTH_PROVIDER_SILENT, /* configured, but its metadata or keys could not be had yet */
	AUTH_PROVIDER_READY,
};
struct auth_health {
	bool store;
	enum auth_provider provider; /* all of them together */
	size_t count;
	struct {
		const char *name; /* "": it has none; borrowed until the next reload */
		bool is_up;
		uint64_t sign_ins, refused;
	} providers[CONF_PROVIDERS];
};
struct auth_health auth_service_health(const struct auth_service *service); /* keeper thread */
struct auth_gauges {
	unsigned sessions, tokens_user, tokens_admin;
	uint64_t store_errors, jwks_ok, jwks_failed;
	uint64_t refreshes_ok, refreshes_failed;
	uint64_t audit_lost, audit_strangers; /* events that the store does not have */
};
struct auth_gauges auth_service_gauges(struct auth_service *service); /* any thread, approximate */

/* Server thread; `base` is its event loop, `reply` its inbox; both outlive the auth. It knows
 * `site`'s cookies, and takes no session of another. */
struct auth *auth_new(struct auth_service *service, struct event_base *base, struct inbox *reply,
	enum auth_site site);
void auth_free(struct auth *auth);
struct auth_result auth_check(
	struct auth *auth, const struct auth_request *req, auth_done *done, void *arg);

/* Signing in and out. The result of a sign-in is AUTH_OK with a new session's Set-Cookie value
 * (S22), or why not. Its texts are the receiver's: sign_in_result_clear(). */
struct sign_in_result {
	enum auth_status status;
	char *set_cookie;	/* whole field value; NULL unless AUTH_OK */
	char *set_login_cookie; /* of the sign-in that is over, or NULL */
	char *return_path;	/* where a sign-in by a provider began, or NULL */
	char *provider;		/* the name of the one that it began at, "": it has none; or NULL */
	bool may_begin_again;	/* it was begun here, and came to nothing by other tabs' doing */
	char *location;		/* signing out: where the provider ends its own session, or NULL */
	char *json;		/* of auth_token_ask(): a secret, or NULL */
	const char *error;	/* of the same: RFC 6749's word for a refusal, or NULL */
	struct identity *who;	/* AUTH_OK of a sign-in: one reference, not the clear's */
	const char *reason;
};
void sign_in_result_clear(struct sign_in_result *result); /* wipes the cookies */
typedef void sign_in_done(void *arg, struct sign_in_result result);

/* Server thread: whether there is an OpenID provider to sign in with; SILENT: one of them at least
 * is not known yet. */
enum auth_provider auth_provider(struct auth *auth);
/* The same of the provider of this issuer. */
enum auth_provider auth_provider_at(struct auth *auth, const char *issuer);
struct auth_login {
	enum auth_status status;     /* AUTH_OK, or AUTH_UNAVAILABLE while there is no provider */
	char *location, *set_cookie; /* AUTH_OK: given */
	const char *reason;
};
struct auth_begin {	     /* borrowed for the call */
	struct str provider; /* its name; of the one that has none, and of the only one, or empty */
	const struct str *cookies;
	size_t count;
	struct str return_path; /* a checked local path (S24) */
	bool is_again;		/* for one that may_begin_again; it does so once */
};
/* Begins a sign-in at a provider, which comes back to the path. */
struct auth_login auth_login_begin(struct auth *auth, const struct auth_begin *begin);
/* The provider has sent the browser back. AUTH_OK; AUTH_ABSENT: this browser did not begin it, or
 * too long ago, or it is used, or it has signed in otherwise since; AUTH_MALFORMED: a broken query;
 * AUTH_INVALID_TOKEN: the provider, or a check of what it said, says no; AUTH_UNAVAILABLE. */
struct auth_callback {	     /* borrowed for the call */
	struct str provider; /* whose address it came to: its name, or empty */
	struct str query;
	const struct str *cookies; /* as in auth_request */
	size_t count;
	struct str client;
	bool is_signed_in; /* by a session of these cookies */
};
void auth_login_finish(
	struct auth *auth, const struct auth_callback *callback, sign_in_done *done, void *arg);
/* S28: the provider ends sessions. AUTH_OK, AUTH_INVALID_TOKEN or AUTH_UNAVAILABLE. */
void auth_back_channel_logout(
	struct auth *auth, struct str logout_token, sign_in_done *done, void *arg);
enum sign_out_scope { SIGN_OUT_HERE, SIGN_OUT_EVERYWHERE /* all sessions of this person */ };

/* `old_cookies` as in auth_request: the session they name, if any, is ended (S22). Always answers
 * through `done`, later, on this thread. */
void auth_sign_in_link(struct auth *auth, struct str link_secret, const struct str *old_cookies,
	size_t count, struct str client, sign_in_done *done, void *arg);
void auth_sign_in_token(struct auth *auth, struct str token, const struct str *old_cookies,
	size_t count, struct str client, sign_in_done *done, void *arg);
/* Ends the session the cookies name, or all of its person; `done` gets set_cookie that clears it
 * (AUTH_OK also when there was none), and where the provider would like the browser sent. */
void auth_sign_out(struct auth *auth, const struct str *cookies, size_t count,
	enum sign_out_scope scope, sign_in_done *done, void *arg);

/* Gives a code that takes the session these cookies name to the host of `label`, to open `path`
 * there (APP_PATH_MAX bytes at most), in the browser of that entry cookie's digest (app_pass.h):
 * single use, 30 s; secret_free() it. NULL: they name none, or that is no digest. */
char *auth_app_code(struct auth *auth, const struct str *cookies, size_t count, struct str label,
	struct str browser, struct str path);
/* The browser has come to that host with the code. AUTH_OK: with set_cookie it is redeemed;
 * without, the browser has that session's cookie already; return_path says what to open.
 * AUTH_INVALID_TOKEN: no code for this host (then return_path is NULL), another browser's, used or
 * too old;
 * AUTH_ABSENT: the session is over; AUTH_UNAVAILABLE. Always answers through `done`, later, on this
 * thread. */
void auth_app_enter(struct auth *auth, struct str label, struct str code, const struct str *cookies,
	size_t count, sign_in_done *done, void *arg);

/* A token of ours is shown (RFC 6749 §6, RFC 7009, RFC 7662). AUTH_OK, with what there is to say in
 * `json`; AUTH_INVALID_TOKEN (invalid_grant); AUTH_CONFLICT: the last administrator's; or
 * AUTH_UNAVAILABLE. */
struct auth_token_question { /* borrowed for the call */
	enum {
		AUTH_TOKEN_REFRESH,
		AUTH_TOKEN_REGISTER,
		AUTH_TOKEN_REVOKE,
		AUTH_TOKEN_INTROSPECT,
		AUTH_TOKEN_DEVICE_BEGIN, /* RFC 8628: a program asks; and comes for its tokens: */
		AUTH_TOKEN_DEVICE_POLL
	} kind;
	struct str token;			   /* or device code */
	struct str client_name, scope, token_type; /* of AUTH_TOKEN_DEVICE_BEGIN */
	struct str client;			   /* address, for the audit; or empty */
	const struct identity *caller;		   /* of an introspection */
	bool is_forced;				   /* the last administrator's too */
};
void auth_token_ask(struct auth *auth, const struct auth_token_question *question,
	sign_in_done *done, void *arg);

/* Nobody is signed in with these cookies: field lines into `out` that end those of a session's
 * name, wherever a browser may hold them below the paths of `pages` (stale_cookie.h). */
void auth_end_stale_cookies(struct auth *auth, const struct str *cookies, size_t count,
	const struct str pages[2], struct sbuf *out);

/* What the forms of the session that these cookies name carry (S35): `out` holds AUTH_FORM_TOKEN
 * bytes. False, and "": they name none. */
enum { AUTH_FORM_TOKEN = 44 };
MUST_CHECK bool auth_form_token(struct auth *auth, const struct str *cookies, size_t count,
	char out[static AUTH_FORM_TOKEN]);
/* Whether `given` is that, compared in constant time. */
MUST_CHECK bool auth_is_form_token(
	struct auth *auth, const struct str *cookies, size_t count, struct str given);

/* True for a cookie name that is ours: never sent upstream, never accepted from there (S0, S25). */
bool auth_is_own_cookie(struct str name);

#endif
