/* What takes a session to an application's host: good there, for that session and path, and nowhere
 * else (S0, S26). */
#include "auth/session/app_pass.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct str label = {"app-1-x", 7}, other = {"app-2-y", 7};
static const unsigned char browser[DIGEST_LEN] = {1, 2, 3};
static const struct url https = {.tls = true, .host = "gw.example", .port = 443};
static const struct url http = {.host = "localhost", .port = 8480};

static int set_up(void **state)
{
	*state = keyring_new(STR("new key material, of some length"), STR(""));
	return 0;
}

static int tear_down(void **state)
{
	keyring_unref(*state);
	return 0;
}

static void s0_a_code_opens_for_its_label_only(void **state)
{
	char id[SESSION_ID_LEN + 1];
	struct app_pass_code read;

	session_new_id(id);
	char *code = app_pass_code_new(
		*state, label, str_of(id), browser, STR("/local/proxy/app-1/?a=%20b"), 1000);
	char *again = app_pass_code_new(*state, label, str_of(id), browser, STR("/x"), 1000);
	assert_null(strstr(code, id));
	assert_int_equal(app_pass_code_read(*state, other, str_of(code), &read), -1);
	assert_null(read.path);
	assert_int_equal(app_pass_code_read(*state, label, str_of(code), &read), 0);
	assert_string_equal(read.session, id);
	assert_string_equal(read.path, "/local/proxy/app-1/?a=%20b");
	assert_int_equal(read.ends_at, 1030);
	assert_memory_equal(read.browser, browser, DIGEST_LEN);
	unsigned char once[DIGEST_LEN];
	memcpy(once, read.once, sizeof once);
	app_pass_code_clear(&read);
	assert_int_equal(app_pass_code_read(*state, label, str_of(again), &read), 0);
	assert_memory_not_equal(once, read.once, sizeof once);
	app_pass_code_clear(&read);
	secret_free(code);
	secret_free(again);
}

static void s26_no_byte_of_a_code_can_be_changed(void **state)
{
	char id[SESSION_ID_LEN + 1];
	struct app_pass_code read;

	session_new_id(id);
	char *code = app_pass_code_new(*state, label, str_of(id), browser, STR("/x"), 1000);
	for (size_t i = 0; code[i]; i++) {
		char was = code[i];
		code[i] = was == 'A' ? 'B' : 'A';
		assert_int_equal(app_pass_code_read(*state, label, str_of(code), &read), -1);
		code[i] = was;
	}
	assert_int_equal(app_pass_code_read(*state, label, STR(""), &read), -1);
	assert_int_equal(
		app_pass_code_read(*state, label, (struct str){code, strlen(code) - 4}, &read), -1);
	secret_free(code);
}

static void the_longest_path_fits_a_request_target(void **state)
{
	char id[SESSION_ID_LEN + 1], path[APP_PATH_MAX];
	struct app_pass_code read;

	session_new_id(id);
	memset(path, 'x', sizeof path);
	path[0] = '/';
	char *code = app_pass_code_new(
		*state, label, str_of(id), browser, (struct str){path, sizeof path}, 0);
	assert_in_range(strlen(code), APP_PATH_MAX, 7000);
	assert_int_equal(app_pass_code_read(*state, label, str_of(code), &read), 0);
	assert_int_equal(strlen(read.path), sizeof path);
	app_pass_code_clear(&read);
	secret_free(code);
}

/* What the browser would send of a Set-Cookie value. */
static struct str sent(const char *set_cookie)
{
	return (struct str){set_cookie, strcspn(set_cookie, ";")};
}

static void s25_a_cookie_is_good_for_its_label_only(void **state)
{
	char id[SESSION_ID_LEN + 1], found[COOKIES_TRIED][SESSION_ID_LEN + 1];

	session_new_id(id);
	char *cookie = app_pass_cookie_new(*state, &https, label, str_of(id));
	struct str fields[2] = {sent(cookie), sent(cookie)};
	assert_int_equal(app_pass_cookie_read(*state, &https, label, fields, 1, found), 1);
	assert_string_equal(found[0], id);
	assert_int_equal(app_pass_cookie_read(*state, &https, other, fields, 1, found), 0);
	assert_int_equal(app_pass_cookie_read(*state, &https, label, fields, 2, found), 1);
	assert_int_equal(app_pass_cookie_read(*state, &http, label, fields, 1, found), 0);
	assert_null(strstr(cookie, id));
	assert_non_null(strstr(cookie, "__Host-sparkgate-app="));
	assert_non_null(strstr(cookie, "; Path=/; HttpOnly; SameSite=Lax; Secure"));
	assert_null(strstr(cookie, "Domain"));
	secret_free(cookie);
	cookie = app_pass_cookie_new(*state, &http, label, str_of(id));
	assert_memory_equal(cookie, "sparkgate-app=", 14);
	assert_null(strstr(cookie, "Secure"));
	secret_free(cookie);
}

