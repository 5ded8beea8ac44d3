/*
 * proxy/endpoints/endpoint.h - the gateway's own paths on the public site.
 *
 *   endpoint.c           the table of what is below _gate/; home, clusters
 *   endpoint_permalink.c a link that stays; the log of an application that runs
 *   endpoint_sign.c      signing in and out, as far as it is this site's own
 *   endpoint_oauth.c     tokens for programs
 *   endpoint_client.c    the Python client
 *   endpoint_app_host.c  a session on its way to an application's host
 *   endpoint_kill.c      ending an application
 *   endpoint_pods.c      logs and events of an application's pods
 *   endpoint_api.c       launches and artifacts, for programs
 *   endpoint_ext_auth.c  answers to an ingress (S-ext)
 */
#ifndef SPARKGATE_PROXY_ENDPOINTS_ENDPOINT_H
#define SPARKGATE_PROXY_ENDPOINTS_ENDPOINT_H

#include "proxy/request/content.h"
#include "proxy/request/exchange_judge.h"
#include "proxy/request/public_site.h"
#include "proxy/request/respond.h"
#include "proxy/web/web_serve.h"

extern const struct web_site endpoint_site;
/* What is no mount and no permalink. */
void endpoint_serve(struct exchange *x);
/* Leads to `path` and `suffix`, with the query that was asked with. */
void endpoint_redirect(struct exchange *x, const char *path, const char *suffix);

/* endpoint_permalink.c */
void endpoint_serve_app(struct exchange *x);
void endpoint_permalink_free(struct endpoint_permalink *permalink); /* NULL is fine */
/* Its live UI is asked for an event log, and has none to give (T62). */
bool endpoint_is_live_log(const struct exchange *x);
void endpoint_serve_live_log(struct exchange *x);

/* endpoint_sign.c: handlers of rows. */
void endpoint_login_page(struct web_call *call);
void endpoint_login(struct web_call *call);
void endpoint_logout(struct web_call *call);

/* endpoint_oauth.c: the same. */
void endpoint_oauth_token(struct web_call *call);
void endpoint_oauth_revoke(struct web_call *call);
void endpoint_oauth_introspect(struct web_call *call);
/* RFC 8628 §3.1: a program asks for a person's tokens. */
void endpoint_oauth_device(struct web_call *call);
/* A person comes by the address that it has shown: to the admin site, where they decide (S135). */
void endpoint_oauth_lead(struct web_call *call);
void endpoint_oauth_metadata(struct web_call *call); /* RFC 8414 §3.2 */
/* RFC 6749 §5.2; `description` is a text of ours, or NULL. */
void endpoint_oauth_refuse(struct web_call *call, int status, const char *error,
	const char *description, enum fault fault);

/* endpoint_client.c: the Python client, which lives inside the program. */
void endpoint_client_index(struct web_call *call);
void endpoint_client_file(struct web_call *call);

/* endpoint_app_host.c: the same. */
void endpoint_hand_over(struct web_call *call);
void endpoint_enter(struct web_call *call);
/* A live UI that has its own host. */
void endpoint_serve_app_host(struct exchange *x);

/* endpoint_kill.c */
void endpoint_serve_kill(struct exchange *x);
void endpoint_kill_free(struct endpoint_kill *kill); /* NULL is fine */

/* endpoint_pods.c */
void endpoint_serve_pods(struct exchange *x);
/* For the permalink's page: calls `then` with the last lines that were kept of its driver, or NULL.
 * The caller knows that they may read them. */
void endpoint_pods_last_lines(struct exchange *x, const struct app_info *app,
	void (*then)(
		struct exchange *x, const struct app_info *app, const struct page_lines *lines));
void endpoint_pods_go_on(struct exchange *x);	     /* its client has taken what was sent */
void endpoint_pods_free(struct endpoint_pods *pods); /* NULL is fine */

/* endpoint_api.c: another site on the same listener, which reads no cookie. */
extern const struct web_site endpoint_api_site;
/* Whether the path is one of its, and the configuration launches anything. */
bool endpoint_api_has(const struct web_call *call);

/* endpoint_ext_auth.c */
extern const char endpoint_ext_auth_not_found[];  /* says so of each path that is no UI's */
void endpoint_ext_auth_serve(struct exchange *x); /* who it is may do it, as far as roles go */

#endif
