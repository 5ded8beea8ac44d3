/*
 * A provider's metadata and keys over real connections, wrong, late and renewed: the modules of the
 * OpenID conformance suite for relying parties, plan Config; comments have their names.
 */
#include "tests/support/oidc_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* OIDCCClientTestDiscoveryOpenIDConfiguration, OIDCCClientTestDiscoveryJwksUriKeys */
static void provider_and_its_keys_are_found_by_the_issuer(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	assert_int_equal(w->published, 1);
	assert_string_equal(w->provider->issuer, w->issuer);
	assert_true(fake_http_hits(w->idp, "/realm/keys") > 0);
}

static bool was_asked_thrice(struct oidc_world *w)
{
	return fake_http_hits(w->idp, OIDC_WORLD_METADATA) > 6; /* jwks_fetch asks, too */
}

/* OIDCCClientTestDiscoveryIssuerMismatch */
static void metadata_of_another_issuer_is_never_taken(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_publish(w, "\"issuer\":\"https://other.example\"");
	oidc_world_start(w);
	oidc_world_wait_until(w, was_asked_thrice);
	assert_null(w->provider);
	oidc_world_expect(oidc_world_exchange(w), OIDC_SILENT);
	assert_int_equal(fake_http_hits(w->idp, "/realm/token"), 0);
}

static void endpoint_in_the_clear_is_never_taken(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_publish(w, "\"token_endpoint\":\"http://192.0.2.1/token\"");
	oidc_world_start(w);
	oidc_world_wait_until(w, was_asked_thrice);
	assert_null(w->provider);
}

/* OIDCCClientTestSigningKeyRotation, OIDCCClientTestSigningKeyRotationNative */
static void s19_new_key_is_fetched_once(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	oidc_world_rotate(w);
	unsigned before = fake_http_hits(w->idp, "/realm/keys");
	const struct said said = {
		.key = w->new_key, .header = "{\"alg\":\"ES256\",\"kid\":\"two\"}"};
	oidc_world_expect(oidc_world_sign_in(w, &said), OIDC_OK);
	oidc_world_expect(oidc_world_sign_in(w, &said), OIDC_OK);
	assert_int_equal(fake_http_hits(w->idp, "/realm/keys"), before + 1);
}

static void s19_key_that_stays_unknown_opens_nothing(void **state)
{
	struct oidc_world *w = *state;
	const struct said said = {
		.key = w->new_key, .header = "{\"alg\":\"ES256\",\"kid\":\"two\"}"};

	oidc_world_begin(w);
	unsigned before = fake_http_hits(w->idp, "/realm/keys");
	oidc_world_expect(oidc_world_sign_in(w, &said), OIDC_INVALID);
	/* Too soon to look again: nothing is decided. */
	oidc_world_expect(oidc_world_sign_in(w, &said), OIDC_SILENT);
	assert_int_equal(fake_http_hits(w->idp, "/realm/keys"), before + 1);
}

/* OIDCCClientTestIgnoresUnparseableKeyInJwks */
static void s19_key_of_an_unknown_kind_is_passed_over(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_publish_keys(w, mem_strdup("{\"kty\":\"AKP\",\"kid\":\"pq\",\"pub\":\"!\"}"),
		mint_jwk(w->key, "one", NULL));
	oidc_world_begin(w);
	oidc_world_expect(oidc_world_sign_in(w, &(struct said){0}), OIDC_OK);
}

/* --- outages --- */

static bool has_provider(struct oidc_world *w)
{
	return w->provider;
}

static void provider_that_is_down_at_the_start_is_found_when_it_is_up(void **state)
{
	struct oidc_world *w = *state;

	fake_http_down(w->idp, true);
	oidc_world_start(w);
	oidc_world_expect(oidc_world_exchange(w), OIDC_SILENT);
	fake_http_down(w->idp, false);
	oidc_world_wait_until(w, has_provider);
	oidc_world_await(w);
	oidc_world_expect(oidc_world_sign_in(w, &(struct said){0}), OIDC_OK);
}

