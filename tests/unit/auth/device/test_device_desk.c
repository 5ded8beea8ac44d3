/* A program asks for a person's tokens: what it gets, when, and what it never gets (RFC 8628). */
#include "auth/device/device_desk.h"

#include "auth/backends/store_open.h"
#include "auth/oidc/throttle.h"
#include "auth/policy/scope.h"
#include "base/text/json_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static char platform[] = "platform", *admins[] = {platform};
static const char own_issuer[] = "https://gw.example";

struct fixture {
	struct conf conf;
	struct token_desk tokens;
	struct device_desk desk;
	struct signer *signer;
	struct identity *ann;
	struct device_question question;
	struct err err;
	char device_code[DEVICE_CODE], user_code[USER_CODE];
};

static int set_up(void **state)
{
	struct fixture *f = mem_alloc(1, sizeof *f);

	f->conf = (struct conf){.roles_admin = {admins, 1},
		.access_ttl_s = {.def = 60, .max = 600},
		.refresh_ttl_s = {.def = 1000, .max = 6000},
		.registration_ttl_s = 300,
		.tokens_per_user = 2,
		.server = {.origin = "https://gw.example", .base = ""}};
	f->signer = signer_open(NULL, NULL);
	f->tokens = (struct token_desk){.store = store_open_memory(NULL),
		.conf = &f->conf,
		.signer = f->signer,
		.issuer = own_issuer};
	f->desk = (struct device_desk){&f->tokens, throttle_new(), device_pace_new()};
	f->ann = identity_new(str_of(own_issuer), STR("ann"), STR("Ann"), STR(""), ROLE_USER,
		VIA_SESSION, INT64_MAX);
	*state = f;
	return f->tokens.store && f->signer ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	f->tokens.store->ops->close(f->tokens.store);
	signer_free(f->signer);
	throttle_free(f->desk.guesses);
	device_pace_free(f->desk.pace);
	identity_unref(f->ann);
	free(f);
	return 0;
}

static enum device_outcome begin_as(struct fixture *f, const char *client, const char *scope,
	const char *type, const char *from)
{
	json_t *json;
	const struct device_asked asked = {
		str_of(client), str_of(scope), str_of(type), str_of(from)};
	enum device_outcome outcome = device_begin(&f->desk, &asked, &json, &f->err);

	if (outcome == DEVICE_DONE) {
		assert_true(str_copy(json_value_member(json, "device_code"), f->device_code,
			sizeof f->device_code));
		assert_true(str_copy(
			json_value_member(json, "user_code"), f->user_code, sizeof f->user_code));
		assert_int_equal(json_integer_value(json_object_get(json, "expires_in")), 600);
		assert_int_equal(json_integer_value(json_object_get(json, "interval")), 5);
	} else {
		assert_null(json);
	}
	json_decref(json);
	return outcome;
}

static void begin(struct fixture *f, const char *scope)
{
	assert_int_equal(begin_as(f, "notebook", scope, "", "192.0.2.7"), DEVICE_DONE);
}

/* As if it had waited: the pace of before is forgotten. */
static enum device_outcome poll_patiently(struct fixture *f, json_t **json)
{
	device_pace_free(f->desk.pace);
	f->desk.pace = device_pace_new();
	return device_poll(&f->desk, str_of(f->device_code), json, &f->err);
}

static enum device_outcome poll_error(struct fixture *f)
{
	json_t *json;
	enum device_outcome outcome = poll_patiently(f, &json);

	assert_null(json);
	return outcome;
}

static enum device_outcome decide(struct fixture *f, struct identity *who, bool is_allowed)
{
	enum device_outcome outcome =
		device_find(&f->desk, who, str_of(f->user_code), &f->question);

	if (outcome != DEVICE_DONE)
		return outcome;
	return device_decide(&f->desk, who, &f->question, is_allowed, &f->err);
}

static void change_record(struct fixture *f, int64_t expires_at)
{
	struct store *store = f->tokens.store;
	struct store_device record;
	unsigned char key[DIGEST_LEN];

	assert_true(device_code_digest(str_of(f->device_code), key));
	assert_int_equal(store->ops->device_get(store, false, key, &record), STORE_FOUND);
	assert_int_equal(store->ops->device_take(store, &record), STORE_FOUND);
	record.expires_at = expires_at;
	assert_int_equal(store->ops->device_add(store, &record), STORE_FOUND);
}

static void program_gets_the_persons_own_token_once_they_allow_it(void **state)
{
	struct fixture *f = *state;
	struct store_token record;
	json_t *json;

	begin(f, "view cluster:prod");
	assert_int_equal(poll_error(f), DEVICE_PENDING);
	assert_int_equal(decide(f, f->ann, true), DEVICE_DONE);
	assert_int_equal(poll_patiently(f, &json), DEVICE_DONE);
	assert_true(json_value_member(json, "access_token").len > 0);
	assert_true(json_value_member(json, "refresh_token").len > 0);
	assert_int_equal(
		token_desk_get(&f->tokens, json_value_member(json, "id"), &record), TOKEN_DONE);
	json_decref(json);
	assert_string_equal(record.subject, "ann");
	assert_string_equal(record.created_by, "ann");
	assert_string_equal(record.client_name, "notebook");
	assert_string_equal(record.scope, "view cluster:prod");
	assert_int_equal(record.role, ROLE_USER);
}

