/* The process's half of the service: store, keys, provider, and the keeper's clock. */
#include "auth/service/service_state.h"

#include "auth/audit/audit_inbox.h"
#include "auth/backends/store_open.h"
#include "auth/issuers/introspect.h"
#include "auth/issuers/jwks_fetch.h"
#include "auth/oidc/throttle.h"
#include "auth/service/auth_session_refresh.h"
#include "auth/session/sign_in_link.h"
#include "auth/token/signing_key.h"
#include "auth/store/store_id.h"
#include "base/clock.h"
#include "base/log/log.h"
#include "base/rnd.h"
#include "conf/providers.h"

#include <event2/event.h>
#include <stdlib.h>

enum { FLUSH_TICKS = 4, RECOUNT_TICKS = 40, PURGE_TICKS = 240, PURGE_US = 20 * 1000 };

/* --- rules --- */

static void rules_free(void *value)
{
	struct auth_rules *rules = value;

	conf_unref(rules->conf);
	keyset_unref(rules->keys);
	keyring_unref(rules->ring);
	provider_list_unref(rules->providers);
	free(rules);
}

static void publish_rules(struct auth_service *service)
{
	struct auth_rules *rules = mem_alloc(1, sizeof *rules);

	rules->conf = conf_ref(service->conf);
	rules->keys = keyset_ref(service->keys);
	rules->ring = keyring_ref(service->ring);
	rules->providers = providers_list(service->providers);
	rules->generation = ++service->rules_generation;
	memcpy(rules->issuer, service->issuer, sizeof rules->issuer);
	share_publish(service->rules, rules);
}

/* Nobody can sign in there, and no token of the provider is judged, before its keys are there. */
static bool knows_provider(const struct auth_service *service, const char *issuer)
{
	const struct keyset_issuer *keys =
		service->keys ? keyset_find(service->keys, issuer) : NULL;

	return providers_knows(service->providers, issuer) && keys && keys->keys;
}

static void show_providers(struct auth_service *service)
{
	const struct conf *conf = service->conf;
	enum auth_provider state = conf->oidc_count ? AUTH_PROVIDER_READY : AUTH_PROVIDER_NONE;

	for (size_t i = 0; i < conf->oidc_count; i++) {
		if (!knows_provider(service, conf->oidc[i].issuer))
			state = AUTH_PROVIDER_SILENT;
	}
	atomic_store(&service->provider_state, state);
}

static void on_key_set(struct keyset *set, void *arg)
{
	struct auth_service *service = arg;

	keyset_unref(service->keys);
	service->keys = set;
	publish_rules(service);
	show_providers(service);
}

static void on_provider(void *arg, const char *issuer)
{
	struct auth_service *service = arg;

	if (service->keys) /* else the first key set publishes */
		publish_rules(service);
	show_providers(service); /* what is said to be ready is in the rules already */
	if (issuer)		 /* it answers: its keys need not wait for the next attempt */
		jwks_fetch_missing(service->jwks, issuer);
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

/* A month's tokens may end together: some of each tick is given to them until they are gone. */
static void purge_store(struct auth_service *service)
{
	struct store *store = service->store;
	int64_t until = clock_mono_us() + PURGE_US;
	enum store_answer answer;

	do {
		answer = store->ops->purge(store, service->conf, clock_wall_s());
	} while (answer == STORE_FOUND && clock_mono_us() < until);
	service->is_purging = service_count(service, answer) == STORE_FOUND;
}

static void on_service_tick(evutil_socket_t fd, short what, void *arg)
{
	struct auth_service *service = arg;
	struct jwks_fetch_counts counts = jwks_fetch_counts(service->jwks);
	unsigned tick = ++service->ticks;

	(void)fd;
	(void)what;
	atomic_store(&service->jwks_ok, counts.ok);
	atomic_store(&service->jwks_failed, counts.failed);
	service_poll(service);
	if (auth_service_is_ready(service))
		service_save_audit(service);
	providers_tick(service->providers, clock_mono_ms());
	if (tick % FLUSH_TICKS == 0)
		service_save_uses(service);
	if (service->is_purging || tick % PURGE_TICKS == 1)
		purge_store(service);
	if (tick % RECOUNT_TICKS == 0 || service->counted != atomic_load(&service->generation))
		service_count_living(service);
}

static void start_tick(struct auth_service *service, struct event_base *base)
{
	const struct timeval every = {0, SERVICE_TICK_MS * 1000};

	service->tick = event_new(base, -1, EV_PERSIST, on_service_tick, service);
	if (service->tick == NULL || event_add(service->tick, &every) == -1)
		abort();
}

/* --- life --- */

static int open_service_store(
	struct auth_service *service, const struct conf *conf, struct err *err)
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
	const struct jwks_fetch_options options = {.base = base,
		.fetcher = fetcher,
		.own = &own,
		.publish = on_key_set,
		.arg = service};

	service->jwks = jwks_fetch_new(&options, service->conf);
	jwks_unref(keys);
}

