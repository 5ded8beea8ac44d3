#include "tests/support/page_world.h"

#include "base/clock.h"
#include "proxy/registry/registry_builder.h"

#include <stdio.h>
#include <stdlib.h>

enum { GIB = 1024, MINUTE = 60 * 1000, TEXT = 128, WORKERS = 40 };

const char page_world_hostile[] = "<script>alert(\"1\")</script> & 'quoted' \xe2\x80\xae";

static const struct mount *add(struct registry_builder *b, const char *cluster, enum ui_kind kind,
	enum mount_state state, const char *id, const char *why)
{
	return registry_builder_mount(b, &(struct mount){.kind = kind,
						 .state = state,
						 .cluster = cluster,
						 .id = id,
						 .authority = "10.0.0.1:8080",
						 .why = why});
}

/* --- local: what the demo looks like --- */

static void add_local(struct registry_builder *b)
{
	int64_t now = clock_wall_ms();
	const struct mount *w1 =
		add(b, "local", UI_WORKER, MOUNT_UP, "worker-20260131115800-10.0.0.1-40001", "");
	const struct mount *w2 =
		add(b, "local", UI_WORKER, MOUNT_UP, "worker-20260131115802-10.0.0.1-40002", "");
	const struct mount *app =
		add(b, "local", UI_DRIVER, MOUNT_UP, "app-20260131120000-0001", "");
	struct master_info master = {"http://127.0.0.1:8080", "ALIVE", true};
	struct worker_info workers[] = {
		{w1->id, "10.0.0.1", "ALIVE", 2, 1, 2 * GIB, GIB, w1},
		{w2->id, "10.0.0.1", "ALIVE", 2, 0, 2 * GIB, 0, w2},
	};
	struct app_info apps[] = {
		{.id = app->id,
			.name = "running app",
			.user = "demo",
			.state = "RUNNING",
			.started_ms = now - 7 * MINUTE,
			.duration_ms = -1,
			.cores = 1,
			.running = true,
			.in_history = true,
			.mount = app},
		{.id = "app-20260131115900-0000",
			.name = "finished app",
			.user = "demo",
			.state = "FINISHED",
			.started_ms = now - 9 * MINUTE,
			.duration_ms = 83250,
			.cores = 2,
			.in_history = true,
			.completed_in_history = true},
	};

	registry_builder_cluster(
		b, &(struct cluster_info){.name = "local",
			   .spark_version = "4.3.0",
			   .has_masters = true,
			   .has_history = true,
			   .history_up = true,
			   .polled = true,
			   .masters = &master,
			   .masters_count = 1,
			   .cores = 4,
			   .cores_used = 1,
			   .memory_mb = 4 * GIB,
			   .memory_used_mb = GIB,
			   .workers = workers,
			   .workers_count = ARRAY_LEN(workers),
			   .apps = apps,
			   .apps_count = ARRAY_LEN(apps),
			   .master = add(b, "local", UI_MASTER, MOUNT_UP, "master", ""),
			   .history = add(b, "local", UI_HISTORY, MOUNT_UP, "shs", "")});
}

struct registry *page_world_small(const char *base)
{
	struct registry_builder *b = registry_builder_new(base);

	add_local(b);
	return registry_builder_finish(b);
}

struct registry *page_world_fresh(const char *base)
{
	struct registry_builder *b = registry_builder_new(base);
	struct master_info master = {"http://127.0.0.1:8080", "ALIVE", true};

	registry_builder_cluster(
		b, &(struct cluster_info){.name = "fresh",
			   .has_masters = true,
			   .polled = true,
			   .masters = &master,
			   .masters_count = 1,
			   .master = add(b, "fresh", UI_MASTER, MOUNT_UP, "master", "")});
	return registry_builder_finish(b);
}

/* --- prod: large, with all that can be odd --- */

static const char *const job_names[] = {"nightly-revenue-rollup", "Clickstream sessionizer",
	"feature-store backfill", "pricing_model_train", "orders CDC \xe2\x86\x92 lakehouse",
	"ad-hoc: churn cohort", "gdpr-erasure", "inventory forecast v7"};
