#include "auth/policy/whoami.h"

#include "auth/policy/claims_seen.h"
#include "auth/policy/grants.h"
#include "auth/policy/rights.h"
#include "auth/policy/scope.h"
#include "auth/policy/scope_doubt.h"
#include "base/text/json_value.h"
#include "conf/providers.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SENTENCE_MAX = 2048 };

/* What was seen of the claims; `is_known` is false of who came by a link or a token of ours. */
struct known {
	bool is_known;
	struct claims_seen seen;
	char path[CLAIMS_SEEN_NAMES];
};

static void read_known(const struct identity *who, struct known *out)
{
	out->is_known = claims_seen_parse(who->seen, &out->seen, out->path);
}

/* --- what is missing --- */

static void say(json_t *list, const char *fmt, ...) PRINTF(2, 3);

static void say(json_t *list, const char *fmt, ...)
{
	char text[SENTENCE_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	json_array_append_new(list, json_value_text(text));
}

static void say_names(json_t *list, const struct claims_seen *seen)
{
	if (seen->names[0])
		say(list, "Claims that were there: %s.", seen->names);
	else
		say(list, "There were no claims at all.");
}

static void say_why_no_claim(json_t *list, const char *claim, const struct known *known)
{
	if (claim == NULL)
		say(list, "No claim is looked at for roles (auth.roles.claim is not set).");
	else if (known->seen.is_found && strcmp(known->path, claim) == 0)
		say(list,
			"The claim \"%s\" was there, but no name in it is one that auth.roles has.",
			claim);
	else if (!known->seen.trouble[0])
		say(list, "No role: the claim \"%s\" was not there.", claim);
	if (!known->seen.is_found)
		say_names(list, &known->seen);
}

static void say_trouble(json_t *list, const struct known *known)
{
	if (known->seen.trouble[0])
		say(list,
			"The groups of this account do not fit into a token, and they could not "
			"be read: %s.",
			known->seen.trouble);
}

/* What all roles have in common, a scope may have taken away. */
static void say_limit(json_t *list, const struct conf *conf, const struct identity *who)
{
	struct str scope = scope_text(who->scope);

	if (scope.len == 0)
		return;
	say(list, "%s limited to: %.*s.",
		who->token_id[0] ? "The scope of the token is" : "The role is", (int)scope.len,
		scope.at);
	char *doubt = scope_doubt(conf, who, scope);
	if (doubt)
		say(list, "%s", doubt);
	free(doubt);
}

static void say_all(json_t *list, const struct conf *conf, const struct identity *who,
	const struct known *known)
{
	const struct conf_oidc *of = conf_provider_of(conf, str_of(who->issuer));
	char *user = conf_user_claim_said(conf, of);

	say_trouble(list, known);
	if (who->role == ROLE_NONE && known->is_known)
		say_why_no_claim(list, conf_roles_claim(conf, of), known);
	if (grants_lacks_user(who->grants))
		say(list,
			"What Spark calls this account is not known (%s), so that no "
			"application is its own.",
			user);
	say_limit(list, conf, who);
	free(user);
}

json_t *whoami_missing(const struct conf *conf, const struct identity *who)
{
	json_t *list = json_array();
	struct known known;

	read_known(who, &known);
	say_all(list, conf, who, &known);
	return list;
}

/* --- what is there --- */

static json_t *list_rights(const struct identity *who)
{
	unsigned may = access_anywhere(who);
	unsigned own = grants_own_only(who->grants) & ~policy_rights(who->role);
	json_t *list = json_array();

	for (size_t i = 0; i < rights_count; i++) {
		const struct right *right = &rights_table[i];
		unsigned bit = 1u << right->action;

		if (may & bit && right->is_own_only == ((own & bit) != 0))
			json_array_append_new(list, json_string(right->word));
	}
	return list;
}

static json_t *list_roles(const struct grants *grants)
{
	struct grants_names names = grants_person(grants).names;
	json_t *list = json_array();

	for (size_t i = 0; i < names.count; i++)
		json_array_append_new(list, json_value_text(names.at[i]));
	return list;
}

static json_t *list_rows(const struct grants *grants)
{
	json_t *list = json_array();

	for (size_t i = 0; i < grants_rows(grants); i++) {
		char *title = grants_row_title(grants, i);

		json_array_append_new(list, json_value_text(title));
		free(title);
	}
	return list;
}

static void list_cluster(
	json_t *list, const struct access_cluster *cluster, const struct identity *who)
{
	const char *which = access_to_all_apps(who, cluster) ? "all" : "some";

	if (access_to_cluster(who, cluster))
		json_array_append_new(list,
			json_pack("{s:s, s:s}", "name", cluster->name, "applications", which));
}

static json_t *list_clusters(
	const struct conf *conf, const struct whoami_found *found, const struct identity *who)
{
	json_t *list = json_array();

	for (size_t i = 0; i < conf->clusters_count; i++) {
		const struct access_cluster cluster = {.name = conf->clusters[i].name};
		list_cluster(list, &cluster, who);
	}
	for (size_t i = 0; i < found->count; i++)
		list_cluster(list, &found->at[i], who);
	return list;
}

static json_t *list_claims(const struct known *known)
{
	struct str rest = str_of(known->seen.names), name;
	json_t *list = known->is_known ? json_array() : json_null();

	while (known->is_known && rest.len && str_next(&rest, ' ', &name))
		json_array_append_new(list, json_stringn(name.at, name.len));
	return list;
}

json_t *whoami_describe(
	const struct conf *conf, const struct whoami_found *found, const struct identity *who)
{
	struct str scope = scope_text(who->scope);
	json_t *missing = json_array();
	struct known known;

	read_known(who, &known);
	say_all(missing, conf, who, &known);
	return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:o, "
			 "s:o, s:o, s:o}",
		"name", json_value_text(who->name[0] ? who->name : who->subject), "subject",
		json_value_text(who->subject), "issuer", json_value_text(who->issuer), "auth",
		who->via == VIA_BEARER ? "bearer" : "session", "token_id",
		json_value_text(who->token_id), "expires_at", json_value_time(who->expires_at),
		"role", role_name(who->role), "roles", list_roles(who->grants), "rows",
		list_rows(who->grants), "user", json_value_text(grants_person(who->grants).user),
		"scope", scope.len ? json_value_text(scope.at) : json_null(), "claim",
		json_value_text(known.is_known ? known.path : NULL), "claim_found",
		known.is_known && known.seen.is_found, "claims", list_claims(&known), "rights",
		list_rights(who), "clusters", list_clusters(conf, found, who), "missing", missing);
}
