/* What a sign-in or token keeps of who somebody is. */
#include "auth/roles/standing.h"

#include "auth/roles/spark_user.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char analysts[] = "analysts", everyone[] = "everyone", platform[] = "platform",
	    science[] = "science", subject[] = "sub:s1", own[] = "own", acl[] = "acl",
	    view[] = "view", groups[] = "groups", preferred[] = "preferred_username",
	    prod[] = "prod", lab[] = "lab";

struct world {
	struct conf conf;
	struct conf_role rows[2];
	struct conf_ui uis[1];
	struct conf_cluster clusters[1];
	char *admins[1], *users[1], *sciences[1], *owns[1], *acls[1], *views[1];
};

/* platform is admin, everyone user; analysts see their own, sub:s1 what its ACL says (with_acl). */
static void set_up(struct world *w, bool with_acl)
{
	*w = (struct world){.admins = {platform},
		.users = {everyone},
		.sciences = {science},
		.owns = {own},
		.acls = {with_acl ? acl : own},
		.views = {view}};
	w->rows[0] = (struct conf_role){
		.role = analysts, .applications = {w->owns, 1}, .rights = {w->views, 1}};
	w->rows[1] = (struct conf_role){
		.role = subject, .applications = {w->acls, 1}, .rights = {w->views, 1}};
	w->uis[0] = (struct conf_ui){.name = lab, .roles = {w->sciences, 1}};
	w->clusters[0] = (struct conf_cluster){.name = prod, .uis = w->uis, .uis_count = 1};
	w->conf = (struct conf){.roles_claim = groups,
		.user_claim = preferred,
		.roles_admin = {w->admins, 1},
		.roles_user = {w->users, 1},
		.roles_custom = w->rows,
		.roles_custom_count = 2,
		.clusters = w->clusters,
		.clusters_count = 1};
}

/* Gives the text of what these claims say. */
static char *text_of(const struct conf *conf, const char *claims)
{
	struct standing *standing = standing_new();
	json_t *json = json_loads(claims, 0, NULL);

	assert_non_null(json);
	standing_add(standing, conf, NULL, json);
	char *text = standing_text(standing);
	standing_free(standing);
	json_decref(json);
	return text;
}

static void assert_text(const struct conf *conf, const char *claims, const char *want)
{
	char *text = text_of(conf, claims);

	assert_string_equal(text, want);
	free(text);
}

static void only_what_the_configuration_mentions_is_kept(void **state)
{
	struct world w;

	(void)state;
	set_up(&w, false);
	assert_text(&w.conf,
		"{\"sub\":\"s1\",\"groups\":[\"everyone\",\"x\",\"science\",\"everyone\"],"
		"\"preferred_username\":\"ada\"}",
		"{\"names\":[\"sub:s1\",\"everyone\",\"science\"],\"user\":\"ada\",\"groups\":[]}");
	assert_text(&w.conf, "{\"sub\":\"s2\",\"groups\":\"x\"}",
		"{\"names\":[],\"user\":\"\",\"groups\":[]}");
	/* S71: who writes "sub:..." among their groups is not that person. */
	assert_text(&w.conf, "{\"sub\":\"s2\",\"groups\":[\"sub:s1\"]}",
		"{\"names\":[],\"user\":\"\",\"groups\":[]}");
}

static void groups_are_kept_where_a_row_asks_applications_lists(void **state)
{
	struct world w;

	(void)state;
	set_up(&w, true);
	assert_text(&w.conf, "{\"sub\":\"s2\",\"groups\":[\"x\",\"analysts\"]}",
		"{\"names\":[\"analysts\"],\"user\":\"\",\"groups\":[\"x\",\"analysts\"]}");
}