static void provider_that_goes_down_is_silent_and_stays_known(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	fake_http_down(w->idp, true);
	oidc_world_expect(oidc_world_exchange(w), OIDC_SILENT);
	fake_http_down(w->idp, false);
	oidc_world_expect(oidc_world_sign_in(w, &(struct said){0}), OIDC_OK);
	assert_int_equal(w->published, 1);
}

static void whoever_waits_is_told_when_the_engine_ends(void **state)
{
	struct oidc_world *w = *state;
	struct granted got[3] = {{.is_done = false}};

	oidc_world_begin(w);
	fake_http_delay(w->idp, 60000);
	for (size_t i = 0; i < ARRAY_LEN(got); i++)
		oidc_exchange(
			w->oidc, AUTH_SITE_PUBLIC, "c", "v", "n", oidc_world_on_grant, &got[i]);
	oidc_free(w->oidc);
	w->oidc = NULL;
	for (size_t i = 0; i < ARRAY_LEN(got); i++)
		assert_true(got[i].is_done && got[i].answer == OIDC_SILENT);
	fake_http_delay(w->idp, 0);
}

static bool keys_are_asked_for(struct oidc_world *w)
{
	return fake_http_hits(w->idp, "/realm/token") == 1 && jwks_fetch_counts(w->jwks).ok == 1 &&
	       fake_http_hits(w->idp, "/realm/keys") == 1 &&
	       fake_http_hits(w->idp, OIDC_WORLD_METADATA) == 3;
}

static void whoever_waits_for_keys_is_told_once_when_the_engine_ends(void **state)
{
	struct oidc_world *w = *state;
	const struct said said = {
		.key = w->new_key, .header = "{\"alg\":\"ES256\",\"kid\":\"two\"}"};
	struct granted got = {.is_done = false};

	oidc_world_begin(w);
	oidc_world_answer(w, oidc_world_id_token(w, &said), "opaque", NULL);
	fake_http_delay(w->idp, 100); /* long enough to be seen waiting */
	oidc_exchange(
		w->oidc, AUTH_SITE_PUBLIC, "c", "v", OIDC_WORLD_NONCE, oidc_world_on_grant, &got);
	oidc_world_wait_until(w, keys_are_asked_for);
	oidc_free(w->oidc);
	w->oidc = NULL;
	assert_true(got.is_done && got.answer == OIDC_SILENT);
	jwks_fetch_free(w->jwks);
	w->jwks = NULL;
}

static void grants_under_way_are_bounded(void **state)
{
	struct oidc_world *w = *state;
	struct granted *got = mem_alloc(1025, sizeof *got);

	oidc_world_begin(w);
	fake_http_down(w->idp, true); /* connections are tried in the loop only */
	for (size_t i = 0; i < 1025; i++)
		oidc_exchange(
			w->oidc, AUTH_SITE_PUBLIC, "c", "v", "n", oidc_world_on_grant, &got[i]);
	assert_false(got[1023].is_done);
	assert_true(got[1024].is_done && got[1024].answer == OIDC_SILENT);
	oidc_free(w->oidc);
	w->oidc = NULL;
	assert_true(got[1023].is_done);
	free(got);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, oidc_world_make, oidc_world_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(provider_and_its_keys_are_found_by_the_issuer),
		WORLD(metadata_of_another_issuer_is_never_taken),
		WORLD(endpoint_in_the_clear_is_never_taken),
		WORLD(s19_new_key_is_fetched_once),
		WORLD(s19_key_that_stays_unknown_opens_nothing),
		WORLD(s19_key_of_an_unknown_kind_is_passed_over),
		WORLD(provider_that_is_down_at_the_start_is_found_when_it_is_up),
		WORLD(provider_that_goes_down_is_silent_and_stays_known),
		WORLD(whoever_waits_is_told_when_the_engine_ends),
		WORLD(whoever_waits_for_keys_is_told_once_when_the_engine_ends),
		WORLD(grants_under_way_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
