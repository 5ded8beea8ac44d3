#include "auth/issuers/jwks_fetch.h"

#include "auth/issuers/jwks_discovery.h"
#include "base/files/token_file.h"
#include "base/clock.h"
#include "base/log/log.h"
#include "base/mem.h"
#include "conf/providers.h"

#include <assert.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE };

const struct jwks_timing jwks_timing_default = {
	.fresh_min = MINUTE,
	.fresh_max = HOUR,
	.retry_min = 5 * 1000,
	.retry_max = MINUTE,
	.unknown_kid = 15 * 1000,
	.unknown_most = 4,
	.stale = 24 * (int64_t)HOUR,
	.timeout = 10 * 1000,
};

TAILQ_HEAD(waiter_list, jwks_waiter);

struct issuer { /* one row of auth.bearer, or an OpenID provider */
	struct jwks_fetch *owner;
	char *name;
	char *jwks_url;	  /* as configured; NULL: discovered */
	char *ca_file;	  /* or NULL */
	char *token_file; /* of a token that opens the key set (Kubernetes), or NULL */
	bool is_for_bearer;
	char **audiences;
	size_t audiences_count;
	uint32_t algorithms;

	struct jwks *keys;  /* NULL: none yet, or none any more */
	char *document;	    /* what `keys` was read from: an unchanged answer publishes nothing */
	int64_t fetched_at; /* wall seconds of the last good answer */
	int64_t good_at;    /* monotonic ms of the last good answer */
	unsigned spent;	    /* fetches for unknown kids that are not made good yet, */
	int64_t spent_at;   /* counted at this monotonic ms */
	int64_t retry;	    /* ms until the next try after a failure; 0: the last try was good */
	struct fetch *under_way;
	struct event *timer;
	struct waiter_list waiters;
};

struct jwks_fetch {
	struct event_base *base;
	struct fetcher *fetcher;
	struct jwks_timing timing;
	struct keyset_issuer own; /* keys shared, strings owned; issuer NULL: none */
	void (*publish)(struct keyset *set, void *arg);
	void *arg;
	struct issuer **issuers;
	size_t count;
	uint64_t generation;
	struct jwks_fetch_counts counts;
};

static void fetch_keys(struct issuer *issuer);

/* --- snapshots --- */

static void publish_keys(struct jwks_fetch *jf)
{
	struct keyset_issuer *rows = mem_alloc(jf->count + 1, sizeof *rows);
	size_t count = 0;

	if (jf->own.issuer)
		rows[count++] = jf->own;
	for (size_t i = 0; i < jf->count; i++) {
		const struct issuer *issuer = jf->issuers[i];

		rows[count++] = (struct keyset_issuer){
			.issuer = issuer->name,
			.audiences = (const char *const *)issuer->audiences,
			.audiences_count = issuer->audiences_count,
			.algorithms = issuer->algorithms,
			.keys = issuer->keys,
			.fetched_at = issuer->fetched_at,
			.is_for_bearer = issuer->is_for_bearer,
		};
	}
	jf->publish(keyset_new(++jf->generation, rows, count), jf->arg);
	free(rows);
}

/* --- the end of a fetch --- */

static void schedule(struct issuer *issuer, int64_t ms)
{
	struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_add(issuer->timer, &wait);
}

static void tell_waiters(struct issuer *issuer, bool fetched)
{
	struct waiter_list told;
	struct jwks_waiter *waiter;

	/* They may ask again from their callback: that is a new question. */
	TAILQ_INIT(&told);
	TAILQ_CONCAT(&told, &issuer->waiters, link);
	while ((waiter = TAILQ_FIRST(&told)) != NULL) {
		TAILQ_REMOVE(&told, waiter, link);
		waiter->done(waiter, fetched);
	}
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
	if (value < low)
		return low;
	return value > high ? high : value;
}

static int64_t fresh_for(const struct jwks_timing *timing, int64_t max_age_s)
{
	if (max_age_s < 0 || max_age_s > timing->fresh_max / 1000)
		return timing->fresh_max;
	return clamp(max_age_s * 1000, timing->fresh_min, timing->fresh_max);
}

