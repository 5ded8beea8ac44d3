/* The rules for tokens that hold whoever asks: how long, how many, and what is not undone. */
#include "auth/token/token_desk.h"

#include "auth/backends/store_open.h"
#include "auth/roles/standing.h"
#include "auth/token/token_follow.h"
#include "auth/token/token_manager.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char own_issuer[] = "https://gw.example";

static char platform[] = "platform", analysts[] = "analysts", own[] = "own", view[] = "view";
static char *admins[] = {platform}, *owns[] = {own}, *views[] = {view};
static struct conf_role rows[] = {
	{.role = analysts, .applications = {owns, 1}, .rights = {views, 1}}};

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

	f->conf = (struct conf){.roles_admin = {admins, 1},
		.roles_custom = rows,
		.roles_custom_count = 1,
		.access_ttl_s = {.def = 60, .max = 600},
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

/* --- what their maker is (S72) --- */

/* Gives what this one role opens. */
static struct grants *holding(struct fixture *f, const char *role)
{
	const char *names[] = {role};

	return grants_new(&f->conf, &(struct grants_person){.names = {names, 1}, .user = "ada"});
}

/* Ann, who holds one role; gives. */
static struct identity *ann_with(struct fixture *f, const char *role)
{
	struct identity *ann = identity_new(
		str_of(own_issuer), STR("ann"), STR("Ann"), STR(""), ROLE_NONE, VIA_SESSION, 0);

	standing_apply(ann, holding(f, role), ROLE_ADMIN);
	return ann;
}

static enum token_outcome make_for(
	struct fixture *f, const char *role, struct token_request request)
{
	struct identity *ann = ann_with(f, role);

	request.client_name = "script";
	token_secrets_clear(&f->secrets);
	enum token_outcome outcome =
		token_manager_create(&f->desk, ann, &request, &f->record, &f->secrets, &f->err);
	identity_unref(ann);
	return outcome;
}

static void s72_own_token_has_the_standing_of_its_maker_and_no_higher_role(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		make_for(f, "analysts", (struct token_request){.role = ROLE_USER}), TOKEN_DONE);
	assert_int_equal(f->record.role, ROLE_CUSTOM);
	assert_string_equal(
		f->record.standing, "{\"names\":[\"analysts\"],\"user\":\"ada\",\"groups\":[]}");
	assert_int_equal(make_for(f, "analysts", (struct token_request){.role = ROLE_ADMIN}),
		TOKEN_FORBIDDEN);
	assert_int_equal(
		make_for(f, "analysts", (struct token_request){.role = ROLE_USER, .user = "bob"}),
		TOKEN_FORBIDDEN);
}

static void s72_what_an_administrator_hands_out_has_no_standing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		make_for(f, "platform", (struct token_request){.role = ROLE_USER}), TOKEN_DONE);
	assert_string_equal(f->record.subject, "client:script");
	assert_string_equal(f->record.standing, "");
	assert_int_equal(
		make_for(f, "platform", (struct token_request){.role = ROLE_USER, .user = "bob"}),
		TOKEN_DONE);
	assert_string_equal(f->record.standing, "");
}

static int follow(struct fixture *f, const char *left)
{
	struct grants *grants = holding(f, left);
	int ended = token_follow(&f->desk, "ann", grants, "ann");

	grants_unref(grants);
	return ended;
}

static void s72_own_token_ends_when_the_standing_it_has_is_gone(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		make_for(f, "analysts", (struct token_request){.role = ROLE_USER}), TOKEN_DONE);
	assert_int_equal(follow(f, "analysts"), 0);
	assert_on_record(f, STATE_ACTIVE);
	assert_int_equal(follow(f, "platform"), 1); /* more than before, and yet not this */
	assert_on_record(f, STATE_REVOKED);
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
	assert_int_equal(token_follow(&f->desk, "ann", NULL, "ann"), 0);
	assert_on_record(f, STATE_ACTIVE);
	f->conf.tokens_follow_sessions = true;
	struct grants *all = holding(f, "platform");
	assert_int_equal(token_follow(&f->desk, "ann", all, "ann"), 0);
	grants_unref(all);
	assert_int_equal(token_follow(&f->desk, "ann", NULL, "ann"), 1);
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
		TEST(s72_own_token_has_the_standing_of_its_maker_and_no_higher_role),
		TEST(s72_what_an_administrator_hands_out_has_no_standing),
		TEST(s72_own_token_ends_when_the_standing_it_has_is_gone),
		TEST(s70_own_tokens_follow_only_where_the_configuration_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
