#include "auth/service/service_state.h"

#include "auth/audit/audit_inbox.h"
#include "auth/oidc/throttle.h"
#include "auth/token/audit.h"
#include "base/clock.h"
#include "base/log/log.h"

#include <stdlib.h>

struct auth_service *service_ref(struct auth_service *service)
{
	atomic_fetch_add_explicit(&service->refs, 1, memory_order_relaxed);
	return service;
}

void service_unref(struct auth_service *service)
{
	if (atomic_fetch_sub_explicit(&service->refs, 1, memory_order_acq_rel) > 1)
		return;
	free(service->touches);
	throttle_free(service->codes);
	throttle_free(service->devices.guesses);
	device_pace_free(service->devices.pace);
	free(service);
}

/* --- what changes --- */

enum store_answer service_count(struct auth_service *service, enum store_answer answer)
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

void service_note_end(struct auth_service *service)
{
	atomic_store_explicit(&service->taken_away, note_doubt(service), memory_order_release);
}

void service_on_store_change(void *arg, enum store_change change)
{
	struct auth_service *service = arg;

	if (change == STORE_TAKEN_AWAY)
		service_note_end(service);
	else
		note_doubt(service);
}

/* Uses are worth knowing, not worth keeping requests for: what cannot be saved is dropped. */
void service_save_uses(struct auth_service *service)
{
	struct store *store = service->store;

	if (service->touches_count == 0)
		return;
	if (store->ops->touch(store, service->touches, service->touches_count) == -1)
		service_count(service, STORE_FAILED);
	service->touches_count = 0;
}

void service_save_audit(struct auth_service *service)
{
	if (audit_inbox_save(service->store) == -1)
		service_count(service, STORE_FAILED);
}

void service_note_use(struct auth_service *service, const struct store_touch *touch)
{
	if (service->touches_count == SERVICE_TOUCHES_MAX)
		service_save_uses(service);
	service->touches[service->touches_count++] = *touch;
}

void service_count_living(struct auth_service *service)
{
	struct store_counts counts = {0, 0, 0};
	struct store *store = service->store;

	service->counted = atomic_load(&service->generation);
	if (store->ops->count(store, clock_wall_s(), &counts) == -1) {
		service_count(service, STORE_FAILED);
		return;
	}
	atomic_store(&service->sessions, counts.sessions);
	atomic_store(&service->tokens_user, counts.tokens_user);
	atomic_store(&service->tokens_admin, counts.tokens_admin);
}

/* Other processes write too (the command line): their commits move SQLite's data version. */
static void poll_store(struct auth_service *service)
{
	enum store_answer answer =
		service_count(service, service->store->ops->poll(service->store));
	bool was_ready = atomic_exchange(&service->ready, answer != STORE_FAILED);

	/* What other processes wrote may have been an end. A shared store tells of ends by itself;
	 * there it means that the connection is new. */
	if (answer == STORE_FOUND && service->store->ops->is_shared)
		note_doubt(service);
	else if (answer == STORE_FOUND)
		service_note_end(service);
	if (was_ready && answer == STORE_FAILED)
		log_err("store", "the store is out of order");
	else if (!was_ready && answer != STORE_FAILED)
		log_info("store", "the store is in order");
}

void service_poll(struct auth_service *service)
{
	int64_t now = clock_mono_ms();

	if (now - service->polled_ms < SERVICE_TICK_MS / 2)
		return;
	service->polled_ms = now;
	poll_store(service);
}

/* --- tokens --- */

static void on_token_event(void *arg, enum token_event event)
{
	struct auth_service *service = arg;

	if (event == TOKEN_STORE_FAILED)
		service_count(service, STORE_FAILED);
	else if (event == TOKEN_CHANGED)
		service_note_end(service);
	else
		service->counted = UINT64_MAX; /* none: count again */
}

const struct token_desk *auth_service_tokens(struct auth_service *service)
{
	audit_come_from(NULL, NULL);
	service->tokens = (struct token_desk){.store = service->store,
		.conf = service->conf,
		.signer = service->signer,
		.keys = service->keys,
		.issuer = service->issuer,
		.force_hint = "set force=true",
		.on_event = on_token_event,
		.arg = service};
	return &service->tokens;
}

const struct device_desk *auth_service_devices(struct auth_service *service)
{
	service->devices.tokens = auth_service_tokens(service);
	return &service->devices;
}

const struct session_desk *auth_service_sessions(struct auth_service *service)
{
	service->signed_in = (struct session_desk){auth_service_tokens(service), service->ring};
	return &service->signed_in;
}

void auth_service_save_audit(struct auth_service *service)
{
	service_save_audit(service);
}
