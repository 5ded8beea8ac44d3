/*
 * tests/support/scene.h - one discovery on an event loop of the test's own, and what it published
 * last.
 *
 * A test starts fakes, makes a scene, adds to its configuration, starts it and waits on conditions.
 */
#ifndef SPARKGATE_TESTS_SCENE_H
#define SPARKGATE_TESTS_SCENE_H

#include "base/clock.h"
#include "conf/conf.h"
#include "proxy/discovery/discovery.h"
#include "proxy/registry/registry.h"
#include "tests/support/fake_http.h"
#include "tests/support/fake_master.h"

struct event_base;
struct fetcher;

enum { SCENE_POLL_MS = 50, SCENE_PATIENCE_MS = 180000 };

struct scene {
	struct event_base *base;
	struct fetcher *fetcher;
	struct discovery *discovery;
	struct conf conf; /* one cluster, "c" */
	struct conf_cluster clusters[2];
	struct url masters[2], histories[2];
	struct conf_ui ui;
	struct registry *reg; /* NULL until the first was published */
	unsigned published;
};

struct scene *scene_new(const char *master); /* its URL, or NULL: none yet */
void scene_start(struct scene *s);
void scene_free(struct scene *s);
void scene_turn(struct scene *s); /* lets the loop run for some milliseconds */
struct url scene_url(const char *text);
/* One more history server, on loopback, for the first cluster. */
void scene_add_history(struct scene *s, unsigned port);
void scene_fail(const char *condition);

/* Turns the loop until `condition`, which may use s->reg, holds. */
#define scene_wait(s, condition)                                                                   \
	do {                                                                                       \
		int64_t give_up = clock_mono_ms() + SCENE_PATIENCE_MS;                             \
		while ((s)->reg == NULL || !(condition)) {                                         \
			if (clock_mono_ms() > give_up)                                             \
				scene_fail(#condition);                                            \
			scene_turn(s);                                                             \
		}                                                                                  \
	} while (0)
void scene_wait_polls(struct scene *s, struct fake_master *m, unsigned polls);

const struct cluster_info *scene_cluster(const struct scene *s);
const struct mount *scene_mount(const struct scene *s, const char *id);
bool scene_is(const struct scene *s, const char *id, enum mount_state state);
const struct app_info *scene_app(const struct scene *s, const char *id_or_name);

/* A UI that says who it is. */
struct fake_ui {
	struct fake_http *http;
	char url[64], authority[64];
};
struct fake_ui fake_worker_start(const char *id);
struct fake_ui fake_driver_start(const char *id);

#endif
