#include "base/text/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Every byte is printable ASCII, and none begins a fragment or is a slash to some readers only. */
static int check_bytes(struct str s, struct err *err)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];
		if (c <= 0x20 || c >= 0x7f)
			return err_set(err, "byte 0x%02x at position %zu", c, i);
		if (c == '#' || c == '\\')
			return err_set(err, "'%c' at position %zu", c, i);
	}
	return 0;
}

/* Encoded separators, dots and NUL would mean one thing here and another to the server behind. */
static int check_escapes(struct str path, struct err *err)
{
	for (size_t i = 0; i < path.len; i++) {
		if (path.at[i] != '%')
			continue;
		int high = i + 2 < path.len ? str_hex_digit(path.at[i + 1]) : -1;
		int low = i + 2 < path.len ? str_hex_digit(path.at[i + 2]) : -1;
		if (high == -1 || low == -1)
			return err_set(err, "broken percent escape at position %zu", i);
		if (memchr("/\\.#", high * 16 + low, 5)) /* 5: the NUL is one of them */
			return err_set(err, "percent escape %%%02x in the path", high * 16 + low);
	}
	return 0;
}

/* Servlet containers cut ";parameters" before they resolve dots, so "..;x" is a dot segment too. */
static bool is_dot_segment(struct str segment)
{
	ptrdiff_t semicolon = str_find_byte(segment, ';');

	if (semicolon != -1)
		segment.len = (size_t)semicolon;
	return str_eq(segment, STR(".")) || str_eq(segment, STR(".."));
}

static int check_segments(struct str path, bool may_be_empty, struct err *err)
{
	struct str rest, segment;

	if (path.len == 0 || path.at[0] != '/')
		return err_set(err, "does not start with '/'");
	rest = str_from(path, 1);
	while (str_next(&rest, '/', &segment)) {
		if (segment.len == 0 && rest.at && !may_be_empty)
			return err_set(err, "empty segment (\"//\") in the path");
		if (is_dot_segment(segment))
			return err_set(err, "dot segment in the path");
	}
	return 0;
}

int target_parse(struct str raw, struct target *out, struct err *err)
{
	ptrdiff_t mark;

	if (check_bytes(raw, err) == -1)
		return -1;
	mark = str_find_byte(raw, '?');
	out->path = mark == -1 ? raw : (struct str){raw.at, (size_t)mark};
	out->query = mark == -1 ? (struct str){NULL, 0} : str_from(raw, (size_t)mark + 1);
	if (out->path.len > TARGET_PATH_MAX)
		return err_set(err, "a path of more than %d bytes", TARGET_PATH_MAX);
	if (check_segments(out->path, false, err) == -1)
		return -1;
	return check_escapes(out->path, err);
}

/* "host" and "[v6]" of an authority, and what follows (":port" or nothing). */
static int split_host(struct str authority, struct str *host, struct str *rest, struct err *err)
{
	if (authority.len && authority.at[0] == '[') {
		ptrdiff_t end = str_find_byte(authority, ']');
		if (end == -1)
			return err_set(err, "'[' without ']'");
		*host = (struct str){authority.at + 1, (size_t)end - 1};
		*rest = str_from(authority, (size_t)end + 1);
		return 0;
	}
	ptrdiff_t colon = str_find_byte(authority, ':');
	size_t end = colon == -1 ? authority.len : (size_t)colon;
	*host = (struct str){authority.at, end};
	*rest = str_from(authority, end);
	return 0;
}

/* One spelling per address: "0:0::1" and "::1" must be the same host to whoever compares. */
static int set_host6(struct str text, struct url *out, struct err *err)
{
	struct in6_addr v6;

	if (!str_copy(text, out->host, sizeof out->host) || strlen(out->host) != text.len ||
		inet_pton(AF_INET6, out->host, &v6) != 1)
		return err_set(err, "no IPv6 address between the brackets");
	inet_ntop(AF_INET6, &v6, out->host, sizeof out->host);
	return 0;
}

/* True when resolvers may read the host as a number (inet_aton takes "0x7f.1" and "2130706433"). */
static bool ends_in_number(const char *host)
{
	const char *dot = strrchr(host, '.');
	const char *last = dot ? dot + 1 : host;
	bool is_hex = last[0] == '0' && last[1] == 'x';

	return is_hex || strspn(last, "0123456789") == strlen(last);
}

