/* Keys of issuers over a real connection: discovery, rotation, outages and the throttle (S19). */
#include "auth/jwks_fetch.h"

#include "base/clock.h"
#include "tests/support/fake_http.h"
#include "tests/support/mint.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define DISCOVERY "/realm/.well-known/openid-configuration"
enum { PATIENCE_MS = 10000 };

/* A provider and what we know of it. The handler runs on the provider's thread. */
struct world {
	struct event_base *base;
	struct fetcher *fetcher;
	struct jwks_fetch *jf;
	struct keyset *set;
	unsigned published;
	struct fake_http *idp;
	struct mint_key *old_key, *new_key;
	char issuer[64];
	char *algorithms[2], *audience[1];
	struct conf_bearer row;
	struct conf conf;
	char *keys;		 /* the document at /keys */
	const char *extra;	 /* its header lines */
	_Atomic int keys_status; /* of /keys */
};

static const struct jwks_timing quick = {
	.fresh_min = 50,
	.fresh_max = 200,
	.retry_min = 50,
	.retry_max = 100,
	.unknown_kid = 60000,
	.stale = 60000,
	.timeout = 5000,
};
static const struct jwks_timing patient = {
	.fresh_min = 60000,
	.fresh_max = 60000,
	.retry_min = 60000,
	.retry_max = 60000,
	.unknown_kid = 300,
	.stale = 60000,
	.timeout = 5000,
};

static bool answer(void *arg, const struct fake_request *request, struct fake_answer *out)
{
	struct world *w = arg;

	if (strcmp(request->path, "/keys") != 0)
		return false;
	out->status = w->keys_status;
	out->type = "application/json";
	out->extra = w->extra;
	sbuf_puts(&out->body, w->keys);
	return true;
}

static void on_publish(struct keyset *set, void *arg)
{
	struct world *w = arg;

	keyset_unref(w->set);
	w->set = set;
	w->published++;
}

static char *keys_of(const struct mint_key *key, const char *kid)
{
	char *jwk = mint_jwk(key, kid, NULL);
	char *text = mem_printf("{\"keys\":[%s]}", jwk);

	free(jwk);
	return text;
}

static void set_discovery(struct world *w, const char *issuer, const char *jwks_uri)
{
	char *text = mem_printf("{\"issuer\":\"%s\",\"jwks_uri\":\"%s\"}", issuer, jwks_uri);

	fake_http_set(w->idp, DISCOVERY, 200, "application/json", text);
	free(text);
}

static void own_uri(const struct world *w, const char *path, char out[static 128])
{
	snprintf(out, 128, "http://127.0.0.1:%u%s", fake_http_port(w->idp), path);
}

static int make_world(void **state)
{
	struct world *w = mem_alloc(1, sizeof *w);
	char uri[128];

	w->base = event_base_new();
	w->fetcher = fetcher_new(w->base);
	w->old_key = mint_key_new(ES256);
	w->new_key = mint_key_new(ES256);
	w->keys = keys_of(w->old_key, "old");
	w->extra = "";
	w->keys_status = 200;
	w->idp = fake_http_start("127.0.0.1");
	fake_http_handle(w->idp, answer, w);
	snprintf(w->issuer, sizeof w->issuer, "http://127.0.0.1:%u/realm", fake_http_port(w->idp));
	own_uri(w, "/keys", uri);
	set_discovery(w, w->issuer, uri);
	w->algorithms[0] = mem_strdup("ES256");
	w->audience[0] = mem_strdup("spark");
	w->row = (struct conf_bearer){
		.issuer = w->issuer,
		.algorithms = {w->algorithms, 1},
		.audience = {w->audience, 1},
	};
	w->conf.bearer = &w->row;
	w->conf.bearer_count = 1;
	*state = w;
	return 0;
}

static int drop_world(void **state)
{
	struct world *w = *state;

	jwks_fetch_free(w->jf);
	fetcher_free(w->fetcher);
	event_base_free(w->base);
	fake_http_stop(w->idp);
	keyset_unref(w->set);
	mint_key_free(w->old_key);
	mint_key_free(w->new_key);
	free(w->algorithms[0]);
	free(w->audience[0]);
	free(w->keys);
	free(w);
	return 0;
}