static void text_opens_what_the_configuration_says_when_it_is_read(void **state)
{
	struct world w;
	char *text;

	(void)state;
	set_up(&w, false);
	text = text_of(&w.conf, "{\"groups\":[\"everyone\"],\"preferred_username\":\"ada\"}");
	struct grants *grants = standing_read(&w.conf, str_of(text));
	assert_int_equal(grants_role(grants), ROLE_USER);
	assert_string_equal(grants_person(grants).user, "ada");
	grants_unref(grants);
	w.users[0] = science; /* a reload */
	grants = standing_read(&w.conf, str_of(text));
	assert_int_equal(grants_role(grants), ROLE_NONE);
	grants_unref(grants);
	w.admins[0] = everyone;
	grants = standing_read(&w.conf, str_of(text));
	assert_int_equal(grants_role(grants), ROLE_ADMIN);
	char *again = standing_text_of(grants);
	assert_string_equal(again, text);
	free(again);
	grants_unref(grants);
	free(text);
}

static void s71_text_that_is_none_of_ours_opens_nothing(void **state)
{
	static const char *const texts[] = {"", "{}", "[]", "x", "{\"names\":[\"platform\"]}",
		"{\"names\":\"platform\",\"user\":\"\",\"groups\":[]}",
		"{\"names\":[7],\"user\":\"\",\"groups\":[]}",
		"{\"names\":[],\"names\":[\"platform\"],\"user\":\"\",\"groups\":[]}"};
	struct world w;

	(void)state;
	set_up(&w, false);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_null(standing_read(&w.conf, str_of(texts[i])));
}

static void s71_text_stays_within_its_bounds(void **state)
{
	struct world w;
	struct standing *standing = standing_new();
	json_t *list = json_array(), *claims = json_pack("{s:o}", "groups", list);
	char name[300];

	(void)state;
	set_up(&w, true);
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof name, "group-\"%d\"-%0200d", i, i);
		json_array_append_new(list, json_string(name));
	}
	json_array_append_new(list, json_string("platform"));
	memset(name, 'u', 255);
	name[255] = '\0';
	json_object_set_new(claims, "preferred_username", json_string(name));
	standing_add(standing, &w.conf, NULL, claims);
	assert_true(standing_is_cut(standing));
	char *text = standing_text(standing);
	assert_in_range(strlen(text), 3000, STANDING_TEXT - 1);
	struct grants *grants = standing_read(&w.conf, str_of(text));
	assert_int_equal(grants_role(grants), ROLE_ADMIN); /* roles have room of their own */
	grants_unref(grants);
	free(text);
	standing_free(standing);
	json_decref(claims);
}

static void renewed_text_keeps_the_spark_user_that_it_does_not_say(void **state)
{
	static const char old[] = "{\"names\":[\"everyone\"],\"user\":\"ada\",\"groups\":[]}",
			  silent[] = "{\"names\":[\"analysts\"],\"user\":\"\",\"groups\":[]}",
			  other[] = "{\"names\":[],\"user\":\"bob\",\"groups\":[]}";
	char *text = standing_renew(str_of(old), str_of(silent));

	(void)state;
	assert_string_equal(text, "{\"names\":[\"analysts\"],\"user\":\"ada\",\"groups\":[]}");
	free(text);
	text = standing_renew(str_of(old), str_of(other));
	assert_string_equal(text, other);
	free(text);
	text = standing_renew(str_of(""), str_of(silent));
	assert_string_equal(text, silent);
	free(text);
}

static bool is_within(const struct conf *conf, const char *token, const char *left)
{
	struct grants *grants = standing_read(conf, str_of(left));
	bool is = standing_is_within(conf, str_of(token), grants);

	grants_unref(grants);
	return is;
}

static void s72_standing_is_within_what_is_left_or_it_is_not(void **state)
{
#define TEXT(names, user, groups)                                                                  \
	"{\"names\":[" names "],\"user\":\"" user "\",\"groups\":[" groups "]}"
	struct world w;
	const char *left = TEXT("\"everyone\",\"analysts\"", "ada", "\"g\"");

	(void)state;
	set_up(&w, true);
	assert_true(is_within(&w.conf, TEXT("\"analysts\"", "ada", ""), left));
	assert_true(is_within(&w.conf, TEXT("\"analysts\"", "", "\"g\""), left));
	assert_false(is_within(&w.conf, TEXT("\"platform\"", "ada", ""), left));
	assert_false(is_within(&w.conf, TEXT("\"analysts\"", "bob", ""), left));
	assert_false(is_within(&w.conf, TEXT("", "ada", "\"h\""), left));
	assert_true(is_within(&w.conf, TEXT("\"of-old\"", "ada", ""), left)); /* opens nothing */
	assert_false(is_within(&w.conf, "x", left));
	set_up(&w, false); /* no row asks for groups */
	assert_true(is_within(&w.conf, TEXT("", "ada", "\"h\""), left));
#undef TEXT
}

