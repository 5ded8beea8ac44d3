/* Codes and refresh tokens exchanged at the provider's token endpoint. */
#include "auth/oidc/oidc_int.h"

#include "auth/issuers/groups_fetch.h"
#include "auth/oidc/id_token.h"
#include "auth/oidc/oidc_answer.h"
#include "auth/oidc/oidc_said.h"
#include "auth/oidc/oidc_url.h"
#include "base/clock.h"
#include "base/log/log.h"
#include "base/sbuf.h"
#include "base/text/json_foreign.h"
#include "base/text/json_value.h"

#include <stdio.h>
#include <stdlib.h>

enum { USERINFO_MAX = 256 * 1024, REFRESH_DEFAULT_S = 300 };

/* One grant asked for: the token request, then keys if they are new, then userinfo, then groups
 * that had no room in any of these. */
struct grant {
	TAILQ_ENTRY(grant) link;
	struct oidc *oidc; /* NULL: it is gone, and only a late key set is waited for */
	struct conf *conf;
	const struct conf_oidc *own;	/* the provider's row in there */
	struct oidc_provider *provider; /* as of the request */
	char *nonce;			/* of a sign-in; NULL: a refresh */
	char *subject;			/* of a refresh */
	oidc_done *done;
	void *arg;
	struct token_call *call; /* at the token endpoint, under way */
	struct fetch *under_way; /* of userinfo */
	struct jwks_waiter waiter;
	bool waits_for_keys, keys_asked, keys_fetched;
	struct oidc_answer answer;
	struct jwt_claims claims; /* of the ID token; json NULL: none */
	json_t *userinfo;
	struct oidc_said said;
	struct groups_fetch *groups; /* under way */
};

/* --- the one way out --- */

static void grant_free(struct grant *grant)
{
	secret_free(grant->nonce);
	free(grant->subject);
	oidc_answer_clear(&grant->answer);
	if (grant->claims.json)
		jwt_clear(&grant->claims);
	json_decref(grant->userinfo);
	oidc_said_clear(&grant->said);
	oidc_provider_unref(grant->provider);
	conf_unref(grant->conf);
	free(grant);
}

static void finish_grant(struct grant *grant, enum oidc_outcome answer, const char *reason)
{
	struct oidc_grant result = {.answer = answer, .reason = reason};
	struct grants *grants = NULL;
	char *standing = NULL;

	if (answer == OIDC_OK) {
		struct str subject = str_of(grant->subject);
		int64_t lasts = grant->answer.expires_in;

		result.subject = grant->claims.json ? grant->claims.subject : subject;
		result.sid = json_value_member(grant->claims.json, "sid");
		result.name = oidc_said_name(grant->claims.json);
		if (result.name.len == 0)
			result.name = oidc_said_name(grant->userinfo);
		result.id_token = str_of(grant->answer.id_token);
		result.refresh_token = str_of(grant->answer.refresh_token);
		if (standing_is_cut(grant->said.standing))
			log_warn("sign_in", "%s: more roles or groups than are kept (3.5 KiB each)",
				grant->subject ? grant->subject : "a person");
		grants = standing_grants(grant->said.standing, grant->conf);
		standing = standing_text(grant->said.standing);
		result.role = grants_role(grants);
		result.grants = grants;
		result.standing = str_of(standing);
		result.seen = &grant->said.seen;
		result.has_role = oidc_said_has_role(&grant->said, result.role);
		result.is_whole = oidc_said_is_whole(&grant->said);
		result.refresh_at = clock_wall_s() + (lasts >= 0 ? lasts : REFRESH_DEFAULT_S);
	}
	if (grant->oidc) {
		TAILQ_REMOVE(&grant->oidc->grants, grant, link);
		grant->oidc->grants_count--;
	}
	grant->done(grant->arg, &result);
	free(standing);
	grants_unref(grants);
	grant_free(grant);
}

void oidc_grants_close(struct oidc *oidc)
{
	struct grant *grant;

	while ((grant = TAILQ_FIRST(&oidc->grants)) != NULL) {
		if (grant->under_way)
			fetch_cancel(grant->under_way);
		token_call_cancel(grant->call);
		groups_fetch_cancel(grant->groups);
		if (!grant->waits_for_keys) {
			finish_grant(grant, OIDC_SILENT, "shutting down");
			continue;
		}
		/* The key set's fetch has its waiter still, and will call. */
		const struct oidc_grant silent = {.answer = OIDC_SILENT, .reason = "shutting down"};
		TAILQ_REMOVE(&oidc->grants, grant, link);
		grant->oidc = NULL;
		grant->done(grant->arg, &silent);
	}
}

