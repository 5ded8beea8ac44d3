#include "auth/digest.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdlib.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256;
static EVP_MAC_CTX *hmac; /* knows its digest, has no key: each thread has a copy */
static pthread_key_t mine_key;
static _Thread_local EVP_MAC_CTX *mine;

static void free_mine(void *ctx)
{
	mine = NULL;
	EVP_MAC_CTX_free(ctx);
}

/* Fetched once: OpenSSL 3 looks an algorithm up by name at every use of EVP_sha256(). */
static void fetch(void)
{
	char name[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
		OSSL_PARAM_construct_end()};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);

	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	hmac = mac ? EVP_MAC_CTX_new(mac) : NULL;
	if (sha256 == NULL || hmac == NULL || EVP_MAC_CTX_set_params(hmac, params) != 1)
		abort();
	EVP_MAC_free(mac);
	if (pthread_key_create(&mine_key, free_mine) != 0)
		abort();
}

/* A copy for each use would count references that all threads share. */
static EVP_MAC_CTX *thread_hmac(void)
{
	pthread_once(&once, fetch);
	if (mine == NULL) {
		mine = EVP_MAC_CTX_dup(hmac);
		pthread_setspecific(mine_key, mine);
	}
	return mine;
}

void digest_sha256(struct str bytes, unsigned char out[static DIGEST_LEN])
{
	pthread_once(&once, fetch);
	if (EVP_Digest(bytes.at, bytes.len, out, NULL, sha256, NULL) != 1)
		abort();
}

void digest_hmac(
	struct str key, const struct str *parts, size_t count, unsigned char out[static DIGEST_LEN])
{
	EVP_MAC_CTX *ctx = thread_hmac();
	size_t len = 0;

	if (ctx == NULL || EVP_MAC_init(ctx, (const unsigned char *)key.at, key.len, NULL) != 1)
		abort();
	for (size_t i = 0; i < count; i++) {
		if (EVP_MAC_update(ctx, (const unsigned char *)parts[i].at, parts[i].len) != 1)
			abort();
	}
	if (EVP_MAC_final(ctx, out, &len, DIGEST_LEN) != 1 || len != DIGEST_LEN)
		abort();
}

void digest_hkdf(
	struct str material, struct str salt, struct str info, unsigned char out[static DIGEST_LEN])
{
	static const char zeros[DIGEST_LEN];
	const struct str expanded[] = {info, STR("\x01")};
	unsigned char prk[DIGEST_LEN];

	digest_hmac(salt.len ? salt : (struct str){zeros, sizeof zeros}, &material, 1, prk);
	digest_hmac((struct str){(char *)prk, sizeof prk}, expanded, ARRAY_LEN(expanded), out);
	OPENSSL_cleanse(prk, sizeof prk);
}
