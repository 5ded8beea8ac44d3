/* proxy/discovery/found/found_settle.c - what found clusters are called in paths, and where their
 * servers are. */
#include "proxy/discovery/found/found.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "base/text/digest.h"
#include "auth/store/store.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/kubernetes/kube_watch.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	ASKED_AGAIN_MS = 24 * 3600 * 1000, /* the store forgets what nobody asks for */
	RANKS_COUNT = 3,
};

/* --- its name in paths --- */

static bool is_same(const struct found_cluster *a, const struct found_cluster *b)
{
	return a->finder == b->finder && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->namespace, b->namespace) == 0;
}

/* By the configuration, by a path of our own, or by what Spark's scripts look for in addresses. */
static bool is_reserved(const struct discovery *d, const char *path)
{
	static const char *const words[] = {"whoami", "proxy", "history", "shs"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i], path) == 0)
			return true;
	}
	return conf_find_cluster(d->conf, str_of(path)) != NULL;
}

static bool is_taken(const struct discovery *d, const struct found_cluster *f, const char *path)
{
	const struct found_cluster *at;

	TAILQ_FOREACH(at, &d->found->clusters, entry)
	{
		if (at != f && at->path && !at->is_over && strcmp(at->path, path) == 0 &&
			!is_same(at, f))
			return true;
	}
	return is_reserved(d, path);
}

/* S108: whose it was first, whoever has gone since. False: the store did not answer. */
static bool ask_store(
	const struct discovery *d, const struct found_cluster *f, const char *path, bool *is_ours)
{
	struct store_owner owner = {.is_claim = true};
	char *key = mem_printf("cluster %s", path);
	char claim[STORE_OWNER];
	bool is_answered = true;

	snprintf(claim, sizeof claim, "cluster %.63s/%.63s", f->finder->name, f->namespace);
	digest_sha256(str_of(key), owner.key);
	memcpy(owner.name, claim, sizeof owner.name);
	free(key);
	if (d->store)
		is_answered = d->store->ops->owners(d->store, &owner, 1, clock_wall_s()) == 0 &&
			      owner.is_settled;
	*is_ours = is_answered && strcmp(owner.name, claim) == 0;
	return is_answered;
}

/* The first is for people; no name of the three has a dot, so that the last is nobody else's. */
static void write_path(const struct found_cluster *f, unsigned rank, char out[FOUND_NAME_MAX])
{
	const char *parts[] = {f->name, f->namespace, f->finder->name};
	size_t len = 0;

	for (unsigned i = 0; i <= rank; i++)
		len += (size_t)snprintf(
			out + len, FOUND_NAME_MAX - len, "%s%.63s", i ? "." : "", parts[i]);
}

/* False: the store did not answer. */
static bool choose_path(const struct discovery *d, struct found_cluster *f)
{
	char path[FOUND_NAME_MAX];
	bool is_ours = false;

	for (unsigned rank = 0; rank < RANKS_COUNT && !is_ours; rank++) {
		write_path(f, rank, path);
		if (is_taken(d, f, path))
			continue;
		if (!ask_store(d, f, path, &is_ours))
			return false;
	}
	if (is_ours) {
		mem_replace_text(&f->path, path);
		log_info("discovery", "cluster %s: SparkCluster %s of namespace %s is at %s",
			f->finder->name, f->name, f->namespace, path);
	} else if (!f->was_warned) {
		log_warn("discovery",
			"cluster %s: all names of SparkCluster %s of namespace %s are taken",
			f->finder->name, f->name, f->namespace);
		f->was_warned = true;
	}
	return true;
}

static bool settle_path(const struct discovery *d, struct found_cluster *f)
{
	int64_t now = clock_mono_ms();
	bool is_ours;

	if (f->path && is_reserved(d, f->path)) /* a configuration has come that has this name */
		mem_replace_text(&f->path, NULL);
	if (f->path && now - f->asked_ms < ASKED_AGAIN_MS)
		return true;
	f->asked_ms = now;
	return f->path ? ask_store(d, f, f->path, &is_ours) : choose_path(d, f);
}

/* --- its servers --- */

/* The pod of a StatefulSet of one has this name, which no second pod can have. */
static bool is_master_of(const struct found_server *s, const struct found_cluster *f)
{
	size_t len = strlen(f->name);

	return f->watch && s->role == FOUND_MASTER && strncmp(s->name, f->name, len) == 0 &&
	       strcmp(s->name + len, "-master-0") == 0;
}

static bool is_beside(const struct found_server *s, const struct found_cluster *f)
{
	return s->watch->cluster == f->finder && strcmp(s->namespace, f->namespace) == 0;
}

static void set_url(struct found_cluster *f, struct url *slot, const struct url *url)
{
	f->is_changed |= !url_is_same(slot, url);
	*slot = *url;
}

static void find_servers(const struct discovery *d, struct found_cluster *f)
{
	size_t masters = 0, histories = 0;
	const struct found_server *s;

	TAILQ_FOREACH(s, &d->found->servers, entry)
	{
		if (!is_beside(s, f))
			continue;
		if (is_master_of(s, f) && masters == 0)
			set_url(f, &f->master, &s->url), masters++;
		else if (s->role == FOUND_HISTORY && histories < CONF_HISTORIES)
			set_url(f, &f->histories[histories++], &s->url);
	}
	f->is_changed |= f->conf.masters_count != masters || f->conf.history_count != histories;
	f->conf.masters_count = masters;
	f->conf.history_count = histories;
}

static void make_conf(const struct discovery *d, struct found_cluster *f)
{
	const struct conf_cluster *of = f->finder->conf;

	find_servers(d, f);
	f->conf.name = f->path;
	f->conf.masters = &f->master;
	f->conf.history = f->histories;
	f->conf.networks = of->networks;
	f->conf.networks_count = of->networks_count;
	f->conf.ca_file = of->ca_file;
	f->conf.shared_accounts = of->shared_accounts;
	f->conf.poll_ms = of->poll_ms;
}

bool found_settle(struct discovery *d)
{
	struct found_cluster *f;
	bool is_answered = true;

	TAILQ_FOREACH(f, &d->found->clusters, entry)
	{
		if (f->watch == NULL && f->path && is_reserved(d, f->path))
			found_end(d->found, f); /* a configuration has come that has this name */
		if (f->is_over)
			continue;
		if (f->watch && is_answered)
			is_answered = settle_path(d, f);
		make_conf(d, f);
	}
	return is_answered;
}
