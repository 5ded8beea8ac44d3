/* Secrets: from files that nobody else may read, from one place only, and never shown. */
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

#define A      "clusters: [{name: a, masters: [http://m:8080]}]\n"
#define ROLES  "  roles: {claim: r, user: [u]}\n"
#define KEY    "b2xkIGtleSBvbGQga2V5IG9sZCBrZXkgb2xkIGtleSE="
#define NEWKEY "bmV3IGtleSBuZXcga2V5IG5ldyBrZXkgbmV3IGtleSE="

static int make_folder(void **state)
{
	*state = scratch_new();
	return 0;
}

static int remove_folder(void **state)
{
	unsetenv("SPARKGATE_STORE_PASSWORD_FILE");
	unsetenv("SPARKGATE_STORE_PASSWORD");
	scratch_free(*state);
	return 0;
}

/* A Redis store whose password file has these bytes; or its refusal. */
static struct conf *with_password(
	const char *folder, struct str bytes, mode_t mode, struct err *err)
{
	char *secret = mem_printf("%s/secret", folder);
	FILE *f = fopen(secret, "we");

	fwrite(bytes.at, 1, bytes.len, f);
	fclose(f);
	assert_int_equal(chmod(secret, mode), 0);
	struct conf *conf = conf_probe_load_file(
		folder, mem_printf(A "store: redis://h\nstore_password_file: %s\n", secret), err);
	free(secret);
	return conf;
}

static void assert_password(const char *folder, struct str bytes, mode_t mode, const char *want)
{
	struct err err = {""};
	struct conf *conf = with_password(folder, bytes, mode, &err);

	assert_string_equal(err.text, "");
	assert_string_equal(conf->redis.password.value, want);
	conf_unref(conf);
}

/* The message is `<file>:3:1: key "store_password_file": <secret>: ` and `want`. */
static void assert_password_refused(
	const char *folder, struct str bytes, mode_t mode, const char *want)
{
	struct err err = {""};

	assert_null(with_password(folder, bytes, mode, &err));
	char *expected = mem_printf(
		"%s/sg.yaml:3:1: key \"store_password_file\": %s/secret: %s", folder, folder, want);
	conf_probe_assert_message("a secret", err.text, expected);
	free(expected);
}

static void secret_is_what_the_file_holds_without_its_last_newline(void **state)
{
	char longest[4097];

	memset(longest, 'x', 4096);
	longest[4096] = '\0';
	assert_password(*state, STR("hunter2"), 0600, "hunter2");
	assert_password(*state, STR("hunter2\n"), 0600, "hunter2");
	assert_password(*state, STR("hunter2\r\n"), 0400, "hunter2");
	assert_password(*state, STR(" two words \n"), 0440, " two words ");
	assert_password(*state, STR("ü"), 0640, "ü");
	assert_password(*state, str_of(longest), 0600, longest);
}

static void file_that_is_no_secret_is_refused(void **state)
{
	char too_long[4097];

	memset(too_long, 'x', sizeof too_long);
	assert_password_refused(*state, STR(""), 0600, "is empty");
	assert_password_refused(*state, STR("\n"), 0600, "is empty");
	assert_password_refused(*state, STR("hun\0ter2"), 0600, "holds a NUL byte");
	assert_password_refused(*state, STR("hunter2\n\n"), 0600,
		"holds a control character or a second line, ...");
	assert_password_refused(*state, STR("hunter2\r"), 0600, "holds a control character ...");
	assert_password_refused(
		*state, (struct str){too_long, sizeof too_long}, 0600, "is longer than 4 KiB");
}

static void file_that_everybody_may_read_is_refused(void **state)
{
	char *want = mem_printf(
		"is open to everybody (mode 0644), expected: chmod 600 %s/secret", (char *)*state);

	assert_password_refused(*state, STR("hunter2"), 0644, want);
	assert_password_refused(*state, STR("x"), 0604, "is open to everybody (mode 0604), ...");
	assert_password_refused(*state, STR("x"), 0602, "is open to everybody (mode 0602), ...");
	free(want);
}

