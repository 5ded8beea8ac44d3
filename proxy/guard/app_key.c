#include "proxy/guard/app_key.h"

#include "base/text/digest.h"
#include "base/text/params.h"

#include <stdio.h>

enum { CUT = 160, DIGEST_SHOWN = 16, DECODED_MAX = 2048 };

static bool is_plain(char c)
{
	return str_is_alnum(c) || c == '-' || c == '_' || c == '.';
}

/* Names of mounts of our own, and what is no name in a path. */
static bool is_reserved(struct str id)
{
	static const struct str names[] = {
		STR("master"), STR("shs"), STR("proxy"), STR("history"), STR("."), STR("..")};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (str_eq(id, names[i]))
			return true;
	}
	return false;
}

bool app_key_is_id(struct str id)
{
	for (size_t i = 0; i < id.len; i++) {
		if (!is_plain(id.at[i]))
			return false;
	}
	return id.len > 0 && id.len < APP_KEY_SIZE && !is_reserved(id);
}

/* "~h" begins no "~XX", so that no other id looks like a long one. */
static void add_digest(struct str id, size_t len, char out[static APP_KEY_SIZE])
{
	unsigned char digest[DIGEST_LEN];

	digest_sha256(id, digest);
	len += (size_t)snprintf(out + len, APP_KEY_SIZE - len, "~h");
	for (size_t i = 0; i < DIGEST_SHOWN; i++)
		len += (size_t)snprintf(out + len, APP_KEY_SIZE - len, "%02X", digest[i]);
}

void app_key_of(struct str id, char out[static APP_KEY_SIZE])
{
	size_t len = 0, cut = 0;

	if (app_key_is_id(id)) {
		(void)str_copy(id, out, APP_KEY_SIZE);
		return;
	}
	for (size_t i = 0; i < id.len && len + 3 < APP_KEY_SIZE; i++) {
		if (is_plain(id.at[i]) && !(i == 0 && is_reserved(id)))
			out[len++] = id.at[i];
		else
			len += (size_t)snprintf(out + len, 4, "~%02X", (unsigned char)id.at[i]);
		cut = len <= CUT ? len : cut;
		if (i + 1 == id.len) {
			out[len] = '\0';
			return;
		}
	}
	out[cut] = '\0';
	add_digest(id, cut, out);
}

/* It means itself there, or is an escape that has to be one: Spark escapes no plain byte. */
static bool is_written_once(struct str raw, size_t at)
{
	int byte;

	if (raw.at[at] != '%')
		return is_plain(raw.at[at]) || raw.at[at] == '~';
	byte = str_hex(str_from(raw, at + 1), 2);
	return byte != -1 && !is_plain((char)byte);
}

/* What one server decodes, the next might decode again, or cut. */
static bool has_one_reading(struct str decoded)
{
	for (size_t i = 0; i < decoded.len; i++) {
		unsigned char c = (unsigned char)decoded.at[i];
		if (c < 0x20 || c == 0x7f || strchr("/\\%;?#", c))
			return false;
	}
	return decoded.len > 0 && !str_eq(decoded, STR(".")) && !str_eq(decoded, STR(".."));
}

bool app_key_of_encoded(struct str raw, char out[static APP_KEY_SIZE])
{
	struct sbuf decoded;
	bool is_good = true;

	if (app_key_is_id(raw))
		return str_copy(raw, out, APP_KEY_SIZE);
	for (size_t i = 0; i < raw.len; i++)
		is_good = is_good && is_written_once(raw, i);
	sbuf_init(&decoded, DECODED_MAX);
	is_good = is_good && params_decode(raw, PARAMS_FORM, &decoded) &&
		  has_one_reading(sbuf_str(&decoded));
	if (is_good)
		app_key_of(sbuf_str(&decoded), out);
	sbuf_clear(&decoded);
	return is_good;
}
