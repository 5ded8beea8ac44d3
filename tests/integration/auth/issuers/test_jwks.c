/* Keys of issuers over a real connection: discovery, rotation, outages and the throttle (S19). */
#include "auth/issuers/jwks_fetch.h"

#include "base/clock.h"
#include "tests/support/jwks_world.h"
#include "tests/support/scratch.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define DISCOVERY JWKS_WORLD_DISCOVERY

static void keys_are_found_by_discovery(void **state)
{
	struct jwks_world *w = *state;

	jwks_world_start(w, &jwks_world_patient);
	assert_int_equal(jwks_world_verify(w, w->old_key, "old"), KEYSET_NO_KEYS);
	jwks_world_wait_until(w, jwks_world_has_old_key);
	assert_int_equal(w->published, 2);
	assert_int_equal(keyset_generation(w->set), 2);
	assert_int_equal(fake_http_hits(w->idp, DISCOVERY), 1);
	assert_int_equal(fake_http_hits(w->idp, "/keys"), 1);
}

static void configured_address_needs_no_discovery(void **state)
{
	struct jwks_world *w = *state;
	char uri[128];

	jwks_world_own_uri(w, "/keys", uri);
	w->row.jwks_url = uri;
	jwks_world_start(w, &jwks_world_patient);
	jwks_world_wait_until(w, jwks_world_has_old_key);
	assert_int_equal(fake_http_hits(w->idp, DISCOVERY), 0);
	jwks_fetch_free(w->jf);
	w->jf = NULL;
}

/* As Kubernetes does it: the key set is not for everybody, and the token that opens it is renewed.
 */
static void keys_are_asked_for_with_what_the_token_file_holds_now(void **state)
{
	struct jwks_world *w = *state;
	char *folder = scratch_new(), url[128];
	char *file = scratch_write(folder, "token", "first\n");

	jwks_world_own_uri(w, "/keys", url);
	w->row.jwks_url = url;
	w->row.token_file = file;
	jwks_world_start(w, &jwks_world_quick);
	jwks_world_wait_until(w, jwks_world_has_old_key);
	char *head = fake_http_last_head(w->idp, "/keys");
	assert_non_null(strstr(head, "Authorization: Bearer first"));
	free(head);
	free(scratch_write(folder, "token", "second\n"));
	jwks_world_wait_until(w, jwks_world_has_fetched_thrice);
	head = fake_http_last_head(w->idp, "/keys");
	assert_non_null(strstr(head, "Authorization: Bearer second"));
	free(head);
	w->row.jwks_url = w->row.token_file = NULL;
	free(file);
	scratch_free(folder);
}

static void s19_discovered_issuer_is_byte_equal(void **state)
{
	struct jwks_world *w = *state;
	char uri[128], other[128];

	jwks_world_own_uri(w, "/keys", uri);
	snprintf(other, sizeof other, "%s/", w->issuer);
	jwks_world_set_discovery(w, other, uri);
	jwks_world_start(w, &jwks_world_patient);
	jwks_world_wait_until(w, jwks_world_has_failed);
	assert_int_equal(fake_http_hits(w->idp, "/keys"), 0);
	assert_int_equal(jwks_world_verify(w, w->old_key, "old"), KEYSET_NO_KEYS);
}

static void s19_discovered_keys_are_at_the_same_origin(void **state)
{
	struct jwks_world *w = *state;
	struct fake_http *other = fake_http_start("127.0.0.1");
	char uri[128];

	fake_http_set(other, "/keys", 200, "application/json", w->keys);
	snprintf(uri, sizeof uri, "http://127.0.0.1:%u/keys", fake_http_port(other));
	jwks_world_set_discovery(w, w->issuer, uri);
	jwks_world_start(w, &jwks_world_patient);
	jwks_world_wait_until(w, jwks_world_has_failed);
	assert_int_equal(fake_http_hits(other, "/keys"), 0);
	fake_http_stop(other);
}

static void s19_plain_http_off_loopback_is_never_asked(void **state)
{
	struct jwks_world *w = *state;

	w->row.issuer = (char[]){"http://192.0.2.1/realm"};
	jwks_world_start(w, &jwks_world_patient);
	jwks_world_wait_until(w, jwks_world_has_failed);
	w->row.issuer = w->issuer;
	jwks_world_set_discovery(w, w->issuer, "http://192.0.2.1/keys");
	jwks_fetch_set_conf(w->jf, &w->conf);
	jwks_world_wait_until(w, jwks_world_has_failed_twice);
	assert_int_equal(fake_http_hits(w->idp, DISCOVERY), 1);
	assert_true(jwks_world_has_no_keys(w));
}