static void s139_codes_are_good_once(void **state)
{
	struct fixture *f = *state;
	json_t *json;

	begin(f, "");
	assert_int_equal(decide(f, f->ann, true), DEVICE_DONE);
	assert_int_equal(decide(f, f->ann, false), DEVICE_UNKNOWN);
	assert_int_equal(poll_patiently(f, &json), DEVICE_DONE);
	json_decref(json);
	assert_int_equal(poll_error(f), DEVICE_UNKNOWN);
	assert_int_equal(decide(f, f->ann, true), DEVICE_UNKNOWN);
}

static void s139_codes_and_what_was_allowed_end(void **state)
{
	struct fixture *f = *state;

	begin(f, "");
	change_record(f, 1);
	assert_int_equal(decide(f, f->ann, true), DEVICE_UNKNOWN);
	assert_int_equal(poll_error(f), DEVICE_EXPIRED);
	begin(f, "");
	assert_int_equal(decide(f, f->ann, true), DEVICE_DONE);
	assert_true(f->question.record.expires_at <=
		    f->question.record.created_at + DEVICE_ALLOWED_S + 2);
	change_record(f, 1);
	assert_int_equal(poll_error(f), DEVICE_EXPIRED);
}

static void denied_program_is_told_so_and_gets_nothing(void **state)
{
	struct fixture *f = *state;

	begin(f, "");
	assert_int_equal(decide(f, f->ann, false), DEVICE_DONE);
	assert_int_equal(poll_error(f), DEVICE_REFUSED);
	assert_int_equal(poll_error(f), DEVICE_REFUSED);
	assert_int_equal(decide(f, f->ann, true), DEVICE_UNKNOWN);
}

static void s135_question_shows_what_was_asked_and_from_where(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(begin_as(f, "notebook", "view", "admin", "192.0.2.7"), DEVICE_DONE);
	assert_int_equal(
		device_find(&f->desk, f->ann, str_of(f->user_code), &f->question), DEVICE_DONE);
	assert_string_equal(f->question.client_name, "notebook");
	assert_string_equal(f->question.scope, "view");
	assert_string_equal(f->question.from, "192.0.2.7");
	assert_string_equal(f->question.user_code, f->user_code);
	assert_int_equal(f->question.role, ROLE_ADMIN);
}

static void s135_nobody_gives_a_program_more_than_they_have(void **state)
{
	struct fixture *f = *state;
	struct identity *narrow = identity_new(str_of(own_issuer), STR("bob"), STR(""), STR(""),
		ROLE_USER, VIA_SESSION, INT64_MAX);

	identity_limit(narrow, scope_parse(STR("view tokens cluster:prod"), &f->err));
	assert_int_equal(begin_as(f, "notebook", "", "admin", "192.0.2.7"), DEVICE_DONE);
	assert_int_equal(decide(f, f->ann, true), DEVICE_REFUSED);
	assert_non_null(strstr(f->err.text, "more rights"));
	begin(f, "");
	assert_int_equal(decide(f, narrow, true), DEVICE_REFUSED);
	begin(f, "view cluster:prod");
	assert_int_equal(decide(f, narrow, true), DEVICE_DONE);
	identity_unref(narrow);
}

static void who_has_all_the_tokens_they_may_have_is_told_before_they_allow(void **state)
{
	struct fixture *f = *state;
	json_t *json;

	for (int i = 0; i < 2; i++) {
		begin(f, "");
		assert_int_equal(decide(f, f->ann, true), DEVICE_DONE);
		assert_int_equal(poll_patiently(f, &json), DEVICE_DONE);
		json_decref(json);
	}
	begin(f, "");
	assert_int_equal(decide(f, f->ann, true), DEVICE_REFUSED);
	assert_non_null(strstr(f->err.text, "tokens.per_user"));
	assert_int_equal(poll_error(f), DEVICE_PENDING);
}

static void s136_who_guesses_codes_waits(void **state)
{
	struct fixture *f = *state;
	struct identity *bob = identity_new(str_of(own_issuer), STR("bob"), STR(""), STR(""),
		ROLE_USER, VIA_SESSION, INT64_MAX);
	int tries = 0;

	begin(f, "");
	while (device_find(&f->desk, bob, STR("BBBB-BBBB"), &f->question) == DEVICE_UNKNOWN)
		tries++;
	assert_int_equal(tries, THROTTLE_FAILURES);
	assert_int_equal(
		device_find(&f->desk, bob, str_of(f->user_code), &f->question), DEVICE_MANY);
	assert_int_equal(
		device_find(&f->desk, f->ann, str_of(f->user_code), &f->question), DEVICE_DONE);
	identity_unref(bob);
}

