/*
 * proxy/admin/api.h - /api/v1/tokens: JSON over the admin listener, for bearer tokens.
 *
 * Runs on the keeper's loop. Every error is problem JSON (RFC 9457); nothing is cached.
 */
#ifndef SPARKGATE_PROXY_ADMIN_API_H
#define SPARKGATE_PROXY_ADMIN_API_H

#include "auth/service/auth.h"
#include "proxy/front/front.h"

struct api;

/* Both are borrowed; `auth` is the keeper thread's own. */
struct api *api_new(struct auth_service *service, struct auth *auth, struct budget *memory);
void api_free(struct api *api); /* after `auth`, which answers what is under way; NULL is fine */

bool api_is_path(struct str target); /* below /api/ */
/* Answers the request, now or when it is known who asks. */
void api_serve(struct api *api, struct front_request *req);

#endif
