#include "auth/token/signer.h"

#include "auth/jose/keyset.h"
#include "base/mem.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NOW = 1700000000 };

static const struct signer_claims sample = {
	.issuer = "http://127.0.0.1:8480/",
	.subject = "client:nightly",
	.client_name = "nightly \"job\"",
	.token_id = "t1",
	.role = ROLE_USER,
	.issued_at = NOW,
	.expires_at = NOW + 60,
};

static int make_folder(void **state)
{
	*state = mem_strdup(P_tmpdir "/sparkgate-signer-XXXXXX");
	return mkdtemp(*state) ? 0 : -1;
}

static char *key_path(const char *folder)
{
	return mem_printf("%s/signing-key.pem", folder);
}

static int drop_folder(void **state)
{
	char *path = key_path(*state);

	unlink(path);
	free(path);
	rmdir(*state); /* fails when a temporary file was left behind */
	int left = access(*state, F_OK);
	free(*state);
	return left == 0 ? -1 : 0;
}

static struct keyset *own_keyset(const struct signer *signer)
{
	static const char *const audiences[] = {SIGNER_AUDIENCE};
	struct jwks *keys = jwks_of_key(signer_key(signer));
	struct keyset_issuer own = {
		.issuer = sample.issuer,
		.audiences = audiences,
		.audiences_count = 1,
		.algorithms = keyset_algorithm_bit(STR("ES256")),
		.keys = keys,
		.is_own = true,
		.is_for_bearer = true,
	};
	struct keyset *set = keyset_new(1, &own, 1);

	jwks_unref(keys);
	return set;
}

static void minted_token_is_an_access_token_of_ours(void **state)
{
	struct signer *signer = signer_open(NULL, NULL);
	struct keyset *set = own_keyset(signer);
	char *token = signer_mint(signer, &sample, NULL);
	const struct keyset_issuer *which;
	struct jwt_claims claims;
	struct jws jws;

	(void)state;
	assert_int_equal(jws_parse(str_of(token), &jws, NULL), 0);
	assert_string_equal(jws.typ, "at+jwt");
	assert_string_equal(jws.kid, signer_kid(signer));
	assert_int_equal(jws.alg, ES256);
	jws_clear(&jws);
	assert_int_equal(keyset_verify(set, str_of(token), NOW, &claims, &which, NULL), KEYSET_OK);
	assert_true(which->is_own);
	assert_true(str_eq(claims.subject, STR("client:nightly")));
	assert_true(str_eq(claims.token_id, STR("t1")));
	assert_int_equal(claims.expires_at, NOW + 60);
	assert_int_equal(signer_role(claims.json), ROLE_USER);
	assert_string_equal(
		json_string_value(json_object_get(claims.json, "client_name")), "nightly \"job\"");
	jwt_clear(&claims);
	assert_int_equal(
		keyset_verify(set, str_of(token), NOW + 60, &claims, NULL, NULL), KEYSET_BAD);
	secret_free(token);
	keyset_unref(set);
	signer_free(signer);
}

static void role_is_read_back_strictly(void **state)
{
	static const struct {
		const char *text;
		enum role role;
	} cases[] = {{"{\"token_type\":\"admin\"}", ROLE_ADMIN},
		{"{\"token_type\":\"user\"}", ROLE_USER}, {"{\"token_type\":\"Admin\"}", ROLE_NONE},
		{"{\"token_type\":\"none\"}", ROLE_NONE}, {"{\"token_type\":1}", ROLE_NONE},
		{"{}", ROLE_NONE}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *json = json_loads(cases[i].text, 0, NULL);
		assert_int_equal(signer_role(json), cases[i].role);
		json_decref(json);
	}
}

static void published_set_holds_the_public_half_only(void **state)
{
	struct signer *signer = signer_open(NULL, NULL);
	struct jwks *set = jwks_from_json(str_of(signer_jwks(signer)), NULL);

	(void)state;
	assert_int_equal(jwks_count(set), 1);
	assert_null(strstr(signer_jwks(signer), "\"d\""));
	assert_non_null(strstr(signer_jwks(signer), signer_kid(signer)));
	assert_int_equal(strlen(signer_kid(signer)), 43);
	jwks_unref(set);
	signer_free(signer);
}

