#include "tests/support/jwks_world.h"

#include "base/clock.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

const struct jwks_timing jwks_world_quick = {
	.fresh_min = 50,
	.fresh_max = 200,
	.retry_min = 50,
	.retry_max = 100,
	.unknown_kid = 60000,
	.unknown_most = 1,
	.stale = 60000,
	.timeout = 5000,
};
const struct jwks_timing jwks_world_patient = {
	.fresh_min = 60000,
	.fresh_max = 60000,
	.retry_min = 60000,
	.retry_max = 60000,
	.unknown_kid = 300,
	.unknown_most = 1,
	.stale = 60000,
	.timeout = 5000,
};

static bool answer(void *arg, const struct fake_request *request, struct fake_answer *out)
{
	struct jwks_world *w = arg;

	if (strcmp(request->path, "/keys") != 0)
		return false;
	out->status = w->keys_status;
	out->type = "application/json";
	out->extra = w->extra;
	sbuf_puts(&out->body, w->keys);
	return true;
}

void jwks_world_on_publish(struct keyset *set, void *arg)
{
	struct jwks_world *w = arg;

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

void jwks_world_set_discovery(struct jwks_world *w, const char *issuer, const char *jwks_uri)
{
	char *text = mem_printf("{\"issuer\":\"%s\",\"jwks_uri\":\"%s\"}", issuer, jwks_uri);

	fake_http_set(w->idp, JWKS_WORLD_DISCOVERY, 200, "application/json", text);
	free(text);
}

void jwks_world_own_uri(const struct jwks_world *w, const char *path, char out[static 128])
{
	snprintf(out, 128, "http://127.0.0.1:%u%s", fake_http_port(w->idp), path);
}

int jwks_world_make(void **state)
{
	struct jwks_world *w = mem_alloc(1, sizeof *w);
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
	jwks_world_own_uri(w, "/keys", uri);
	jwks_world_set_discovery(w, w->issuer, uri);
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

int jwks_world_drop(void **state)
{
	struct jwks_world *w = *state;

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

void jwks_world_start(struct jwks_world *w, const struct jwks_timing *timing)
{
	struct jwks_fetch_options options = {
		.base = w->base,
		.fetcher = w->fetcher,
		.timing = timing,
		.publish = jwks_world_on_publish,
		.arg = w,
	};

	w->jf = jwks_fetch_new(&options, &w->conf);
	assert_int_equal(w->published, 1);
}

/* Runs the loop until `is_so`; fails the test when it never is. */
void jwks_world_wait_until(struct jwks_world *w, bool (*is_so)(struct jwks_world *w))
{
	int64_t end = clock_mono_ms() + PATIENCE_MS;
	struct timeval slice = {.tv_usec = 5000};

	while (!is_so(w)) {
		assert_true(clock_mono_ms() < end);
		event_base_loopexit(w->base, &slice);
		event_base_dispatch(w->base);
	}
}

enum keyset_verdict jwks_world_verify(
	struct jwks_world *w, const struct mint_key *key, const char *kid)
{
	char *token = mint_access_token(key, kid, w->issuer, "spark", clock_wall_s(), NULL);
	struct jwt_claims claims;
	enum keyset_verdict verdict =
		keyset_verify(w->set, str_of(token), clock_wall_s(), &claims, NULL, NULL);

	jwt_clear(&claims);
	free(token);
	return verdict;
}

bool jwks_world_has_old_key(struct jwks_world *w)
{
	return jwks_world_verify(w, w->old_key, "old") == KEYSET_OK;
}

bool jwks_world_has_new_key(struct jwks_world *w)
{
	return jwks_world_verify(w, w->new_key, "new") == KEYSET_OK;
}

bool jwks_world_has_no_keys(struct jwks_world *w)
{
	return jwks_world_verify(w, w->old_key, "old") == KEYSET_NO_KEYS;
}

bool jwks_world_has_failed(struct jwks_world *w)
{
	return jwks_fetch_counts(w->jf).failed > 0;
}

bool jwks_world_has_failed_twice(struct jwks_world *w)
{
	return jwks_fetch_counts(w->jf).failed >= 2;
}

bool jwks_world_has_failed_thrice(struct jwks_world *w)
{
	return jwks_fetch_counts(w->jf).failed >= 3;
}

bool jwks_world_has_fetched_thrice(struct jwks_world *w)
{
	return jwks_fetch_counts(w->jf).ok >= 3;
}

/* Only between fetches that cannot overlap: the provider's thread reads these. */
void jwks_world_rotate(struct jwks_world *w)
{
	fake_http_handle(w->idp, NULL, NULL);
	free(w->keys);
	w->keys = keys_of(w->new_key, "new");
	fake_http_handle(w->idp, answer, w);
}
