/* proxy/pages/pods/pods_parts.h - what the page of logs and that of events have in common. */
#ifndef SPARKGATE_PROXY_PAGES_PODS_PODS_PARTS_H
#define SPARKGATE_PROXY_PAGES_PODS_PODS_PARTS_H

#include "proxy/pages/pods/page_pods.h"

/* Frame, name, the way between both pages, and what could not be had. */
void pods_open(struct sbuf *out, const struct page_view *view, const struct page_pods *about,
	bool is_events);

#endif
