#include "auth/issuers/introspect.h"

#include "auth/issuers/client_auth.h"
#include "auth/issuers/jwks_discovery.h"
#include "auth/issuers/oidc_provider.h"
#include "auth/issuers/token_home.h"
#include "auth/session/token_secret.h"
#include "base/clock.h"
#include "base/log/log.h"
#include "base/sbuf.h"

#include <event2/event.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/queue.h>

enum { TIMEOUT_MS = 5000, ANSWER_MAX = 64 * 1024, FORM_MAX = 32 * 1024, RETRY_MAX_S = 30 };

struct endpoint { /* where one issuer is asked */
	struct introspector *owner;
	const struct conf_bearer *row; /* of owner->conf */
	char *url;		       /* NULL: not discovered yet */
	struct fetch *under_way;
	struct event *timer;
	int retry_s; /* before the next try to discover it, doubling */
};

struct waiter {
	STAILQ_ENTRY(waiter) link;
	introspect_done *done;
	void *arg;
};

struct asking { /* one token */
	TAILQ_ENTRY(asking) link;
	struct introspector *owner;
	char *token;
	uint32_t fit; /* bits of the endpoints that may be asked, 1u << which */
	size_t asked; /* the one that is asked now */
	bool was_silent;
	struct fetch *under_way;
	STAILQ_HEAD(, waiter) waiters;
};

struct introspector {
	struct event_base *base;
	struct fetcher *fetcher;
	struct conf *conf;
	struct endpoint *endpoints;
	size_t endpoints_count;
	struct token_homes *homes;
	TAILQ_HEAD(, asking) askings;
	size_t askings_count;
};

/* --- where to ask --- */

static void describe(const struct fetch_result *result, struct err *why)
{
	if (result->status)
		err_set(why, "status %d", result->status);
	else
		err_set(why, "%s", result->error);
}

static void on_discovery(const struct fetch_result *result, void *arg)
{
	struct endpoint *endpoint = arg;
	struct oidc_provider *provider = NULL;
	struct err err = {""};

	endpoint->under_way = NULL;
	if (result->status == 200)
		provider = oidc_provider_parse(result->body, endpoint->row->issuer, &err);
	else
		describe(result, &err);
	if (provider && provider->introspection_endpoint)
		endpoint->url = mem_strdup(provider->introspection_endpoint);
	else if (provider)
		err_set(&err, "it has no introspection_endpoint: configure its url");
	oidc_provider_unref(provider);
	if (endpoint->url)
		return;
	log_warn("introspection", "issuer %s: %s", endpoint->row->issuer, err.text);
	event_add(endpoint->timer, &(struct timeval){.tv_sec = endpoint->retry_s});
	endpoint->retry_s =
		endpoint->retry_s * 2 > RETRY_MAX_S ? RETRY_MAX_S : endpoint->retry_s * 2;
}

static void discover(evutil_socket_t fd, short what, void *arg)
{
	struct endpoint *endpoint = arg;

	(void)fd;
	(void)what;
	char *url = jwks_discovery_address(endpoint->row->issuer);
	endpoint->under_way =
		fetch_start(endpoint->owner->fetcher, &(struct fetch_request){.url = url,
							      .ca_file = endpoint->row->ca_file,
							      .timeout_ms = TIMEOUT_MS,
							      .max_bytes = OIDC_PROVIDER_MAX_BYTES,
							      .done = on_discovery,
							      .arg = endpoint});
	free(url);
}

static void find_endpoints(struct introspector *in)
{
	in->endpoints = mem_alloc(in->conf->bearer_count + 1, sizeof *in->endpoints);
	in->endpoints_count = 0;
	for (size_t i = 0; i < in->conf->bearer_count; i++) {
		const struct conf_bearer *row = &in->conf->bearer[i];
		struct endpoint *endpoint = &in->endpoints[in->endpoints_count];

		if (!row->has_introspection)
			continue;
		in->endpoints_count++;
		endpoint->owner = in;
		endpoint->row = row;
		endpoint->url = mem_strdup(row->introspection.url);
		endpoint->retry_s = 1;
		endpoint->timer = evtimer_new(in->base, discover, endpoint);
		if (endpoint->url == NULL)
			discover(-1, 0, endpoint);
	}
}

static void forget_endpoints(struct introspector *in)
{
	for (size_t i = 0; i < in->endpoints_count; i++) {
		struct endpoint *endpoint = &in->endpoints[i];
		if (endpoint->under_way)
			fetch_cancel(endpoint->under_way);
		event_free(endpoint->timer);
		free(endpoint->url);
	}
	free(in->endpoints);
	in->endpoints = NULL;
	in->endpoints_count = 0;
}

