/* proxy/launch/launch_kinds.c - which kind of target a cluster has, and where its target is. */
#include "proxy/launch/launcher_int.h"

#include <event2/event.h>

const struct launch_target_ops *launch_target_of(const struct conf_cluster *cluster)
{
	if (!cluster->has_launch)
		return NULL;
	return cluster->launch.has_operator ? &launch_target_operator : &launch_target_rest;
}

const struct launch_place *launcher_place(const struct launcher *launcher, const char *cluster)
{
	for (size_t i = 0; i < launcher->places_count; i++) {
		if (strcmp(launcher->places[i].cluster->name, cluster) == 0)
			return &launcher->places[i];
	}
	return NULL;
}

void launcher_soon(struct launcher *launcher)
{
	launcher->swept_ms = 0;
	event_active(launcher->tick, EV_TIMEOUT, 0);
}
