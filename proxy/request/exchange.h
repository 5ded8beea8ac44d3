/*
 * proxy/request/exchange.h - one request from its head to the end of its answer.
 *
 * guard -> route -> who -> may they -> upstream -> relay -> finish: serve/pipeline.c, top to
 * bottom. Here is what those steps share: a state moved by one function, an end with one reason,
 * and all that belongs to the request.
 */
#ifndef SPARKGATE_PROXY_REQUEST_EXCHANGE_H
#define SPARKGATE_PROXY_REQUEST_EXCHANGE_H

#include "base/share.h"
#include "proxy/filter/kill_links.h"
#include "proxy/filter/list_filter.h"
#include "proxy/guard/app_origin.h"
#include "proxy/http/content_coding.h"
#include "proxy/registry/route.h"
#include "proxy/request/thread_context.h"
#include "proxy/rewrite/rewrite.h"
#include "proxy/web/web_call.h"

struct exchange;

enum exchange_state {
	EXCHANGE_CHECKING,	 /* guard, route */
	EXCHANGE_AUTHENTICATING, /* who: waits for auth */
	EXCHANGE_LEARNING,	 /* whose it is: waits for a history server */
	EXCHANGE_COLLECTING,	 /* who sends it may: waits for content that has to be whole */
	EXCHANGE_ASKING_AGAIN,	 /* who: once more, for the content took its time */
	EXCHANGE_SIGNING,	 /* a sign-in or sign-out waits for the store */
	EXCHANGE_FETCHING,	 /* for us: a static file, or what a master says */
	EXCHANGE_ASKING,	 /* waits for the upstream's head */
	EXCHANGE_RELAYING,	 /* the head is with the client */
	EXCHANGE_ANSWERING,	 /* a page of our own */
	EXCHANGE_DONE,
};

struct exchange {
	struct web_call web; /* first: exchange_of() */
	struct server_thread *thread;
	struct ext_auth *ext; /* an ingress asks; else NULL */
	enum exchange_state state;
	int64_t began_us, asked_us, head_us;
	struct share_hold *registry_hold, *conf_hold;
	const struct registry *registry; /* NULL until the first snapshot */
	const struct mount *app;	 /* whose it is; NULL: of none that is known */
	char app_origin[APP_ORIGIN_SIZE];
	char *home; /* on an application's host: the gateway's own address with its base path */
	struct route route;
	bool is_by_page;	  /* the page that asks decided the route */
	const struct conf_ui *ui; /* in web.conf, of a UI under `uis:` that is asked; else NULL */
	enum action action;	  /* the strictest of what it may be */
	unsigned actions;	  /* all of that: bits, of policy_actions() */
	bool is_hidden;		  /* it is there, and not for x->who */
	struct exchange_audit *audit; /* what it is about, for its audit line; NULL: it has none */
	/* the request's content */
	void (*send)(struct exchange *x); /* to the UI it is for */
	struct evbuffer *gathered; /* what has come of content whose length is not announced */
	bool streams;		   /* it goes to the UI as it comes */
	/* relay: freed by `forget` */
	void (*forget)(struct exchange *x);
	struct upstream_call *call;
	struct static_files_fill *fill;	      /* fetched for the cache; NULL: none */
	struct static_wait *wait;	      /* for what another fetches; NULL: it has not */
	struct endpoint_kill *kill;	      /* an application is being ended; NULL: none */
	struct endpoint_pods *pods;	      /* logs or events are asked for; NULL: none */
	struct endpoint_permalink *permalink; /* history servers are asked for one; NULL: none */
	struct history_word *word;     /* of an application that no list has; NULL: not asked */
	const struct access_app *told; /* by that: whose it is; NULL: nothing */
	bool sees_all_uis;	       /* links to all of them are mended */
	struct rewrite_context rewrite_context;
	struct rewriter *rewriter;
	struct list_filter *list; /* of a list only what x->who may see */
	uint64_t list_limit;	  /* so much of it: list_take_limit() */
	size_t list_row;	  /* of the registry, that its next one mostly is */
	struct kill_links *kills; /* takes out what x->who may not do; NULL: none has come yet */
	bool loses_kills;	  /* they are to be taken out */
	char *banner;		  /* the way back, as HTML */
	struct content_coding *unpacker, *packer;
	struct evbuffer *packed; /* what has come and is not unpacked yet */
	bool backlog;		 /* packed waits until the client has taken more */
	bool is_websocket;	 /* asks to become a tunnel, and may */
	struct tunnel *tunnel;	 /* it is one */
	bool ended;		 /* the upstream is done */
	bool paused;
	/* for the log */
	enum cache_use cache;
	const char *http; /* the version */
	int status;
	uint64_t bytes;
	char *kept_method, *kept_path, *kept_host; /* once the request's own bytes are gone */
	struct access_app_line *kept_app; /* the same, of the application that it is about */
	bool kept_is_static;
	enum fault fault;
};

struct exchange *exchange_of(struct web_call *call);
const struct exchange *exchange_of_const(const struct web_call *call);
/* `forget` frees what relaying has put into it; last. */
struct exchange *exchange_new(struct server_thread *thread, struct front_request *req,
	const struct web_site *site, void (*forget)(struct exchange *x));
void exchange_move(struct exchange *x, enum exchange_state state);
/* Ends the exchange: logs, counts, frees. All of the answer is with the front (which is then told
 * that it ends), or nobody waits for it. */
void exchange_finish(struct exchange *x, enum fault fault);
/* The client has left. False: auth or the store still owes an answer, and that ends it. */
bool exchange_leave(struct exchange *x);
/* One that lasts goes on with the newest configuration and registry, and lets go of the old ones.
 * False: what it talks to is not named there any more. */
bool exchange_follow(struct exchange *x);

#endif
