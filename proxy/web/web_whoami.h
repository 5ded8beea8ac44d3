/* proxy/web/web_whoami.h - who asks, told to themselves: a page for people, JSON for programs. The
 * same on every site, and for people without a role, too. */
#ifndef SPARKGATE_PROXY_WEB_WEB_WHOAMI_H
#define SPARKGATE_PROXY_WEB_WEB_WHOAMI_H

#include "proxy/web/web_row.h"

void web_whoami(struct web_call *call); /* a row's handler, for WEB_KNOWN */

#endif
