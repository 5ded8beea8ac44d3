/*
 * proxy/pages/page_static.h - style sheet, icon, scripts and openapi.json, which live inside the
 * program.
 */
#ifndef SPARKGATE_PROXY_PAGES_PAGE_STATIC_H
#define SPARKGATE_PROXY_PAGES_PAGE_STATIC_H

#include "base/str.h"

struct page_static {
	const char *path, *content_type, *etag;
	const char *href; /* below the base: "/_gate/static/<path>?v=<of its content>" */
	const unsigned char *bytes;
	size_t len;
};
/* A file below _gate/static/, or NULL. */
const struct page_static *page_static_find(struct str path);

#endif
