/* Masters, history servers and other UIs of a cluster. */
#include "auth/token/ui_token.h"
#include "base/clock.h"
#include "proxy/discovery/spark/app_page.h"
#include "proxy/doctor/doctor_int.h"

#include <stdio.h>
#include <stdlib.h>

enum { WHAT_LEN = 400 };

/* The URL's path without its last slash, then `path`. As the gateway asks Spark. */
static void ask_spark(struct doctor *d, const struct conf_cluster *cluster, const struct url *url,
	enum ui_kind kind, const char *path, struct doctor_answer *answer)
{
	struct str token =
		ui_tokens_get(d->tokens, d->conf, str_of(cluster->name), kind, clock_wall_s());
	char *field = token.at ? mem_printf("Authorization: Bearer %s", token.at) : NULL;
	const char *const headers[] = {field, NULL};
	size_t len = strlen(url->path);
	char origin[288];

	url_origin(url, origin);
	if (len && url->path[len - 1] == '/')
		len--;
	char *text = mem_printf("%s%.*s%s", origin, (int)len, url->path, path);
	doctor_ask(d,
		&(struct fetch_request){.url = text,
			.headers = field ? headers : NULL,
			.ca_file = cluster->ca_file},
		answer);
	free(text);
	secret_free(field);
}

/* What Spark's JWSFilter and others answer in place of the page. */
static bool is_good(struct doctor *d, const struct conf_cluster *cluster, const char *what,
	const char *program, const struct doctor_answer *answer)
{
	bool has_key = cluster->jws_key.value != NULL;
	char todo[160];

	if (!doctor_has_answer(d, what, "clusters[].ca_file", answer))
		return false;
	doctor_compare_clocks(d, what, answer);
	if (answer->status == 200)
		return true;
	if (answer->status == 401 || answer->status == 403)
		snprintf(todo, sizeof todo,
			has_key ? "give clusters[].jws_key_file the key that its JWSFilter has, "
				  "and compare the clocks"
				: "set clusters[].jws_key_file to the key of its JWSFilter");
	else
		snprintf(todo, sizeof todo, "give the address of the web UI of %s", program);
	doctor_wrong(d, what, todo, "it answers with status %d", answer->status);
	return false;
}

static void try_master(struct doctor *d, const struct conf_cluster *cluster, const struct url *url,
	const char *what)
{
	struct doctor_answer lists, page = {.body = NULL};
	char version[SPARK_VERSION_MAX] = "";

	ask_spark(d, cluster, url, UI_MASTER, "/json/", &lists);
	if (is_good(d, cluster, what, "a Spark master", &lists)) {
		ask_spark(d, cluster, url, UI_MASTER, "/app/?appId=none", &page);
		if (page.status)
			app_page_version(str_of(page.body), version);
		if (strstr(lists.body, "\"aliveworkers\"") == NULL)
			doctor_wrong(d, what, "give the address of a Spark master's web UI",
				"it answers, but not as a Spark master");
		else
			doctor_fine(d, what, "Spark %s", version[0] ? version : "(no version)");
	}
	doctor_answer_clear(&lists);
	doctor_answer_clear(&page);
}

static void try_history(struct doctor *d, const struct conf_cluster *cluster, const struct url *url,
	const char *what)
{
	struct doctor_answer answer;
	char version[SPARK_VERSION_MAX] = "";

	ask_spark(d, cluster, url, UI_HISTORY, "/api/v1/version", &answer);
	if (is_good(d, cluster, what, "a history server", &answer)) {
		if (spark_version_parse(str_of(answer.body), version) == -1)
			doctor_wrong(d, what, "give the address of a history server's web UI",
				"it answers, but not as a history server");
		else
			doctor_fine(d, what, "Spark %s", version);
	}
	doctor_answer_clear(&answer);
}

/* It is asked of a submission that nobody made. */
static void try_rest(struct doctor *d, const struct conf_cluster *cluster, const struct url *url,
	const char *what)
{
	struct doctor_answer answer;

	ask_spark(d, cluster, url, UI_MASTER, "/v1/submissions/status/sparkgate-doctor", &answer);
	if (is_good(d, cluster, what, "a REST submission server", &answer)) {
		if (strstr(answer.body, "SubmissionStatusResponse"))
			doctor_fine(d, what, "it answers");
		else
			doctor_wrong(d, what,
				"give the address of the master's REST server, port 6066 as a rule",
				"it answers, but not as a REST submission server");
	}
	doctor_answer_clear(&answer);
}

static void try_ui(struct doctor *d, const struct conf_cluster *cluster, const struct conf_ui *ui)
{
	struct doctor_answer answer;
	char what[WHAT_LEN];

	snprintf(what, sizeof what, "UI %s of %s", ui->name, cluster->name);
	if (ui->nodes_of) {
		doctor_note(d, what, "its addresses come from %s, and are not tried", ui->nodes_of);
		return;
	}
	ask_spark(d, cluster, &ui->url, UI_OTHER, "/", &answer);
	if (doctor_has_answer(d, what, "clusters[].ca_file", &answer))
		doctor_fine(d, what, "it answers (status %d)", answer.status);
	doctor_answer_clear(&answer);
}

static void name_server(
	char out[static WHAT_LEN], const char *kind, const char *cluster, const struct url *url)
{
	char origin[288];

	url_origin(url, origin);
	snprintf(out, WHAT_LEN, "%s of %s, %.250s", kind, cluster, origin);
}

void doctor_try_cluster(struct doctor *d, const struct conf_cluster *cluster)
{
	char what[WHAT_LEN];

	for (size_t i = 0; i < cluster->masters_count; i++) {
		name_server(what, "master", cluster->name, &cluster->masters[i]);
		try_master(d, cluster, &cluster->masters[i], what);
	}
	for (size_t i = 0; i < cluster->history_count; i++) {
		name_server(what, "history server", cluster->name, &cluster->history[i]);
		try_history(d, cluster, &cluster->history[i], what);
	}
	for (size_t i = 0; i < cluster->launch.rest_count; i++) {
		name_server(what, "REST server", cluster->name, &cluster->launch.rest[i]);
		try_rest(d, cluster, &cluster->launch.rest[i], what);
	}
	for (size_t i = 0; i < cluster->uis_count; i++)
		try_ui(d, cluster, &cluster->uis[i]);
	if (cluster->launch.has_artifacts)
		doctor_try_s3(d, cluster);
	if (cluster->has_kubernetes)
		doctor_try_kubernetes(d, cluster);
}
