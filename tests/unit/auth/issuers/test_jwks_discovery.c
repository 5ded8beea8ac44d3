/* Where an issuer may say that its keys are (S19). */
#include "auth/issuers/jwks_discovery.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* Gives, or NULL. */
static char *read_uri(const char *issuer, const char *uri)
{
	char *text = mem_printf("{\"issuer\":\"%s\",\"jwks_uri\":\"%s\"}", issuer, uri);
	struct err err;
	char *found = jwks_discovery_read(issuer, str_of(text), &err);

	free(text);
	return found;
}

static void s19_keys_are_taken_from_these_places_only(void **state)
{
	static const struct {
		const char *issuer, *uri;
		bool is_taken;
	} rows[] = {
		{"https://idp.example", "https://idp.example/keys?tenant=1", true},
		{"https://idp.example/", "https://idp.example:443/keys", true},
		{"http://127.0.0.1:1", "http://127.0.0.1:1/keys", true},
		{"https://idp.example", "https://keys.idp.example/keys", false},
		{"https://idp.example", "https://idp.example:444/keys", false},
		{"https://idp.example", "http://idp.example/keys", false},
		{"https://idp.example", "file:///keys", false},
		{"https://accounts.google.com", "https://www.googleapis.com/oauth2/v3/certs", true},
		{"https://accounts.google.com", "https://www.googleapis.com:444/", false},
		{"https://accounts.google.com", "https://keys.example/", false},
		{"https://idp.example", "https://www.googleapis.com/oauth2/v3/certs", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *found = read_uri(rows[i].issuer, rows[i].uri);

		if ((found != NULL) != rows[i].is_taken)
			fail_msg("%s of %s", rows[i].uri, rows[i].issuer);
		free(found);
	}
}

static void document_is_at_the_issuer_with_or_without_its_last_slash(void **state)
{
	static const char *const issuers[] = {
		"https://idp.example/realm", "https://idp.example/realm/"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(issuers); i++) {
		char *address = jwks_discovery_address(issuers[i]);

		assert_string_equal(
			address, "https://idp.example/realm/.well-known/openid-configuration");
		free(address);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(document_is_at_the_issuer_with_or_without_its_last_slash),
		cmocka_unit_test(s19_keys_are_taken_from_these_places_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
