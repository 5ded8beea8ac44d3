/* Opaque tokens and several issuers that are asked about them, over real connections (RFC 7662). */
#include "auth/issuers/introspect.h"

#include "base/text/b64url.h"
#include "base/clock.h"
#include "tests/support/fake_http.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10000, ISSUERS = 2 };

struct issuer {
	struct fake_http *server;
	char name[64], url[80], client_id[16], secret[16], audience[16], *audiences[1];
};

struct world {
	struct event_base *base;
	struct fetcher *fetcher;
	struct introspector *introspector;
	struct issuer issuers[ISSUERS];
	struct conf_bearer rows[ISSUERS];
	struct conf conf;
};

static void make_issuer(struct issuer *issuer, struct conf_bearer *row)
{
	issuer->server = fake_http_start("127.0.0.1");
	snprintf(issuer->name, sizeof issuer->name, "http://127.0.0.1:%u",
		fake_http_port(issuer->server));
	snprintf(issuer->url, sizeof issuer->url, "%s/introspect", issuer->name);
	snprintf(issuer->client_id, sizeof issuer->client_id, "gate");
	snprintf(issuer->secret, sizeof issuer->secret, "a:b");
	snprintf(issuer->audience, sizeof issuer->audience, "spark");
	issuer->audiences[0] = issuer->audience;
	*row = (struct conf_bearer){
		.issuer = issuer->name,
		.audience = {issuer->audiences, 1},
		.has_introspection = true,
		.introspection = {.url = issuer->url,
			.client_id = issuer->client_id,
			.client_secret = {.value = issuer->secret}},
	};
}

static int make_world(void **state)
{
	struct world *w = mem_alloc(1, sizeof *w);

	w->base = event_base_new();
	w->fetcher = fetcher_new(w->base);
	for (size_t i = 0; i < ISSUERS; i++)
		make_issuer(&w->issuers[i], &w->rows[i]);
	w->conf.bearer = w->rows;
	w->conf.bearer_count = 1;
	w->conf.refs = 1;
	*state = w;
	return 0;
}

static int drop_world(void **state)
{
	struct world *w = *state;

	introspector_free(w->introspector);
	fetcher_free(w->fetcher);
	event_base_free(w->base);
	for (size_t i = 0; i < ISSUERS; i++)
		fake_http_stop(w->issuers[i].server);
	free(w);
	return 0;
}

static void begin(struct world *w, size_t issuers)
{
	w->conf.bearer_count = issuers;
	w->introspector = introspector_new(w->base, w->fetcher, &w->conf);
}

static void say(struct world *w, size_t issuer, const char *claims)
{
	fake_http_set(w->issuers[issuer].server, "/introspect", 200, "application/json", claims);
}

static unsigned hits(struct world *w, size_t issuer)
{
	return fake_http_hits(w->issuers[issuer].server, "/introspect");
}

struct outcome {
	bool is_done;
	enum introspect_outcome answer;
	char subject[32], issuer[64];
	int64_t expires_at;
};

static void on_result(void *arg, const struct introspect_result *result)
{
	struct outcome *outcome = arg;

	assert_false(outcome->is_done);
	outcome->is_done = true;
	outcome->answer = result->answer;
	outcome->expires_at = result->expires_at;
	(void)str_copy(result->subject, outcome->subject, sizeof outcome->subject);
	(void)str_copy(result->issuer, outcome->issuer, sizeof outcome->issuer);
	assert_true((result->answer == INTROSPECT_ACTIVE) == (result->reason[0] == '\0'));
}

static void wait_for(struct world *w, const struct outcome *outcome)
{
	int64_t end = clock_mono_ms() + PATIENCE_MS;
	struct timeval slice = {.tv_usec = 2000};

	while (!outcome->is_done) {
		assert_true(clock_mono_ms() < end);
		event_base_loopexit(w->base, &slice);
		event_base_dispatch(w->base);
	}
}

