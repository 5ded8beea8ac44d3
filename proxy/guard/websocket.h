/*
 * proxy/guard/websocket.h - whether a request may become a tunnel, and whether its UI agreed (S3,
 * S11).
 *
 * Pure. RFC 6455 §4 and nothing but it: whatever else is asked for with Upgrade is an ordinary
 * request, and the field does not pass.
 */
#ifndef SPARKGATE_PROXY_GUARD_WEBSOCKET_H
#define SPARKGATE_PROXY_GUARD_WEBSOCKET_H

#include "proxy/http/front_request.h"

/* GET, HTTP/1.1, no content, Connection with "upgrade", one Upgrade that is "websocket", one key
 * of 16 bytes. */
bool websocket_is_asked(const struct front_request *req);
/* Whether the page that asks is of the request's own host, by `scheme` ("https://"); a browser
 * always says, so only a program with a token (`may_be_silent`) may leave it out. */
bool websocket_is_from_us(const struct front_request *req, struct str scheme, bool may_be_silent);
/* The UI's 101 answers this very request: "websocket", and the key's proof. */
bool websocket_is_accepted(const struct front_request *req, const struct h1_response *head);

/* RFC 6455 §7.4.1 and its registry: the server ends; it starts again, so the client may come back.
 */
enum { WEBSOCKET_GOING_AWAY = 1001, WEBSOCKET_SERVICE_RESTART = 1012, WEBSOCKET_CLOSE = 4 };
/* The frame with which a server says so. */
void websocket_write_close(unsigned code, unsigned char out[static WEBSOCKET_CLOSE]);

/* A listener to one side's frames as they pass; begins as zeros. */
struct websocket_ear {
	unsigned char head[10]; /* of a frame, without its mask */
	unsigned have;		/* bytes of it */
	uint64_t left;		/* bytes of the frame behind it */
};
/* Between two frames. */
bool websocket_is_between_frames(const struct websocket_ear *ear);
/* Whether a frame with data begins in these bytes: what a page says. Pings, pongs and the end are
 * the browser's own. */
bool websocket_hear(struct websocket_ear *ear, struct str bytes);

#endif