static int set_host_name(struct str text, struct url *out, struct err *err)
{
	struct in_addr v4;

	if (text.len == 0)
		return err_set(err, "no host");
	if (!str_copy(text, out->host, sizeof out->host))
		return err_set(err, "the host is longer than %zu bytes", sizeof out->host - 1);
	for (char *c = out->host; c < out->host + text.len; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c | 0x20);
		bool is_name = (*c >= 'a' && *c <= 'z') || is_digit(*c) || *c == '-' || *c == '_';
		bool is_inner_dot = *c == '.' && c > out->host && c[-1] != '.' && c[1] != '\0';
		if (!is_name && !is_inner_dot)
			return err_set(err, "the host is not a name or an address");
	}
	if (ends_in_number(out->host) && inet_pton(AF_INET, out->host, &v4) != 1)
		return err_set(err, "the host is a number but no IPv4 address");
	return 0;
}

static int set_port(struct str text, struct url *out, struct err *err)
{
	uint64_t port;

	out->port = out->tls ? 443 : 80;
	if (text.len == 0)
		return 0;
	if (text.at[0] != ':' || !str_to_u64(str_from(text, 1), &port) || port == 0 || port > 65535)
		return err_set(err, "the port is not a number from 1 to 65535");
	out->port = (uint16_t)port;
	return 0;
}

static int set_path(struct str path, bool may_be_empty, struct url *out, struct err *err)
{
	if (path.len == 0)
		path = STR("/");
	if (check_segments(path, may_be_empty, err) == -1 || check_escapes(path, err) == -1)
		return -1;
	if (!str_copy(path, out->path, sizeof out->path))
		return err_set(err, "the path is longer than %zu bytes", sizeof out->path - 1);
	return 0;
}

static int cut_scheme(struct str *text, struct url *out, struct err *err)
{
	static const struct {
		struct str prefix;
		bool tls;
	} schemes[] = {{{"http://", 7}, false}, {{"https://", 8}, true}};

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		if (!str_starts_nocase(*text, schemes[i].prefix))
			continue;
		*text = str_from(*text, schemes[i].prefix.len);
		out->tls = schemes[i].tls;
		return 0;
	}
	return err_set(err, "does not start with http:// or https://");
}

static int parse_url(struct str text, bool may_be_empty, struct url *out, struct err *err)
{
	struct str authority, path, host, port = {NULL, 0};
	ptrdiff_t slash;

	memset(out, 0, sizeof *out);
	if (text.len == 0 || cut_scheme(&text, out, err) == -1)
		return text.len ? -1 : err_set(err, "empty");
	if (check_bytes(text, err) == -1)
		return -1;
	if (str_find_byte(text, '?') != -1)
		return err_set(err, "a query is not allowed here");
	slash = str_find_byte(text, '/');
	authority = slash == -1 ? text : (struct str){text.at, (size_t)slash};
	path = str_from(text, authority.len);
	if (str_find_byte(authority, '@') != -1)
		return err_set(err, "a user name or password is not allowed here");
	if (split_host(authority, &host, &port, err) == -1)
		return -1;
	bool is_v6 = authority.len && authority.at[0] == '[';
	if ((is_v6 ? set_host6 : set_host_name)(host, out, err) == -1)
		return -1;
	return set_port(port, out, err) == -1 ? -1 : set_path(path, may_be_empty, out, err);
}

int url_parse(struct str text, struct url *out, struct err *err)
{
	return parse_url(text, false, out, err);
}

int url_parse_endpoint(struct str text, struct url *out, struct err *err)
{
	return parse_url(text, true, out, err);
}

bool url_is_same(const struct url *a, const struct url *b)
{
	return a->tls == b->tls && a->port == b->port && strcmp(a->host, b->host) == 0 &&
	       strcmp(a->path, b->path) == 0;
}

void url_authority(const struct url *url, bool brief, char out[static 272])
{
	bool is_v6 = strchr(url->host, ':') != NULL;
	bool is_default = url->port == (url->tls ? 443 : 80);
	char port[8] = "";

	if (!brief || !is_default)
		snprintf(port, sizeof port, ":%u", (unsigned)url->port);
	snprintf(out, 272, "%s%s%s%s", is_v6 ? "[" : "", url->host, is_v6 ? "]" : "", port);
}

void url_origin(const struct url *url, char out[static 288])
{
	char authority[272];

	url_authority(url, true, authority);
	snprintf(out, 288, "%s://%s", url->tls ? "https" : "http", authority);
}

bool url_host_is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (strcmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}