static void succeed(struct issuer *issuer, struct jwks *keys, const struct fetch_result *result)
{
	bool changed = issuer->keys == NULL || !str_eq(str_of(issuer->document), result->body);

	issuer->owner->counts.ok++;
	issuer->fetched_at = clock_wall_s();
	issuer->good_at = clock_mono_ms();
	issuer->retry = 0;
	jwks_unref(issuer->keys);
	issuer->keys = keys;
	schedule(issuer, fresh_for(&issuer->owner->timing, result->max_age_s));
	if (changed) {
		free(issuer->document);
		issuer->document = mem_strndup(result->body.at, result->body.len);
		log_info("jwks", "issuer %s: %zu keys", issuer->name, jwks_count(keys));
		publish_keys(issuer->owner);
	}
	tell_waiters(issuer, true);
}

/* Keys outlive the provider for a day, and no longer: by then a withdrawn key must be dead. */
static void drop_stale_keys(struct issuer *issuer)
{
	if (issuer->keys == NULL || clock_mono_ms() - issuer->good_at < issuer->owner->timing.stale)
		return;
	log_err("jwks", "issuer %s: keys dropped, they are too old", issuer->name);
	jwks_unref(issuer->keys);
	issuer->keys = NULL;
	publish_keys(issuer->owner);
}

static void fail_fetch(struct issuer *issuer, const char *what, const char *why)
{
	const struct jwks_timing *timing = &issuer->owner->timing;

	issuer->owner->counts.failed++;
	issuer->retry = clamp(issuer->retry * 2, timing->retry_min, timing->retry_max);
	log_warn("jwks", "issuer %s: %s: %s", issuer->name, what, why);
	drop_stale_keys(issuer);
	schedule(issuer, issuer->retry);
	tell_waiters(issuer, false);
}

/* --- the two requests --- */

static struct fetch *get_keys(struct issuer *issuer, const char *url,
	void (*done)(const struct fetch_result *result, void *arg))
{
	char *line = issuer->token_file ? token_file_authorization(issuer->token_file) : NULL;
	/* RFC 7517 §8.5.2; a Kubernetes API server gives its keys as nothing else (406). */
	const char *const headers[] = {
		"Accept: application/jwk-set+json, application/json", line, NULL};
	struct fetch_request request = {
		.url = url,
		.headers = headers,
		.ca_file = issuer->ca_file,
		.timeout_ms = issuer->owner->timing.timeout,
		.max_bytes = JWKS_MAX_BYTES,
		.done = done,
		.arg = issuer,
	};

	struct fetch *started = fetch_start(issuer->owner->fetcher, &request);
	secret_free(line);
	return started;
}

static bool is_answer(struct issuer *issuer, const char *what, const struct fetch_result *result)
{
	char status[32];

	issuer->under_way = NULL;
	if (result->status == 200)
		return true;
	snprintf(status, sizeof status, "status %d", result->status);
	fail_fetch(issuer, what, result->status ? status : result->error);
	return false;
}

static void on_keys_answer(const struct fetch_result *result, void *arg)
{
	struct issuer *issuer = arg;
	struct err err;
	struct jwks *keys;

	if (!is_answer(issuer, "key set", result))
		return;
	keys = jwks_from_json(result->body, &err);
	if (keys)
		succeed(issuer, keys, result);
	else
		fail_fetch(issuer, "key set", err.text);
}

static void on_discovery(const struct fetch_result *result, void *arg)
{
	struct issuer *issuer = arg;
	struct err err;
	char *uri;

	if (!is_answer(issuer, "discovery", result))
		return;
	uri = jwks_discovery_read(issuer->name, result->body, &err);
	if (uri == NULL) {
		fail_fetch(issuer, "discovery", err.text);
		return;
	}
	issuer->under_way = get_keys(issuer, uri, on_keys_answer);
	free(uri);
}

