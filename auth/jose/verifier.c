#include "auth/jose/verifier.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { SLOTS = 8 }; /* keys in use at a time are few: an issuer has one or two */

struct slot {
	uint64_t serial; /* 0: free */
	const EVP_MD *md;
	bool is_pss;
	EVP_PKEY_CTX *ctx;
};

struct verifier { /* of one thread */
	EVP_MD_CTX *hash;
	struct slot slots[SLOTS];
	unsigned next;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t mine_key;
static _Thread_local struct verifier *mine;

uint64_t verifier_new_serial(void)
{
	static atomic_uint_fast64_t last;

	return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

static void free_mine(void *arg)
{
	struct verifier *v = arg;

	mine = NULL;
	for (size_t i = 0; i < SLOTS; i++)
		EVP_PKEY_CTX_free(v->slots[i].ctx);
	EVP_MD_CTX_free(v->hash);
	free(v);
}

static void make_thread_key(void)
{
	if (pthread_key_create(&mine_key, free_mine) != 0)
		abort();
}

static struct verifier *thread_verifier(void)
{
	if (mine)
		return mine;
	pthread_once(&once, make_thread_key);
	mine = mem_alloc(1, sizeof *mine);
	mine->hash = EVP_MD_CTX_new();
	if (mine->hash == NULL)
		abort();
	pthread_setspecific(mine_key, mine);
	return mine;
}

/* With a copy of the key: what one thread counts and locks is no other's. NULL: OpenSSL refuses. */
static EVP_PKEY_CTX *make_context(const struct verifier_key *key)
{
	EVP_PKEY *copy = EVP_PKEY_dup(key->pkey);
	EVP_PKEY_CTX *ctx = copy ? EVP_PKEY_CTX_new_from_pkey(NULL, copy, NULL) : NULL;
	bool good = ctx && EVP_PKEY_verify_init(ctx) == 1;

	EVP_PKEY_free(copy); /* the context holds it */
	if (good && EVP_PKEY_is_a(key->pkey, "RSA"))
		good = EVP_PKEY_CTX_set_rsa_padding(
			       ctx, key->is_pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) == 1;
	good = good && EVP_PKEY_CTX_set_signature_md(ctx, key->md) == 1;
	if (good && key->is_pss)
		good = EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1 &&
		       EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, key->md) == 1;
	if (good)
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

static EVP_PKEY_CTX *find_context(struct verifier *v, const struct verifier_key *key)
{
	for (size_t i = 0; i < SLOTS; i++) {
		const struct slot *slot = &v->slots[i];

		if (slot->serial == key->serial && slot->md == key->md &&
			slot->is_pss == key->is_pss)
			return slot->ctx;
	}
	EVP_PKEY_CTX *ctx = make_context(key);
	if (ctx) {
		struct slot *slot = &v->slots[v->next];

		v->next = (v->next + 1) % SLOTS;
		EVP_PKEY_CTX_free(slot->ctx);
		*slot = (struct slot){key->serial, key->md, key->is_pss, ctx};
	}
	return ctx;
}

bool verifier_check(const struct verifier_key *key, struct str input, struct str sig)
{
	struct verifier *v = thread_verifier();
	EVP_PKEY_CTX *ctx = find_context(v, key);
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	bool good = ctx && EVP_DigestInit_ex(v->hash, key->md, NULL) == 1 &&
		    EVP_DigestUpdate(v->hash, input.at, input.len) == 1 &&
		    EVP_DigestFinal_ex(v->hash, hash, &len) == 1 &&
		    EVP_PKEY_verify(ctx, (const unsigned char *)sig.at, sig.len, hash, len) == 1;

	if (!good)
		ERR_clear_error(); /* else TLS on this thread would take it for its own */
	return good;
}
