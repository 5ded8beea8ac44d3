/* Orders that a Spark operator is to run, at an API server that loses answers and refuses. */
#include "proxy/launch/operator/operator_target.h"
#include "tests/support/conf_probe.h"
#include "tests/support/fake_http.h"
#include "tests/support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/net/fetch.h"
#include "base/text/json_text.h"

#include <event2/event.h>
#include <pthread.h>

#define ID	  "0123456789abcdef0123456789abcdef"
#define RESOURCES "/apis/spark.apache.org/v1/namespaces/spark/sparkapplications"
#define MAPS	  "/api/v1/namespaces/spark/configmaps"

struct world {
	struct event_base *base;
	struct fetcher *fetcher;
	struct fake_http *api;
	char *folder;
	struct conf *conf;
	struct launch_target *target;
	struct launch_order order;
	/* The API server's. */
	pthread_mutex_t lock;
	char *resource;	    /* that is there; NULL */
	const char *refuse; /* "POST", "DELETE", "GET": with 403 */
	unsigned lost;	    /* answers that do not arrive */
	char written[64];   /* methods, in order */
	char dropped[160];  /* the path of the last ConfigMap that was deleted */
	/* The answer. */
	struct launch_answer answer;
	char handle[LAUNCH_HANDLE], reason[LAUNCH_REASON];
	bool is_done;
};

/* --- the API server --- */

static void make_resource(struct world *w, const struct fake_request *request)
{
	struct err err = {""};
	json_t *json = json_of_text(str_of(request->body), &err);

	json_object_set_new(json_object_get(json, "metadata"), "uid", json_string("uid-1"));
	w->resource = json_text(json);
	json_decref(json);
}

static void answer_post(struct world *w, const struct fake_request *r, struct fake_answer *answer)
{
	bool is_map = strcmp(r->path, MAPS) == 0;

	answer->status = !is_map && w->resource ? 409 : 201;
	if (!is_map && w->resource == NULL)
		make_resource(w, r);
	sbuf_puts(&answer->body, is_map || answer->status == 409 ? "{}" : w->resource);
}

static void answer_get(struct world *w, struct fake_answer *answer)
{
	sbuf_printf(&answer->body, "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[%s]}",
		w->resource ? w->resource : "");
}

static void answer_delete(struct world *w, const struct fake_request *r, struct fake_answer *answer)
{
	bool is_it = w->resource && strstr(r->body, "\"uid\":\"uid-1\"");

	answer->status = w->resource == NULL ? 404 : is_it ? 200 : 409;
	if (is_it) {
		free(w->resource);
		w->resource = NULL;
	}
	sbuf_puts(&answer->body, "{}");
}

static bool on_request(void *arg, const struct fake_request *r, struct fake_answer *answer)
{
	struct world *w = arg;

	pthread_mutex_lock(&w->lock);
	size_t at = strlen(w->written);
	if (at + 1 < sizeof w->written)
		w->written[at] = strcmp(r->path, MAPS) == 0		      ? 'M'
				 : str_starts(str_of(r->path), STR(MAPS "/")) ? 'F'
									      : r->method[0];
	answer->type = "application/json";
	if (w->refuse && strcmp(w->refuse, r->method) == 0) {
		answer->status = 403;
		sbuf_puts(&answer->body, "{\"message\":\"x cannot do it\"}");
	} else if (r->method[0] == 'P') {
		answer_post(w, r, answer);
	} else if (str_starts(str_of(r->path), STR(MAPS "/"))) {
		(void)str_copy(str_of(r->path), w->dropped, sizeof w->dropped);
		sbuf_puts(&answer->body, "{}");
	} else if (r->method[0] == 'D') {
		answer_delete(w, r, answer);
	} else {
		answer_get(w, answer);
	}
	if (w->lost) { /* what a proxy says whose server has gone */
		w->lost--;
		answer->status = 502;
		sbuf_reset(&answer->body);
	}
	pthread_mutex_unlock(&w->lock);
	return true;
}

/* --- the world --- */

static char *write_kubeconfig(struct world *w)
{
	char *text = mem_printf(
		"{\"current-context\":\"c\",\"contexts\":[{\"name\":\"c\",\"context\":{\"cluster\":"
		"\"k\",\"user\":\"u\"}}],\"clusters\":[{\"name\":\"k\",\"cluster\":{\"server\":"
		"\"http://"
		"127.0.0.1:%u\"}}],\"users\":[{\"name\":\"u\",\"user\":{\"token\":\"t\"}}]}",
		fake_http_port(w->api));
	char *path = scratch_write(w->folder, "kubeconfig", text);

	free(text);
	return path;
}

