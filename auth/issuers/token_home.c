#include "auth/issuers/token_home.h"

#include "auth/jose/jws.h"
#include "auth/jose/token_use.h"
#include "base/text/json_foreign.h"
#include "base/text/json_value.h"

#include <openssl/crypto.h>
#include <stdlib.h>

/* --- what a token says --- */

static int sextet(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	const char *found = c ? strchr(digits, c) : NULL;

	if (found)
		return (int)(found - digits);
	if (c == '-' || c == '+')
		return 62;
	return c == '_' || c == '/' ? 63 : -1;
}

/* Takes every spelling that some library might: what we would refuse as a token is a token to
 * others, and names its issuer. -1: no base64 of any kind. */
static long decode_payload(struct str text, char *out)
{
	uint32_t bits = 0;
	unsigned held = 0;
	long len = 0;

	while (text.len > 0 && text.at[text.len - 1] == '=')
		text.len--;
	for (size_t i = 0; i < text.len; i++) {
		int value = sextet(text.at[i]);

		if (value == -1)
			return -1;
		bits = bits << 6 | (uint32_t)value;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[len++] = (char)(bits >> held & 0xff);
		}
	}
	return len;
}

/* NULL: no JSON object; *is_doubtful then says whether it is one to somebody who minds less. */
static json_t *read_part(struct str part, bool *is_doubtful)
{
	char *text = mem_alloc(part.len + 1, 1);
	long len = decode_payload(part, text);
	json_t *json = NULL;

	*is_doubtful = false;
	if (len > 0)
		json = json_foreign((struct str){text, (size_t)len});
	if (json == NULL && len > 0 && text[0] == '{')
		*is_doubtful = true;
	if (!json_is_object(json)) {
		json_decref(json);
		json = NULL;
	}
	free(text);
	return json;
}

/* Takes `json`. */
static enum token_names named_in(json_t *json, bool is_doubtful, char issuer[static 512])
{
	const json_t *iss = json_object_get(json, "iss");
	struct str name = json_value_str(iss);
	enum token_names names = is_doubtful ? TOKEN_NAMES_BROKEN : TOKEN_NAMES_NOBODY;

	if (iss && (name.at == NULL || name.len == 0 || strlen(name.at) != name.len))
		names = TOKEN_NAMES_BROKEN;
	else if (iss)
		names = str_copy(name, issuer, 512) ? TOKEN_NAMES_ISSUER : TOKEN_NAMES_BROKEN;
	json_decref(json);
	return names;
}

static bool take_parts(struct str token, struct str *header, struct str *payload)
{
	return token.len <= JWS_MAX && str_next(&token, '.', header) &&
	       str_next(&token, '.', payload);
}

enum token_names token_home_named(struct str token, char issuer[static 512])
{
	struct str header = STR(""), payload = STR("");
	bool is_doubtful;

	issuer[0] = '\0';
	if (!take_parts(token, &header, &payload))
		return TOKEN_NAMES_NOBODY;
	json_t *json = read_part(header, &is_doubtful);
	if (json == NULL && !is_doubtful)
		return TOKEN_NAMES_NOBODY;
	/* An encrypted one may repeat its claims in the header (RFC 7519 §5.3). */
	enum token_names names = named_in(json, is_doubtful, issuer);
	if (names != TOKEN_NAMES_NOBODY)
		return names;
	json = read_part(payload, &is_doubtful);
	return named_in(json, is_doubtful, issuer);
}

unsigned token_home_use(struct str token)
{
	struct str parts[2];
	bool is_doubtful;
	unsigned said = 0;

	if (!take_parts(token, &parts[0], &parts[1]))
		return TOKEN_USE_UNSAID;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		json_t *json = read_part(parts[i], &is_doubtful);

		said |= token_use_of_claims(json);
		json_decref(json);
	}
	return said;
}

static bool names_audience(const json_t *aud, const char *audience)
{
	bool is_named = str_eq(json_value_str(aud), str_of(audience));

	for (size_t i = 0; i < json_array_size(aud); i++)
		is_named |= str_eq(json_value_str(json_array_get(aud, i)), str_of(audience));
	return is_named;
}

bool token_home_is_for_others(struct str token, const char *audience, int64_t now)
{
	struct str header, payload;
	bool is_doubtful;

	if (!take_parts(token, &header, &payload))
		return false;
	json_t *json = read_part(payload, &is_doubtful);
	bool is_theirs = json_number_value(json_object_get(json, "exp")) > (double)now &&
			 !names_audience(json_object_get(json, "aud"), audience);
	json_decref(json);
	return is_theirs;
}

/* --- prefixes --- */

static bool has_prefix(const struct conf_bearer *row, struct str token)
{
	return row->has_introspection && row->introspection.prefix &&
	       str_starts(token, str_of(row->introspection.prefix));
}

const char *token_home_prefix(const struct conf *conf, struct str token)
{
	const char *longest = "";

	for (size_t i = 0; i < conf->bearer_count; i++) {
		const struct conf_bearer *row = &conf->bearer[i];

		if (has_prefix(row, token) && strlen(row->introspection.prefix) > strlen(longest))
			longest = row->introspection.prefix;
	}
	return longest;
}

bool token_home_fits(const struct conf_bearer *row, const char *prefix)
{
	const char *own = row->introspection.prefix;

	return strcmp(own ? own : "", prefix) == 0;
}

/* --- what was known before --- */

struct home {
	bool is_taken;
	unsigned char token[DIGEST_LEN], issuer[DIGEST_LEN];
};

struct token_homes { /* a token has one slot, by its digest: who comes later takes it over */
	struct home homes[TOKEN_HOMES];
};

struct token_homes *token_homes_new(void)
{
	return mem_alloc(1, sizeof(struct token_homes));
}

void token_homes_free(struct token_homes *homes)
{
	free(homes);
}

static size_t slot_of(const unsigned char digest[static DIGEST_LEN])
{
	return ((size_t)digest[0] << 8 | digest[1]) % TOKEN_HOMES;
}

static const struct home *find_home(const struct token_homes *homes, struct str token)
{
	unsigned char digest[DIGEST_LEN];

	digest_sha256(token, digest);
	const struct home *home = &homes->homes[slot_of(digest)];
	return home->is_taken && CRYPTO_memcmp(home->token, digest, DIGEST_LEN) == 0 ? home : NULL;
}

bool token_homes_has(const struct token_homes *homes, struct str token)
{
	return find_home(homes, token) != NULL;
}

bool token_homes_is(const struct token_homes *homes, struct str token, const char *issuer)
{
	const struct home *home = find_home(homes, token);
	unsigned char digest[DIGEST_LEN];

	digest_sha256(str_of(issuer), digest);
	return home && memcmp(home->issuer, digest, DIGEST_LEN) == 0;
}

void token_homes_note(struct token_homes *homes, struct str token, const char *issuer)
{
	struct home fresh = {.is_taken = true};

	digest_sha256(token, fresh.token);
	digest_sha256(str_of(issuer), fresh.issuer);
	homes->homes[slot_of(fresh.token)] = fresh;
}
