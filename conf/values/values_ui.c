/* conf/values/values_ui.c - how UIs under `uis:` are named: by a name and a URL, by patterns of
 * both with one '*' each, and by what pages call them. */
#include "conf/values/values_net.h"

#include "base/text/url.h"
#include "conf/values/keywords.h"

#include <stdlib.h>

/* The one '*' of a text becomes an 'x', for everything else to be as in a text without. Gives where
 * it stood, -1 where there is none, -2 for several. */
static ptrdiff_t cover_star(char *text)
{
	char *star = strchr(text, '*');

	if (star == NULL)
		return -1;
	*star = 'x';
	return strchr(star, '*') ? -2 : star - text;
}

static int parse_ui_name(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	char *plain = mem_strdup(text), **s = field;
	ptrdiff_t star = cover_star(plain);
	int rc = star == -2 ? err_set(expected, "a name with one '*'")
			    : value_name.parse(row, plain, field, expected);

	if (rc == 0 && star >= 0)
		(*s)[star] = '*';
	free(plain);
	return rc;
}

static bool format_text(const struct keyword *row, const void *field, struct sbuf *out)
{
	return value_string.format(row, field, out);
}

static void clear_text(void *field)
{
	value_string.clear(field);
}

/* A '*' belongs to the host. */
static int parse_ui_url(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	const char *host = strstr(text, "://");
	char *plain = mem_strdup(text);
	ptrdiff_t star = cover_star(plain), at = host ? star - (host + 3 - text) : 0;
	struct url *url = field;
	int rc = value_url.parse(row, plain, field, expected);

	free(plain);
	if (rc == -1 || star == -1)
		return rc;
	if (star == -2 || at < 0 || at >= (ptrdiff_t)strlen(url->host))
		return err_set(expected, "a URL whose host has one '*', and nothing else has any");
	url->host[at] = '*';
	return 0;
}

static bool format_ui_url(const struct keyword *row, const void *field, struct sbuf *out)
{
	return value_url.format(row, field, out);
}

/* "host" or "host:port", in the one spelling that is compared. */
static int parse_authority(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	char *written = mem_printf("http://%.300s/", text), authority[272], **s = field;
	struct url url;
	struct err why;

	(void)row;
	bool is_fine =
		strcspn(text, "/?@") == strlen(text) && url_parse(str_of(written), &url, &why) == 0;
	free(written);
	if (!is_fine)
		return err_set(expected, "a host, or host:port, as pages name the UI");
	url_authority(&url, false, authority);
	bool has_port = text[strlen(text) - 1] != ']' && strrchr(text, ':');
	if (!has_port)
		*strrchr(authority, ':') = '\0';
	*s = mem_strdup(authority);
	return 0;
}

const struct value_type value_ui_name = {parse_ui_name, format_text, clear_text};
const struct value_type value_ui_url = {parse_ui_url, format_ui_url, NULL};
const struct value_type value_authority = {parse_authority, format_text, clear_text};