static void load(struct world *w)
{
	char *kubeconfig = write_kubeconfig(w), *text;

	text = mem_printf(
		"clusters: [{name: k, kubernetes: {namespaces: [spark], kubeconfig: %s}, launch: "
		"{operator: {kind: spark.apache.org/v1, namespace: spark}, profiles: [{name: p, "
		"conf: {spark.kubernetes.driver.limit.cores: 2}}]}}]",
		kubeconfig);
	w->conf = conf_probe_load(text);
	free(kubeconfig);
	free(text);
}

static int set_up(void **state)
{
	struct world *w = mem_alloc(1, sizeof *w);

	pthread_mutex_init(&w->lock, NULL);
	w->base = event_base_new();
	w->fetcher = fetcher_new(w->base);
	w->api = fake_http_start("127.0.0.1");
	fake_http_handle(w->api, on_request, w);
	w->folder = scratch_new();
	load(w);
	w->target = launch_target_operator.open(
		&(struct launch_world){.base = w->base, .fetcher = w->fetcher}, w->conf,
		&w->conf->clusters[0]);
	w->order = (struct launch_order){.id = ID,
		.user = "ann",
		.cluster = "k",
		.profile = "p",
		.name = "etl",
		.resource = mem_strdup("local:///opt/etl.py"),
		.driver = {1, 1024},
		.executor = {1, 1024},
		.executors = 1};
	launch_pairs_set(&w->order.conf, "spark.kubernetes.driver.limit.cores", "2");
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	launch_target_operator.close(w->target);
	launch_order_clear(&w->order);
	conf_unref(w->conf);
	fetcher_free(w->fetcher);
	event_base_free(w->base);
	fake_http_stop(w->api);
	scratch_free(w->folder);
	json_text_drop(w->resource);
	pthread_mutex_destroy(&w->lock);
	free(w);
	return 0;
}

/* --- what is asked --- */

static void on_done(void *arg, const struct launch_answer *answer)
{
	struct world *w = arg;

	w->answer = *answer;
	(void)str_copy(str_of(answer->handle), w->handle, sizeof w->handle);
	(void)str_copy(str_of(answer->reason), w->reason, sizeof w->reason);
	w->is_done = true;
	event_base_loopbreak(w->base);
}

typedef void call(struct launch_target *target, const struct launch_order *order, launch_done *done,
	void *arg);

/* What was asked of the API server is in w->written: a letter each, M for a ConfigMap, F for one by
 * its name. */
static void ask(struct world *w, call *what, enum launch_outcome outcome)
{
	memset(w->written, 0, sizeof w->written);
	w->is_done = false;
	what(w->target, &w->order, on_done, w);
	assert_false(w->is_done);
	event_base_loop(w->base, EVLOOP_NO_EXIT_ON_EMPTY);
	assert_true(w->is_done);
	if (w->answer.outcome != outcome)
		fail_msg("outcome %d, %s", (int)w->answer.outcome, w->reason);
}

#define submit launch_target_operator.submit
#define find   launch_target_operator.find
#define kill   launch_target_operator.kill

static void order_becomes_a_resource_once_and_goes_when_it_is_killed(void **state)
{
	struct world *w = *state;

	ask(w, find, LAUNCH_SAID);
	assert_string_equal(w->handle, "");
	ask(w, submit, LAUNCH_SAID);
	assert_string_equal(w->written, "P");
	assert_true(str_starts(str_of(w->handle), STR("etl-")));
	assert_non_null(strstr(w->resource, "\"spark.kubernetes.driver.limit.cores\":\"2\""));
	ask(w, find, LAUNCH_SAID);
	assert_true(str_starts(str_of(w->handle), STR("etl-")));
	ask(w, submit, LAUNCH_SAID);
	assert_string_equal(w->written, "PG");
	ask(w, kill, LAUNCH_SAID);
	assert_string_equal(w->written, "GD");
	assert_null(w->resource);
	ask(w, kill, LAUNCH_SAID);
	assert_string_equal(w->written, "G");
}

static void s133_lost_answer_makes_no_second_application(void **state)
{
	struct world *w = *state;

	w->lost = 1;
	ask(w, submit, LAUNCH_UNSURE);
	assert_non_null(w->resource);
	ask(w, submit, LAUNCH_SAID);
	assert_string_equal(w->written, "PG");
	w->lost = 1;
	ask(w, kill, LAUNCH_UNSURE);
	ask(w, kill, LAUNCH_SAID);
	assert_null(w->resource);
}

static void carry_it(struct launch_target *target, const struct launch_order *order,
	launch_done *done, void *arg)
{
	launch_target_operator.carry(target, order, "AP9h", done, arg);
}

