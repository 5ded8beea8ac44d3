/* proxy/request/exchange_int.h - the exchange as its own steps see it (exchange.c, relay.c,
 * respond.c, gate.c). */
#ifndef SPARKGATE_PROXY_REQUEST_EXCHANGE_INT_H
#define SPARKGATE_PROXY_REQUEST_EXCHANGE_INT_H

#include "auth/policy/scope.h"
#include "base/log/log.h"
#include "base/share.h"
#include "base/text/url.h"
#include "proxy/guard/app_origin.h"
#include "proxy/http/content_coding.h"
#include "proxy/request/exchange.h"
#include "proxy/rewrite/rewrite.h"
#include "proxy/registry/route.h"
#include "proxy/request/thread_context.h"

enum exchange_state {
	EXCHANGE_CHECKING,	 /* guard, route */
	EXCHANGE_AUTHENTICATING, /* who: waits for auth */
	EXCHANGE_COLLECTING,	 /* who sends it may: waits for content that has to be whole */
	EXCHANGE_SIGNING,	 /* a sign-in or sign-out waits for the store */
	EXCHANGE_FETCHING,	 /* a static file, for the cache */
	EXCHANGE_ASKING,	 /* waits for the upstream's head */
	EXCHANGE_RELAYING,	 /* the head is with the client */
	EXCHANGE_ANSWERING,	 /* a page of our own */
	EXCHANGE_DONE,
};

struct exchange {
	struct server_thread *thread;
	struct front_request *req;	   /* NULL once answered or left */
	const struct front_request *asked; /* what is judged: req, or what an ingress asks about */
	struct ext_auth *ext;		   /* an ingress asks; else NULL */
	enum exchange_state state;
	int64_t began_us, asked_us, head_us;
	char id[17];
	struct share_hold *registry_hold, *conf_hold;
	const struct registry *registry; /* NULL until the first snapshot */
	const struct conf *conf;
	struct str app_label;	 /* the request is for an application's own host; else at == NULL */
	const struct mount *app; /* whose it is; NULL: of none that is known */
	const char *origin;	 /* of the request's host: "https://gw.example" */
	char app_origin[APP_ORIGIN_SIZE];
	char *home; /* on an application's host: the gateway's own address with its base path */
	struct target target;
	struct route route;
	const struct conf_ui *ui; /* in x->conf, of a UI under `uis:` that is asked; else NULL */
	enum action action;	  /* the strictest of what it may be */
	unsigned actions;	  /* all of that: bits, of policy_actions() */
	struct identity *who;
	const char *auth_reason; /* fixed text, or NULL */
	enum action lacks;	 /* the scope that would have allowed it: FAULT_SCOPE */
	bool is_hidden;		 /* it is there, and not for x->who */
	void (*on_who)(struct exchange *x, enum auth_status status);
	enum sign_out_scope signing_out;
	struct exchange_audit *audit; /* what it is about, for its audit line; NULL: it has none */
	/* the request's content */
	void (*on_held)(struct exchange *x); /* goes on when it is whole */
	struct evbuffer *gathered; /* what has come of content whose length is not announced */
	bool streams;		   /* it goes to the UI as it comes */
	bool is_websocket;	   /* asks to become a tunnel, and may */
	struct tunnel *tunnel;	   /* it is one */
	/* static files */
	struct static_files_fill *fill; /* fetched for the cache; NULL: none */
	enum cache_use cache;
	/* relay */
	struct upstream_call *call;
	struct rewrite_context rewrite_context;
	struct rewriter *rewriter;
	struct content_coding *inflate, *deflate;
	struct evbuffer *packed; /* what has come and is not unpacked yet */
	bool backlog;		 /* packed waits until the client has taken more */
	bool ended;		 /* the upstream is done */
	bool paused;
	/* for the log */
	int status;
	uint64_t bytes;
	char client[46];			   /* "" until asked for */
	char *kept_method, *kept_path, *kept_host; /* once the request's own bytes are gone */
	enum fault fault;
	bool left; /* the client went while auth or the store still owed an answer */
};

/* exchange.c */
void exchange_move(struct exchange *x, enum exchange_state state);
/* Ends the exchange: logs, counts, frees. All of the answer is with the front (which is then told
 * that it ends), or nobody waits for it. */
