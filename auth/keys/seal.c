#include "auth/keys/seal.h"

#include "base/rnd.h"

#include <assert.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

enum { VERSION = 1, NONCE_AT = 1 + KEYRING_NAME };

static EVP_CIPHER *aes;

static void fetch_cipher(void)
{
	aes = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	if (aes == NULL)
		abort();
}

/* A context keyed for what `head` (version, key's name, nonce) says, with all that is authenticated
 * beside the text in it. */
static EVP_CIPHER_CTX *begin_cipher(const struct keyring *ring, int which, const char *purpose,
	struct str secret, struct str context, const unsigned char head[SEAL_HEAD], bool is_sealing)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	unsigned char key[DIGEST_LEN];
	int n;

	pthread_once(&once, fetch_cipher);
	assert(context.len <= INT_MAX);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	keyring_derive(ring, which, purpose, secret, key);
	/* The purpose with its NUL, so that it ends where it ends. */
	if (ctx == NULL ||
		EVP_CipherInit_ex2(ctx, aes, key, head + NONCE_AT, is_sealing, NULL) != 1 ||
		EVP_CipherUpdate(ctx, NULL, &n, (const unsigned char *)purpose,
			(int)strlen(purpose) + 1) != 1 ||
		EVP_CipherUpdate(ctx, NULL, &n, head, NONCE_AT) != 1 ||
		EVP_CipherUpdate(
			ctx, NULL, &n, (const unsigned char *)context.at, (int)context.len) != 1)
		abort();
	OPENSSL_cleanse(key, sizeof key);
	return ctx;
}

void seal(const struct keyring *ring, const char *purpose, struct str secret, struct str context,
	struct str plain, struct store_bytes *out)
{
	int n = 0, rest = 0;

	assert(plain.len <= INT_MAX - SEAL_OVERHEAD);
	out->len = plain.len + SEAL_OVERHEAD;
	out->at = mem_alloc(out->len, 1);
	out->at[0] = VERSION;
	keyring_name(ring, out->at + 1);
	rnd_bytes(out->at + NONCE_AT, SEAL_HEAD - NONCE_AT);
	EVP_CIPHER_CTX *ctx = begin_cipher(ring, 0, purpose, secret, context, out->at, true);
	unsigned char *text = out->at + SEAL_HEAD;
	if (EVP_CipherUpdate(ctx, text, &n, (const unsigned char *)plain.at, (int)plain.len) != 1 ||
		EVP_CipherFinal_ex(ctx, text + n, &rest) != 1 ||
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG, text + plain.len) != 1)
		abort();
	EVP_CIPHER_CTX_free(ctx);
}

/* `tag` follows the text. */
static bool decrypt(EVP_CIPHER_CTX *ctx, const unsigned char *text, size_t len, char *plain)
{
	unsigned char tag[SEAL_TAG], *out = (unsigned char *)plain;
	int n = 0, rest = 0;

	memcpy(tag, text + len, sizeof tag);
	return EVP_CipherUpdate(ctx, out, &n, text, (int)len) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG, tag) == 1 &&
	       EVP_CipherFinal_ex(ctx, out + n, &rest) == 1;
}

int unseal(const struct keyring *ring, const char *purpose, struct str secret, struct str context,
	struct str sealed, char **plain, size_t *len)
{
	const unsigned char *bytes = (const unsigned char *)sealed.at;

	if (sealed.len < SEAL_OVERHEAD || sealed.len > INT_MAX || bytes[0] != VERSION)
		return -1;
	int which = keyring_find(ring, bytes + 1);
	if (which == -1)
		return -1;
	EVP_CIPHER_CTX *ctx = begin_cipher(ring, which, purpose, secret, context, bytes, false);
	*len = sealed.len - SEAL_OVERHEAD;
	*plain = mem_alloc(*len + 1, 1);
	bool is_ours = decrypt(ctx, bytes + SEAL_HEAD, *len, *plain);
	EVP_CIPHER_CTX_free(ctx);
	if (is_ours)
		return 0;
	seal_plain_free(*plain, *len);
	*plain = NULL;
	return -1;
}

void seal_plain_free(char *plain, size_t len)
{
	if (plain == NULL)
		return;
	OPENSSL_cleanse(plain, len);
	free(plain);
}
