/* A session opened by the OpenID provider: the way there, and the code that comes back. */
#include "auth/service/auth_session_open.h"

#include "auth/oidc/callback.h"
#include "auth/oidc/login_cookie.h"
#include "auth/oidc/oidc_url.h"
#include "auth/oidc/throttle.h"
#include "auth/token/token_follow.h"
#include "base/clock.h"
#include "base/log/log.h"
#include "conf/providers.h"

#include <stdio.h>
#include <stdlib.h>

enum { STATE_SECONDS = 600 };

struct login_request {
	struct open_request open;  /* first */
	char *code;		   /* secret */
	struct login_cookie login; /* what the browser began with */
	char client[STORE_FROM];   /* the address of who signs in */
	bool is_signed_in;
};

static struct login_request *login_request_of(struct keeper_request *request)
{
	return (struct login_request *)request;
}

static void clear_login(struct keeper_request *request)
{
	struct login_request *own = login_request_of(request);

	secret_free(own->code);
	login_cookie_clear(&own->login);
	auth_session_open_clear(request);
}

/* Whichever sessions the browser has, alive or not: the same ones, or others. */
static struct login_cookie_jar jar_of(
	struct auth *auth, const struct auth_rules *rules, const struct str *cookies, size_t count)
{
	struct login_cookie_jar jar = {auth->site, cookies, count, {0}};
	struct session_ids named = auth_session_ids(auth, rules, cookies, count);
	unsigned char digest[DIGEST_LEN];

	digest_hmac(STR("sparkgate sessions"), named.at, named.count, digest);
	memcpy(jar.session, digest, sizeof jar.session);
	return jar;
}

/* The only provider needs no name. */
static const struct conf_oidc *provider_of(const struct conf *conf, struct str name)
{
	if (name.len == 0 && conf->oidc_count == 1)
		return conf->oidc;
	return conf_provider_named(conf, name);
}

struct auth_login auth_login_begin(struct auth *auth, const struct auth_begin *begin)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	struct auth_login result = {
		.status = AUTH_UNAVAILABLE, .reason = "the identity provider does not answer"};
	const struct conf_oidc *row = provider_of(rules->conf, begin->provider);
	const struct oidc_provider *provider =
		row ? provider_list_find(rules->providers, row->issuer) : NULL;

	if (provider) {
		struct login_cookie_jar jar = jar_of(auth, rules, begin->cookies, begin->count);
		struct login_cookie_start start = login_cookie_begin(rules->ring, rules->conf,
			provider, &jar, begin->return_path, begin->is_again, clock_wall_s());
		result = (struct auth_login){AUTH_OK, start.location, start.set_cookie, ""};
	}
	share_drop(hold);
	return result;
}

/* --- the provider has sent the browser back: the keeper's half --- */

enum { CLAIMS_LOGGED = 512 }; /* bytes of their names */

/* Why who signed in has no role, as the person's page says it; or the provider's reason. */
static const char *reason_of(const struct oidc_grant *grant, char *out, size_t size)
{
	if (grant->answer != OIDC_OK)
		return grant->reason;
	if (grant->role != ROLE_NONE)
		return grant->seen->trouble;
	snprintf(out, size, "no role: %s%s",
		grant->seen->trouble[0] ? "the groups could not be read: "
		: grant->seen->is_found ? "auth.roles has no name that the claim has"
					: "the claim was not there",
		grant->seen->trouble);
	return out;
}

/* Names of claims, never their values: with them the operator sees as much as the person does. */
static void log_sign_in(
	const struct auth_service *service, const char *issuer, const struct oidc_grant *grant)
{
	const struct conf_oidc *of = conf_provider_of(service->conf, str_of(issuer));
	char *person = conf_person(service->conf, str_of(issuer), grant->subject);
	bool is_known = grant->answer == OIDC_OK, is_in = is_known && grant->role != ROLE_NONE;
	bool is_told = is_known && (!is_in || !grant->seen->is_found);
	struct str names = str_of(is_told ? grant->seen->names : "");
	char reason[AUTH_REASON + CLAIMS_SEEN_TROUBLE];

	names.len = names.len < CLAIMS_LOGGED ? names.len : CLAIMS_LOGGED;
	const struct log_field fields[] = {
		{"user", person ? str_of(person) : grant->subject, false},
		{"user_name", log_clip(grant->name), false},
		{"role", str_of(is_known ? role_name(grant->role) : ""), false},
		{"decision", is_in ? STR("allow") : STR("deny"), false},
		{"reason", str_of(reason_of(grant, reason, sizeof reason)), false},
		{"claim", str_of(is_told ? conf_roles_claim(service->conf, of) : ""), false},
		{"claims", names, false}, {"provider", str_of(conf_provider_name(of)), false}};

	log_fields(LOG_INFO, "sign_in", "single sign-on", fields, ARRAY_LEN(fields));
	free(person);
}

