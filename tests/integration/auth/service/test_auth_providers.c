/* Two OpenID providers, each with an "ann": who signs in at which, and what is whose (S190 to
 * S194). */
#include "auth/policy/grants.h"
#include "tests/support/provider_fixture.h"

struct pair {
	struct fixture corp, partner; /* of one world; partner has a name */
};

static void start_provider(struct fixture *f)
{
	f->idp = fake_http_start("127.0.0.1");
	f->issuer = mem_printf("http://127.0.0.1:%u", fake_http_port(f->idp));
	f->key = mint_key_new(ES256);
	publish_keys(f);
	publish_metadata(f);
}

static void stop_provider(struct fixture *f)
{
	fake_http_stop(f->idp);
	mint_key_free(f->key);
	free(f->issuer);
}

/* `roles` are the partner's entry's own, as YAML, or "". */
static int set_up_with(void **state, const char *roles)
{
	struct pair *p = mem_alloc(1, sizeof *p);

	start_provider(&p->corp);
	start_provider(&p->partner);
	char *extra = mem_printf("auth:\n"
				 "  oidc:\n"
				 "    - {issuer: %s, client_id: gate}\n"
				 "    - {issuer: %s, client_id: gate, name: partner%s}\n"
				 "  bearer:\n"
				 "    - {issuer: %s, audience: [gate], algorithms: [ES256]}\n"
				 "    - {issuer: %s, audience: [gate], algorithms: [ES256]}\n"
				 "  roles: {claim: roles, admin: [boss, 'sub:oidc:partner:eve'], "
				 "user: [dev], custom: "
				 "[{role: own, applications: [own], rights: [view]}]}\n",
		p->corp.issuer, p->partner.issuer, roles, p->corp.issuer, p->partner.issuer);
	p->corp.world = p->partner.world = auth_world_new(extra);
	free(extra);
	*state = p;
	return 0;
}

static int set_up_pair(void **state)
{
	return set_up_with(state, "");
}

static int set_up_own_roles(void **state)
{
	return set_up_with(state, ", roles: {admin: [ops], user: [everybody]}");
}

static int tear_down_pair(void **state)
{
	struct pair *p = *state;

	auth_world_free(p->corp.world);
	stop_provider(&p->corp);
	stop_provider(&p->partner);
	free(p);
	return 0;
}

/* A sign-in begun at the provider of this name. */
static struct begun begin_at(struct fixture *f, const char *name)
{
	struct begun begun;
	struct auth_login login = auth_login_begin(f->world->auth[0],
		&(struct auth_begin){.provider = str_of(name), .return_path = STR("/local/?a=b")});

	assert_int_equal(login.status, AUTH_OK);
	assert_memory_equal(login.location, f->issuer, strlen(f->issuer));
	copy_parameter(login.location, "state", begun.state, sizeof begun.state);
	copy_parameter(login.location, "nonce", begun.nonce, sizeof begun.nonce);
	begun.cookie = auth_world_cookie(login.set_cookie);
	secret_free(login.location);
	secret_free(login.set_cookie);
	return begun;
}

/* Who has signed in, and with which cookie. */
struct in {
	struct identity *who;
	char *cookie;
};

static struct in enter_at(
	struct fixture *f, const char *name, const char *subject, const char *role, int expires_in)
{
	struct begun begun = begin_at(f, name);

	f->world->came_to = name;
	answer_tokens(f, id_token(f, subject, role, begun.nonce), expires_in, "first");
	struct sign_in_result result = come_back(f, &begun);
	assert_int_equal(result.status, AUTH_OK);
	assert_string_equal(result.provider, name);
	struct in in = {result.who, auth_world_cookie(result.set_cookie)};
	sign_in_result_clear(&result);
	free(begun.cookie);
	return in;
}

static void leave(struct in in)
{
	identity_unref(in.who);
	free(in.cookie);
}

static void s190_two_people_of_one_subject_are_two(void **state)
{
	struct pair *p = *state;

	start(&p->corp);
	struct in corp = enter_at(&p->corp, "", "ann", "dev", 300),
		  partner = enter_at(&p->partner, "partner", "ann", "boss", 300);
	assert_string_equal(corp.who->subject, "ann");
	assert_string_equal(partner.who->subject, "oidc:partner:ann");
	assert_string_equal(partner.who->issuer, p->partner.issuer);
	expect_role(&p->corp, 0, corp.cookie, ROLE_USER);
	expect_role(&p->corp, 0, partner.cookie, ROLE_ADMIN);

	/* Both cookies of one browser: nobody is taken for the other. */
	char *both = mem_printf("%s; %s", corp.cookie, partner.cookie);
	auth_world_expect(p->corp.world, 0, NULL, both, AUTH_ABSENT);
	free(both);
	leave(corp);
	leave(partner);
}

