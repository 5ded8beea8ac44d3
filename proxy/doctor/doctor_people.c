/* Where people and tokens come from: providers, their keys, and the gateway's own secret there. */
#include "auth/issuers/jwks_discovery.h"
#include "auth/issuers/oidc_provider.h"
#include "auth/jose/jwks.h"
#include "auth/oidc/oidc_answer.h"
#include "auth/oidc/token_call.h"
#include "base/files/token_file.h"
#include "base/sbuf.h"
#include "proxy/doctor/doctor_int.h"

#include <stdlib.h>

enum { WHAT_LEN = 400 };

/* Gives its document's text, or NULL, which was said. */
static char *ask_document(
	struct doctor *d, const char *issuer, const char *ca_file, const char *what)
{
	char *url = jwks_discovery_address(issuer), *text = NULL;
	struct doctor_answer answer;

	doctor_ask(d, &(struct fetch_request){.url = url, .ca_file = ca_file}, &answer);
	if (doctor_has_answer(d, what, "its ca_file", &answer)) {
		doctor_compare_clocks(d, what, &answer);
		if (answer.status == 200)
			text = mem_strdup(answer.body);
		else
			doctor_wrong(d, what,
				"correct the issuer: its discovery document is expected at the "
				"issuer and /.well-known/openid-configuration",
				"status %d from %s", answer.status, url);
	}
	doctor_answer_clear(&answer);
	free(url);
	return text;
}

static void try_keys(struct doctor *d, const char *url, const char *ca_file, const char *token_file,
	const char *what)
{
	char *field = token_file ? token_file_authorization(token_file) : NULL;
	const char *const headers[] = {field, NULL};
	struct doctor_answer answer;
	struct err err = {""};

	doctor_ask(d,
		&(struct fetch_request){
			.url = url, .ca_file = ca_file, .headers = field ? headers : NULL},
		&answer);
	if (doctor_has_answer(d, what, "its ca_file", &answer)) {
		struct jwks *keys =
			answer.status == 200 ? jwks_from_json(str_of(answer.body), &err) : NULL;
		if (keys && jwks_count(keys) > 0)
			doctor_fine(d, what, "%zu keys", jwks_count(keys));
		else
			doctor_wrong(d, what, "look at jwks_url, or at what the issuer publishes",
				"no keys: status %d %s", answer.status, err.text);
		jwks_unref(keys);
	}
	doctor_answer_clear(&answer);
	secret_free(field);
}

/* A code that nobody gave out: the provider looks at who asks first (RFC 6749 §4.1.3), and with a
 * good secret it says that the code is not. */
static void say_secret(struct doctor *d, const struct doctor_answer *answer, const char *what)
{
	struct oidc_answer said;
	struct err err = {""};

	if (!doctor_has_answer(d, what, "its ca_file", answer))
		return;
	if (oidc_answer_parse(str_of(answer->body), &said, &err) == -1) {
		doctor_note(d, what, "not tried: the token endpoint answers with status %d",
			answer->status);
		return;
	}
	if (client_auth_is_refused(said.error))
		doctor_wrong(d, what, "correct client_id and client_secret_file",
			"the provider refuses them (%s)", said.error);
	else if (strcmp(said.error, "invalid_grant") == 0)
		doctor_fine(d, what, "the provider takes them");
	else
		doctor_note(
			d, what, "the provider says %s", said.error[0] ? said.error : "nothing");
	oidc_answer_clear(&said);
}

static void try_secret(struct doctor *d, const struct conf_oidc *oidc,
	const struct oidc_provider *provider, const char *what)
{
	struct doctor_answer answer = {.status = 0};
	struct doctor_wait wait = {d, &answer};
	struct client_ways ways = {.count = 0};
	struct sbuf form;

	sbuf_init_secret(&form, TOKEN_FORM_MAX);
	sbuf_puts(&form, "grant_type=authorization_code&code=sparkgate-doctor&redirect_uri=");
	sbuf_urlencode(&form, str_of(d->conf->server.origin));
	sbuf_urlencode(&form, str_of(d->conf->server.base));
	sbuf_puts(&form, "%2F_gate%2Fcallback");
	if (oidc->client_secret.value)
		client_ways_set(
			&ways, oidc->client_id, oidc->client_secret.value, provider->client_offers);
	(void)token_call_start(&(struct token_call_request){.fetcher = d->fetcher,
				       .conf = oidc,
				       .provider = provider,
				       .ways = &ways,
				       .timeout_ms = DOCTOR_WAIT_MS,
				       .done = doctor_on_done,
				       .arg = &wait},
		&form);
	doctor_wait(d);
	say_secret(d, &answer, what);
	doctor_answer_clear(&answer);
	sbuf_clear(&form);
}

void doctor_try_provider(struct doctor *d, const struct conf_oidc *oidc)
{
	char what[WHAT_LEN], keys[WHAT_LEN], client[WHAT_LEN];
	struct err err = {""};

	snprintf(what, sizeof what, "provider %.300s", oidc->issuer);
	snprintf(keys, sizeof keys, "keys of %.300s", oidc->issuer);
	snprintf(client, sizeof client, "client id and secret at %.300s", oidc->issuer);
	char *text = ask_document(d, oidc->issuer, oidc->ca_file, what);
	if (text == NULL)
		return;
	struct oidc_provider *provider = oidc_provider_parse(str_of(text), oidc->issuer, &err);
	free(text);
	if (provider == NULL) {
		doctor_wrong(d, what, "write the issuer byte for byte as the document has it", "%s",
			err.text);
		return;
	}
	doctor_fine(d, what, "its discovery document is good");
	try_keys(d, provider->jwks_uri, oidc->ca_file, NULL, keys);
	try_secret(d, oidc, provider, client);
	oidc_provider_unref(provider);
}

void doctor_try_bearer(struct doctor *d, const struct conf_bearer *row)
{
	char what[WHAT_LEN];
	struct err err = {""};

	snprintf(what, sizeof what, "keys of %.300s", row->issuer);
	if (row->jwks_url) {
		try_keys(d, row->jwks_url, row->ca_file, row->token_file, what);
		return;
	}
	char *text = ask_document(d, row->issuer, row->ca_file, what);
	char *url = text ? jwks_discovery_read(row->issuer, str_of(text), &err) : NULL;
	if (url)
		try_keys(d, url, row->ca_file, row->token_file, what);
	else if (text)
		doctor_wrong(d, what, "write the issuer byte for byte as the document has it", "%s",
			err.text);
	free(url);
	free(text);
}
