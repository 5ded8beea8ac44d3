#include "auth/roles/spark_user.h"

#include "base/mem.h"
#include "base/text/json_value.h"
#include "conf/providers.h"

#include <stdlib.h>

/* The first string at `path`, whose dots are inside a key or between two. */
static struct str text_at(const json_t *object, struct str path)
{
	struct str found = json_value_str(json_object_getn(object, path.at, path.len));

	for (size_t i = 0; i < path.len && found.at == NULL; i++) {
		if (path.at[i] == '.')
			found = text_at(
				json_object_getn(object, path.at, i), str_from(path, i + 1));
	}
	return found;
}

static bool is_email(const char *claim)
{
	return strcmp(claim, "email") == 0;
}

/* What the provider says is not theirs is nobody's. */
static struct str claimed(const char *claim, const json_t *claims)
{
	const json_t *proved = json_object_get(claims, "email_verified");
	struct str value = text_at(claims, str_of(claim));

	if (is_email(claim) && proved && !json_is_true(proved) &&
		!str_eq(json_value_str(proved), STR("true"))) /* Cognito's way */
		return (struct str){NULL, 0};
	return value;
}

/* Of an address with one "@"; at == NULL: it is none. */
static struct str local_part(struct str address)
{
	ptrdiff_t at = str_find_byte(address, '@');

	if (at <= 0 || str_find_byte(str_from(address, (size_t)at + 1), '@') != -1)
		return (struct str){NULL, 0};
	return (struct str){address.at, (size_t)at};
}

static bool is_fit(struct str user)
{
	for (size_t i = 0; i < user.len; i++) {
		if ((unsigned char)user.at[i] < 0x20 || user.at[i] == 0x7f)
			return false;
	}
	return user.at && user.len > 0 && user.len <= SPARK_USER_MAX;
}

static char *mapped(const struct conf_user_map *map, struct str value)
{
	char *key = mem_strndup(value.at, value.len);
	char *user = mem_strdup(conf_find_user(map, key));

	free(key);
	return user;
}

/* The map of people who have a provider with a name is that provider's or none: another's "ann" is
 * somebody else. */
static const struct conf_user_map *map_of(const struct conf *conf, const struct conf_oidc *of)
{
	if (of && (of->name || of->user_map.file))
		return &of->user_map;
	return &conf->user_map;
}

char *spark_user_in(const struct conf *conf, const struct conf_oidc *of, const json_t *claims)
{
	const char *claim = conf_user_claim(conf, of);
	const struct conf_user_map *map = map_of(conf, of);
	struct str value = {NULL, 0};

	if (claim)
		value = claimed(claim, claims);
	if (value.at == NULL)
		return NULL;
	if (map->file)
		return mapped(map, value);
	if (is_email(claim))
		value = local_part(value);
	return is_fit(value) ? mem_strndup(value.at, value.len) : NULL;
}
