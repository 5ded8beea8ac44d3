/*
 * How a driver is, and which application is its own.
 *
 * An application is the order's if the master says that it is of the same user, name and time, and
 * the application's environment has the order's marker. The environment is the driver's own word:
 * it counts beside the master's, never alone (S122).
 */
#include "proxy/launch/rest/rest_errand.h"

#include "base/sbuf.h"
#include "base/text/json_text.h"
#include "proxy/registry/registry.h"

#include <stdio.h>
#include <stdlib.h>

enum { SAID_MAX = 400, URL_MAX = 2048 };

/* --- which application --- */

static void look_at_next(struct errand *errand);

static void end_status(struct errand *errand)
{
	errand->answer.app_id = errand->app_id;
	errand_end(errand, &errand->answer);
}

static const char *item_id(const struct errand *errand)
{
	const json_t *app = json_array_get(errand->list, errand->item - 1);

	return json_string_value(json_object_get(app, "id"));
}

static void on_environment(struct errand *errand, const struct fetch_result *result)
{
	json_t *json = result->status == 200 ? json_of_text(result->body, NULL) : NULL;
	bool is_it = rest_has_marker(json, errand->order->id);

	json_decref(json);
	if (is_it)
		(void)str_copy(str_of(item_id(errand)), errand->app_id, sizeof errand->app_id);
	if (is_it)
		end_status(errand);
	else
		look_at_next(errand);
}

/* A finished application is asked for at the history server. */
static const struct mount *mount_of_app(const struct errand *errand, const char *id)
{
	const struct launch_world *world = &errand->at->world;
	const struct registry *registry = world->registry(world->arg);
	const struct mount *live = rest_mount(errand->at, id);
	const struct cluster_info *cluster =
		registry ? registry_cluster(registry, str_of(errand->at->cluster->name)) : NULL;
	size_t next = 0;

	if (live || cluster == NULL)
		return live;
	return cluster_info_next_history(cluster, &next);
}

static bool look_at(struct errand *errand, const json_t *app)
{
	const char *id = json_string_value(json_object_get(app, "id"));
	struct sbuf path;

	if (id == NULL || !rest_may_be_app(app, errand->order))
		return false;
	const struct mount *mount = mount_of_app(errand, id);
	errand->answer.is_app_near = true;
	if (mount == NULL)
		return false;
	sbuf_init(&path, URL_MAX);
	sbuf_puts(&path, "/api/v1/applications/");
	sbuf_urlencode(&path, str_of(id));
	sbuf_puts(&path, "/environment");
	errand_ask_mount(errand, mount, sbuf_str(&path).at, on_environment);
	sbuf_clear(&path);
	return true;
}

static void look_at_next(struct errand *errand)
{
	static const char *const lists[] = {"activeapps", "completedapps"};

	for (;;) {
		if (errand->list && errand->item < json_array_size(errand->list)) {
			if (look_at(errand, json_array_get(errand->list, errand->item++)))
				return;
			continue;
		}
		if (errand->server == ARRAY_LEN(lists))
			break;
		errand->list = json_object_get(errand->master, lists[errand->server++]);
		errand->item = 0;
	}
	end_status(errand);
}

/* --- its driver --- */

static void ask_next(struct errand *errand);

static void take_driver(struct errand *errand, const struct rest_answer *said)
{
	struct launch_answer *answer = &errand->answer;

	*answer = (struct launch_answer){.outcome = LAUNCH_SAID, .attempts = 1};
	(void)str_copy(str_of(said->worker), errand->place, sizeof errand->place);
	snprintf(errand->reason, sizeof errand->reason, "%.*s", SAID_MAX, said->message);
	answer->place = errand->place;
	answer->reason = errand->reason;
	answer->handle = errand->order->handle;
	if (!rest_state_read(said->state, &answer->state))
		answer->state = LAUNCH_STARTING;
	if (answer->state == LAUNCH_FINISHED)
		answer->has_exit_code = true; /* 0; of others a master does not tell it */
	if (answer->state == LAUNCH_FAILED && errand->reason[0] == '\0')
		snprintf(errand->reason, sizeof errand->reason,
			"the master says %s: the driver's log has more", said->state);
}

static void judge_driver(struct errand *errand, const struct rest_answer *said)
{
	bool is_known = said->success && strcmp(said->state, "NOT_FOUND") != 0;

	if (!is_known) {
		errand_end(errand, &(struct launch_answer){.outcome = LAUNCH_SAID,
					   .state = LAUNCH_FAILED,
					   .reason = "the master does not know the driver any "
						     "more"});
		return;
	}
	take_driver(errand, said);
	if (errand->order->app_id[0] || errand->answer.state == LAUNCH_STARTING) {
		(void)str_copy(
			str_of(errand->order->app_id), errand->app_id, sizeof errand->app_id);
		end_status(errand);
		return;
	}
	errand_find_master(errand, look_at_next);
}

static void on_status(struct errand *errand, const struct fetch_result *result)
{
	json_t *json = json_of_text(result->body, NULL);
	struct rest_answer said;

	if (rest_answer_read(json, &said) && strstr(said.message, "not alive") == NULL)
		judge_driver(errand, &said);
	else
		ask_next(errand);
	json_decref(json);
}

static void ask_next(struct errand *errand)
{
	char url[URL_MAX];
	char *path = mem_printf("/v1/submissions/status/%s", errand->order->handle);
	bool is_there = errand_rest_url(errand, path, url, sizeof url);

	free(path);
	if (is_there)
		errand_ask(errand, url, UI_MASTER, NULL, on_status);
	else
		errand_say(errand, LAUNCH_NOT_NOW, "no REST server says how the driver is");
}

void rest_status(struct launch_target *target, const struct launch_order *order, launch_done *done,
	void *arg)
{
	ask_next(errand_new(rest_target_of(target), order, done, arg));
}
