/* base/text/b64url.h - base64url without padding, strict and canonical (RFC 7515 §2, S14). */
#ifndef SPARKGATE_BASE_TEXT_B64URL_H
#define SPARKGATE_BASE_TEXT_B64URL_H

#include "base/mem.h"
#include "base/str.h"

/* Decodes into out (room for `room` bytes). -1 for another alphabet, padding, length 1 mod 4, or
 * unused bits that are not zero. Gives the number of bytes, 0 or more. */
MUST_CHECK long b64url_decode(struct str text, unsigned char *out, size_t room);
/* Writes ceil(len * 4 / 3) characters and a NUL; out must hold len * 4 / 3 + 3 bytes. */
void b64url_encode(const void *bytes, size_t len, char *out);

#endif
