/* proxy/launch/launch_json.c - a launch as the API shows it to who may see it. */
#include "proxy/launch/launcher_int.h"

#include "base/text/json_text.h"
#include "base/text/json_value.h"

json_t *launch_events_json(const struct launch_order *order)
{
	json_t *list = json_array();

	for (size_t i = 0; i < order->events_count; i++)
		json_array_append_new(list,
			json_pack("{s:o, s:s, s:s}", "at", json_value_time(order->events[i].at),
				"about", "launch", "text", order->events[i].text));
	return list;
}

/* Where people go on: the application's permanent link finds its live UI, then its history. */
static json_t *links_json(const struct store_launch *launch, const struct launch_order *order,
	const struct conf *conf)
{
	const struct conf_listen *server = &conf->server;
	json_t *ui = order->app_id[0] ? json_sprintf("%s%s/%s/proxy/%s/", server->origin,
						server->base, launch->cluster, order->app_id)
				      : json_null();
	json_t *permalink = order->app_id[0] ? json_sprintf("%s%s/%s/apps/%s", server->origin,
						       server->base, launch->cluster, order->app_id)
					     : json_null();

	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "self",
		json_sprintf("/api/v1/applications/%s", launch->id), "logs",
		json_sprintf("/api/v1/applications/%s/logs", launch->id), "events",
		json_sprintf("/api/v1/applications/%s/events", launch->id), "ui", ui, "permalink",
		permalink);
}

static json_t *sizes_json(const struct launch_order *order)
{
	return json_pack("{s:{s:i, s:o}, s:{s:i, s:o}, s:i}", "driver", "cores",
		(int)order->driver.cores, "memory", json_sprintf("%um", order->driver.memory_mib),
		"executor", "cores", (int)order->executor.cores, "memory",
		json_sprintf("%um", order->executor.memory_mib), "executors",
		(int)order->executors);
}

json_t *launch_json(const struct store_launch *launch, const struct launch_order *order,
	const struct conf *conf)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", launch->id,
		"cluster", launch->cluster, "profile", launch->profile, "name", launch->name,
		"state", launch_state_name(launch->state), "user", launch->user, "subject",
		launch->subject, "issuer", launch->issuer);
	json_t *asked = order->asked ? json_of_text(str_of(order->asked), NULL) : NULL;

	json_object_set_new(json, "created_at", json_value_time(launch->created_at));
	json_object_set_new(json, "updated_at", json_value_time(launch->updated_at));
	json_object_set_new(json, "ended_at", json_value_time(launch->ended_at));
	json_object_set_new(json, "application_id", json_value_text(launch->app_id));
	json_object_set_new(json, "resource", json_value_text(order->resource));
	json_object_set_new(json, "sizes", sizes_json(order));
	json_object_set_new(json, "attempts", json_integer(order->attempts));
	json_object_set_new(json, "exit_code",
		order->has_exit_code ? json_integer(order->exit_code) : json_null());
	json_object_set_new(json, "reason", json_value_text(order->reason));
	json_object_set_new(json, "restart_of", json_value_text(order->restart_of));
	json_object_set_new(json, "kill_asked", json_boolean(order->kill_asked_at != 0));
	json_object_set_new(json, "request", asked ? asked : json_null());
	json_object_set_new(json, "links", links_json(launch, order, conf));
	return json;
}
