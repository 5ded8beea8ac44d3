#include "auth/issuers/groups_source.h"

#include "auth/issuers/oidc_provider.h"
#include "auth/policy/claims_seen.h"
#include "base/text/json_foreign.h"
#include "base/text/json_value.h"

#include <stdlib.h>

enum { NAME_MAX_BYTES = 512 }; /* of a group */

/* --- where --- */

/* A claim is named by the first word of its path: the rest leads into it. */
static struct str source_named(const json_t *names, struct str path)
{
	struct str name = json_value_str(json_object_getn(names, path.at, path.len)), first;

	if (name.at == NULL && str_next(&path, '.', &first))
		name = json_value_str(json_object_getn(names, first.at, first.len));
	return name;
}

/* Addresses and tokens: what goes into a request of ours has nothing but what can be seen. */
static char *copy_member(const json_t *object, const char *name)
{
	struct str text = json_value_member(object, name);

	return text.len && str_span_graphic(text) == text.len ? mem_strndup(text.at, text.len)
							      : NULL;
}

static bool is_said(const json_t *value)
{
	return json_is_true(value) || str_eq_nocase(json_value_str(value), STR("true"));
}

void groups_source_read(const json_t *claims, const char *path, struct groups_source *out)
{
	struct str name =
		source_named(json_object_get(claims, "_claim_names"), str_of(path ? path : ""));

	if (path == NULL || out->is_elsewhere)
		return;
	if (name.at) {
		const json_t *source = json_object_getn(
			json_object_get(claims, "_claim_sources"), name.at, name.len);

		out->is_elsewhere = true;
		out->endpoint = copy_member(source, "endpoint");
		out->access_token = copy_member(source, "access_token");
		out->token = copy_member(source, "JWT");
	} else if (strcmp(path, "groups") == 0) { /* Entra ID, where there is no room for more */
		out->is_elsewhere = is_said(json_object_get(claims, "hasgroups"));
	}
}

void groups_source_clear(struct groups_source *source)
{
	free(source->endpoint);
	secret_free(source->access_token);
	secret_free(source->token);
	*source = (struct groups_source){.is_elsewhere = false};
}

static bool read_origin(struct str text, char out[static 288])
{
	struct err why;
	struct url url;

	if (oidc_provider_read_endpoint(text, &url, &why) == -1)
		return false;
	url_origin(&url, out);
	return true;
}

bool groups_source_is_same_origin(struct str text, const char *other)
{
	char one[288], two[288];

	return other && read_origin(text, one) && read_origin(str_of(other), two) &&
	       strcmp(one, two) == 0;
}

char *groups_source_address(const struct groups_source *source, const char *issuer,
	const char *configured, struct err *err)
{
	struct str said = str_of(source->endpoint);

	if (said.at && (groups_source_is_same_origin(said, issuer) ||
			       groups_source_is_same_origin(said, configured)))
		return mem_strdup(source->endpoint);
	if (configured)
		return mem_strdup(configured);
	err_set(err, said.at ? "the provider keeps them on another server, and "
			       "auth.oidc.groups.endpoint does not name it"
			     : "the provider does not say where they are, and "
			       "auth.oidc.groups.endpoint is not set");
	return NULL;
}

bool groups_source_is_action(const char *address)
{
	static const char *const actions[] = {"/getMemberObjects", "/getMemberGroups"};
	struct str path = {address, strcspn(address, "?")};

	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		struct str action = str_of(actions[i]);

		if (path.len > action.len &&
			str_eq_nocase(str_from(path, path.len - action.len), action))
			return true;
	}
	return false;
}

char *groups_source_seen(const char *path, const json_t *claims)
{
	struct groups_source source = {.is_elsewhere = false};
	struct claims_seen seen = {.is_found = false};

	claims_seen_add(&seen, path, claims);
	groups_source_read(claims, path, &source);
	if (source.is_elsewhere && !seen.is_found)
		(void)str_copy(STR("a bearer token has to have them itself"), seen.trouble,
			sizeof seen.trouble);
	groups_source_clear(&source);
	return claims_seen_text(&seen, path);
}

/* --- what is said there --- */

/* Of an object the id: names may be given by anybody who may make a group. */
static struct str name_of(const json_t *item)
{
	return json_is_object(item) ? json_value_member(item, "id") : json_value_str(item);
}

static int add_names(json_t *names, const json_t *list, struct err *err)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct str name = name_of(json_array_get(list, i));

		if (name.len == 0 || name.len > NAME_MAX_BYTES)
			return err_set(err, "a group there is no name");
		if (json_array_size(names) == GROUPS_MAX)
			return err_set(err, "there are more than %d groups", GROUPS_MAX);
		json_array_append_new(names, json_stringn(name.at, name.len));
	}
	return 0;
}

static int read_page(
	const json_t *json, const char *path, struct groups_found *found, struct err *err)
{
	const json_t *list = claims_seen_find(json, str_of(path));

	if (json_is_string(list) && found->names == NULL) { /* names with spaces between them */
		found->names = json_stringn(json_string_value(list), json_string_length(list));
		return 0;
	}
	if (list == NULL)
		list = json_object_get(json, "value"); /* of OData, as Microsoft Graph answers */
	if (!json_is_array(list) || json_is_string(found->names))
		return err_set(err, "the answer there names no groups");
	if (found->names == NULL)
		found->names = json_array();
	found->next = copy_member(json, "@odata.nextLink");
	return add_names(found->names, list, err);
}

int groups_source_page(
	struct str body, const char *path, struct groups_found *found, struct err *err)
{
	json_t *json = json_foreign(body);
	int result = json_is_object(json) ? 0 : err_set(err, "the answer there is no JSON object");

	free(found->next);
	found->next = NULL;
	if (result == 0)
		result = read_page(json, path, found, err);
	json_decref(json);
	return result;
}

void groups_found_clear(struct groups_found *found)
{
	json_decref(found->names);
	free(found->next);
	*found = (struct groups_found){NULL, NULL};
}