static void s190_subject_that_pretends_to_be_anothers_is_refused(void **state)
{
	struct pair *p = *state;

	start(&p->corp);
	struct begun begun = begin_at(&p->corp, "");
	answer_tokens(
		&p->corp, id_token(&p->corp, "oidc:partner:ann", "dev", begun.nonce), 300, "first");
	struct sign_in_result result = come_back(&p->corp, &begun);
	assert_int_equal(result.status, AUTH_INVALID_TOKEN);
	sign_in_result_clear(&result);
	free(begun.cookie);

	char *token = signed_token(&p->corp, "oidc:partner:ann", "\"roles\":[\"boss\"]");
	char *bearer = auth_world_bearer(token);
	auth_world_expect(p->corp.world, 0, bearer, NULL, AUTH_INVALID_TOKEN);
	free(bearer);
	free(token);
}

static void s190_bearer_token_is_of_its_issuers_person(void **state)
{
	struct pair *p = *state;

	start(&p->corp);
	char *token = signed_token(&p->partner, "ann", "\"roles\":[\"dev\"]");
	char *bearer = auth_world_bearer(token);
	struct auth_result result = auth_world_ask(p->corp.world, 0, bearer, NULL);
	assert_int_equal(result.status, AUTH_OK);
	assert_string_equal(result.who->subject, "oidc:partner:ann");
	identity_unref(result.who);

	/* A session opened by it is the same person's as one of the provider. */
	struct sign_in_result opened = auth_world_sign_in_token(p->corp.world, 0, token, NULL);
	assert_int_equal(opened.status, AUTH_OK);
	assert_string_equal(opened.who->subject, "oidc:partner:ann");
	char *cookie = auth_world_cookie(opened.set_cookie);
	struct in partner = enter_at(&p->partner, "partner", "ann", "dev", 300);
	struct sign_in_result out =
		auth_world_sign_out_everywhere(p->corp.world, 1, partner.cookie);
	assert_int_equal(out.status, AUTH_OK);
	auth_world_expect(p->corp.world, 0, NULL, cookie, AUTH_ABSENT);
	identity_unref(opened.who);
	sign_in_result_clear(&opened);
	sign_in_result_clear(&out);
	leave(partner);
	free(cookie);
	free(bearer);
	free(token);
}

static void s190_person_is_named_in_roles_with_their_provider(void **state)
{
	struct pair *p = *state;

	start(&p->corp);
	struct in corp = enter_at(&p->corp, "", "eve", "dev", 300),
		  partner = enter_at(&p->partner, "partner", "eve", "dev", 300);
	expect_role(&p->corp, 0, corp.cookie, ROLE_USER);
	expect_role(&p->corp, 0, partner.cookie, ROLE_ADMIN);
	leave(corp);
	leave(partner);
}

static void add_own(struct store *store, const char *id, const char *subject)
{
	struct store_token token = {.role = ROLE_USER,
		.state = STATE_ACTIVE,
		.created_at = clock_wall_s(),
		.expires_at = clock_wall_s() + 1000,
		.ends_at = clock_wall_s() + 1000,
		.serial = 1};

	snprintf(token.id, sizeof token.id, "%s", id);
	snprintf(token.client_name, sizeof token.client_name, "script");
	snprintf(token.issuer, sizeof token.issuer, "https://gw");
	snprintf(token.subject, sizeof token.subject, "%s", subject);
	snprintf(token.created_by, sizeof token.created_by, "%s", subject);
	assert_int_equal(store->ops->token_add(store, &token), 0);
}

static void expect_state(struct store *store, const char *id, enum token_state want)
{
	struct store_token token;

	assert_int_equal(store->ops->token_get(store, str_of(id), &token), STORE_FOUND);
	assert_int_equal(token.state, want);
}

static void s194_logout_at_one_provider_ends_nothing_of_anothers_person(void **state)
{
	struct pair *p = *state;

	start(&p->corp);
	struct store *store = auth_world_store(p->corp.world);
	struct in corp = enter_at(&p->corp, "", "ann", "dev", 300),
		  partner = enter_at(&p->partner, "partner", "ann", "dev", 300);
	add_own(store, "corps", "ann");
	add_own(store, "partners", "oidc:partner:ann");

	/* The partner's key signs no word of the other's. */
	struct fixture liar = p->partner;
	liar.issuer = p->corp.issuer;
	char *lie = logout_token(&liar, "ann", "");
	expect_logout(&p->corp, lie, AUTH_INVALID_TOKEN);
	auth_world_expect(p->corp.world, 0, NULL, corp.cookie, AUTH_OK);

	char *token = logout_token(&p->partner, "ann", "");
	expect_logout(&p->corp, token, AUTH_OK);
	auth_world_expect(p->corp.world, 0, NULL, partner.cookie, AUTH_ABSENT);
	auth_world_expect(p->corp.world, 0, NULL, corp.cookie, AUTH_OK);
	expect_state(store, "partners", STATE_REVOKED);
	expect_state(store, "corps", STATE_ACTIVE);
	store->ops->close(store);
	free(lie);
	free(token);
	leave(corp);
	leave(partner);
}

