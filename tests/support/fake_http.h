/*
 * tests/support/fake_http.h - a small HTTP/1.1 server on a thread of its own, for tests to play
 * anybody with.
 *
 * Answers by exact path (without the query), or by a handler that builds the answer from the
 * request. Everything may be changed while it runs, from any thread. Counts what arrives, so that a
 * test can say what was never asked for.
 */
#ifndef SPARKGATE_TESTS_FAKE_HTTP_H
#define SPARKGATE_TESTS_FAKE_HTTP_H

#include "base/sbuf.h"

struct fake_http;

struct fake_request {			   /* borrowed for the handler's call; NUL-terminated */
	const char *method, *path, *query; /* query without '?', "" when there is none */
	const char *host;		   /* of the Host field, "" when absent */
	const char *head;		   /* all of it, as it came */
	const char *body;		   /* "" when there is none */
};
struct fake_answer {
	int status;	   /* 200 when the handler is called */
	const char *type;  /* static text; "text/html;charset=utf-8" when the handler is called */
	const char *extra; /* static text: more header lines, each with its CRLF; "" at first */
	struct sbuf body;
};
/* On the server's thread. False: answer 404. */
typedef bool fake_handler(
	void *arg, const struct fake_request *request, struct fake_answer *answer);

/* Listens on `ip` ("127.0.0.1", "0.0.0.0", ...), any free port. Gives. */
struct fake_http *fake_http_start(const char *ip);
void fake_http_stop(struct fake_http *fake);
unsigned fake_http_port(const struct fake_http *fake);

/* What `path` answers from now on; bodies are copied. */
void fake_http_set(
	struct fake_http *fake, const char *path, int status, const char *type, const char *body);
void fake_http_remove(struct fake_http *fake, const char *path);
/* Asked for every path that was not set. */
void fake_http_handle(struct fake_http *fake, fake_handler *handler, void *arg);
/* Every answer waits this long; connections wait independently of each other. */
void fake_http_delay(struct fake_http *fake, unsigned ms);
/* While down, connections are refused, and those that are open are closed. */
void fake_http_down(struct fake_http *fake, bool is_down);

unsigned fake_http_hits(struct fake_http *fake, const char *path); /* requests for this path */
unsigned fake_http_connections(struct fake_http *fake);		   /* accepted so far */
/* The last request's head for this path, or NULL. Gives: free() it. */
char *fake_http_last_head(struct fake_http *fake, const char *path);
char *fake_http_last_body(struct fake_http *fake, const char *path); /* same, of its content */

#endif
