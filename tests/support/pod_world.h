/*
 * tests/support/pod_world.h - a discovery of one cluster with a history server and pods of every
 * namespace, filled by hand: no network, and no turn of its loop.
 */
#ifndef SPARKGATE_TESTS_POD_WORLD_H
#define SPARKGATE_TESTS_POD_WORLD_H

#include "auth/store/store.h"
#include "proxy/discovery/discovery.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/kubernetes/kube_pod.h"
#include "proxy/discovery/kubernetes/kube_watch.h"
#include "proxy/discovery/merge_pods.h"

#define POD_WORLD_START INT64_C(1700000000000)

struct pod_world {
	struct event_base *base;
	struct fetcher *fetcher;
	struct discovery *discovery;
	struct conf conf; /* one cluster with a history server and pods of every namespace */
	struct conf_cluster cluster;
	char *namespaces[1];
	struct store *store;
};

struct cluster *pod_world_cluster(struct pod_world *w);
struct kube_watch *pod_world_watch(struct pod_world *w);
/* The gateway starts: it has asked nobody yet. */
void pod_world_begin(struct pod_world *w);
int pod_world_set_up(void **state);
int pod_world_tear_down(void **state);
void pod_world_restart(struct pod_world *w);
/* A list of pods begins; what is put is in it until pod_world_listed(). */
void pod_world_listing(struct pod_world *w);
void pod_world_listed(struct pod_world *w);
/* The history server's whole list. `started` 0: it is empty. */
void pod_world_history_lists(struct pod_world *w, const char *id, int64_t started, bool completed);
void pod_world_ready(struct pod_world *w);
struct kube_pod pod_world_pod(
	const char *namespace, const char *app, enum kube_phase phase, int64_t created);
void pod_world_put(struct pod_world *w, const char *namespace, const char *app,
	enum kube_phase phase, int64_t created);
void pod_world_drop(struct pod_world *w, const char *namespace, const char *app);
const struct app *pod_world_app(struct pod_world *w, const char *id);
/* Whose people see it, as the next snapshot has it. */
const char *pod_world_owner(struct pod_world *w, const char *id);
/* The person whose it is, as the next snapshot has it. */
const char *pod_world_user(struct pod_world *w, const char *id);
/* Whose pod has its place. */
const char *pod_world_holder(struct pod_world *w, const char *id);

#endif
