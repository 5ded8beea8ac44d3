#include "proxy/discovery/known/owner_batch.h"

#include "base/clock.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/known/known_ui.h"

#include <assert.h>
#include <event2/event.h>

enum { RETRY_S = 1 };

void owner_batch_add(struct owner_batch *b, struct app *a, const char *key, const char *claim)
{
	struct store_owner *o = &b->owners[b->count];

	assert(b->count < OWNERS_AT_ONCE);
	memset(o, 0, sizeof *o);
	digest_sha256(str_of(key), o->key);
	o->is_claim = claim != NULL;
	if (claim && !str_copy(str_of(claim), o->name, sizeof o->name))
		return;
	b->apps[b->count++] = a;
}

bool owner_batch_any_due(const struct cluster *c, const struct owner_asking *asking)
{
	int64_t now = clock_mono_ms();

	for (struct known_ui *ui = c->known[KNOWN_UI_APP]; ui; ui = ui->hh.next) {
		if (asking->is_due((struct app *)ui, now))
			return true;
	}
	return false;
}

void owner_batch_fill(struct owner_batch *b, struct cluster *c, const struct owner_asking *asking)
{
	int64_t now = clock_mono_ms();

	for (struct known_ui *ui = c->known[KNOWN_UI_APP]; ui && b->count < OWNERS_AT_ONCE;
		ui = ui->hh.next) {
		if (asking->is_due((struct app *)ui, now))
			asking->add(b, (struct app *)ui);
	}
}

bool owner_is_namespace(const struct app *a)
{
	return !a->is_masters && a->owner && a->owner[0];
}

/* Without a store, as in tests, it is settled for this process. */
static int ask_store(struct discovery *d, struct store_owner *owners, size_t count)
{
	if (d->store)
		return d->store->ops->owners(d->store, owners, count, clock_wall_s());
	for (size_t i = 0; i < count; i++)
		owners[i].is_settled = owners[i].is_claim;
	return 0;
}

bool owner_batch_ask(struct discovery *d, struct owner_batch *b)
{
	const struct timeval later = {RETRY_S, 0};

	if (b->count == 0 || ask_store(d, b->owners, b->count) == 0)
		return true;
	event_add(d->claim_timer, &later);
	return false;
}
