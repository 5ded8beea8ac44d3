/* proxy/rewrite_scan.h - from one tag that is worth a look to the next, each byte touched once.
 * Pure. */
#ifndef SPARKGATE_PROXY_REWRITE_SCAN_H
#define SPARKGATE_PROXY_REWRITE_SCAN_H

/*
 * Behind the next '<' of [p, end) that may begin a tag with attributes, a comment or a declaration;
 * NULL: there is none. End tags are as good as text, and so are tags of one or two letters without
 * attributes: <td>, <b>. Near `end`, where that cannot be told, every '<' counts.
 */
const char *rewrite_scan_tag(const char *p, const char *end);

#endif