static void s19_redirects_are_not_followed(void **state)
{
	struct jwks_world *w = *state;

	w->keys_status = 302;
	w->extra = "Location: /elsewhere\r\n";
	jwks_world_start(w, &jwks_world_patient);
	jwks_world_wait_until(w, jwks_world_has_failed);
	assert_int_equal(fake_http_hits(w->idp, "/keys"), 1);
	assert_int_equal(fake_http_hits(w->idp, "/elsewhere"), 0);
}

static void s19_answer_over_1_mib_is_refused(void **state)
{
	struct jwks_world *w = *state;

	free(w->keys);
	w->keys = mem_alloc(JWKS_MAX_BYTES + 2, 1);
	memset(w->keys, ' ', JWKS_MAX_BYTES + 1);
	jwks_world_start(w, &jwks_world_patient);
	jwks_world_wait_until(w, jwks_world_has_failed);
	assert_true(jwks_world_has_no_keys(w));
}

static void s19_rotation_is_seen_when_the_answer_is_stale(void **state)
{
	struct jwks_world *w = *state;

	jwks_world_start(w, &jwks_world_quick);
	jwks_world_wait_until(w, jwks_world_has_old_key);
	jwks_world_rotate(w);
	jwks_world_wait_until(w, jwks_world_has_new_key);
	assert_int_equal(jwks_world_verify(w, w->old_key, "old"), KEYSET_UNKNOWN_KEY);
}

static void unchanged_keys_publish_nothing(void **state)
{
	struct jwks_world *w = *state;

	jwks_world_start(w, &jwks_world_quick);
	jwks_world_wait_until(w, jwks_world_has_fetched_thrice);
	assert_int_equal(w->published, 2);
}

static void s19_max_age_shorter_than_the_limit_counts(void **state)
{
	struct jwks_timing timing = jwks_world_patient;
	struct jwks_world *w = *state;

	timing.fresh_min = 50;
	w->extra = "Cache-Control: public, max-age=0\r\n";
	jwks_world_start(w, &timing);
	jwks_world_wait_until(w, jwks_world_has_fetched_thrice);
}

static void s19_keys_outlive_an_outage(void **state)
{
	struct jwks_world *w = *state;

	jwks_world_start(w, &jwks_world_quick);
	jwks_world_wait_until(w, jwks_world_has_old_key);
	w->keys_status = 503;
	jwks_world_wait_until(w, jwks_world_has_failed_thrice);
	assert_true(jwks_world_has_old_key(w));
	assert_int_equal(w->published, 2);
	w->keys_status = 200;
	jwks_world_rotate(w);
	jwks_world_wait_until(w, jwks_world_has_new_key);
}

static void s19_keys_are_dropped_when_the_outage_lasts(void **state)
{
	struct jwks_timing timing = jwks_world_quick;
	struct jwks_world *w = *state;

	timing.stale = 400;
	jwks_world_start(w, &timing);
	jwks_world_wait_until(w, jwks_world_has_old_key);
	fake_http_down(w->idp, true);
	jwks_world_wait_until(w, jwks_world_has_no_keys);
	fake_http_down(w->idp, false);
	jwks_world_wait_until(w, jwks_world_has_old_key);
}

struct question {
	struct jwks_waiter waiter;
	unsigned answered;
	bool fetched;
};

static void on_answer(struct jwks_waiter *waiter, bool fetched)
{
	struct question *question = (struct question *)waiter;

	question->answered++;
	question->fetched = fetched;
}

static struct question asked[50];

static void ask(struct jwks_world *w, size_t i)
{
	asked[i] = (struct question){.waiter = {.done = on_answer}};
	jwks_fetch_unknown_kid(w->jf, w->issuer, &asked[i].waiter);
}

static bool first_is_answered(struct jwks_world *w)
{
	(void)w;
	return asked[0].answered;
}

static void s19_unknown_kid_fetches_once_for_all_who_ask(void **state)
{
	struct jwks_world *w = *state;

	jwks_world_start(w, &jwks_world_patient);
	jwks_world_wait_until(w, jwks_world_has_old_key);
	jwks_world_rotate(w);
	assert_int_equal(jwks_world_verify(w, w->new_key, "new"), KEYSET_UNKNOWN_KEY);
	for (size_t i = 0; i < ARRAY_LEN(asked); i++)
		ask(w, i);
	jwks_world_wait_until(w, first_is_answered);
	for (size_t i = 0; i < ARRAY_LEN(asked); i++)
		assert_true(asked[i].answered == 1 && asked[i].fetched);
	assert_true(jwks_world_has_new_key(w));
	assert_int_equal(fake_http_hits(w->idp, "/keys"), 2);
}

