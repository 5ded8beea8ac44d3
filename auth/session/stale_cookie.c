#include "auth/session/stale_cookie.h"

#include <arpa/inet.h>

enum { DOMAINS = 4, PATH_MAX_LEN = 256 };

struct places {
	struct str paths[STALE_PATHS];
	size_t paths_count;
	const char *domains[DOMAINS]; /* the first is "": none */
	size_t domains_count;
};

static void add_path(struct places *places, struct str path)
{
	if (path.len > PATH_MAX_LEN)
		return;
	for (size_t i = 0; i < places->paths_count; i++) {
		if (str_eq(places->paths[i], path))
			return;
	}
	if (places->paths_count < STALE_PATHS)
		places->paths[places->paths_count++] = path;
}

/* "/", then "/a", "/a/", "/a/b" and so on (RFC 6265 §5.1.4). */
static void add_paths(struct places *places, struct str page)
{
	for (size_t i = 0; i < page.len; i++) {
		if (strchr("?#;", page.at[i])) /* the last would end the attribute */
			page.len = i;
		if (page.at[i] != '/' || i >= page.len)
			continue;
		if (i > 0)
			add_path(places, (struct str){page.at, i});
		add_path(places, (struct str){page.at, i + 1});
	}
	add_path(places, page);
}

/* Of an address, and of a name without a dot, browsers keep no domain. */
static void add_domains(struct places *places, const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	places->domains[places->domains_count++] = "";
	if (inet_pton(AF_INET, host, address) == 1 || strchr(host, ':'))
		return;
	while (places->domains_count < DOMAINS && strchr(host, '.')) {
		places->domains[places->domains_count++] = host;
		host = strchr(host, '.') + 1;
	}
}

static void end_at(struct sbuf *out, const char *name, struct str path, const char *domain)
{
	sbuf_printf(out, "Set-Cookie: %s=; Path=%.*s%s%s; Max-Age=0; HttpOnly; SameSite=Lax\r\n",
		name, (int)path.len, path.at, domain[0] ? "; Domain=" : "", domain);
}

void stale_cookie_end(const struct conf *conf, enum auth_site site, const struct str pages[2],
	bool has_own, struct sbuf *out)
{
	const struct url *url = &sign_in_site_listen(conf, site)->public_url;
	struct places places = {.paths_count = 0};
	char name[SESSION_COOKIE_MAX];

	if (url->tls)
		return;
	session_cookie_name(conf, site, "", name);
	add_paths(&places, pages[0]);
	add_paths(&places, pages[1]);
	add_domains(&places, url->host);
	for (size_t p = 0; p < places.paths_count; p++) {
		for (size_t d = 0; d < places.domains_count; d++) {
			bool is_own = places.paths[p].len == 1 && d == 0;
			if (!is_own || has_own)
				end_at(out, name, places.paths[p], places.domains[d]);
		}
	}
}
