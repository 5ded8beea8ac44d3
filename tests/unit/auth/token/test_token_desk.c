/* The rules for tokens that hold whoever asks: how long, how many, and what is not undone. */
#include "auth/token/token_desk.h"

#include "auth/backends/store_open.h"
#include "auth/token/token_follow.h"
#include "auth/token/token_manager.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char own_issuer[] = "https://gw.example";

struct fixture {
	struct conf conf;
	struct token_desk desk;
	struct signer *signer;
	struct store_token record;
	struct token_secrets secrets;
	struct err err;
	unsigned made, changed, failed;
};

static void on_event(void *arg, enum token_event event)
{
	struct fixture *f = arg;

	f->made += event == TOKEN_MADE;
	f->changed += event == TOKEN_CHANGED;
	f->failed += event == TOKEN_STORE_FAILED;
}

static int set_up(void **state)
{
	struct fixture *f = mem_alloc(1, sizeof *f);

	f->conf = (struct conf){.access_ttl_s = {.def = 60, .max = 600},
		.refresh_ttl_s = {.def = 1000, .max = 6000},
		.registration_ttl_s = 300,
		.tokens_per_user = 2,
		.tokens_follow_sessions = true};
	f->signer = signer_open(NULL, NULL);
	f->desk = (struct token_desk){.store = store_open_memory(NULL),
		.conf = &f->conf,
		.signer = f->signer,
		.issuer = own_issuer,
		.force_hint = "say so",
		.on_event = on_event,
		.arg = f};
	*state = f;
	return f->desk.store && f->signer ? 0 : -1;
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

static enum token_outcome make(struct fixture *f, struct token_request request)
{
	request.client_name = "script";
	token_secrets_clear(&f->secrets);
	return token_desk_make(&f->desk, "cli:root", &request, &f->record, &f->secrets, &f->err);
}

static enum token_outcome change(struct fixture *f, enum token_state state, bool force)
{
	return token_desk_change(&f->desk, "cli:root", &f->record, state, force, &f->err);
}

static void assert_on_record(struct fixture *f, enum token_state want)
{
	struct store_token record;

	assert_int_equal(token_desk_get(&f->desk, str_of(f->record.id), &record), TOKEN_DONE);
	assert_int_equal(record.state, want);
}

static void assert_says(const struct fixture *f, const char *part)
{
	assert_non_null(strstr(f->err.text, part));
}

static void ttls_are_the_defaults_or_what_is_asked_for(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(make(f, (struct token_request){.role = ROLE_USER}), TOKEN_DONE);
	assert_int_equal(f->record.access_ttl, 60);
	assert_int_equal(f->record.refresh_ttl, 1000);
	assert_non_null(f->secrets.access);
	assert_non_null(f->secrets.refresh);
	assert_int_equal(make(f,
				 (struct token_request){
					 .role = ROLE_USER, .access_ttl = 600, .refresh_ttl = -1}),
		TOKEN_DONE);
	assert_int_equal(f->record.access_ttl, 600);
	assert_null(f->secrets.refresh);
	assert_int_equal(f->made, 2);
}

static void ttls_above_the_most_are_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(make(f, (struct token_request){.access_ttl = 601}), TOKEN_INVALID);
	assert_says(f, "tokens.access_ttl.max");
	assert_int_equal(make(f, (struct token_request){.refresh_ttl = 6001}), TOKEN_INVALID);
	assert_says(f, "tokens.refresh_ttl.max");
	assert_int_equal(f->made, 0);
}

static void registration_gives_one_secret_only(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		make(f, (struct token_request){.role = ROLE_USER, .is_registration = true}),
		TOKEN_DONE);
	assert_non_null(f->secrets.registration);
	assert_null(f->secrets.access);
	assert_null(f->secrets.refresh);
}

static void person_has_no_more_tokens_than_the_configuration_says(void **state)
{
	struct fixture *f = *state;
	const struct token_request request = {.user = "ann", .role = ROLE_USER};

	for (int i = 0; i < 2; i++)
		assert_int_equal(make(f, request), TOKEN_DONE);
	assert_int_equal(make(f, request), TOKEN_CONFLICT);
	assert_says(f, "tokens.per_user");
	f->desk.is_unlimited = true;
	assert_int_equal(make(f, request), TOKEN_DONE);
}

static void s35_revoked_token_stays_revoked(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(make(f, (struct token_request){.role = ROLE_USER}), TOKEN_DONE);
	assert_int_equal(change(f, STATE_REVOKED, false), TOKEN_DONE);
	assert_int_equal(change(f, STATE_REVOKED, false), TOKEN_DONE);
	assert_int_equal(f->changed, 1);
	assert_int_equal(change(f, STATE_ACTIVE, true), TOKEN_CONFLICT);
	assert_says(f, "stays revoked");
	assert_int_equal(change(f, STATE_DISABLED, true), TOKEN_CONFLICT);
	assert_on_record(f, STATE_REVOKED);
}

static void s35_last_administrators_token_goes_by_force_only(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(make(f, (struct token_request){.role = ROLE_ADMIN}), TOKEN_DONE);
	assert_int_equal(change(f, STATE_DISABLED, false), TOKEN_CONFLICT);
	assert_int_equal(change(f, STATE_REVOKED, false), TOKEN_CONFLICT);
	assert_says(f, "last active administrator token: to do it anyway, say so");
	assert_on_record(f, STATE_ACTIVE);
	assert_int_equal(change(f, STATE_REVOKED, true), TOKEN_DONE);
	assert_on_record(f, STATE_REVOKED);
}

static void token_that_is_gone_is_unknown_to_who_changes_it(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(make(f, (struct token_request){.role = ROLE_USER}), TOKEN_DONE);
	f->record.id[0] = f->record.id[0] == 'a' ? 'b' : 'a';
	assert_int_equal(change(f, STATE_REVOKED, false), TOKEN_UNKNOWN);
	assert_int_equal(f->changed, 0);
	assert_int_equal(f->failed, 0);
}

static void s70_own_tokens_follow_only_where_the_configuration_says_so(void **state)
{
	struct fixture *f = *state;
	struct identity *ann = identity_new(
		str_of(own_issuer), STR("ann"), STR("Ann"), STR(""), ROLE_USER, VIA_SESSION, 0);
	const struct token_request request = {.client_name = "script", .role = ROLE_USER};

	assert_int_equal(
		token_manager_create(&f->desk, ann, &request, &f->record, &f->secrets, &f->err),
		TOKEN_DONE);
	f->conf.tokens_follow_sessions = false;
	assert_int_equal(token_follow(&f->desk, "ann", ROLE_NONE, "", "ann"), 0);
	assert_on_record(f, STATE_ACTIVE);
	f->conf.tokens_follow_sessions = true;
	assert_int_equal(token_follow(&f->desk, "ann", ROLE_ADMIN, "", "ann"), 0);
	assert_int_equal(token_follow(&f->desk, "ann", ROLE_NONE, "", "ann"), 1);
	assert_on_record(f, STATE_REVOKED);
	assert_int_equal(f->changed, 1);
	identity_unref(ann);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ttls_are_the_defaults_or_what_is_asked_for),
		TEST(ttls_above_the_most_are_refused),
		TEST(registration_gives_one_secret_only),
		TEST(person_has_no_more_tokens_than_the_configuration_says),
		TEST(s35_revoked_token_stays_revoked),
		TEST(s35_last_administrators_token_goes_by_force_only),
		TEST(token_that_is_gone_is_unknown_to_who_changes_it),
		TEST(s70_own_tokens_follow_only_where_the_configuration_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
