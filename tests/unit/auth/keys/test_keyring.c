#include "auth/keys/keyring.h"

#include "auth/backends/store_open.h"
#include "tests/support/scratch.h"

#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define HEX_KEY	   "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define BASE64_KEY "hG3q0n/zP+7aLrZ4sJmHq2cV9uYx1bWe8kTfDoRgNQw="

struct fixture {
	char *folder, *data;
	struct store *store;
	struct conf conf;
	struct conf_oidc provider;
};

static int set_up(void **state)
{
	struct fixture *f = mem_alloc(1, sizeof *f);

	f->folder = scratch_new();
	f->data = mem_printf("%s/data", f->folder);
	f->store = store_open_memory(NULL);
	f->conf.store_kind = CONF_STORE_SQLITE;
	f->conf.data_dir = f->data;
	*state = f;
	return f->store ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	f->store->ops->close(f->store);
	scratch_free(f->folder);
	free(f->data);
	free(f);
	return 0;
}

/* What a ring of this configuration makes of one text. */
static void sign(struct fixture *f, unsigned char out[static DIGEST_LEN])
{
	struct err err = {""};
	struct keyring *ring = keyring_open(&f->conf, f->store, &err);
	const struct str part = STR("ann");

	assert_string_equal(err.text, "");
	assert_true(keyring_digest(ring, 0, "person", &part, 1, out));
	keyring_unref(ring);
}

/* Whether two openings of it give the same key. */
static bool is_lasting(struct fixture *f)
{
	unsigned char first[DIGEST_LEN], second[DIGEST_LEN];

	sign(f, first);
	sign(f, second);
	return memcmp(first, second, DIGEST_LEN) == 0;
}

static void s26_key_of_the_folder_is_made_once_and_is_the_owners_alone(void **state)
{
	struct fixture *f = *state;
	char *path = mem_printf("%s/session.key", f->data);
	struct stat st;

	assert_true(is_lasting(f));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(chmod(path, 0640), 0);
	struct err err = {""};
	assert_null(keyring_open(&f->conf, f->store, &err));
	assert_non_null(strstr(err.text, "others may read"));
	free(path);
}

static void key_of_a_store_in_memory_dies_with_it(void **state)
{
	struct fixture *f = *state;

	f->conf.store_kind = CONF_STORE_MEMORY;
	assert_false(is_lasting(f));
}

static void s26_replicas_share_what_they_all_know(void **state)
{
	struct fixture *f = *state;
	char secret[] = "the secret of the client", other[] = "the secret of another one";
	unsigned char by_store[DIGEST_LEN], by_client[DIGEST_LEN], by_other[DIGEST_LEN];

	f->conf.store_kind = CONF_STORE_REDIS;
	assert_true(is_lasting(f)); /* from the store */
	sign(f, by_store);
	f->conf.oidc = &f->provider;
	f->conf.oidc_count = 1;
	f->provider.client_secret.value = secret;
	assert_true(is_lasting(f));
	sign(f, by_client);
	f->provider.client_secret.value = other;
	sign(f, by_other);
	assert_memory_not_equal(by_store, by_client, DIGEST_LEN);
	assert_memory_not_equal(by_other, by_client, DIGEST_LEN);
}

static void s26_key_is_no_providers_secret_where_there_are_several(void **state)
{
	struct fixture *f = *state;
	char secret[] = "the secret of the client";
	struct conf_oidc both[] = {
		{.client_secret = {.value = secret}}, {.client_secret = {.value = secret}}};
	unsigned char by_store[DIGEST_LEN], by_two[DIGEST_LEN];

	f->conf.store_kind = CONF_STORE_REDIS;
	sign(f, by_store);
	f->conf.oidc = both;
	f->conf.oidc_count = 2;
	sign(f, by_two);
	assert_memory_equal(by_store, by_two, DIGEST_LEN);
}

