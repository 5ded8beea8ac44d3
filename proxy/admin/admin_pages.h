/* proxy/admin/admin_pages.h - what the pages of the admin origin share. */
#ifndef SPARKGATE_PROXY_ADMIN_ADMIN_PAGES_H
#define SPARKGATE_PROXY_ADMIN_ADMIN_PAGES_H

#include "proxy/admin/admin_call.h"

/* admin_tokens.c: handlers of rows. */
void admin_tokens_list(struct web_call *call);
void admin_tokens_create(struct web_call *call);
void admin_tokens_show(struct web_call *call);
void admin_tokens_revoke(struct web_call *call);
void admin_tokens_disable(struct web_call *call);
void admin_tokens_enable(struct web_call *call);
void admin_device_show(struct web_call *call);
void admin_device_decide(struct web_call *call);
/* admin_sessions.c and admin_audit.c: for who has the right. */
void admin_sessions_list(struct web_call *call);
void admin_sessions_end_one(struct web_call *call);
void admin_sessions_end_person(struct web_call *call);
void admin_audit(struct web_call *call);

#endif