static void finish_question(struct asking *asking, const struct introspect_result *result)
{
	struct waiter *waiter;

	TAILQ_REMOVE(&asking->owner->askings, asking, link);
	asking->owner->askings_count--;
	while ((waiter = STAILQ_FIRST(&asking->waiters)) != NULL) {
		STAILQ_REMOVE_HEAD(&asking->waiters, link);
		waiter->done(waiter->arg, result);
		free(waiter);
	}
	secret_free(asking->token);
	free(asking);
}

/* An issuer that speaks for opaque tokens only says so of a signed one (RFC 7009 §2.2.1's code). */
static bool is_other_kind(const json_t *answer)
{
	return str_eq(str_of(json_string_value(json_object_get(answer, "error"))),
		STR("unsupported_token_type"));
}

/* --- whom to ask (S49) --- */

static uint32_t endpoints_of_issuer(const struct introspector *in, const char *issuer)
{
	uint32_t fit = 0;

	for (size_t i = 0; i < in->endpoints_count; i++) {
		if (strcmp(in->endpoints[i].row->issuer, issuer) == 0)
			fit |= 1u << i;
	}
	return fit;
}

/* The one endpoint that knew the token before, if it is among these. */
static uint32_t known_endpoint(const struct introspector *in, struct str token, uint32_t fit)
{
	for (size_t i = 0; token_homes_has(in->homes, token) && i < in->endpoints_count; i++) {
		if (fit & 1u << i && token_homes_is(in->homes, token, in->endpoints[i].row->issuer))
			return 1u << i;
	}
	return fit;
}

static uint32_t endpoints_for(const struct introspector *in, struct str token)
{
	const char *prefix = token_home_prefix(in->conf, token);
	char issuer[512];
	uint32_t fit = 0;

	if (token_secret_is_ours(token))
		return 0;
	switch (token_home_named(token, issuer)) {
	case TOKEN_NAMES_ISSUER:
		return endpoints_of_issuer(in, issuer);
	case TOKEN_NAMES_BROKEN:
		return 0;
	case TOKEN_NAMES_NOBODY:
		break;
	}
	for (size_t i = 0; i < in->endpoints_count; i++)
		fit |= token_home_fits(in->endpoints[i].row, prefix) ? 1u << i : 0;
	return known_endpoint(in, token, fit);
}

/* --- asking --- */

static void ask_issuer(struct asking *asking);

/* An issuer that calls a token active has made it, and nobody else is to see it. */
static bool is_known_issuer(const struct asking *asking, const json_t *claims)
{
	if (!json_is_true(json_object_get(claims, "active")))
		return false;
	token_homes_note(asking->owner->homes, str_of(asking->token),
		asking->owner->endpoints[asking->asked].row->issuer);
	return true;
}

static void on_introspection_answer(const struct fetch_result *fetched, void *arg)
{
	struct asking *asking = arg;
	const struct conf_bearer *row = asking->owner->endpoints[asking->asked].row;
	struct introspect_result result = {.answer = INTROSPECT_SILENT};
	json_t *claims = NULL;
	bool is_last = asking->fit >> asking->asked == 1, is_home = false;

	asking->under_way = NULL;
	if (fetched->status == 200 || fetched->status == 400)
		claims = json_loadb(
			fetched->body.at, fetched->body.len, JSON_REJECT_DUPLICATES, NULL);
	if (fetched->status == 200 && json_is_object(claims)) {
		introspect_judge(row, claims, clock_wall_s(), &result);
		is_home = is_known_issuer(asking, claims);
	} else if (is_other_kind(claims)) {
		result = (struct introspect_result){
			INTROSPECT_INACTIVE, .reason = "the issuer does not speak for such tokens"};
	} else {
		log_warn("introspection", "issuer %s: %s", row->issuer,
			fetched->status ? "the answer is not to be understood" : fetched->error);
		asking->was_silent = true;
	}
	asking->asked++;
	if (is_home || (result.answer == INTROSPECT_INACTIVE && !asking->was_silent && is_last))
		finish_question(asking, &result);
	else
		ask_issuer(asking);
	json_decref(claims);
}