static void assert_file_refused(const char *folder, const char *file, const char *want)
{
	struct err err = {""};
	char *text = mem_printf(A "store: redis://h\nstore_password_file: %s\n", file);

	assert_null(conf_probe_load_file(folder, text, &err));
	char *expected =
		mem_printf("%s/sg.yaml:3:1: key \"store_password_file\": %s", folder, want);
	conf_probe_assert_message(file, err.text, expected);
	free(expected);
}

static void file_that_is_not_there_or_no_file_is_refused(void **state)
{
	assert_file_refused(
		*state, "/nowhere/secret", "/nowhere/secret: No such file or directory");
	assert_file_refused(*state, "/dev/null", "/dev/null: is not a file");
	assert_file_refused(*state, "/", "/: is not a file");
	assert_file_refused(
		*state, "run/secret", "got \"(hidden)\", expected the absolute path of a file");
}

static void secret_of_a_list_is_read_and_named_by_its_place(void **state)
{
	char *secret = scratch_write(*state, "secret", "hunter2\n");
	struct err err = {""};
	char *text = mem_printf(A "auth:\n  bearer:\n    - {issuer: 'https://i', audience: [a]}\n"
				  "    - issuer: https://j\n      audience: [a]\n"
				  "      introspection:\n        client_id: g\n"
				  "        client_secret_file: %s\n" ROLES,
		secret);
	struct conf *conf = conf_probe_load_file(*state, mem_strdup(text), &err);

	assert_string_equal(err.text, "");
	assert_string_equal(conf->bearer[1].introspection.client_secret.value, "hunter2");
	conf_unref(conf);
	remove(secret);
	assert_null(conf_probe_load_file(*state, text, &err));
	assert_non_null(strstr(err.text,
		"sg.yaml:9:9: key \"auth.bearer[1].introspection.client_secret_file\": "));
	free(secret);
}

static void printing_names_the_file_and_masks_the_secret(void **state)
{
	struct err err = {""};
	struct conf *conf = with_password(*state, STR("hunter2"), 0600, &err);
	char *text = conf_probe_print(conf);
	char *line =
		mem_printf("\nstore_password_file: \"%s/secret\"  # ********\n", (char *)*state);

	assert_non_null(strstr(text, line));
	assert_null(strstr(text, "hunter2"));
	struct conf *again = conf_probe_load_file(*state, mem_strdup(text), &err);
	assert_string_equal(err.text, "");
	assert_string_equal(again->redis.password.value, "hunter2");
	conf_unref(again);
	conf_unref(conf);
	free(line);
	free(text);
}

static void secret_as_a_value_is_refused_and_not_shown(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "auth: {oidc: {client_secret: hunter2}}\n",
			"sg.yaml:2:15: key \"auth.oidc.client_secret\": unknown key, for secrets "
			"are "
			"read from files: use \"client_secret_file\""},
		{A "auth: {bearer: [{issuer: 'https://i', introspection: {client_secret: "
		   "hunter2}}]}\n",
			"sg.yaml:2:55: key \"auth.bearer[0].introspection.client_secret\": unknown "
			"key, for secrets are read from files: use \"client_secret_file\""},
		{A "store_password: hunter2\n", "sg.yaml:2:1: key \"store_password\": unknown key, "
						"for secrets are read from "
						"files: use \"store_password_file\""},
		{A "session: {key: hunter2}\n",
			"sg.yaml:2:11: key \"session.key\": unknown key, for "
			"secrets are read from files: use \"key_file\""},
		{A "store_password_file: hunter2\n",
			"sg.yaml:2:1: key \"store_password_file\": got \"(hidden)\", expected the "
			"absolute path of a file"},
		{A "store_password_file: \"/a\\nb\"\n",
			"sg.yaml:2:1: key \"store_password_file\": "
			"got \"/a\\nb\", expected a file's name ..."},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void variable_names_the_file(void **state)
{
	char *secret = scratch_write(*state, "secret", "hunter2\n");
	struct err err = {""};

	setenv("SPARKGATE_STORE_PASSWORD_FILE", secret, 1);
	struct conf *conf = conf_probe_load_file(*state, mem_strdup(A "store: redis://h\n"), &err);
	assert_string_equal(err.text, "");
	assert_string_equal(conf->redis.password.value, "hunter2");
	conf_unref(conf);
	free(secret);
}

