/* base/rnd.h - randomness for identifiers and secrets, from the kernel. */
#ifndef SPARKGATE_BASE_RND_H
#define SPARKGATE_BASE_RND_H

#include <stddef.h>

/* Fills `out`; aborts if the kernel has no randomness, for nothing safe can be done without. */
void rnd_bytes(void *out, size_t len);
/* Writes `chars` lower-case hexadecimal digits (4 bits each) and a NUL: out holds chars + 1 bytes.
 */
void rnd_hex(char *out, size_t chars);

#endif
