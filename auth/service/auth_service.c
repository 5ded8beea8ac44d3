/* The process's half of the service: store, keys, provider, and the keeper's clock. */
#include "auth/service/auth_int.h"

#include "auth/backends/store_open.h"
#include "auth/token/issue.h"
#include "auth/session/sign_in_link.h"
#include "auth/token/signing_key.h"
#include "auth/store/store_id.h"
#include "base/clock.h"
#include "base/log/log.h"
#include "base/rnd.h"

#include <event2/event.h>
#include <stdlib.h>

enum {
	TICK_MS = 250,
	FLUSH_TICKS = 4,
	RECOUNT_TICKS = 40,
	PURGE_TICKS = 240,
	PURGE_US = 20 * 1000
};

/* --- rules --- */

static void rules_free(void *value)
{
	struct auth_rules *rules = value;

	conf_unref(rules->conf);
	keyset_unref(rules->keys);
	keyring_unref(rules->ring);
	oidc_provider_unref(rules->provider);
	free(rules);
}

static void publish_rules(struct auth_service *service)
{
	struct auth_rules *rules = mem_alloc(1, sizeof *rules);

	rules->conf = conf_ref(service->conf);
	rules->keys = keyset_ref(service->keys);
	rules->ring = keyring_ref(service->ring);
	rules->provider = service->provider ? oidc_provider_ref(service->provider) : NULL;
	rules->generation = ++service->rules_generation;
	memcpy(rules->issuer, service->issuer, sizeof rules->issuer);
	share_publish(service->rules, rules);
}

static void on_keys(struct keyset *set, void *arg)
{
	struct auth_service *service = arg;

	keyset_unref(service->keys);
	service->keys = set;
	publish_rules(service);
}

static void show_provider(struct auth_service *service)
{
	enum auth_provider state = AUTH_PROVIDER_NONE;

	if (service->conf->oidc.issuer)
		state = service->provider ? AUTH_PROVIDER_READY : AUTH_PROVIDER_SILENT;
	atomic_store(&service->provider_state, state);
}

static void on_provider(struct oidc_provider *provider, void *arg)
{
	struct auth_service *service = arg;

	oidc_provider_unref(service->provider);
	service->provider = provider;
	show_provider(service);
	if (service->keys) /* else the first key set publishes */
		publish_rules(service);
}

static const struct keyset *newest_keys(void *arg)
{
	const struct auth_service *service = arg;

	return service->keys;
}

static void refetch_keys(void *arg, const char *issuer, struct jwks_waiter *waiter)
{
	struct auth_service *service = arg;

	jwks_fetch_unknown_kid(service->jwks, issuer, waiter);
}

/* --- the keeper's clock --- */

static int note(struct auth_service *service, int result)
{
	if (result == -1)
		atomic_fetch_add(&service->store_errors, 1);
	return result;
}

enum store_answer auth_service_count(struct auth_service *service, enum store_answer answer)
{
	if (answer == STORE_FAILED)
		atomic_fetch_add(&service->store_errors, 1);
	return answer;
}

/* What is cached is to be read again. */
static uint64_t note_doubt(struct auth_service *service)
{
	return atomic_fetch_add_explicit(&service->generation, 1, memory_order_release) + 1;
}

void auth_service_note_end(struct auth_service *service)
{
	atomic_store_explicit(&service->taken_away, note_doubt(service), memory_order_release);
}

static void on_store_change(void *arg, enum store_change change)
{
	struct auth_service *service = arg;

	if (change == STORE_TAKEN_AWAY)
		auth_service_note_end(service);
	else
		note_doubt(service);
}

/* Uses are worth knowing, not worth keeping requests for: what cannot be saved is dropped. */
void auth_service_flush(struct auth_service *service)
{
	if (service->touches_count == 0)
		return;
	note(service, service->store->ops->touch(
			      service->store, service->touches, service->touches_count));
	service->touches_count = 0;
}

static void count_living(struct auth_service *service)
{
	struct store_counts counts = {0, 0, 0};
	struct store *store = service->store;

	service->counted = atomic_load(&service->generation);
	if (note(service, store->ops->count(store, clock_wall_s(), &counts)) == -1)
		return;
	atomic_store(&service->sessions, counts.sessions);
	atomic_store(&service->tokens_user, counts.tokens_user);
	atomic_store(&service->tokens_admin, counts.tokens_admin);
}

/* Other processes write too (the command line): their commits move SQLite's data version. */
static void poll_store(struct auth_service *service)
{
	enum store_answer answer = service->store->ops->poll(service->store);
	bool was_ready = atomic_exchange(&service->ready, answer != STORE_FAILED);

	note(service, answer == STORE_FAILED ? -1 : 0);
	/* What other processes wrote may have been an end. A shared store tells of ends by itself;
	 * there it means that the connection is new. */
	if (answer == STORE_FOUND && service->store->ops->is_shared)
		note_doubt(service);
	else if (answer == STORE_FOUND)
		auth_service_note_end(service);
	if (was_ready && answer == STORE_FAILED)
		log_err("store", "the store is out of order");
	else if (!was_ready && answer != STORE_FAILED)
		log_info("store", "the store is in order");
}

