/* auth/roles/roles.h - what a provider's claims call somebody: the names of their roles
 * (`auth.roles.claim`), and their own. */
#ifndef SPARKGATE_AUTH_ROLES_ROLES_H
#define SPARKGATE_AUTH_ROLES_ROLES_H

#include "base/str.h"

#include <jansson.h>

/* Calls for each name at the claim `path` (NULL: none): an array of strings, or one string of
 * space-separated names, at any dotted path; dots inside a key are tried too. "sub:..." is how the
 * configuration names a person: no claim may spell it, and such names are left out. */
typedef void roles_on_name(void *arg, struct str name);
void roles_each_name(const char *path, const json_t *claims, roles_on_name *on_name, void *arg);

/* What people call a subject; never a key (S31). Borrows. */
struct str roles_display_name(const json_t *claims, struct str subject);

#endif
