#include "proxy/discovery/known/verify_ui.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/spark/app_page.h"

#include <assert.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdlib.h>

enum {
	CHECK_TIMEOUT_MS = 5000,
	CHECK_JSON_MAX = 4 * 1024 * 1024, /* a worker lists its executors, finished ones too */
};

static void verify_fail(struct known_ui *ui, enum mount_state state, const char *why)
{
	known_ui_set_state(ui, state, why);
	verify_queue_retry(ui);
}

/* The page says which it is: people need not wait for it. */
static void verify_lack(struct known_ui *ui, enum mount_lack lack)
{
	static const char *const whys[] = {[LACKS_NOTHING] = "it does not answer",
		[LACKS_START] = "it is starting",
		[LACKS_ADDRESS] = "the name of its host has no address here",
		[LACKS_UI] = "it runs without a UI (spark.ui.enabled=false)"};

	known_ui_set_state(ui, MOUNT_UNVERIFIED, whys[lack]);
	ui->lack = lack;
}

/* --- one check --- */

static bool on_address(const struct sockaddr *sa, void *arg)
{
	struct known_ui *ui = arg;

	ui->refused = address_fence_check(&ui->cluster->fence, sa);
	return ui->refused == NULL;
}

static void ask_ui(struct known_ui *ui, enum ui_kind kind, char *url, bool is_fenced,
	size_t max_bytes, void (*done)(const struct fetch_result *result, void *arg))
{
	const struct fetch_request request = {
		.url = url,
		.timeout_ms = CHECK_TIMEOUT_MS,
		.max_bytes = max_bytes,
		.is_once = is_fenced, /* its master is asked again and again */
		.allow = is_fenced ? on_address : NULL,
		.done = done,
		.arg = ui,
	};

	ui->refused = NULL;
	verify_queue_began(ui, cluster_ask(ui->cluster, kind, &request));
	free(url);
}

static bool says_who_it_is(const struct known_ui *ui, struct str body)
{
	return ui->kind == KNOWN_UI_WORKER ? spark_worker_is(body, str_of(ui->id))
					   : spark_driver_is(body, str_of(known_ui_spark_id(ui)));
}

static void accept_ui(struct known_ui *ui, const struct sockaddr_storage *peer)
{
	ui->addr = *peer;
	ui->addr_len = peer->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						   : sizeof(struct sockaddr_in);
	ui->tries = 0;
	known_ui_set_state(ui, MOUNT_UP, "");
}

/* A worker that only its master can reach: try the master's own /proxy/<id>. */
static bool try_through_master(struct known_ui *ui)
{
	struct cluster *c = ui->cluster;

	if (ui->kind != KNOWN_UI_WORKER || ui->via_master || c->direct_only || c->active == NULL)
		return false;
	ui->via_master = true;
	verify_ui_check(ui);
	return true;
}

/* It says nothing yet, or Spark's server does before its application is there. */
static bool is_only_starting(const struct known_ui *ui, const struct fetch_result *result)
{
	if (!verify_queue_is_starting(ui) || result->has_no_address)
		return false;
	return result->status == 200 ? spark_driver_is_early(result->body) : result->status != 403;
}

static void reject_answer(struct known_ui *ui, const struct fetch_result *result)
{
	if (ui->refused && result->status == 0) {
		verify_fail(ui, MOUNT_REFUSED, ui->refused);
	} else if (is_only_starting(ui, result)) {
		verify_lack(ui, LACKS_START);
		verify_queue_retry(ui);
	} else if (ui->kind == KNOWN_UI_WORKER && ui->via_master) {
		/* T49: a master that is no reverse proxy answers anything with its own page. */
		ui->cluster->direct_only = result->status == 200;
		ui->via_master = false;
		verify_queue_retry(ui);
	} else if (result->status == 0) {
		verify_lack(ui, result->has_no_address ? LACKS_ADDRESS : LACKS_NOTHING);
		if (!try_through_master(ui))
			verify_queue_retry(ui);
	} else if (result->status == 200) {
		verify_fail(ui, MOUNT_UNVERIFIED, "it does not answer as what it claims to be");
	} else if (result->status == 403) {
		verify_fail(ui, MOUNT_UNVERIFIED,
			"it refuses to say who it is, as Spark's JWSFilter does without its key");
	} else {
		verify_fail(ui, MOUNT_UNVERIFIED, "it refuses to say who it is");
	}
}

static void on_identity(const struct fetch_result *result, void *arg)
{
	struct known_ui *ui = arg;
	struct verify_queue *q = &ui->cluster->discovery->checks;

	verify_queue_ended(ui);
	if (result->status == 200 && says_who_it_is(ui, result->body))
		accept_ui(ui, &result->peer);
	else
		reject_answer(ui, result);
	verify_queue_pump(q);
}

