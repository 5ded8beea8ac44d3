#include "auth/roles/standing.h"

#include "auth/roles/roles.h"
#include "auth/roles/spark_user.h"
#include "base/mem.h"
#include "base/text/json_text.h"
#include "base/text/json_value.h"
#include "conf/providers.h"

#include <stdlib.h>

/* Bytes of JSON; together with a Spark user below STANDING_TEXT. */
enum { NAMES_MAX = 3584, GROUPS_MAX = 3584 };

struct list {
	char **at;
	size_t count, bytes;
};

struct standing {
	struct list names, groups;
	char *user; /* or NULL */
	bool is_cut;
};

/* --- lists --- */

static bool has_item(const struct list *list, struct str item)
{
	for (size_t i = 0; i < list->count; i++) {
		if (str_eq(item, str_of(list->at[i])))
			return true;
	}
	return false;
}

/* As it is written in JSON, with quotes and a comma. */
static size_t written_bytes(struct str item)
{
	size_t bytes = item.len + 3;

	for (size_t i = 0; i < item.len; i++) {
		unsigned char c = (unsigned char)item.at[i];
		bytes += c < 0x20 ? 5 : c == '"' || c == '\\';
	}
	return bytes;
}

/* False: it is too much. */
static bool add_item(struct list *list, struct str item, size_t max)
{
	if (has_item(list, item))
		return true;
	if (list->bytes + written_bytes(item) > max || memchr(item.at, '\0', item.len))
		return false;
	list->at = mem_resize(list->at, list->count + 1, sizeof *list->at);
	list->at[list->count++] = mem_strndup(item.at, item.len);
	list->bytes += written_bytes(item);
	return true;
}

static void clear_list(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->at[i]);
	free(list->at);
}

/* --- what the configuration asks for --- */

static bool is_role_of_ui(const struct conf_cluster *cluster, struct str name)
{
	for (size_t i = 0; i < cluster->uis_count; i++) {
		if (conf_names_have(&cluster->uis[i].roles, name))
			return true;
	}
	return false;
}

static bool is_role_of_profile(const struct conf_cluster *cluster, struct str name)
{
	for (size_t i = 0; i < cluster->launch.profiles_count; i++) {
		if (conf_names_have(&cluster->launch.profiles[i].roles, name))
			return true;
	}
	return false;
}

static bool is_mentioned(const struct conf *conf, struct str name)
{
	if (conf_names_have(&conf->roles_admin, name) || conf_names_have(&conf->roles_user, name))
		return true;
	for (size_t i = 0; i < conf->roles_custom_count; i++) {
		if (str_eq(name, str_of(conf->roles_custom[i].role)))
			return true;
	}
	for (size_t i = 0; i < conf->roles_limited_count; i++) {
		if (str_eq(name, str_of(conf->roles_limited[i].role)))
			return true;
	}
	for (size_t i = 0; i < conf->clusters_count; i++) {
		if (is_role_of_ui(&conf->clusters[i], name) ||
			is_role_of_profile(&conf->clusters[i], name))
			return true;
	}
	return false;
}

/* --- out of claims --- */

struct standing *standing_new(void)
{
	return mem_alloc(1, sizeof(struct standing));
}

void standing_free(struct standing *standing)
{
	if (standing == NULL)
		return;
	clear_list(&standing->names);
	clear_list(&standing->groups);
	free(standing->user);
	free(standing);
}

struct adding {
	struct standing *standing;
	const struct conf *conf;
	const struct conf_oidc *of;
	bool with_groups;
};

static void add_role(struct standing *standing, const struct conf *conf, struct str name)
{
	if (is_mentioned(conf, name))
		standing->is_cut |= !add_item(&standing->names, name, NAMES_MAX);
}

static void on_name(void *arg, struct str name)
{
	const struct adding *adding = arg;
	struct standing *standing = adding->standing;
	char *role = conf_role(adding->of, name);

	if (role)
		add_role(standing, adding->conf, str_of(role));
	free(role);
	if (adding->with_groups)
		standing->is_cut |= !add_item(&standing->groups, name, GROUPS_MAX);
}

static void add_subject(struct standing *standing, const struct conf *conf,
	const struct conf_oidc *of, const json_t *claims)
{
	const char *subject = json_string_value(json_object_get(claims, "sub"));
	char *person = subject ? conf_person_of(of, str_of(subject)) : NULL;

	if (person == NULL)
		return;
	char *name = mem_printf("sub:%s", person);
	add_role(standing, conf, str_of(name));
	free(name);
	free(person);
}

void standing_add(struct standing *standing, const struct conf *conf, const struct conf_oidc *of,
	const json_t *claims)
{
	struct adding adding = {
		standing, conf, of, conf_reads_acls(conf) && conf_is_known_to_spark(of)};

	add_subject(standing, conf, of, claims);
	roles_each_name(conf_roles_claim(conf, of), claims, on_name, &adding);
	if (standing->user == NULL)
		standing->user = spark_user_in(conf, of, claims);
}

