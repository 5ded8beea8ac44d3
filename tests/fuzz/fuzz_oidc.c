/* What a provider says: after the first byte, its metadata ("m"), its userinfo ("u"), claims and
 * pages of groups ("g"), or a token endpoint's answer. */
#include "auth/issuers/groups_source.h"
#include "auth/oidc/oidc_answer.h"
#include "auth/policy/claims_seen.h"
#include "auth/issuers/oidc_provider.h"
#include "auth/oidc/oidc_url.h"

#include <assert.h>
#include <stdlib.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_visible(const char *text, size_t max)
{
	size_t len = text ? strlen(text) : 1;

	assert(len > 0 && len <= max);
	for (size_t i = 0; text && i < len; i++)
		assert(text[i] > 0x20 && text[i] <= 0x7e);
	(void)max;
}

static void assert_endpoint(const char *url)
{
	assert_visible(url, OIDC_ENDPOINT_MAX);
	assert(url == NULL || (strncasecmp(url, "http", 4) == 0 && strchr(url, '#') == NULL));
}

static void try_metadata(struct str text)
{
	static char client_id[] = "c";
	struct conf_oidc client = {.client_id = client_id};
	const struct conf conf = {.oidc = &client, .oidc_count = 1};
	const struct oidc_authorization authorization = {&client, "s", "n", "c", AUTH_SITE_PUBLIC};
	struct err err = {""};
	struct oidc_provider *provider = oidc_provider_parse(text, "https://i", &err);

	if (provider == NULL) {
		assert(err.text[0] != '\0');
		return;
	}
	assert(strcmp(provider->issuer, "https://i") == 0 && provider->id_token_algorithms != 0);
	assert(provider->authorization_endpoint && provider->token_endpoint && provider->jwks_uri);
	assert_endpoint(provider->authorization_endpoint);
	assert_endpoint(provider->token_endpoint);
	assert_endpoint(provider->jwks_uri);
	assert_endpoint(provider->userinfo_endpoint);
	assert_endpoint(provider->end_session_endpoint);
	assert_endpoint(provider->introspection_endpoint);
	char *url = oidc_authorization_url(provider, &conf, &authorization);
	assert(str_ends(str_of(url), STR("&code_challenge_method=S256")));
	free(url);
	free(oidc_end_session_url(provider, &conf, &client, AUTH_SITE_PUBLIC, STR("i.d.t")));
	oidc_provider_unref(provider);
}

static void try_answer(struct str text)
{
	struct oidc_answer answer;
	struct err err = {""};

	if (oidc_answer_parse(text, &answer, &err) == -1) {
		assert(err.text[0] != '\0' && answer.access_token == NULL);
		return;
	}
	assert(!answer.access_token != !answer.error[0]);
	assert(answer.expires_in >= -1);
	assert_visible(answer.access_token, OIDC_ANSWER_TOKEN_MAX);
	assert_visible(answer.id_token, OIDC_ANSWER_TOKEN_MAX);
	assert_visible(answer.refresh_token, OIDC_ANSWER_REFRESH_MAX);
	for (const char *c = answer.description; *c; c++)
		assert(*c >= 0x20 && *c <= 0x7e);
	oidc_answer_clear(&answer);
}

static void try_userinfo(struct str text)
{
	json_t *claims = oidc_answer_userinfo(text, STR("a"), NULL);

	assert(claims == NULL ||
		strcmp(json_string_value(json_object_get(claims, "sub")), "a") == 0);
	json_decref(claims);
}

/* Claims that say where groups are, and pages of them. */
static void try_groups(struct str text)
{
	json_t *claims = json_loadb(text.at, text.len, 0, NULL);
	struct groups_source source = {.is_elsewhere = false};
	struct groups_found found = {NULL, NULL};
	struct claims_seen seen = {.is_found = false};

	claims_seen_add(&seen, "a.groups", claims);
	assert(memchr(seen.names, '\0', sizeof seen.names));
	groups_source_read(claims, "groups", &source);
	assert_visible(source.endpoint, SIZE_MAX);
	char *address = groups_source_address(&source, "https://i", "https://c/", NULL);
	assert(str_starts_nocase(str_of(address), STR("https://i")) ||
		str_starts_nocase(str_of(address), STR("https://c")));
	if (groups_source_page(text, "groups", &found, NULL) == 0)
		assert(found.names);
	free(address);
	groups_found_clear(&found);
	groups_source_clear(&source);
	json_decref(claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct str text = {(const char *)data + 1, size - 1};

	if (data[0] == 'm')
		try_metadata(text);
	else if (data[0] == 'u')
		try_userinfo(text);
	else if (data[0] == 'g')
		try_groups(text);
	else
		try_answer(text);
	return 0;
}