/* The texts of session_data are only read. */
static char *copy_text(struct str text)
{
	return mem_strndup(text.at ? text.at : "", text.len);
}

static int seal_grant(struct keeper_request *request, const struct oidc_grant *grant)
{
	struct auth_service *service = request->service;
	const char *issuer = login_request_of(request)->login.issuer;
	const char *claim =
		conf_roles_claim(service->conf, conf_provider_of(service->conf, str_of(issuer)));
	struct session_data data = {.issuer = mem_strdup(issuer),
		.subject = copy_text(grant->subject),
		.name = copy_text(grant->name.len ? grant->name : grant->subject),
		.role = grant->role,
		.standing = copy_text(grant->standing),
		.seen = claims_seen_text(grant->seen, claim),
		.via = mem_strdup("oidc"),
		.client = mem_strdup(login_request_of(request)->client),
		.sid = copy_text(grant->sid),
		.id_token =
			copy_text(grant->id_token.len <= OIDC_HINT_MAX ? grant->id_token : STR("")),
		.refresh_token = copy_text(grant->refresh_token),
		.refresh_at = grant->refresh_token.len ? grant->refresh_at : 0};
	int result = auth_session_open_seal(
		&login_request_of(request)->open, service->conf, service->ring, &data, 0);

	session_data_clear(&data);
	return result;
}

/* What the provider gives a person now, their own tokens do not exceed. */
static bool end_what_exceeds(
	struct keeper_request *request, const char *person, const struct oidc_grant *grant)
{
	if (!grant->is_whole) /* silence of one who might have said more ends nothing for good */
		return true;
	return token_follow(auth_service_tokens(request->service), person, grant->grants, person) !=
	       -1;
}

/* The provider says who it is: the session is theirs. */
static void open_for(
	struct keeper_request *request, const char *person, const struct oidc_grant *grant)
{
	if (person == NULL)
		auth_keeper_answer(request, AUTH_INVALID_TOKEN, IDENTITY_NOT_THEIRS);
	else if (!end_what_exceeds(request, person, grant))
		auth_keeper_answer(request, AUTH_UNAVAILABLE, "the store does not answer");
	else if (seal_grant(request, grant) == -1)
		auth_keeper_answer(
			request, AUTH_INVALID_TOKEN, "the provider's tokens are too long");
	else
		auth_session_open_store(request);
}

static void on_exchanged(void *arg, const struct oidc_grant *grant)
{
	static const enum auth_status statuses[] = {[OIDC_OK] = AUTH_OK,
		[OIDC_REFUSED] = AUTH_INVALID_TOKEN,
		[OIDC_INVALID] = AUTH_INVALID_TOKEN,
		[OIDC_SILENT] = AUTH_UNAVAILABLE,
		[OIDC_MISTRUSTED] = AUTH_MISTRUSTED};
	struct keeper_request *request = arg;
	struct auth_service *service = request->service;
	const char *issuer = login_request_of(request)->login.issuer;

	throttle_end(service->codes, str_of(login_request_of(request)->client),
		grant->answer == OIDC_REFUSED || grant->answer == OIDC_INVALID, clock_mono_ms());
	log_sign_in(service, issuer, grant);
	if (service->closed) {
		auth_keeper_answer(request, AUTH_UNAVAILABLE, "shutting down");
		return;
	}
	providers_note(service->providers, issuer, grant);
	if (grant->answer != OIDC_OK) {
		auth_keeper_answer(request, statuses[grant->answer], grant->reason);
		return;
	}
	char *person = conf_person(service->conf, str_of(issuer), grant->subject);
	open_for(request, person, grant);
	free(person);
}

