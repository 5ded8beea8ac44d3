/* proxy/launch/rules/launch_profiles.c - the profiles that somebody may use, told to them. */
#include "proxy/launch/rules/launch_request.h"

#include "base/sbuf.h"
#include "conf/values/keywords.h"

static json_t *names_json(const struct conf_names *names)
{
	json_t *out = json_array();

	for (size_t i = 0; i < names->count; i++)
		json_array_append_new(out, json_string(names->at[i]));
	return out;
}

static json_t *process_json(const struct conf_process *process)
{
	struct sbuf memory;

	sbuf_init(&memory, 32);
	(void)value_memory.format(NULL, &process->memory_mib, &memory);
	json_t *out = json_pack(
		"{s:i, s:s}", "cores", (int)process->cores, "memory", sbuf_str(&memory).at);
	sbuf_clear(&memory);
	return out;
}

static json_t *conf_json(const struct conf_profile *profile)
{
	json_t *out = json_object();

	for (size_t i = 0; i < profile->conf_count; i++)
		json_object_set_new(out, profile->conf[i].key, json_string(profile->conf[i].value));
	return out;
}

static json_t *profile_json(const struct conf_cluster *cluster, const struct conf_profile *profile)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:i, s:i, s:i, s:s?, s:o, s:o, s:o, s:o, s:b, s:b}",
		"cluster", cluster->name, "name", profile->name, "driver",
		process_json(&profile->driver), "executor", process_json(&profile->executor),
		"executors", (int)profile->executors, "running", (int)profile->running, "queue",
		(int)profile->queue, "image", profile->image, "conf", conf_json(profile), "may_set",
		names_json(&profile->may_set), "shared", names_json(&profile->shared), "allow",
		names_json(&cluster->launch.allow), "artifacts", cluster->launch.has_artifacts,
		"files", conf_launch_takes_files(&cluster->launch));
}

json_t *launch_profiles_json(const struct launch_asker *asker)
{
	json_t *all = json_array();

	for (size_t i = 0; i < asker->conf->clusters_count; i++) {
		const struct conf_cluster *cluster = &asker->conf->clusters[i];

		if (!launch_person_may(asker->who, cluster))
			continue;
		for (size_t j = 0; j < cluster->launch.profiles_count; j++) {
			const struct conf_profile *profile = &cluster->launch.profiles[j];

			if (launch_person_has(asker->who, profile))
				json_array_append_new(all, profile_json(cluster, profile));
		}
	}
	return json_pack("{s:o}", "profiles", all);
}
