/* proxy/discovery/known/verify_ui.c - nobody is sent to a place before it is fenced in and has said who
 * it is. */
#include "proxy/discovery/discovery_int.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "proxy/discovery/spark/app_page.h"

#include <assert.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdlib.h>

enum {
	RETRY_FIRST_MS = 500,
	RETRY_LAST_MS = 60000,
	TICK_MS = 250,
	STARTING_MS = 120000,
	STARTING_TRIES = 200, /* clocks may differ */
};

static const char *const kind_names[] = {"worker", "application", "driver"};

static void check_start(struct known_ui *p);

/* --- state --- */

static void log_state(const struct known_ui *p)
{
	static const char *const words[] = {"is up", "cannot be used yet", "is refused", "is gone"};
	enum log_level level = p->state == MOUNT_REFUSED      ? LOG_WARN
			       : p->state == MOUNT_UNVERIFIED ? LOG_INFO
							      : LOG_DEBUG;

	log_line(level, "discovery", "cluster %s: %s %s at %s %s%s%s", p->cluster->name,
		kind_names[p->kind], p->id, p->authority ? p->authority : "(unknown)",
		words[p->state], p->why[0] ? ": " : "", p->why);
}

void known_ui_set_state(struct known_ui *p, enum mount_state state, const char *why)
{
	if (p->state == state && strcmp(p->why, why) == 0)
		return;
	p->state = state;
	p->why = why;
	if (why[0] || state != MOUNT_UNVERIFIED)
		log_state(p);
	cluster_changed(p->cluster);
}

bool known_ui_set_origin(struct known_ui *p, const struct url *url)
{
	char origin[288] = "", authority[272] = "";

	if (url) {
		url_origin(url, origin);
		url_authority(url, false, authority);
	}
	if (!text_replace(&p->origin, url ? origin : NULL))
		return false;
	text_replace(&p->authority, url ? authority : NULL);
	p->tls = url && url->tls;
	p->port = url ? url->port : 0;
	cluster_changed(p->cluster);
	return true;
}

/* --- the queues --- */

static struct known_ui_list *list_of(struct known_ui *p)
{
	struct discovery *d = p->cluster->discovery;

	return p->queue == QUEUE_FRESH ? &d->fresh : &d->waiting;
}

static void move_to(struct known_ui *p, enum known_ui_queue queue)
{
	if (p->queue != QUEUE_NONE)
		TAILQ_REMOVE(list_of(p), p, link);
	p->queue = queue;
	if (queue != QUEUE_NONE)
		TAILQ_INSERT_TAIL(list_of(p), p, link);
}

void verify_ui_forget(struct known_ui *p)
{
	move_to(p, QUEUE_NONE);
	if (p->fetch) {
		fetch_cancel(p->fetch);
		p->fetch = NULL;
		p->cluster->discovery->checking--;
	}
}

void verify_ui_known(struct known_ui *p)
{
	verify_ui_forget(p);
	p->tries = 0;
	if (p->kind == KNOWN_UI_WORKER)
		p->via_master = false;
	move_to(p, QUEUE_FRESH);
	verify_ui_pump(p->cluster->discovery);
}

/* A whole estate that appears at once is not asked at once: the keeper has other work, and so have
 * the name servers. */
static bool is_in_pace(struct discovery *d)
{
	const struct timeval pace = {0, CHECKS_PACE_MS * 1000};
	int64_t now = clock_mono_ms();

	if (now - d->pace_ms >= CHECKS_PACE_MS) {
		d->pace_ms = now;
		d->begun = 0;
	}
	if (d->begun < CHECKS_PER_PACE)
		return true;
	if (!event_pending(d->pace_timer, EV_TIMEOUT, NULL))
		event_add(d->pace_timer, &pace);
	return false;
}

void verify_ui_pump(struct discovery *d)
{
	while (d->checking < CHECKS_MAX && !TAILQ_EMPTY(&d->fresh) && is_in_pace(d)) {
		struct known_ui *p = TAILQ_FIRST(&d->fresh);
		move_to(p, QUEUE_NONE);
		check_start(p);
	}
}

