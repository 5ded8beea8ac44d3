#include "auth/token/signing_key.h"

#include "base/text/b64url.h"
#include "auth/keys/key_file.h"
#include "auth/keys/seal.h"
#include "base/log/log.h"

#include <stdlib.h>

enum { TEXT_MAX = 8192 };

static const char meta_key[] = "signing_key", purpose[] = "sparkgate signing key";

/* As the store keeps it. Gives. */
static char *seal_pem(const struct keyring *ring, const struct key_text *pem)
{
	struct store_bytes sealed;

	seal(ring, purpose, STR(""), STR(meta_key), (struct str){pem->at, pem->len}, &sealed);
	char *text = mem_alloc(sealed.len * 4 / 3 + 4, 1);
	b64url_encode(sealed.at, sealed.len, text);
	free(sealed.at);
	return text;
}

static char *make_sealed(const struct keyring *ring)
{
	struct key_text pem;

	signer_make_pem(&pem);
	char *text = seal_pem(ring, &pem);
	key_text_clear(&pem);
	return text;
}

/* Before the old session key is thrown away, nothing may depend on it any more. */
static bool is_sealed_by_old(const struct keyring *ring, const char *text)
{
	unsigned char sealed[TEXT_MAX];
	long n = b64url_decode(str_of(text), sealed, sizeof sealed);

	return n >= SEAL_OVERHEAD && keyring_find(ring, sealed + 1) == 1;
}

static int seal_again(struct store *store, const struct keyring *ring, const struct key_text *pem)
{
	char *text = seal_pem(ring, pem);
	int result = store->ops->meta_set(store, meta_key, text);

	free(text);
	return result;
}

static int open_sealed(const struct conf *conf, const struct keyring *ring, const char *text,
	struct key_text *pem, struct err *err)
{
	unsigned char sealed[TEXT_MAX];
	char *plain = NULL;
	size_t len = 0;
	long n = b64url_decode(str_of(text), sealed, sizeof sealed);

	if (n < SEAL_OVERHEAD ||
		unseal(ring, purpose, STR(""), STR(meta_key),
			(struct str){(const char *)sealed, (size_t)n}, &plain, &len) == -1)
		return err_set(err,
			"the signing key in the store was sealed with another session key: %s "
			"(docs/lost-access.md says what else there is)",
			keyring_way_back(conf));
	pem->len = len < sizeof pem->at ? len : sizeof pem->at;
	memcpy(pem->at, plain, pem->len);
	seal_plain_free(plain, len);
	return 0;
}

/* The first process to ask makes the key; all others get that one. */
static struct signer *open_shared(
	const struct conf *conf, struct store *store, const struct keyring *ring, struct err *err)
{
	char text[TEXT_MAX];
	struct key_text pem;
	struct signer *signer = NULL;
	char *fresh = make_sealed(ring);
	int result = store->ops->meta_settle(store, meta_key, fresh, text, sizeof text);

	free(fresh);
	if (result == -1) {
		err_set(err, "the signing key cannot be read from the store");
		return NULL;
	}
	if (open_sealed(conf, ring, text, &pem, err) == -1)
		return NULL;
	signer = signer_from_pem(&pem, "the signing key in the store", err);
	if (is_sealed_by_old(ring, text) && seal_again(store, ring, &pem) == -1)
		log_warn("signer", "the signing key stays sealed with the old session key");
	key_text_clear(&pem);
	return signer;
}

struct signer *signing_key_open(
	const struct conf *conf, struct store *store, const struct keyring *ring, struct err *err)
{
	if (store->ops->is_shared)
		return open_shared(conf, store, ring, err);
	/* Without a file the key need not outlive the records of what it signed. */
	return signer_open(conf->store_kind == CONF_STORE_MEMORY ? NULL : conf->data_dir, err);
}