static void s138_who_asks_too_soon_is_told_to_slow_down_without_a_look(void **state)
{
	struct fixture *f = *state;
	json_t *json;

	begin(f, "");
	assert_int_equal(poll_error(f), DEVICE_PENDING);
	assert_int_equal(decide(f, f->ann, true), DEVICE_DONE);
	assert_int_equal(
		device_poll(&f->desk, str_of(f->device_code), &json, &f->err), DEVICE_SLOW_DOWN);
	assert_int_equal(poll_patiently(f, &json), DEVICE_DONE);
	json_decref(json);
}

static void s138_one_address_in_any_spelling_waits_with_a_few_programs_only(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < STORE_DEVICES_OF; i++)
		assert_int_equal(begin_as(f, "x", "", "", i % 2 ? "192.0.2.9" : "::ffff:192.0.2.9"),
			DEVICE_DONE);
	assert_int_equal(begin_as(f, "x", "", "", "192.0.2.9"), DEVICE_MANY);
	assert_int_equal(begin_as(f, "x", "", "", "192.0.2.10"), DEVICE_DONE);
	for (int i = 0; i < STORE_DEVICES_OF; i++)
		assert_int_equal(begin_as(f, "x", "", "", i % 2 ? "2001:db8::1" : "2001:db8::2"),
			DEVICE_DONE);
	assert_int_equal(begin_as(f, "x", "", "", "2001:db8::3"), DEVICE_MANY);
}

static void what_is_no_name_scope_or_type_is_refused_and_not_kept(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(begin_as(f, "", "", "", "192.0.2.7"), DEVICE_INVALID);
	assert_int_equal(begin_as(f, "a\nb", "", "", "192.0.2.7"), DEVICE_INVALID);
	assert_int_equal(begin_as(f, "\xff", "", "", "192.0.2.7"), DEVICE_INVALID);
	assert_int_equal(begin_as(f, "x", "nonsense", "", "192.0.2.7"), DEVICE_BAD_SCOPE);
	assert_int_equal(begin_as(f, "x", "", "custom", "192.0.2.7"), DEVICE_INVALID);
	assert_int_equal(begin_as(f, "x", "", "root", "192.0.2.7"), DEVICE_INVALID);
	assert_int_equal(
		device_poll(&f->desk, STR("sgdc_x"), &(json_t *){NULL}, &f->err), DEVICE_UNKNOWN);
}

static void user_code_is_read_as_people_type_it(void **state)
{
	unsigned char digest[DIGEST_LEN], other[DIGEST_LEN];
	char shown[USER_CODE];

	(void)state;
	assert_true(user_code_read(STR("WDJB-MJHT"), shown, digest));
	assert_true(user_code_read(STR(" wdjb mjht "), shown, other));
	assert_string_equal(shown, "WDJB-MJHT");
	assert_memory_equal(digest, other, DIGEST_LEN);
	assert_false(user_code_read(STR("WDJB-MJH"), shown, digest));
	assert_false(user_code_read(STR("WDJB-MJHTT"), shown, digest));
	assert_false(user_code_read(STR("ADJB-MJHT"), shown, digest));
	assert_false(user_code_read(STR(""), shown, digest));
}

static void s136_every_letter_of_a_code_comes_about_as_often(void **state)
{
	enum { CODES = 4000, LETTERS = 20, MEAN = CODES * DEVICE_LETTERS / LETTERS };
	unsigned counts[256] = {0}, kinds = 0;
	char code[USER_CODE];

	(void)state;
	for (int i = 0; i < CODES; i++) {
		user_code_new(code);
		for (size_t at = 0; code[at]; at++)
			counts[(unsigned char)code[at]]++;
	}
	for (size_t i = 'A'; i <= 'Z'; i++) {
		kinds += counts[i] > 0;
		assert_true(counts[i] == 0 ||
			    (counts[i] > MEAN * 8 / 10 && counts[i] < MEAN * 12 / 10));
	}
	assert_int_equal(kinds, LETTERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(program_gets_the_persons_own_token_once_they_allow_it),
		TEST(s139_codes_are_good_once),
		TEST(s139_codes_and_what_was_allowed_end),
		TEST(denied_program_is_told_so_and_gets_nothing),
		TEST(s135_question_shows_what_was_asked_and_from_where),
		TEST(s135_nobody_gives_a_program_more_than_they_have),
		TEST(who_has_all_the_tokens_they_may_have_is_told_before_they_allow),
		TEST(s136_who_guesses_codes_waits),
		TEST(s138_who_asks_too_soon_is_told_to_slow_down_without_a_look),
		TEST(s138_one_address_in_any_spelling_waits_with_a_few_programs_only),
		TEST(what_is_no_name_scope_or_type_is_refused_and_not_kept),
		TEST(user_code_is_read_as_people_type_it),
		TEST(s136_every_letter_of_a_code_comes_about_as_often),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
