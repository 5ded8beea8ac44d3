#include "proxy/discovery/poll_master.h"

#include "base/log/log.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/known/verify_ui.h"
#include "proxy/discovery/merge_polls.h"
#include "proxy/discovery/spark/app_page.h"

#include <stdlib.h>

enum { MASTER_JSON_MAX = 32 * 1024 * 1024 };
enum { VERSION_TRIES = 5, VERSION_PAGE_MAX = 256 * 1024 };

struct master *master_new(struct cluster *c, const struct url *url)
{
	struct master *m = mem_alloc(1, sizeof *m);

	polled_server_init(&m->server, c, UI_MASTER, url);
	m->server.fence = c->found ? &c->fence : NULL;
	m->status = "UNREACHABLE";
	return m;
}

/* One is of the master that is followed. */
static void forget_version(struct cluster *c)
{
	if (c->version_fetch)
		fetch_cancel(c->version_fetch);
	c->version_fetch = NULL;
}

void master_free(struct master *m)
{
	struct cluster *c = m->server.cluster;

	if (c->active == m) {
		forget_version(c);
		c->active = NULL;
	}
	polled_server_clear(&m->server);
	free(m);
}

static void on_master_version(const struct fetch_result *result, void *arg)
{
	struct cluster *c = arg;
	char version[SPARK_VERSION_MAX];

	c->version_fetch = NULL;
	app_page_version(result->body, version);
	if (version[0] == '\0')
		return;
	c->version_tries = 0;
	if (strcmp(c->version, version) != 0) {
		memcpy(c->version, version, sizeof version);
		cluster_changed(c);
	}
}

/* Any page carries the version; that of an application that does not exist is the smallest. */
static void ask_master_version(struct cluster *c)
{
	if (c->version_tries == 0 || c->version_fetch)
		return;
	c->version_tries--;
	c->version_fetch = polled_server_ask(
		&c->active->server, "/app/?appId=none", VERSION_PAGE_MAX, on_master_version, c);
}

static void set_status(struct master *m, const char *status)
{
	struct cluster *c = m->server.cluster;

	if (strcmp(m->status, status) == 0)
		return;
	log_info("discovery", "cluster %s: master %s is %s", c->name, m->server.text, status);
	m->status = status;
	cluster_changed(c);
}

static bool is_alive(const struct master *m)
{
	return strcmp(m->status, "ALIVE") == 0;
}

static void follow_master(struct master *m)
{
	struct cluster *c = m->server.cluster;

	log_info("discovery", "cluster %s: following master %s", c->name, m->server.text);
	forget_version(c);
	c->active = m;
	c->version_tries = VERSION_TRIES;
	c->direct_only = false;
	verify_ui_through_master(c);
	cluster_changed(c);
}

static void note_master_address(struct master *m)
{
	struct cluster *c = m->server.cluster;

	if (m->server.fence) /* whoever made it does not say what may be reached */
		return;
	if (address_fence_add_master(&c->fence, (const struct sockaddr *)&m->server.addr))
		verify_ui_refence(c);
}

static void take_master_json(struct master *m, const struct spark_master *answer, uint64_t digest)
{
	struct cluster *c = m->server.cluster;
	bool was_alive = is_alive(m);

	set_status(m, answer->status);
	if (strcmp(m->host, answer->host) != 0) {
		memcpy(m->host, answer->host, sizeof m->host);
		cluster_changed(c);
	}
	if (!is_alive(m))
		return;
	/* Two may say ALIVE for a moment: stay with the one that is followed. */
	if (c->active != m && (c->active == NULL || !is_alive(c->active)))
		follow_master(m);
	if (c->active != m)
		return;
	if (!was_alive) /* it may have been replaced by another version */
		c->version_tries = VERSION_TRIES;
	merge_master(c, answer);
	c->digest = digest;
	ask_master_version(c);
}

/* Most answers bring nothing: parsing them all would be most of what the gateway does at rest. */
static bool is_unchanged(const struct master *m, uint64_t digest)
{
	const struct cluster *c = m->server.cluster;

	return c->active == m && is_alive(m) && c->digest == digest;
}

static void on_master_json(const struct fetch_result *result, void *arg)
{
	struct master *m = arg;
	struct polled_server *s = &m->server;
	struct spark_master answer;
	uint64_t digest;
	struct err err = {""};

	if (!polled_server_note(s, result, 200)) {
		set_status(m, "UNREACHABLE");
		return;
	}
	digest = spark_master_digest(result->body);
	if (is_unchanged(m, digest)) {
		note_master_address(m);
		ask_master_version(s->cluster);
		return;
	}
	if (spark_master_parse(result->body, &answer, &err) == -1) {
		polled_server_set_up(s, false, err.text);
		set_status(m, "UNREACHABLE");
		return;
	}
	note_master_address(m);
	take_master_json(m, &answer, digest);
	spark_master_clear(&answer);
}

void master_poll(struct master *m)
{
	if (m->server.fetch == NULL) /* a slow one is not asked twice */
		polled_server_poll(&m->server, "/json/", MASTER_JSON_MAX, on_master_json);
}
