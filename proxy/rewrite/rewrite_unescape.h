/*
 * proxy/rewrite/rewrite_unescape.h - the head of an attribute or JSON string without its escapes,
 * and where each byte came from.
 *
 * Only as much as it takes to tell where a URL leads: whatever follows stays as it was written.
 */
#ifndef SPARKGATE_PROXY_REWRITE_REWRITE_UNESCAPE_H
#define SPARKGATE_PROXY_REWRITE_REWRITE_UNESCAPE_H

#include "base/str.h"

enum { UNESCAPED_MAX = 1024 };

struct unescaped {
	char text[UNESCAPED_MAX];
	uint16_t from[UNESCAPED_MAX +
		      1]; /* offset in the raw text; from[len] is where reading ended */
	size_t len;
};

/* Character references (HTML 13.5: numeric, and the names that can hide a URL's delimiters). */
void unescape_html(struct str raw, struct unescaped *out);
/* RFC 8259 §7. */
void unescape_json(struct str raw, struct unescaped *out);

#endif