static void s81_cookies_beside_the_one_of_its_label_are_passed_over(void **state)
{
	char id[2][SESSION_ID_LEN + 1], found[COOKIES_TRIED][SESSION_ID_LEN + 1];

	session_new_id(id[0]);
	session_new_id(id[1]);
	char *first = app_pass_cookie_new(*state, &http, label, str_of(id[0]));
	char *foreign = app_pass_cookie_new(*state, &http, other, str_of(id[0]));
	char *second = app_pass_cookie_new(*state, &http, label, str_of(id[1]));
	struct str fields[] = {STR("sparkgate-app=x"), sent(foreign), sent(first), sent(second)};
	assert_int_equal(app_pass_cookie_read(*state, &http, label, fields, 4, found), 2);
	assert_string_equal(found[0], id[0]);
	assert_string_equal(found[1], id[1]);
	secret_free(first);
	secret_free(foreign);
	secret_free(second);
}

static void s0_a_code_is_no_cookie(void **state)
{
	char id[SESSION_ID_LEN + 1], found[COOKIES_TRIED][SESSION_ID_LEN + 1];

	session_new_id(id);
	char *code = app_pass_code_new(*state, label, str_of(id), browser, STR("/x"), 1000);
	char *field = mem_printf("sparkgate-app=%s", code);
	struct str fields[] = {str_of(field)};
	assert_int_equal(app_pass_cookie_read(*state, &http, label, fields, 1, found), 0);
	free(field);
	secret_free(code);
}

static void s50_entry_cookie_is_known_by_its_digest_in_the_browser_that_has_it(void **state)
{
	char first[APP_ENTRY_LEN + 1], again[APP_ENTRY_LEN + 1], third[APP_ENTRY_LEN + 1];
	unsigned char digest[DIGEST_LEN];

	(void)state;
	char *cookie = app_pass_entry_new(&https, NULL, 0, first);
	char *stranger = app_pass_entry_new(&https, NULL, 0, third);
	struct str fields[] = {sent(cookie)}, theirs[] = {sent(stranger)};
	struct str both[] = {fields[0], theirs[0]}, twice[] = {fields[0], fields[0]};
	assert_non_null(strstr(cookie, "__Host-sparkgate-entry-"));
	assert_non_null(strstr(cookie, "; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"));
	assert_null(strstr(cookie, first));
	assert_true(app_pass_entry_read(str_of(first), digest));
	assert_true(app_pass_entry_is(&https, fields, 1, digest));
	assert_false(app_pass_entry_is(&https, theirs, 1, digest));
	assert_true(app_pass_entry_is(&https, both, 2, digest)); /* two tabs asked */
	assert_true(app_pass_entry_is(&https, twice, 2, digest));
	assert_false(app_pass_entry_is(&http, fields, 1, digest));
	assert_false(app_pass_entry_is(&https, NULL, 0, digest));
	/* Who asks again keeps the value, so that tabs do not spoil each other's codes. */
	char *kept = app_pass_entry_new(&https, fields, 1, again);
	assert_string_equal(again, first);
	secret_free(kept);
	secret_free(cookie);
	secret_free(stranger);
}

static void s50_what_is_no_digest_is_not_read(void **state)
{
	static const char *const texts[] = {"", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	unsigned char digest[DIGEST_LEN];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_false(app_pass_entry_read(str_of(texts[i]), digest));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(s0_a_code_opens_for_its_label_only),
		TEST(s26_no_byte_of_a_code_can_be_changed),
		TEST(the_longest_path_fits_a_request_target),
		TEST(s25_a_cookie_is_good_for_its_label_only),
		TEST(s0_a_code_is_no_cookie),
		TEST(s81_cookies_beside_the_one_of_its_label_are_passed_over),
		TEST(s50_entry_cookie_is_known_by_its_digest_in_the_browser_that_has_it),
		TEST(s50_what_is_no_digest_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
