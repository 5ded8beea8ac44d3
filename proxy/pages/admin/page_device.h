/*
 * proxy/pages/admin/page_device.h - a program asks for tokens of a person: the form for its code,
 * the question, and what was decided (RFC 8628 §3.3).
 *
 * Who asks chose its own name: it is escaped, and said to be its own word. Pure; any thread.
 */
#ifndef SPARKGATE_PROXY_PAGES_ADMIN_PAGE_DEVICE_H
#define SPARKGATE_PROXY_PAGES_ADMIN_PAGE_DEVICE_H

#include "auth/device/device_desk.h"
#include "proxy/pages/page.h"

struct page_device { /* borrowed */
	enum {
		PAGE_DEVICE_FORM,
		PAGE_DEVICE_QUESTION,
		PAGE_DEVICE_ALLOWED,
		PAGE_DEVICE_DENIED
	} kind;
	const struct device_question *question; /* NULL: of PAGE_DEVICE_FORM */
	const struct conf *conf;		/* of the question: how long tokens live */
	const char *client;			/* the same: the person's own address */
	const char *problem, *typed;		/* or NULL */
};
void page_device(struct sbuf *out, const struct page_view *view, const struct page_device *about);

#endif
