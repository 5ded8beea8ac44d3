#include "proxy/launch/artifacts/artifact_place.h"

#include "auth/policy/access.h"
#include "auth/policy/grants.h"

/* --- profiles --- */

static bool has_profile(const struct conf_profile *profile, const struct identity *who)
{
	for (size_t i = 0; i < profile->roles.count; i++) {
		const char *role = profile->roles.at[i];
		if (strcmp(role, "everyone") == 0 || grants_has_name(who->grants, role) ||
			(who->role != ROLE_NONE && strcmp(role, role_name(who->role)) == 0))
			return true;
	}
	return false;
}

static bool may_launch(const struct conf_cluster *cluster, const struct identity *who)
{
	for (size_t i = 0; i < cluster->launch.profiles_count; i++) {
		if (has_profile(&cluster->launch.profiles[i], who))
			return true;
	}
	return false;
}

static bool is_for(const struct conf_cluster *cluster, const struct identity *who)
{
	const struct access_cluster asked = {.name = cluster->name};

	return cluster->has_launch && cluster->launch.has_artifacts &&
	       access_to_cluster(who, &asked) && may_launch(cluster, who);
}

enum artifact_choice artifact_place_find(const struct conf *conf, const struct identity *who,
	struct str name, const struct conf_cluster **out)
{
	size_t count = 0;

	for (size_t i = 0; i < conf->clusters_count; i++) {
		const struct conf_cluster *cluster = &conf->clusters[i];
		if (!is_for(cluster, who) || (name.at && !str_eq(name, str_of(cluster->name))))
			continue;
		*out = cluster;
		count++;
	}
	return count == 0   ? ARTIFACT_PLACE_NONE
	       : count == 1 ? ARTIFACT_PLACE_FOUND
			    : ARTIFACT_PLACE_SEVERAL;
}

/* --- folders --- */

static bool has_folder(const struct conf_names *folders, struct str folder)
{
	for (size_t i = 0; i < folders->count; i++) {
		if (str_eq(str_of(folders->at[i]), folder))
			return true;
	}
	return false;
}

void artifact_place_each_shared(const struct conf_cluster *cluster, const struct identity *who,
	void (*each)(void *arg, const char *folder, bool lets_write), void *arg)
{
	for (size_t i = 0; i < cluster->launch.profiles_count; i++) {
		const struct conf_profile *profile = &cluster->launch.profiles[i];
		for (size_t k = 0; has_profile(profile, who) && k < profile->shared.count; k++) {
			const char *folder = profile->shared.at[k];
			each(arg, folder, has_folder(&profile->shared_write, str_of(folder)));
		}
	}
}

struct folder_question {
	struct str folder;
	bool shows, lets_write;
};

static void compare(void *arg, const char *folder, bool lets_write)
{
	struct folder_question *question = arg;

	if (!str_eq(question->folder, str_of(folder)))
		return;
	question->shows = true;
	question->lets_write |= lets_write;
}

static struct folder_question ask(const struct conf_cluster *cluster, const struct identity *who,
	const struct artifact_name *name)
{
	struct folder_question question = {.folder = name->shared};

	if (name->shared.at == NULL)
		return (struct folder_question){.shows = true, .lets_write = true};
	artifact_place_each_shared(cluster, who, compare, &question);
	return question;
}

bool artifact_place_shows(const struct conf_cluster *cluster, const struct identity *who,
	const struct artifact_name *name)
{
	return ask(cluster, who, name).shows;
}

bool artifact_place_lets_write(const struct conf_cluster *cluster, const struct identity *who,
	const struct artifact_name *name)
{
	return ask(cluster, who, name).lets_write;
}

/* --- what Spark calls it --- */

void artifact_place_add_uri(const struct conf_cluster *cluster, const struct identity *who,
	const struct artifact_name *name, struct sbuf *out)
{
	sbuf_puts(out, cluster->launch.artifacts.spark_uri);
	artifact_add_key(out, name, who);
}

bool artifact_resource_uri(const struct conf_cluster *cluster, const struct identity *who,
	struct str text, struct sbuf *out)
{
	struct artifact_name name;

	if (!cluster->launch.has_artifacts || !artifact_name_read(text, &name) ||
		!artifact_place_shows(cluster, who, &name))
		return false;
	artifact_place_add_uri(cluster, who, &name, out);
	return !out->overflow;
}
