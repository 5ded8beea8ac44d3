/* proxy/http/status_phrase.h - what a status is called (RFC 9110 §15, RFC 6585), in the status
 * line and as the title of a problem, and what it says of content. */
#ifndef SPARKGATE_PROXY_HTTP_STATUS_PHRASE_H
#define SPARKGATE_PROXY_HTTP_STATUS_PHRASE_H

#include <stdbool.h>

/* "Status" for one that has no name here; UIs may answer with any. */
const char *status_phrase(int status);
/* An answer that has no content, and says nothing about its length (RFC 9110 §8.6). */
bool status_is_bare(int status);

#endif
