/*
 * An order is submitted, looked for when nobody knows whether it arrived, and ended.
 *
 * Looked for is a driver that no record has, of the order's class and time, whose log begins with
 * the command that has the order's marker: the worker writes that line before the driver runs.
 */
#include "proxy/launch/rest/rest_errand.h"

#include "base/clock.h"
#include "base/sbuf.h"
#include "base/text/json_text.h"
#include "proxy/registry/registry.h"

#include <stdio.h>
#include <stdlib.h>

enum { HEAD_MAX = 64 * 1024, ARRIVES_S = 30, SAID_MAX = 300, URL_MAX = 2048 };

/* --- submitting --- */

static void submit_next(struct errand *errand);

/* A standby refuses by name; then another one is the master. */
static bool is_standby(const struct rest_answer *said)
{
	return strstr(said->message, "not alive") != NULL ||
	       strstr(said->message, "not ALIVE") != NULL;
}

static void judge_submitted(struct errand *errand, const struct rest_answer *said)
{
	if (said->success && rest_is_handle(said->id))
		errand_end(errand,
			&(struct launch_answer){.outcome = LAUNCH_SAID, .handle = said->id});
	else if (said->success)
		errand_say(errand, LAUNCH_UNSURE, "the REST server told no id of the driver");
	else if (is_standby(said))
		submit_next(errand);
	else
		errand_say(errand, LAUNCH_REFUSED, "the REST server says: %.*s", SAID_MAX,
			said->message);
}

/* Connected to nobody: nothing arrived. An answer of another kind: the request was read by what is
 * no REST server, or by its filter. */
static void on_submitted(struct errand *errand, const struct fetch_result *result)
{
	json_t *json = json_of_text(result->body, NULL);
	struct rest_answer said;
	bool is_connected = result->peer.ss_family != AF_UNSPEC;

	if (result->status == 0 && !is_connected) {
		snprintf(errand->saying, sizeof errand->saying,
			"the REST server does not answer: %.*s", SAID_MAX, result->error);
		submit_next(errand);
	} else if (result->status == 0 || result->status >= 500) {
		errand_say(errand, LAUNCH_UNSURE, "the REST server's answer was lost");
	} else if (result->status == 401 || result->status == 403) {
		errand_say(errand, LAUNCH_NOT_NOW,
			"the REST server refuses the gateway's signature (%d): jws_key_file",
			result->status);
	} else if (!rest_answer_read(json, &said)) {
		errand_say(errand, LAUNCH_REFUSED,
			"what answers at the address of launch.rest is no REST server of Spark "
			"(status %d)",
			result->status);
	} else {
		judge_submitted(errand, &said);
	}
	json_decref(json);
}

static void submit_next(struct errand *errand)
{
	char url[URL_MAX];

	if (!errand_rest_url(errand, "/v1/submissions/create", url, sizeof url)) {
		errand_say(errand, LAUNCH_NOT_NOW, "%s",
			errand->saying[0] ? errand->saying : "no REST server is of a live master");
		return;
	}
	char *post = rest_submission(errand->order, errand_spark_url(errand));
	errand_ask(errand, url, UI_MASTER, post, on_submitted);
	secret_free(post); /* people write secrets into arguments */
}

void rest_submit(struct launch_target *target, const struct launch_order *order, launch_done *done,
	void *arg)
{
	struct errand *errand = errand_new(rest_target_of(target), order, done, arg);

	errand_find_master(errand, submit_next);
}

/* --- looking for it --- */

static void look_at_next(struct errand *errand);

static void on_head(struct errand *errand, const struct fetch_result *result)
{
	const json_t *driver = json_array_get(errand->list, errand->item - 1);
	const char *id = json_string_value(json_object_get(driver, "id"));
	struct rest_log log;

	if (result->status != 200 || !rest_log_read(result->body, &log) ||
		str_find_byte(log.text, '\n') == -1) {
		errand->has_gap = true;
		look_at_next(errand);
	} else if (rest_is_launched(log.text, errand->order->id)) {
		errand_end(errand, &(struct launch_answer){.outcome = LAUNCH_SAID, .handle = id});
	} else {
		look_at_next(errand);
	}
}

/* False: it is not to be looked at, or cannot be. */
static bool look_at(struct errand *errand, const json_t *driver)
{
	const struct launch_world *world = &errand->at->world;
	const char *id = json_string_value(json_object_get(driver, "id")),
		   *worker = json_string_value(json_object_get(driver, "worker"));
	struct sbuf path;

	if (id == NULL || !rest_is_handle(id) || !rest_is_ours(driver, errand->order) ||
		world->is_claimed(world->arg, errand->at->cluster->name, id))
		return false;
	const struct mount *mount = worker ? rest_worker(errand->at, worker) : NULL;
	if (mount == NULL) {
		errand->has_gap = true;
		return false;
	}
	sbuf_init(&path, URL_MAX);
	rest_add_log_path(&path, id, "stderr");
	sbuf_printf(&path, "&offset=0&byteLength=%d", HEAD_MAX);
	errand_ask_mount(errand, mount, sbuf_str(&path).at, on_head);
	sbuf_clear(&path);
	return true;
}

/* It may still be on its way for as long as a request takes. */
static void end_search(struct errand *errand)
{
	int64_t waited = clock_wall_s() - errand->order->submitted_at;

	if (errand->has_gap)
		errand_say(errand, LAUNCH_UNSURE, "the log of a driver cannot be read");
	else if (waited < ARRIVES_S)
		errand_say(errand, LAUNCH_UNSURE, "it may still be on its way");
	else
		errand_end(errand, &(struct launch_answer){.outcome = LAUNCH_SAID});
}

static void look_at_next(struct errand *errand)
{
	static const char *const lists[] = {"activedrivers", "completeddrivers"};

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
	end_search(errand);
}

void rest_find(struct launch_target *target, const struct launch_order *order, launch_done *done,
	void *arg)
{
	struct errand *errand = errand_new(rest_target_of(target), order, done, arg);

	errand_find_master(errand, look_at_next);
}

/* --- ending it --- */

static void kill_next(struct errand *errand);

static void on_killed(struct errand *errand, const struct fetch_result *result)
{
	json_t *json = json_of_text(result->body, NULL);
	struct rest_answer said;
	bool is_said = rest_answer_read(json, &said);

	/* "not running" of one that has ended is as good; status() says which. */
	if (is_said && !is_standby(&said))
		errand_end(errand, &(struct launch_answer){.outcome = LAUNCH_SAID});
	else
		kill_next(errand);
	json_decref(json);
}

static void kill_next(struct errand *errand)
{
	char url[URL_MAX];
	char *path = mem_printf("/v1/submissions/kill/%s", errand->order->handle);
	bool is_there = errand_rest_url(errand, path, url, sizeof url);

	free(path);
	if (is_there)
		errand_ask(errand, url, UI_MASTER, "", on_killed);
	else
		errand_say(errand, LAUNCH_NOT_NOW, "no REST server takes the order to end it");
}

void rest_kill(struct launch_target *target, const struct launch_order *order, launch_done *done,
	void *arg)
{
	kill_next(errand_new(rest_target_of(target), order, done, arg));
}
