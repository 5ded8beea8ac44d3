/*
 * proxy/admin/admin_page_int.h - one request to a page of the admin origin:
 *
 *   admin_page.c    host, path, whose session; what a form has to bring along
 *   admin_reply.c   answers, with the fields that every one of them has
 *   admin_sign.c    _gate/login, _gate/callback, _gate/logout
 *   admin_tokens.c  /tokens and below
 */
#ifndef SPARKGATE_PROXY_ADMIN_ADMIN_PAGE_INT_H
#define SPARKGATE_PROXY_ADMIN_ADMIN_PAGE_INT_H

#include "auth/token/issue.h"
#include "base/text/url.h"
#include "proxy/admin/admin_page.h"
#include "proxy/pages/page_fault.h"

enum {
	ADMIN_COOKIES = 8,
	ADMIN_FORM_MAX = 64 * 1024,
	ADMIN_FIELD_MAX = 16 * 1024,
	ADMIN_ID = TOKEN_ID_LEN + 1,
};

struct admin_pages {
	struct auth_service *service;
	struct auth *auth;
	struct metrics *metrics;
	const struct thread_shared *shared; /* the budgets of content */
	unsigned port;
	uint64_t next_id;
};

struct admin_call {
	struct admin_pages *pages;
	struct front_request *req; /* NULL: the client has left, and everything below `conf` went */
	struct conf *conf;	   /* a reference: as it was when the request came */
	struct identity *who;	   /* NULL: not signed in, or not asked for */
	const struct admin_row *row;
	char request_id[17];
	char client[46];
	char id[ADMIN_ID]; /* of the token in the path */
	char form_token[AUTH_FORM_TOKEN];
	enum sign_out_scope signing_out;
	void (*then)(struct admin_call *call); /* when its form is whole */
	bool waits;			       /* for that */
	struct target target;		       /* borrows from the request */
};

/* admin_page.c */
bool admin_is_get(const struct admin_call *call); /* HEAD too */
/* The Cookie fields' values into `out`, which has room for ADMIN_COOKIES; gives how many. */
size_t admin_cookies(const struct admin_call *call, struct str *out);
struct str admin_form(struct admin_call *call); /* a GET's query, a POST's content; borrows */
/* One field of that, "" when it is not there. False: given twice, broken or too long. */
MUST_CHECK bool admin_field(struct admin_call *call, const char *name, char *out, size_t size);
/* Where to go after signing in: `path` if it is one below our base (S24), else the tokens. */
void admin_return_path(const struct admin_call *call, struct str path, struct sbuf *out);
struct page_view admin_view(const struct admin_call *call);

/* admin_reply.c: each ends the call. `fields` are more field lines, or NULL. */
void admin_drop(struct admin_call *call); /* nobody is there to be answered */
/* Takes what is in `page`. */
void admin_html(struct admin_call *call, int status, struct sbuf *page, const char *fields);
void admin_redirect(struct admin_call *call, int status, struct str location, const char *fields);
void admin_fault(struct admin_call *call, enum fault fault, const char *detail);
void admin_static(struct admin_call *call);
/* A page that goes on by itself, where a redirect would lose the session's Strict cookie. */
void admin_onward(
	struct admin_call *call, const char *title, struct str location, const char *fields);

/* admin_sign.c */
void admin_login_page(struct admin_call *call);
void admin_sign_in(struct admin_call *call);
void admin_callback(struct admin_call *call);
void admin_logout_page(struct admin_call *call);
void admin_sign_out(struct admin_call *call);

/* admin_tokens.c */
void admin_home(struct admin_call *call);
void admin_list(struct admin_call *call);
void admin_create(struct admin_call *call);
void admin_show(struct admin_call *call);
void admin_revoke(struct admin_call *call);
void admin_disable(struct admin_call *call);
void admin_enable(struct admin_call *call);

#endif
