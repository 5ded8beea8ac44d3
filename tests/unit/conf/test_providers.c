#include "conf/providers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static char corp_issuer[] = "https://corp", partner_issuer[] = "https://partner",
	    bearer_issuer[] = "https://ci", partner_name[] = "partner", claim[] = "roles",
	    own_claim[] = "groups", user_claim[] = "uid";
static struct conf_oidc rows[] = {
	{.issuer = corp_issuer}, {.issuer = partner_issuer, .name = partner_name}};
static struct conf_bearer bearer = {.issuer = bearer_issuer};
static const struct conf conf = {
	.oidc = rows, .oidc_count = 2, .bearer = &bearer, .bearer_count = 1, .roles_claim = claim};

static void expect_person(const char *issuer, const char *subject, const char *want)
{
	char *person = conf_person(&conf, str_of(issuer), str_of(subject));

	if (want)
		assert_string_equal(person, want);
	else
		assert_null(person);
	free(person);
}

static void s190_subject_of_a_named_provider_has_its_name_before_it(void **state)
{
	(void)state;
	expect_person(corp_issuer, "ann", "ann");
	expect_person(partner_issuer, "ann", "oidc:partner:ann");
	expect_person(partner_issuer, "oidc:partner:ann", "oidc:partner:oidc:partner:ann");
	expect_person("https://the-gateway-itself", "oidc:partner:ann", "oidc:partner:ann");
}

static void s190_nobody_else_may_give_such_a_subject(void **state)
{
	(void)state;
	expect_person(corp_issuer, "oidc:partner:ann", NULL);
	expect_person(corp_issuer, "oidc:", NULL);
	expect_person(bearer_issuer, "oidc:partner:ann", NULL);
	expect_person(bearer_issuer, "oidcx", "oidcx");
}

static void s190_subject_that_gets_too_long_is_none(void **state)
{
	char subject[CONF_PERSON];

	(void)state;
	memset(subject, 'a', sizeof subject);
	subject[CONF_PERSON - 1] = '\0';
	expect_person(corp_issuer, subject, subject);
	expect_person(partner_issuer, subject, NULL);
}

static void s190_person_leads_back_to_the_issuers_own_subject(void **state)
{
	(void)state;
	assert_true(str_eq(
		conf_subject(&conf, STR("https://partner"), STR("oidc:partner:ann")), STR("ann")));
	assert_null(conf_subject(&conf, STR("https://partner"), STR("ann")).at);
	assert_null(conf_subject(&conf, STR("https://partner"), STR("oidc:partner2:ann")).at);
	assert_null(conf_subject(&conf, STR("https://partner"), STR("oidc:part")).at);
	assert_true(str_eq(conf_subject(&conf, STR("https://corp"), STR("ann")), STR("ann")));
}

static void s31_people_of_every_provider_are_the_platforms(void **state)
{
	const struct conf without = {.bearer = &bearer, .bearer_count = 1};

	(void)state;
	assert_true(conf_is_platform(&conf, STR("https://corp")));
	assert_true(conf_is_platform(&conf, STR("https://partner")));
	assert_false(conf_is_platform(&conf, STR("https://ci")));
	assert_true(conf_is_platform(&without, STR("https://ci")));
}

static void expect_role(const struct conf_oidc *of, const char *name, const char *want)
{
	char *role = conf_role(of, str_of(name));

	if (want)
		assert_string_equal(role, want);
	else
		assert_null(role);
	free(role);
}

static void s191_role_of_a_provider_with_its_own_roles_has_its_name_before_it(void **state)
{
	struct conf_oidc own = rows[1];

	(void)state;
	expect_role(&rows[0], "admin", "admin");
	expect_role(&rows[1], "admin", "admin");
	own.has_roles = true;
	expect_role(&own, "admin", "oidc:partner:admin");
	expect_role(&rows[0], "oidc:partner:admin", NULL);
	expect_role(&rows[1], "oidc:partner:admin", NULL);
	expect_role(NULL, "oidc:partner:admin", NULL);
	assert_string_equal(conf_roles_claim(&conf, &own), "roles");
	own.roles.claim = own_claim;
	assert_string_equal(conf_roles_claim(&conf, &own), "groups");
}

