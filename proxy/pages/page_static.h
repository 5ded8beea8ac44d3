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
enum page_static_file {
	PAGE_STATIC_CSS,
	PAGE_STATIC_ICON,
	PAGE_STATIC_SESSION,
	PAGE_STATIC_SIGN_IN,
	PAGE_STATIC_TOKENS,
	PAGE_STATIC_FOLLOW_LOG,
	PAGE_STATIC_WAY_BACK,
	PAGE_STATIC_OPENAPI,
};
const char *page_static_href(enum page_static_file file);
/* A file below _gate/static/, or NULL. */
const struct page_static *page_static_find(struct str path);

#endif