static void s190_sign_in_at_one_provider_leaves_anothers_tokens_alone(void **state)
{
	struct pair *p = *state;

	start(&p->corp);
	struct store *store = auth_world_store(p->corp.world);
	add_own(store, "corps", "ann");
	add_own(store, "partners", "oidc:partner:ann");
	fake_http_set(p->partner.idp, "/userinfo", 404, "text/plain", "");
	leave(enter_at(&p->partner, "partner", "ann", "nothing", 300));
	expect_state(store, "corps", STATE_ACTIVE);
	store->ops->close(store);
}

static void refreshed_session_asks_the_provider_that_it_is_of(void **state)
{
	struct pair *p = *state;

	start(&p->corp);
	struct in corp = enter_at(&p->corp, "", "ann", "dev", 0),
		  partner = enter_at(&p->partner, "partner", "ann", "dev", 0);
	unsigned corps = fake_http_hits(p->corp.idp, "/token");
	answer_tokens(&p->partner, id_token(&p->partner, "ann", "boss", NULL), 300, "second");
	expect_role(&p->partner, 0, partner.cookie, ROLE_ADMIN);
	assert_int_equal(fake_http_hits(p->corp.idp, "/token"), corps);
	assert_true(fake_http_hits(p->partner.idp, "/token") >= 2);
	leave(corp);
	leave(partner);
}

static void sign_out_leads_to_the_provider_that_the_session_is_of(void **state)
{
	struct pair *p = *state;

	start(&p->corp);
	struct in partner = enter_at(&p->partner, "partner", "ann", "dev", 300);
	struct sign_in_result out = auth_world_sign_out(p->corp.world, 0, partner.cookie);
	assert_int_equal(out.status, AUTH_OK);
	assert_memory_equal(out.location, p->partner.issuer, strlen(p->partner.issuer));
	sign_in_result_clear(&out);
	leave(partner);
}

/* --- S193 --- */

static enum auth_status come_to(
	struct fixture *f, const struct begun *begun, const char *name, const char *more)
{
	char *query = mem_printf("state=%s&code=abc%s", begun->state, more);

	f->world->came_to = name;
	struct sign_in_result result =
		auth_world_login_finish(f->world, 1, query, begun->cookie, false);
	enum auth_status status = result.status;
	identity_unref(result.who);
	sign_in_result_clear(&result);
	free(query);
	return status;
}

static void s193_answer_of_one_provider_is_never_taken_for_anothers(void **state)
{
	struct pair *p = *state;

	start(&p->corp);
	struct begun corp = begin_at(&p->corp, ""), partner = begin_at(&p->partner, "partner");
	char *corp_iss = mem_printf("&iss=%s", p->corp.issuer),
	     *partner_iss = mem_printf("&iss=%s", p->partner.issuer);
	answer_tokens(&p->corp, id_token(&p->corp, "ann", "dev", corp.nonce), 300, "a");
	answer_tokens(&p->partner, id_token(&p->partner, "ann", "dev", partner.nonce), 300, "b");

	/* By the address it came to, though nobody says iss; and by iss. */
	assert_int_equal(come_to(&p->corp, &corp, "partner", ""), AUTH_INVALID_TOKEN);
	assert_int_equal(come_to(&p->corp, &partner, "", ""), AUTH_INVALID_TOKEN);
	assert_int_equal(come_to(&p->corp, &corp, "", partner_iss), AUTH_INVALID_TOKEN);
	assert_int_equal(come_to(&p->corp, &partner, "partner", corp_iss), AUTH_INVALID_TOKEN);
	assert_int_equal(come_to(&p->corp, &corp, "nobody", corp_iss), AUTH_INVALID_TOKEN);
	assert_int_equal(fake_http_hits(p->corp.idp, "/token"), 0);
	assert_int_equal(fake_http_hits(p->partner.idp, "/token"), 0);

	assert_int_equal(come_to(&p->corp, &corp, "", corp_iss), AUTH_OK);
	assert_int_equal(come_to(&p->corp, &partner, "partner", partner_iss), AUTH_OK);
	free(corp_iss);
	free(partner_iss);
	free(corp.cookie);
	free(partner.cookie);
}

static void sign_in_begins_nowhere_when_nobody_says_where(void **state)
{
	struct pair *p = *state;

	start(&p->corp);
	struct auth_login login = auth_login_begin(p->corp.world->auth[0],
		&(struct auth_begin){.provider = STR("other"), .return_path = STR("/")});
	assert_int_equal(login.status, AUTH_UNAVAILABLE);
}

