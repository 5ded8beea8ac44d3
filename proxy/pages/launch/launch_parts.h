/* proxy/pages/launch/launch_parts.h - what the pages of launches share. Pure. */
#ifndef SPARKGATE_PROXY_PAGES_LAUNCH_LAUNCH_PARTS_H
#define SPARKGATE_PROXY_PAGES_LAUNCH_LAUNCH_PARTS_H

#include "base/text/json_value.h"
#include "proxy/pages/page_parts.h"

#include <jansson.h>

/* The inside of an href: "<base>/applications/<id><below>". */
void launch_href(
	struct sbuf *out, const struct page_view *view, const json_t *launch, const char *below);
void launch_state(struct sbuf *out, const json_t *launch); /* a pill */
bool launch_is_live(const json_t *launch);
/* A form of one button that posts to what is `below`. */
void launch_button(struct sbuf *out, const struct page_view *view, const json_t *launch,
	const char *below, const char *word);
/* Leads to the question whether it is to be ended. */
void launch_kill_link(struct sbuf *out, const struct page_view *view, const json_t *launch);
/* A time of the API's JSON; nothing when there is none. */
void launch_time(struct sbuf *out, const json_t *json, const char *name);
/* The title, and the way back to `crumb` (a path below the base, and its words). */
void launch_open(struct sbuf *out, const struct page_view *view, const char *title,
	const char *crumb, const char *words);
void launch_notice(struct sbuf *out, const char *tone, const char *text); /* NULL: nothing */

#endif
