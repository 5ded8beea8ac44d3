/* auth/service/auth_session_refresh.h - a session renewed: the provider is asked again, by one
 * gateway at a time. */
#ifndef SPARKGATE_AUTH_SERVICE_AUTH_SESSION_REFRESH_H
#define SPARKGATE_AUTH_SERVICE_AUTH_SESSION_REFRESH_H

#include "auth/service/auth_pending.h"

/* Resumes the question when the provider has spoken. */
void auth_session_refresh_ask(struct auth_pending *pending);
/* Keeper thread: answers all that wait. */
void auth_session_refresh_close(struct auth_service *service);

#endif
