#include "proxy/discovery/read_lists.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "proxy/discovery/known/app_lists.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/spark/spark_acls.h"

#include <event2/event.h>
#include <stdlib.h>

enum {
	TICK_MS = 250, /* LISTS_READS at most begin in so long */
	TRIES_MAX = 7,
	DRIVER_TIMEOUT_MS = 5000,
	/* Doubled by each failure; a history server may still be reading that log. */
	DRIVER_AGAIN_MS = 1000,
	HISTORY_AGAIN_MS = 30 * 1000,
};

/* --- who is asked next --- */

/* Another namespace's pod says of itself what it likes. */
static bool is_settled(const struct app *a)
{
	return a->is_masters || (a->owner && a->owner[0]);
}

static bool is_open_to_driver(const struct app *a)
{
	return a->running && a->known.state == MOUNT_UP && is_settled(a) && !a->has_driver_lists &&
	       (a->known.via_master ? a->known.cluster->active != NULL : a->known.origin != NULL);
}

static bool is_open_to_history(const struct app *a)
{
	const struct history *h = cluster_history_of(a);

	/* S73: of several logs one may be anybody's, and its lists would open the others. */
	return !a->running && a->in_history && !a->has_many_logs && a->lists == NULL && h &&
	       h->server.up;
}

static bool is_wanted(const struct app *a)
{
	return a->lists_read == NULL && !a->has_no_lists && !a->known.is_gone &&
	       (is_open_to_driver(a) || is_open_to_history(a));
}

/* Drivers before history, then the newest. */
static bool is_before(const struct app *a, const struct app *b)
{
	if (b == NULL || a->running != b->running)
		return b == NULL || a->running;
	return a->started_ms > b->started_ms;
}

static struct app *find_next(struct cluster *c, int64_t now, bool is_history_busy)
{
	struct app *best = NULL;
	int64_t due = INT64_MAX;

	for (struct known_ui *ui = c->known[KNOWN_UI_APP]; ui; ui = ui->hh.next) {
		struct app *a = (struct app *)ui;
		if (!is_wanted(a))
			continue;
		due = a->lists_due_ms < due ? a->lists_due_ms : due;
		if (a->lists_due_ms <= now && (a->running || !is_history_busy) &&
			is_before(a, best))
			best = a;
	}
	c->lists_due_ms = due;
	return best;
}

/* --- asking --- */

static bool on_address(const struct sockaddr *sa, void *arg)
{
	const struct lists_read *r = arg;
	struct cidr only;

	if (r->app == NULL || r->app->known.state != MOUNT_UP)
		return false;
	/* The one that has said who it is, and no other. */
	only = cidr_around((const struct sockaddr *)&r->app->known.addr, 32, 128);
	return cidr_contains(&only, sa);
}

static void release(struct lists_read *r)
{
	struct cluster *c = r->cluster;

	for (size_t i = 0; i < LISTS_READS; i++) {
		if (c->lists_reads[i] == r)
			c->lists_reads[i] = NULL;
	}
	free(r);
}

static bool take_lists(struct app *a, const struct lists_read *r, struct str body)
{
	struct spark_acls acls;
	bool is_kept;

	if (r->is_history ? a->has_many_logs : !is_open_to_driver(a))
		return false;
	if (spark_acls_parse(body, &acls, NULL) == -1)
		return false;
	if (!r->is_history)
		app_lists_forget(a); /* what a log said */
	is_kept = app_lists_keep(a, &acls.lists);
	a->has_driver_lists = is_kept && !r->is_history;
	spark_acls_clear(&acls);
	return is_kept;
}

static void retry(struct app *a, bool is_history)
{
	int64_t wait = is_history ? HISTORY_AGAIN_MS : DRIVER_AGAIN_MS;

	a->lists_due_ms = clock_mono_ms() + (wait << a->lists_tries);
	if (a->lists_tries < TRIES_MAX)
		a->lists_tries++;
	else
		a->has_no_lists = is_history; /* a driver is asked for as long as it runs */
}

