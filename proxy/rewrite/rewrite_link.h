/*
 * proxy/rewrite/rewrite_link.h - one URL in, the mount it belongs to out (T1, T3-T21, T36-T39).
 *
 * The answer is always "put `with` in place of the first `cut` bytes": the rest of a URL, its query
 * above all, is never decoded and encoded again (T32). Nothing is allocated.
 */
#ifndef SPARKGATE_PROXY_REWRITE_REWRITE_LINK_H
#define SPARKGATE_PROXY_REWRITE_REWRITE_LINK_H

#include "proxy/rewrite/rewrite_context.h"

enum { LINK_ROOT_MAX = 512, LINK_PUBLIC_MAX = 288 };

/* What the links of one response are read against. In place; borrows the context. */
struct links {
	const struct rewrite_context *context;
	struct str mount, cluster_root, base, authority, prefix, others;
	char public_authority[LINK_PUBLIC_MAX]; /* "gw.example:443", out of the context's origin */
	size_t public_len;
	bool is_location;	  /* a Location field: our own public host is mended too (T36) */
	bool any_gate;		  /* JSON: "/proxy/<known id>" below any host is ours (T10) */
	bool has_root;		  /* the page has said what its root is (T1, T2) */
	char root[LINK_ROOT_MAX]; /* "" when it is our mount, or not known yet */
	size_t root_len;
	size_t gate_len; /* of root without "/proxy/<id>": where Spark's reverse proxy begins */
};

struct link_edit {
	size_t cut;	   /* bytes to drop */
	struct str origin; /* bytes to put there first: of a mount that lives at another host */
	struct str with;   /* bytes to put there: safe inside quotes of HTML, JSON and script */
	bool slash;	   /* and a '/', for the rest does not begin with one */
};

void links_init(struct links *links, const struct rewrite_context *context);
/* The page's own root, from setUIRoot('root'): a path or, with spark.ui.reverseProxyUrl, a URL. */
void links_learn_root(struct links *links, struct str root);
/* The same from the first style sheet of every Spark page; any other URL teaches nothing. */
void links_learn_from_link(struct links *links, struct str url);
/* False: leave the URL as it is. */
bool links_map(const struct links *links, struct str url, struct link_edit *edit);

/* The same for text as it stands in the page: escapes before the cut are understood. */
bool links_map_html(const struct links *links, struct str raw, struct link_edit *edit);
bool links_map_json(const struct links *links, struct str raw, struct link_edit *edit);
/* For what is the cluster's master, wherever it says that it is (T8). False: there is none. */
bool links_map_to_master(const struct links *links, struct str raw, struct link_edit *edit);

#endif