void auth_service_poll(struct auth_service *service)
{
	int64_t now = clock_mono_ms();

	if (now - service->polled_ms < TICK_MS / 2)
		return;
	service->polled_ms = now;
	poll_store(service);
}

/* A month's tokens may end together: some of each tick is given to them until they are gone. */
static void purge(struct auth_service *service)
{
	struct store *store = service->store;
	int64_t until = clock_mono_us() + PURGE_US;
	enum store_answer answer;

	do {
		answer = store->ops->purge(store, service->conf, clock_wall_s());
	} while (answer == STORE_FOUND && clock_mono_us() < until);
	service->is_purging = auth_service_count(service, answer) == STORE_FOUND;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct auth_service *service = arg;
	struct jwks_fetch_counts counts = jwks_fetch_counts(service->jwks);
	unsigned tick = ++service->ticks;

	(void)fd;
	(void)what;
	atomic_store(&service->jwks_ok, counts.ok);
	atomic_store(&service->jwks_failed, counts.failed);
	auth_service_poll(service);
	if (tick % FLUSH_TICKS == 0)
		auth_service_flush(service);
	if (service->is_purging || tick % PURGE_TICKS == 1)
		purge(service);
	if (tick % RECOUNT_TICKS == 0 || service->counted != atomic_load(&service->generation))
		count_living(service);
}

static void start_tick(struct auth_service *service, struct event_base *base)
{
	const struct timeval every = {0, TICK_MS * 1000};

	service->tick = event_new(base, -1, EV_PERSIST, on_tick, service);
	if (service->tick == NULL || event_add(service->tick, &every) == -1)
		abort();
}

/* --- tokens --- */

static void on_token_event(void *arg, enum token_event event)
{
	struct auth_service *service = arg;

	if (event == TOKEN_STORE_FAILED)
		auth_service_count(service, STORE_FAILED);
	else if (event == TOKEN_CHANGED)
		auth_service_note_end(service);
	else
		service->counted = UINT64_MAX; /* none: count again */
}

const struct token_desk *auth_service_tokens(struct auth_service *service)
{
	service->tokens = (struct token_desk){.store = service->store,
		.conf = service->conf,
		.signer = service->signer,
		.keys = service->keys,
		.issuer = service->issuer,
		.force_hint = "ask with force=true",
		.on_event = on_token_event,
		.arg = service};
	return &service->tokens;
}

/* --- life --- */

struct auth_service *auth_service_ref(struct auth_service *service)
{
	atomic_fetch_add_explicit(&service->refs, 1, memory_order_relaxed);
	return service;
}

void auth_service_unref(struct auth_service *service)
{
	if (atomic_fetch_sub_explicit(&service->refs, 1, memory_order_acq_rel) > 1)
		return;
	free(service->touches);
	throttle_free(service->codes);
	free(service);
}

static int open_store(struct auth_service *service, const struct conf *conf, struct err *err)
{
	if (issue_own_issuer(conf, service->issuer, err) == -1)
		return -1;
	service->store = store_open(conf, err);
	if (service->store == NULL)
		return -1;
	/* For the command line, which may be told no more than the folder. */
	if (service->store->ops->meta_set(service->store, "issuer", service->issuer) == -1)
		return err_set(err, "the store cannot be written");
	service->ring = keyring_open(conf, service->store, err);
	if (service->ring)
		service->signer = signing_key_open(conf, service->store, service->ring, err);
	return service->signer ? 0 : -1;
}

static void start_keys(
	struct auth_service *service, struct event_base *base, struct fetcher *fetcher)
{
	static const char *const audience[] = {SIGNER_AUDIENCE};
	struct jwks *keys = jwks_of_key(signer_key(service->signer));
	const struct keyset_issuer own = {
		.issuer = service->issuer,
		.audiences = audience,
		.audiences_count = ARRAY_LEN(audience),
		.algorithms = 1u << ES256,
		.keys = keys,
		.fetched_at = clock_wall_s(),
		.is_own = true,
		.is_for_bearer = true,
	};
	const struct jwks_fetch_options options = {
		.base = base, .fetcher = fetcher, .own = &own, .publish = on_keys, .arg = service};

	service->jwks = jwks_fetch_new(&options, service->conf);
	jwks_unref(keys);
}

static void start_provider(
	struct auth_service *service, struct event_base *base, struct fetcher *fetcher)
{
	const struct oidc_options options = {.base = base,
		.fetcher = fetcher,
		.publish = on_provider,
		.keys = newest_keys,
		.refetch = refetch_keys,
		.arg = service};

	service->oidc = oidc_new(&options, service->conf);
	service->introspector = introspector_new(base, fetcher, service->conf);
	service->codes = throttle_new();
	show_provider(service);
}