static void start(struct world *w, const struct jwks_timing *timing)
{
	struct jwks_fetch_options options = {
		.base = w->base,
		.fetcher = w->fetcher,
		.timing = timing,
		.publish = on_publish,
		.arg = w,
	};

	w->jf = jwks_fetch_new(&options, &w->conf);
	assert_int_equal(w->published, 1);
}

/* Runs the loop until `is_so`; fails the test when it never is. */
static void wait_until(struct world *w, bool (*is_so)(struct world *w))
{
	int64_t end = clock_mono_ms() + PATIENCE_MS;
	struct timeval slice = {.tv_usec = 5000};

	while (!is_so(w)) {
		assert_true(clock_mono_ms() < end);
		event_base_loopexit(w->base, &slice);
		event_base_dispatch(w->base);
	}
}

static enum keyset_verdict verify(struct world *w, const struct mint_key *key, const char *kid)
{
	char *token = mint_access_token(key, kid, w->issuer, "spark", clock_wall_s(), NULL);
	struct jwt_claims claims;
	enum keyset_verdict verdict =
		keyset_verify(w->set, str_of(token), clock_wall_s(), &claims, NULL, NULL);

	jwt_clear(&claims);
	free(token);
	return verdict;
}

static bool has_old_key(struct world *w)
{
	return verify(w, w->old_key, "old") == KEYSET_OK;
}

static bool has_new_key(struct world *w)
{
	return verify(w, w->new_key, "new") == KEYSET_OK;
}

static bool has_no_keys(struct world *w)
{
	return verify(w, w->old_key, "old") == KEYSET_NO_KEYS;
}

static bool has_failed(struct world *w)
{
	return jwks_fetch_counts(w->jf).failed > 0;
}

static bool has_failed_twice(struct world *w)
{
	return jwks_fetch_counts(w->jf).failed >= 2;
}

static bool has_failed_thrice(struct world *w)
{
	return jwks_fetch_counts(w->jf).failed >= 3;
}

static bool has_fetched_thrice(struct world *w)
{
	return jwks_fetch_counts(w->jf).ok >= 3;
}

/* Only between fetches that cannot overlap: the provider's thread reads these. */
static void rotate(struct world *w)
{
	fake_http_handle(w->idp, NULL, NULL);
	free(w->keys);
	w->keys = keys_of(w->new_key, "new");
	fake_http_handle(w->idp, answer, w);
}

static void keys_are_found_by_discovery(void **state)
{
	struct world *w = *state;

	start(w, &patient);
	assert_int_equal(verify(w, w->old_key, "old"), KEYSET_NO_KEYS);
	wait_until(w, has_old_key);
	assert_int_equal(w->published, 2);
	assert_int_equal(keyset_generation(w->set), 2);
	assert_int_equal(fake_http_hits(w->idp, DISCOVERY), 1);
	assert_int_equal(fake_http_hits(w->idp, "/keys"), 1);
}

static void configured_address_needs_no_discovery(void **state)
{
	struct world *w = *state;
	char uri[128];

	own_uri(w, "/keys", uri);
	w->row.jwks_url = uri;
	start(w, &patient);
	wait_until(w, has_old_key);
	assert_int_equal(fake_http_hits(w->idp, DISCOVERY), 0);
	jwks_fetch_free(w->jf);
	w->jf = NULL;
}

static void s19_discovered_issuer_is_byte_equal(void **state)
{
	struct world *w = *state;
	char uri[128], other[128];

	own_uri(w, "/keys", uri);
	snprintf(other, sizeof other, "%s/", w->issuer);
	set_discovery(w, other, uri);
	start(w, &patient);
	wait_until(w, has_failed);
	assert_int_equal(fake_http_hits(w->idp, "/keys"), 0);
	assert_int_equal(verify(w, w->old_key, "old"), KEYSET_NO_KEYS);
}