/* --- Spark's name for them --- */

static void assert_user(const struct conf *conf, const char *claims, const char *want)
{
	json_t *json = json_loads(claims, 0, NULL);
	char *user = spark_user_in(conf, NULL, json);

	assert_non_null(json);
	if (want)
		assert_string_equal(user, want);
	else
		assert_null(user);
	free(user);
	json_decref(json);
}

static void spark_user_is_the_claim_or_an_addresss_local_part(void **state)
{
	struct conf conf = {.user_claim = preferred};
	char email[] = "email", nested[] = "a.b", name[] = "https://x.example/user";

	(void)state;
	assert_user(&conf, "{\"preferred_username\":\"ada\"}", "ada");
	assert_user(&conf, "{\"preferred_username\":\"ada@x.example\"}", "ada@x.example");
	assert_user(&conf, "{\"preferred_username\":\"\"}", NULL);
	assert_user(&conf, "{\"preferred_username\":\"a\\nb\"}", NULL);
	assert_user(&conf, "{\"preferred_username\":[\"ada\"]}", NULL);
	assert_user(&conf, "{\"sub\":\"ada\"}", NULL);
	conf.user_claim = email;
	assert_user(&conf, "{\"email\":\"ada@x.example\"}", "ada");
	assert_user(&conf, "{\"email\":\"ada@x.example\",\"email_verified\":true}", "ada");
	assert_user(&conf, "{\"email\":\"ada\"}", NULL);
	assert_user(&conf, "{\"email\":\"@x.example\"}", NULL);
	assert_user(&conf, "{\"email\":\"a@b@x.example\"}", NULL);
	conf.user_claim = nested;
	assert_user(&conf, "{\"a\":{\"b\":\"ada\"}}", "ada");
	conf.user_claim = name;
	assert_user(&conf, "{\"https://x.example/user\":\"ada\"}", "ada");
}

static void s71_address_that_nobody_has_proved_names_no_spark_user(void **state)
{
	char email[] = "email";
	struct conf conf = {.user_claim = email};

	(void)state;
	assert_user(&conf, "{\"email\":\"ada@x.example\",\"email_verified\":false}", NULL);
	assert_user(&conf, "{\"email\":\"ada@x.example\",\"email_verified\":\"false\"}", NULL);
}

static void s71_with_a_map_only_who_stands_in_it_has_a_spark_user(void **state)
{
	char email[] = "email", file[] = "/f";
	struct conf_user rows[] = {{(char[]){"ada@x.example"}, (char[]){"lovelace"}}};
	struct conf conf = {.user_claim = email, .user_map = {file, rows, 1}};

	(void)state;
	assert_user(&conf, "{\"email\":\"ada@x.example\"}", "lovelace");
	assert_user(&conf, "{\"email\":\"bob@x.example\"}", NULL);
	assert_user(&conf, "{\"email\":\"lovelace\"}", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_the_configuration_mentions_is_kept),
		cmocka_unit_test(groups_are_kept_where_a_row_asks_applications_lists),
		cmocka_unit_test(text_opens_what_the_configuration_says_when_it_is_read),
		cmocka_unit_test(s71_text_that_is_none_of_ours_opens_nothing),
		cmocka_unit_test(s71_text_stays_within_its_bounds),
		cmocka_unit_test(renewed_text_keeps_the_spark_user_that_it_does_not_say),
		cmocka_unit_test(s72_standing_is_within_what_is_left_or_it_is_not),
		cmocka_unit_test(spark_user_is_the_claim_or_an_addresss_local_part),
		cmocka_unit_test(s71_address_that_nobody_has_proved_names_no_spark_user),
		cmocka_unit_test(s71_with_a_map_only_who_stands_in_it_has_a_spark_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
