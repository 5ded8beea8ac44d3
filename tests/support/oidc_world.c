#include "tests/support/oidc_world.h"

#include "base/clock.h"
#include "tests/support/scratch.h"

#include <event2/event.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10000 };

static const struct jwks_timing keys_timing = {
	.fresh_min = 60000,
	.fresh_max = 60000,
	.retry_min = 20,
	.retry_max = 50,
	.unknown_kid = 60000,
	.unknown_most = 1,
	.stale = 60000,
	.timeout = 5000,
};
static const struct oidc_timing timing = {
	.retry_min = 10,
	.retry_max = 50,
	.fresh = 60000,
	.timeout = 5000,
};

/* --- the provider --- */

static const char metadata[] = "{\"issuer\":\"%s\",\"jwks_uri\":\"%s/keys\","
			       "\"authorization_endpoint\":\"%s/authorize\","
			       "\"token_endpoint\":\"%s/token\","
			       "\"userinfo_endpoint\":\"%s/userinfo\","
			       "\"id_token_signing_alg_values_supported\":[\"RS256\",\"ES256\"],"
			       "\"response_types_supported\":[\"code\"]}";

void oidc_world_publish(struct oidc_world *w, const char *more)
{
	const char *is = w->issuer;
	char *usual = mem_printf(metadata, is, is, is, is, is), *given = mem_printf("{%s}", more);
	json_t *document = json_loads(usual, 0, NULL), *changes = json_loads(given, 0, NULL);

	assert_int_equal(json_object_update(document, changes), 0);
	char *text = json_dumps(document, 0);
	fake_http_set(w->idp, OIDC_WORLD_METADATA, 200, "application/json", text);
	free(text);
	json_decref(changes);
	json_decref(document);
	free(given);
	free(usual);
}

void oidc_world_publish_keys(struct oidc_world *w, char *one, char *two)
{
	char *text = mem_printf("{\"keys\":[%s%s%s]}", one, two ? "," : "", two ? two : "");

	fake_http_set(w->idp, "/realm/keys", 200, "application/json", text);
	free(text);
	free(one);
	free(two);
}

void oidc_world_rotate(struct oidc_world *w)
{
	oidc_world_publish_keys(w, mint_jwk(w->new_key, "two", NULL), NULL);
}

static void add_member(struct sbuf *json, const char *name, const char *said, const char *usual)
{
	const char *value = said ? said : usual;

	if (value[0])
		sbuf_printf(json, "%s\"%s\":%s", json->len > 1 ? "," : "", name, value);
}

char *oidc_world_id_token(const struct oidc_world *w, const struct said *said)
{
	char *iss = mem_printf("\"%s\"", w->issuer);
	char *iat = mem_printf("%lld", (long long)clock_wall_s());
	char *exp = mem_printf("%lld", (long long)clock_wall_s() + 300);
	struct sbuf json;

	sbuf_init(&json, 65536);
	sbuf_puts(&json, "{");
	add_member(&json, "iss", said->iss, iss);
	add_member(&json, "sub", said->sub, "\"ann\"");
	add_member(&json, "aud", said->aud, "\"gate\"");
	add_member(&json, "iat", said->iat, iat);
	add_member(&json, "exp", said->exp, exp);
	add_member(&json, "nonce", said->nonce, "\"" OIDC_WORLD_NONCE "\"");
	sbuf_printf(&json, "%s}", said->more ? said->more : "");
	char *token = mint_token(said->key ? said->key : w->key,
		said->header ? said->header : "{\"alg\":\"ES256\",\"kid\":\"one\"}", json.at);
	sbuf_clear(&json);
	free(exp);
	free(iat);
	free(iss);
	return token;
}

void oidc_world_answer(struct oidc_world *w, char *id_token, const char *access, const char *more)
{
	char *text = mem_printf("{\"access_token\":\"%s\",\"token_type\":\"Bearer\"%s%s%s%s}",
		access, id_token ? ",\"id_token\":\"" : "", id_token ? id_token : "",
		id_token ? "\"" : "", more ? more : "");

	fake_http_set(w->idp, "/realm/token", 200, "application/json", text);
	free(text);
	free(id_token);
}

