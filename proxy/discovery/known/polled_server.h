/*
 * proxy/discovery/known/polled_server.h - a configured server (master, history server, other UI)
 * and its address. The operator trusts it as it stands, so only its address is wanted. One that
 * another one lists (a NodeManager) has to be inside the fence.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_KNOWN_POLLED_SERVER_H
#define SPARKGATE_PROXY_DISCOVERY_KNOWN_POLLED_SERVER_H

#include "base/net/fetch.h"
#include "base/text/url.h"
#include "auth/policy/policy.h"
#include "proxy/discovery/known/address_fence.h"

struct cluster;
struct event;

enum { POLL_TIMEOUT_MS = 15000 }; /* a master of thousands of workers needs seconds under load */

struct polled_server {
	struct cluster *cluster;
	enum ui_kind kind;
	struct url url;
	char *text; /* the URL without its last slash */
	char authority[272];
	struct fetch *fetch;
	struct sockaddr_storage addr; /* the last that could be connected to */
	socklen_t addr_len;	      /* 0: none yet */
	bool tried, up, was_logged;
	/* Somebody else named it: its address has to pass this one, and nobody is sent there before
	 * it has answered as what it is. NULL: the operator did. */
	const struct address_fence *fence;
	const char *refused; /* why it did not when it was asked last; NULL: it did */
	int64_t due_ms;
};

struct master {
	struct polled_server server; /* first */
	const char *status;	     /* static */
	char host[256];		     /* as it calls itself; "" unknown */
};

struct history {
	struct polled_server server; /* first */
	unsigned slot;		     /* its own among the cluster's, for as long as it is named */
	bool reading_all;	     /* by the fetch under way */
	uint64_t listings;	     /* full ones so far */
	int64_t all_due_ms;	     /* when the whole list is read again */
	int64_t newest_ms;	     /* end of the newest application listed */
	unsigned limit;		     /* rows asked for */
	bool is_cut;		     /* it lists more than is known of it */
	struct fetch *version_fetch;
	struct event *hurry; /* pending: an application has ended */
	int64_t hurried_ms;
};

struct ui {
	struct polled_server server; /* first */
	char *name;
};

struct node_list {		     /* poll_nodes.h */
	struct polled_server server; /* first; the ResourceManager */
	const struct conf_ui *conf;  /* of the cluster's configuration */
	char *name;		     /* of the row, and its URL: both patterns */
	struct url url;
	struct address_fence fence; /* of the cluster's networks, and around the manager */
	struct ui **nodes;	    /* by name; room for all there may be, once a list was read */
	size_t nodes_count, next, left_out;
};

void polled_server_init(
	struct polled_server *s, struct cluster *c, enum ui_kind kind, const struct url *url);
void polled_server_clear(struct polled_server *s);
/* It was made of this URL, or of one that means the same. */
bool polled_server_is(const struct polled_server *s, const struct url *url);
/* Why its address, as it was last, may not be connected to; NULL: it may. */
const char *polled_server_refused(const struct polled_server *s);
/* GET of the server's URL and `path`; where the operator named it any address will do. */
struct fetch *polled_server_ask(struct polled_server *s, const char *path, size_t max_bytes,
	void (*done)(const struct fetch_result *result, void *arg), void *arg);
/* The same as its own fetch, with the server as `arg`: where it is is known before it answers. */
void polled_server_poll(struct polled_server *s, const char *path, size_t max_bytes,
	void (*done)(const struct fetch_result *result, void *arg));
/* The fetch has ended: keeps the address; `wanted` is the only good status, 0 for any. True when it
 * was good. */
bool polled_server_note(struct polled_server *s, const struct fetch_result *result, int wanted);
void polled_server_set_up(struct polled_server *s, bool up, const char *why);
/* "address:port" of where it answered last; "" when nowhere yet. */
void polled_server_numeric(const struct polled_server *s, char out[static 272]);

#endif