bool standing_is_cut(const struct standing *standing)
{
	return standing->is_cut;
}

static struct grants_names borrow(const struct list *list)
{
	return (struct grants_names){(const char *const *)list->at, list->count};
}

static struct grants_person person_of(const struct standing *standing)
{
	return (struct grants_person){
		borrow(&standing->names), standing->user, borrow(&standing->groups)};
}

struct grants *standing_grants(const struct standing *standing, const struct conf *conf)
{
	const struct grants_person person = person_of(standing);

	return grants_new(conf, &person);
}

/* --- texts --- */

static json_t *names_json(struct grants_names names)
{
	json_t *array = json_array();

	for (size_t i = 0; i < names.count; i++)
		json_array_append_new(array, json_string(names.at[i]));
	return array;
}

static char *write_text(struct grants_person person)
{
	json_t *json = json_pack("{s:o, s:s, s:o}", "names", names_json(person.names), "user",
		person.user ? person.user : "", "groups", names_json(person.groups));
	char *text = json_text(json);

	json_decref(json);
	return text;
}

char *standing_text(const struct standing *standing)
{
	return write_text(person_of(standing));
}

char *standing_text_of(const struct grants *grants)
{
	return grants ? write_text(grants_person(grants)) : mem_strdup("");
}

static bool read_list(const json_t *array, struct list *list)
{
	size_t i;
	json_t *item;

	json_array_foreach(array, i, item)
	{
		struct str name = json_value_str(item);
		if (name.at == NULL || !add_item(list, name, STANDING_TEXT))
			return false;
	}
	return json_is_array(array);
}

/* Gives; NULL: none of ours. */
static struct standing *parse_text(struct str text)
{
	json_t *json = text.len > 0 && text.len < STANDING_TEXT
			       ? json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, NULL)
			       : NULL;
	const char *user = json_string_value(json_object_get(json, "user"));
	struct standing *standing = standing_new();

	if (user == NULL || !read_list(json_object_get(json, "names"), &standing->names) ||
		!read_list(json_object_get(json, "groups"), &standing->groups)) {
		standing_free(standing);
		standing = NULL;
	} else {
		standing->user = mem_strdup(user);
	}
	json_decref(json);
	return standing;
}

struct grants *standing_read(const struct conf *conf, struct str text)
{
	struct standing *standing = parse_text(text);
	struct grants *grants = standing ? standing_grants(standing, conf) : NULL;

	standing_free(standing);
	return grants;
}

char *standing_renew(struct str older, struct str newer)
{
	struct standing *old = parse_text(older), *next = parse_text(newer);
	char *text = mem_strndup(newer.at, newer.len);

	if (old && next && next->user[0] == '\0' && old->user[0]) {
		free(next->user);
		next->user = mem_strdup(old->user);
		free(text);
		text = standing_text(next);
	}
	standing_free(old);
	standing_free(next);
	return text;
}

static bool holds_names(
	const struct conf *conf, const struct list *names, const struct grants *left)
{
	for (size_t i = 0; i < names->count; i++) {
		if (is_mentioned(conf, str_of(names->at[i])) &&
			!grants_has_name(left, names->at[i]))
			return false;
	}
	return true;
}

static bool holds_groups(const struct list *groups, struct grants_names left)
{
	for (size_t i = 0; i < groups->count; i++) {
		bool is_held = false;

		for (size_t k = 0; k < left.count && !is_held; k++)
			is_held = strcmp(groups->at[i], left.at[k]) == 0;
		if (!is_held)
			return false;
	}
	return true;
}

bool standing_is_within(const struct conf *conf, struct str text, const struct grants *left)
{
	struct standing *standing = parse_text(text);
	struct grants_person person = grants_person(left);
	bool is_within = standing && holds_names(conf, &standing->names, left) &&
			 (standing->user[0] == '\0' || strcmp(standing->user, person.user) == 0) &&
			 (!conf_reads_acls(conf) || holds_groups(&standing->groups, person.groups));

	standing_free(standing);
	return is_within;
}

/* --- who has it --- */

void standing_apply(struct identity *who, struct grants *grants, enum role most)
{
	enum role role = grants_role(grants);

	identity_grant(who, grants);
	who->role = role < most ? role : most;
}

struct identity *standing_identity(const struct conf *conf, const json_t *claims, struct str issuer,
	struct str subject, int64_t expires_at)
{
	const struct conf_oidc *of = conf_provider_of(conf, issuer);
	char *person = conf_person(conf, issuer, subject);

	if (person == NULL)
		return NULL;
	struct standing *standing = standing_new();
	struct identity *who = identity_new(issuer, str_of(person),
		roles_display_name(claims, subject), STR(""), ROLE_NONE, VIA_BEARER, expires_at);
	free(person);
	standing_add(standing, conf, of, claims);
	standing_apply(who, standing_grants(standing, conf), ROLE_ADMIN);
	standing_free(standing);
	return who;
}