static void key_is_kept_and_private(void **state)
{
	struct signer *first = signer_open(*state, NULL), *second = signer_open(*state, NULL);
	char *path = key_path(*state);
	struct stat st;

	assert_non_null(first);
	assert_string_equal(signer_kid(first), signer_kid(second));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	signer_free(first);
	signer_free(second);
	free(path);
}

static void missing_folder_is_made(void **state)
{
	char *folder = mem_printf("%s/new", (char *)*state), *path = key_path(folder);
	struct signer *signer = signer_open(folder, NULL);

	assert_non_null(signer);
	signer_free(signer);
	unlink(path);
	rmdir(folder);
	free(path);
	free(folder);
}

static void key_that_others_may_read_is_refused(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0644, 0620, 0601};
	char *path = key_path(*state);
	struct err err;

	signer_free(signer_open(*state, NULL));
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		assert_int_equal(chmod(path, modes[i]), 0);
		assert_null(signer_open(*state, &err));
		assert_non_null(strstr(err.text, "chmod 600"));
	}
	assert_int_equal(chmod(path, 0400), 0);
	struct signer *signer = signer_open(*state, &err);
	assert_non_null(signer);
	signer_free(signer);
	free(path);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void file_that_is_no_p256_key_is_refused(void **state)
{
	static const char ed25519[] =
		"-----BEGIN PRIVATE KEY-----\n"
		"MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
		"-----END PRIVATE KEY-----\n";
	static char huge[10000];
	char *path = key_path(*state);
	struct err err;

	memset(huge, 'x', sizeof huge - 1);
	const char *const texts[] = {"", "nonsense", ed25519, huge};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		write_file(path, texts[i]);
		assert_null(signer_open(*state, &err));
		assert_null(strstr(err.text, "nonsense"));
	}
	free(path);
}

static void processes_that_start_at_once_get_one_key(void **state)
{
	enum { PROCESSES = 8 };
	int results[2];
	char kids[PROCESSES][64], first[64];

	assert_int_equal(pipe(results), 0);
	for (int i = 0; i < PROCESSES; i++) {
		if (fork() == 0) {
			struct signer *signer = signer_open(*state, NULL);
			char kid[64] = "";

			if (signer)
				snprintf(kid, sizeof kid, "%s", signer_kid(signer));
			_exit(write(results[1], kid, sizeof kid) == sizeof kid ? 0 : 1);
		}
	}
	for (int i = 0; i < PROCESSES; i++)
		assert_int_equal(read(results[0], kids[i], sizeof kids[i]), sizeof kids[i]);
	while (wait(NULL) > 0)
		;
	memcpy(first, kids[0], sizeof first);
	assert_int_equal(strlen(first), 43);
	for (int i = 1; i < PROCESSES; i++)
		assert_string_equal(kids[i], first);
	close(results[0]);
	close(results[1]);
}

static void oversized_claims_are_an_error_and_no_token(void **state)
{
	struct signer *signer = signer_open(NULL, NULL);
	struct signer_claims claims = sample;
	char *name = mem_alloc(10000, 1);
	struct err err = {""};

	(void)state;
	memset(name, 'n', 9999);
	claims.client_name = name;
	assert_null(signer_mint(signer, &claims, &err));
	assert_string_not_equal(err.text, "");
	free(name);
	signer_free(signer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(minted_token_is_an_access_token_of_ours),
		cmocka_unit_test(role_is_read_back_strictly),
		cmocka_unit_test(published_set_holds_the_public_half_only),
		cmocka_unit_test_setup_teardown(key_is_kept_and_private, make_folder, drop_folder),
		cmocka_unit_test_setup_teardown(missing_folder_is_made, make_folder, drop_folder),
		cmocka_unit_test_setup_teardown(
			key_that_others_may_read_is_refused, make_folder, drop_folder),
		cmocka_unit_test_setup_teardown(
			file_that_is_no_p256_key_is_refused, make_folder, drop_folder),
		cmocka_unit_test_setup_teardown(
			processes_that_start_at_once_get_one_key, make_folder, drop_folder),
		cmocka_unit_test(oversized_claims_are_an_error_and_no_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