/* --- what is said of roles --- */

static struct str subject_of(const struct grant *grant)
{
	return grant->claims.json ? grant->claims.subject : str_of(grant->subject);
}

/* S30, for tokens other than the ID token: Keycloak's may name nobody, but not somebody else. */
static bool is_about_them(const struct grant *grant, const json_t *claims)
{
	const json_t *subject = json_object_get(claims, "sub");

	return str_eq(json_value_member(claims, "iss"), str_of(grant->provider->issuer)) &&
	       (subject == NULL || str_eq(str_of(json_string_value(subject)), subject_of(grant)));
}

/* What a token of the provider says of roles. The signature is checked, for it decides over rights.
 */
static enum keyset_verdict read_signed(struct grant *grant, struct str token,
	void (*add)(struct grant *grant, const json_t *claims))
{
	const struct oidc_options *options = &grant->oidc->options;
	const struct oidc_provider *provider = grant->provider;
	struct jws jws;
	enum keyset_verdict verdict = keyset_verify_signature(options->keys(options->arg),
		provider->issuer, provider->id_token_algorithms, token, &jws, NULL);

	if (verdict != KEYSET_OK)
		return verdict;
	json_t *claims = json_foreign((struct str){jws.payload, jws.payload_len});
	if (is_about_them(grant, claims))
		add(grant, claims);
	json_decref(claims);
	jws_clear(&jws);
	return KEYSET_OK;
}

/* --- groups that did not fit into a token (Core §5.6.2) --- */

static void finish_without_groups(struct grant *grant, const char *reason)
{
	snprintf(grant->said.seen.trouble, sizeof grant->said.seen.trouble, "%s", reason);
	finish_grant(grant, OIDC_OK, "");
}

static void add_groups(struct grant *grant, const json_t *claims)
{
	oidc_said_add_groups(&grant->said, claims);
}

static void finish_by_groups_token(struct grant *grant, struct str token)
{
	(void)read_signed(grant, token, add_groups);
	if (grant->said.seen.is_found)
		finish_grant(grant, OIDC_OK, "");
	else
		finish_without_groups(
			grant, "they are in a token that the provider itself did not sign");
}

static void on_groups(void *arg, const struct groups_answer *answer)
{
	struct grant *grant = arg;

	grant->groups = NULL;
	if (answer->claims) {
		add_groups(grant, answer->claims);
		finish_grant(grant, OIDC_OK, "");
	} else if (answer->token.at) {
		finish_by_groups_token(grant, answer->token);
	} else {
		finish_without_groups(grant, answer->reason);
	}
}

static void ask_groups(struct grant *grant)
{
	const struct groups_request request = {.fetcher = grant->oidc->options.fetcher,
		.source = &grant->said.source,
		.issuer = grant->provider->issuer,
		.configured = grant->own->groups_endpoint,
		.token = grant->answer.access_token,
		.path = oidc_said_claim(&grant->said),
		.ca_file = grant->own->ca_file,
		.timeout_ms = grant->oidc->timing.timeout,
		.done = on_groups,
		.arg = grant};
	struct err err = {""};

	if (grant->said.source.token) {
		finish_by_groups_token(grant, str_of(grant->said.source.token));
		return;
	}
	grant->groups = groups_fetch_start(&request, &err);
	if (grant->groups == NULL)
		finish_without_groups(grant, err.text);
}

/* All tokens and userinfo were heard. */
static void finish_heard(struct grant *grant)
{
	if (grant->said.source.is_elsewhere && !grant->said.seen.is_found)
		ask_groups(grant);
	else
		finish_grant(grant, OIDC_OK, "");
}

/* --- userinfo --- */

static void on_userinfo(const struct fetch_result *result, void *arg)
{
	struct grant *grant = arg;
	struct err err = {""};

	grant->under_way = NULL;
	/* The ID token says who it is; a page in the endpoint's place says nothing. */
	if (result->status != 200 ||
		!str_starts_nocase(str_of(result->content_type), STR("application/json"))) {
		grant->said.userinfo_failed = true;
		finish_heard(grant);
		return;
	}
	grant->userinfo = oidc_answer_userinfo(result->body, subject_of(grant), &err);
	if (grant->userinfo == NULL) { /* S30 */
		finish_grant(grant, OIDC_INVALID, err.text);
		return;
	}
	oidc_said_add(&grant->said, CLAIMS_IN_USERINFO, grant->userinfo);
	finish_heard(grant);
}

