/*
 * proxy/discovery/discovery.h - finds every UI of every cluster and publishes what it knows as a
 * registry.
 *
 * Polls masters and history servers, asks each worker and driver who it is before anybody is sent
 * there, and keeps what strangers named inside the fence (address_fence.h).
 * Everything runs on the thread of `base`, callbacks included; server threads only ever see the
 * published snapshots.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_DISCOVERY_H
#define SPARKGATE_PROXY_DISCOVERY_DISCOVERY_H

#include "base/mem.h"
#include "base/str.h"

struct conf;
struct discovery;
struct event_base;
struct fetcher;
struct json_writer;
struct registry;
struct sbuf;
struct store;

/* Shares `conf`, borrows `base` and `fetcher`, which outlive it. `publish` takes each new registry;
 * it is called from the event loop only, first at once with nothing polled yet, then whenever
 * something changed. */
struct discovery *discovery_new(struct event_base *base, struct fetcher *fetcher, struct conf *conf,
	void (*publish)(struct registry *registry, void *arg), void *arg);
/* Borrows; at once after discovery_new(). It keeps whose an application is, for all gateways on it
 * and their restarts. */
void discovery_use_store(struct discovery *d, struct store *store);
/* Not from within `publish`. NULL is fine. */
void discovery_free(struct discovery *d);
/* A reload: what is known of the clusters that remain is kept, but judged by the new networks at
 * once. */
void discovery_set_conf(struct discovery *d, struct conf *conf);
/* Adds sparkgate_cluster_up for each cluster of the configuration (Prometheus text format): 0 while
 * none of its masters, one of its history servers or its API server does not answer. */
void discovery_write_metrics(const struct discovery *d, struct sbuf *out);
/* Everything that is named was asked once, and everything that was found then: what can be known
 * is. */
bool discovery_is_settled(const struct discovery *d);
/* The UI of this mount could not be connected to: somebody else may live there soon, so nobody is
 * sent there until it has said again who it is. */
void discovery_suspect(struct discovery *d, struct str cluster, struct str id);
/* Adds how the watches of driver pods are as members: "<cluster>":{"<namespace>":"ok"}, or "down",
 * or "starting"; none when none is configured. The log says why. */
void discovery_describe_pods(const struct discovery *d, struct json_writer *json);
/* The same of resources of operators: "<cluster>":{"<namespace>":{"<kind>":"ok"}}, or "not there",
 * or "not allowed". */
void discovery_describe_resources(const struct discovery *d, struct json_writer *json);
/* The same as items of a list: rights that its accounts were found to lack, what is lost by each,
 * and what gives it. */
void discovery_describe_rights(const struct discovery *d, struct json_writer *json);

#endif
