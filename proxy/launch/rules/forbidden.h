/*
 * proxy/launch/rules/forbidden.h - keys of Spark's configuration, and names of environment
 * variables, that no launch sets, whatever its profile says (S119).
 *
 * By them one reaches secrets of the gateway, the cluster or others, runs code outside one's own
 * application, or changes who one is and how much one has. README.md has this table, and where
 * Spark reads each of them. Pure.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_RULES_FORBIDDEN_H
#define SPARKGATE_PROXY_LAUNCH_RULES_FORBIDDEN_H

#include "base/mem.h"
#include "base/str.h"

struct forbidden {
	const char *pattern; /* letter case does not count; '*' at its end: all that begin so */
	const char *why;     /* for people */
	const char *where;   /* a file of Spark's source; NULL: it is none of Spark's */
};
extern const struct forbidden forbidden_keys[], forbidden_names[];
extern const size_t forbidden_keys_count, forbidden_names_count;

/* NULL: no row has it. What an executor's environment is set by is looked for by its name, too. */
const struct forbidden *forbidden_key(struct str key);
const struct forbidden *forbidden_name(struct str name); /* of an environment variable */
/* Whether a pattern of may_set fits. Letter for letter. */
bool forbidden_pattern_fits(const char *pattern, struct str key);

#endif