static void s19_unknown_kid_throttle_fails_closed(void **state)
{
	struct jwks_world *w = *state;
	int64_t begin;

	jwks_world_start(w, &jwks_world_patient);
	jwks_world_wait_until(w, jwks_world_has_old_key);
	begin = clock_mono_ms();
	ask(w, 0);
	jwks_world_wait_until(w, first_is_answered);
	ask(w, 0);
	/* A machine that stood still for so long proves nothing. */
	if (clock_mono_ms() - begin < jwks_world_patient.unknown_kid) {
		assert_int_equal(asked[0].answered, 1);
		assert_false(asked[0].fetched);
		assert_int_equal(fake_http_hits(w->idp, "/keys"), 2);
	}
	while (asked[0].answered && !asked[0].fetched) {
		assert_true(clock_mono_ms() - begin < PATIENCE_MS);
		ask(w, 0);
	}
	jwks_world_wait_until(w, first_is_answered);
	assert_int_equal(fake_http_hits(w->idp, "/keys"), 3);
}

static void unknown_issuer_is_answered_at_once(void **state)
{
	struct jwks_world *w = *state;

	jwks_world_start(w, &jwks_world_patient);
	asked[0] = (struct question){.waiter = {.done = on_answer}};
	jwks_fetch_unknown_kid(w->jf, "https://nobody.example/", &asked[0].waiter);
	assert_true(asked[0].answered == 1 && !asked[0].fetched);
}

static void waiters_are_told_when_it_ends(void **state)
{
	struct jwks_world *w = *state;

	fake_http_delay(w->idp, 60000);
	jwks_world_start(w, &jwks_world_patient);
	ask(w, 0);
	assert_int_equal(asked[0].answered, 0);
	jwks_fetch_free(w->jf);
	w->jf = NULL;
	assert_true(asked[0].answered == 1 && !asked[0].fetched);
	fake_http_delay(w->idp, 0);
}

static void reload_keeps_the_keys_of_issuers_that_stay(void **state)
{
	struct jwks_world *w = *state;

	jwks_world_start(w, &jwks_world_patient);
	jwks_world_wait_until(w, jwks_world_has_old_key);
	fake_http_down(w->idp, true);
	jwks_fetch_set_conf(w->jf, &w->conf);
	assert_int_equal(w->published, 3);
	assert_true(jwks_world_has_old_key(w));
	w->conf.bearer_count = 0;
	jwks_fetch_set_conf(w->jf, &w->conf);
	assert_int_equal(jwks_world_verify(w, w->old_key, "old"), KEYSET_BAD);
}

static void own_row_is_in_every_snapshot(void **state)
{
	static const char *const audiences[] = {"sparkgate"};
	struct jwks_world *w = *state;
	struct jwk *key = mint_public(w->new_key, "own");
	struct jwks *keys = jwks_of_key(key);
	struct keyset_issuer own = {
		.issuer = "http://127.0.0.1:8480/",
		.audiences = audiences,
		.audiences_count = 1,
		.algorithms = keyset_algorithm_bit(STR("ES256")),
		.keys = keys,
		.is_own = true,
		.is_for_bearer = true,
	};
	struct jwks_fetch_options options = {
		.base = w->base,
		.fetcher = w->fetcher,
		.own = &own,
		.publish = jwks_world_on_publish,
		.arg = w,
	};

	w->jf = jwks_fetch_new(&options, &w->conf);
	jwks_unref(keys);
	jwk_unref(key);
	assert_true(keyset_find(w->set, "http://127.0.0.1:8480/")->is_own);
	jwks_world_wait_until(w, jwks_world_has_old_key);
	assert_int_equal(jwks_count(keyset_find(w->set, "http://127.0.0.1:8480/")->keys), 1);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, jwks_world_make, jwks_world_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(keys_are_found_by_discovery),
		WORLD(configured_address_needs_no_discovery),
		WORLD(keys_are_asked_for_with_what_the_token_file_holds_now),
		WORLD(s19_discovered_issuer_is_byte_equal),
		WORLD(s19_discovered_keys_are_at_the_same_origin),
		WORLD(s19_plain_http_off_loopback_is_never_asked),
		WORLD(s19_redirects_are_not_followed),
		WORLD(s19_answer_over_1_mib_is_refused),
		WORLD(s19_rotation_is_seen_when_the_answer_is_stale),
		WORLD(unchanged_keys_publish_nothing),
		WORLD(s19_max_age_shorter_than_the_limit_counts),
		WORLD(s19_keys_outlive_an_outage),
		WORLD(s19_keys_are_dropped_when_the_outage_lasts),
		WORLD(s19_unknown_kid_fetches_once_for_all_who_ask),
		WORLD(s19_unknown_kid_throttle_fails_closed),
		WORLD(unknown_issuer_is_answered_at_once),
		WORLD(waiters_are_told_when_it_ends),
		WORLD(reload_keeps_the_keys_of_issuers_that_stay),
		WORLD(own_row_is_in_every_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
