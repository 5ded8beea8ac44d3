/* systemd credentials: secrets that are found by their names, each from one place only. */
#include "base/str.h"
#include "tests/support/conf_probe.h"
#include "tests/support/scratch.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define A     "clusters: [{name: a, masters: [http://m:8080]}]\n"
#define ROLES "  roles: {claim: r, user: [u]}\n"
#define KEY   "b2xkIGtleSBvbGQga2V5IG9sZCBrZXkgb2xkIGtleSE="

static int make_folder(void **state)
{
	*state = scratch_new();
	return 0;
}

static int remove_folder(void **state)
{
	unsetenv("CREDENTIALS_DIRECTORY");
	scratch_free(*state);
	return 0;
}

static void systemd_credentials_are_found_by_name(void **state)
{
	static const char *const names[] = {"sparkgate.auth.oidc.client_secret",
		"sparkgate.store_password", "sparkgate.store_sentinel_password"};
	struct err err = {""};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		free(scratch_write(*state, names[i], names[i]));
	free(scratch_write(*state, "sparkgate.session.key", KEY "\n"));
	setenv("CREDENTIALS_DIRECTORY", *state, 1);
	struct conf *conf = conf_probe_load_file(*state,
		mem_strdup(A "store: redis+sentinel://a/m\nauth:\n"
			     "  oidc: {issuer: 'https://i', client_id: g}\n" ROLES),
		&err);
	assert_string_equal(err.text, "");
	assert_string_equal(conf->oidc[0].client_secret.value, names[0]);
	assert_string_equal(conf->redis.password.value, names[1]);
	assert_string_equal(conf->redis.sentinel_password.value, names[2]);
	assert_string_equal(conf->session_key.value, KEY);

	/* What is printed names the credentials as files, which is not twice. */
	char *text = conf_probe_print(conf);
	conf_unref(conf);
	conf = conf_probe_load_file(*state, text, &err);
	assert_string_equal(err.text, "");
	assert_string_equal(conf->redis.password.value, names[1]);
	conf_unref(conf);
}

static void credential_of_a_lists_item_has_the_items_name(void **state)
{
	struct err err = {""};

	free(scratch_write(*state, "sparkgate.auth.oidc.corp.client_secret", "corps"));
	free(scratch_write(*state, "sparkgate.auth.oidc.client_secret", "nobodys"));
	free(scratch_write(*state, "sparkgate.clusters.a.jws_key",
		"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\n"));
	setenv("CREDENTIALS_DIRECTORY", *state, 1);
	struct conf *conf = conf_probe_load_file(*state,
		mem_strdup(A "auth:\n  oidc:\n"
			     "    - {issuer: 'https://i', client_id: g}\n"
			     "    - {issuer: 'https://j', client_id: g, name: corp}\n" ROLES),
		&err);
	assert_string_equal(err.text, "");
	assert_null(conf->oidc[0].client_secret.value); /* it has no name */
	assert_string_equal(conf->oidc[1].client_secret.value, "corps");
	assert_non_null(conf->clusters[0].jws_key.value);
	conf_unref(conf);
}

static void secret_in_a_file_and_as_a_credential_is_given_twice(void **state)
{
	char *secret = scratch_write(*state, "secret", "hunter2\n");
	struct err err = {""};

	free(scratch_write(*state, "sparkgate.store_password", "hunter2"));
	setenv("CREDENTIALS_DIRECTORY", *state, 1);
	assert_null(conf_probe_load_file(
		*state, mem_printf(A "store: redis://h\nstore_password_file: %s\n", secret), &err));
	char *want = mem_printf("%s/sg.yaml:3:1: key \"store_password_file\": %s: given twice, the "
				"systemd credential sparkgate.store_password is there too",
		(char *)*state, secret);
	assert_string_equal(err.text, want);
	free(want);
	free(secret);
}

/* Root looks into every folder, so somebody else asks. */
static void credentials_where_nobody_may_look_are_refused_as_such(void **state)
{
	char *closed = mem_printf("%s/closed", (char *)*state);
	bool is_root = geteuid() == 0;
	struct err err = {""};

	assert_int_equal(chmod(*state, 0755) | mkdir(closed, 0700) | chmod(closed, 0), 0);
	setenv("CREDENTIALS_DIRECTORY", closed, 1);
	char *file = scratch_write(*state, "sg.yaml", A "store: redis://h\n");
	assert_int_equal(chmod(file, 0644), 0);
	assert_int_equal(is_root ? seteuid(65534) : 0, 0);
	assert_null(conf_load(file, &err));
	assert_int_equal(is_root ? seteuid(0) : 0, 0);
	char *want = mem_printf("CREDENTIALS_DIRECTORY: %s: Permission denied; expected the folder "
				"of this service's systemd credentials, or no such variable",
		closed);
	assert_string_equal(err.text, want);
	free(want);
	free(file);
	free(closed);
}

static void folder_of_credentials_that_is_not_there_has_none(void **state)
{
	struct err err = {""};

	setenv("CREDENTIALS_DIRECTORY", "/nowhere/at/all", 1);
	struct conf *conf = conf_probe_load_file(*state, mem_strdup(A "store: redis://h\n"), &err);
	assert_string_equal(err.text, "");
	assert_null(conf->redis.password.value);
	conf_unref(conf);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(systemd_credentials_are_found_by_name),
		T(credential_of_a_lists_item_has_the_items_name),
		T(secret_in_a_file_and_as_a_credential_is_given_twice),
		T(credentials_where_nobody_may_look_are_refused_as_such),
		T(folder_of_credentials_that_is_not_there_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