static struct outcome ask(struct world *w, const char *token)
{
	struct outcome outcome = {.is_done = false};

	introspect(w->introspector, str_of(token), on_result, &outcome);
	wait_for(w, &outcome);
	return outcome;
}

static const char inactive[] = "{\"active\":false}";
static const char active[] = "{\"active\":true,\"aud\":\"spark\",\"sub\":\"ann\"}";

static void token_is_shown_form_encoded_with_the_gateways_own_account(void **state)
{
	struct world *w = *state;

	begin(w, 1);
	say(w, 0, active);
	struct outcome got = ask(w, "a+b/c=");
	assert_int_equal(got.answer, INTROSPECT_ACTIVE);
	assert_string_equal(got.subject, "ann");
	assert_string_equal(got.issuer, w->issuers[0].name);
	assert_int_equal(got.expires_at, 0);
	char *form = fake_http_last_body(w->issuers[0].server, "/introspect");
	assert_string_equal(form, "token=a%2Bb%2Fc%3D&token_type_hint=access_token");
	free(form);
	char *head = fake_http_last_head(w->issuers[0].server, "/introspect");
	/* gate:a%3Ab (RFC 6749 §2.3.1) */
	assert_non_null(strstr(head, "Authorization: Basic Z2F0ZTphJTNBYg==\r\n"));
	free(head);
}

struct strict {		    /* takes one spelling of the client's secret, as real servers do */
	const char *wanted; /* of head or form */
	unsigned refused;
};

static bool answer_strictly(
	void *arg, const struct fake_request *request, struct fake_answer *answer)
{
	struct strict *strict = arg;
	bool is_taken =
		strstr(request->head, strict->wanted) || strstr(request->body, strict->wanted);

	answer->type = "application/json";
	answer->status = is_taken ? 200 : 401;
	strict->refused += !is_taken;
	sbuf_puts(&answer->body, is_taken ? active : "{\"error\":\"invalid_client\"}");
	return true;
}

static void s86_secret_is_shown_in_the_spelling_that_the_issuer_reads(void **state)
{
	static const char *const spellings[] = {
		"Z2F0ZTphJTNBYg==",		       /* gate:a%3Ab */
		"Z2F0ZTphOmI=",			       /* gate:a:b */
		"&client_id=gate&client_secret=a%3Ab", /* in the form */
	};
	struct world *w = *state;

	begin(w, 1);
	for (unsigned i = 0; i < ARRAY_LEN(spellings); i++) {
		struct strict strict = {.wanted = spellings[i]};

		introspector_set_conf(w->introspector, &w->conf); /* forgets what has worked */
		fake_http_handle(w->issuers[0].server, answer_strictly, &strict);
		assert_int_equal(ask(w, "one").answer, INTROSPECT_ACTIVE);
		assert_int_equal(strict.refused, i);
		assert_int_equal(ask(w, "two").answer, INTROSPECT_ACTIVE);
		assert_int_equal(strict.refused, i); /* known by now */
		fake_http_handle(w->issuers[0].server, NULL, NULL);
	}
}

static void s86_each_spelling_is_tried_once_and_then_it_is_the_operators_trouble(void **state)
{
	struct strict strict = {.wanted = "what nobody sends"};
	struct world *w = *state;

	begin(w, 1);
	fake_http_handle(w->issuers[0].server, answer_strictly, &strict);
	assert_int_equal(ask(w, "one").answer, INTROSPECT_MISTRUSTED);
	assert_int_equal(strict.refused, 3);
	fake_http_handle(w->issuers[0].server, NULL, NULL);
}

