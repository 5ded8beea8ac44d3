#include "auth/device/device_desk.h"

#include "auth/oidc/throttle.h"
#include "auth/policy/scope.h"
#include "auth/roles/standing.h"
#include "auth/token/audit.h"
#include "auth/token/token_grant.h"
#include "base/clock.h"
#include "base/net/cidr.h"
#include "base/text/json_text.h"
#include "base/text/json_value.h"

#include <openssl/crypto.h>
#include <stdlib.h>

const char *device_error(enum device_outcome outcome)
{
	static const char *const words[] = {[DEVICE_INVALID] = "invalid_request",
		[DEVICE_BAD_SCOPE] = "invalid_scope",
		[DEVICE_PENDING] = "authorization_pending",
		[DEVICE_SLOW_DOWN] = "slow_down",
		[DEVICE_REFUSED] = "access_denied",
		[DEVICE_EXPIRED] = "expired_token",
		[DEVICE_UNKNOWN] = "invalid_grant",
		[DEVICE_MANY] = "temporarily_unavailable",
		[DEVICE_UNAVAILABLE] = "temporarily_unavailable"};

	return words[outcome];
}

static enum device_outcome outcome_of(const struct device_desk *desk, enum store_answer answer)
{
	switch (token_desk_count(desk->tokens, answer)) {
	case STORE_FOUND:
		return DEVICE_DONE;
	case STORE_NONE:
		return DEVICE_UNKNOWN;
	case STORE_FAILED:
		break;
	}
	return DEVICE_UNAVAILABLE;
}

/* --- what is kept of a question --- */

static bool copy_member(const json_t *json, const char *name, char *out, size_t size)
{
	struct str text = json_value_member(json, name);

	return text.at && str_copy(text, out, size);
}

/* False: it is none that was written here. */
static bool read_question(const json_t *json, struct device_question *out)
{
	return copy_member(json, "client_name", out->client_name, sizeof out->client_name) &&
	       copy_member(json, "scope", out->scope, sizeof out->scope) &&
	       copy_member(json, "from", out->from, sizeof out->from) &&
	       role_parse(json_value_member(json, "role"), &out->role);
}

/* False: there is no room for it. */
static bool write_text(struct store_device *record, const json_t *json)
{
	char *text = json_text(json);
	bool fits = text && str_copy(str_of(text), record->text, sizeof record->text);

	free(text);
	return fits;
}

/* --- a program asks --- */

static enum device_outcome check_asked(
	const struct device_asked *asked, enum role *role, struct err *err)
{
	json_t *name = json_stringn(asked->client_name.at, asked->client_name.len);
	bool is_name = name && asked->client_name.len > 0 &&
		       str_count_chars(asked->client_name) <= STORE_CLIENT_CHARS;

	json_decref(name);
	*role = ROLE_USER;
	for (size_t i = 0; is_name && i < asked->client_name.len; i++)
		is_name = (unsigned char)asked->client_name.at[i] >= 0x20;
	if (!is_name)
		err_set(err, "client_id: expected a name of 1 to %d characters",
			STORE_CLIENT_CHARS);
	else if (asked->token_type.len > 0 &&
		 (!role_parse(asked->token_type, role) || *role < ROLE_USER))
		err_set(err, "token_type: expected user or admin");
	else
		return DEVICE_DONE;
	return DEVICE_INVALID;
}

static enum device_outcome check_scope(struct str text, struct err *err)
{
	struct scope *scope = text.len ? scope_parse(text, err) : NULL;

	if (text.len && scope == NULL)
		return DEVICE_BAD_SCOPE;
	scope_free(scope);
	return DEVICE_DONE;
}

static json_t *question_of(const struct device_asked *asked, enum role role)
{
	return json_pack("{s:s%, s:s%, s:s, s:s%}", "client_name", asked->client_name.at,
		asked->client_name.len, "scope", asked->scope.at, asked->scope.len, "role",
		role_name(role), "from", asked->from.at, asked->from.len);
}

static json_t *answer_of(const struct conf *conf, const char *device_code, const char *user_code)
{
	char *uri = mem_printf("%s%s/_gate/oauth/device", conf->server.origin, conf->server.base);
	char *complete = mem_printf("%s?user_code=%s", uri, user_code);
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i}", "device_code", device_code,
		"user_code", user_code, "verification_uri", uri, "verification_uri_complete",
		complete, "expires_in", DEVICE_LIFE_S, "interval", DEVICE_PACE_S);

	free(uri);
	free(complete);
	return json;
}

