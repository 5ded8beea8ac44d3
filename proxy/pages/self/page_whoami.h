/*
 * proxy/pages/self/page_whoami.h - who one is here, what one may do, by which claim, and what is
 * missing.
 *
 * As page.h: pure, values escaped where they are written.
 */
#ifndef SPARKGATE_PROXY_PAGES_SELF_PAGE_WHOAMI_H
#define SPARKGATE_PROXY_PAGES_SELF_PAGE_WHOAMI_H

#include "proxy/pages/page.h"

#include <jansson.h>

/* `me` is whoami_describe()'s. */
void page_whoami(struct sbuf *out, const struct page_view *view, const json_t *me);

#endif
