/*
 * proxy/relay/relay_headers.h - which fields pass, in both directions (S0, S7, S9, S10, S25; T2,
 * T45, T53).
 *
 * Pure tables and two walks. Requests: what identifies, forwards or belongs to one hop never
 * passes; responses: what would reach beyond the mount never passes.
 */
#ifndef SPARKGATE_PROXY_RELAY_RELAY_HEADERS_H
#define SPARKGATE_PROXY_RELAY_RELAY_HEADERS_H

#include "base/sbuf.h"
#include "base/text/url.h"
#include "conf/conf.h"
#include "proxy/front/front.h"
#include "proxy/registry/registry.h"
#include "proxy/rewrite/rewrite.h"

struct evbuffer;

struct relay_headers_ask {
	struct str rest;	/* the path below the mount */
	struct str query;	/* at == NULL: none */
	struct str token;	/* ours for this UI (auth/token/ui_token.h); at == NULL: none */
	int64_t content_length; /* frames the content; -1: chunked */
	/* Who asks, for a UI that reads it in a field of this name (S70; at == NULL: in none), fit
	 * for one. */
	struct str person_field, person;
	const struct conf_names *person_fields; /* of all UIs: what a client writes there
						   does not pass; NULL: none */
	const char *origin; /* of the request's host: "https://gw.example"; of other UIs only */
	bool is_list; /* whose content will be cut: all of it is wanted, whatever the client has */
	bool is_websocket; /* one is asked for: the client did, and may */
};
/* Writes the whole request head for the mount's upstream. */
void relay_headers_to_upstream(struct sbuf *out, const struct front_request *req,
	const struct mount *mount, const struct relay_headers_ask *ask);

struct relay_headers_plan { /* what the relay found out about a response */
	bool rewritten;	    /* content changes: validators and ranges go */
	const char
		*content_encoding; /* to announce instead of the upstream's; NULL: keep, "": none */
	bool is_list; /* as its reader and the page may see it: no cache keeps it for others */
	bool kept;    /* for later answers as well: without what was true of this one only */
};
/* Writes the response's field lines for front_reply_head(): Location and cookies mended, hop-by-hop
 * and hostile fields left out. */
void relay_headers_to_client(struct sbuf *out, const struct h1_response *head,
	const struct rewrite_context *context, const struct relay_headers_plan *plan);
/* Writes a response's Cache-Control without what is for shared caches. False: it does not keep them
 * out yet, for it says neither private nor no-store. */
bool relay_headers_put_private(struct sbuf *out, struct str name, struct str value);
void relay_headers_add_date(struct sbuf *out); /* of now */

#endif
