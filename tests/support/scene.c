#include "tests/support/scene.h"

#include "base/net/fetch.h"
#include "base/log/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

static char cluster_name[] = "c";

static void on_publish(struct registry *reg, void *arg)
{
	struct scene *s = arg;

	registry_free(s->reg);
	s->reg = reg;
	s->published++;
}

void scene_fail(const char *condition)
{
	fail_msg("never came true: %s", condition);
}

struct url scene_url(const char *text)
{
	struct url url;
	struct err err;

	if (url_parse(str_of(text), &url, &err) == -1)
		fail_msg("%s", err.text);
	return url;
}

struct scene *scene_new(const char *master)
{
	struct scene *s = mem_alloc(1, sizeof *s);

	log_set_level(LOG_ERROR);
	s->base = event_base_new();
	s->fetcher = fetcher_new(s->base);
	s->conf.refs = 1; /* part of the scene: never freed by reference */
	s->conf.clusters = s->clusters;
	s->conf.clusters_count = 1;
	s->clusters[0] = (struct conf_cluster){
		.name = cluster_name, .poll_ms = SCENE_POLL_MS, .masters = s->masters};
	if (master)
		s->masters[s->clusters[0].masters_count++] = scene_url(master);
	return s;
}

void scene_start(struct scene *s)
{
	s->discovery = discovery_new(s->base, s->fetcher, &s->conf, on_publish, s);
}

void scene_free(struct scene *s)
{
	discovery_free(s->discovery);
	fetcher_free(s->fetcher);
	event_base_free(s->base);
	registry_free(s->reg);
	free(s);
}

void scene_turn(struct scene *s)
{
	const struct timeval soon = {0, 10000};

	event_base_loopexit(s->base, &soon);
	event_base_dispatch(s->base);
}

void scene_wait_polls(struct scene *s, struct fake_master *m, unsigned polls)
{
	unsigned until = fake_http_hits(fake_master_http(m), "/json/") + polls;

	scene_wait(s, fake_http_hits(fake_master_http(m), "/json/") >= until);
}

const struct cluster_info *scene_cluster(const struct scene *s)
{
	return registry_cluster(s->reg, STR("c"));
}

const struct mount *scene_mount(const struct scene *s, const char *id)
{
	return registry_proxy(s->reg, STR("c"), str_of(id));
}

bool scene_is(const struct scene *s, const char *id, enum mount_state state)
{
	const struct mount *m = scene_mount(s, id);

	return m && m->state == state;
}

const struct app_info *scene_app(const struct scene *s, const char *id_or_name)
{
	return registry_app(s->reg, STR("c"), str_of(id_or_name));
}

static struct fake_ui ui_start(const char *path, const char *body)
{
	struct fake_ui ui = {.http = fake_http_start("127.0.0.1")};

	snprintf(ui.authority, sizeof ui.authority, "127.0.0.1:%u", fake_http_port(ui.http));
	snprintf(ui.url, sizeof ui.url, "http://%.50s", ui.authority);
	fake_http_set(ui.http, path, 200, "text/json;charset=utf-8", body);
	return ui;
}

struct fake_ui fake_worker_start(const char *id)
{
	char body[256];

	snprintf(body, sizeof body, "{\"id\":\"%s\",\"masterurl\":\"spark://m:7077\"}", id);
	return ui_start("/json/", body);
}

struct fake_ui fake_driver_start(const char *id)
{
	char body[256];

	snprintf(body, sizeof body, "[{\"id\":\"%s\"}]", id);
	return ui_start("/api/v1/applications", body);
}

void scene_add_history(struct scene *s, unsigned port)
{
	char url[64];

	snprintf(url, sizeof url, "http://127.0.0.1:%u/", port);
	s->clusters[0].history = s->histories;
	s->histories[s->clusters[0].history_count++] = scene_url(url);
}
