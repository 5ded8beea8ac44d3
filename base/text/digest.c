#include "base/text/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

enum { BLOCK = 64 }; /* of SHA-256 */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256;
static pthread_key_t mine_key;
static _Thread_local EVP_MD_CTX *mine;

static void free_mine(void *ctx)
{
	mine = NULL;
	EVP_MD_CTX_free(ctx);
}

/* Fetched once: OpenSSL 3 looks an algorithm up by name at every use of EVP_sha256(). */
static void fetch_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (sha256 == NULL || pthread_key_create(&mine_key, free_mine) != 0)
		abort();
}

static EVP_MD_CTX *thread_context(void)
{
	if (mine)
		return mine;
	pthread_once(&once, fetch_sha256);
	mine = EVP_MD_CTX_new();
	if (mine == NULL)
		abort();
	pthread_setspecific(mine_key, mine);
	return mine;
}

/* A context for each use, as of EVP_Digest(), or a copy, as in OpenSSL's HMAC, would count
 * references that all threads share: it is begun anew instead. `ONLY=threads` of
 * tests/bench/scale.py is the row; a digest on each of two threads costs 13 % less, an HMAC 30 %.
 */
static void hash(struct str first, const struct str *parts, size_t count,
	unsigned char out[static DIGEST_LEN])
{
	EVP_MD_CTX *ctx = thread_context();

	if (EVP_DigestInit_ex(ctx, sha256, NULL) != 1 ||
		EVP_DigestUpdate(ctx, first.at, first.len) != 1)
		abort();
	for (size_t i = 0; i < count; i++) {
		if (EVP_DigestUpdate(ctx, parts[i].at, parts[i].len) != 1)
			abort();
	}
	if (EVP_DigestFinal_ex(ctx, out, NULL) != 1)
		abort();
}

void digest_sha256(struct str bytes, unsigned char out[static DIGEST_LEN])
{
	hash(bytes, NULL, 0, out);
}

/* RFC 2104: the key, as long as a block, and each byte of it changed by `pad`. */
static struct str padded_key(struct str key, unsigned char pad, unsigned char room[static BLOCK])
{
	memset(room, 0, BLOCK);
	if (key.len > BLOCK)
		digest_sha256(key, room);
	else if (key.len)
		memcpy(room, key.at, key.len);
	for (size_t i = 0; i < BLOCK; i++)
		room[i] ^= pad;
	return (struct str){(const char *)room, BLOCK};
}

void digest_hmac(
	struct str key, const struct str *parts, size_t count, unsigned char out[static DIGEST_LEN])
{
	unsigned char room[BLOCK], inner[DIGEST_LEN];
	const struct str again = {(const char *)inner, sizeof inner};

	hash(padded_key(key, 0x36, room), parts, count, inner);
	hash(padded_key(key, 0x5c, room), &again, 1, out);
	OPENSSL_cleanse(room, sizeof room);
	OPENSSL_cleanse(inner, sizeof inner);
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

/* --- in pieces --- */

struct digest_run {
	EVP_MD_CTX *ctx;
};

struct digest_run *digest_run_new(void)
{
	struct digest_run *run = mem_alloc(1, sizeof *run);

	pthread_once(&once, fetch_sha256);
	run->ctx = EVP_MD_CTX_new();
	if (run->ctx == NULL || EVP_DigestInit_ex2(run->ctx, sha256, NULL) != 1)
		abort();
	return run;
}

void digest_run_add(struct digest_run *run, const void *bytes, size_t len)
{
	if (EVP_DigestUpdate(run->ctx, bytes, len) != 1)
		abort();
}

void digest_run_end(struct digest_run *run, unsigned char out[static DIGEST_LEN])
{
	if (EVP_DigestFinal_ex(run->ctx, out, NULL) != 1)
		abort();
}

void digest_run_free(struct digest_run *run)
{
	if (run == NULL)
		return;
	EVP_MD_CTX_free(run->ctx);
	free(run);
}