static void variable_with_the_secret_itself_is_refused_and_not_shown(void **state)
{
	struct err err = {""};

	setenv("SPARKGATE_STORE_PASSWORD", "hunter2", 1);
	assert_null(conf_probe_load_file(*state, mem_strdup(A "store: redis://h\n"), &err));
	assert_string_equal(err.text, "SPARKGATE_STORE_PASSWORD: secrets are read from files: use "
				      "SPARKGATE_STORE_PASSWORD_FILE");
}

static void secret_in_the_file_and_in_a_variable_is_given_twice(void **state)
{
	char *secret = scratch_write(*state, "secret", "hunter2\n");
	struct err err = {""};

	setenv("SPARKGATE_STORE_PASSWORD_FILE", secret, 1);
	assert_null(conf_probe_load_file(
		*state, mem_printf(A "store: redis://h\nstore_password_file: %s\n", secret), &err));
	assert_string_equal(err.text, "SPARKGATE_STORE_PASSWORD_FILE: key \"store_password_file\": "
				      "given twice, also at line 3 of the file");
	free(secret);
}

static struct conf *with_key(const char *folder, const char *lines, struct err *err)
{
	char *key = scratch_write(folder, "key", lines);
	char *text = mem_printf(A "session: {key_file: %s}\n", key);

	free(key);
	return conf_probe_load_file(folder, text, err);
}

static void session_key_is_one_line_or_two(void **state)
{
	static const char *const keys[] = {KEY, KEY "\n", NEWKEY "\n" KEY "\n", NEWKEY "\n" KEY,
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct err err = {""};
		struct conf *conf = with_key(*state, keys[i], &err);
		assert_string_equal(err.text, "");
		assert_int_equal(
			strncmp(conf->session_key.value, keys[i], strlen(conf->session_key.value)),
			0);
		conf_unref(conf);
	}
}

static void weak_session_key_is_refused_with_how_to_make_one(void **state)
{
	static const char *const keys[] = {"correct horse battery staple correct horse\n",
		"0123456789abcdef0123456789abcdef0123456789abc\n", "short\n", KEY "\nshort\n",
		KEY "\n" KEY "\n", KEY "\n\n", "\n" KEY, KEY "\n" NEWKEY "\n" KEY "\n",
		KEY "\r\n" NEWKEY "\n"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct err err = {""};
		assert_null(with_key(*state, keys[i], &err));
		assert_non_null(strstr(err.text, "key \"session.key_file\": "));
		assert_non_null(strstr(err.text, "`openssl rand -base64 32`"));
	}
}

static struct conf *with_jws_key(const char *folder, const char *line, struct err *err)
{
	char *key = scratch_write(folder, "jws", line);
	char *text = mem_printf("clusters:\n  - name: a\n    masters: [http://m:8080]\n"
				"    jws_key_file: %s\n",
		key);

	free(key);
	return conf_probe_load_file(folder, text, err);
}

/* The last is the key of Spark's own tests, padding and all. */
static void t57_key_is_what_spark_takes_for_one(void **state)
{
	static const char *const keys[] = {"0123456789abcdefghijklmnopqrstuvwxyzABCDEF-",
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEF_=\n",
		"VmlzaXQgaHR0cHM6Ly9zcGFyay5hcGFjaGUub3JnIHRvIGRvd25sb2FkIEFwYWNoZSBTcGFyay4="};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct err err = {""};
		struct conf *conf = with_jws_key(*state, keys[i], &err);
		assert_string_equal(err.text, "");
		assert_non_null(conf->clusters[0].jws_key.value);
		conf_unref(conf);
	}
}

