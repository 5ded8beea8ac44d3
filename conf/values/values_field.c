/* conf/values/values_field.c - the name of a header field that the gateway is to write (S70). */
#include "conf/values/values.h"

#include <stdlib.h>

/*
 * Fields that have a meaning of their own on the way: of one hop or of the framing, credentials,
 * what the gateway itself says of a request, and what tells where it comes from. In lower case with
 * hyphens; one that ends in '*' is a prefix. Who put a person's name there would break or open
 * something.
 */
static const char *const refused[] = {"accept*", "access-control-*", "age", "allow",
	"authorization", "cache-control", "connection", "content-*", "cookie*", "date", "expect",
	"forwarded", "from", "host", "http2-settings", "if-*", "keep-alive", "max-forwards",
	"origin", "pragma", "priority", "proxy-*", "range", "referer", "sec-*", "service-worker*",
	"set-cookie*", "te", "trailer", "transfer-encoding", "upgrade*", "user-agent", "via",
	"x-forwarded-context", "x-forwarded-for", "x-forwarded-host", "x-forwarded-method",
	"x-forwarded-port", "x-forwarded-prefix", "x-forwarded-proto", "x-forwarded-scheme",
	"x-forwarded-server", "x-forwarded-ssl", "x-forwarded-uri", "x-http-method*",
	"x-method-override", "x-original-*", "x-real-ip", "x-requested-with", "x-rewrite-*"};

enum { NAME_MAX = 64 };

static bool is_one_of_refused(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct str row = str_of(refused[i]);
		bool is_prefix = str_ends(row, STR("*"));

		row.len -= is_prefix;
		if (is_prefix ? str_starts_nocase(name, row) : str_eq_nocase(name, row))
			return true;
	}
	return false;
}

/* UIs that read names as CGI does take "content_length" for the field of that name. */
static bool is_refused(const char *text)
{
	char plain[NAME_MAX + 1];
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		plain[i] = str_is_alnum(text[i]) ? text[i] : '-';
	return is_one_of_refused((struct str){plain, len});
}

static int parse_identity_header(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	char **s = field;

	(void)row;
	if (!str_is_token(str_of(text)) || strlen(text) > NAME_MAX)
		return err_set(expected,
			"a header field's name, such as X-WEBAUTH-USER: letters, digits and "
			"hyphens, at most %d",
			NAME_MAX);
	if (is_refused(text))
		return err_set(expected,
			"a field that is for names only, such as X-WEBAUTH-USER: this one has "
			"another meaning on the way");
	*s = mem_strdup(text);
	return 0;
}

static bool format_identity_header(const struct keyword *row, const void *field, struct sbuf *out)
{
	const char *text = *(char *const *)field;

	(void)row;
	if (text)
		sbuf_printf(out, "\"%s\"", text); /* a token: nothing to escape */
	return text != NULL;
}

static void clear_identity_header(void *field)
{
	free(*(char **)field);
}

const struct value_type value_identity_header = {
	parse_identity_header, format_identity_header, clear_identity_header};