void exchange_finish(struct exchange *x, enum fault fault);
void exchange_fail(struct exchange *x, enum fault fault, const char *detail);
/* Asks auth who it is: `then` is called with x->who set for AUTH_OK, unless the client has left. */
void exchange_identify(
	struct exchange *x, void (*then)(struct exchange *x, enum auth_status status));
/* The same question, with nothing remembered: an answer that is not AUTH_LATER is final. Quietly:
 * it counts as no use of the session or token. */
struct auth_result exchange_ask_auth(struct exchange *x, bool is_quiet, auth_done *done, void *arg);
/* One that lasts goes on with the newest configuration and registry, and lets go of the old ones.
 * False: what it talks to is not named there any more. */
bool exchange_follow(struct exchange *x);
/* Whether x->who may do what is asked; x->lacks says which scope is missing. */
enum fault exchange_judge(struct exchange *x);
enum { EXCHANGE_COOKIES = 8 };
/* The Cookie fields' values into `out`, which has room for EXCHANGE_COOKIES; gives how many. */
size_t exchange_cookies(const struct exchange *x, struct str *out);

/* exchange_audit.c: what an audited request is about (about.h). Nothing is kept of others. */
void exchange_audit_begin(struct exchange *x);	 /* the action is known */
void exchange_audit_content(struct exchange *x); /* x->req->body is whole */
/* Of the answer's content, before it is moved on. */
void exchange_audit_answer(struct exchange *x, struct evbuffer *bytes);
/* Field lines into `out`, which has room for ABOUT_FIELDS; gives how many. */
size_t exchange_audit_fields(struct exchange *x, struct log_field *out);
void exchange_audit_free(struct exchange *x);

/* content.c: asked for once it is known who sends it, and that they may (S55). */
/* Calls `then` when the content is whole in x->req->body (or there is none); else answers. At most
 * `max` bytes. */
void exchange_hold(
	struct exchange *x, uint64_t max, struct budget *budget, void (*then)(struct exchange *x));
void content_relay(struct exchange *x); /* relay_start(), with the content or as it comes */
/* The front's callbacks. */
void content_on_piece(struct exchange *x, struct evbuffer *bytes, bool is_last);
void content_on_fault(struct exchange *x, enum fault fault);
/* To the upstream call that has begun. */
void content_pass(struct exchange *x, struct evbuffer *bytes, bool is_last);

/* relay.c: asks the mount's upstream and passes its answer on. */
void relay_start(struct exchange *x);
void relay_on_drained(struct exchange *x);
void relay_stop(struct exchange *x); /* the client left */
/* Ends it in the middle, so that nobody takes what was sent for complete. */
void relay_cut(struct exchange *x, enum fault fault);
/* For static_relay.c: without a look at the cache; sends server thread->head to the mount with the
 * rest of `req`; what links are mended by; why it did not work. */
void relay_ask(struct exchange *x);
void relay_call(struct exchange *x, enum exchange_state state, struct upstream_request *req,
	const struct upstream_handler *handler);
void relay_fill_context(struct exchange *x);
void relay_on_fault(struct exchange *x, enum fault fault);
struct str relay_token(const struct exchange *x); /* what its UI is shown; at == NULL: nothing */

/* static_relay.c: answers with a file of the cache, or fetches it first. False: it is for the
 * relay.
 */
bool static_files_serve(struct exchange *x);
struct static_files_fill;
void static_files_fill_free(struct static_files_fill *fill); /* NULL is fine */

/* respond.c: answers of our own, whole at once; each ends the exchange. */
struct response {
	int status;
	const char *content_type;
	struct str content;
	const char *fields; /* more field lines, each with its CRLF, or NULL */
	bool cacheable;
};
void respond(struct exchange *x, const struct response *response, enum fault fault);
void respond_html(
	struct exchange *x, int status, struct sbuf *page, const char *fields, enum fault fault);
void respond_redirect(struct exchange *x, int status, struct str location, const char *fields);
void respond_fault(struct exchange *x, enum fault fault, const char *detail);

/* gate.c: the gateway's own paths. */
void endpoint_serve(struct exchange *x);
void endpoint_serve_app(struct exchange *x);  /* permalink */
void endpoint_serve_gone(struct exchange *x); /* a mount that is not UP */
void endpoint_serve_app_host(
	struct exchange *x); /* gate_enter.c: a live UI that has its own host */

#endif
