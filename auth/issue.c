#include "auth/issue.h"

#include "base/clock.h"
#include "base/rnd.h"

#include <jansson.h>
#include <stdio.h>

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
static int copy_name(const char *what, const char *text, char *out, size_t size, struct err *err)
{
	size_t len = strlen(text);

	if (len == 0 || len >= size)
		return err_set(err, "the %s must have 1 to %zu bytes", what, size - 1);
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
	/* Or a person could pass for a client. */
	if (str_starts(str_of(request->user), STR("client:")))
		return err_set(err, "a user's name must not start with \"client:\"");
	return copy_name("user", request->user, record->subject, sizeof record->subject, err);
}

static int fill(const struct issue_request *request, struct store_token *record, struct err *err)
{
	int64_t now = clock_wall_s();

	memset(record, 0, sizeof *record);
	rnd_hex(record->id, ISSUE_ID_LEN);
	record->role = request->role;
	record->state = STATE_ACTIVE;
	record->created_at = now;
	record->expires_at = now + request->ttl;
	if (copy_name("client name", request->client_name, record->client_name,
		    sizeof record->client_name, err) == -1 ||
		fill_subject(request, record, err) == -1 ||
		copy_name("creator", request->created_by, record->created_by,
			sizeof record->created_by, err) == -1 ||
		copy_name("issuer", request->issuer, record->issuer, sizeof record->issuer, err) ==
			-1)
		return -1;
	if (request->note && request->note[0])
		return copy_name("note", request->note, record->note, sizeof record->note, err);
	return 0;
}

char *issue_token(struct store *store, const struct signer *signer,
	const struct issue_request *request, struct store_token *record, struct err *err)
{
	if (fill(request, record, err) == -1)
		return NULL;
	struct signer_claims claims = {
		.issuer = record->issuer,
		.subject = record->subject,
		.client_name = record->client_name,
		.token_id = record->id,
		.role = record->role,
		.issued_at = record->created_at,
		.expires_at = record->expires_at,
	};
	char *token = signer_mint(signer, &claims, err);
	if (token == NULL)
		return NULL;
	if (store->ops->token_add(store, record) == 0)
		return token;
	err_set(err, "the store does not take the token");
	secret_free(token);
	return NULL;
}