/* Before anything is written or asked (S63). */
static bool may_exchange(struct keeper_request *request)
{
	struct login_request *own = login_request_of(request);

	switch (throttle_begin(request->service->codes, str_of(own->client), clock_mono_ms())) {
	case THROTTLE_GO:
		return true;
	case THROTTLE_SLOW:
		auth_keeper_say(request, AUTH_TOO_MANY, "too many sign-ins of this address failed");
		break;
	case THROTTLE_BUSY:
		auth_keeper_say(request, AUTH_UNAVAILABLE, "too many sign-ins are under way");
		break;
	}
	return false;
}

/* A state is good once (S21): the store remembers it, whoever else has a copy of the cookie. Asked
 * before the code is spent: it could not be again. */
static void exchange_code(struct keeper_request *request)
{
	const struct login_request *own = login_request_of(request);
	struct auth_service *service = request->service;
	struct store *store = service->store;
	struct str client = str_of(own->client);
	struct oidc *oidc = providers_find(service->providers, own->login.issuer);

	if (oidc == NULL) { /* a reload has taken it away since */
		auth_keeper_answer(request, AUTH_ABSENT, "there is no such identity provider");
		return;
	}
	if (!may_exchange(request)) {
		auth_keeper_return(request);
		return;
	}
	switch (service_count(service,
		store->ops->once(store, own->login.once, clock_wall_s() + STATE_SECONDS))) {
	case STORE_FAILED:
		auth_keeper_say(request, AUTH_UNAVAILABLE, "the store does not answer");
		break;
	case STORE_FOUND:
		auth_keeper_say(request, AUTH_ABSENT, "this sign-in has been used");
		break;
	case STORE_NONE:
		oidc_exchange(oidc, request->site, own->code, own->login.verifier, own->login.nonce,
			on_exchanged, request);
		return;
	}
	throttle_end(service->codes, client, false, clock_mono_ms());
	auth_keeper_return(request);
}

/* --- and the server thread's --- */

/* What providers say, in words that may be shown and logged (RFC 6749 §4.1.2.1, OpenID Connect Core
 * §3.1.2.6). */
static const char *refusal(const char *error)
{
	static const char *const known[] = {"access_denied", "invalid_request",
		"unauthorized_client", "unsupported_response_type", "invalid_scope", "server_error",
		"temporarily_unavailable", "interaction_required", "login_required",
		"account_selection_required", "consent_required", "invalid_request_uri",
		"request_not_supported", "registration_not_supported"};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(error, known[i]) == 0)
			return known[i];
	}
	return "the identity provider refused";
}

/* Mix-up (S193): the answer of another provider than the one that the browser was sent to. It is
 * told by the address that it came to, which each provider has of its own, and by the iss in it
 * (RFC 9207). */
static bool is_from(const struct auth_rules *rules, const struct oidc_provider *provider,
	const struct callback *callback, struct str came_to)
{
	const struct conf_oidc *row = conf_provider_of(rules->conf, str_of(provider->issuer));

	if (!str_eq(str_of(conf_provider_name(row)), came_to))
		return false;
	return callback->iss ? strcmp(callback->iss, provider->issuer) == 0
			     : !provider->iss_in_response;
}

/* AUTH_LATER: the code is to be exchanged. */
static struct auth_result judge_callback(const struct auth_rules *rules,
	const struct callback *callback, const struct login_cookie *login, struct str came_to)
{
	const struct oidc_provider *provider = provider_list_find(rules->providers, login->issuer);

	if (provider == NULL)
		return auth_refused(AUTH_UNAVAILABLE, "the identity provider does not answer");
	if (!is_from(rules, provider, callback, came_to))
		return auth_refused(
			AUTH_INVALID_TOKEN, "the answer is not the identity provider's");
	if (callback->error)
		return auth_refused(AUTH_INVALID_TOKEN, refusal(callback->error));
	return auth_refused(AUTH_LATER, "");
}