/* Everybody at one address counts as one (S138). */
static void digest_source(struct str from, unsigned char out[static DIGEST_LEN])
{
	struct cidr around = cidr_of_client(from);

	digest_sha256(
		around.bits ? (struct str){(const char *)around.bytes, sizeof around.bytes} : from,
		out);
}

static enum device_outcome keep_question(const struct device_desk *desk,
	const struct device_asked *asked, enum role role, struct store_device *record,
	json_t **json)
{
	struct store *store = desk->tokens->store;
	char device_code[DEVICE_CODE], user_code[USER_CODE], shown[USER_CODE];
	json_t *question = question_of(asked, role);
	enum device_outcome outcome = DEVICE_INVALID;

	device_code_new(device_code);
	user_code_new(user_code);
	record->created_at = clock_wall_s();
	record->expires_at = record->created_at + DEVICE_LIFE_S;
	digest_source(asked->from, record->source);
	if (write_text(record, question) && device_code_digest(str_of(device_code), record->key) &&
		user_code_read(str_of(user_code), shown, record->user_code))
		outcome = outcome_of(desk, store->ops->device_add(store, record));
	if (outcome == DEVICE_DONE)
		*json = answer_of(desk->tokens->conf, device_code, user_code);
	json_decref(question);
	OPENSSL_cleanse(device_code, sizeof device_code);
	return outcome == DEVICE_UNKNOWN ? DEVICE_MANY : outcome;
}

enum device_outcome device_begin(const struct device_desk *desk, const struct device_asked *asked,
	json_t **json, struct err *err)
{
	struct store_device *record;
	enum role role;
	enum device_outcome outcome = check_asked(asked, &role, err);

	*json = NULL;
	if (outcome == DEVICE_DONE)
		outcome = check_scope(asked->scope, err);
	if (outcome != DEVICE_DONE)
		return outcome;
	record = mem_alloc(1, sizeof *record);
	outcome = keep_question(desk, asked, role, record, json);
	if (outcome == DEVICE_MANY)
		err_set(err, "too many programs wait for a person; try again in some minutes");
	free(record);
	return outcome;
}

/* --- a program comes for its tokens --- */

/* They are the person's own, made in their name. */
static enum device_outcome make_tokens(const struct device_desk *desk,
	const struct store_device *record, json_t **json, struct err *err)
{
	struct device_question question;
	json_t *said = json_loads(record->text, 0, NULL);
	struct token_desk named = *desk->tokens;
	struct token_secrets secrets = {NULL, NULL, NULL};
	struct store_token token;
	enum token_outcome outcome = TOKEN_INVALID;

	named.asks = json_value_member(said, "name");
	const char *subject = json_value_member(said, "subject").at;
	struct str standing = json_value_member(said, "standing");
	if (subject && read_question(said, &question))
		outcome = token_desk_make(&named, subject,
			&(struct token_request){.client_name = question.client_name,
				.user = subject,
				.scope = question.scope,
				.standing = standing.len ? standing.at : NULL,
				.role = question.role},
			&token, &secrets, err);
	if (outcome == TOKEN_DONE)
		*json = token_grant_answer(&token, &secrets);
	token_secrets_clear(&secrets);
	json_decref(said);
	return outcome == TOKEN_DONE	      ? DEVICE_DONE
	       : outcome == TOKEN_UNAVAILABLE ? DEVICE_UNAVAILABLE
					      : DEVICE_REFUSED;
}

static enum device_outcome judge_state(const struct store_device *record)
{
	if (record->state == DEVICE_DENIED)
		return DEVICE_REFUSED;
	if (clock_wall_s() >= record->expires_at)
		return DEVICE_EXPIRED;
	return record->state == DEVICE_ALLOWED ? DEVICE_DONE : DEVICE_PENDING;
}

static enum device_outcome poll_record(const struct device_desk *desk, const unsigned char *key,
	struct store_device *record, json_t **json, struct err *err)
{
	struct store *store = desk->tokens->store;
	enum device_outcome outcome =
		outcome_of(desk, store->ops->device_get(store, false, key, record));

	if (outcome == DEVICE_DONE)
		outcome = judge_state(record);
	/* Used up before anything is made of it: it is good once (S139). */
	if (outcome == DEVICE_DONE)
		outcome = outcome_of(desk, store->ops->device_take(store, record));
	return outcome == DEVICE_DONE ? make_tokens(desk, record, json, err) : outcome;
}

