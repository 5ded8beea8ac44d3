#include "proxy/discovery/found/found.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/kubernetes/kube_watch.h"

#include <event2/event.h>
#include <stdlib.h>

struct found *found_new(void)
{
	struct found *found = mem_alloc(1, sizeof *found);

	TAILQ_INIT(&found->clusters);
	TAILQ_INIT(&found->servers);
	return found;
}

static struct found *found_of(const struct kube_watch *w)
{
	return w->cluster->discovery->found;
}

/* Whoever makes clusters of them looks soon, and not while one is told of. */
static void found_changed(const struct kube_watch *w)
{
	const struct timeval now = {0, 0};

	event_add(w->cluster->discovery->found_timer, &now);
}

/* Of several finders each has namespaces of its own. Gives. */
static char *share_of(const struct cluster *finder, const char *namespace)
{
	return mem_printf("%s/%s", finder->name, namespace);
}

static bool has_share(const struct namespace_shares *shares, const struct kube_watch *w,
	const char *namespace, uint64_t all)
{
	char *share = share_of(w->cluster, namespace);
	bool has_room = namespace_shares_have_room(shares, share, all, NULL);

	free(share);
	return has_room;
}

/* --- clusters --- */

static void free_cluster(struct found *found, struct found_cluster *f)
{
	TAILQ_REMOVE(&found->clusters, f, entry);
	if (!f->is_over)
		namespace_shares_give(
			f->watch ? &found->cluster_shares : &found->gone_shares, f->share, 1);
	free(f->share);
	free(f->namespace);
	free(f->name);
	free(f->uid);
	free(f->state);
	free(f->path);
	free(f);
}

/* Live ones, by name and namespace; NULL: there is none. */
static struct found_cluster *find_cluster(const struct kube_watch *w, const struct found_word *word)
{
	struct found_cluster *f;

	TAILQ_FOREACH(f, &found_of(w)->clusters, entry)
	{
		if (f->watch == w && strcmp(f->name, word->name) == 0 &&
			strcmp(f->namespace, word->namespace) == 0)
			return f;
	}
	return NULL;
}

static bool has_room(const struct kube_watch *w, const char *namespace)
{
	struct found *found = found_of(w);
	bool has_room = has_share(&found->cluster_shares, w, namespace, FOUND_MAX);

	if (!has_room && !found->is_full)
		log_warn("discovery",
			"cluster %s: more than %d SparkClusters, or more than a quarter of them of "
			"namespace %s: the others are left out",
			w->cluster->name, FOUND_MAX, namespace);
	found->is_full |= !has_room;
	return has_room;
}

/* A label of DNS, as its services need; so that no dot is in it but ours (found_settle.c). */
static bool is_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len > 0 && len <= 63 && name[len] == '\0' && name[0] != '-';
}

/* Gateways see them in any order, and agree on who was first. */
static bool is_younger(int64_t a_ms, const char *a_uid, int64_t b_ms, const char *b_uid)
{
	return a_ms > b_ms || (a_ms == b_ms && strcmp(a_uid, b_uid) > 0);
}

static void insert_by_age(struct found *found, struct found_cluster *f)
{
	struct found_cluster *at;

	TAILQ_FOREACH(at, &found->clusters, entry)
	{
		if (is_younger(at->created_ms, at->uid, f->created_ms, f->uid))
			break;
	}
	if (at)
		TAILQ_INSERT_BEFORE(at, f, entry);
	else
		TAILQ_INSERT_TAIL(&found->clusters, f, entry);
}

static struct found_cluster *cluster_of(
	struct cluster *finder, const struct found_word *word, const char *state)
{
	struct found_cluster *f = mem_alloc(1, sizeof *f);

	f->finder = finder;
	f->namespace = mem_strdup(word->namespace);
	f->share = share_of(finder, word->namespace);
	f->name = mem_strdup(word->name);
	f->uid = mem_strdup(word->uid);
	f->state = mem_strdup(state);
	f->created_ms = word->created_ms;
	insert_by_age(finder->discovery->found, f);
	return f;
}

static struct found_cluster *add_cluster(struct kube_watch *w, const struct found_word *word)
{
	struct found_cluster *f;