static void file_is_there_before_its_resource_and_goes_by_its_own_name(void **state)
{
	struct world *w = *state;

	w->order.file = mem_strdup("etl.py");
	ask(w, carry_it, LAUNCH_SAID);
	assert_string_equal(w->written, "M");
	char *map = fake_http_last_body(w->api, MAPS);
	assert_non_null(strstr(map, "\"binaryData\":{\"etl.py\":\"AP9h\"}"));
	free(map);
	ask(w, submit, LAUNCH_SAID);
	assert_string_equal(w->written, "P");
	assert_non_null(strstr(w->resource, "local:///opt/sparkgate/etl.py"));
	char *path = mem_printf(MAPS "/%s-file", w->handle);
	ask(w, launch_target_operator.drop, LAUNCH_SAID);
	assert_string_equal(w->written, "F");
	assert_string_equal(w->dropped, path);
	free(path);
	w->refuse = "DELETE";
	ask(w, launch_target_operator.drop, LAUNCH_NOT_NOW);
	assert_non_null(strstr(w->reason, "the verb delete of configmaps"));
	w->refuse = "POST";
	ask(w, carry_it, LAUNCH_NOT_NOW);
	assert_non_null(strstr(w->reason, "the verb create of configmaps"));
}

static void s133_resource_of_somebody_else_is_neither_used_nor_deleted(void **state)
{
	struct world *w = *state;

	ask(w, submit, LAUNCH_SAID);
	char *other = mem_strdup(w->resource), *id = strstr(other, ID);
	id[0] = 'f'; /* the label's */
	json_text_drop(w->resource);
	w->resource = other;
	ask(w, submit, LAUNCH_REFUSED);
	assert_non_null(strstr(w->reason, "Another SparkApplication"));
	ask(w, kill, LAUNCH_REFUSED);
	assert_string_equal(w->written, "G");
	assert_ptr_equal(w->resource, other);
}

static void missing_right_is_said_with_its_verb(void **state)
{
	struct world *w = *state;

	w->refuse = "POST";
	ask(w, submit, LAUNCH_NOT_NOW);
	assert_non_null(strstr(w->reason, "lacks the verb create of sparkapplications"));
	w->refuse = NULL;
	ask(w, submit, LAUNCH_SAID);
	w->refuse = "DELETE";
	ask(w, kill, LAUNCH_NOT_NOW);
	assert_non_null(strstr(w->reason, "the verb delete of sparkapplications"));
	w->refuse = "GET";
	ask(w, kill, LAUNCH_NOT_NOW);
	assert_non_null(strstr(w->reason, "the verb list of sparkapplications"));
}

static void s130_key_that_is_not_the_profiles_is_refused_before_anybody_is_asked(void **state)
{
	struct world *w = *state;

	launch_pairs_set(&w->order.conf, "spark.kubernetes.driver.limit.cores", "64");
	ask(w, submit, LAUNCH_REFUSED);
	assert_string_equal(w->written, "");
	assert_non_null(strstr(w->reason, "spark.kubernetes.driver.limit.cores"));
}

static void log_lines_go_where_the_profile_says(void **state)
{
	struct world *w = *state;

	w->order.logs = (struct conf_endpoint){mem_strdup("graylog"), 12201};
	ask(w, submit, LAUNCH_SAID);
	assert_non_null(strstr(w->resource, "-Dgelf.host=graylog -Dgelf.port=12201"));
	assert_non_null(strstr(w->resource, "-Dgelf.launch=" ID));
}

static void closed_target_answers_nobody(void **state)
{
	struct world *w = *state;

	fake_http_delay(w->api, 200);
	submit(w->target, &w->order, on_done, w);
	launch_target_operator.status(w->target, &w->order, on_done, w);
	launch_target_operator.close(w->target);
	event_base_loopexit(w->base, &(struct timeval){.tv_usec = 300000});
	event_base_loop(w->base, EVLOOP_NO_EXIT_ON_EMPTY);
	assert_false(w->is_done);
	w->target = launch_target_operator.open(
		&(struct launch_world){.base = w->base, .fetcher = w->fetcher}, w->conf,
		&w->conf->clusters[0]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(order_becomes_a_resource_once_and_goes_when_it_is_killed),
		TEST(s133_lost_answer_makes_no_second_application),
		TEST(file_is_there_before_its_resource_and_goes_by_its_own_name),
		TEST(s133_resource_of_somebody_else_is_neither_used_nor_deleted),
		TEST(missing_right_is_said_with_its_verb),
		TEST(s130_key_that_is_not_the_profiles_is_refused_before_anybody_is_asked),
		TEST(log_lines_go_where_the_profile_says),
		TEST(closed_target_answers_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