static void ask_userinfo(struct grant *grant)
{
	const char *endpoint = grant->provider->userinfo_endpoint;

	if (endpoint == NULL || grant->answer.access_token == NULL) {
		finish_heard(grant);
		return;
	}
	char *header = mem_printf("Authorization: Bearer %s", grant->answer.access_token);
	const char *const headers[] = {header, "Accept: application/json", NULL};
	grant->under_way = fetch_start(
		grant->oidc->options.fetcher, &(struct fetch_request){.url = endpoint,
						      .headers = headers,
						      .ca_file = grant->own->ca_file,
						      .timeout_ms = grant->oidc->timing.timeout,
						      .max_bytes = USERINFO_MAX,
						      .done = on_userinfo,
						      .arg = grant});
	secret_free(header);
}

/* --- tokens --- */

static void add_access_token(struct grant *grant, const json_t *claims)
{
	oidc_said_add(&grant->said, CLAIMS_IN_ACCESS_TOKEN, claims);
}

/* Keycloak names roles in its access token only. */
static void read_access_token(struct grant *grant)
{
	struct str token = str_of(grant->answer.access_token);

	if (token.len == 0)
		return;
	enum keyset_verdict verdict = read_signed(grant, token, add_access_token);
	grant->said.token_unread = verdict == KEYSET_NO_KEYS || verdict == KEYSET_UNKNOWN_KEY;
}

static void check_tokens(struct grant *grant);

static void on_provider_keys(struct jwks_waiter *waiter, bool fetched)
{
	struct grant *grant = (struct grant *)((char *)waiter - offsetof(struct grant, waiter));

	grant->waits_for_keys = false;
	grant->keys_fetched = fetched;
	if (grant->oidc)
		check_tokens(grant);
	else
		grant_free(grant); /* answered already */
}

static void ask_keys(struct grant *grant)
{
	const struct oidc_options *options = &grant->oidc->options;

	grant->keys_asked = grant->waits_for_keys = true;
	grant->waiter.done = on_provider_keys;
	options->refetch(options->arg, grant->provider->issuer, &grant->waiter);
}

/* No key for it: there may be newer ones. If these cannot be had, nothing is decided. */
static void miss_key(struct grant *grant, const struct err *err)
{
	if (!grant->keys_asked)
		ask_keys(grant);
	else
		finish_grant(grant, grant->keys_fetched ? OIDC_INVALID : OIDC_SILENT, err->text);
}

/* True when the grant goes on; else it is finished, or waits. */
static bool check_id_token(struct grant *grant)
{
	const struct oidc_options *options = &grant->oidc->options;
	const struct id_token_rules rules = {.issuer = grant->provider->issuer,
		.client_id = grant->own->client_id,
		.nonce = grant->nonce,
		.subject = grant->subject,
		.algorithms = grant->provider->id_token_algorithms,
		.now = clock_wall_s()};
	struct err err = {""};

	switch (id_token_check(options->keys(options->arg), str_of(grant->answer.id_token),
		str_of(grant->answer.access_token), &rules, &grant->claims, &err)) {
	case KEYSET_OK:
		return true;
	case KEYSET_UNKNOWN_KEY:
	case KEYSET_NO_KEYS:
		miss_key(grant, &err);
		return false;
	case KEYSET_BAD:
		break;
	}
	finish_grant(grant, OIDC_INVALID, err.text);
	return false;
}

static void check_tokens(struct grant *grant)
{
	if (grant->answer.id_token) {
		if (!check_id_token(grant))
			return;
		oidc_said_add(&grant->said, CLAIMS_IN_ID_TOKEN, grant->claims.json);
	}
	read_access_token(grant);
	ask_userinfo(grant);
}

/* --- the token endpoint --- */

/* Too much to do, or a proxy in the provider's place: not the provider's word (RFC 6585 §4). */
static bool is_overloaded(int status)
{
	return status >= 500 || status == 429;
}

/* At a refresh only the provider's plain word ends a session (RFC 6749 §5.2): a wrong secret or a
 * broken answer is the operator's trouble, and passes. */
