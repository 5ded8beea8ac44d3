#include "proxy/launch/rules/launch_person.h"

#include "auth/policy/grants.h"
#include "conf/providers.h"

#include <stdio.h>

/* It becomes an option of a JVM and a variable of a shell's: no spaces, no quotes. */
static bool is_user(const char *user)
{
	for (const char *c = user; *c; c++) {
		if (!str_is_alnum(*c) && strchr("._@+-", *c) == NULL)
			return false;
	}
	return str_is_alnum(user[0]) && strlen(user) <= 128;
}

bool launch_person_user(
	const struct identity *who, const char *own_issuer, char out[static STORE_LAUNCH_USER])
{
	static const struct str client = {"client:", 7};
	static const struct str clients = {"client-", 7};
	const char *user = who->grants ? grants_person(who->grants).user : NULL;
	struct str subject = str_of(who->subject);
	/* With a one-time link nobody said who they are: no token is behind such a session. */
	bool is_own = strcmp(who->issuer, own_issuer) == 0 &&
		      (who->via == VIA_BEARER || who->token_id[0]);
	bool is_client = false;

	if (user && user[0]) {
		snprintf(out, STORE_LAUNCH_USER, "%s", user);
	} else if (is_own && str_starts(subject, client)) {
		snprintf(out, STORE_LAUNCH_USER, "client-%s", who->subject + client.len);
		is_client = true;
	} else if (is_own) {
		snprintf(out, STORE_LAUNCH_USER, "%s", who->subject);
	} else {
		out[0] = '\0';
	}
	return is_user(out) && (is_client || !str_starts(str_of(out), clients));
}

/* A token that is narrowed to some applications opens no list; of which name it may launch them is
 * judged with the rest of the request. */
bool launch_person_may(const struct identity *who, const struct conf_cluster *cluster)
{
	const struct access_cluster about = {.name = cluster->name};
	unsigned rights = access_to_lists(who, &about);

	if (who->scope)
		rights |= access_anywhere(who);
	return cluster->has_launch && access_to_cluster(who, &about) &&
	       rights & 1u << ACTION_LAUNCH;
}

bool launch_person_has(const struct identity *who, const struct conf_profile *profile)
{
	if (conf_names_have(&profile->roles, STR("everyone")))
		return true;
	for (size_t i = 0; i < profile->roles.count; i++) {
		if (who->grants && grants_has_name(who->grants, profile->roles.at[i]))
			return true;
	}
	return false;
}

/* Subjects of tokens of ours are the platform's people (S31). */
static const char *issuer_of(const struct launch_asker *asker)
{
	const struct identity *who = asker->who;

	if (!conf_is_platform(asker->conf, str_of(who->issuer)) ||
		str_starts(str_of(who->subject), STR("client:")))
		return who->issuer;
	return asker->own_issuer;
}

void launch_person_digest(const struct launch_asker *asker, unsigned char out[static DIGEST_LEN])
{
	const struct str parts[] = {
		str_of(issuer_of(asker)), {"\0", 1}, str_of(asker->who->subject)};

	digest_hmac(STR("sparkgate launch person"), parts, ARRAY_LEN(parts), out);
}

bool launch_person_owns(const struct launch_asker *asker, const struct store_launch *launch)
{
	unsigned char person[DIGEST_LEN];

	launch_person_digest(asker, person);
	return memcmp(person, launch->person, sizeof person) == 0; /* no secret */
}

static unsigned rights_to(const struct launch_asker *asker, const struct store_launch *launch)
{
	const struct conf_cluster *cluster =
		conf_find_cluster(asker->conf, str_of(launch->cluster));
	const struct access_app app = {.cluster = launch->cluster,
		.id = launch->app_id[0] ? launch->app_id : launch->id,
		.name = launch->name,
		.user = launch->user,
		.namespace = cluster && cluster->launch.has_operator
		? cluster->launch.operator.namespace : NULL };

	return access_to_app(asker->who, &app);
}

bool launch_person_sees(const struct launch_asker *asker, const struct store_launch *launch)
{
	unsigned rights = rights_to(asker, launch);
	bool is_named = asker->who->scope == NULL || rights & 1u << ACTION_LAUNCH;

	return (is_named && launch_person_owns(asker, launch)) || rights & 1u << ACTION_KILL;
}

void launch_person_quota(const unsigned char person[static DIGEST_LEN], const char *cluster,
	const char *profile, unsigned char out[static DIGEST_LEN])
{
	const struct str parts[] = {
		{(const char *)person, DIGEST_LEN}, str_of(cluster), {"\0", 1}, str_of(profile)};

	digest_hmac(STR("sparkgate launch quota"), parts, ARRAY_LEN(parts), out);
}