	if (!is_name(word->name) || !has_room(w, word->namespace))
		return NULL;
	f = cluster_of(w->cluster, word, "");
	f->watch = w;
	namespace_shares_take(&found_of(w)->cluster_shares, f->share, 1);
	return f;
}

void found_end(struct found *found, struct found_cluster *f)
{
	if (f->is_over)
		return;
	f->is_over = true;
	namespace_shares_give(&found->gone_shares, f->share, 1);
}

/* The one that went first, of the namespace that has most of them. */
static void forget_oldest(struct found *found)
{
	const char *most = namespace_shares_most(&found->gone_shares);
	struct found_cluster *at, *oldest = NULL;

	TAILQ_FOREACH(at, &found->clusters, entry)
	{
		if (at->watch == NULL && !at->is_over && strcmp(at->share, most) == 0 &&
			(oldest == NULL || at->deleted_ms < oldest->deleted_ms))
			oldest = at;
	}
	if (oldest)
		found_end(found, oldest);
}

/* Its links go on saying what it was. */
static void bury(struct found *found, struct found_cluster *f)
{
	f->watch = NULL;
	f->is_changed = f->finder->is_gone_changed = true;
	f->deleted_ms = clock_wall_ms();
	namespace_shares_give(&found->cluster_shares, f->share, 1);
	namespace_shares_take(&found->gone_shares, f->share, 1);
	found->is_full = false;
	if (found->gone_shares.taken > FOUND_GONE_MAX)
		forget_oldest(found);
}

static bool is_known(
	const struct found *found, const struct cluster *finder, const struct found_word *word)
{
	const struct found_cluster *at;

	TAILQ_FOREACH(at, &found->clusters, entry)
	{
		if (!at->is_over && at->finder == finder && strcmp(at->name, word->name) == 0 &&
			strcmp(at->namespace, word->namespace) == 0)
			return true;
	}
	return false;
}

void found_recall(struct cluster *finder, const struct found_gone *gone)
{
	struct found *found = finder->discovery->found;
	struct found_cluster *f;

	if (!is_name(gone->word.name) || gone->path[0] == '\0' || gone->deleted_ms <= 0 ||
		gone->word.namespace[0] == '\0' || is_known(found, finder, &gone->word))
		return;
	f = cluster_of(finder, &gone->word, gone->state);
	f->path = mem_strdup(gone->path);
	f->deleted_ms = gone->deleted_ms;
	f->is_changed = true;
	namespace_shares_take(&found->gone_shares, f->share, 1);
	if (found->gone_shares.taken > FOUND_GONE_MAX)
		forget_oldest(found);
}

/* One of the same name comes in its place, as the same cluster to people. */
static void replace_buried(struct found *found, const struct found_cluster *f)
{
	struct found_cluster *at;

	TAILQ_FOREACH(at, &found->clusters, entry)
	{
		if (at->watch == NULL && at->finder == f->finder &&
			strcmp(at->name, f->name) == 0 &&
			strcmp(at->namespace, f->namespace) == 0) {
			found_end(found, at);
			f->finder->is_gone_changed = true;
		}
	}
}

void found_put_cluster(struct kube_watch *w, const struct found_word *word, const char *state)
{
	struct found_cluster *f = find_cluster(w, word);
	bool is_new = f == NULL;

	if (f && strcmp(f->uid, word->uid) != 0) { /* its end was not seen */
		bury(found_of(w), f);
		is_new = true;
	}
	if (is_new)
		f = add_cluster(w, word);
	if (f == NULL)
		return;
	if (is_new)
		replace_buried(found_of(w), f);
	f->listing = w->listings;
	f->is_changed |= mem_replace_text(&f->state, state) || is_new;
	if (f->is_changed)
		found_changed(w);
}

void found_drop_cluster(struct kube_watch *w, const struct found_word *word)
{
	struct found_cluster *f = find_cluster(w, word);

	if (f == NULL)
		return;
	bury(found_of(w), f);
	found_changed(w);
}

/* --- servers --- */

static void free_server(struct found *found, struct found_server *s)
{
	TAILQ_REMOVE(&found->servers, s, entry);
	namespace_shares_give(&found->server_shares, s->share, 1);
	free(s->share);
	free(s->namespace);
	free(s->name);
	free(s->uid);
	free(s);
}

