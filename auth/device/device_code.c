#include "auth/device/device_code.h"

#include "base/rnd.h"
#include "base/text/b64url.h"

#include <ctype.h>
#include <openssl/crypto.h>

/* RFC 8628 §6.1: no vowels, so that no word comes out, and nothing that looks like a digit. */
static const char letters[] = "BCDFGHJKLMNPQRSTVWXZ";
static const char prefix[] = "sgdc_";

enum { LETTERS = sizeof letters - 1, PREFIX = sizeof prefix - 1, FAIR = 256 / LETTERS * LETTERS };

void device_code_new(char out[static DEVICE_CODE])
{
	unsigned char bytes[DIGEST_LEN];
	char text[DIGEST_LEN * 4 / 3 + 3];

	rnd_bytes(bytes, sizeof bytes);
	b64url_encode(bytes, sizeof bytes, text);
	memcpy(out, prefix, PREFIX);
	memcpy(out + PREFIX, text, DEVICE_CODE - PREFIX);
	OPENSSL_cleanse(bytes, sizeof bytes);
	OPENSSL_cleanse(text, sizeof text);
}

bool device_code_digest(struct str code, unsigned char out[static DIGEST_LEN])
{
	unsigned char bytes[DIGEST_LEN];

	if (code.len != DEVICE_CODE - 1 || !str_starts(code, str_of(prefix)) ||
		b64url_decode(str_from(code, PREFIX), bytes, sizeof bytes) != DIGEST_LEN)
		return false;
	OPENSSL_cleanse(bytes, sizeof bytes);
	digest_sha256(code, out);
	return true;
}

static char random_letter(void)
{
	unsigned char byte;

	do /* each letter is as likely as the others */
		rnd_bytes(&byte, 1);
	while (byte >= FAIR);
	return letters[byte % LETTERS];
}

void user_code_new(char out[static USER_CODE])
{
	for (size_t i = 0; i < USER_CODE - 1; i++)
		out[i] = i == DEVICE_LETTERS / 2 ? '-' : random_letter();
	out[USER_CODE - 1] = '\0';
}

bool user_code_read(
	struct str typed, char shown[static USER_CODE], unsigned char out[static DIGEST_LEN])
{
	size_t count = 0;

	for (size_t i = 0; i < typed.len; i++) {
		char letter = (char)toupper((unsigned char)typed.at[i]);
		if (letter == '-' || letter == ' ')
			continue;
		if (count == DEVICE_LETTERS || letter == '\0' || strchr(letters, letter) == NULL)
			return false;
		shown[count < DEVICE_LETTERS / 2 ? count : count + 1] = letter;
		count++;
	}
	if (count != DEVICE_LETTERS)
		return false;
	shown[DEVICE_LETTERS / 2] = '-';
	shown[USER_CODE - 1] = '\0';
	digest_sha256((struct str){shown, USER_CODE - 1}, out);
	return true;
}