static void on_environment(const struct fetch_result *result, void *arg)
{
	struct lists_read *r = arg;
	struct app *a = r->app;

	r->cluster->lists_due_ms = 0;
	if (a) {
		a->lists_read = NULL;
		if (result->status == 200 && take_lists(a, r, result->body))
			cluster_changed(r->cluster);
		else
			retry(a, r->is_history);
	}
	release(r);
}

static struct fetch *ask_driver(struct lists_read *r)
{
	const struct known_ui *ui = &r->app->known;
	char *id = known_ui_in_address(ui);
	char *root = ui->via_master ? mem_printf("%s/proxy/%s", r->cluster->active->server.text, id)
				    : mem_strdup(ui->origin);
	char *url = mem_printf("%s/api/v1/applications/%s/environment", root, id);
	const struct fetch_request request = {
		.url = url,
		.timeout_ms = DRIVER_TIMEOUT_MS,
		.max_bytes = SPARK_ENVIRONMENT_MAX,
		.is_once = !ui->via_master,
		.allow = ui->via_master ? NULL : on_address,
		.done = on_environment,
		.arg = r,
	};
	struct fetch *fetch = cluster_ask(r->cluster, UI_DRIVER, &request);

	free(id);
	free(root);
	free(url);
	return fetch;
}

static struct fetch *ask_history(struct lists_read *r)
{
	const struct app *a = r->app;
	const char *slash = a->attempt && a->attempt[0] ? "/" : "";
	char *id = known_ui_in_address(&a->known);
	char *path = mem_printf(
		"/api/v1/applications/%s%s%s/environment", id, slash, slash[0] ? a->attempt : "");
	struct fetch *fetch = polled_server_ask(
		&cluster_history_of(a)->server, path, SPARK_ENVIRONMENT_MAX, on_environment, r);

	free(id);
	free(path);
	return fetch;
}

static void begin(struct cluster *c, size_t slot, struct app *a)
{
	struct lists_read *r = mem_alloc(1, sizeof *r);

	r->cluster = c;
	r->app = a;
	r->is_history = !a->running;
	a->lists_read = r;
	c->lists_reads[slot] = r;
	r->fetch = r->is_history ? ask_history(r) : ask_driver(r);
}

/* One at a time, for it loads what people look at, too. */
static bool is_history_busy(const struct cluster *c)
{
	for (size_t i = 0; i < LISTS_READS; i++) {
		if (c->lists_reads[i] && c->lists_reads[i]->is_history)
			return true;
	}
	return false;
}

static void read_some(struct cluster *c)
{
	int64_t now = clock_mono_ms();

	for (size_t i = 0; i < LISTS_READS && now >= c->lists_due_ms; i++) {
		struct app *a = c->lists_reads[i] ? NULL : find_next(c, now, is_history_busy(c));
		if (a)
			begin(c, i, a);
	}
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct discovery *d = arg;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < d->clusters_count; i++)
		read_some(d->clusters[i]);
}

/* --- life --- */

void read_lists_start(struct discovery *d)
{
	d->lists_timer = event_new(d->base, -1, EV_PERSIST, on_tick, d);
	if (d->lists_timer == NULL)
		abort();
}

void read_lists_use(struct discovery *d, bool is_wanted)
{
	const struct timeval tick = {0, TICK_MS * 1000};

	d->reads_lists = is_wanted;
	if (is_wanted)
		event_add(d->lists_timer, &tick);
	else
		event_del(d->lists_timer);
}

void read_lists_cancel(struct cluster *c)
{
	for (size_t i = 0; i < LISTS_READS; i++) {
		struct lists_read *r = c->lists_reads[i];
		if (r == NULL)
			continue;
		fetch_cancel(r->fetch);
		if (r->app)
			r->app->lists_read = NULL;
		release(r);
	}
}

void read_lists_stop(struct discovery *d)
{
	event_free(d->lists_timer);
}

bool read_lists_doubt(struct app *a)
{
	if (!a->has_many_logs || a->lists == NULL || a->has_driver_lists)
		return false;
	app_lists_forget(a);
	return true;
}

const struct access_lists *read_lists_of(const struct app *a)
{
	/* What a log says of one that runs may be anybody's log. */
	return !a->running || a->has_driver_lists ? app_lists_of(a) : NULL;
}