void verify_ui_retry(struct discovery *d)
{
	const struct timeval tick = {0, TICK_MS * 1000};
	int64_t now = clock_mono_ms();
	struct known_ui *p, *next;

	for (p = TAILQ_FIRST(&d->waiting); p; p = next) {
		next = TAILQ_NEXT(p, link);
		if (now >= p->due_ms)
			move_to(p, QUEUE_FRESH);
	}
	verify_ui_pump(d);
	if (!TAILQ_EMPTY(&d->waiting))
		event_add(d->retry_timer, &tick);
}

/* A driver's UI comes up some seconds after its pod: until then it is asked at an even pace. */
static bool is_starting(const struct known_ui *p)
{
	const struct app *a = (const struct app *)p;

	return p->kind == KNOWN_UI_APP && a->watch && p->tries < STARTING_TRIES &&
	       a->started_ms > clock_wall_ms() - STARTING_MS;
}

static void wait_for_retry(struct known_ui *p)
{
	const struct timeval tick = {0, TICK_MS * 1000};
	struct discovery *d = p->cluster->discovery;
	unsigned shift = is_starting(p) ? 0 : p->tries < 7 ? p->tries : 7;
	int64_t wait = (int64_t)RETRY_FIRST_MS << shift;

	p->tries++;
	p->due_ms = clock_mono_ms() + (wait < RETRY_LAST_MS ? wait : RETRY_LAST_MS);
	move_to(p, QUEUE_WAITING);
	if (!event_pending(d->retry_timer, EV_TIMEOUT, NULL))
		event_add(d->retry_timer, &tick);
}

static void fail(struct known_ui *p, enum mount_state state, const char *why)
{
	known_ui_set_state(p, state, why);
	wait_for_retry(p);
}

/* --- one check --- */

static bool on_address(const struct sockaddr *sa, void *arg)
{
	struct known_ui *p = arg;

	p->refused = address_fence_check(&p->cluster->fence, sa);
	return p->refused == NULL;
}

static void ask(struct known_ui *p, enum ui_kind kind, char *url, bool is_fenced, size_t max_bytes,
	void (*done)(const struct fetch_result *result, void *arg))
{
	const struct fetch_request request = {
		.url = url,
		.timeout_ms = CHECK_TIMEOUT_MS,
		.max_bytes = max_bytes,
		.is_once = is_fenced, /* its master is asked again and again */
		.allow = is_fenced ? on_address : NULL,
		.done = done,
		.arg = p,
	};

	p->refused = NULL;
	p->fetch = cluster_ask(p->cluster, kind, &request);
	p->cluster->discovery->checking++;
	p->cluster->discovery->begun++;
	free(url);
}

static bool says_who_it_is(const struct known_ui *p, struct str body)
{
	return p->kind == KNOWN_UI_WORKER ? spark_worker_is(body, str_of(p->id))
					  : spark_driver_is(body, str_of(p->id));
}

static void accept_place(struct known_ui *p, const struct sockaddr_storage *peer)
{
	p->addr = *peer;
	p->addr_len = peer->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						  : sizeof(struct sockaddr_in);
	p->tries = 0;
	known_ui_set_state(p, MOUNT_UP, "");
}

/* A worker that only its master can reach: try the master's own /proxy/<id>. */
static bool try_through_master(struct known_ui *p)
{
	struct cluster *c = p->cluster;

	if (p->kind != KNOWN_UI_WORKER || p->via_master || c->direct_only || c->active == NULL)
		return false;
	p->via_master = true;
	check_start(p);
	return true;
}

static void reject_answer(struct known_ui *p, const struct fetch_result *result)
{
	if (p->refused && result->status == 0) {
		fail(p, MOUNT_REFUSED, p->refused);
	} else if (p->kind == KNOWN_UI_WORKER && p->via_master) {
		/* T49: a master that is no reverse proxy answers anything with its own page. */
		p->cluster->direct_only = result->status == 200;
		p->via_master = false;
		wait_for_retry(p);
	} else if (result->status == 0) {
		known_ui_set_state(p, MOUNT_UNVERIFIED, "it does not answer");
		if (!try_through_master(p))
			wait_for_retry(p);
	} else if (result->status == 200) {
		fail(p, MOUNT_UNVERIFIED, "it does not answer as what it claims to be");
	} else if (result->status == 403) {
		fail(p, MOUNT_UNVERIFIED,
			"it refuses to say who it is, as Spark's JWSFilter does without its key");
	} else {
		fail(p, MOUNT_UNVERIFIED, "it refuses to say who it is");
	}
}