static void s19_discovered_keys_are_at_the_same_origin(void **state)
{
	struct world *w = *state;
	struct fake_http *other = fake_http_start("127.0.0.1");
	char uri[128];

	fake_http_set(other, "/keys", 200, "application/json", w->keys);
	snprintf(uri, sizeof uri, "http://127.0.0.1:%u/keys", fake_http_port(other));
	set_discovery(w, w->issuer, uri);
	start(w, &patient);
	wait_until(w, has_failed);
	assert_int_equal(fake_http_hits(other, "/keys"), 0);
	fake_http_stop(other);
}

static void s19_plain_http_off_loopback_is_never_asked(void **state)
{
	struct world *w = *state;

	w->row.issuer = (char[]){"http://192.0.2.1/realm"};
	start(w, &patient);
	wait_until(w, has_failed);
	w->row.issuer = w->issuer;
	set_discovery(w, w->issuer, "http://192.0.2.1/keys");
	jwks_fetch_set_conf(w->jf, &w->conf);
	wait_until(w, has_failed_twice);
	assert_int_equal(fake_http_hits(w->idp, DISCOVERY), 1);
	assert_true(has_no_keys(w));
}

static void s19_redirects_are_not_followed(void **state)
{
	struct world *w = *state;

	w->keys_status = 302;
	w->extra = "Location: /elsewhere\r\n";
	start(w, &patient);
	wait_until(w, has_failed);
	assert_int_equal(fake_http_hits(w->idp, "/keys"), 1);
	assert_int_equal(fake_http_hits(w->idp, "/elsewhere"), 0);
}

static void s19_answer_over_1_mib_is_refused(void **state)
{
	struct world *w = *state;

	free(w->keys);
	w->keys = mem_alloc(JWKS_MAX_BYTES + 2, 1);
	memset(w->keys, ' ', JWKS_MAX_BYTES + 1);
	start(w, &patient);
	wait_until(w, has_failed);
	assert_true(has_no_keys(w));
}

static void s19_rotation_is_seen_when_the_answer_is_stale(void **state)
{
	struct world *w = *state;

	start(w, &quick);
	wait_until(w, has_old_key);
	rotate(w);
	wait_until(w, has_new_key);
	assert_int_equal(verify(w, w->old_key, "old"), KEYSET_UNKNOWN_KEY);
}

static void unchanged_keys_publish_nothing(void **state)
{
	struct world *w = *state;

	start(w, &quick);
	wait_until(w, has_fetched_thrice);
	assert_int_equal(w->published, 2);
}

static void s19_max_age_shorter_than_the_limit_counts(void **state)
{
	struct jwks_timing timing = patient;
	struct world *w = *state;

	timing.fresh_min = 50;
	w->extra = "Cache-Control: public, max-age=0\r\n";
	start(w, &timing);
	wait_until(w, has_fetched_thrice);
}

static void s19_keys_outlive_an_outage(void **state)
{
	struct world *w = *state;

	start(w, &quick);
	wait_until(w, has_old_key);
	w->keys_status = 503;
	wait_until(w, has_failed_thrice);
	assert_true(has_old_key(w));
	assert_int_equal(w->published, 2);
	w->keys_status = 200;
	rotate(w);
	wait_until(w, has_new_key);
}

