#include "auth/signer.h"

#include "auth/b64url.h"
#include "auth/jws.h"
#include "base/log.h"
#include "base/rnd.h"
#include "base/sbuf.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <jwt.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PEM_MAX = 4096, COORDINATE = 32, COORDINATE_TEXT = 46 };

struct signer {
	char pem[PEM_MAX]; /* libjwt parses it at each minting, which is rare */
	size_t pem_len;
	char kid[COORDINATE_TEXT];
	char *jwks;
	struct jwk *key;
};

/* --- the file
 * ------------------------------------------------------------------------------------- */

/* Gives a new key as PEM in `pem`. */
static void make_pem(char pem[PEM_MAX], size_t *len)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_secmem());
	int n;

	if (pkey == NULL || bio == NULL ||
		PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) != 1)
		abort();
	n = BIO_read(bio, pem, PEM_MAX - 1);
	if (n <= 0)
		abort();
	pem[n] = '\0';
	*len = (size_t)n;
	BIO_free(bio);
	EVP_PKEY_free(pkey);
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return fsync(fd);
}

/* Writes a new key to `temporary`, whole or not at all. */
static int write_temporary(const char *temporary, struct err *err)
{
	char pem[PEM_MAX];
	size_t len;
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd == -1)
		return err_set(err, "cannot write %s: %s", temporary, strerror(errno));
	make_pem(pem, &len);
	int result = write_all(fd, pem, len);
	if (result == -1)
		err_set(err, "cannot write %s: %s", temporary, strerror(errno));
	OPENSSL_cleanse(pem, sizeof pem);
	if (close(fd) == -1 && result == 0)
		result = err_set(err, "cannot write %s: %s", temporary, strerror(errno));
	return result;
}

static void sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return;
	if (fsync(fd) == -1)
		log_warn("signer", "cannot sync the data folder: %s", strerror(errno));
	close(fd);
}

/*
 * Several processes may start at once. link() puts a whole file in place or fails because one is
 * there: rename() would put ours over a key with which another process has signed already.
 */
static int make_file(const char *folder, const char *path, struct err *err)
{
	char suffix[17];
	char *temporary;
	int result;

	rnd_hex(suffix, sizeof suffix - 1);
	temporary = mem_printf("%s.%s", path, suffix);
	result = write_temporary(temporary, err);
	if (result == 0 && link(temporary, path) == -1 && errno != EEXIST)
		result = err_set(err, "cannot make %s: %s", path, strerror(errno));
	if (unlink(temporary) == -1 && errno != ENOENT)
		log_warn("signer", "cannot remove %s: %s", temporary, strerror(errno));
	sync_folder(folder);
	free(temporary);
	return result;
}