static const char *const users[] = {"alice", "bob.miller", "svc-etl", "dagmar"};
static const char *const ends[] = {
	"FINISHED", "FINISHED", "FINISHED", "FAILED", "FINISHED", "KILLED"};

struct prod {
	struct registry_builder *b;
	const char *name;
	struct app_info *apps;
	char (*ids)[TEXT], (*names)[TEXT];
	size_t count;
	struct worker_info workers[WORKERS];
	char worker_ids[WORKERS][TEXT], hosts[WORKERS][TEXT];
};

static struct app_info *next_app(
	struct prod *p, const char *state, int64_t started, int64_t duration)
{
	size_t i = p->count++;
	struct app_info *a = &p->apps[i];

	snprintf(p->ids[i], TEXT, "app-20260131%06zu-%04zu", i % 1000000, i);
	snprintf(p->names[i], TEXT, "%s %zu", job_names[i % ARRAY_LEN(job_names)], i);
	*a = (struct app_info){.id = p->ids[i],
		.name = p->names[i],
		.user = users[i % ARRAY_LEN(users)],
		.state = state,
		.started_ms = started,
		.duration_ms = duration,
		.cores = (unsigned)(1 + i * 7 % 96),
		.running = duration < 0,
		.in_history = true};
	return a;
}

static void add_running(struct prod *p, int64_t now)
{
	static const char *const whys[] = {
		"it is being checked", "its address is outside the allowed networks"};

	for (int i = 0; i < 14; i++) {
		enum mount_state state = i == 2	  ? MOUNT_UNVERIFIED
					 : i == 3 ? MOUNT_REFUSED
						  : MOUNT_UP;
		struct app_info *a = next_app(
			p, i == 5 ? "WAITING" : "RUNNING", now - (i * i * 11 + 1) * MINUTE, -1);
		a->mount = i == 4 ? NULL
				  : add(p->b, p->name, UI_DRIVER, state, a->id,
					    state == MOUNT_UP ? "" : whys[state == MOUNT_REFUSED]);
		if (i == 1)
			a->name = page_world_hostile;
		if (i == 6)
			a->name = "an application whose author was asked to describe in its name "
				  "what it does, "
				  "for whom, since when, and why, and who therefore wrote a whole "
				  "paragraph of it";
	}
}

static void add_workers(struct prod *p)
{
	for (size_t i = 0; i < WORKERS; i++) {
		struct worker_info *w = &p->workers[i];
		bool dead = i % 13 == 5;
		snprintf(p->worker_ids[i], TEXT, "worker-20260131080000-10.20.1.%zu-39321", i + 10);
		snprintf(p->hosts[i], TEXT, "spark-w%02zu.prod.example", i + 1);
		*w = (struct worker_info){p->worker_ids[i], p->hosts[i], dead ? "DEAD" : "ALIVE",
			32, dead ? 0 : (unsigned)(i * 5 % 33), 128 * GIB,
			dead ? 0 : i * 5 % 33 * 4 * GIB,
			add(p->b, p->name, UI_WORKER,
				dead	 ? MOUNT_GONE
				: i == 3 ? MOUNT_REFUSED
					 : MOUNT_UP,
				p->worker_ids[i],
				i == 3 ? "its address is outside the allowed networks" : "")};
	}
}

