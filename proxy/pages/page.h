/*
 * proxy/pages/page.h - the gateway's own pages, rendered on the server into a buffer.
 *
 *   page_home.c   clusters and applications (page_cluster.c, page_table.c, page_query.c)
 *   page_sign.c   who one is: signing in and out, no role
 *   page_fault.c  what went wrong: faults, gone, not ready
 *   page_kill.c   before an application is ended, and after
 *   page_tokens.h the pages of tokens
 *
 * Pure: a snapshot and a viewer in, HTML out. No inline script or style (strict CSP); every value
 * is escaped at the place where it is written.
 */
#ifndef SPARKGATE_PROXY_PAGES_PAGE_H
#define SPARKGATE_PROXY_PAGES_PAGE_H

#include "auth/service/auth.h"
#include "base/sbuf.h"
#include "proxy/http/fault.h"
#include "proxy/registry/registry.h"

#include <jansson.h>

enum { PAGE_MAX = 4 * 1024 * 1024 };

/* Content-Security-Policy of every page of ours; where forms may lead to comes last. */
extern const char page_csp[];

struct page_view { /* borrowed */
	const char
		*base; /* "" or "/base"; on an application's host with our own origin before it */
	const struct identity *who; /* NULL: nobody */
	const char *request_id;
	enum auth_site site;
	const char *form_token;		 /* of the admin site's session, for its forms; or NULL */
	const struct conf *conf;	 /* who may see which UI; or NULL */
	const struct conf_listen *admin; /* where tokens are managed, if there is a way; or NULL */
};

/* --- page_home.c --- */

/* Home (cluster NULL) or one cluster's page. `query` is the raw query string: q= search, page=,
 * state=. */
void page_home(struct sbuf *out, const struct page_view *view, const struct registry *reg,
	const struct cluster_info *cluster, struct str query);

/* --- page_sign.c --- */

/* Sign-in, at a provider and by a token. */
struct page_provider {	   /* borrowed */
	const char *name;  /* "": it has none */
	const char *label; /* of its button */
	enum auth_provider state;
};
struct page_sign_in {	     /* borrowed */
	struct str next;     /* a checked local path to come back to */
	const char *problem; /* why it did not work, or NULL */
	const struct page_provider *providers;
	size_t count;
};
void page_login(struct sbuf *out, const struct page_view *view, const struct page_sign_in *offer);
/* A one-time link was opened: a button uses it up, for previews and prefetches open links, too. */
void page_link(struct sbuf *out, const struct page_view *view, struct str secret, struct str next);
/* A sign-in at the provider that came to nothing. It never begins another by itself. */
struct page_refusal { /* borrowed */
	enum fault fault;
	const char *sentence; /* of ours: what happened */
	const char *said;     /* the provider's words, which anybody may have written; or NULL */
	struct str next;      /* where it was to lead; empty: home */
	bool at_provider;     /* whether there is a provider to start again at */
	const char *provider; /* its name, or "" */
};
void page_not_signed_in(
	struct sbuf *out, const struct page_view *view, const struct page_refusal *refusal);
/* A form was sent and the session had ended; `next` leads to where the form stood. */
void page_ended(struct sbuf *out, const struct page_view *view, struct str next);
/* Sign out, here or everywhere (S29: GET shows buttons, POST does it). */
void page_logout(struct sbuf *out, const struct page_view *view);
struct page_farewell {	      /* borrowed */
	const char *sentence; /* what has ended */
	const char *location; /* where the provider ends its own session, or NULL */
};
void page_signed_out(
	struct sbuf *out, const struct page_view *view, const struct page_farewell *farewell);
/* Signed in, without a role: why (whoami_missing()), which roles would do, and whom to ask. */
void page_no_role(struct sbuf *out, const struct page_view *view, const struct conf *conf,
	const json_t *missing);

/* --- page_kill.c --- */

enum { PAGE_KILL_REASON = 200 }; /* characters of a reason */

struct page_kill { /* borrowed */
	const struct cluster_info *cluster;
	const struct app_info *app;
	const char *problem; /* of ours: what was wrong with the form; or NULL */
};
/* Asks, with a form that has room for the reason. */
void page_kill_question(
	struct sbuf *out, const struct page_view *view, const struct page_kill *about);
enum page_killed {
	KILLED,
	KILL_NOT_RUNNING,
	KILL_ON_KUBERNETES,
	KILL_ANOTHER, /* Spark would end the one that began later */
	KILL_NO_MASTER,
	KILL_REFUSED,
	KILL_WITHOUT_EFFECT, /* it was taken, and nothing happened */
	KILL_UNCERTAIN,	     /* it was taken, and nobody says what happened */
};
/* Says what became of it. */
void page_kill_told(struct sbuf *out, const struct page_view *view, const struct page_kill *about,
	enum page_killed end);

/* --- page_fault.c --- */

/* FAULT_BAD_HOST: the way to the right address, for nothing below this one leads anywhere. */
void page_other_host(
	struct sbuf *out, const struct page_view *view, const struct conf_listen *right);
/* Any fault. `detail` says more (which role or action was missing), or NULL. */
void page_fault(
	struct sbuf *out, const struct page_view *view, enum fault fault, const char *detail);
/* A worker or application that is gone, refused or not verified, with the way to history when there
 * is one. */
void page_gone(struct sbuf *out, const struct page_view *view, const struct registry *reg,
	const struct mount *mount);
/* A hand-over to an application's host that came to nothing: `path` is where it was to lead, a
 * checked local path, or "". */
void page_not_entered(
	struct sbuf *out, const struct page_view *view, const char *sentence, const char *path);
struct page_lines { /* the last of a log; borrowed */
	struct str text;
	bool is_cut; /* there are more before them */
};
/* An application that has ended and has no history: how, when and why, and last lines that were
 * kept (NULL: none). */
void page_app_ended(struct sbuf *out, const struct page_view *view,
	const struct cluster_info *cluster, const struct app_info *app,
	const struct page_lines *lines);
/* A resource that nothing is known to run (yet), or that is idle: what it waits for. Retries by
 * itself as the next. */
void page_app_waits(struct sbuf *out, const struct page_view *view,
	const struct cluster_info *cluster, const struct app_info *app);
/* "finished; its history is not ready yet", retries by itself (Refresh header is the caller's).
 * `lines` as of page_app_ended(). */
void page_not_ready(struct sbuf *out, const struct page_view *view,
	const struct cluster_info *cluster, const struct app_info *app,
	const struct page_lines *lines);

#endif
