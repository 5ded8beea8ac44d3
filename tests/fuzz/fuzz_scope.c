/* A scope, then on the next line a refresh token: what is read keeps to its own rules. */
#include "auth/policy/scope.h"
#include "auth/session/token_secret.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_scope(struct str text)
{
	const struct scope_ask ask = {
		.cluster = "prod", .app_id = "app-20261121-0001", .app_name = "etl"};
	const struct access_cluster prod = {.name = "prod"};
	enum action lacks;
	struct err err;
	struct scope *scope = scope_parse(text, &err);

	if (scope == NULL)
		return;
	assert(str_eq(scope_text(scope), text));
	assert(scope_covers(scope, scope) && scope_covers(NULL, scope));
	assert(!scope_covers(scope, NULL));
	assert(!scope_shows(scope, &ask) || scope_shows_cluster(scope, &prod));
	for (int action = 0; action < ACTION_NEVER; action++) {
		bool allows = scope_allows(scope, 1u << action, &lacks);
		assert(allows || lacks == (enum action)action);
	}
	scope_free(scope);
}

static void try_secret(struct str text)
{
	struct token_secret secret;

	if (!token_secret_parse(text, &secret))
		return;
	assert(text.len == TOKEN_SECRET_LEN && strlen(secret.id) == TOKEN_ID_LEN);
	assert(strlen(secret.family_text) <= TOKEN_SECRET_FAMILY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = {(const char *)data, size}, line;

	if (str_next(&rest, '\n', &line))
		try_scope(line);
	if (str_next(&rest, '\n', &line))
		try_secret(line);
	return 0;
}