static void fetch_keys(struct issuer *issuer)
{
	struct url url;
	struct err err;

	if (issuer->under_way)
		return;
	event_del(issuer->timer);
	if (jwks_discovery_url(issuer->jwks_url ? issuer->jwks_url : issuer->name, &url, &err) ==
		-1) {
		fail_fetch(issuer, "address", err.text);
		return;
	}
	if (issuer->jwks_url) {
		issuer->under_way = get_keys(issuer, issuer->jwks_url, on_keys_answer);
		return;
	}
	char *address = jwks_discovery_address(issuer->name);
	issuer->under_way = get_keys(issuer, address, on_discovery);
	free(address);
}

static void on_fetch_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fetch_keys(arg);
}

/* --- issuers --- */

static char **copy_names(const char *const *names, size_t count)
{
	char **copies = mem_alloc(count + 1, sizeof *copies);

	for (size_t i = 0; i < count; i++)
		copies[i] = mem_strdup(names[i]);
	return copies;
}

static void free_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

static struct issuer *issuer_new(
	struct jwks_fetch *jf, const char *name, const char *jwks_url, const char *ca_file)
{
	struct issuer *issuer = mem_alloc(1, sizeof *issuer);

	assert(name[0]);
	issuer->owner = jf;
	issuer->name = mem_strdup(name);
	issuer->jwks_url = mem_strdup(jwks_url);
	issuer->ca_file = mem_strdup(ca_file);
	TAILQ_INIT(&issuer->waiters);
	issuer->timer = evtimer_new(jf->base, on_fetch_timer, issuer);
	if (issuer->timer == NULL)
		abort();
	schedule(issuer, 0);
	return issuer;
}

static struct issuer *issuer_of_bearer(
	struct jwks_fetch *jf, const struct conf_bearer *row, const char *ca_file)
{
	struct issuer *issuer = issuer_new(jf, row->issuer, row->jwks_url, ca_file);

	issuer->is_for_bearer = true;
	issuer->token_file = mem_strdup(row->token_file);
	issuer->audiences = copy_names((const char *const *)row->audience.at, row->audience.count);
	issuer->audiences_count = row->audience.count;
	for (size_t i = 0; i < row->algorithms.count; i++)
		issuer->algorithms |= keyset_algorithm_bit(str_of(row->algorithms.at[i]));
	return issuer;
}

static void issuer_free(struct issuer *issuer)
{
	if (issuer->under_way)
		fetch_cancel(issuer->under_way);
	event_free(issuer->timer);
	tell_waiters(issuer, false);
	jwks_unref(issuer->keys);
	free_names(issuer->audiences, issuer->audiences_count);
	free(issuer->document);
	free(issuer->jwks_url);
	free(issuer->ca_file);
	free(issuer->token_file);
	free(issuer->name);
	free(issuer);
}

static struct issuer *find_issuer(struct issuer *const *issuers, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(issuers[i]->name, name) == 0)
			return issuers[i];
	}
	return NULL;
}

static bool is_same_address(const struct issuer *a, const struct issuer *b)
{
	return (a->jwks_url == NULL) == (b->jwks_url == NULL) &&
	       (a->jwks_url == NULL || strcmp(a->jwks_url, b->jwks_url) == 0);
}

/* A reload must not stop tokens until keys are fetched once more. */
static void inherit_keys(struct issuer *issuer, struct issuer *old)
{
	if (old == NULL || old->keys == NULL || !is_same_address(issuer, old))
		return;
	issuer->keys = jwks_ref(old->keys);
	issuer->document = mem_strdup(old->document);
	issuer->fetched_at = old->fetched_at;
	issuer->good_at = old->good_at;
	issuer->spent = old->spent;
	issuer->spent_at = old->spent_at;
}

/* The keys of who is only asked about its opaque tokens are not needed. */
static bool has_keys(const struct conf_bearer *row)
{
	return !row->has_introspection || row->jwks_url;
}

