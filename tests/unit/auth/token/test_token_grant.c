/* A refresh token that is shown again: at once it is a retry, later it is a theft. */
#include "auth/token/token_grant.h"

#include "auth/backends/store_open.h"
#include "base/clock.h"
#include "base/text/json_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char platform[] = "platform", *admins[] = {platform};

struct fixture {
	struct conf conf;
	struct token_desk desk;
	struct signer *signer;
	struct store_token record;
	struct token_secrets secrets; /* the first ones */
};

static int set_up(void **state)
{
	struct fixture *f = mem_alloc(1, sizeof *f);
	const struct token_request request = {
		.client_name = "script", .role = ROLE_USER, .refresh_ttl = 100};
	struct err err;

	f->conf = (struct conf){.roles_admin = {admins, 1},
		.access_ttl_s = {.def = 60, .max = 600},
		.refresh_ttl_s = {.def = 1000, .max = 6000},
		.registration_ttl_s = 300,
		.tokens_per_user = 2};
	f->signer = signer_open(NULL, NULL);
	f->desk = (struct token_desk){.store = store_open_memory(NULL),
		.conf = &f->conf,
		.signer = f->signer,
		.issuer = "https://gw.example"};
	*state = f;
	return token_desk_make(&f->desk, "cli:root", &request, &f->record, &f->secrets, &err) ==
			       TOKEN_DONE
		       ? 0
		       : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	token_secrets_clear(&f->secrets);
	f->desk.store->ops->close(f->desk.store);
	signer_free(f->signer);
	free(f);
	return 0;
}

static enum token_outcome show(struct fixture *f, const char *refresh, json_t **json)
{
	return token_grant_next(&f->desk, TOKEN_REFRESH, str_of(refresh), json);
}

static enum token_state state_of(struct fixture *f)
{
	struct store_token record;

	assert_int_equal(token_desk_get(&f->desk, str_of(f->record.id), &record), TOKEN_DONE);
	return record.state;
}

/* As if the first refresh token had been used so many seconds ago. Gives the next one. */
static char *use_before(struct fixture *f, int64_t seconds)
{
	struct store_token next = f->record;
	struct token_secret first;
	unsigned char fresh[DIGEST_LEN];
	char second[24];

	assert_true(token_secret_parse(str_of(f->secrets.refresh), &first));
	snprintf(second, sizeof second, "%lld", (long long)(clock_wall_s() - seconds));
	const struct str parts[] = {str_of(f->secrets.refresh), STR(" "), str_of(second)};
	signer_derive(f->signer, parts, ARRAY_LEN(parts), fresh);
	char *text = token_secret_next(next.id, first.family_text, fresh, next.family, next.secret);
	next.serial++;
	assert_int_equal(f->desk.store->ops->token_renew(f->desk.store, &next, f->record.secret),
		STORE_FOUND);
	return text;
}

static void assert_member(const json_t *json, const char *name, const char *want)
{
	assert_true(str_eq(json_value_member(json, name), str_of(want)));
}

static void s88_the_same_refresh_token_at_once_has_the_same_answer(void **state)
{
	struct fixture *f = *state;
	json_t *first, *again;

	assert_int_equal(show(f, f->secrets.refresh, &first), TOKEN_DONE);
	assert_int_equal(show(f, f->secrets.refresh, &again), TOKEN_DONE);
	assert_true(json_equal(
		json_object_get(first, "refresh_token"), json_object_get(again, "refresh_token")));
	json_decref(again);
	/* And what was given is good, once. */
	const char *next = json_string_value(json_object_get(first, "refresh_token"));
	assert_int_equal(show(f, next, &again), TOKEN_DONE);
	json_decref(again);
	assert_int_equal(state_of(f), STATE_ACTIVE);
	json_decref(first);
}

static void s88_ten_seconds_later_it_is_a_theft(void **state)
{
	struct fixture *f = *state;
	char *next = use_before(f, ISSUE_AGAIN_S + 1);
	json_t *json;

	assert_int_equal(show(f, f->secrets.refresh, &json), TOKEN_INVALID);
	assert_null(json);
	assert_int_equal(state_of(f), STATE_REVOKED);
	assert_int_equal(show(f, next, &json), TOKEN_INVALID);
	secret_free(next);
}

static void s88_another_gateway_with_the_same_key_gives_the_same(void **state)
{
	struct fixture *f = *state;
	char *next = use_before(f, ISSUE_AGAIN_S - 2);
	json_t *json;

	assert_int_equal(show(f, f->secrets.refresh, &json), TOKEN_DONE);
	assert_member(json, "refresh_token", next);
	json_decref(json);
	secret_free(next);
}

static void s36_what_was_used_before_the_last_one_ends_the_family(void **state)
{
	struct fixture *f = *state;
	json_t *first, *second, *json;

	assert_int_equal(show(f, f->secrets.refresh, &first), TOKEN_DONE);
	assert_int_equal(
		show(f, json_string_value(json_object_get(first, "refresh_token")), &second),
		TOKEN_DONE);
	assert_int_equal(show(f, f->secrets.refresh, &json), TOKEN_INVALID);
	assert_int_equal(state_of(f), STATE_REVOKED);
	json_decref(first);
	json_decref(second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(s88_the_same_refresh_token_at_once_has_the_same_answer),
		TEST(s88_ten_seconds_later_it_is_a_theft),
		TEST(s88_another_gateway_with_the_same_key_gives_the_same),
		TEST(s36_what_was_used_before_the_last_one_ends_the_family),
	};

	return cmocka_run_group_tests_name("token_grant", tests, NULL, NULL);
}