static void page_names_roles_as_ones_own_provider_does(void **state)
{
	struct conf_oidc both[] = {rows[0], rows[1]};
	struct conf with = conf;

	(void)state;
	with.oidc = both;
	both[1].has_roles = true;
	const struct str partner = STR("https://partner"), corp = STR("https://corp");
	assert_string_equal(conf_role_of(&with, partner, "oidc:partner:admin"), "admin");
	assert_null(conf_role_of(&with, partner, "admin"));
	assert_string_equal(conf_role_of(&with, corp, "admin"), "admin");
	assert_null(conf_role_of(&with, corp, "oidc:partner:admin"));
}

static void s192_named_provider_says_nothing_to_spark_unless_its_entry_does(void **state)
{
	struct conf_oidc own = rows[1];

	(void)state;
	assert_true(conf_is_known_to_spark(NULL));
	assert_true(conf_is_known_to_spark(&rows[0]));
	assert_false(conf_is_known_to_spark(&own));
	own.user_claim = user_claim;
	assert_true(conf_is_known_to_spark(&own));
}

static void what_tells_the_spark_user_is_named_by_its_key(void **state)
{
	struct conf with = conf;
	struct conf_oidc alone = rows[0], named = rows[1];
	const struct {
		const struct conf_oidc *of;
		const char *claim, *said;
	} told[] = {{NULL, "roles", "auth.user_claim: roles"},
		{&rows[0], "roles", "auth.user_claim: roles"},
		{&alone, "uid", "auth.oidc.user_claim: uid"},
		{&rows[1], NULL, "user_claim of the provider partner: not set"},
		{&named, "uid", "user_claim of the provider partner: uid"}};

	(void)state;
	with.user_claim = claim;
	alone.user_claim = named.user_claim = user_claim;
	for (size_t i = 0; i < ARRAY_LEN(told); i++) {
		const char *is = conf_user_claim(&with, told[i].of);
		char *said = conf_user_claim_said(&with, told[i].of);
		assert_true(told[i].claim ? strcmp(is, told[i].claim) == 0 : is == NULL);
		assert_string_equal(said, told[i].said);
		free(said);
	}
}

static void providers_are_found_by_name_and_by_issuer(void **state)
{
	(void)state;
	assert_ptr_equal(conf_provider_named(&conf, STR("partner")), &rows[1]);
	assert_ptr_equal(conf_provider_named(&conf, STR("")), &rows[0]);
	assert_null(conf_provider_named(&conf, STR("partne")));
	assert_ptr_equal(conf_provider_of(&conf, STR("https://partner")), &rows[1]);
	assert_null(conf_provider_of(&conf, STR("https://partner/")));
	assert_string_equal(conf_provider_name(NULL), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s190_subject_of_a_named_provider_has_its_name_before_it),
		cmocka_unit_test(s190_nobody_else_may_give_such_a_subject),
		cmocka_unit_test(s190_subject_that_gets_too_long_is_none),
		cmocka_unit_test(s190_person_leads_back_to_the_issuers_own_subject),
		cmocka_unit_test(s31_people_of_every_provider_are_the_platforms),
		cmocka_unit_test(s191_role_of_a_provider_with_its_own_roles_has_its_name_before_it),
		cmocka_unit_test(page_names_roles_as_ones_own_provider_does),
		cmocka_unit_test(s192_named_provider_says_nothing_to_spark_unless_its_entry_does),
		cmocka_unit_test(what_tells_the_spark_user_is_named_by_its_key),
		cmocka_unit_test(providers_are_found_by_name_and_by_issuer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