static void one_question_for_all_who_ask_about_the_same_token(void **state)
{
	struct world *w = *state;
	struct outcome got[20] = {{.is_done = false}}, other = {.is_done = false};

	begin(w, 1);
	say(w, 0, active);
	for (size_t i = 0; i < ARRAY_LEN(got); i++)
		introspect(w->introspector, STR("same"), on_result, &got[i]);
	introspect(w->introspector, STR("other"), on_result, &other);
	for (size_t i = 0; i < ARRAY_LEN(got); i++) {
		wait_for(w, &got[i]);
		assert_int_equal(got[i].answer, INTROSPECT_ACTIVE);
	}
	wait_for(w, &other);
	assert_int_equal(hits(w, 0), 2);
}

static void issuers_are_asked_in_order_until_one_says_active(void **state)
{
	struct world *w = *state;

	begin(w, 2);
	say(w, 0, active);
	say(w, 1, active);
	assert_string_equal(ask(w, "t").issuer, w->issuers[0].name);
	assert_int_equal(hits(w, 1), 0);
	say(w, 0, inactive);
	assert_string_equal(ask(w, "u").issuer, w->issuers[1].name);
	say(w, 1, inactive);
	assert_int_equal(ask(w, "v").answer, INTROSPECT_INACTIVE);
}

static void s49_token_is_shown_only_to_the_issuer_that_knew_it_before(void **state)
{
	struct world *w = *state;

	begin(w, 2);
	say(w, 0, inactive);
	say(w, 1, active);
	assert_string_equal(ask(w, "t").issuer, w->issuers[1].name);
	assert_string_equal(ask(w, "t").issuer, w->issuers[1].name);
	assert_int_equal(hits(w, 0), 1);
	/* Neither does its end, or the issuer's silence, take it to another. */
	say(w, 1, inactive);
	assert_int_equal(ask(w, "t").answer, INTROSPECT_INACTIVE);
	fake_http_down(w->issuers[1].server, true);
	assert_int_equal(ask(w, "t").answer, INTROSPECT_SILENT);
	fake_http_down(w->issuers[1].server, false);
	introspector_set_conf(w->introspector, &w->conf);
	assert_int_equal(ask(w, "t").answer, INTROSPECT_INACTIVE);
	assert_int_equal(hits(w, 0), 1);
}

static void s49_issuer_that_knows_a_token_is_the_last_one_asked_even_if_it_is_not_for_us(
	void **state)
{
	struct world *w = *state;

	begin(w, 2);
	say(w, 0, "{\"active\":true,\"aud\":\"billing\",\"sub\":\"ann\"}");
	say(w, 1, active);
	assert_int_equal(ask(w, "t").answer, INTROSPECT_INACTIVE);
	assert_int_equal(hits(w, 1), 0);
}

static void s49_prefix_takes_a_token_to_its_issuer_and_to_nobody_else(void **state)
{
	static char shorter[] = "tok_", longer[] = "tok_b_";
	struct world *w = *state;

	w->rows[0].introspection.prefix = shorter;
	w->rows[1].introspection.prefix = longer;
	begin(w, 2);
	say(w, 0, active);
	say(w, 1, active);
	assert_string_equal(ask(w, "tok_b_1").issuer, w->issuers[1].name);
	assert_int_equal(hits(w, 0), 0);
	assert_string_equal(ask(w, "tok_1").issuer, w->issuers[0].name);
	assert_int_equal(hits(w, 1), 1);
	assert_int_equal(ask(w, "other").answer, INTROSPECT_INACTIVE);
	assert_int_equal(hits(w, 0) + hits(w, 1), 2);
}

static char *base64(const char *text)
{
	char *out = mem_alloc(strlen(text) * 2 + 4, 1);

	b64url_encode(text, strlen(text), out);
	return out;
}

static char *signed_token(const char *header, const char *payload)
{
	char *a = base64(header), *b = base64(payload), *all = mem_printf("%s.%s.c2ln", a, b);

	free(a);
	free(b);
	return all;
}

