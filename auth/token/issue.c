#include "auth/token/issue.h"

#include "auth/policy/scope.h"
#include "base/clock.h"
#include "base/rnd.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

enum { CLOCK_SLACK_S = 2 /* that another gateway may be ahead */ };

int issue_own_issuer(const struct conf *conf, char out[static STORE_ISSUER], struct err *err)
{
	int n = snprintf(out, STORE_ISSUER, "%s%s", conf->server.origin, conf->server.base);

	if (n < 0 || n >= STORE_ISSUER)
		return err_set(err,
			"server.public_url is too long to be an issuer: %d bytes at most",
			STORE_ISSUER - 1);
	return 0;
}

static bool is_utf8(const char *text)
{
	json_t *json = json_string(text);
	bool is_valid = json != NULL;

	json_decref(json);
	return is_valid;
}

/* Names end up in headers, logs and tables: one line of UTF-8 that nobody has to look at twice. */
static int copy_name(
	const char *what, const char *text, size_t chars, char *out, size_t size, struct err *err)
{
	size_t len = strlen(text);

	if (len == 0 || len >= size || str_count_chars(str_of(text)) > chars)
		return err_set(err, "the %s must have 1 to %zu characters", what, chars);
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return err_set(err, "the %s has a control character", what);
	}
	if (text[0] == ' ' || text[len - 1] == ' ' || !is_utf8(text))
		return err_set(err, "the %s must be UTF-8 without spaces around it", what);
	memcpy(out, text, len + 1);
	return 0;
}

static int fill_subject(
	const struct issue_request *request, struct store_token *record, struct err *err)
{
	if (request->user == NULL) {
		snprintf(record->subject, sizeof record->subject, "client:%s", record->client_name);
		return 0;
	}
	/* Or a person could pass for a client; a client may for itself. */
	if (str_starts(str_of(request->user), STR("client:")) &&
		strcmp(request->user, request->created_by) != 0)
		return err_set(err, "a user's name must not start with \"client:\"");
	return copy_name("user", request->user, STORE_SUBJECT_CHARS, record->subject,
		sizeof record->subject, err);
}

static int copy_scope(const char *text, char *out, size_t size, struct err *err)
{
	struct scope *scope = scope_parse(str_of(text), err);

	if (scope == NULL)
		return -1;
	scope_free(scope);
	if (!str_copy(str_of(text), out, size))
		abort(); /* no longer text is a scope */
	return 0;
}

static int fill_texts(
	const struct issue_request *request, struct store_token *record, struct err *err)
{
	if (copy_name("client name", request->client_name, STORE_CLIENT_CHARS, record->client_name,
		    sizeof record->client_name, err) == -1 ||
		fill_subject(request, record, err) == -1 ||
		copy_name("creator", request->created_by, STORE_SUBJECT_CHARS, record->created_by,
			sizeof record->created_by, err) == -1 ||
		copy_name("issuer", request->issuer, STORE_ISSUER - 1, record->issuer,
			sizeof record->issuer, err) == -1)
		return -1;
	if (request->scope && request->scope[0] &&
		copy_scope(request->scope, record->scope, sizeof record->scope, err) == -1)
		return -1;
	if (request->note && request->note[0])
		return copy_name("note", request->note, STORE_NOTE_CHARS, record->note,
			sizeof record->note, err);
	return 0;
}

/* --- secrets --- */

void token_secrets_clear(struct token_secrets *secrets)
{
	secret_free(secrets->access);
	secret_free(secrets->refresh);
	secret_free(secrets->registration);
	memset(secrets, 0, sizeof *secrets);
}

static void make_one_time(
	struct store_token *record, enum token_secret_kind kind, int64_t ttl, char **out)
{
	*out = token_secret_make(kind, record->id, NULL, record->family, record->secret);
	record->secret_expires_at = clock_wall_s() + ttl;
}

struct str issue_record_id(struct str token_id)
{
	struct str rest = token_id, id = STR("");

	return str_next(&rest, '.', &id) ? id : token_id;
}

/* The access token of this serial, as it was or is made then. */
static int mint_access(const struct signer *signer, const struct store_token *record,
	int64_t issued_at, char **out, struct err *err)
{
	char token_id[STORE_ID + 24];

	/* RFC 9068 §2.2: every token its own jti; the first has the record's. */
	if (record->serial == 1)
		snprintf(token_id, sizeof token_id, "%s", record->id);
	else
		snprintf(token_id, sizeof token_id, "%s.%lld", record->id,
			(long long)record->serial);
	struct signer_claims claims = {
		.issuer = record->issuer,
		.subject = record->subject,
		.client_name = record->client_name,
		.token_id = token_id,
		.scope = record->scope,
		.standing = record->standing,
		.role = record->role,
		.issued_at = issued_at,
		.expires_at = record->expires_at,
	};
	*out = signer_mint(signer, &claims, err);
	return *out ? 0 : -1;
}