static void refuse_grant(struct grant *grant, int status)
{
	const char *error = grant->answer.error;
	bool is_final = grant->nonce || strcmp(error, "invalid_grant") == 0;

	if (grant->nonce && client_auth_is_refused(error)) {
		finish_grant(grant, OIDC_MISTRUSTED, error);
		return;
	}
	if (is_overloaded(status) || strcmp(error, "temporarily_unavailable") == 0)
		is_final = false;
	finish_grant(grant, is_final ? OIDC_REFUSED : OIDC_SILENT,
		error[0] ? error : "the provider's status is an error, its answer is none");
}

static void on_tokens(const struct fetch_result *result, void *arg)
{
	struct grant *grant = arg;
	struct err err = {""};

	grant->call = NULL;
	if (result->status == 0) {
		finish_grant(grant, OIDC_SILENT, "the identity provider does not answer");
	} else if (oidc_answer_parse(result->body, &grant->answer, &err) == -1) {
		bool is_final = grant->nonce && !is_overloaded(result->status);
		finish_grant(grant, is_final ? OIDC_INVALID : OIDC_SILENT, err.text);
	} else if (grant->answer.error[0] != '\0' || result->status != 200) {
		refuse_grant(grant, result->status);
	} else if (grant->nonce && grant->answer.id_token == NULL) {
		finish_grant(grant, OIDC_INVALID, "the token answer has no ID token");
	} else {
		check_tokens(grant);
	}
}

static void add_parameter(struct sbuf *form, const char *name, const char *value)
{
	sbuf_printf(form, "%s%s=", form->len ? "&" : "", name);
	sbuf_urlencode(form, str_of(value));
}

/* Takes what is in `form`. */
static void send_form(struct grant *grant, struct sbuf *form)
{
	grant->call = token_call_start(
		&(struct token_call_request){.fetcher = grant->oidc->options.fetcher,
			.conf = grant->own,
			.provider = grant->provider,
			.ways = &grant->oidc->ways,
			.timeout_ms = grant->oidc->timing.timeout,
			.done = on_tokens,
			.arg = grant},
		form);
}

static struct grant *grant_new(struct oidc *oidc, oidc_done *done, void *arg)
{
	const struct oidc_grant silent = {
		.answer = OIDC_SILENT, .reason = "the identity provider does not answer"};

	if (oidc->provider == NULL || oidc->grants_count >= OIDC_GRANTS_MAX) {
		done(arg, &silent);
		return NULL;
	}
	struct grant *grant = mem_alloc(1, sizeof *grant);
	grant->oidc = oidc;
	grant->conf = conf_ref(oidc->conf);
	grant->own = oidc->own;
	grant->provider = oidc_provider_ref(oidc->provider);
	oidc_said_init(&grant->said, grant->conf, grant->own);
	grant->done = done;
	grant->arg = arg;
	TAILQ_INSERT_TAIL(&oidc->grants, grant, link);
	oidc->grants_count++;
	return grant;
}

void oidc_exchange(struct oidc *oidc, enum auth_site site, const char *code, const char *verifier,
	const char *nonce, oidc_done *done, void *arg)
{
	struct grant *grant = grant_new(oidc, done, arg);
	struct sbuf form;

	if (grant == NULL)
		return;
	char *redirect_uri = oidc_redirect_uri(grant->conf, grant->own, site);
	grant->nonce = mem_strdup(nonce);
	sbuf_init_secret(&form, TOKEN_FORM_MAX);
	add_parameter(&form, "grant_type", "authorization_code");
	add_parameter(&form, "code", code);
	add_parameter(&form, "redirect_uri", redirect_uri);
	add_parameter(&form, "code_verifier", verifier);
	free(redirect_uri);
	send_form(grant, &form);
}

void oidc_refresh(struct oidc *oidc, const char *refresh_token, const struct oidc_person *person,
	oidc_done *done, void *arg)
{
	struct grant *grant = grant_new(oidc, done, arg);
	struct sbuf form;

	if (grant == NULL)
		return;
	grant->subject = mem_strdup(person->subject);
	grant->said.is_refresh = true;
	grant->said.spoke = person->places;
	sbuf_init_secret(&form, TOKEN_FORM_MAX);
	add_parameter(&form, "grant_type", "refresh_token");
	add_parameter(&form, "refresh_token", refresh_token);
	send_form(grant, &form);
}