static void add_prod(struct registry_builder *b, const char *name, size_t finished)
{
	struct prod *p = mem_alloc(1, sizeof *p);
	int64_t now = clock_wall_ms();
	const struct mount *uis[] = {add(b, name, UI_OTHER, MOUNT_UP, "hdfs", ""),
		add(b, name, UI_OTHER, MOUNT_UNVERIFIED, "ganglia", "it does not answer")};
	struct master_info masters[] = {{"http://spark-m1.prod.example:8080", "ALIVE", true},
		{"http://spark-m2.prod.example:8080", "STANDBY", false},
		{"http://spark-m3.prod.example:8080", "UNREACHABLE", false}};

	p->b = b;
	p->name = name;
	p->apps = mem_alloc(finished + 14, sizeof *p->apps);
	p->ids = mem_alloc(finished + 14, TEXT);
	p->names = mem_alloc(finished + 14, TEXT);
	add_running(p, now);
	add_workers(p);
	for (size_t i = 0; i < finished; i++)
		next_app(p, ends[i % ARRAY_LEN(ends)], now - (int64_t)(i + 3) * 17 * MINUTE,
			(int64_t)(i * 7919 % 9000000));
	registry_builder_cluster(
		b, &(struct cluster_info){.name = name,
			   .spark_version = "3.5.9",
			   .has_masters = true,
			   .has_history = true,
			   .history_up = true,
			   .polled = true,
			   .masters = masters,
			   .masters_count = ARRAY_LEN(masters),
			   .cores = 1280,
			   .cores_used = 611,
			   .memory_mb = 5120 * GIB,
			   .memory_used_mb = 2444 * GIB,
			   .workers = p->workers,
			   .workers_count = WORKERS,
			   .apps = p->apps,
			   .apps_count = p->count,
			   .uis = uis,
			   .uis_count = ARRAY_LEN(uis),
			   .master = add(b, name, UI_MASTER, MOUNT_UP, "master", ""),
			   .history = add(b, name, UI_HISTORY, MOUNT_UP, "shs", "")});
	free(p->apps);
	free(p->ids);
	free(p->names);
	free(p);
}

/* --- the others --- */

static void add_down(struct registry_builder *b)
{
	struct master_info masters[] = {{"http://10.9.0.5:8080", "UNREACHABLE", false}};
	struct app_info apps[] = {{.id = "app-20260130070000-0003",
		.name = "left-over",
		.user = "bob.miller",
		.state = "UNKNOWN",
		.started_ms = clock_wall_ms() - 2000 * MINUTE,
		.duration_ms = -1,
		.cores = 4}};

	registry_builder_cluster(b, &(struct cluster_info){.name = "staging",
					    .spark_version = "4.3.0",
					    .has_masters = true,
					    .polled = true,
					    .masters = masters,
					    .masters_count = 1,
					    .apps = apps,
					    .apps_count = 1,
					    .master = add(b, "staging", UI_MASTER, MOUNT_UNVERIFIED,
						    "master", "it does not answer")});
}

static void add_archive(struct registry_builder *b)
{
	struct app_info apps[] = {{.id = "app-20250101070000-0003",
		.name = "year-end closing",
		.user = "alice",
		.state = "FINISHED",
		.started_ms = 1767262800000,
		.duration_ms = 3 * 86400000LL + 7 * 3600000,
		.in_history = true,
		.completed_in_history = true}};

	registry_builder_cluster(
		b, &(struct cluster_info){.name = "archive",
			   .has_history = true,
			   .polled = true,
			   .apps = apps,
			   .apps_count = 1,
			   .history = add(b, "archive", UI_HISTORY, MOUNT_UNVERIFIED, "shs",
				   "it does not answer")});
}

static void add_tools(struct registry_builder *b)
{
	const struct mount *uis[] = {add(b, "tools", UI_OTHER, MOUNT_UP, "namenode", ""),
		add(b, "tools", UI_OTHER, MOUNT_UP, "zookeeper", "")};

	registry_builder_cluster(
		b, &(struct cluster_info){
			   .name = "tools", .polled = true, .uis = uis, .uis_count = 2});
}

static void add_new(struct registry_builder *b)
{
	struct master_info masters[] = {{"http://10.9.0.7:8080", "UNREACHABLE", false}};

	registry_builder_cluster(b, &(struct cluster_info){.name = "new",
					    .has_masters = true,
					    .masters = masters,
					    .masters_count = 1,
					    .master = add(b, "new", UI_MASTER, MOUNT_UNVERIFIED,
						    "master", "it was not asked yet")});
}

struct registry *page_world_large(const char *base)
{
	struct registry_builder *b = registry_builder_new(base);

	add_prod(b, "prod", PAGE_WORLD_FINISHED);
	add_local(b);
	add_down(b);
	add_archive(b);
	add_tools(b);
	add_new(b);
	return registry_builder_finish(b);
}

struct registry *page_world_many(size_t clusters, size_t apps)
{
	struct registry_builder *b = registry_builder_new("");
	char name[32];

	for (size_t i = 0; i < clusters; i++) {
		snprintf(name, sizeof name, "c%zu", i);
		add_prod(b, name, apps);
	}
	return registry_builder_finish(b);
}
