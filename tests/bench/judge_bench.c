/*
 * What a token costs at first sight beside its signature: taken apart, its claims read and checked,
 * a role found, and remembered, over tokens of which none comes twice before it is forgotten. In
 * the same loop one EVP_DigestVerify() of the same token, with a parsed key. CPU of this thread.
 *
 * judge_bench          measures
 * judge_bench COUNT    judges so many and nothing else, for callgrind
 */
#include "base/text/json_text.h"
#include "auth/jose/keyset.h"
#include "auth/cache/token_cache.h"
#include "base/mem.h"
#include "tests/support/mint.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TOKENS = 2000, ROUNDS = 3, ROOM = 512, NOW = 1790000000 };

struct world {
	struct keyset *keys;
	struct token_cache *cache;
	char *tokens[TOKENS];
	EVP_PKEY *pkey;
};

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void make_tokens(struct world *w, const struct mint_key *key)
{
	for (unsigned i = 0; i < TOKENS; i++) {
		char *payload = mem_printf(
			"{\"iss\":\"https://issuer.example\",\"aud\":\"bench\",\"sub\":\"%08x\","
			"\"azp\":\"bench\",\"email\":\"ada@issuer.example\",\"email_verified\":"
			"true,"
			"\"roles\":[\"bench\"],\"iat\":%d,\"nbf\":%d,\"exp\":%d}",
			i, NOW, NOW, NOW + 1000);

		w->tokens[i] = mint_token(
			key, "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"bench\"}", payload);
		free(payload);
	}
}

static void make_keys(struct world *w, const struct mint_key *key)
{
	static const char *const audiences[] = {"bench"};
	char *jwk = mint_jwk(key, "bench", "\"use\":\"sig\",\"alg\":\"RS256\"");
	char *text = mem_printf("{\"keys\":[%s]}", jwk), *pem = mint_pem(key);
	struct keyset_issuer issuer = {.issuer = "https://issuer.example",
		.audiences = audiences,
		.audiences_count = 1,
		.algorithms = 1u << RS256,
		.keys = jwks_from_json(str_of(text), NULL),
		.is_for_bearer = true};
	BIO *bio = BIO_new_mem_buf(pem, -1);

	w->keys = keyset_new(1, &issuer, 1);
	w->pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	w->cache = token_cache_new(TOKENS / 2, 1);
	BIO_free(bio);
	jwks_unref(issuer.keys);
	free(pem);
	free(text);
	free(jwk);
}

static void judge(struct world *w, struct str token)
{
	unsigned char key[TOKEN_KEY];
	const struct keyset_issuer *issuer;
	struct jwt_claims claims;
	struct err err = {""};

	if (token_cache_find(w->cache, token, NOW, 1, key).kind != TOKEN_MISS ||
		keyset_verify(w->keys, token, NOW, &claims, &issuer, &err) != KEYSET_OK) {
		fprintf(stderr, "a token of the bench is not taken: %s\n", err.text);
		exit(1);
	}
	struct identity *who = identity_new(claims.issuer, claims.subject, claims.subject, STR(""),
		ROLE_USER, VIA_BEARER, claims.expires_at);
	jwt_clear(&claims);
	token_cache_put(w->cache, key, 0, 1, who, who->expires_at);
	identity_unref(who);
}

/* The signature as the judge above has it once it is decoded. */
static void check_alone(const struct world *w, const struct jws *jws)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, w->pkey) != 1 ||
		EVP_DigestVerify(ctx, jws->signature, jws->signature_len,
			(const unsigned char *)jws->signing_input.at, jws->signing_input.len) != 1)
		exit(1);
	EVP_MD_CTX_free(ctx);
}

static void measure(struct world *w)
{
	double judged = 0, alone = 0;

	for (int i = 0; i < ROUNDS * TOKENS; i++) {
		struct str token = str_of(w->tokens[i % TOKENS]);
		struct jws jws;
		double start = cpu_us();

		judge(w, token);
		judged += cpu_us() - start;
		if (jws_parse(token, &jws, NULL) == -1)
			exit(1);
		start = cpu_us();
		check_alone(w, &jws);
		alone += cpu_us() - start;
		jws_clear(&jws);
	}
	printf("token RS256, first sight %5.1f us of CPU, EVP_DigestVerify alone %5.1f: ratio "
	       "%.2f\n",
		judged / (ROUNDS * TOKENS), alone / (ROUNDS * TOKENS), judged / alone);
}

int main(int argc, char **argv)
{
	json_text_use_pool(); /* as the gateway does */
	struct mint_key *key = mint_key_new(RS256);
	struct world w;

	make_tokens(&w, key);
	make_keys(&w, key);
	if (argc == 2) {
		for (int i = 0; i < (int)strtol(argv[1], NULL, 10); i++)
			judge(&w, str_of(w.tokens[i % TOKENS]));
	} else {
		measure(&w);
	}
	for (size_t i = 0; i < TOKENS; i++)
		free(w.tokens[i]);
	token_cache_free(w.cache);
	keyset_unref(w.keys);
	EVP_PKEY_free(w.pkey);
	mint_key_free(key);
	return 0;
}
