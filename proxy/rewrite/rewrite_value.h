/* proxy/rewrite/rewrite_value.h - links mended where they stand: one, or all of an attribute's
 * value with more in it than one link (srcset, ping, style, what <meta> says of going elsewhere).
 */
#ifndef SPARKGATE_PROXY_REWRITE_REWRITE_VALUE_H
#define SPARKGATE_PROXY_REWRITE_REWRITE_VALUE_H

#include "proxy/rewrite/rewrite_sink.h"

/* Mends the link at [at, at + len) of a candidate; more of them from left to right. */
void rewriter_mend(struct rewriter *rw, struct str candidate, size_t at, size_t len);

enum value_kind { /* of attributes */
	VALUE_PLAIN,
	VALUE_LINK,
	VALUE_LINKS,  /* separated by blanks */
	VALUE_SRCSET, /* separated by commas, each with a descriptor */
	VALUE_STYLE,  /* CSS */
};
/* All links of a whole value, HOLD_MAX at most. */
void rewrite_value(struct rewriter *rw, enum value_kind kind, struct str value);
/* What stands between "<meta" and its '>', the '>' too: it sends on if it says http-equiv=refresh,
 * before or behind what says where to. */
void rewrite_meta(struct rewriter *rw, struct str attributes);
/* Where the link of "5; url=/x" is, as browsers read it (HTML 4.2.5.3, "shared declarative refresh
 * steps"); at == NULL: there is none. */
struct str rewrite_refresh_link(struct str value);

#endif