static void start_providers(
	struct auth_service *service, struct event_base *base, struct fetcher *fetcher)
{
	const struct providers_options options = {.base = base,
		.fetcher = fetcher,
		.changed = on_provider,
		.keys = newest_keys,
		.refetch = refetch_keys,
		.arg = service};

	service->providers = providers_new(&options, service->conf);
	service->introspector = introspector_new(base, fetcher, service->conf);
	service->codes = throttle_new();
	service->devices =
		(struct device_desk){.guesses = throttle_new(), .pace = device_pace_new()};
	show_providers(service);
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
	service->touches = mem_alloc(SERVICE_TOUCHES_MAX, sizeof *service->touches);
	if (open_service_store(service, conf, err) == -1) {
		auth_service_free(service);
		return NULL;
	}
	audit_inbox_open();
	start_providers(service, keeper_base, fetcher);
	start_keys(service, keeper_base, fetcher);
	if (service->store->ops->watch && service->store->ops->watch(service->store, keeper_base,
						  service_on_store_change, service) == -1)
		log_warn("store", "changes of other gateways are not told");
	service_count_living(service);
	service_poll(service);
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
	auth_session_refresh_close(service);
	providers_free(service->providers);
	introspector_free(service->introspector);
	if (service->jwks)
		jwks_fetch_free(service->jwks);
	if (service->store) {
		service_save_uses(service);
		service_save_audit(service);
		audit_inbox_close();
		service->store->ops->close(service->store);
	}
	signer_free(service->signer);
	share_slot_free(service->rules);
	keyset_unref(service->keys);
	keyring_unref(service->ring);
	conf_unref(service->conf);
	service_unref(service);
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
	providers_set_conf(service->providers, conf); /* publishes */
	introspector_set_conf(service->introspector, conf);
	show_providers(service);
	jwks_fetch_set_conf(service->jwks, conf); /* publishes */
	service_note_end(service); /* limits and roles may be others: sessions are read again */
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

	if (service->conf->bearer_count > 0 || service->conf->oidc_count > 0)
		return NULL; /* people have accounts to sign in with */
	if (store->ops->has_admin(store, now) != STORE_NONE)
		return NULL;
	char *url = sign_in_link_new(service->conf, hash);
	if (store->ops->link_add(store, hash, now, now + LINK_SECONDS) == 0)
		return url;
	service_count(service, STORE_FAILED);
	secret_free(url);
	return NULL;
}

int auth_service_store_id(struct auth_service *service, char *out, struct err *err)
{
	return store_id(service->conf, service->store, out, err);
}

bool auth_service_is_settled(const struct auth_service *service)
{
	const struct conf *conf = service->conf;

	if (atomic_load(&service->provider_state) == AUTH_PROVIDER_SILENT)
		return false;
	for (size_t i = 0; i < conf->bearer_count; i++) {
		const struct conf_bearer *row = &conf->bearer[i];
		const struct keyset_issuer *issuer =
			service->keys ? keyset_find(service->keys, row->issuer) : NULL;
		if (!row->has_introspection && (issuer == NULL || issuer->keys == NULL))
			return false;
	}
	return true;
}

bool auth_service_is_ready(const struct auth_service *service)
{
	return atomic_load(&service->ready);
}

struct auth_health auth_service_health(const struct auth_service *service)
{
	struct auth_health health = {
		.store = auth_service_is_ready(service),
		.provider = (enum auth_provider)atomic_load(&service->provider_state),
		.count = service->conf->oidc_count,
	};

	for (size_t i = 0; i < health.count; i++) {
		const struct conf_oidc *row = &service->conf->oidc[i];
		struct provider_counts counts = providers_counts(service->providers, row->issuer);

		health.providers[i].name = conf_provider_name(row);
		health.providers[i].is_up = knows_provider(service, row->issuer);
		health.providers[i].sign_ins = counts.ok;
		health.providers[i].refused = counts.refused;
	}
	return health;
}

const char *auth_service_jwks(const struct auth_service *service)
{
	return signer_jwks(service->signer);
}

struct auth_gauges auth_service_gauges(struct auth_service *service)
{
	struct audit_inbox_counts lost = audit_inbox_lost();

	return (struct auth_gauges){
		.sessions = atomic_load(&service->sessions),
		.tokens_user = atomic_load(&service->tokens_user),
		.tokens_admin = atomic_load(&service->tokens_admin),
		.store_errors = atomic_load(&service->store_errors),
		.jwks_ok = atomic_load(&service->jwks_ok),
		.jwks_failed = atomic_load(&service->jwks_failed),
		.refreshes_ok = atomic_load(&service->refreshes_ok),
		.refreshes_failed = atomic_load(&service->refreshes_failed),
		.audit_lost = lost.full,
		.audit_strangers = lost.strangers,
	};
}