static void t57_key_that_spark_would_not_start_with_is_refused(void **state)
{
	static const char *const keys[] = {"0123456789abcdefghijklmnopqrstuvwxyzABCDEF",
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEF+=",
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHI",
		"0123456789abcdef=", "0123456789abcdefghijklmnopqrstuvwxyzABCDEF_\nx\n"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct err err = {""};
		assert_null(with_jws_key(*state, keys[i], &err));
		assert_non_null(
			strstr(err.text, "sg.yaml:4:5: key \"clusters[0].jws_key_file\": "));
		assert_non_null(strstr(err.text, "32 bytes or more in base64url"));
		assert_null(strstr(err.text, "0123456789"));
	}
}

static void certificates_must_be_readable_pem(void **state)
{
	static const char *const forms[] = {
		A "store: rediss://h\nstore_ca_file: ",
		A "auth:\n" ROLES "  oidc:\n    issuer: https://i\n    client_id: g\n    ca_file: ",
		A "auth:\n" ROLES
		  "  bearer:\n    - issuer: https://i\n      audience: [a]\n      ca_file: ",
	};
	char *pem = scratch_write(*state, "pem", "# us\n-----BEGIN CERTIFICATE-----\n");
	char *der = scratch_write(*state, "der", "0\x82");

	assert_int_equal(chmod(pem, 0644), 0); /* certificates are no secrets */
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct err err = {""};
		struct conf *conf =
			conf_probe_load_file(*state, mem_printf("%s%s\n", forms[i], pem), &err);
		assert_string_equal(err.text, "");
		conf_unref(conf);
		assert_null(
			conf_probe_load_file(*state, mem_printf("%s%s\n", forms[i], der), &err));
		assert_non_null(strstr(err.text, "/der: expected certificates in PEM"));
		assert_null(
			conf_probe_load_file(*state, mem_printf("%s/nowhere\n", forms[i]), &err));
		assert_non_null(strstr(err.text, "/nowhere: No such file or directory"));
	}
	free(pem);
	free(der);
}

static void token_for_reading_keys_is_a_secret_too(void **state)
{
	char *token = scratch_write(*state, "token", "e.y.J");
	char *text =
		mem_printf(A "auth:\n  bearer: [{issuer: 'https://i', audience: [a], jwks_url: "
			     "'https://i/k', token_file: %s}]\n" ROLES,
			token);
	struct err err = {""};
	struct conf *conf = conf_probe_load_file(*state, mem_strdup(text), &err);

	assert_string_equal(err.text, "");
	assert_string_equal(conf->bearer[0].token_file, token);
	conf_unref(conf);
	assert_int_equal(chmod(token, 0644), 0);
	assert_null(conf_probe_load_file(*state, mem_strdup(text), &err));
	assert_non_null(strstr(err.text, "is open to everybody (mode 0644), expected: chmod 600"));
	free(scratch_write(*state, "token", ""));
	assert_null(conf_probe_load_file(*state, text, &err));
	free(token);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(secret_is_what_the_file_holds_without_its_last_newline),
		T(file_that_is_no_secret_is_refused),
		T(file_that_everybody_may_read_is_refused),
		T(file_that_is_not_there_or_no_file_is_refused),
		T(secret_of_a_list_is_read_and_named_by_its_place),
		T(printing_names_the_file_and_masks_the_secret),
		T(secret_as_a_value_is_refused_and_not_shown),
		T(variable_names_the_file),
		T(variable_with_the_secret_itself_is_refused_and_not_shown),
		T(secret_in_the_file_and_in_a_variable_is_given_twice),
		T(session_key_is_one_line_or_two),
		T(t57_key_is_what_spark_takes_for_one),
		T(t57_key_that_spark_would_not_start_with_is_refused),
		T(weak_session_key_is_refused_with_how_to_make_one),
		T(certificates_must_be_readable_pem),
		T(token_for_reading_keys_is_a_secret_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
