/* proxy/http/form.h - application/x-www-form-urlencoded, of bodies and queries. */
#ifndef SPARKGATE_PROXY_HTTP_FORM_H
#define SPARKGATE_PROXY_HTTP_FORM_H

#include "base/sbuf.h"

/* Decodes the value of the only parameter `name` into out. False when it is missing, given twice or
 * has a broken escape or a NUL. */
MUST_CHECK bool form_get(struct str form, const char *name, struct sbuf *out);
/* S24: a local path to come back to: starts with one '/', printable ASCII, no backslash, and still
 * so after decoding it twice. */
bool form_is_return_path(struct str path);
/* Cuts the fragment off a path to come back to. Gives it with its '#', or "" if it is none that a
 * Location field may have. */
struct str form_cut_fragment(struct str *path);

#endif
