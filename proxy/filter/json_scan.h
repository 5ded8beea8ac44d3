/* proxy/filter/json_scan.h - from one byte of JSON that means something to the next, sixteen at a
 * time. Pure. */
#ifndef SPARKGATE_PROXY_FILTER_JSON_SCAN_H
#define SPARKGATE_PROXY_FILTER_JSON_SCAN_H

#include <stdbool.h>

/* The quote or the backslash in [p, end) that comes first, or `end`. */
const char *json_scan_string(const char *p, const char *end);
/* The same for what opens or closes: a quote, a bracket or a brace. */
const char *json_scan_structure(const char *p, const char *end);

struct json_depth {
	unsigned open; /* braces and brackets: at least one */
	bool in_string;
};
/*
 * Goes on in a value that is open, block by block, as long as none has a backslash. Gives how far
 * it came: behind what closes the value if `*depth` is 0 then.
 */
const char *json_skip_blocks(struct json_depth *depth, const char *p, const char *end);

#endif
