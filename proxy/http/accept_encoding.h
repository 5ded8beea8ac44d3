/*
 * proxy/http/accept_encoding.h - which content coding a client takes (RFC 9110 §12.5.3).
 *
 * Pure; borrows the fields for the call.
 */
#ifndef SPARKGATE_PROXY_HTTP_ACCEPT_ENCODING_H
#define SPARKGATE_PROXY_HTTP_ACCEPT_ENCODING_H

#include "proxy/http/content_coding.h"
#include "proxy/http/h1.h"

bool accept_encoding_has_gzip(const struct h1_field *fields, size_t count);
/*
 * The coding that an answer of ours should have: CODING_ZSTD, CODING_GZIP or CODING_IDENTITY. The
 * client's weights decide, and zstd wins a tie: it is smaller and costs less (tests/bench). "*"
 * speaks of gzip only: who means zstd names it.
 */
enum content_coding_kind accept_encoding_best(const struct h1_field *fields, size_t count);

#endif