/* The rows of a configuration: one an issuer, whatever it is for. */
static size_t make_issuers(struct jwks_fetch *jf, const struct conf *conf, struct issuer **out)
{
	size_t count = 0;

	for (size_t i = 0; i < conf->bearer_count; i++) {
		const struct conf_bearer *row = &conf->bearer[i];
		const struct conf_oidc *oidc = conf_provider_of(conf, str_of(row->issuer));

		if (has_keys(row))
			out[count++] = issuer_of_bearer(jf, row,
				oidc && row->ca_file == NULL ? oidc->ca_file : row->ca_file);
	}
	for (size_t i = 0, bearers = count; i < conf->oidc_count; i++) {
		const struct conf_oidc *oidc = &conf->oidc[i];

		if (find_issuer(out, bearers, oidc->issuer) == NULL)
			out[count++] = issuer_new(jf, oidc->issuer, NULL, oidc->ca_file);
	}
	for (size_t i = 0; i < count; i++)
		inherit_keys(out[i], find_issuer(jf->issuers, jf->count, out[i]->name));
	return count;
}

void jwks_fetch_set_conf(struct jwks_fetch *jf, const struct conf *conf)
{
	struct issuer **issuers =
		mem_alloc(conf->bearer_count + conf->oidc_count + 1, sizeof *issuers);
	size_t count = make_issuers(jf, conf, issuers);
	struct issuer **old = jf->issuers;
	size_t old_count = jf->count;

	jf->issuers = issuers;
	jf->count = count;
	for (size_t i = 0; i < old_count; i++)
		issuer_free(old[i]);
	free(old);
	publish_keys(jf);
}

static void copy_own(struct jwks_fetch *jf, const struct keyset_issuer *own)
{
	jf->own = *own;
	jf->own.issuer = mem_strdup(own->issuer);
	jf->own.audiences = (const char *const *)copy_names(own->audiences, own->audiences_count);
	if (own->keys)
		jwks_ref(own->keys);
}

struct jwks_fetch *jwks_fetch_new(const struct jwks_fetch_options *options, const struct conf *conf)
{
	struct jwks_fetch *jf = mem_alloc(1, sizeof *jf);

	jf->base = options->base;
	jf->fetcher = options->fetcher;
	jf->timing = options->timing ? *options->timing : jwks_timing_default;
	jf->publish = options->publish;
	jf->arg = options->arg;
	if (options->own)
		copy_own(jf, options->own);
	jwks_fetch_set_conf(jf, conf);
	return jf;
}

void jwks_fetch_free(struct jwks_fetch *jf)
{
	union {
		const void *shared;
		void *ours;
	} issuer, audiences;

	if (jf == NULL)
		return;
	size_t count = jf->count;
	jf->count = 0; /* a waiter that asks again now finds nobody */
	for (size_t i = 0; i < count; i++)
		issuer_free(jf->issuers[i]);
	free(jf->issuers);
	issuer.shared = jf->own.issuer;
	audiences.shared = jf->own.audiences;
	free_names(audiences.ours, jf->own.audiences_count);
	free(issuer.ours);
	jwks_unref(jf->own.keys);
	free(jf);
}

/* A bucket: what was spent is made good one by one. False: it is empty. */
static bool may_spend(struct issuer *issuer, const struct jwks_timing *timing)
{
	int64_t now = clock_mono_ms(), good = (now - issuer->spent_at) / timing->unknown_kid;

	if (good >= issuer->spent) {
		issuer->spent = 0;
		issuer->spent_at = now;
	} else {
		issuer->spent -= (unsigned)good;
		issuer->spent_at += good * timing->unknown_kid;
	}
	if (issuer->spent >= timing->unknown_most)
		return false;
	issuer->spent++;
	return true;
}

void jwks_fetch_unknown_kid(
	struct jwks_fetch *jf, const char *issuer_name, struct jwks_waiter *waiter)
{
	struct issuer *issuer = find_issuer(jf->issuers, jf->count, issuer_name);

	if (issuer == NULL || (issuer->under_way == NULL && !may_spend(issuer, &jf->timing))) {
		waiter->done(waiter, false);
		return;
	}
	TAILQ_INSERT_TAIL(&issuer->waiters, waiter, link);
	fetch_keys(issuer); /* unless one is under way */
}

void jwks_fetch_missing(struct jwks_fetch *jf, const char *issuer_name)
{
	struct issuer *issuer = find_issuer(jf->issuers, jf->count, issuer_name);

	if (issuer && issuer->keys == NULL)
		fetch_keys(issuer);
}

struct jwks_fetch_counts jwks_fetch_counts(const struct jwks_fetch *jf)
{
	return jf->counts;
}