static void s49_token_that_names_its_issuer_goes_to_that_one_only(void **state)
{
	struct world *w = *state;

	begin(w, 2);
	say(w, 0, active);
	say(w, 1, active);
	for (size_t i = 0; i < 2; i++) {
		char *claims = mem_printf("{\"iss\":\"%s\"}", w->issuers[i].name);
		char *token = signed_token("{\"alg\":\"none\"}", claims);
		assert_string_equal(ask(w, token).issuer, w->issuers[i].name);
		assert_int_equal(hits(w, 1), i);
		free(token);
		free(claims);
	}
}

static void s49_token_of_an_issuer_that_is_not_asked_is_shown_to_nobody(void **state)
{
	static const char *const rows[][2] = {
		{"{\"alg\":\"RS256\"}", "{\"iss\":\"https://elsewhere\"}"},
		{"{\"alg\":\"RS256\"}", "{\"iss\":[\"https://elsewhere\"]}"},
		{"{\"alg\":\"RS256\"}", "{\"iss\":\"https://a\",\"iss\":\"https://b\"}"},
		{"{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"iss\":\"https://elsewhere\"}", "x"},
		{"{\"alg\":\"RS256\",}", "{}"},
	};
	struct world *w = *state;

	begin(w, 2);
	say(w, 0, active);
	say(w, 1, active);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *token = signed_token(rows[i][0], rows[i][1]);
		if (ask(w, token).answer != INTROSPECT_INACTIVE)
			fail_msg("row %zu", i);
		free(token);
	}
	assert_int_equal(ask(w, "sgrt_0123").answer, INTROSPECT_INACTIVE);
	assert_int_equal(ask(w, "sgrg_0123").answer, INTROSPECT_INACTIVE);
	assert_int_equal(hits(w, 0) + hits(w, 1), 0);
	/* Dots alone make no token of that kind. */
	assert_int_equal(ask(w, "a.b.c").answer, INTROSPECT_ACTIVE);
}

static void token_is_inactive_only_if_every_issuer_says_so(void **state)
{
	struct world *w = *state;

	begin(w, 2);
	fake_http_down(w->issuers[0].server, true);
	say(w, 1, "{\"active\":false}");
	assert_int_equal(ask(w, "t").answer, INTROSPECT_SILENT);
	say(w, 1, active);
	assert_int_equal(ask(w, "t").answer, INTROSPECT_ACTIVE);
	fake_http_down(w->issuers[0].server, false);
	say(w, 0, "{\"active\":false}");
	fake_http_down(w->issuers[1].server, true);
	assert_int_equal(ask(w, "t").answer, INTROSPECT_SILENT);
	fake_http_down(w->issuers[1].server, false);
}

static void what_is_no_answer_decides_nothing(void **state)
{
	static const struct {
		int status;
		const char *body;
	} rows[] = {{429, "{\"error\":\"slow_down\"}"}, {500, active}, {200, "<p>maintenance"},
		{200, "[]"}, {200, "{\"active\":true,\"active\":false}"}, {200, ""}, {302, active}};
	struct world *w = *state;

	begin(w, 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		fake_http_set(w->issuers[0].server, "/introspect", rows[i].status,
			"application/json", rows[i].body);
		if (ask(w, "t").answer != INTROSPECT_SILENT)
			fail_msg("row %zu", i);
	}
}

static void s41_token_of_another_service_is_inactive_here(void **state)
{
	struct world *w = *state;

	begin(w, 1);
	say(w, 0, "{\"active\":true,\"aud\":[\"billing\"],\"sub\":\"ann\"}");
	assert_int_equal(ask(w, "t").answer, INTROSPECT_INACTIVE);
	w->rows[0].insecure_no_audience = true;
	assert_int_equal(ask(w, "t").answer, INTROSPECT_ACTIVE);
}

