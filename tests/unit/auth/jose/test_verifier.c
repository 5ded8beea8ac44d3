/* Contexts made ready for a key serve that key alone, however many keys come and go. */
#include "auth/jose/verifier.h"

#include "auth/jose/jws.h"
#include "base/mem.h"
#include "tests/support/mint.h"

#include <openssl/err.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { KEYS = 20 }; /* more than a thread keeps ready */

static void key_verifies_its_own_tokens_among_many(void **state)
{
	struct jwk *publics[KEYS];
	char *tokens[KEYS];

	(void)state;
	for (int i = 0; i < KEYS; i++) {
		struct mint_key *key = mint_key_new(ES256);
		publics[i] = mint_public(key, "k");
		tokens[i] = mint_token(key, "{\"alg\":\"ES256\",\"kid\":\"k\"}", "{}");
		mint_key_free(key);
	}
	for (int i = 0; i < KEYS * KEYS; i++) {
		int key = i % KEYS, token = i / KEYS;

		assert_int_equal(jws_verify(str_of(tokens[token]), publics[key]), key == token);
	}
	for (int i = 0; i < KEYS; i++) {
		jwk_unref(publics[i]);
		free(tokens[i]);
	}
}

/* The next key is likely to be where the last one was. */
static void key_that_is_gone_verifies_nothing(void **state)
{
	char *old = NULL;

	(void)state;
	for (int i = 0; i < KEYS; i++) {
		struct mint_key *key = mint_key_new(ES256);
		struct jwk *public = mint_public(key, "k");
		char *token = mint_token(key, "{\"alg\":\"ES256\",\"kid\":\"k\"}", "{}");

		assert_true(jws_verify(str_of(token), public));
		if (old)
			assert_false(jws_verify(str_of(old), public));
		free(old);
		old = token;
		jwk_unref(public);
		mint_key_free(key);
	}
	free(old);
}

static void paddings_of_one_rsa_key_are_not_confused(void **state)
{
	struct mint_key *key = mint_key_new(PS256);
	struct jwk *public = mint_public(key, "k");
	char *token = mint_token(key, "{\"alg\":\"PS256\",\"kid\":\"k\"}", "{}");
	struct jws jws;

	(void)state;
	assert_int_equal(jws_parse(str_of(token), &jws, NULL), 0);
	struct str signature = {(const char *)jws.signature, jws.signature_len};
	for (int round = 0; round < 2; round++) {
		assert_true(jwk_verify(public, PS256, jws.signing_input, signature));
		assert_false(jwk_verify(public, RS256, jws.signing_input, signature));
		assert_false(jwk_verify(public, PS384, jws.signing_input, signature));
	}
	jws_clear(&jws);
	free(token);
	jwk_unref(public);
	mint_key_free(key);
}

static void bad_signature_leaves_no_error_behind(void **state)
{
	struct mint_key *key = mint_key_new(ES256);
	struct jwk *public = mint_public(key, "k");
	char *token = mint_token(key, "{\"alg\":\"ES256\",\"kid\":\"k\"}", "{}");

	(void)state;
	token[strlen(token) - 8] ^= 1;
	assert_false(jws_verify(str_of(token), public));
	assert_int_equal(ERR_peek_error(), 0);
	free(token);
	jwk_unref(public);
	mint_key_free(key);
}

struct job {
	struct str token;
	const struct jwk *public;
	int good;
};

static void *verify_often(void *arg)
{
	struct job *job = arg;

	for (int i = 0; i < 50; i++)
		job->good += jws_verify(job->token, job->public);
	return NULL;
}

static void threads_share_a_key(void **state)
{
	struct mint_key *key = mint_key_new(RS256);
	struct jwk *public = mint_public(key, "k");
	char *token = mint_token(key, "{\"alg\":\"RS256\",\"kid\":\"k\"}", "{}");
	struct job jobs[4];
	pthread_t threads[ARRAY_LEN(jobs)];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
		jobs[i] = (struct job){str_of(token), public, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, verify_often, &jobs[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(jobs[i].good, 50);
	}
	free(token);
	jwk_unref(public);
	mint_key_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_verifies_its_own_tokens_among_many),
		cmocka_unit_test(key_that_is_gone_verifies_nothing),
		cmocka_unit_test(paddings_of_one_rsa_key_are_not_confused),
		cmocka_unit_test(bad_signature_leaves_no_error_behind),
		cmocka_unit_test(threads_share_a_key),
	};

	return cmocka_run_group_tests_name("verifier", tests, NULL, NULL);
}
