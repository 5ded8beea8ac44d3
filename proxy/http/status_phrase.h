/* proxy/http/status_phrase.h - what a status is called (RFC 9110 §15, RFC 6585): in the status
 * line, and as the title of a problem. */
#ifndef SPARKGATE_PROXY_HTTP_STATUS_PHRASE_H
#define SPARKGATE_PROXY_HTTP_STATUS_PHRASE_H

/* "Status" for one that has no name here; UIs may answer with any. */
const char *status_phrase(int status);

#endif
