/* proxy/guard/client_address.h - whose address a request comes from (S8). */
#ifndef SPARKGATE_PROXY_GUARD_CLIENT_ADDRESS_H
#define SPARKGATE_PROXY_GUARD_CLIENT_ADDRESS_H

#include "conf/conf.h"
#include "proxy/http/front_request.h"

/* The peer's address; behind trusted proxies the last hop of X-Forwarded-For that is not one of
 * them. */
void client_address_of(
	const struct conf *conf, const struct front_request *req, char out[static 46]);

/* The peer itself is one of server.trusted_proxies. */
bool client_address_is_trusted(const struct conf *conf, const struct front_request *req);

#endif
