#include "auth/issuers/oidc_provider.h"

#include "auth/issuers/client_auth.h"
#include "auth/jose/keyset.h"
#include "base/text/json_foreign.h"
#include "base/text/json_value.h"

#include <stdlib.h>

/* Each demand that would end every sign-in in an error of the provider's own. */
static const struct {
	const char *member, *reason;
} demands[] = {
	{"require_pushed_authorization_requests",
		"it requires pushed authorization requests, which the gateway does not make"},
	{"require_signed_request_object",
		"it requires signed request objects, which the gateway does not make"},
};

/* Lists that, when they are there, must have what the gateway uses. */
static const struct {
	const char *member, *wanted, *reason;
} needs[] = {
	{"response_types_supported", "code", "it does not offer the authorization code flow"},
	{"response_modes_supported", "query", "it does not answer in the query"},
	{"grant_types_supported", "authorization_code",
		"it does not offer the authorization code flow"},
	{"code_challenge_methods_supported", "S256", "it does not offer PKCE with S256"},
};

/* An endpoint is where nobody listens in: https, or http that stays on this machine. */
int oidc_provider_read_endpoint(struct str text, struct url *url, struct err *err)
{
	ptrdiff_t mark = str_find_byte(text, '?');
	struct str address = mark == -1 ? text : (struct str){text.at, (size_t)mark};

	if (text.len > OIDC_ENDPOINT_MAX)
		return err_set(err, "longer than %d bytes", OIDC_ENDPOINT_MAX);
	for (size_t i = address.len; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];
		if (c <= 0x20 || c >= 0x7f || c == '#')
			return err_set(err, "byte 0x%02x at position %zu", c, i);
	}
	if (url_parse_endpoint(address, url, err) == -1)
		return -1;
	if (!url->tls && !url_host_is_loopback(url->host))
		return err_set(err, "neither https nor on loopback");
	return 0;
}

static int read_endpoint(
	const json_t *json, const char *name, bool required, char **out, struct err *err)
{
	const json_t *member = json_object_get(json, name);
	struct err why;
	struct url url;

	if (member == NULL || json_is_null(member))
		return required ? err_set(err, "it has no %s", name) : 0;
	if (!json_is_string(member))
		return err_set(err, "its %s is no string", name);
	struct str text = json_value_str(member);
	if (oidc_provider_read_endpoint(text, &url, &why) == -1)
		return err_set(err, "its %s: %s", name, why.text);
	*out = mem_strndup(text.at, text.len);
	return 0;
}

static int read_endpoints(const json_t *json, struct oidc_provider *out, struct err *err)
{
	const struct {
		const char *name;
		char **at;
		bool required;
	} rows[] = {
		{"authorization_endpoint", &out->authorization_endpoint, true},
		{"token_endpoint", &out->token_endpoint, true},
		{"jwks_uri", &out->jwks_uri, true},
		{"userinfo_endpoint", &out->userinfo_endpoint, false},
		{"end_session_endpoint", &out->end_session_endpoint, false},
		{"introspection_endpoint", &out->introspection_endpoint, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (read_endpoint(json, rows[i].name, rows[i].required, rows[i].at, err) == -1)
			return -1;
	}
	return 0;
}

static bool lists(const json_t *list, const char *wanted)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *item = json_string_value(json_array_get(list, i));

		if (item && strcmp(item, wanted) == 0)
			return true;
	}
	return false;
}

static unsigned offers_of(const json_t *methods)
{
	return (lists(methods, "client_secret_basic") ? CLIENT_OFFERS_BASIC : 0) |
	       (lists(methods, "client_secret_post") ? CLIENT_OFFERS_POST : 0);
}

static int check_offers(const json_t *json, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(demands); i++) {
		if (json_is_true(json_object_get(json, demands[i].member)))
			return err_set(err, "%s", demands[i].reason);
	}
	for (size_t i = 0; i < ARRAY_LEN(needs); i++) {
		const json_t *list = json_object_get(json, needs[i].member);

		if (list && !lists(list, needs[i].wanted))
			return err_set(err, "%s", needs[i].reason);
	}
	return 0;
}

/* What is absent has its default: RS256 is what every provider must have (Core §15.1). */
static int read_algorithms(const json_t *list, struct oidc_provider *out, struct err *err)
{
	if (list == NULL)
		out->id_token_algorithms = 1u << RS256;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));

		if (name)
			out->id_token_algorithms |= keyset_algorithm_bit(str_of(name));
	}
	out->id_token_algorithms &= ~(uint32_t)JOSE_HMAC_BITS;
	if (out->id_token_algorithms == 0)
		return err_set(err, "it signs ID tokens with no algorithm the gateway takes");
	return 0;
}

static int read_document(
	const json_t *json, const char *issuer, struct oidc_provider *out, struct err *err)
{
	const char *name = json_string_value(json_object_get(json, "issuer"));
	const json_t *methods = json_object_get(json, "token_endpoint_auth_methods_supported");
	const json_t *methods_there =
		json_object_get(json, "introspection_endpoint_auth_methods_supported");

	if (!json_is_object(json))
		return err_set(err, "it is not a JSON object");
	if (name == NULL || strcmp(name, issuer) != 0)
		return err_set(err, "its issuer is not the configured one, byte for byte");
	out->issuer = mem_strdup(name);
	out->iss_in_response = json_is_true(
		json_object_get(json, "authorization_response_iss_parameter_supported"));
	out->client_offers = methods ? offers_of(methods) : CLIENT_OFFERS_BASIC;
	out->introspection_offers = methods_there ? offers_of(methods_there) : offers_of(methods);
	if (check_offers(json, err) == -1 || read_endpoints(json, out, err) == -1)
		return -1;
	return read_algorithms(
		json_object_get(json, "id_token_signing_alg_values_supported"), out, err);
}

struct oidc_provider *oidc_provider_parse(struct str text, const char *issuer, struct err *err)
{
	struct oidc_provider *provider;

	if (text.len > OIDC_PROVIDER_MAX_BYTES) {
		err_set(err, "it is longer than %d bytes", OIDC_PROVIDER_MAX_BYTES);
		return NULL;
	}
	provider = mem_alloc(1, sizeof *provider);
	atomic_init(&provider->refs, 1);
	json_t *json = json_foreign(text);
	if (read_document(json, issuer, provider, err) == -1) {
		oidc_provider_unref(provider);
		provider = NULL;
	}
	json_decref(json);
	return provider;
}

struct oidc_provider *oidc_provider_ref(struct oidc_provider *provider)
{
	atomic_fetch_add_explicit(&provider->refs, 1, memory_order_relaxed);
	return provider;
}

void oidc_provider_unref(struct oidc_provider *provider)
{
	if (provider == NULL ||
		atomic_fetch_sub_explicit(&provider->refs, 1, memory_order_acq_rel) > 1)
		return;
	free(provider->issuer);
	free(provider->authorization_endpoint);
	free(provider->token_endpoint);
	free(provider->jwks_uri);
	free(provider->userinfo_endpoint);
	free(provider->end_session_endpoint);
	free(provider->introspection_endpoint);
	free(provider);
}
