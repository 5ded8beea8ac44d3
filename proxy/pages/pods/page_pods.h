/*
 * proxy/pages/pods/page_pods.h - of an application whose driver is, or was, a pod: its containers
 * and how they ended, last lines of a log, and what Kubernetes tells of it.
 *
 * As page.h: pure. All of it is words of others, which are escaped here.
 */
#ifndef SPARKGATE_PROXY_PAGES_PODS_PAGE_PODS_H
#define SPARKGATE_PROXY_PAGES_PODS_PAGE_PODS_H

#include "proxy/discovery/kubernetes/kube_status.h"
#include "proxy/pages/page.h"

struct page_pods { /* borrowed */
	const struct cluster_info *cluster;
	const struct app_info *app;
	const struct kube_status *driver; /* NULL: nobody knows more of it than `driver_name` */
	const char *driver_name;	  /* of the pod */
	const json_t *const *executors;	  /* pods */
	size_t executors_count;
	bool has_more_executors;
	const char *const *problems; /* sentences: what could not be had */
	size_t problems_count;
};

struct page_log { /* borrowed */
	const char *pod, *container;
	struct str text; /* the last lines */
	bool is_cut;	 /* there are more before them */
	bool is_kept;	 /* read when the container ended */
};
/* `log` NULL: there is none. */
void page_logs(struct sbuf *out, const struct page_view *view, const struct page_pods *about,
	const struct page_log *log);

struct page_incidents { /* borrowed; newest first */
	const struct kube_incident *at;
	size_t count;
	bool has_more;
};
void page_events(struct sbuf *out, const struct page_view *view, const struct page_pods *about,
	const struct page_incidents *list);

#endif