static void key_file_has_the_new_key_and_then_the_old_one(void **state)
{
	struct fixture *f = *state;
	char one[] = HEX_KEY, two[] = BASE64_KEY "\n" HEX_KEY "\n";
	unsigned char first[DIGEST_LEN], second[DIGEST_LEN], old[DIGEST_LEN];
	const struct str part = STR("ann");

	f->conf.session_key.value = one;
	sign(f, first);
	f->conf.session_key.value = two;
	sign(f, second);
	assert_memory_not_equal(first, second, DIGEST_LEN);
	struct keyring *ring = keyring_open(&f->conf, f->store, NULL);
	assert_true(keyring_digest(ring, 1, "person", &part, 1, old));
	assert_memory_equal(first, old, DIGEST_LEN);
	keyring_unref(ring);
	f->conf.session_key.value = one;
	ring = keyring_open(&f->conf, f->store, NULL);
	assert_false(keyring_digest(ring, 1, "person", &part, 1, old));
	keyring_unref(ring);
}

static void what_is_no_key_is_refused_without_being_repeated(void **state)
{
	static const char *const bad[][2] = {
		{"", "there is no key"},
		{"\n\n", "there is no key"},
		{"hunter2", "line 1: expected 32 bytes"},
		{"00112233445566778899aabbccddeeff00112233445566778899aabbccddee",
			"line 1: expected 32 bytes"},
		{HEX_KEY "\nhunter2", "line 2: expected 32 bytes"},
		{"hunter2 hunter2 hunter2 hunter2 hunter2 hunter2", "line 1: expected 32 bytes"},
		{HEX_KEY "\n" HEX_KEY "\n" HEX_KEY, "one or two lines"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = {""};
		char *text = f->conf.session_key.value = mem_strdup(bad[i][0]);
		assert_null(keyring_open(&f->conf, f->store, &err));
		assert_non_null(strstr(err.text, bad[i][1]));
		assert_non_null(strstr(err.text, "session.key_file"));
		assert_null(strstr(err.text, "hunter2"));
		free(text);
	}
}

static void digests_differ_by_purpose_key_and_where_parts_end(void **state)
{
	struct keyring *ring = keyring_new(STR(HEX_KEY), STR(BASE64_KEY));
	const struct str one[] = {STR("ab"), STR("c")}, other[] = {STR("a"), STR("bc")};
	unsigned char out[4][DIGEST_LEN];

	(void)state;
	keyring_digest(ring, 0, "person", one, 2, out[0]);
	keyring_digest(ring, 0, "person", other, 2, out[1]);
	keyring_digest(ring, 0, "provider sid", one, 2, out[2]);
	keyring_digest(ring, 1, "person", one, 2, out[3]);
	for (size_t i = 0; i < ARRAY_LEN(out); i++) {
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(out[i], out[j], DIGEST_LEN);
	}
	keyring_unref(ring);
}

static void way_back_depends_on_where_the_key_is_from(void **state)
{
	char key[] = "k", secret[] = "a client's secret of some length", brief[] = "brief";
	struct conf_oidc provider = {.client_secret = {.value = secret}};
	struct conf conf = {.oidc = &provider, .oidc_count = 1};

	(void)state;
	assert_non_null(strstr(keyring_way_back(&conf), "client secret, which has changed"));
	provider.client_secret.value = brief; /* is no key */
	assert_non_null(strstr(keyring_way_back(&conf), "was configured"));
	conf.session_key.value = key;
	assert_non_null(strstr(keyring_way_back(&conf), "second line of session.key_file"));
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(s26_key_of_the_folder_is_made_once_and_is_the_owners_alone),
		T(key_of_a_store_in_memory_dies_with_it),
		T(s26_replicas_share_what_they_all_know),
		T(s26_key_is_no_providers_secret_where_there_are_several),
		T(key_file_has_the_new_key_and_then_the_old_one),
		T(what_is_no_key_is_refused_without_being_repeated),
		T(digests_differ_by_purpose_key_and_where_parts_end),
		cmocka_unit_test(way_back_depends_on_where_the_key_is_from),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
