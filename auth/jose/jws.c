#include "auth/jose/jws.h"

#include "base/text/b64url.h"
#include "base/mem.h"
#include "base/text/json_value.h"

#include <stdlib.h>

enum { HEADER_MAX = 2048, KNOWN_MAX = 512, KNOWN_COUNT = 4 };

/*
 * Headers that were read before, as they were sent: the tokens of one key have the same one. What a
 * header says depends on its bytes alone, so this never goes out of date.
 */
struct known {
	size_t len; /* 0: free */
	char part[KNOWN_MAX];
	enum jose_alg alg;
	char kid[sizeof((struct jws *)0)->kid];
	char typ[sizeof((struct jws *)0)->typ];
};

static _Thread_local struct known known[KNOWN_COUNT];
static _Thread_local unsigned known_next;

/* Copies an optional string member of the header. */
static int read_member(const json_t *header, const char *name, char *out, size_t size)
{
	const json_t *member = json_object_get(header, name);

	out[0] = '\0';
	if (member == NULL)
		return 0;
	if (!json_is_string(member))
		return -1;
	struct str text = json_value_str(member);
	return str_copy(text, out, size) ? 0 : -1;
}

/*
 * What would change how the rest is read is refused by name (RFC 7515 §4.1.11, RFC 7797, S15). Keys
 * and places of keys in the header (jwk, jku, x5u, x5c) are not even looked at: keys come from the
 * issuer.
 */
static int read_header(const json_t *header, struct jws *out, struct err *err)
{
	static const char *const refused[] = {"crit", "b64", "zip"};
	char alg[16];

	if (!json_is_object(header))
		return err_set(err, "the token's header is not an object");
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		if (json_object_get(header, refused[i]))
			return err_set(err, "the token's header has \"%s\"", refused[i]);
	}
	if (read_member(header, "alg", alg, sizeof alg) == -1 ||
		(out->alg = jose_alg_from(str_of(alg))) == JOSE_NONE)
		return err_set(err, "the token's algorithm is missing or unknown");
	if (read_member(header, "kid", out->kid, sizeof out->kid) == -1)
		return err_set(err, "the token's kid is malformed");
	if (read_member(header, "typ", out->typ, sizeof out->typ) == -1)
		return err_set(err, "the token's typ is malformed");
	return 0;
}

static int decode_header(struct str part, struct jws *out, struct err *err)
{
	unsigned char bytes[HEADER_MAX];
	long len = b64url_decode(part, bytes, sizeof bytes);

	if (len == -1)
		return err_set(err, "the token's header is not base64url");
	json_t *header = json_loadb((const char *)bytes, (size_t)len, JSON_REJECT_DUPLICATES, NULL);
	if (header == NULL)
		return err_set(err, "the token's header is not JSON");
	int result = read_header(header, out, err);
	json_decref(header);
	return result;
}

static bool recall_header(struct str part, struct jws *out)
{
	for (size_t i = 0; i < KNOWN_COUNT; i++) {
		const struct known *k = &known[i];

		if (k->len == 0 || !str_eq(part, (struct str){k->part, k->len}))
			continue;
		out->alg = k->alg;
		memcpy(out->kid, k->kid, sizeof out->kid);
		memcpy(out->typ, k->typ, sizeof out->typ);
		return true;
	}
	return false;
}

static void note_header(struct str part, const struct jws *jws)
{
	struct known *k = &known[known_next];

	if (part.len > KNOWN_MAX)
		return;
	known_next = (known_next + 1) % KNOWN_COUNT;
	k->len = part.len;
	memcpy(k->part, part.at, part.len);
	k->alg = jws->alg;
	memcpy(k->kid, jws->kid, sizeof k->kid);
	memcpy(k->typ, jws->typ, sizeof k->typ);
}

static int take_header(struct str part, struct jws *out, struct err *err)
{
	if (recall_header(part, out))
		return 0;
	if (decode_header(part, out, err) == -1)
		return -1;
	note_header(part, out);
	return 0;
}

static int decode_rest(struct str payload, struct str signature, struct jws *out, struct err *err)
{
	long len = b64url_decode(signature, out->signature, sizeof out->signature);

	if (len == -1)
		return err_set(err, "the token's signature is not base64url");
	out->signature_len = (size_t)len;
	out->payload = mem_alloc(payload.len + 1, 1);
	len = b64url_decode(payload, (unsigned char *)out->payload, payload.len);
	if (len == -1)
		return err_set(err, "the token's payload is not base64url");
	out->payload_len = (size_t)len;
	return 0;
}

int jws_parse(struct str token, struct jws *out, struct err *err)
{
	ptrdiff_t dots[2];

	memset(out, 0, sizeof *out);
	if (token.len > JWS_MAX)
		return err_set(err, "the token is too long");
	dots[0] = str_find_byte(token, '.');
	dots[1] = dots[0] == -1 ? -1 : str_find_byte(str_from(token, (size_t)dots[0] + 1), '.');
	if (dots[1] == -1)
		return err_set(err, "the token does not have three parts");
	struct str header = {token.at, (size_t)dots[0]};
	struct str payload = {token.at + header.len + 1, (size_t)dots[1]};
	/* A third dot is outside the alphabet, so what has five parts (JWE) ends here too. */
	struct str signature = str_from(token, header.len + payload.len + 2);
	out->signing_input = (struct str){token.at, header.len + 1 + payload.len};
	if (take_header(header, out, err) == 0 && decode_rest(payload, signature, out, err) == 0)
		return 0;
	jws_clear(out);
	return -1;
}

void jws_clear(struct jws *jws)
{
	json_decref(jws->json);
	free(jws->payload);
	memset(jws, 0, sizeof *jws);
}

bool jws_verify(struct str token, const struct jwk *key)
{
	struct jws jws;

	if (jws_parse(token, &jws, NULL) == -1)
		return false;
	struct str signature = {(const char *)jws.signature, jws.signature_len};
	bool good = jwk_verify(key, jws.alg, jws.signing_input, signature);
	jws_clear(&jws);
	return good;
}
