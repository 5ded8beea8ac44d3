#include "auth/issuers/introspect_endpoint.h"

#include "auth/issuers/jwks_discovery.h"
#include "auth/issuers/oidc_provider.h"
#include "auth/issuers/token_home.h"
#include "base/clock.h"
#include "base/log/log.h"

#include <event2/event.h>
#include <stdlib.h>

enum { RETRY_MAX_S = 30 };

/* --- what the operator is told --- */

static bool may_warn(struct introspect_endpoint *endpoint)
{
	int64_t now = clock_mono_ms();

	if (endpoint->warned_ms && now - endpoint->warned_ms < INTROSPECT_WARN_MS)
		return false;
	endpoint->warned_ms = now;
	return true;
}

void introspect_endpoint_refuses(struct introspect_endpoint *endpoint)
{
	if (may_warn(endpoint))
		log_err("introspection",
			"issuer %s refuses the gateway's own credentials: look at "
			"auth.bearer[].introspection.client_id (%s) and client_secret_file",
			endpoint->row->issuer, endpoint->row->introspection.client_id);
}

/* Keycloak (26.7) calls a token inactive when the client that asks is not in its aud. */
void introspect_endpoint_says_inactive(struct introspect_endpoint *endpoint, struct str token)
{
	const char *client_id = endpoint->row->introspection.client_id;

	if (token_home_is_for_others(token, client_id, clock_wall_s()) && may_warn(endpoint))
		log_warn("introspection",
			"issuer %s calls a token inactive that has not ended, and whose aud does "
			"not name %s: some issuers answer only who is in aud (in Keycloak, add an "
			"audience mapper)",
			endpoint->row->issuer, client_id);
}

static void describe(const struct fetch_result *result, struct err *why)
{
	if (result->status)
		err_set(why, "status %d", result->status);
	else
		err_set(why, "%s", result->error);
}

void introspect_endpoint_is_silent(
	struct introspect_endpoint *endpoint, const struct fetch_result *fetched)
{
	const char *means = "";
	struct err why;

	if (!may_warn(endpoint))
		return;
	describe(fetched, &why);
	if (fetched->status == 429)
		means = ": it wants fewer questions";
	else if (fetched->status == 200)
		means = ", but the answer is not to be understood";
	log_warn("introspection", "issuer %s: %s%s", endpoint->row->issuer, why.text, means);
}

/* --- where it is --- */

static void find_ways(struct introspect_endpoint *endpoint, unsigned offers)
{
	client_ways_set(&endpoint->ways, endpoint->row->introspection.client_id,
		endpoint->row->introspection.client_secret.value, offers);
}

static void try_again_later(struct introspect_endpoint *endpoint, const char *why)
{
	log_warn("introspection", "issuer %s: %s", endpoint->row->issuer, why);
	event_add(endpoint->timer, &(struct timeval){.tv_sec = endpoint->retry_s});
	endpoint->retry_s =
		endpoint->retry_s * 2 > RETRY_MAX_S ? RETRY_MAX_S : endpoint->retry_s * 2;
}

static void on_discovery(const struct fetch_result *result, void *arg)
{
	struct introspect_endpoint *endpoint = arg;
	struct oidc_provider *provider = NULL;
	struct err err = {""};

	endpoint->under_way = NULL;
	if (result->status == 200)
		provider = oidc_provider_parse(result->body, endpoint->row->issuer, &err);
	else
		describe(result, &err);
	if (provider && provider->introspection_endpoint) {
		endpoint->url = mem_strdup(provider->introspection_endpoint);
		find_ways(endpoint, provider->introspection_offers);
	} else if (provider) {
		err_set(&err, "it has no introspection_endpoint: configure its url");
	}
	oidc_provider_unref(provider);
	if (endpoint->url == NULL)
		try_again_later(endpoint, err.text);
}

static void discover(evutil_socket_t fd, short what, void *arg)
{
	struct introspect_endpoint *endpoint = arg;
	char *url = jwks_discovery_address(endpoint->row->issuer);

	(void)fd;
	(void)what;
	endpoint->under_way =
		fetch_start(endpoint->fetcher, &(struct fetch_request){.url = url,
						       .ca_file = endpoint->row->ca_file,
						       .timeout_ms = INTROSPECT_TIMEOUT_MS,
						       .max_bytes = OIDC_PROVIDER_MAX_BYTES,
						       .done = on_discovery,
						       .arg = endpoint});
	free(url);
}

struct introspect_endpoint *introspect_endpoints_new(
	struct event_base *base, struct fetcher *fetcher, const struct conf *conf, size_t *count)
{
	struct introspect_endpoint *endpoints =
		mem_alloc(conf->bearer_count + 1, sizeof *endpoints);

	*count = 0;
	for (size_t i = 0; i < conf->bearer_count; i++) {
		const struct conf_bearer *row = &conf->bearer[i];
		struct introspect_endpoint *endpoint = &endpoints[*count];

		if (!row->has_introspection)
			continue;
		++*count;
		endpoint->row = row;
		endpoint->fetcher = fetcher;
		endpoint->url = mem_strdup(row->introspection.url);
		endpoint->retry_s = 1;
		find_ways(endpoint, 0);
		endpoint->timer = evtimer_new(base, discover, endpoint);
		if (endpoint->url == NULL)
			discover(-1, 0, endpoint);
	}
	return endpoints;
}

void introspect_endpoints_free(struct introspect_endpoint *endpoints, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (endpoints[i].under_way)
			fetch_cancel(endpoints[i].under_way);
		event_free(endpoints[i].timer);
		free(endpoints[i].url);
	}
	free(endpoints);
}
