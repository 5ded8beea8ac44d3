#include "auth/issuers/introspect.h"

#include "auth/issuers/introspect_endpoint.h"
#include "auth/issuers/token_home.h"
#include "auth/jose/token_use.h"
#include "auth/session/token_secret.h"
#include "base/clock.h"
#include "base/log/log.h"
#include "base/sbuf.h"
#include "base/text/json_foreign.h"
#include "base/text/json_value.h"

#include <event2/event.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/queue.h>

enum { ANSWER_MAX = 64 * 1024, FORM_MAX = 256 * 1024 };

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
	bool was_silent, was_mistrusted;
	enum client_way way; /* in which the gateway shows who it is, */
	unsigned tried;	     /* and those that were tried at this endpoint: bits 1u << way */
	struct fetch *under_way;
	STAILQ_HEAD(, waiter) waiters;
};

struct introspector {
	struct event_base *base;
	struct fetcher *fetcher;
	struct conf *conf;
	struct introspect_endpoint *endpoints;
	size_t endpoints_count;
	struct token_homes *homes;
	TAILQ_HEAD(, asking) askings;
	size_t askings_count;
};

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

static bool is_refusal_of_client(const struct fetch_result *fetched, const json_t *answer)
{
	return fetched->status == 401 || fetched->status == 403 ||
	       client_auth_is_refused(json_string_value(json_object_get(answer, "error")));
}

/* What is no word on the token: the next issuer may be asked, and nothing is decided against it. */
static void note_silence(
	struct asking *asking, const struct fetch_result *fetched, const json_t *answer)
{
	struct introspect_endpoint *endpoint = &asking->owner->endpoints[asking->asked];

	asking->was_silent = true;
	if (is_refusal_of_client(fetched, answer)) {
		asking->was_mistrusted = true;
		introspect_endpoint_refuses(endpoint);
	} else {
		introspect_endpoint_is_silent(endpoint, fetched);
	}
}

/* S48: idpyoidc and oidc-provider call their refresh tokens active too, and tell them from access
 * tokens by leaving token_type out. Others never say it. */
static void judge_type(struct introspect_endpoint *endpoint, const json_t *answer,
	struct introspect_result *result)
{
	bool is_told = json_object_get(answer, "token_type") != NULL;

	if (result->answer != INTROSPECT_ACTIVE)
		return;
	endpoint->tells_type |= is_told;
	if (endpoint->tells_type && !is_told)
		*result = (struct introspect_result){INTROSPECT_INACTIVE,
			.reason = "the issuer does not say that this is an access token"};
}

/* True: the issuer has spoken, and `result` is its word. */
static bool read_answer(struct asking *asking, const struct fetch_result *fetched,
	const json_t *answer, struct introspect_result *result)
{
	struct introspect_endpoint *endpoint = &asking->owner->endpoints[asking->asked];

	if (fetched->status == 200 && json_is_object(answer)) {
		if (client_ways_worked(&endpoint->ways, asking->way, asking->tried))
			log_info("introspection",
				"issuer %s takes the client secret in another way: %s",
				endpoint->row->issuer, client_way_name(asking->way));
		introspect_judge(endpoint->row, answer, clock_wall_s(), result);
		judge_type(endpoint, answer, result);
		if (json_is_false(json_object_get(answer, "active")))
			introspect_endpoint_says_inactive(endpoint, str_of(asking->token));
		return true;
	}
	if (!is_other_kind(answer))
		return false;
	*result = (struct introspect_result){
		INTROSPECT_INACTIVE, .reason = "the issuer does not speak for such tokens"};
	return true;
}

static void send_token(struct asking *asking, const struct introspect_endpoint *endpoint);

/* S86: the same issuer, shown in another way who asks. */
static bool is_asked_again(
	struct asking *asking, const struct fetch_result *fetched, const json_t *answer)
{
	const struct introspect_endpoint *endpoint = &asking->owner->endpoints[asking->asked];

	if (!is_refusal_of_client(fetched, answer) ||
		!client_ways_next(&endpoint->ways, &asking->tried, &asking->way))
		return false;
	send_token(asking, endpoint);
	return true;
}

static void take_answer(
	struct asking *asking, const struct fetch_result *fetched, const json_t *answer)
{
	struct introspect_result result = {.answer = INTROSPECT_SILENT};
	bool is_last = asking->fit >> asking->asked == 1, is_home = false;

