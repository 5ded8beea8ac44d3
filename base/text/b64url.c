#include "base/text/b64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

enum { FOREIGN = 64 }; /* a bit that no value has */

/* clang-format off */
static const unsigned char values[256] = {
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 62, 64, 64,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 64, 64, 64, 64, 64, 64,
	64,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 64, 64, 64, 64, 63,
	64, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 64, 64, 64, 64, 64,
	[128 ... 255] = FOREIGN,
};
/* clang-format on */

static uint32_t value_of(char c)
{
	return values[(unsigned char)c];
}

/* Four characters as 24 bits; what is foreign among them shows in `*found`. */
static uint32_t quantum(const char *at, uint32_t *found)
{
	uint32_t a = value_of(at[0]), b = value_of(at[1]), c = value_of(at[2]), d = value_of(at[3]);

	*found |= a | b | c | d;
	return a << 18 | b << 12 | c << 6 | d;
}

/* Two or three characters at the end. One byte string has one spelling: a last character with stray
 * bits is another one (S14). */
static bool decode_tail(struct str tail, unsigned char *out)
{
	char padded[4] = {'A', 'A', 'A', 'A'};
	uint32_t found = 0;

	memcpy(padded, tail.at, tail.len);
	uint32_t bits = quantum(padded, &found), stray = tail.len == 2 ? 0xffffu : 0xffu;
	out[0] = (unsigned char)(bits >> 16);
	if (tail.len == 3)
		out[1] = (unsigned char)(bits >> 8);
	return (found & FOREIGN) == 0 && (bits & stray) == 0;
}

long b64url_decode(struct str text, unsigned char *out, size_t room)
{
	size_t whole = text.len / 4 * 4, tail = text.len - whole, len = whole / 4 * 3;
	size_t all = len + (tail ? tail - 1 : 0);
	uint32_t found = 0;

	if (tail == 1 || all > room)
		return -1;
	for (size_t i = 0; i < whole; i += 4, out += 3) { /* without a branch on what is there */
		uint32_t bits = quantum(text.at + i, &found);

		out[0] = (unsigned char)(bits >> 16);
		out[1] = (unsigned char)(bits >> 8);
		out[2] = (unsigned char)bits;
	}
	if ((found & FOREIGN) || (tail && !decode_tail(str_from(text, whole), out)))
		return -1;
	return (long)all;
}

void b64url_encode(const void *bytes, size_t len, char *out)
{
	const unsigned char *in = bytes;
	uint32_t bits = 0;
	unsigned held = 0;

	for (size_t i = 0; i < len; i++) {
		bits = (bits << 8 | in[i]) & 0xffffu;
		for (held += 8; held >= 6; held -= 6)
			*out++ = alphabet[bits >> (held - 6) & 63];
	}
	if (held)
		*out++ = alphabet[bits << (6 - held) & 63];
	*out = '\0';
}
