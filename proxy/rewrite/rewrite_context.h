/* proxy/rewrite/rewrite_context.h - what the links of one response are mended against, and what
 * kind of content they stand in. */
#ifndef SPARKGATE_PROXY_REWRITE_REWRITE_CONTEXT_H
#define SPARKGATE_PROXY_REWRITE_REWRITE_CONTEXT_H

#include "base/str.h"

struct page_memo;

struct rewrite_context {   /* borrowed for the rewriter's life */
	const char *mount; /* of the UI that answers: "/local/proxy/app-1"; no slash at the end */
	const char *cluster_root; /* "<base>/<cluster>" */
	const char *origin;	  /* "https://gw.example": JSON links are absolute, for scripts */
	const char *others; /* the origin of all other mounts, when this one has its own; else "" */
	const char *authority; /* the UI's own "host:port" */
	const char *prefix;    /* path of the configured URL, "" mostly */
	const char *script;    /* of ours, below the base, for the head of each page; NULL: none */
	const char *style;     /* the same, of a style sheet */
	const char *banner;    /* HTML of ours, the first thing in the body of a page; NULL: none */
	struct str
		asked; /* the path below the mount that the response answers; "" or NULL: unknown */
	struct str query; /* of a GET; else empty */
	bool is_worker;	  /* its log pages have the master's root for their own (T8) */
	bool is_other;	  /* not Spark's: a UI that knows no prefix, and that we know nothing of */
	/* mount path for "host:port" that the registry knows, else NULL */
	const char *(*find_authority)(const void *arg, struct str authority);
	/* mount path for <id> of Spark's own /proxy/<id>, else NULL; "master" is the master */
	const char *(*find_id)(const void *arg, struct str id);
	const void *arg;
	struct page_memo *memo; /* of the thread, for its long pages; NULL: none */
	uint64_t snapshot; /* what find_authority() and find_id() answer from, and nothing else:
			      its strings stay as they are while it has this number */
};

enum rewrite_kind { REWRITE_NOTHING, REWRITE_HTML, REWRITE_JSON, REWRITE_SCRIPT, REWRITE_CSS };

#endif
