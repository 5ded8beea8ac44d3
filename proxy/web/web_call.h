/*
 * proxy/web/web_call.h - one request that is answered by a page or an API of our own, on whichever
 * site it came to.
 *
 * The sites are the public pages (request/, endpoints/), the admin pages and the API (admin/). What
 * they share is here and in the files beside; what is a site's own it says in its struct web_site.
 *
 *   web_call.c      who asks, and what came with the request
 *   web_reply.c     how an answer goes out
 *   web_fault.c     what went wrong, as a page or as a problem (RFC 9457)
 *   web_row.c       which row of a site's table serves a path
 *   web_serve.c     what a row asks for, step by step, and then its handler
 *   web_sign_in.c, web_provider.c, web_sign_out.c   signing in and out
 */
#ifndef SPARKGATE_PROXY_WEB_WEB_CALL_H
#define SPARKGATE_PROXY_WEB_WEB_CALL_H

#include "auth/service/auth.h"
#include "base/text/url.h"
#include "proxy/front/front.h"
#include "proxy/pages/page.h"

struct artifact_bench;
struct launch_home;
struct web_call;
struct web_row;

enum {
	WEB_COOKIES = 8,
	WEB_FIELD_MAX = 16 * 1024,
	WEB_ID_LEN = 32 /* hexadecimal digits */,
	WEB_SESSION_ID_LEN = 16
};

enum web_wait { WEB_WAIT_AUTH, WEB_WAIT_CONTENT, WEB_WAIT_AGAIN, WEB_WAIT_STORE, WEB_WAIT_WORK };
enum web_login { WEB_LOGIN_TOKEN, WEB_LOGIN_LINK, WEB_LOGIN_PROVIDER };

/* What a site does at each step. None of them is NULL but where it says so. */
struct web_site {
	enum auth_site id;
	bool takes_cookies, takes_bearer; /* as credentials */
	bool is_program;		  /* nobody there reads a page */
	bool is_at_root;		  /* its paths are not below the listener's base */
	uint64_t form_max;		  /* bytes of content */
	const struct web_row *rows;
	size_t rows_count;
	/* Field lines of every answer. */
	void (*add_fields)(const struct web_call *call, bool is_page, struct sbuf *out);
	struct page_view (*view)(const struct web_call *call);
	/* Where to go after signing in: `path` if it is one of this site's that a request could
	 * name (S6, S24), with its fragment, else home. */
	void (*return_path)(const struct web_call *call, struct str path, struct sbuf *out);
	/* After signing in at the provider. */
	void (*enter)(struct web_call *call, struct str location, const char *fields);
	/* What is known of clusters; it lasts as long as the call. NULL: nothing yet. */
	const struct registry *(*registry)(struct web_call *call);
	const char *signed_out; /* what has ended with a session here */
	void (*count_login)(struct web_call *call, enum web_login by, bool ok);
	/* Somebody owes the call an answer: it lasts until then, though its client may leave. */
	void (*on_wait)(struct web_call *call, enum web_wait what);
	/* The answer begins. */
	void (*on_answer)(struct web_call *call, int status, size_t len);
	/* It is with the front (the request's bytes are still there), or the client has left: frees
	 * the call. */
	void (*on_end)(struct web_call *call, enum fault fault);
	/* Where its questions about launches go. NULL: it has none. */
	struct launch_home (*launches)(struct web_call *call);
	/* NULL is fine for these. True: it is answered here in another way. */
	bool (*on_fault)(struct web_call *call, enum fault fault);
	/* It is known who asks, and that it is somebody. False: refused, and answered. */
	bool (*on_known)(struct web_call *call);
	/* Whether a form with this token is of this session. */
	bool (*is_own_form)(const struct web_call *call, struct str token);
	/* The content is whole. False: refused, and answered. */
	bool (*on_content)(struct web_call *call);
};

/* What goes on for a call until it is answered, or its client has left. */
struct web_work {
	void (*free)(void *arg); /* the call ends: what is under way is cancelled */
	/* Of content that is streamed, as struct front_handler has them; NULL: none is asked for.
	 */
	void (*on_piece)(void *arg, struct evbuffer *bytes, bool is_last);
	void (*on_content_fault)(void *arg, enum fault fault);
};

struct web_call {
	const struct web_site *site;
	struct front_request
		*req; /* NULL: its client has left, and so did all that borrows from it */
	const struct front_request *asked; /* what is judged: req, or what an ingress asks about */
	const struct conf *conf;
	const struct conf_listen *listen; /* of conf: the site's */
	struct auth *auth;
	struct budget *memory, *strangers; /* for content */
	const struct web_row *row;
	struct str app_label; /* it is for an application's own host; else at == NULL */
	const char *origin;   /* of the request's host: "https://gw.example" */
	struct target target;
	struct identity *who;
	enum auth_status auth_status;
	const char *auth_reason; /* fixed text, or NULL */
	int64_t known_ms;	 /* monotonic: when it was known who asks */
	enum action lacks;	 /* the scope that would have allowed it: FAULT_SCOPE */
	enum sign_out_scope signing_out;
	struct artifact_bench *bench; /* of this thread */
	const struct web_work *work;  /* NULL: none goes on */
	void *work_arg;
	void (*then)(struct web_call *call); /* once what it waits for is there */
	char token_id[WEB_ID_LEN + 1];	     /* {id} in the row's path */
	char client[46];		     /* "" until asked for */
	char id[17];
};

/* For what a site has just allocated and zeroed: the rest is its own to set. */
void web_call_init(struct web_call *call, const struct web_site *site, struct front_request *req,
	const struct conf *conf, uint64_t id);

/* The client's address: the peer's, or what trusted proxies say of it (S8). Borrows. */
const char *web_client(struct web_call *call);
bool web_is_get(const struct web_call *call); /* HEAD too */
/* The Cookie fields' values into `out`, which has room for WEB_COOKIES; gives how many. */
size_t web_cookies(const struct web_call *call, struct str *out);
/* A GET's query, a POST's content; borrows. */
struct str web_form(const struct web_call *call);
/* One field of that, "" when it is not there. False: given twice, broken or too long. */
MUST_CHECK bool web_field(const struct web_call *call, const char *name, char *out, size_t size);
/* The site's return_path() of the form's field `next`. */
void web_next(const struct web_call *call, struct sbuf *out);

/* It is known who asks, by a session in this browser. */
bool web_is_signed_in(const struct web_call *call);
/* Asks auth who it is: `then` is called with who, auth_status and auth_reason set, unless the
 * client has left. */
void web_identify(struct web_call *call, void (*then)(struct web_call *call));
/* Once held content is whole: `known` if who sent it became known just now. Else asks once more,
 * for what drips in may outlive the token or session that it was let in for (S37); then `again`, as
 * above. That counts as no use. */
void web_still_known(struct web_call *call, void (*known)(struct web_call *call),
	void (*again)(struct web_call *call));
/* The same question, with nothing remembered: an answer that is not AUTH_LATER is final. Quietly:
 * it counts as no use of the session or token. */
struct auth_result web_ask_auth(struct web_call *call, bool is_quiet, auth_done *done, void *arg);
/* The call lasts until `work` answers it. Takes `arg`. */
void web_wait_for(struct web_call *call, const struct web_work *work, void *arg);
/* For sites, when a call ends. */
void web_end_work(struct web_call *call);
/* For sign_in_done: false when the client has left, and the call is gone. */
bool web_is_there(struct web_call *call);

#endif