	if (is_asked_again(asking, fetched, answer))
		return;
	if (read_answer(asking, fetched, answer, &result))
		is_home = is_known_issuer(asking, answer);
	else
		note_silence(asking, fetched, answer);
	asking->asked++;
	if (is_home || (result.answer == INTROSPECT_INACTIVE && !asking->was_silent && is_last))
		finish_question(asking, &result);
	else
		ask_issuer(asking);
}

static void on_introspection_answer(const struct fetch_result *fetched, void *arg)
{
	struct asking *asking = arg;
	json_t *answer = NULL;

	asking->under_way = NULL;
	if (fetched->status >= 200 && fetched->status < 500)
		answer = json_foreign(fetched->body);
	take_answer(asking, fetched, answer);
	json_decref(answer);
}

static void send_token(struct asking *asking, const struct introspect_endpoint *endpoint)
{
	const char *client_id = endpoint->row->introspection.client_id;
	const char *secret = endpoint->row->introspection.client_secret.value;
	char *line = client_auth_header(asking->way, client_id, secret);
	const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded",
		"Accept: application/json", line, NULL};
	struct sbuf form;

	sbuf_init_secret(&form, FORM_MAX);
	sbuf_puts(&form, "token=");
	sbuf_urlencode(&form, str_of(asking->token));
	sbuf_puts(&form, "&token_type_hint=access_token");
	client_auth_add(&form, asking->way, client_id, secret);
	asking->under_way =
		fetch_start(asking->owner->fetcher, &(struct fetch_request){.url = endpoint->url,
							    .headers = headers,
							    .post = form.at,
							    .ca_file = endpoint->row->ca_file,
							    .timeout_ms = INTROSPECT_TIMEOUT_MS,
							    .max_bytes = ANSWER_MAX,
							    .done = on_introspection_answer,
							    .arg = asking});
	secret_free(line);
	sbuf_clear(&form);
}

static void ask_endpoint(struct asking *asking, const struct introspect_endpoint *endpoint)
{
	asking->tried = 0;
	if (!client_ways_next(&endpoint->ways, &asking->tried, &asking->way))
		abort(); /* client_ways_set() leaves one at least */
	send_token(asking, endpoint);
}

/* Nobody has called it active. */
static void give_up(struct asking *asking)
{
	struct introspect_result result = {
		INTROSPECT_INACTIVE, .reason = "the token is of no issuer that can be asked"};

	if (asking->was_mistrusted)
		result = (struct introspect_result){INTROSPECT_MISTRUSTED,
			.reason = "the issuer refuses the gateway's own credentials"};
	else if (asking->was_silent)
		result = (struct introspect_result){
			INTROSPECT_SILENT, .reason = "the issuer does not answer"};
	finish_question(asking, &result);
}

/* The next issuer that can be asked; when there is none, the end. */
static void ask_issuer(struct asking *asking)
{
	struct introspector *in = asking->owner;

	for (; asking->asked < in->endpoints_count; asking->asked++) {
		if (!(asking->fit & 1u << asking->asked))
			continue;
		if (in->endpoints[asking->asked].url) {
			ask_endpoint(asking, &in->endpoints[asking->asked]);
			return;
		}
		asking->was_silent = true;
	}
	give_up(asking);
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
	if (token_home_use(token) & (TOKEN_USE_REFRESH | TOKEN_USE_ID | TOKEN_USE_LOGOUT)) {
		const struct introspect_result other = {
			.answer = INTROSPECT_INACTIVE, .reason = "this is not an access token"};
		done(arg, &other);
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
	in->endpoints = introspect_endpoints_new(base, fetcher, in->conf, &in->endpoints_count);
	return in;
}

void introspector_set_conf(struct introspector *in, const struct conf *conf)
{
	struct conf *old = in->conf;

	silence(in);
	introspect_endpoints_free(in->endpoints, in->endpoints_count);
	in->conf = conf_share(conf);
	in->endpoints =
		introspect_endpoints_new(in->base, in->fetcher, in->conf, &in->endpoints_count);
	conf_unref(old);
}

void introspector_free(struct introspector *in)
{
	if (in == NULL)
		return;
	silence(in);
	introspect_endpoints_free(in->endpoints, in->endpoints_count);
	token_homes_free(in->homes);
	conf_unref(in->conf);
	free(in);
}