static void s19_keys_are_dropped_when_the_outage_lasts(void **state)
{
	struct jwks_timing timing = quick;
	struct world *w = *state;

	timing.stale = 400;
	start(w, &timing);
	wait_until(w, has_old_key);
	fake_http_down(w->idp, true);
	wait_until(w, has_no_keys);
	fake_http_down(w->idp, false);
	wait_until(w, has_old_key);
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

static void ask(struct world *w, size_t i)
{
	asked[i] = (struct question){.waiter = {.done = on_answer}};
	jwks_fetch_unknown_kid(w->jf, w->issuer, &asked[i].waiter);
}

static bool first_is_answered(struct world *w)
{
	(void)w;
	return asked[0].answered;
}

static void s19_unknown_kid_fetches_once_for_all_who_ask(void **state)
{
	struct world *w = *state;

	start(w, &patient);
	wait_until(w, has_old_key);
	rotate(w);
	assert_int_equal(verify(w, w->new_key, "new"), KEYSET_UNKNOWN_KEY);
	for (size_t i = 0; i < ARRAY_LEN(asked); i++)
		ask(w, i);
	wait_until(w, first_is_answered);
	for (size_t i = 0; i < ARRAY_LEN(asked); i++)
		assert_true(asked[i].answered == 1 && asked[i].fetched);
	assert_true(has_new_key(w));
	assert_int_equal(fake_http_hits(w->idp, "/keys"), 2);
}

static void s19_unknown_kid_throttle_fails_closed(void **state)
{
	struct world *w = *state;
	int64_t begin;

	start(w, &patient);
	wait_until(w, has_old_key);
	begin = clock_mono_ms();
	ask(w, 0);
	wait_until(w, first_is_answered);
	ask(w, 0);
	/* A machine that stood still for so long proves nothing. */
	if (clock_mono_ms() - begin < patient.unknown_kid) {
		assert_int_equal(asked[0].answered, 1);
		assert_false(asked[0].fetched);
		assert_int_equal(fake_http_hits(w->idp, "/keys"), 2);
	}
	while (asked[0].answered && !asked[0].fetched) {
		assert_true(clock_mono_ms() - begin < PATIENCE_MS);
		ask(w, 0);
	}
	wait_until(w, first_is_answered);
	assert_int_equal(fake_http_hits(w->idp, "/keys"), 3);
}

static void unknown_issuer_is_answered_at_once(void **state)
{
	struct world *w = *state;

	start(w, &patient);
	asked[0] = (struct question){.waiter = {.done = on_answer}};
	jwks_fetch_unknown_kid(w->jf, "https://nobody.example/", &asked[0].waiter);
	assert_true(asked[0].answered == 1 && !asked[0].fetched);
}

static void waiters_are_told_when_it_ends(void **state)
{
	struct world *w = *state;

	fake_http_delay(w->idp, 60000);
	start(w, &patient);
	ask(w, 0);
	assert_int_equal(asked[0].answered, 0);
	jwks_fetch_free(w->jf);
	w->jf = NULL;
	assert_true(asked[0].answered == 1 && !asked[0].fetched);
	fake_http_delay(w->idp, 0);
}

static void reload_keeps_the_keys_of_issuers_that_stay(void **state)
{
	struct world *w = *state;

	start(w, &patient);
	wait_until(w, has_old_key);
	fake_http_down(w->idp, true);
	jwks_fetch_set_conf(w->jf, &w->conf);
	assert_int_equal(w->published, 3);
	assert_true(has_old_key(w));
	w->conf.bearer_count = 0;
	jwks_fetch_set_conf(w->jf, &w->conf);
	assert_int_equal(verify(w, w->old_key, "old"), KEYSET_BAD);
}

static void own_row_is_in_every_snapshot(void **state)
{
	static const char *const audiences[] = {"sparkgate"};
	struct world *w = *state;
	struct jwk *key = mint_public(w->new_key, "own");
	struct jwks *keys = jwks_of_key(key);
	struct keyset_issuer own = {
		.issuer = "http://127.0.0.1:8480/",
		.audiences = audiences,
		.audiences_count = 1,
		.algorithms = keyset_algorithm_bit(STR("ES256")),
		.keys = keys,
		.is_own = true,
	};
	struct jwks_fetch_options options = {
		.base = w->base,
		.fetcher = w->fetcher,
		.own = &own,
		.publish = on_publish,
		.arg = w,
	};

	w->jf = jwks_fetch_new(&options, &w->conf);
	jwks_unref(keys);
	jwk_unref(key);
	assert_true(keyset_find(w->set, "http://127.0.0.1:8480/")->is_own);
	wait_until(w, has_old_key);
	assert_int_equal(jwks_count(keyset_find(w->set, "http://127.0.0.1:8480/")->keys), 1);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(keys_are_found_by_discovery),
		WORLD(configured_address_needs_no_discovery),
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
