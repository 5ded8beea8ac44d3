#include "proxy/launch/rules/artifact_place.h"

#include "proxy/launch/rules/launch_person.h"

static bool has_any_profile(const struct conf_launch *launch, const struct identity *who)
{
	for (size_t i = 0; i < launch->profiles_count; i++) {
		if (launch_person_has(who, &launch->profiles[i]))
			return true;
	}
	return false;
}

static bool is_for(const struct conf_cluster *cluster, const struct identity *who)
{
	return launch_person_may(who, cluster) && cluster->launch.has_artifacts &&
	       has_any_profile(&cluster->launch, who);
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

void artifact_place_each_shared(const struct conf_cluster *cluster, const struct identity *who,
	void (*each)(void *arg, const char *folder, bool lets_write), void *arg)
{
	for (size_t i = 0; i < cluster->launch.profiles_count; i++) {
		const struct conf_profile *profile = &cluster->launch.profiles[i];
		for (size_t k = 0; launch_person_has(who, profile) && k < profile->shared.count;
			k++) {
			const char *folder = profile->shared.at[k];
			each(arg, folder, conf_names_have(&profile->shared_write, str_of(folder)));
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
