#include "conf/values/values_net.h"

#include "conf/values/keywords.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

static int parse_url(const struct keyword *row, const char *text, void *field, struct err *expected)
{
	struct err why;

	(void)row;
	if (url_parse(str_of(text), field, &why) == 0)
		return 0;
	if (str_starts(str_of(text), STR("spark://")))
		return err_set(expected,
			"the web address of the master, usually http://<host>:8080/ "
			"(spark:// is where applications connect)");
	return err_set(expected, "an http:// or https:// URL (%.100s)", why.text);
}

static bool format_url(const struct keyword *row, const void *field, struct sbuf *out)
{
	const struct url *url = field;
	char origin[288];

	(void)row;
	if (url->host[0] == '\0' || url->port == 0) /* port 0: known only when it listens */
		return false;
	url_origin(url, origin);
	sbuf_printf(out, "\"%s%s\"", origin, url->path);
	return true;
}

/* Room for the longest label and its dot before it (RFC 1035 §2.3.4: 253 bytes of a name). */
enum { APPS_HOST_MAX = 253 - 64 };

/* "https://{id}.apps.example.com/": read as a URL whose first label is "id". */
static int parse_app_origins(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	static const struct str mark = {"://{id}.", 8};
	ptrdiff_t at = str_find(str_of(text), mark);
	struct err why = {"no {id} as the first label of its host"};
	struct url *url = field, parsed;

	(void)row;
	char *plain = at == -1 ? mem_strdup("")
			       : mem_printf("%.*s://id.%s", (int)at, text, text + at + mark.len);
	bool is_url = at != -1 && url_parse(str_of(plain), &parsed, &why) == 0;
	free(plain);
	if (is_url && strcmp(parsed.path, "/") != 0)
		is_url = false, err_set(&why, "it has a path");
	if (is_url && strlen(parsed.host) - 3 > APPS_HOST_MAX)
		is_url = false, err_set(&why, "the host is longer than %d bytes", APPS_HOST_MAX);
	if (!is_url)
		return err_set(expected,
			"an http:// or https:// URL such as https://{id}.apps.example.com/ "
			"(%.100s)",
			why.text);
	*url = parsed;
	memmove(url->host, parsed.host + 3, strlen(parsed.host + 3) + 1);
	return 0;
}

static bool format_app_origins(const struct keyword *row, const void *field, struct sbuf *out)
{
	const struct url *url = field;
	char authority[272];

	(void)row;
	if (url->host[0] == '\0')
		return false;
	url_authority(url, true, authority);
	sbuf_printf(out, "\"%s://{id}.%s/\"", url->tls ? "https" : "http", authority);
	return true;
}

/* https, but on loopback, where there is nobody in between. A query is allowed: some providers
 * tell their policies apart by it. */
static bool is_safe_url(const char *text, struct err *why)
{
	size_t end = strcspn(text, "?");
	struct url url;

	if (url_parse((struct str){text, end}, &url, why) == -1)
		return false;
	for (const char *c = text + end; *c; c++) {
		if (*c > 0x20 && *c < 0x7f && !strchr("#\\", *c))
			continue;
		err_set(why, "the query has other bytes than a URL may");
		return false;
	}
	if (url.tls || url_host_is_loopback(url.host))
		return true;
	err_set(why, "http:// is for loopback only");
	return false;
}

static int parse_issuer(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	struct err why = {""};
	char **s = field;

	(void)row;
	if (strlen(text) > 1024 || !is_safe_url(text, &why))
		return err_set(expected, "an https:// URL (%.100s)", why.text);
	*s = mem_strdup(text);
	return 0;
}

static bool format_text(const struct keyword *row, const void *field, struct sbuf *out)
{
	return value_string.format(row, field, out);
}

static void clear_text(void *field)
{
	value_string.clear(field);
}

static int set_addr(struct conf_listen *out, const char *host, uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	if (strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	memset(&out->addr, 0, sizeof out->addr);
	if (inet_pton(AF_INET, host, &in.sin_addr) == 1) {
		memcpy(&out->addr, &in, sizeof in);
		out->addr_len = sizeof in;
		return 0;
	}
	size_t len = strlen(host);
	char bare[INET6_ADDRSTRLEN];
	if (len < 3 || host[0] != '[' || host[len - 1] != ']' ||
		!str_copy((struct str){host + 1, len - 2}, bare, sizeof bare) ||
		inet_pton(AF_INET6, bare, &in6.sin6_addr) != 1)
		return -1;
	memcpy(&out->addr, &in6, sizeof in6);
	out->addr_len = sizeof in6;
	return 0;
}

int values_parse_listen(const char *text, struct conf_listen *out)
{
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2];
	uint64_t port;

	if (colon == NULL || !str_copy(str_range(text, colon), host, sizeof host) ||
		!str_to_u64(str_of(colon + 1), &port) || port > 65535 ||
		set_addr(out, host, (uint16_t)port) == -1)
		return -1;
	out->text = mem_strdup(text);
	return 0;
}