void oidc_world_userinfo(struct oidc_world *w, const char *json)
{
	fake_http_set(w->idp, "/realm/userinfo", 200, "application/json;charset=UTF-8", json);
}

/* --- life --- */

static const char yaml[] = "server: {listen: 127.0.0.1:8480, public_url: http://127.0.0.1:8480/}\n"
			   "clusters: [{name: local, masters: [http://127.0.0.1:8080]}]\n"
			   "store: sqlite:%s/state.db\n"
			   "auth:\n"
			   "  oidc: {issuer: %s, client_id: gate%s}\n"
			   "  roles: {claim: groups, admin: [boss], user: [dev]}\n";

static struct conf *make_conf(const struct oidc_world *w, const char *more)
{
	char *text = mem_printf(yaml, w->folder, w->issuer, more);
	char *file = scratch_write(w->folder, "sparkgate.yaml", text);
	struct err err = {""};
	struct conf *conf = conf_load(file, &err);

	if (conf == NULL)
		fail_msg("%s", err.text);
	free(file);
	free(text);
	return conf;
}

static struct oidc_world *make(void)
{
	struct oidc_world *w = mem_alloc(1, sizeof *w);

	w->base = event_base_new();
	w->fetcher = fetcher_new(w->base);
	w->folder = scratch_new();
	w->idp = fake_http_start("127.0.0.1");
	w->issuer = mem_printf("http://127.0.0.1:%u/realm", fake_http_port(w->idp));
	w->key = mint_key_new(ES256);
	w->new_key = mint_key_new(ES256);
	oidc_world_publish(w, "");
	oidc_world_publish_keys(w, mint_jwk(w->key, "one", NULL), NULL);
	oidc_world_userinfo(w, "{\"sub\":\"ann\"}");
	return w;
}

int oidc_world_make(void **state)
{
	struct oidc_world *w = make();

	w->conf = make_conf(w, "");
	*state = w;
	return 0;
}

int oidc_world_make_with_secret(void **state)
{
	struct oidc_world *w = make();
	char *file = scratch_write(w->folder, "secret", "a:b %+&c\n");
	char *more = mem_printf(", client_secret_file: %s", file);

	assert_int_equal(chmod(file, 0600), 0);
	w->conf = make_conf(w, more);
	free(more);
	free(file);
	*state = w;
	return 0;
}

int oidc_world_make_with_groups(void **state)
{
	struct oidc_world *w = make();

	w->graph = fake_http_start("127.0.0.1");
	char *more = mem_printf(", groups: {endpoint: 'http://127.0.0.1:%u" OIDC_WORLD_MEMBERS "'}",
		fake_http_port(w->graph));
	w->conf = make_conf(w, more);
	free(more);
	*state = w;
	return 0;
}

int oidc_world_drop(void **state)
{
	struct oidc_world *w = *state;

	oidc_free(w->oidc);
	jwks_fetch_free(w->jwks);
	oidc_provider_unref(w->provider);
	keyset_unref(w->keys);
	fetcher_free(w->fetcher);
	event_base_free(w->base);
	fake_http_stop(w->idp);
	if (w->graph)
		fake_http_stop(w->graph);
	conf_unref(w->conf);
	mint_key_free(w->key);
	mint_key_free(w->new_key);
	scratch_free(w->folder);
	free(w->issuer);
	free(w);
	return 0;
}

static void on_keys(struct keyset *keys, void *arg)
{
	struct oidc_world *w = arg;

	keyset_unref(w->keys);
	w->keys = keys;
}

static void on_provider(struct oidc_provider *provider, void *arg)
{
	struct oidc_world *w = arg;

	oidc_provider_unref(w->provider);
	w->provider = provider;
	w->published++;
}

static const struct keyset *borrow_keys(void *arg)
{
	return ((struct oidc_world *)arg)->keys;
}

