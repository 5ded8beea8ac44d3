/*
 * proxy/relay/preload.h - what the script of a page of Spark's will ask for, said in the head of
 * the page (T70): the browser asks at once, and not one after the other when scripts have run.
 *
 * Pure. All that is named stands in the page's own address; who asks for it is judged as ever.
 */
#ifndef SPARKGATE_PROXY_RELAY_PRELOAD_H
#define SPARKGATE_PROXY_RELAY_PRELOAD_H

#include "base/sbuf.h"

struct mount;

struct preload_page { /* borrowed */
	const struct mount *mount;
	const char *spark_version; /* "" unknown: nothing is said */
	struct str rest, query;	   /* the path below the mount; at == NULL: no query */
};

/* Adds Link fields (RFC 8288, the relation "preload"), or nothing. */
void preload_write(struct sbuf *fields, const struct preload_page *page);

#endif