unsigned values_listen_port(const struct conf_listen *listen)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (listen->addr.ss_family == AF_INET) {
		memcpy(&in, &listen->addr, sizeof in);
		return ntohs(in.sin_port);
	}
	memcpy(&in6, &listen->addr, sizeof in6);
	return ntohs(in6.sin6_port);
}

bool values_listen_is_any(const struct conf_listen *listen)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (listen->addr.ss_family == AF_INET) {
		memcpy(&in, &listen->addr, sizeof in);
		return in.sin_addr.s_addr == htonl(INADDR_ANY);
	}
	memcpy(&in6, &listen->addr, sizeof in6);
	return IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr);
}

static int parse_listen(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	(void)row;
	if (values_parse_listen(text, field) == -1)
		return err_set(expected,
			"address:port such as 127.0.0.1:8480, [::1]:8480 or 0.0.0.0:8480");
	return 0;
}

static bool format_listen(const struct keyword *row, const void *field, struct sbuf *out)
{
	const struct conf_listen *listen = field;

	return value_string.format(row, &listen->text, out);
}

static void clear_listen(void *field)
{
	struct conf_listen *listen = field;

	free(listen->text);
	listen->text = NULL;
}

enum { GELF_PORT = 12201 };

/* "udp://graylog:12201": a URL but for its scheme. Of applications' own lines it is "gelf:", which
 * says what is sent there. */
static struct str gelf_scheme(const struct keyword *row)
{
	return row->type == &value_log_target ? STR("gelf://") : STR("udp://");
}

static int parse_gelf(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	struct str scheme = gelf_scheme(row);
	struct conf_endpoint *out = field;
	struct err why = {"the scheme is another"};
	struct str rest = str_from(str_of(text), scheme.len);
	ptrdiff_t bracket = str_find_byte(rest, ']');
	bool has_port = str_find_byte(str_from(rest, (size_t)(bracket + 1)), ':') != -1;
	struct url url;

	bool is_udp = str_starts(str_of(text), scheme);
	char *plain = mem_printf("http://%s", is_udp ? rest.at : "");
	bool is_url = is_udp && url_parse(str_of(plain), &url, &why) == 0;
	free(plain);
	if (is_url && str_find_byte(rest, '/') != -1)
		is_url = false, err_set(&why, "it has a path");
	if (!is_url)
		return err_set(expected, "%shost or %shost:port, such as %sgraylog:12201 (%.100s)",
			scheme.at, scheme.at, scheme.at, why.text);
	*out = (struct conf_endpoint){mem_strdup(url.host), has_port ? url.port : GELF_PORT};
	return 0;
}

static bool format_gelf(const struct keyword *row, const void *field, struct sbuf *out)
{
	const struct conf_endpoint *to = field;
	bool is_v6 = to->host && strchr(to->host, ':');

	if (to->host)
		sbuf_printf(out, is_v6 ? "\"%s[%s]:%u\"" : "\"%s%s:%u\"", gelf_scheme(row).at,
			to->host, to->port);
	return to->host != NULL;
}

static void clear_gelf(void *field)
{
	struct conf_endpoint *to = field;

	free(to->host);
	to->host = NULL;
}

static int parse_cidr(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	struct err why;

	(void)row;
	if (cidr_parse(str_of(text), field, &why) == -1)
		return err_set(expected, "an address range such as 10.0.0.0/8 or fd00::/8 (%.100s)",
			why.text);
	return 0;
}

static bool format_cidr(const struct keyword *row, const void *field, struct sbuf *out)
{
	static const unsigned char v4_prefix[12] = {[10] = 0xff, [11] = 0xff};
	const struct cidr *range = field;
	char text[INET6_ADDRSTRLEN];
	bool is_v4 = range->bits >= 96 && memcmp(range->bytes, v4_prefix, sizeof v4_prefix) == 0;

	(void)row;
	inet_ntop(is_v4 ? AF_INET : AF_INET6, range->bytes + (is_v4 ? 12 : 0), text, sizeof text);
	sbuf_printf(out, "\"%s/%u\"", text, is_v4 ? range->bits - 96 : range->bits);
	return true;
}

const struct value_type value_url = {parse_url, format_url, NULL};
const struct value_type value_app_origins = {parse_app_origins, format_app_origins, NULL};
const struct value_type value_issuer = {parse_issuer, format_text, clear_text};
const struct value_type value_listen = {parse_listen, format_listen, clear_listen};
const struct value_type value_gelf = {parse_gelf, format_gelf, clear_gelf};
const struct value_type value_log_target = {parse_gelf, format_gelf, clear_gelf};
const struct value_type value_cidr = {parse_cidr, format_cidr, NULL};