static void send_token(struct asking *asking, const struct endpoint *endpoint)
{
	char *line = client_auth_basic(endpoint->row->introspection.client_id,
		endpoint->row->introspection.client_secret.value);
	const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded",
		"Accept: application/json", line, NULL};
	struct sbuf form;

	sbuf_init_secret(&form, FORM_MAX);
	sbuf_puts(&form, "token=");
	sbuf_urlencode(&form, str_of(asking->token));
	sbuf_puts(&form, "&token_type_hint=access_token");
	asking->under_way =
		fetch_start(asking->owner->fetcher, &(struct fetch_request){.url = endpoint->url,
							    .headers = headers,
							    .post = form.at,
							    .ca_file = endpoint->row->ca_file,
							    .timeout_ms = TIMEOUT_MS,
							    .max_bytes = ANSWER_MAX,
							    .done = on_introspection_answer,
							    .arg = asking});
	secret_free(line);
	sbuf_clear(&form);
}

/* The next issuer that can be asked; when there is none, the end. */
static void ask_issuer(struct asking *asking)
{
	struct introspector *in = asking->owner;

	for (; asking->asked < in->endpoints_count; asking->asked++) {
		if (!(asking->fit & 1u << asking->asked))
			continue;
		if (in->endpoints[asking->asked].url) {
			send_token(asking, &in->endpoints[asking->asked]);
			return;
		}
		asking->was_silent = true;
	}
	const struct introspect_result result = {
		.answer = asking->was_silent ? INTROSPECT_SILENT : INTROSPECT_INACTIVE,
		.reason = asking->was_silent ? "the issuer does not answer"
					     : "the token is of no issuer that can be asked"};
	finish_question(asking, &result);
}

static struct asking *find_question(struct introspector *in, struct str token)
{
	struct asking *asking;

	TAILQ_FOREACH(asking, &in->askings, link)
	{
		if (strlen(asking->token) == token.len &&
			CRYPTO_memcmp(asking->token, token.at, token.len) == 0)
			return asking;
	}
	return NULL;
}

static void add_waiter(struct asking *asking, introspect_done *done, void *arg)
{
	struct waiter *waiter = mem_alloc(1, sizeof *waiter);

	waiter->done = done;
	waiter->arg = arg;
	STAILQ_INSERT_TAIL(&asking->waiters, waiter, link);
}

void introspect(struct introspector *in, struct str token, introspect_done *done, void *arg)
{
	struct asking *asking = find_question(in, token);

	if (asking) {
		add_waiter(asking, done, arg);
		return;
	}
	if (in->askings_count >= INTROSPECT_WAITING) {
		const struct introspect_result silent = {
			.answer = INTROSPECT_SILENT, .reason = "too many tokens are being checked"};
		done(arg, &silent);
		return;
	}
	asking = mem_alloc(1, sizeof *asking);
	asking->owner = in;
	asking->token = mem_strndup(token.at, token.len);
	asking->fit = endpoints_for(in, token);
	STAILQ_INIT(&asking->waiters);
	TAILQ_INSERT_TAIL(&in->askings, asking, link);
	in->askings_count++;
	add_waiter(asking, done, arg);
	ask_issuer(asking);
}

bool introspect_is_configured(const struct conf *conf)
{
	for (size_t i = 0; i < conf->bearer_count; i++) {
		if (conf->bearer[i].has_introspection)
			return true;
	}
	return false;
}

/* --- life --- */

static void silence(struct introspector *in)
{
	const struct introspect_result silent = {
		.answer = INTROSPECT_SILENT, .reason = "the configuration changes"};
	struct asking *asking;

	while ((asking = TAILQ_FIRST(&in->askings)) != NULL) {
		if (asking->under_way)
			fetch_cancel(asking->under_way);
		finish_question(asking, &silent);
	}
}

struct introspector *introspector_new(
	struct event_base *base, struct fetcher *fetcher, const struct conf *conf)
{
	struct introspector *in = mem_alloc(1, sizeof *in);

	in->base = base;
	in->fetcher = fetcher;
	in->conf = conf_share(conf);
	in->homes = token_homes_new();
	TAILQ_INIT(&in->askings);
	find_endpoints(in);
	return in;
}

void introspector_set_conf(struct introspector *in, const struct conf *conf)
{
	struct conf *old = in->conf;

	silence(in);
	forget_endpoints(in);
	in->conf = conf_share(conf);
	find_endpoints(in);
	conf_unref(old);
}

void introspector_free(struct introspector *in)
{
	if (in == NULL)
		return;
	silence(in);
	forget_endpoints(in);
	token_homes_free(in->homes);
	conf_unref(in->conf);
	free(in);
}