static int check_mode(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_set(err, "cannot read %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, "%s is not a file", path);
	if (st.st_mode & 077)
		return err_set(err,
			"%s has mode %04o, so others may read the key: chmod 600 it, or "
			"remove it when it may have leaked",
			path, (unsigned)st.st_mode & 07777);
	return 0;
}

static int read_all(int fd, struct signer *signer, const char *path, struct err *err)
{
	while (signer->pem_len < PEM_MAX - 1) {
		ssize_t n = read(fd, signer->pem + signer->pem_len, PEM_MAX - 1 - signer->pem_len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_set(err, "cannot read %s: %s", path, strerror(errno));
		if (n == 0)
			return 0;
		signer->pem_len += (size_t)n;
	}
	return err_set(err, "%s is too long for a key", path);
}

/* 1: there is no file. */
static int read_file(struct signer *signer, const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int result;

	if (fd == -1 && errno == ENOENT)
		return 1;
	if (fd == -1)
		return err_set(err, "cannot read %s: %s", path, strerror(errno));
	result = check_mode(fd, path, err);
	if (result == 0)
		result = read_all(fd, signer, path, err);
	close(fd);
	return result;
}

static int load_or_make(
	struct signer *signer, const char *folder, const char *path, struct err *err)
{
	int result = read_file(signer, path, err);

	if (result != 1)
		return result;
	if (mkdir(folder, 0700) == -1 && errno != EEXIST)
		return err_set(err, "cannot make %s: %s", folder, strerror(errno));
	if (make_file(folder, path, err) == -1)
		return -1;
	result = read_file(signer, path, err);
	return result == 1 ? err_set(err, "%s was removed while we started", path) : result;
}

/* --- the public half
 * ------------------------------------------------------------------------------ */

static int read_point(const struct signer *signer, char x[COORDINATE_TEXT], char y[COORDINATE_TEXT])
{
	BIO *bio = BIO_new_mem_buf(signer->pem, (int)signer->pem_len);
	EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
	char group[32] = "";
	unsigned char point[1 + 2 * COORDINATE];
	size_t len = 0;
	int result = -1;

	if (pkey && EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) == 1 &&
		strcmp(group, "prime256v1") == 0 &&
		EVP_PKEY_get_octet_string_param(
			pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len) == 1 &&
		len == sizeof point && point[0] == POINT_CONVERSION_UNCOMPRESSED) {
		b64url_encode(point + 1, COORDINATE, x);
		b64url_encode(point + 1 + COORDINATE, COORDINATE, y);
		result = 0;
	}
	EVP_PKEY_free(pkey);
	BIO_free(bio);
	return result;
}

/* RFC 7638 §3: the required members in alphabetical order, without white space. */
static void write_thumbprint(const char *x, const char *y, char out[COORDINATE_TEXT])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	char *text =
		mem_printf("{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y);

	if (EVP_Digest(text, strlen(text), digest, &len, EVP_sha256(), NULL) != 1)
		abort();
	b64url_encode(digest, len, out);
	free(text);
}

static int publish(struct signer *signer, const char *path, struct err *err)
{
	char x[COORDINATE_TEXT], y[COORDINATE_TEXT];
	json_t *json;

	if (read_point(signer, x, y) == -1)
		return err_set(err, "%s is not a P-256 private key in PEM", path);
	write_thumbprint(x, y, signer->kid);
	signer->jwks =
		mem_printf("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\","
			   "\"y\":\"%s\",\"kid\":\"%s\",\"use\":\"sig\",\"alg\":\"ES256\"}]}",
			x, y, signer->kid);
	json = json_loads(signer->jwks, 0, NULL);
	signer->key = jwk_from_json(json_array_get(json_object_get(json, "keys"), 0), err);
	json_decref(json);
	return signer->key ? 0 : -1;
}

struct signer *signer_open(const char *data_dir, struct err *err)
{
	struct signer *signer = mem_alloc(1, sizeof *signer);
	char *path = data_dir ? mem_printf("%s/signing-key.pem", data_dir) : mem_strdup("the key");
	int result = 0;

	if (data_dir)
		result = load_or_make(signer, data_dir, path, err);
	else
		make_pem(signer->pem, &signer->pem_len);
	if (result == 0)
		result = publish(signer, path, err);
	free(path);
	if (result == 0)
		return signer;
	signer_free(signer);
	return NULL;
}

void signer_free(struct signer *signer)
{
	if (signer == NULL)
		return;
	OPENSSL_cleanse(signer->pem, sizeof signer->pem);
	jwk_unref(signer->key);
	free(signer->jwks);
	free(signer);
}

const char *signer_kid(const struct signer *signer)
{
	return signer->kid;
}

const char *signer_jwks(const struct signer *signer)
{
	return signer->jwks;
}

struct jwk *signer_key(const struct signer *signer)
{
	return signer->key;
}

/* --- minting
 * -------------------------------------------------------------------------------------- */

static int add_texts(jwt_t *jwt, const struct signer *signer, const struct signer_claims *claims)
{
	const struct {
		const char *name, *value;
	} texts[] = {
		{"iss", claims->issuer},
		{"sub", claims->subject},
		{"aud", SIGNER_AUDIENCE},
		{"jti", claims->token_id},
		{"client_id", claims->client_name}, /* RFC 9068 §2.2 */
		{"client_name", claims->client_name},
		{"token_type", role_name(claims->role)},
	};

	/* Set before signing: libjwt writes "JWT" only where there is no typ. */
	if (jwt_add_header(jwt, "typ", "at+jwt") != 0 ||
		jwt_add_header(jwt, "kid", signer->kid) != 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (jwt_add_grant(jwt, texts[i].name, texts[i].value) != 0)
			return -1;
	}
	return 0;
}

static char *encode(jwt_t *jwt, const struct signer *signer, const struct signer_claims *claims)
{
	const unsigned char *pem = (const unsigned char *)signer->pem;

	if (add_texts(jwt, signer, claims) == -1 ||
		jwt_add_grant_int(jwt, "iat", (long)claims->issued_at) != 0 ||
		jwt_add_grant_int(jwt, "exp", (long)claims->expires_at) != 0 ||
		jwt_set_alg(jwt, JWT_ALG_ES256, pem, (int)signer->pem_len) != 0)
		return NULL;
	return jwt_encode_str(jwt);
}

char *signer_mint(const struct signer *signer, const struct signer_claims *claims, struct err *err)
{
	jwt_t *jwt = NULL;
	char *token;

	assert(claims->role == ROLE_USER || claims->role == ROLE_ADMIN);
	if (jwt_new(&jwt) != 0)
		abort();
	token = encode(jwt, signer, claims);
	jwt_free(jwt);
	if (token == NULL) {
		err_set(err, "the token could not be signed");
		return NULL;
	}
	/* What we would not take ourselves is not given out, whatever the library made of it. */
	if (jws_verify(str_of(token), signer->key))
		return token;
	secret_free(token);
	err_set(err, "the token is longer than %d bytes or not well signed", JWS_MAX);
	return NULL;
}

enum role signer_role(const json_t *claims)
{
	const char *type = json_string_value(json_object_get(claims, "token_type"));

	if (type == NULL)
		return ROLE_NONE;
	if (strcmp(type, role_name(ROLE_ADMIN)) == 0)
		return ROLE_ADMIN;
	return strcmp(type, role_name(ROLE_USER)) == 0 ? ROLE_USER : ROLE_NONE;
}
