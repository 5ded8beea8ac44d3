/* Brings launches on their way: opens targets, and sweeps over what has not ended. */
#include "proxy/launch/launcher_int.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "base/net/fetch.h"
#include "base/rnd.h"
#include "base/share.h"
#include "proxy/registry/registry.h"

#include <event2/event.h>
#include <stdlib.h>

enum {
	TICK_MS = 250,
	SWEEP_MS = 1000, /* and as soon as something is new */
	LEASE_MS = 10 * 1000,
	BUSY_MAX = 64, /* launches that a target is asked about at a time */
	EACH_HOST = 8, /* connections */
};

/* --- targets --- */

static const struct registry *look_at_registry(void *arg)
{
	struct launcher *launcher = arg;

	share_drop(launcher->hold);
	launcher->hold = share_get(launcher->registry);
	return launcher->hold ? launcher->hold->value : NULL;
}

static bool is_claimed(void *arg, const char *cluster, const char *handle)
{
	struct launcher *launcher = arg;
	struct launch_job *job, *next;

	HASH_ITER(hh, launcher->jobs, job, next)
	{
		if (strcmp(job->order.handle, handle) == 0 &&
			strcmp(job->order.cluster, cluster) == 0)
			return true;
	}
	return false;
}

static void open_places(struct launcher *launcher)
{
	const struct launch_world world = {.base = launcher->base,
		.fetcher = launcher->fetcher,
		.registry = look_at_registry,
		.is_claimed = is_claimed,
		.discovery = launcher->discovery,
		.arg = launcher};
	const struct conf *conf = launcher->conf;

	launcher->places = mem_alloc(conf->clusters_count, sizeof *launcher->places);
	for (size_t i = 0; i < conf->clusters_count; i++) {
		const struct conf_cluster *cluster = &conf->clusters[i];
		const struct launch_target_ops *ops = launch_target_of(cluster);

		if (ops == NULL)
			continue;
		launcher->places[launcher->places_count++] =
			(struct launch_place){cluster, ops->open(&world, conf, cluster)};
	}
}

static void close_places(struct launcher *launcher)
{
	struct launch_job *job, *next;

	for (size_t i = 0; i < launcher->places_count; i++)
		launcher->places[i].target->ops->close(launcher->places[i].target);
	free(launcher->places);
	launcher->places = NULL;
	launcher->places_count = 0;
	/* Nobody answers them any more; the store knows how far they are. */
	HASH_ITER(hh, launcher->jobs, job, next)
	{
		HASH_DEL(launcher->jobs, job);
		launch_job_free(job);
	}
	launcher->busy = 0;
}

/* --- the sweep --- */

struct found {
	struct launcher *launcher;
	struct launch_job **jobs; /* newest first */
	size_t count, room;
};

static void take_record(struct launch_job *job, const struct store_launch *launch)
{
	struct store_launch copy = *launch;

	copy.json.at = mem_alloc(launch->json.len + 1, 1);
	memcpy(copy.json.at, launch->json.at, launch->json.len);
	store_launch_clear(&job->record);
	launch_order_clear(&job->order);
	job->record = copy;
	if (!launch_order_read(&job->record, &job->order))
		log_err("launch", "the record of launch %s cannot be read", job->record.id);
}

static void on_live(void *arg, const struct store_launch *launch)
{
	struct found *found = arg;
	struct launcher *launcher = found->launcher;
	struct launch_job *job;

	HASH_FIND_STR(launcher->jobs, launch->id, job);
	if (job == NULL) {
		job = mem_alloc(1, sizeof *job);
		job->launcher = launcher;
		take_record(job, launch);
		HASH_ADD_STR(launcher->jobs, record.id, job);
	} else if (!job->is_busy && job->record.version != launch->version) {
		take_record(job, launch);
		job->due_ms = 0;
	}
	job->sweep = launcher->sweep;
	if (found->count == found->room) {
		found->room = found->room ? 2 * found->room : 64;
		found->jobs = mem_resize(found->jobs, found->room, sizeof *found->jobs);
	}
	found->jobs[found->count++] = job;
}

/* -1: the store does not answer. */
static int find_live(struct launcher *launcher, struct found *found)
{
	struct store_launch_query query = {.states = LAUNCH_LIVE, .limit = STORE_PAGE};
	char next[STORE_LAUNCH_ID];

	do {
		if (launcher->store->ops->launch_list(
			    launcher->store, &query, next, on_live, found) == -1)
			return -1;
		memcpy(query.before, next, sizeof query.before);
	} while (next[0] && found->count < STORE_LAUNCHES_LIVE);
	return 0;
}

static void forget_ended(struct launcher *launcher)
{
	struct launch_job *job, *next;

	HASH_ITER(hh, launcher->jobs, job, next)
	{
		if (job->is_busy || job->sweep == launcher->sweep)
			continue;
		HASH_DEL(launcher->jobs, job);
		launch_job_free(job);
	}
}

/* The oldest first: who waits longest begins. */
static void sweep(struct launcher *launcher)
{
	struct found found = {.launcher = launcher};
	int64_t now = clock_mono_ms();

	launcher->swept_ms = now;
	launcher->sweep++;
	if (launcher->store->ops->lease_take(
		    launcher->store, launcher->lease, launcher->holder, LEASE_MS) != STORE_FOUND ||
		find_live(launcher, &found) == -1) {
		free(found.jobs);
		return;
	}
	forget_ended(launcher);
	for (size_t i = found.count; i-- > 0;) {
		struct launch_job *job = found.jobs[i];

		if (!job->is_busy && job->due_ms <= now && launcher->busy < BUSY_MAX)
			launch_step(job);
	}
	free(found.jobs);
}

static void launcher_on_tick(int fd, short what, void *arg)
{
	struct launcher *launcher = arg;

	(void)fd, (void)what;
	if (launcher->places_count && clock_mono_ms() - launcher->swept_ms >= SWEEP_MS)
		sweep(launcher);
}

/* --- its life --- */

struct launcher *launcher_new(struct event_base *base, struct store *store,
	struct share_slot *registry, const struct discovery *discovery, struct conf *conf,
	const char *own_issuer)
{
	struct launcher *launcher = mem_alloc(1, sizeof *launcher);

	launcher->base = base;
	launcher->store = store;
	launcher->registry = share_reader_new(registry);
	launcher->discovery = discovery;
	launcher->conf = conf_ref(conf);
	launcher->own_issuer = own_issuer;
	launcher->fetcher = fetcher_new(base);
	fetcher_limit_each_host(launcher->fetcher, EACH_HOST);
	digest_sha256(STR("sparkgate launches"), launcher->lease);
	rnd_bytes(launcher->holder, sizeof launcher->holder);
	open_places(launcher);
	launcher->tick = event_new(base, -1, EV_PERSIST, launcher_on_tick, launcher);
	event_add(launcher->tick, &(struct timeval){.tv_usec = TICK_MS * 1000});
	return launcher;
}

void launcher_free(struct launcher *launcher)
{
	if (launcher == NULL)
		return;
	event_free(launcher->tick);
	launch_desk_leave(launcher);
	close_places(launcher);
	launcher->store->ops->lease_drop(launcher->store, launcher->lease, launcher->holder);
	fetcher_free(launcher->fetcher);
	share_drop(launcher->hold);
	share_reader_free(launcher->registry);
	conf_unref(launcher->conf);
	free(launcher);
}

void launcher_set_conf(struct launcher *launcher, struct conf *conf)
{
	launch_desk_leave(launcher);
	close_places(launcher);
	conf_unref(launcher->conf);
	launcher->conf = conf_ref(conf);
	open_places(launcher);
}
