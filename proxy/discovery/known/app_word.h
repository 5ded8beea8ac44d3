/*
 * proxy/discovery/known/app_word.h - what is said of an application in words: why it waits, how and
 * when it ended.
 *
 * The last word stays when who said it is gone, for a pod may be deleted some milliseconds after
 * its driver died. It goes with everything else that another one's pod told.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_KNOWN_APP_WORD_H
#define SPARKGATE_PROXY_DISCOVERY_KNOWN_APP_WORD_H

#include "base/str.h"

struct app;

enum { APP_REASON_MAX = 512 }; /* bytes */

/* Copies at most so many bytes, cut between characters, in one line: what prints nothing becomes a
 * blank. "": nothing is known. */
void app_say(struct app *a, const char *reason);
/* It has ended with this code, at that time; 0: nobody knows, so it is now. */
void app_say_ended(struct app *a, int64_t ended_ms, int exit_code);
void app_say_runs(struct app *a); /* (again) */
void app_forget_word(struct app *a);
/* Wall; 0: it runs, or nobody knows. */
int64_t app_ended_ms(const struct app *a);
/* Its driver is, or was, a pod that is known by name. */
bool app_has_pod(const struct app *a);

#endif
