/*
 * proxy/endpoints/client_wheel.h - the wheel of clients/python/, which is made with the program and
 * lives inside it.
 */
#ifndef SPARKGATE_PROXY_ENDPOINTS_CLIENT_WHEEL_H
#define SPARKGATE_PROXY_ENDPOINTS_CLIENT_WHEEL_H

#include <stddef.h>

struct client_wheel {
	const char *name;   /* "sparkgate_client-VERSION-py3-none-any.whl" */
	const char *sha256; /* 64 digits */
	const unsigned char *bytes;
	size_t len;
};
const struct client_wheel *client_wheel(void); /* any thread */

#endif