static void on_identity(const struct fetch_result *result, void *arg)
{
	struct known_ui *p = arg;
	struct discovery *d = p->cluster->discovery;

	p->fetch = NULL;
	d->checking--;
	if (result->status == 200 && says_who_it_is(p, result->body))
		accept_place(p, &result->peer);
	else
		reject_answer(p, result);
	verify_ui_pump(d);
}

static void on_app_page(const struct fetch_result *result, void *arg)
{
	struct known_ui *p = arg;
	struct discovery *d = p->cluster->discovery;
	enum app_link link = APP_LINK_NONE;
	struct url url;
	struct err err;

	p->fetch = NULL;
	d->checking--;
	if (result->status != 200) {
		fail(p, MOUNT_UNVERIFIED, "the master did not say where its UI is");
	} else if (app_page_find_ui(result->body, str_of(p->id), &link, &url, &err) == -1) {
		fail(p, MOUNT_REFUSED, "the master's page about it is not understood");
	} else if (link == APP_LINK_NONE) {
		fail(p, MOUNT_UNVERIFIED, "it has no UI, or its UI is not known yet");
	} else {
		p->via_master = link == APP_LINK_PROXIED;
		if (link == APP_LINK_ADDRESS)
			known_ui_set_origin(p, &url);
		check_start(p);
	}
	verify_ui_pump(d);
}

static void check_start(struct known_ui *p)
{
	const struct master *active = p->cluster->active;
	const char *path = p->kind == KNOWN_UI_WORKER ? "/json/" : "/api/v1/applications";
	enum ui_kind kind = p->kind == KNOWN_UI_WORKER ? UI_WORKER : UI_DRIVER;
	bool needs_page = p->kind == KNOWN_UI_APP && p->origin == NULL && !p->via_master;

	assert(p->kind != KNOWN_UI_DRIVER && p->fetch == NULL);
	if ((needs_page || p->via_master) && active == NULL) {
		fail(p, MOUNT_UNVERIFIED, "no master is there to ask");
	} else if (needs_page) {
		ask(p, UI_MASTER, mem_printf("%s/app/?appId=%s", active->source.text, p->id), false,
			APP_PAGE_MAX, on_app_page);
	} else if (p->via_master) {
		ask(p, kind, mem_printf("%s/proxy/%s%s", active->source.text, p->id, path), false,
			CHECK_JSON_MAX, on_identity);
	} else if (p->port < FENCE_PORT_MIN) {
		fail(p, MOUNT_REFUSED, "its port is below 1024");
	} else {
		ask(p, kind, mem_printf("%s%s", p->origin, path), true, CHECK_JSON_MAX,
			on_identity);
	}
}

/* --- what changed around them --- */

static void refence(struct known_ui *p)
{
	const char *why = NULL;

	if (p->state == MOUNT_UP && !p->via_master)
		why = address_fence_check(&p->cluster->fence, (const struct sockaddr *)&p->addr);
	if (why)
		known_ui_set_state(p, MOUNT_REFUSED, why);
	if (p->state == MOUNT_REFUSED && p->origin)
		verify_ui_known(p);
}

void verify_ui_refence(struct cluster *c)
{
	for (int kind = KNOWN_UI_WORKER; kind <= KNOWN_UI_APP; kind++) {
		for (struct known_ui *p = c->known[kind]; p; p = p->hh.next)
			refence(p);
	}
}

void verify_ui_through_master(struct cluster *c)
{
	for (int kind = KNOWN_UI_WORKER; kind <= KNOWN_UI_APP; kind++) {
		for (struct known_ui *p = c->known[kind]; p; p = p->hh.next) {
			if (!p->via_master || p->state != MOUNT_UP)
				continue;
			known_ui_set_state(p, MOUNT_UNVERIFIED, "another master is being asked");
			verify_ui_known(p);
		}
	}
}
