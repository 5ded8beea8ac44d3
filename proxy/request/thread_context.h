/* proxy/request/thread_context.h - a server thread as its exchanges see it; one thread. */
#ifndef SPARKGATE_PROXY_REQUEST_THREAD_CONTEXT_H
#define SPARKGATE_PROXY_REQUEST_THREAD_CONTEXT_H

#include "auth/service/auth.h"
#include "base/inbox.h"
#include "base/sbuf.h"
#include "base/share.h"
#include "conf/conf.h"
#include "proxy/discovery/pods/pod_question.h"
#include "proxy/front/front.h"
#include "proxy/launch/launch_question.h"
#include "proxy/upstream/upstream.h"
#include "proxy/request/metrics.h"
#include "proxy/request/thread_shared.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

struct artifact_bench;
struct endpoint_pods;
struct fetcher;
struct page_memo;
struct tunnel;

struct server_thread {
	const struct thread_shared *shared;
	pthread_t thread;
	struct event_base *base;
	struct inbox *inbox;
	struct event *inbox_event, *tick;
	struct front *front;
	struct upstream *upstream, *wire; /* pooled; of tunnels */
	LIST_HEAD(, tunnel) tunnels;
	struct auth *auth;
	struct share_reader *registry, *conf;
	struct metrics *metrics;
	struct ui_tokens *ui_tokens;
	struct static_cache *statics;	 /* NULL: none is wanted */
	struct static_fetches *fetches;	 /* into it */
	struct sbuf head;		 /* of the request that is sent on right now */
	struct evbuffer *filters[2];	 /* content between two filters; empty between callbacks */
	struct page_memo *pages;	 /* the last long one */
	struct evbuffer *nothing;	 /* always empty: the end of a content that is not kept */
	struct fetcher *kube;		 /* of Kubernetes' API servers; NULL: none was asked */
	unsigned kube_calls;		 /* exchanges that ask them */
	LIST_HEAD(, endpoint_pods) pods; /* the same */
	struct artifact_bench *bench;
	struct pod_question_list questions;	      /* with the keeper */
	struct launch_question_list launch_questions; /* the same */
	unsigned exchanges;
	uint64_t next_id; /* request ids: random start, counted up */
	bool draining;
	_Atomic bool done;
	_Atomic unsigned turns; /* of the loop */
	_Atomic unsigned shown_connections, shown_exchanges, shown_upstream;
	_Atomic size_t shown_static_bytes;
	_Atomic unsigned shown_http2, shown_streams;
	_Atomic uint64_t shown_resets;
};

#endif
