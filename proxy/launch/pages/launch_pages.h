/*
 * proxy/launch/pages/launch_pages.h - the admin site's pages of launched applications: what the API
 * does, by forms.
 *
 * A page asks the keeper what the API asks it (proxy/launch/launch_question.h), with the same rules
 * and audit lines, and shows the answer. Thread of the site.
 *
 *   launch_pages.c   the list, one application, its log, ended and launched again
 *   launch_new.c     the form for a new one, and what it sends
 *   launch_upload.c  the same with a file, as it comes; upload_form.c reads its parts
 *   launch_artifacts.c  one's own files, to launch from
 *   launch_fields.c  from a form's fields to the API's JSON, and back
 *   page_question.c  a question on its way
 */
#ifndef SPARKGATE_PROXY_LAUNCH_PAGES_LAUNCH_PAGES_H
#define SPARKGATE_PROXY_LAUNCH_PAGES_LAUNCH_PAGES_H

#include "proxy/web/web_call.h"

/* Handlers of rows; the log as text is launch_api_logs()'s. */
void launch_pages_list(struct web_call *call);
void launch_pages_show(struct web_call *call);
void launch_pages_log(struct web_call *call);
void launch_pages_ask_kill(struct web_call *call);
void launch_pages_kill(struct web_call *call);
void launch_pages_restart(struct web_call *call);
void launch_pages_new(struct web_call *call);
void launch_pages_create(struct web_call *call);
void launch_pages_upload(struct web_call *call);
void launch_pages_artifacts(struct web_call *call);

#endif