/* S94: another one of this name may have come since the master was asked for its list. Its user
 * says whose page it is. */
static bool is_about(const struct known_ui *ui, struct str html)
{
	const struct app *a = (const struct app *)ui;

	return app_is_numbered(a) || a->user_told == NULL ||
	       app_page_is_of(html, str_of(a->user_told));
}

static void on_app_page(const struct fetch_result *result, void *arg)
{
	struct known_ui *ui = arg;
	struct verify_queue *q = &ui->cluster->discovery->checks;
	enum app_link link = APP_LINK_NONE;
	struct url url;
	struct err err;

	verify_queue_ended(ui);
	if (result->status != 200) {
		verify_fail(ui, MOUNT_UNVERIFIED, "the master did not say where its UI is");
	} else if (!is_about(ui, result->body)) {
		verify_fail(ui, MOUNT_UNVERIFIED,
			"the master's page is about another application of this ID");
	} else if (app_page_find_ui(
			   result->body, str_of(known_ui_spark_id(ui)), &link, &url, &err) == -1) {
		verify_fail(ui, MOUNT_REFUSED, "the master's page about it is not understood");
	} else if (link == APP_LINK_DISABLED) {
		verify_lack(ui, LACKS_UI);
		verify_queue_retry(ui);
	} else if (link == APP_LINK_NONE) {
		verify_fail(ui, MOUNT_UNVERIFIED, "it has no UI, or its UI is not known yet");
	} else {
		ui->via_master = link == APP_LINK_PROXIED;
		if (link == APP_LINK_ADDRESS)
			known_ui_set_origin(ui, &url);
		verify_ui_check(ui);
	}
	verify_queue_pump(q);
}

void verify_ui_check(struct known_ui *ui)
{
	const struct master *active = ui->cluster->active;
	const char *path = ui->kind == KNOWN_UI_WORKER ? "/json/" : "/api/v1/applications";
	enum ui_kind kind = ui->kind == KNOWN_UI_WORKER ? UI_WORKER : UI_DRIVER;
	char *id = known_ui_in_address(ui);
	bool is_fenced = active && active->server.fence;
	bool needs_page = ui->kind == KNOWN_UI_APP && ui->origin == NULL && !ui->via_master;

	assert(ui->kind != KNOWN_UI_DRIVER && ui->fetch == NULL);
	if ((needs_page || ui->via_master) && active == NULL) {
		verify_fail(ui, MOUNT_UNVERIFIED, "no master is there to ask");
	} else if (needs_page) {
		ask_ui(ui, UI_MASTER, mem_printf("%s/app/?appId=%s", active->server.text, id),
			is_fenced, APP_PAGE_MAX, on_app_page);
	} else if (ui->via_master) {
		ask_ui(ui, kind, mem_printf("%s/proxy/%s%s", active->server.text, id, path),
			is_fenced, CHECK_JSON_MAX, on_identity);
	} else if (ui->port < FENCE_PORT_MIN) {
		verify_fail(ui, MOUNT_REFUSED, "its port is below 1024");
	} else {
		ask_ui(ui, kind, mem_printf("%s%s", ui->origin, path), true, CHECK_JSON_MAX,
			on_identity);
	}
	free(id);
}

/* --- what changed around them --- */

static void refence_ui(struct known_ui *ui)
{
	const char *why = NULL;

	if (ui->state == MOUNT_UP && !ui->via_master)
		why = address_fence_check(&ui->cluster->fence, (const struct sockaddr *)&ui->addr);
	if (why)
		known_ui_set_state(ui, MOUNT_REFUSED, why);
	if (ui->state == MOUNT_REFUSED && ui->origin)
		verify_queue_add(ui);
}

void verify_ui_refence(struct cluster *c)
{
	for (int kind = KNOWN_UI_WORKER; kind <= KNOWN_UI_APP; kind++) {
		for (struct known_ui *ui = c->known[kind]; ui; ui = ui->hh.next)
			refence_ui(ui);
	}
}

void verify_ui_through_master(struct cluster *c)
{
	for (int kind = KNOWN_UI_WORKER; kind <= KNOWN_UI_APP; kind++) {
		for (struct known_ui *ui = c->known[kind]; ui; ui = ui->hh.next) {
			if (!ui->via_master || ui->state != MOUNT_UP)
				continue;
			known_ui_set_state(ui, MOUNT_UNVERIFIED, "another master is being asked");
			verify_queue_add(ui);
		}
	}
}
