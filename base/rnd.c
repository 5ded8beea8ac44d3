#include "base/rnd.h"

#include <stdlib.h>
#include <sys/random.h>

void rnd_bytes(void *out, size_t len)
{
	unsigned char *at = out;

	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);
		if (n == -1)
			abort();
		at += n;
		len -= (size_t)n;
	}
}

void rnd_hex(char *out, size_t chars)
{
	for (size_t i = 0; i < chars; i++) {
		unsigned char byte;
		rnd_bytes(&byte, 1);
		out[i] = "0123456789abcdef"[byte & 15];
	}
	out[chars] = '\0';
}
