#include "auth/keys/keyring.h"

#include "auth/keys/key_file.h"
#include "auth/store/store.h"
#include "base/rnd.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	KEYS_MAX = 2,
	PARTS_MAX = 4,
	MATERIAL_MIN = 16,
	HEX_MIN = 64,
	BASE64_MIN = 43,
	HEX_TEXT = HEX_MIN + 1
};

struct keyring {
	atomic_int refs;
	int count;
	struct ring_key {
		unsigned char bytes[DIGEST_LEN];
		unsigned char name[KEYRING_NAME];
	} keys[KEYS_MAX];
};

/* --- a ring --- */

static struct str bytes_of(const unsigned char *bytes, size_t len)
{
	return (struct str){(const char *)bytes, len};
}

static struct str key_bytes(const struct keyring *ring, int which)
{
	assert(which >= 0 && which < ring->count);
	return bytes_of(ring->keys[which].bytes, DIGEST_LEN);
}

static void add_key(struct keyring *ring, struct str material)
{
	struct ring_key *key = &ring->keys[ring->count];
	unsigned char name[DIGEST_LEN];

	assert(material.len >= MATERIAL_MIN && ring->count < KEYS_MAX);
	digest_hkdf(material, STR(""), STR("sparkgate ring key"), key->bytes);
	digest_hkdf(bytes_of(key->bytes, DIGEST_LEN), STR(""), STR("sparkgate key name"), name);
	memcpy(key->name, name, sizeof key->name);
	ring->count++;
}

struct keyring *keyring_new(struct str now, struct str old)
{
	struct keyring *ring = mem_alloc(1, sizeof *ring);

	atomic_init(&ring->refs, 1);
	add_key(ring, now);
	if (old.len > 0)
		add_key(ring, old);
	return ring;
}

struct keyring *keyring_ref(struct keyring *ring)
{
	atomic_fetch_add_explicit(&ring->refs, 1, memory_order_relaxed);
	return ring;
}

void keyring_unref(struct keyring *ring)
{
	if (ring == NULL || atomic_fetch_sub_explicit(&ring->refs, 1, memory_order_acq_rel) > 1)
		return;
	OPENSSL_cleanse(ring, sizeof *ring);
	free(ring);
}

/* --- uses --- */

/* Each part hashed alone, so that no two lists of parts run into the same bytes. */
bool keyring_digest(const struct keyring *ring, int which, const char *purpose,
	const struct str *parts, size_t count, unsigned char out[static DIGEST_LEN])
{
	unsigned char key[DIGEST_LEN], digests[PARTS_MAX][DIGEST_LEN];

	assert(count <= PARTS_MAX);
	if (which >= ring->count)
		return false;
	digest_hkdf(key_bytes(ring, which), STR("index"), str_of(purpose), key);
	for (size_t i = 0; i < count; i++)
		digest_sha256(parts[i], digests[i]);
	const struct str all = bytes_of(digests[0], count * DIGEST_LEN);
	digest_hmac(bytes_of(key, sizeof key), &all, 1, out);
	OPENSSL_cleanse(key, sizeof key);
	return true;
}

void keyring_name(const struct keyring *ring, unsigned char out[static KEYRING_NAME])
{
	memcpy(out, ring->keys[0].name, KEYRING_NAME);
}

int keyring_find(const struct keyring *ring, const unsigned char name[static KEYRING_NAME])
{
	for (int which = 0; which < ring->count; which++) {
		if (memcmp(ring->keys[which].name, name, KEYRING_NAME) == 0)
			return which;
	}
	return -1;
}

void keyring_derive(const struct keyring *ring, int which, const char *purpose, struct str secret,
	unsigned char out[static DIGEST_LEN])
{
	digest_hkdf(key_bytes(ring, which), secret, str_of(purpose), out);
}

/* --- where keys come from --- */

/* 256 bits in hexadecimal digits or either base64, as `openssl rand` writes them. */
static bool is_key_line(struct str line)
{
	bool is_hex = true;

	for (size_t i = 0; i < line.len; i++) {
		char c = line.at[i];

		is_hex = is_hex && str_hex_digit(c) != -1;
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    (c != '\0' && strchr("-_+/=", c))))
			return false;
	}
	return line.len >= (is_hex ? HEX_MIN : BASE64_MIN);
}

static struct keyring *from_lines(struct str text, const char *what, struct err *err)
{
	struct str lines[KEYS_MAX] = {STR(""), STR("")}, line;
	size_t count = 0;