static void refetch(void *arg, const char *issuer, struct jwks_waiter *waiter)
{
	jwks_fetch_unknown_kid(((struct oidc_world *)arg)->jwks, issuer, waiter);
}

void oidc_world_start(struct oidc_world *w)
{
	const struct jwks_fetch_options keys = {.base = w->base,
		.fetcher = w->fetcher,
		.timing = &keys_timing,
		.publish = on_keys,
		.arg = w};
	const struct oidc_options options = {.base = w->base,
		.fetcher = w->fetcher,
		.timing = &timing,
		.publish = on_provider,
		.keys = borrow_keys,
		.refetch = refetch,
		.arg = w};

	w->jwks = jwks_fetch_new(&keys, w->conf);
	w->oidc = oidc_new(&options, w->conf, w->conf->oidc);
}

/* --- asking --- */

void oidc_world_turn(struct oidc_world *w)
{
	struct timeval slice = {.tv_usec = 2000};

	event_base_loopexit(w->base, &slice);
	event_base_dispatch(w->base);
}

static void turn(struct oidc_world *w, int64_t end)
{
	assert_true(clock_mono_ms() < end);
	oidc_world_turn(w);
}

void oidc_world_wait_until(struct oidc_world *w, bool (*is_so)(struct oidc_world *w))
{
	int64_t end = clock_mono_ms() + PATIENCE_MS;

	while (!is_so(w))
		turn(w, end);
}

static bool is_ready(struct oidc_world *w)
{
	const struct keyset_issuer *row = keyset_find(w->keys, w->issuer);

	return w->provider && row && row->keys;
}

void oidc_world_await(struct oidc_world *w)
{
	oidc_world_wait_until(w, is_ready);
}

void oidc_world_begin(struct oidc_world *w)
{
	oidc_world_start(w);
	oidc_world_await(w);
}

void oidc_world_expect(struct granted got, enum oidc_outcome want)
{
	if (got.answer != want)
		fail_msg("answer %d: %s", (int)got.answer, got.reason);
}

void oidc_world_on_grant(void *arg, const struct oidc_grant *grant)
{
	struct granted *got = arg;

	assert_false(got->is_done);
	*got = (struct granted){.is_done = true,
		.answer = grant->answer,
		.has_id_token = grant->id_token.len > 0,
		.role = grant->role,
		.has_role = grant->has_role,
		.is_whole = grant->is_whole,
		.refresh_at = grant->refresh_at};
	if (grant->seen)
		got->seen = *grant->seen;
	snprintf(got->reason, sizeof got->reason, "%s", grant->reason);
	(void)str_copy(grant->subject, got->subject, sizeof got->subject);
	(void)str_copy(grant->name, got->name, sizeof got->name);
	(void)str_copy(grant->sid, got->sid, sizeof got->sid);
	(void)str_copy(grant->refresh_token, got->refresh_token, sizeof got->refresh_token);
}

static void finish(struct oidc_world *w, const struct granted *got)
{
	int64_t end = clock_mono_ms() + PATIENCE_MS;

	while (!got->is_done)
		turn(w, end);
}

struct granted oidc_world_exchange(struct oidc_world *w)
{
	struct granted got = {.is_done = false};

	oidc_exchange(w->oidc, AUTH_SITE_PUBLIC, "c0de+/=", "the-verifier", OIDC_WORLD_NONCE,
		oidc_world_on_grant, &got);
	finish(w, &got);
	return got;
}

struct granted oidc_world_refresh(struct oidc_world *w, const char *token, const char *subject)
{
	struct granted got = {.is_done = false};
	const struct oidc_person person = {.subject = subject, .places = w->places};

	oidc_refresh(w->oidc, token, &person, oidc_world_on_grant, &got);
	finish(w, &got);
	return got;
}

struct granted oidc_world_sign_in(struct oidc_world *w, const struct said *said)
{
	oidc_world_answer(w, oidc_world_id_token(w, said), "opaque", NULL);
	return oidc_world_exchange(w);
}
