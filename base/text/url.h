/*
 * base/text/url.h - http and https URLs of configured and discovered servers, and the strict
 * reading of a request target (S6). One parse, here, for everybody.
 */
#ifndef SPARKGATE_BASE_TEXT_URL_H
#define SPARKGATE_BASE_TEXT_URL_H

#include "base/err.h"
#include "base/str.h"

struct url {
	bool tls;
	char host[256];	 /* lower case; an IPv6 literal without its brackets */
	uint16_t port;	 /* the scheme's default when absent */
	char path[1024]; /* starts with '/', no query and no fragment */
};

/* Absolute http(s) URL with no userinfo, query or fragment. -1 with a reason in err. */
MUST_CHECK int url_parse(struct str text, struct url *out, struct err *err);
/* The same of an address that goes to its own server and nowhere else, as that server wrote it:
 * "//" in its path is allowed. */
MUST_CHECK int url_parse_endpoint(struct str text, struct url *out, struct err *err);
bool url_is_same(const struct url *a, const struct url *b);
/* "host:port" with brackets around IPv6, e.g. for a Host field: the default port is left out when
 * `brief`. */
void url_authority(const struct url *url, bool brief, char out[static 272]);
/* "http://host[:port]" in the form browsers use for Origin (RFC 6454 §6.2). */
void url_origin(const struct url *url, char out[static 288]);
bool url_host_is_loopback(const char *host); /* localhost, 127.0.0.0/8, ::1 */

/* A request target in origin-form, split once at its first '?'. Both parts borrow from the input.
 */
struct target {
	struct str path;  /* starts with '/' */
	struct str query; /* without '?'; at == NULL when there is none */
};

enum { TARGET_PATH_MAX = 8192 }; /* S4: every reading of it is decoded */
/*
 * Refuses what two readers could read differently (S6): not starting with a single '/', bytes <=
 * 0x20 or >= 0x7f, '#', '\', "//", dot segments (also as %2e), %2f %5c %00 %2e %23 in the path, a
 * broken percent escape in the path, a path of more than TARGET_PATH_MAX bytes. How long a query
 * may be is the limit of the head it came in. -1 with the reason.
 */
MUST_CHECK int target_parse(struct str raw, struct target *out, struct err *err);

#endif
