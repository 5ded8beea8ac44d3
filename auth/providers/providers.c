#include "auth/providers/providers.h"

#include "conf/providers.h"

#include <stdatomic.h>
#include <stdlib.h>

struct entry {
	struct providers *owner;
	char *issuer;
	struct oidc *oidc;
	struct oidc_provider *known; /* NULL: not yet */
	struct claim_watch claims;
	struct provider_counts counts;
};

struct providers {
	struct providers_options options;
	struct conf *conf;
	struct entry **at; /* in the order of conf->oidc */
	size_t count;
};

/* --- what everybody reads --- */

struct provider_list *providers_list(const struct providers *providers)
{
	struct provider_list *list =
		mem_alloc(1, sizeof *list + providers->count * sizeof *list->at);

	atomic_init(&list->refs, 1);
	list->count = providers->count;
	for (size_t i = 0; i < list->count; i++) {
		struct oidc_provider *known = providers->at[i]->known;

		list->at[i] = known ? oidc_provider_ref(known) : NULL;
	}
	return list;
}

struct provider_list *provider_list_ref(struct provider_list *list)
{
	atomic_fetch_add_explicit(&list->refs, 1, memory_order_relaxed);
	return list;
}

void provider_list_unref(struct provider_list *list)
{
	if (list == NULL || atomic_fetch_sub_explicit(&list->refs, 1, memory_order_acq_rel) > 1)
		return;
	for (size_t i = 0; i < list->count; i++)
		oidc_provider_unref(list->at[i]);
	free(list);
}

const struct oidc_provider *provider_list_find(const struct provider_list *list, const char *issuer)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->at[i] && strcmp(list->at[i]->issuer, issuer) == 0)
			return list->at[i];
	}
	return NULL;
}

/* --- one provider --- */

static void on_published(struct oidc_provider *provider, void *arg)
{
	struct entry *entry = arg;
	const struct providers_options *options = &entry->owner->options;

	oidc_provider_unref(entry->known);
	entry->known = provider;
	options->changed(options->arg, provider ? entry->issuer : NULL);
}

static const struct keyset *newest_keys(void *arg)
{
	const struct providers_options *options = &((struct entry *)arg)->owner->options;

	return options->keys(options->arg);
}

static void refetch_keys(void *arg, const char *issuer, struct jwks_waiter *waiter)
{
	const struct providers_options *options = &((struct entry *)arg)->owner->options;

	options->refetch(options->arg, issuer, waiter);
}

static struct entry *entry_new(struct providers *owner, const struct conf_oidc *row)
{
	struct entry *entry = mem_alloc(1, sizeof *entry);
	const struct oidc_options options = {.base = owner->options.base,
		.fetcher = owner->options.fetcher,
		.publish = on_published,
		.keys = newest_keys,
		.refetch = refetch_keys,
		.arg = entry};

	entry->owner = owner;
	entry->issuer = mem_strdup(row->issuer);
	entry->oidc = oidc_new(&options, owner->conf, row);
	return entry;
}

static void entry_free(struct entry *entry)
{
	oidc_free(entry->oidc);
	oidc_provider_unref(entry->known);
	free(entry->issuer);
	free(entry);
}

/* --- all of them --- */

static struct entry *find_entry(const struct providers *providers, const char *issuer)
{
	for (size_t i = 0; i < providers->count; i++) {
		if (strcmp(providers->at[i]->issuer, issuer) == 0)
			return providers->at[i];
	}
	return NULL;
}

/* Takes an entry of this issuer out of `old`; NULL: it has none. */
static struct entry *take_entry(struct entry **old, size_t count, const char *issuer)
{
	for (size_t i = 0; i < count; i++) {
		struct entry *entry = old[i];

		if (entry == NULL || strcmp(entry->issuer, issuer) != 0)
			continue;
		old[i] = NULL;
		return entry;
	}
	return NULL;
}

static const char *claim_of(const struct conf *conf, const char *issuer)
{
	return conf_roles_claim(conf, conf_provider_of(conf, str_of(issuer)));
}

/* Another claim is looked for from now on. */
static void renew_watch(struct entry *entry, const struct conf *was, const struct conf *is)
{
	if (!str_eq(str_of(claim_of(was, entry->issuer)), str_of(claim_of(is, entry->issuer))))
		claim_watch_reset(&entry->claims);
}

void providers_set_conf(struct providers *providers, const struct conf *conf)
{
	struct entry **old = providers->at;
	struct conf *was = providers->conf;
	size_t old_count = providers->count;

	providers->conf = conf_share(conf);
	providers->at = mem_alloc(conf->oidc_count + 1, sizeof *providers->at);
	providers->count = 0; /* what is published on the way has those that are there */
	for (size_t i = 0; i < conf->oidc_count; i++) {
		const struct conf_oidc *row = &conf->oidc[i];
		struct entry *entry = take_entry(old, old_count, row->issuer);

		providers->at[i] = entry ? entry : entry_new(providers, row);
		providers->count++;
		if (entry) {
			renew_watch(entry, was, conf);
			oidc_set_conf(entry->oidc, conf, row);
		}
	}
	for (size_t i = 0; i < old_count; i++) {
		if (old[i])
			entry_free(old[i]);
	}
	free(old);
	conf_unref(was);
	providers->options.changed(providers->options.arg, NULL);
}

struct providers *providers_new(const struct providers_options *options, const struct conf *conf)
{
	struct providers *providers = mem_alloc(1, sizeof *providers);

	providers->options = *options;
	providers->conf = conf_share(conf);
	providers->at = mem_alloc(conf->oidc_count + 1, sizeof *providers->at);
	for (size_t i = 0; i < conf->oidc_count; i++) {
		providers->at[i] = entry_new(providers, &conf->oidc[i]);
		providers->count++;
	}
	return providers;
}

void providers_free(struct providers *providers)
{
	if (providers == NULL)
		return;
	for (size_t i = 0; i < providers->count; i++)
		entry_free(providers->at[i]);
	free(providers->at);
	conf_unref(providers->conf);
	free(providers);
}

struct oidc *providers_find(const struct providers *providers, const char *issuer)
{
	struct entry *entry = find_entry(providers, issuer);

	return entry ? entry->oidc : NULL;
}

bool providers_knows(const struct providers *providers, const char *issuer)
{
	const struct entry *entry = find_entry(providers, issuer);

	return entry && entry->known;
}

struct provider_counts providers_counts(const struct providers *providers, const char *issuer)
{
	const struct entry *entry = find_entry(providers, issuer);

	return entry ? entry->counts : (struct provider_counts){0, 0};
}

void providers_note(struct providers *providers, const char *issuer, const struct oidc_grant *grant)
{
	struct entry *entry = find_entry(providers, issuer);

	if (entry == NULL) /* a reload has taken it away since */
		return;
	if (grant->answer == OIDC_OK) {
		claim_watch_note(&entry->claims, grant->seen);
		entry->counts.ok++;
	} else {
		entry->counts.refused++;
	}
}

void providers_tick(struct providers *providers, int64_t now_ms)
{
	for (size_t i = 0; i < providers->count; i++) {
		struct entry *entry = providers->at[i];

		claim_watch_tick(&entry->claims,
			&(struct claim_watched){claim_of(providers->conf, entry->issuer),
				conf_provider_name(&providers->conf->oidc[i])},
			now_ms);
	}
}