static void endpoint_is_discovered_as_soon_as_the_issuer_is_up(void **state)
{
	struct world *w = *state;
	const char *is = w->issuers[0].name;
	char *text = mem_printf("{\"issuer\":\"%s\",\"jwks_uri\":\"%s/keys\","
				"\"authorization_endpoint\":\"%s/authorize\","
				"\"token_endpoint\":\"%s/token\","
				"\"introspection_endpoint\":\"%s/introspect\"}",
		is, is, is, is, is);
	int64_t end = clock_mono_ms() + PATIENCE_MS;

	w->rows[0].introspection.url = NULL;
	fake_http_down(w->issuers[0].server, true);
	begin(w, 1);
	say(w, 0, active);
	assert_int_equal(ask(w, "t").answer, INTROSPECT_SILENT);
	fake_http_set(w->issuers[0].server, "/.well-known/openid-configuration", 200,
		"application/json", text);
	fake_http_down(w->issuers[0].server, false);
	while (ask(w, "t").answer != INTROSPECT_ACTIVE) {
		struct timeval slice = {.tv_usec = 20000};

		assert_true(clock_mono_ms() < end);
		event_base_loopexit(w->base, &slice);
		event_base_dispatch(w->base);
	}
	free(text);
}

static void tokens_under_way_are_bounded(void **state)
{
	struct world *w = *state;
	struct outcome *got = mem_alloc(INTROSPECT_WAITING + 1, sizeof *got);
	char token[16];

	begin(w, 1);
	for (size_t i = 0; i <= INTROSPECT_WAITING; i++) {
		snprintf(token, sizeof token, "t-%zu", i);
		introspect(w->introspector, str_of(token), on_result, &got[i]);
	}
	assert_false(got[INTROSPECT_WAITING - 1].is_done);
	assert_true(got[INTROSPECT_WAITING].is_done);
	assert_int_equal(got[INTROSPECT_WAITING].answer, INTROSPECT_SILENT);
	introspector_free(w->introspector);
	w->introspector = NULL;
	assert_int_equal(got[0].answer, INTROSPECT_SILENT);
	assert_true(got[0].is_done && got[INTROSPECT_WAITING - 1].is_done);
	free(got);
}

static void reload_answers_all_and_asks_where_it_is_told_to(void **state)
{
	struct world *w = *state;
	struct outcome got = {.is_done = false};

	begin(w, 1);
	say(w, 1, active);
	fake_http_delay(w->issuers[0].server, 60000);
	introspect(w->introspector, STR("t"), on_result, &got);
	w->conf.bearer = w->rows + 1;
	introspector_set_conf(w->introspector, &w->conf);
	assert_true(got.is_done && got.answer == INTROSPECT_SILENT);
	assert_string_equal(ask(w, "t").issuer, w->issuers[1].name);
	fake_http_delay(w->issuers[0].server, 0);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(token_is_shown_form_encoded_with_the_gateways_own_account),
		WORLD(s86_secret_is_shown_in_the_spelling_that_the_issuer_reads),
		WORLD(s86_each_spelling_is_tried_once_and_then_it_is_the_operators_trouble),
		WORLD(one_question_for_all_who_ask_about_the_same_token),
		WORLD(issuers_are_asked_in_order_until_one_says_active),
		WORLD(s49_token_is_shown_only_to_the_issuer_that_knew_it_before),
		WORLD(s49_issuer_that_knows_a_token_is_the_last_one_asked_even_if_it_is_not_for_us),
		WORLD(s49_prefix_takes_a_token_to_its_issuer_and_to_nobody_else),
		WORLD(s49_token_that_names_its_issuer_goes_to_that_one_only),
		WORLD(s49_token_of_an_issuer_that_is_not_asked_is_shown_to_nobody),
		WORLD(token_is_inactive_only_if_every_issuer_says_so),
		WORLD(what_is_no_answer_decides_nothing),
		WORLD(s41_token_of_another_service_is_inactive_here),
		WORLD(endpoint_is_discovered_as_soon_as_the_issuer_is_up),
		WORLD(tokens_under_way_are_bounded),
		WORLD(reload_answers_all_and_asks_where_it_is_told_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