/* Of several codes that a provider gave one browser in one moment it may take the last one only.
 * Who is signed in goes on; for another it begins again. */
static void excuse_refusal(struct login_request *own, struct sign_in_result *result)
{
	if (own->is_signed_in)
		own->open.base.status = AUTH_ABSENT;
	else
		result->may_begin_again = own->login.is_one_of_many && !own->login.is_again;
}

/* Where it has failed the browser keeps its cookie: other tabs' sign-ins need it, and who is put
 * off may send the same answer again. */
static void on_opened(struct auth_pending *pending, struct keeper_request *request)
{
	struct sign_in_result *result = &sign_in_pending_of(pending)->result;
	struct login_request *own = login_request_of(request);

	if (request->status == AUTH_OK) {
		result->set_login_cookie = own->login.set_cookie;
		own->login.set_cookie = NULL;
	} else if (request->status == AUTH_INVALID_TOKEN) {
		excuse_refusal(own, result);
	}
	auth_session_open_done(pending, request);
}

/* Takes `login`, and the callback's code. */
static void exchange_later(struct open_pending *pending, struct callback *callback,
	struct login_cookie *login, bool is_signed_in)
{
	struct login_request *request;

	request = (struct login_request *)auth_session_open_request(pending, sizeof *request);
	request->code = callback->code;
	callback->code = NULL;
	request->login = *login;
	request->is_signed_in = is_signed_in;
	memset(login, 0, sizeof *login);
	memcpy(request->client, pending->base.base.client, sizeof request->client);
	request->open.base.work = exchange_code;
	request->open.base.done = on_opened;
	request->open.base.clear = clear_login;
	auth_keeper_send(&request->open.base);
}

/* AUTH_LATER: the code is to be exchanged. Without its cookie a callback signs nobody in; where it
 * was to lead is all that is taken from it. Who has signed in since it began, in another tab, goes
 * on there without another session. */
static struct auth_result judge_login(const struct auth_rules *rules,
	const struct callback *callback, const struct login_cookie *login,
	const struct auth_callback *answer)
{
	if (!login->is_known)
		return auth_refused(AUTH_ABSENT, "this browser did not begin this sign-in");
	if (answer->is_signed_in && !login->is_same_session)
		return auth_refused(AUTH_ABSENT, "this browser has signed in since");
	return judge_callback(rules, callback, login, answer->provider);
}

/* Takes what is in `login`, and the callback's code. */
static void take_callback(struct open_pending *pending, const struct auth_rules *rules,
	struct callback *callback, struct login_cookie *login, const struct auth_callback *answer)
{
	struct auth_result result = judge_login(rules, callback, login, answer);
	struct sign_in_result *out = &pending->base.result;

	out->return_path = mem_strdup(login->return_path);
	out->provider = mem_strdup(
		conf_provider_name(conf_provider_of(rules->conf, str_of(login->issuer))));
	out->may_begin_again = !login->is_known && !login->is_again;
	if (result.status == AUTH_LATER)
		exchange_later(pending, callback, login, answer->is_signed_in);
	else
		auth_pending_answer_later(&pending->base.base, result);
}

void auth_login_finish(
	struct auth *auth, const struct auth_callback *answer, sign_in_done *done, void *arg)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	struct login_cookie_jar jar = jar_of(auth, rules, answer->cookies, answer->count);
	struct open_pending *pending = auth_session_open_pending(
		auth, rules, answer->cookies, answer->count, answer->client, done, arg);
	struct login_cookie login = {.is_known = false};
	struct callback callback;
	const char *reason = "";

	if (callback_parse(answer->query, &callback, &reason) == -1) {
		auth_pending_answer_later(
			&pending->base.base, auth_refused(AUTH_MALFORMED, reason));
		share_drop(hold);
		return;
	}
	if (login_cookie_finish(
		    rules->ring, rules->conf, &jar, str_of(callback.state), clock_wall_s(), &login))
		take_callback(pending, rules, &callback, &login, answer);
	else
		auth_pending_answer_later(&pending->base.base,
			auth_refused(AUTH_ABSENT, "this browser did not begin this sign-in"));
	login_cookie_clear(&login);
	callback_clear(&callback);
	share_drop(hold);
}
