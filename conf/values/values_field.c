/* conf/values/values_field.c - names on the wire that an operator chooses: of the header field that
 * the gateway is to write (S70), of its cookie (S25). */
#include "conf/conf.h"
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

static bool format_name(const struct keyword *row, const void *field, struct sbuf *out)
{
	const char *text = *(char *const *)field;

	(void)row;
	if (text)
		sbuf_printf(out, "\"%s\"", text); /* a token: nothing to escape */
	return text != NULL;
}

static void clear_name(void *field)
{
	free(*(char **)field);
}

const struct value_type value_identity_header = {parse_identity_header, format_name, clear_name};

/* Whatever it is called, every gateway knows it for one of a gateway's, and shows it to no UI. */
static int parse_cookie_name(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	static const char word[] = "sparkgate";
	struct str tail = str_from(str_of(text), sizeof word - 1);
	bool is_fine = str_starts(str_of(text), STR("sparkgate")) && tail.len < CONF_COOKIE_TAIL &&
		       (tail.len == 0 || (tail.len > 1 && tail.at[0] == '_'));

	(void)row;
	for (size_t i = 1; i < tail.len; i++)
		is_fine &= str_is_alnum(tail.at[i]) || tail.at[i] == '-';
	if (!is_fine)
		return err_set(expected,
			"sparkgate, or sparkgate_ and at most %d letters, digits or hyphens",
			CONF_COOKIE_TAIL - 2);
	*(char **)field = mem_strdup(text);
	return 0;
}

const struct value_type value_cookie_name = {parse_cookie_name, format_name, clear_name};
