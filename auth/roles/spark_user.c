#include "auth/roles/spark_user.h"

#include "base/mem.h"
#include "base/text/json_value.h"

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

static bool is_email(const struct conf *conf)
{
	return strcmp(conf->user_claim, "email") == 0;
}

/* What the provider says is not theirs is nobody's. */
static struct str claimed(const struct conf *conf, const json_t *claims)
{
	const json_t *proved = json_object_get(claims, "email_verified");
	struct str value = text_at(claims, str_of(conf->user_claim));

	if (is_email(conf) && proved && !json_is_true(proved) &&
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

static char *mapped(const struct conf *conf, struct str value)
{
	char *key = mem_strndup(value.at, value.len);
	char *user = mem_strdup(conf_find_user(conf, key));

	free(key);
	return user;
}

char *spark_user_in(const struct conf *conf, const json_t *claims)
{
	struct str value = {NULL, 0};

	if (conf->user_claim)
		value = claimed(conf, claims);
	if (value.at == NULL)
		return NULL;
	if (conf->user_map.file)
		return mapped(conf, value);
	if (is_email(conf))
		value = local_part(value);
	return is_fit(value) ? mem_strndup(value.at, value.len) : NULL;
}
