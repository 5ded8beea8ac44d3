#include "proxy/guard/app_origin.h"

#include "base/text/digest.h"

#include <stdio.h>
#include <stdlib.h>

enum { DIGEST_CHARS = 20, ID_MAX = APP_LABEL_SIZE - 1 - 1 - DIGEST_CHARS };

/* Lower-case letters and digits; everything else is a hyphen, none at the beginning and no two
 * together, so that "xn--" and the like cannot come up (RFC 5891 §4.2.3.1). */
static size_t write_app_id(const char *id, char out[static ID_MAX])
{
	size_t len = 0;

	for (; *id && len < ID_MAX; id++) {
		bool is_upper = *id >= 'A' && *id <= 'Z';
		bool is_other =
			!is_upper && !(*id >= 'a' && *id <= 'z') && !(*id >= '0' && *id <= '9');

		if (is_other && (len == 0 || out[len - 1] == '-'))
			continue;
		out[len++] = (char)(is_upper ? *id | 0x20 : is_other ? '-' : *id);
	}
	while (len > 0 && out[len - 1] == '-')
		len--;
	return len;
}

void app_origin_label(const char *cluster, const char *id, char out[static APP_LABEL_SIZE])
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567"; /* RFC 4648 §6 */
	/* No name of a cluster has a slash. */
	char *text = mem_printf("%s/%s", cluster, id);
	unsigned char digest[DIGEST_LEN];
	size_t len = write_app_id(id, out);

	digest_sha256(str_of(text), digest);
	free(text);
	if (len > 0)
		out[len++] = '-';
	for (size_t i = 0; i < DIGEST_CHARS; i++) {
		size_t bit = i * 5, at = bit / 8;
		unsigned pair = (unsigned)digest[at] << 8 | digest[at + 1];
		out[len++] = alphabet[pair >> (11 - bit % 8) & 31];
	}
	out[len] = '\0';
}

void app_origin_write(
	const struct conf_listen *conf, struct str label, char out[static APP_ORIGIN_SIZE])
{
	char authority[272];

	url_authority(&conf->apps, true, authority);
	snprintf(out, APP_ORIGIN_SIZE, "%s://%.*s.%s", conf->apps.tls ? "https" : "http",
		(int)label.len, label.at, authority);
}

static bool is_label(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i], lower = (char)(c | 0x20);
		if (!(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return s.len > 0 && s.len < APP_LABEL_SIZE;
}

struct str app_origin_label_of(const struct conf_listen *conf, struct str host)
{
	ptrdiff_t dot = str_find_byte(host, '.');
	struct str none = {NULL, 0}, label = {host.at, dot == -1 ? 0 : (size_t)dot};

	if (conf->apps.host[0] == '\0' || !is_label(label) ||
		!str_eq_nocase(str_from(host, label.len + 1), str_of(conf->apps.host)))
		return none;
	return label;
}

static bool take_segment(struct str *path, char *out, size_t size)
{
	struct str segment;

	return str_next(path, '/', &segment) && segment.len > 0 && str_copy(segment, out, size);
}

bool app_origin_is_of(struct str label, const char *base, struct str path)
{
	char cluster[64], kind[sizeof "proxy"], id[256], own[APP_LABEL_SIZE];
	struct str rest = str_from(path, strlen(base) + 1);

	if (!str_starts(path, str_of(base)) || !take_segment(&rest, cluster, sizeof cluster) ||
		!take_segment(&rest, kind, sizeof kind) || strcmp(kind, "proxy") != 0 ||
		!take_segment(&rest, id, sizeof id))
		return false;
	app_origin_label(cluster, id, own);
	return str_eq(label, str_of(own));
}