/* --- S191, S192 --- */

static void s191_roles_of_a_provider_with_its_own_are_not_those_of_auth_roles(void **state)
{
	struct pair *p = *state;

	start(&p->corp);
	struct in boss = enter_at(&p->partner, "partner", "ann", "boss", 300),
		  ops = enter_at(&p->partner, "partner", "bob", "ops", 300),
		  all = enter_at(&p->partner, "partner", "cay", "everybody", 300),
		  corp = enter_at(&p->corp, "", "ann", "ops", 300),
		  liar = enter_at(&p->corp, "", "dan", "oidc:partner:ops", 300);
	expect_role(&p->corp, 0, boss.cookie, ROLE_NONE);
	expect_role(&p->corp, 0, ops.cookie, ROLE_ADMIN);
	expect_role(&p->corp, 0, all.cookie, ROLE_USER);
	expect_role(&p->corp, 0, corp.cookie, ROLE_NONE);
	expect_role(&p->corp, 0, liar.cookie, ROLE_NONE);
	leave(boss);
	leave(ops);
	leave(all);
	leave(corp);
	leave(liar);
}

static void expect_spark_user(struct fixture *f, const char *more, const char *want)
{
	char *token = signed_token(f, "s-1", more), *bearer = auth_world_bearer(token);
	struct auth_result result = auth_world_ask(f->world, 0, bearer, NULL);

	assert_int_equal(result.status, AUTH_OK);
	assert_string_equal(grants_person(result.who->grants).user, want);
	identity_unref(result.who);
	free(bearer);
	free(token);
}

static void s192_named_providers_people_own_nothing_of_anothers(void **state)
{
	static const char claims[] =
		"\"roles\":[\"own\"],\"preferred_username\":\"ann\",\"uid\":\"p-ann\"";
	struct pair *p = *state;

	start(&p->corp);
	expect_spark_user(&p->corp, claims, "ann");
	expect_spark_user(&p->partner, claims, "");
}

static int set_up_user_claim(void **state)
{
	return set_up_with(state, ", user_claim: uid");
}

static void s192_named_provider_has_its_own_claim_of_users(void **state)
{
	static const char claims[] =
		"\"roles\":[\"own\"],\"preferred_username\":\"ann\",\"uid\":\"p-ann\"";
	struct pair *p = *state;

	start(&p->corp);
	expect_spark_user(&p->corp, claims, "ann");
	expect_spark_user(&p->partner, claims, "p-ann");
}

static void health_says_which_provider_is_there(void **state)
{
	struct pair *p = *state;

	fake_http_set(p->partner.idp, "/.well-known/openid-configuration", 500, "text/plain", "");
	auth_world_start(p->corp.world);
	int64_t until = clock_mono_ms() + 5000;
	while (auth_provider_at(p->corp.world->auth[0], p->corp.issuer) != AUTH_PROVIDER_READY &&
		clock_mono_ms() < until)
		usleep(5000);
	assert_int_equal(
		auth_provider_at(p->corp.world->auth[0], p->corp.issuer), AUTH_PROVIDER_READY);
	assert_int_equal(
		auth_provider_at(p->corp.world->auth[0], p->partner.issuer), AUTH_PROVIDER_SILENT);
	struct in corp =
		enter_at(&p->corp, "", "ann", "dev", 300); /* the other's silence is its own */
	leave(corp);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, set_up_pair, tear_down_pair)
#define WITH(name, how) cmocka_unit_test_setup_teardown(name, how, tear_down_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(s190_two_people_of_one_subject_are_two),
		TEST(s190_subject_that_pretends_to_be_anothers_is_refused),
		TEST(s190_bearer_token_is_of_its_issuers_person),
		TEST(s190_person_is_named_in_roles_with_their_provider),
		TEST(s190_sign_in_at_one_provider_leaves_anothers_tokens_alone),
		TEST(s194_logout_at_one_provider_ends_nothing_of_anothers_person),
		TEST(refreshed_session_asks_the_provider_that_it_is_of),
		TEST(sign_out_leads_to_the_provider_that_the_session_is_of),
		TEST(s193_answer_of_one_provider_is_never_taken_for_anothers),
		TEST(sign_in_begins_nowhere_when_nobody_says_where),
		WITH(s191_roles_of_a_provider_with_its_own_are_not_those_of_auth_roles,
			set_up_own_roles),
		TEST(s192_named_providers_people_own_nothing_of_anothers),
		WITH(s192_named_provider_has_its_own_claim_of_users, set_up_user_claim),
		TEST(health_says_which_provider_is_there),
	};

	(void)set_up, (void)tear_down, (void)enter;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
