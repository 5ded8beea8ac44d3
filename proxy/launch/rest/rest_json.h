/*
 * proxy/launch/rest/rest_json.h - what a standalone master's REST server and web UI are told and
 * say, as far as launches need it. Pure.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_REST_REST_JSON_H
#define SPARKGATE_PROXY_LAUNCH_REST_REST_JSON_H

#include "proxy/launch/target/launch_target.h"

/* The class that Python files are started by, in the driver (Spark's "REST API" of standalone). */
#define REST_SUBMIT_CLASS "org.apache.spark.deploy.SparkSubmit"
/* By this property, in the driver's command and in the application's environment, an order is known
 * again. */
#define REST_MARKER "spark.sparkgate.launch"

/* Gives the content of a CreateSubmissionRequest; free() it. `spark_url` is where the application
 * finds its master: "spark://host:7077". */
char *rest_submission(const struct launch_order *order, const char *spark_url);
const char *rest_main_class(const struct launch_order *order); /* of its driver */

struct rest_answer { /* borrows from the JSON */
	bool success;
	const char *id, *state, *message, *worker; /* "" when absent */
};
/* False: it is no answer of a REST server. */
MUST_CHECK bool rest_answer_read(const json_t *json, struct rest_answer *out);
/* Whether it is an id of a driver, which becomes a part of paths and queries (S158). */
bool rest_is_handle(const char *id);
/* What a driver's state is to a launch. False: none that is known. */
MUST_CHECK bool rest_state_read(const char *word, enum launch_state *out);

/* Of a worker's log page as text: what follows the line that says which bytes it is. False: it is
 * none. */
struct rest_log {
	struct str text;
	uint64_t from, to, total;
};
MUST_CHECK bool rest_log_read(struct str page, struct rest_log *out);
/* Whether the first line of a driver's stderr, "Launch Command: ...", has the order's marker. */
bool rest_is_launched(struct str head, const char *id);
/* Whether an application's environment (Spark's API) has it. */
bool rest_has_marker(const json_t *environment, const char *id);
/* Of the master's JSON. */
bool rest_is_ours(const json_t *driver, const struct launch_order *order);
bool rest_may_be_app(const json_t *app, const struct launch_order *order);

#endif
