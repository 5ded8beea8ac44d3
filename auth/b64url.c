#include "auth/b64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	return c == '_' ? 63 : -1;
}

long b64url_decode(struct str text, unsigned char *out, size_t room)
{
	uint32_t bits = 0;
	unsigned held = 0;
	size_t len = 0;

	if (text.len % 4 == 1 || text.len / 4 * 3 + (text.len % 4 * 3) / 4 > room)
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		int value = value_of(text.at[i]);

		if (value == -1)
			return -1;
		bits = (bits << 6 | (uint32_t)value) & 0xffffu;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[len++] = (unsigned char)(bits >> held);
		}
	}
	/* One byte string has one spelling: a last character with stray bits is another one (S14).
	 */
	if (bits & ((1u << held) - 1))
		return -1;
	return (long)len;
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
