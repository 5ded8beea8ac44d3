/*
 * proxy/admin/admin_page.h - the pages of the admin origin: its own sign-in, and the tokens (S0,
 * S35).
 *
 * Runs on the keeper's loop. A page is for who is signed in to this site by its own cookie; a
 * change is a form that one of its pages sent: Origin says so, and the session's form token.
 */
#ifndef SPARKGATE_PROXY_ADMIN_ADMIN_PAGE_H
#define SPARKGATE_PROXY_ADMIN_ADMIN_PAGE_H

#include "proxy/front/front.h"
#include "proxy/request/metrics.h"
#include "proxy/request/thread_shared.h"

struct admin_pages;

/* All are borrowed; `auth` is the keeper thread's own, of AUTH_SITE_ADMIN. `port` is the one really
 * listened on. */
struct admin_pages *admin_pages_new(struct auth_service *service, struct auth *auth,
	struct metrics *metrics, const struct thread_shared *shared, unsigned port);
/* After `auth`, which answers what is under way; NULL is fine. */
void admin_pages_free(struct admin_pages *pages);
/* Answers whatever is no probe and no API call, now or when it is known who asks. */
void admin_pages_serve(struct admin_pages *pages, struct front_request *req);

#endif
