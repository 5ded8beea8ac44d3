/* conf/values/values_net.h - addresses as configuration values: URLs, issuers, listeners, ranges.
 */
#ifndef SPARKGATE_CONF_VALUES_VALUES_NET_H
#define SPARKGATE_CONF_VALUES_VALUES_NET_H

#include "conf/conf.h"
#include "conf/values/values.h"

/* "127.0.0.1:8480", "[::1]:0", "localhost:8480" into text, addr and addr_len. -1: anything else. */
MUST_CHECK int values_parse_listen(const char *text, struct conf_listen *out);
/* The port listened on, 0 for any. */
unsigned values_listen_port(const struct conf_listen *listen);
/* Listens on every address (0.0.0.0 or ::). */
bool values_listen_is_any(const struct conf_listen *listen);

#endif