struct auth_service *auth_service_new(const struct conf *conf, struct event_base *keeper_base,
	struct inbox *keeper, struct fetcher *fetcher, struct err *err)
{
	struct auth_service *service = mem_alloc(1, sizeof *service);

	atomic_init(&service->refs, 1);
	atomic_init(&service->ready, true);
	service->base = keeper_base;
	service->keeper = keeper;
	service->conf = conf_share(conf);
	TAILQ_INIT(&service->refreshes);
	rnd_bytes(service->holder, sizeof service->holder);
	service->rules = share_slot_new(rules_free);
	service->touches = mem_alloc(AUTH_TOUCHES_MAX, sizeof *service->touches);
	if (open_store(service, conf, err) == -1) {
		auth_service_free(service);
		return NULL;
	}
	start_provider(service, keeper_base, fetcher);
	start_keys(service, keeper_base, fetcher);
	if (service->store->ops->watch && service->store->ops->watch(service->store, keeper_base,
						  on_store_change, service) == -1)
		log_warn("store", "changes of other gateways are not told");
	count_living(service);
	poll_store(service);
	start_tick(service, keeper_base);
	return service;
}

void auth_service_free(struct auth_service *service)
{
	if (service == NULL)
		return;
	if (service->tick)
		event_free(service->tick);
	service->closed = true; /* requests under way come back unanswered */
	auth_refresh_close(service);
	oidc_free(service->oidc);
	introspector_free(service->introspector);
	if (service->jwks)
		jwks_fetch_free(service->jwks);
	if (service->store) {
		auth_service_flush(service);
		service->store->ops->close(service->store);
	}
	signer_free(service->signer);
	share_slot_free(service->rules);
	keyset_unref(service->keys);
	keyring_unref(service->ring);
	oidc_provider_unref(service->provider);
	conf_unref(service->conf);
	auth_service_unref(service);
}

/* The second key of the ring is how one is replaced: a reload takes both. */
static void renew_ring(struct auth_service *service)
{
	struct err err = {""};
	struct keyring *ring;

	if (service->conf->store_kind == CONF_STORE_MEMORY && !service->conf->session_key.value)
		return; /* made up at the start, and nowhere else */
	ring = keyring_open(service->conf, service->store, &err);

	if (ring == NULL) {
		log_err("reload", "the old session keys stay: %s", err.text);
		return;
	}
	keyring_unref(service->ring);
	service->ring = ring;
}

void auth_service_set_conf(struct auth_service *service, const struct conf *conf)
{
	struct conf *old = service->conf;

	service->conf = conf_share(conf);
	renew_ring(service);
	oidc_set_conf(service->oidc, conf);
	introspector_set_conf(service->introspector, conf);
	show_provider(service);
	jwks_fetch_set_conf(service->jwks, conf); /* publishes */
	auth_service_note_end(service); /* limits may be others: sessions are read again */
	conf_unref(old);
}

/* --- questions --- */

struct store *auth_service_store(struct auth_service *service)
{
	return service->store;
}

const struct conf *auth_service_conf(const struct auth_service *service)
{
	return service->conf;
}

char *auth_service_first_link(struct auth_service *service)
{
	unsigned char hash[DIGEST_LEN];
	struct store *store = service->store;
	int64_t now = clock_wall_s();

	if (service->conf->bearer_count > 0 || service->conf->oidc.issuer)
		return NULL; /* people have accounts to sign in with */
	if (store->ops->has_admin(store, now) != STORE_NONE)
		return NULL;
	char *url = sign_in_link_new(service->conf, hash);
	if (note(service, store->ops->link_add(store, hash, now, now + LINK_SECONDS)) == 0)
		return url;
	secret_free(url);
	return NULL;
}

int auth_service_store_id(struct auth_service *service, char *out, struct err *err)
{
	return store_id(service->conf, service->store, out, err);
}

bool auth_service_is_ready(const struct auth_service *service)
{
	return atomic_load(&service->ready);
}

struct auth_health auth_service_health(const struct auth_service *service)
{
	return (struct auth_health){
		.store = auth_service_is_ready(service),
		.provider = (enum auth_provider)atomic_load(&service->provider_state),
	};
}

const char *auth_service_jwks(const struct auth_service *service)
{
	return signer_jwks(service->signer);
}

struct auth_gauges auth_service_gauges(struct auth_service *service)
{
	return (struct auth_gauges){
		.sessions = atomic_load(&service->sessions),
		.tokens_user = atomic_load(&service->tokens_user),
		.tokens_admin = atomic_load(&service->tokens_admin),
		.store_errors = atomic_load(&service->store_errors),
		.jwks_ok = atomic_load(&service->jwks_ok),
		.jwks_failed = atomic_load(&service->jwks_failed),
		.refreshes_ok = atomic_load(&service->refreshes_ok),
		.refreshes_failed = atomic_load(&service->refreshes_failed),
	};
}