static struct found_server *find_server(const struct kube_watch *w, const struct found_word *word)
{
	struct found_server *s;

	TAILQ_FOREACH(s, &found_of(w)->servers, entry)
	{
		if (s->watch == w && strcmp(s->name, word->name) == 0 &&
			strcmp(s->namespace, word->namespace) == 0)
			return s;
	}
	return NULL;
}

static void insert_server(struct found *found, struct found_server *s)
{
	struct found_server *at;

	TAILQ_FOREACH(at, &found->servers, entry)
	{
		if (is_younger(at->created_ms, at->uid, s->created_ms, s->uid))
			break;
	}
	if (at)
		TAILQ_INSERT_BEFORE(at, s, entry);
	else
		TAILQ_INSERT_TAIL(&found->servers, s, entry);
	namespace_shares_take(&found->server_shares, s->share, 1);
}

static struct found_server *add_server(
	struct kube_watch *w, enum found_role role, const struct found_word *word)
{
	struct found *found = found_of(w);
	struct found_server *s;

	if (!has_share(&found->server_shares, w, word->namespace, FOUND_SERVERS_MAX))
		return NULL;
	s = mem_alloc(1, sizeof *s);
	s->role = role;
	s->watch = w;
	s->namespace = mem_strdup(word->namespace);
	s->share = share_of(w->cluster, word->namespace);
	s->name = mem_strdup(word->name);
	s->uid = mem_strdup(word->uid);
	s->created_ms = word->created_ms;
	insert_server(found, s);
	return s;
}

void found_put_server(struct kube_watch *w, enum found_role role, const struct found_word *word,
	const struct url *url)
{
	struct found_server *s = find_server(w, word);

	if (s && (url == NULL || strcmp(s->uid, word->uid) != 0)) {
		free_server(found_of(w), s);
		s = NULL;
		found_changed(w);
	}
	if (url == NULL || (s == NULL && (s = add_server(w, role, word)) == NULL))
		return;
	s->listing = w->listings;
	if (url_is_same(&s->url, url))
		return;
	s->url = *url;
	found_changed(w);
}

/* --- what a list lacks --- */

void found_listed(struct kube_watch *w)
{
	struct found *found = found_of(w);
	struct found_cluster *f;
	struct found_server *s, *next;

	TAILQ_FOREACH(f, &found->clusters, entry)
	{
		if (f->watch == w && f->listing != w->listings)
			bury(found, f);
	}
	for (s = TAILQ_FIRST(&found->servers); s; s = next) {
		next = TAILQ_NEXT(s, entry);
		if (s->watch == w && s->listing != w->listings)
			free_server(found, s);
	}
	found_changed(w);
}

void found_unwatched(struct kube_watch *w)
{
	struct found *found = found_of(w);
	struct found_cluster *f;
	struct found_server *s, *next;

	TAILQ_FOREACH(f, &found->clusters, entry)
	{
		if (f->watch == w)
			bury(found, f);
		if (f->watch == NULL && f->finder == w->cluster)
			found_end(found, f);
	}
	for (s = TAILQ_FIRST(&found->servers); s; s = next) {
		next = TAILQ_NEXT(s, entry);
		if (s->watch == w)
			free_server(found, s);
	}
	found_changed(w);
}

/* --- the end --- */

void found_sweep(struct found *found)
{
	struct found_cluster *f, *next;

	for (f = TAILQ_FIRST(&found->clusters); f; f = next) {
		next = TAILQ_NEXT(f, entry);
		if (f->is_over && f->cluster == NULL)
			free_cluster(found, f);
	}
}

void found_free(struct found *found)
{
	while (!TAILQ_EMPTY(&found->servers))
		free_server(found, TAILQ_FIRST(&found->servers));
	while (!TAILQ_EMPTY(&found->clusters))
		free_cluster(found, TAILQ_FIRST(&found->clusters));
	namespace_shares_clear(&found->cluster_shares);
	namespace_shares_clear(&found->gone_shares);
	namespace_shares_clear(&found->server_shares);
	free(found);
}
