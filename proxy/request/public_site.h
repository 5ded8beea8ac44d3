/*
 * proxy/request/public_site.h - the public site's part of what web/ does for every site: the fields
 * of its answers, its page view, and what its exchange is told.
 *
 * Its paths are in endpoints/endpoint.c, which makes the struct web_site of it.
 */
#ifndef SPARKGATE_PROXY_REQUEST_PUBLIC_SITE_H
#define SPARKGATE_PROXY_REQUEST_PUBLIC_SITE_H

#include "proxy/request/exchange.h"

void public_add_fields(const struct web_call *call, bool is_page, struct sbuf *out);
struct page_view public_view(const struct web_call *call);
const struct registry *public_registry(struct web_call *call);
void public_return_path(const struct web_call *call, struct str path, struct sbuf *out);
void public_enter(struct web_call *call, struct str location, const char *fields);
void public_count_login(struct web_call *call, enum web_login by, bool ok);
void public_on_wait(struct web_call *call, enum web_wait what);
void public_on_answer(struct web_call *call, int status, size_t len);
void public_on_end(struct web_call *call, enum fault fault);
bool public_on_fault(struct web_call *call, enum fault fault);

#endif
