/*
 * proxy/front/h2/h2.h - HTTP/2 (RFC 9113) as the second wire of a front, on libnghttp2.
 *
 * Each stream is a request behind the same struct front_request as one of HTTP/1, read by the same
 * strict reader. Only the direct front speaks it.
 */
#ifndef SPARKGATE_PROXY_FRONT_H2_H2_H
#define SPARKGATE_PROXY_FRONT_H2_H2_H

struct front_second;

/* For front_use_second(). */
extern const struct front_second h2_wire;

#endif