	while (str_next(&text, '\n', &line)) {
		line = str_trim(line);
		if (str_ends(line, STR("\r")))
			line.len--;
		if (line.len == 0)
			continue;
		if (count == KEYS_MAX) {
			err_set(err, "%s: expected one or two lines: the key, and the old one",
				what);
			return NULL;
		}
		if (!is_key_line(line)) {
			err_set(err,
				"%s: line %zu: expected 32 bytes or more in base64 or hexadecimal "
				"digits",
				what, count + 1);
			return NULL;
		}
		lines[count++] = line;
	}
	if (count > 0)
		return keyring_new(lines[0], lines[1]);
	err_set(err, "%s: there is no key in it", what);
	return NULL;
}

static void make_key_line(struct key_text *out)
{
	rnd_hex(out->at, HEX_MIN);
	out->at[HEX_MIN] = '\n';
	out->len = HEX_MIN + 1;
}

static struct keyring *from_folder(const char *folder, struct err *err)
{
	struct keyring *ring = NULL;
	struct key_text text;

	if (key_file_open(folder, "session.key", make_key_line, &text, err) == 0)
		ring = from_lines((struct str){text.at, text.len}, "session.key", err);
	key_text_clear(&text);
	return ring;
}

static struct keyring *from_random(void)
{
	unsigned char bytes[DIGEST_LEN];

	rnd_bytes(bytes, sizeof bytes);
	struct keyring *ring = keyring_new(bytes_of(bytes, sizeof bytes), STR(""));
	OPENSSL_cleanse(bytes, sizeof bytes);
	return ring;
}

static struct keyring *from_client_secret(const char *secret)
{
	unsigned char bytes[DIGEST_LEN];

	digest_hkdf(str_of(secret), STR(""), STR("sparkgate session key"), bytes);
	struct keyring *ring = keyring_new(bytes_of(bytes, sizeof bytes), STR(""));
	OPENSSL_cleanse(bytes, sizeof bytes);
	return ring;
}

static struct keyring *from_store(struct store *store, struct err *err)
{
	char ours[HEX_TEXT], settled[HEX_TEXT];
	struct keyring *ring = NULL;

	rnd_hex(ours, HEX_MIN);
	if (store->ops->meta_settle(store, "session_key", ours, settled, sizeof settled) == -1)
		err_set(err, "the store cannot be written");
	else
		ring = from_lines(str_of(settled), "the store's session_key", err);
	OPENSSL_cleanse(ours, sizeof ours);
	OPENSSL_cleanse(settled, sizeof settled);
	return ring;
}

/* NULL: there is none that only one provider and the gateways know. Of several each would know the
 * key of the others' people. */
static const char *client_secret_of(const struct conf *conf)
{
	return conf->oidc_count == 1 ? conf->oidc[0].client_secret.value : NULL;
}

static bool has_key(const struct conf *conf, struct store *store)
{
	char *path = NULL, text[HEX_TEXT];
	bool has = true;

	if (conf->session_key.value || conf->store_kind == CONF_STORE_MEMORY)
		return true;
	if (conf->store_kind == CONF_STORE_SQLITE) {
		path = mem_printf("%s/session.key", conf->data_dir);
		has = access(path, F_OK) == 0;
	} else if (client_secret_of(conf) == NULL) {
		has = store->ops->meta_get(store, "session_key", text, sizeof text) != STORE_NONE;
		OPENSSL_cleanse(text, sizeof text);
	}
	free(path);
	return has;
}

struct keyring *keyring_peek(const struct conf *conf, struct store *store, struct err *err)
{
	return has_key(conf, store) ? keyring_open(conf, store, err) : from_random();
}

/* Shorter ones are no key. */
static const char *client_secret_as_key(const struct conf *conf)
{
	const char *secret = client_secret_of(conf);

	return secret && strlen(secret) >= MATERIAL_MIN ? secret : NULL;
}

const char *keyring_way_back(const struct conf *conf)
{
	if (conf->session_key.value)
		return "put the old one on the second line of session.key_file, or remove "
		       "session.key_file, if there was none";
	if (client_secret_as_key(conf))
		return "it is made of auth.oidc's client secret, which has changed, or was in "
		       "session.key_file: put the old secret, or that file, back";
	return "session.key_file, or a client secret of auth.oidc, was configured: put it back";
}

struct keyring *keyring_open(const struct conf *conf, struct store *store, struct err *err)
{
	const char *client_secret = client_secret_as_key(conf);

	if (conf->session_key.value)
		return from_lines(str_of(conf->session_key.value), "session.key_file", err);
	if (conf->store_kind == CONF_STORE_MEMORY)
		return from_random();
	if (conf->store_kind == CONF_STORE_SQLITE)
		return from_folder(conf->data_dir, err);
	if (client_secret)
		return from_client_secret(client_secret);
	return from_store(store, err);
}