static int make_access(const struct signer *signer, struct store_token *record, int64_t now,
	char **out, struct err *err)
{
	record->serial++;
	record->expires_at = now + record->access_ttl;
	return mint_access(signer, record, now, out, err);
}

static void note_end(struct store_token *record)
{
	record->ends_at = record->expires_at > record->secret_expires_at
				  ? record->expires_at
				  : record->secret_expires_at;
}

/* --- the first tokens, and the next --- */

static int make_first(const struct signer *signer, const struct issue_request *request,
	struct store_token *record, struct token_secrets *secrets, struct err *err)
{
	int result = 0;

	if (request->registration_ttl)
		make_one_time(record, TOKEN_REGISTRATION, request->registration_ttl,
			&secrets->registration);
	else
		result = make_access(signer, record, clock_wall_s(), &secrets->access, err);
	if (result == 0 && !request->registration_ttl && record->refresh_ttl)
		make_one_time(record, TOKEN_REFRESH, record->refresh_ttl, &secrets->refresh);
	note_end(record);
	return result;
}

enum issue_outcome issue_token(struct store *store, const struct signer *signer,
	const struct issue_request *request, struct store_token *record,
	struct token_secrets *secrets, struct err *err)
{
	int result = 0;

	memset(record, 0, sizeof *record);
	memset(secrets, 0, sizeof *secrets);
	rnd_hex(record->id, TOKEN_ID_LEN);
	record->role = request->role;
	record->state = STATE_ACTIVE;
	record->created_at = clock_wall_s();
	record->access_ttl = request->access_ttl;
	record->refresh_ttl = request->refresh_ttl;
	if (request->standing &&
		!str_copy(str_of(request->standing), record->standing, sizeof record->standing))
		abort(); /* no longer text is one */
	if (fill_texts(request, record, err) == -1)
		return ISSUE_UNFIT;
	result = make_first(signer, request, record, secrets, err);
	if (result == 0 && store->ops->token_add(store, record) == -1)
		result = err_set(err, "the store does not take the token");
	if (result == -1)
		token_secrets_clear(secrets);
	return result == 0 ? ISSUE_DONE : ISSUE_FAILED;
}

/* --- the next, and the same once more (S88) --- */

/* What follows a one-time secret is made of it, of the second and of the gateways' key. So who
 * shows it again at once can be given the same, and the store need not keep what was given. */
static char *make_next(const struct signer *signer, const struct issue_shown *shown, const char *id,
	int64_t second, unsigned char family[static DIGEST_LEN],
	unsigned char secret[static DIGEST_LEN])
{
	char time[24];
	unsigned char fresh[DIGEST_LEN];

	snprintf(time, sizeof time, "%lld", (long long)second);
	const struct str parts[] = {shown->text, STR(" "), str_of(time)};
	signer_derive(signer, parts, ARRAY_LEN(parts), fresh);
	char *next = token_secret_next(id, shown->family_text, fresh, family, secret);
	OPENSSL_cleanse(fresh, sizeof fresh);
	return next;
}

enum store_answer issue_next(struct store *store, const struct signer *signer,
	struct store_token *record, const struct issue_shown *shown, struct token_secrets *secrets)
{
	struct store_token next = *record;
	struct err err;
	int64_t now = clock_wall_s();
	enum store_answer answer = STORE_FAILED;

	memset(secrets, 0, sizeof *secrets);
	memset(next.secret, 0, sizeof next.secret);
	next.secret_expires_at = 0;
	if (make_access(signer, &next, now, &secrets->access, &err) == 0) {
		if (next.refresh_ttl) {
			secrets->refresh =
				make_next(signer, shown, next.id, now, next.family, next.secret);
			next.secret_expires_at = now + next.refresh_ttl;
		}
		note_end(&next);
		answer = store->ops->token_renew(store, &next, record->secret);
	}
	if (answer == STORE_FOUND)
		*record = next;
	else
		token_secrets_clear(secrets);
	return answer;
}

/* The second in which `shown` became what is good now, by any gateway's clock; -1: not lately. */
static int64_t find_second(const struct signer *signer, const struct store_token *record,
	const struct issue_shown *shown, char **refresh)
{
	unsigned char family[DIGEST_LEN], secret[DIGEST_LEN];
	int64_t now = clock_wall_s();

	for (int64_t second = now + CLOCK_SLACK_S; second >= now - ISSUE_AGAIN_S; second--) {
		*refresh = make_next(signer, shown, record->id, second, family, secret);
		if (CRYPTO_memcmp(secret, record->secret, DIGEST_LEN) == 0)
			return second;
		secret_free(*refresh);
		*refresh = NULL;
	}
	return -1;
}

bool issue_again(const struct signer *signer, const struct store_token *record,
	const struct issue_shown *shown, struct token_secrets *secrets)
{
	struct err err;

	memset(secrets, 0, sizeof *secrets);
	int64_t second = find_second(signer, record, shown, &secrets->refresh);
	if (second != -1 && mint_access(signer, record, second, &secrets->access, &err) == 0)
		return true;
	token_secrets_clear(secrets);
	return false;
}
