/* An OpenID provider's metadata: fetched, kept fresh, and asked again after a failure. */
#include "auth/oidc/oidc_int.h"

#include "auth/issuers/jwks_discovery.h"
#include "base/log/log.h"

#include <assert.h>
#include <event2/event.h>
#include <stdlib.h>

const struct oidc_timing oidc_timing_default = {
	.retry_min = 1000,
	.retry_max = 30 * 1000,
	.fresh = 60 * 60 * 1000,
	.timeout = 10 * 1000,
};

/* --- metadata --- */

static void read_later(struct oidc *oidc, int64_t ms)
{
	const struct timeval wait = {ms / 1000, (ms % 1000) * 1000};

	event_add(oidc->timer, &wait);
}

/* What was known stays in force: endpoints hardly ever move. */
static void on_failure(struct oidc *oidc, const char *why)
{
	if (oidc->retry == 0)
		log_warn("provider", "%s: the metadata cannot be had: %s", oidc->own->issuer, why);
	oidc->retry = oidc->retry ? oidc->retry * 2 : oidc->timing.retry_min;
	if (oidc->retry > oidc->timing.retry_max)
		oidc->retry = oidc->timing.retry_max;
	read_later(oidc, oidc->retry);
}

static void publish_provider(struct oidc *oidc)
{
	oidc->options.publish(
		oidc->provider ? oidc_provider_ref(oidc->provider) : NULL, oidc->options.arg);
}

static void find_ways(struct oidc *oidc)
{
	const struct conf_oidc *conf = oidc->own;

	if (conf->client_secret.value && oidc->provider)
		client_ways_set(&oidc->ways, conf->client_id, conf->client_secret.value,
			oidc->provider->client_offers);
}

static void on_metadata(const struct fetch_result *result, void *arg)
{
	struct oidc *oidc = arg;
	struct oidc_provider *provider = NULL;
	struct err err = {""};

	oidc->under_way = NULL;
	if (result->status == 200)
		provider = oidc_provider_parse(result->body, oidc->own->issuer, &err);
	else if (result->status != 0)
		err_set(&err, "status %d", result->status);
	else
		err_set(&err, "%s", result->error);
	if (provider == NULL) {
		on_failure(oidc, err.text);
		return;
	}
	if (oidc->provider == NULL)
		log_info("provider", "%s: people can sign in", provider->issuer);
	oidc_provider_unref(oidc->provider);
	oidc->provider = provider;
	oidc->retry = 0;
	find_ways(oidc);
	publish_provider(oidc);
	read_later(oidc, oidc->timing.fresh);
}

static void read_metadata(evutil_socket_t fd, short what, void *arg)
{
	struct oidc *oidc = arg;

	(void)fd;
	(void)what;
	if (oidc->under_way)
		return;
	char *url = jwks_discovery_address(oidc->own->issuer);
	oidc->under_way =
		fetch_start(oidc->options.fetcher, &(struct fetch_request){.url = url,
							   .ca_file = oidc->own->ca_file,
							   .timeout_ms = oidc->timing.timeout,
							   .max_bytes = OIDC_PROVIDER_MAX_BYTES,
							   .done = on_metadata,
							   .arg = oidc});
	free(url);
}

static void forget_provider(struct oidc *oidc)
{
	if (oidc->under_way)
		fetch_cancel(oidc->under_way);
	oidc->under_way = NULL;
	event_del(oidc->timer);
	oidc_provider_unref(oidc->provider);
	oidc->provider = NULL;
	oidc->retry = 0;
}

/* --- life --- */

struct oidc *oidc_new(
	const struct oidc_options *options, const struct conf *conf, const struct conf_oidc *own)
{
	struct oidc *oidc = mem_alloc(1, sizeof *oidc);

	oidc->options = *options;
	oidc->timing = options->timing ? *options->timing : oidc_timing_default;
	oidc->options.timing = NULL;
	oidc->timer = evtimer_new(options->base, read_metadata, oidc);
	TAILQ_INIT(&oidc->grants);
	oidc->conf = conf_share(conf);
	oidc->own = own;
	read_metadata(-1, 0, oidc);
	return oidc;
}

void oidc_set_conf(struct oidc *oidc, const struct conf *conf, const struct conf_oidc *own)
{
	struct conf *old = oidc->conf;

	assert(strcmp(oidc->own->issuer, own->issuer) == 0);
	oidc->conf = conf_share(conf);
	oidc->own = own;
	/* What could not be read so far may be read now, by another CA file. */
	if (oidc->provider == NULL) {
		forget_provider(oidc);
		read_metadata(-1, 0, oidc);
	}
	find_ways(oidc);
	conf_unref(old);
}

void oidc_free(struct oidc *oidc)
{
	if (oidc == NULL)
		return;
	forget_provider(oidc);
	oidc_grants_close(oidc);
	event_free(oidc->timer);
	conf_unref(oidc->conf);
	free(oidc);
}