enum device_outcome device_poll(
	const struct device_desk *desk, struct str device_code, json_t **json, struct err *err)
{
	unsigned char key[DIGEST_LEN];
	struct store_device *record;

	*json = NULL;
	if (!device_code_digest(device_code, key))
		return DEVICE_UNKNOWN;
	if (!device_pace_ask(desk->pace, key, clock_mono_ms()))
		return DEVICE_SLOW_DOWN;
	record = mem_alloc(1, sizeof *record);
	enum device_outcome outcome = poll_record(desk, key, record, json, err);
	OPENSSL_cleanse(record, sizeof *record);
	free(record);
	return outcome;
}

/* --- a person looks, and decides --- */

static enum device_outcome find_typed(
	const struct device_desk *desk, struct str typed, struct device_question *out)
{
	struct store *store = desk->tokens->store;
	unsigned char digest[DIGEST_LEN];

	if (!user_code_read(typed, out->user_code, digest))
		return DEVICE_UNKNOWN;
	enum device_outcome outcome =
		outcome_of(desk, store->ops->device_get(store, true, digest, &out->record));
	if (outcome != DEVICE_DONE)
		return outcome;
	json_t *said = json_loads(out->record.text, 0, NULL);
	bool waits = out->record.state == DEVICE_WAITING &&
		     clock_wall_s() < out->record.expires_at && read_question(said, out);
	json_decref(said);
	return waits ? DEVICE_DONE : DEVICE_UNKNOWN;
}

enum device_outcome device_find(const struct device_desk *desk, const struct identity *who,
	struct str typed, struct device_question *out)
{
	int64_t now_ms = clock_mono_ms();

	memset(out, 0, sizeof *out);
	if (throttle_begin(desk->guesses, str_of(who->subject), now_ms) != THROTTLE_GO)
		return DEVICE_MANY;
	enum device_outcome outcome = find_typed(desk, typed, out);
	throttle_end(desk->guesses, str_of(who->subject), outcome == DEVICE_UNKNOWN, now_ms);
	return outcome;
}

/* Adds who allows it, and what they are. False: it is too long to be kept. */
static bool sign_question(const struct identity *who, const struct device_question *question,
	struct store_device *record)
{
	char *standing = standing_text_of(who->grants);
	json_t *said = json_loads(record->text, 0, NULL);
	struct str name = identity_name_beside(who);

	json_object_set_new(said, "subject", json_string(who->subject));
	json_object_set_new(said, "name", json_stringn(name.at ? name.at : "", name.len));
	json_object_set_new(said, "standing", json_string(standing));
	json_object_set_new(said, "role", json_string(role_name(question->role)));
	bool fits = write_text(record, said);
	json_decref(said);
	free(standing);
	return fits;
}

/* TOKEN_DONE with the role that the token will have. */
static enum token_outcome check_person(const struct device_desk *desk, const struct identity *who,
	struct device_question *question, struct err *err)
{
	return token_manager_may_create(desk->tokens, who,
		&(struct token_request){.client_name = question->client_name,
			.user = who->subject,
			.scope = question->scope,
			.role = question->role},
		&question->role, err);
}

enum device_outcome device_decide(const struct device_desk *desk, const struct identity *who,
	struct device_question *question, bool is_allowed, struct err *err)
{
	struct store *store = desk->tokens->store;
	struct store_device *record = &question->record;
	enum token_outcome may = is_allowed ? check_person(desk, who, question, err) : TOKEN_DONE;

	if (may != TOKEN_DONE)
		return may == TOKEN_UNAVAILABLE ? DEVICE_UNAVAILABLE : DEVICE_REFUSED;
	if (is_allowed && !sign_question(who, question, record)) {
		err_set(err, "you have too many roles for a program to keep");
		return DEVICE_REFUSED;
	}
	record->state = is_allowed ? DEVICE_ALLOWED : DEVICE_DENIED;
	if (is_allowed && record->expires_at > clock_wall_s() + DEVICE_ALLOWED_S)
		record->expires_at = clock_wall_s() + DEVICE_ALLOWED_S;
	enum device_outcome outcome = outcome_of(desk, store->ops->device_settle(store, record));
	if (outcome == DEVICE_DONE)
		audit_device(
			who, is_allowed ? "allow" : "deny", question->client_name, question->from);
	return outcome;
}
