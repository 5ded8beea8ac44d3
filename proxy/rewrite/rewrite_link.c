#include "proxy/rewrite/rewrite_link.h"

#include "base/mem.h"
#include "proxy/rewrite/given_base.h"
#include "proxy/rewrite/rewrite_unescape.h"

#include <stdio.h>

enum { AUTHORITY_MAX = 272, ID_MAX = 128, HTTP_LEN = 7 /* of "http://" */ };

/* Bytes a mount may not have, nor control characters, for it is written into quotes of HTML, JSON
 * and script, and into CSS's url(), as it is. */
static const char unsafe[] = "\"'<>&\\ `()";

static bool is_safe(struct str path)
{
	for (size_t i = 0; i < path.len; i++) {
		if ((unsigned char)path.at[i] < ' ')
			return false;
	}
	return strcspn(path.at, unsafe) == path.len;
}

static struct str safe_mount(const char *path)
{
	struct str all = str_of(path);

	return (struct str){path, is_safe(all) ? all.len : 0};
}

static bool ends_segment(struct str s, size_t at)
{
	return at == s.len || s.at[at] == '/' || s.at[at] == '?' || s.at[at] == '#';
}

/* True when s is `dir` or lies below it: "/a" is not below "/ab". */
static bool is_under(struct str s, struct str dir)
{
	return str_starts(s, dir) && ends_segment(s, dir.len);
}

static bool is_ours(const struct links *links, struct str path)
{
	static const char *const kinds[] = {"/proxy", "/shs", "/ui", "/apps"};

	if (links->mount.len && is_under(path, links->mount))
		return true;
	if (!is_under(path, links->cluster_root))
		return false;
	struct str rest = str_from(path, links->cluster_root.len);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (is_under(rest, str_of(kinds[i])))
			return true;
	}
	return false;
}

/* `path` of ours stays at the page's own host only below its mount. */
static struct str origin_of(const struct links *links, struct str path)
{
	return is_under(path, links->mount) ? STR("") : links->others;
}

static bool put_mount(const struct links *links, struct str url, size_t cut, struct str with,
	struct link_edit *edit)
{
	*edit = (struct link_edit){
		cut, origin_of(links, with), with, cut == url.len || url.at[cut] != '/'};
	return with.len > 0;
}

/* Spark's own "/proxy/<id>/…" (T3, T39), its path beginning at `at`. */
static bool map_proxy_id(
	const struct links *links, struct str url, size_t at, struct link_edit *edit)
{
	static const struct str proxy = {"/proxy/", 7};
	struct str path = str_from(url, at);
	size_t end = proxy.len;

	if (!str_starts(path, proxy))
		return false;
	while (!ends_segment(path, end))
		end++;
	struct str id = {path.at + proxy.len, end - proxy.len};
	if (id.len == 0 || id.len > ID_MAX)
		return false;
	const char *mount = links->context->find_id(links->context->arg, id);
	return mount && put_mount(links, url, at + end, safe_mount(mount), edit);
}

/*
 * "Back to Master" is the reverse proxy's own root (T8). A worker's page has that very root for its
 * own too: there the author of spark.ui.reverseProxyUrl meant the master by it.
 */
static bool is_master_link(const struct links *links, struct str rest)
{
	if (links->gate_len == 0 || rest.len > 1)
		return false;
	if (links->gate_len != links->root_len)
		return true;
	/* Not by its id: spark.worker.idPattern has any (T67). */
	return links->root[0] != '/' && links->context->is_worker;
}

/* Below the page's own root, or below the reverse proxy it is part of. `at`: where that begins. */
static bool map_root(const struct links *links, struct str url, size_t at, struct link_edit *edit)
{
	struct str root = {links->root, links->root_len}, gate = {links->root, links->gate_len};
	struct str part = str_from(url, at);

	if (root.len == 0 || !is_under(part, gate))
		return false;
	if (map_proxy_id(links, url, at + gate.len, edit))
		return true;
	if (is_master_link(links, str_from(part, gate.len))) {
		const char *master = links->context->find_id(links->context->arg, STR("master"));
		if (master)
			return put_mount(links, url, at + gate.len, safe_mount(master), edit);
	}
	return is_under(part, root) && put_mount(links, url, at + root.len, links->mount, edit);
}

static bool is_master(const struct links *links)
{
	return str_eq(str_from(links->mount, links->cluster_root.len), STR("/proxy/master"));
}

/* A redirect of Spark's may have a prefix that no page of this response has told. */
static size_t base_of_redirect(const struct links *links, struct str path)
{
	if (!links->is_location || links->context->is_other)
		return 0;
	return given_base_len(path, links->context->asked, is_master(links));
}

/* A path of the UI's own server, beginning at `at`. */
static bool map_local(const struct links *links, struct str url, size_t at, struct link_edit *edit)
{
	struct str path = str_from(url, at);

	/* X-Forwarded-Context was honoured: at most the host is wrong. */
	if (is_ours(links, path)) {
		*edit = (struct link_edit){at, origin_of(links, path), STR(""), false};
		return at > 0 || edit->origin.len > 0;
	}
	if (map_root(links, url, at, edit) || map_proxy_id(links, url, at, edit))
		return true;
	if (links->prefix.len && is_under(path, links->prefix))
		at += links->prefix.len;
	size_t base = base_of_redirect(links, str_from(url, at));
	if (base && map_proxy_id(links, url, at + base, edit))
		return true;
	at += base;
	return put_mount(links, url, at, links->mount, edit); /* T14-T21 */
}

/* Log links of the event log name whatever spark.ui.reverseProxyUrl was then (T10). */
static bool map_any_gate(
	const struct links *links, struct str url, size_t at, struct link_edit *edit)
{
	ptrdiff_t gate = links->any_gate ? str_find(str_from(url, at), STR("/proxy/")) : -1;

	return gate != -1 && map_proxy_id(links, url, at + (size_t)gate, edit);
}

/* A path below the host browsers know us by: the rest of that host is not ours to touch. */
static bool map_public(const struct links *links, struct str url, size_t at, struct link_edit *edit)
{
	struct str path = str_from(url, at);

	if (is_ours(links, path))
		return links->is_location && map_local(links, url, at, edit);
	if (map_root(links, url, at, edit) || map_proxy_id(links, url, at, edit) ||
		map_any_gate(links, url, at, edit))
		return true;
	if (!links->is_location || is_under(path, links->base.len ? links->base : STR("/_gate")))
		return false;
	return map_local(links, url, at, edit);
}

enum { OTHER, HOST = 1, UPPER = 2, COLON = 4, PATH = 8 }; /* OTHER: no part of a URL of ours */

static const unsigned char classes[256] = {
	['a' ... 'z'] = HOST,
	['0' ... '9'] = HOST,
	['.'] = HOST,
	['-'] = HOST,
	['_'] = HOST,
	['A' ... 'Z'] = UPPER,
	[':'] = COLON,
	['['] = COLON,
	[']'] = COLON,
	['/'] = PATH,
	['?'] = PATH,
	['#'] = PATH,
};

static unsigned char class_of(char c)
{
	return classes[(unsigned char)c];
}

/* Writes "host:port", lower case, with `port` when there is none. */
static bool write_authority(struct str raw, const char *port, char buf[static AUTHORITY_MAX])
{
	bool has_port = raw.len && raw.at[raw.len - 1] != ']' && str_find_byte(raw, ':') != -1;
	size_t at = 0;

	if (raw.len && raw.at[0] == '[' && raw.at[raw.len - 1] != ']')
		has_port = str_find(raw, STR("]:")) != -1;
	if (raw.len == 0 || raw.len + 7 > AUTHORITY_MAX)
		return false;
	for (; at < raw.len; at++)
		buf[at] = (char)(class_of(raw.at[at]) == UPPER ? raw.at[at] | 0x20 : raw.at[at]);
	if (has_port && buf[at - 1] == ':')
		at--, has_port = false;
	snprintf(buf + at, AUTHORITY_MAX - at, "%s", has_port ? "" : port);
	return true;
}

/* True when it ends in ":port", of digits or whatever follows the last ':'. */
static bool has_port(struct str raw)
{
	size_t at = raw.len - 1;

	while (at > 0 && class_of(raw.at[at]) == HOST)
		at--;
	return at > 0 && at + 1 < raw.len && raw.at[at] == ':';
}

/*
 * The authority of `url` from `at` on, as find_authority() wants it: borrowed from the URL when it
 * stands there that way (Spark's always do), else written to `buf`. 0, or where the path begins.
 */
static size_t read_authority(struct str url, size_t at, const char *port,
	char buf[static AUTHORITY_MAX], struct str *out)
{
	size_t end = at;
	unsigned char class = HOST, found = 0;

	for (; end < url.len && (class = class_of(url.at[end])) & (HOST | UPPER | COLON); end++)
		found |= class;
	if (class == OTHER)
		return 0;
	struct str raw = {url.at + at, end - at};
	if (!(found & UPPER) && raw.len > 0 && raw.at[0] != '[' && has_port(raw)) {
		*out = raw;
		return end;
	}
	if (!write_authority(raw, port, buf))
		return 0;
	*out = str_of(buf);
	return end;
}

static const char *default_port(struct str url)
{
	return str_starts_nocase(url, STR("https:")) ? ":443" : ":80";
}

static bool map_absolute(
	const struct links *links, struct str url, size_t at, struct link_edit *edit)
{
	const struct rewrite_context *context = links->context;
	const char *port = at == HTTP_LEN  ? ":80"
			   : at > HTTP_LEN ? ":443"
					   : default_port(str_of(context->origin));
	char buf[AUTHORITY_MAX];
	struct str authority;

	if (map_root(links, url, 0, edit)) /* spark.ui.reverseProxyUrl */
		return true;
	size_t end = read_authority(url, at, port, buf, &authority);
	if (end == 0)
		return false;
	if (str_eq(authority, links->authority))
		return map_local(links, url, end, edit);
	if (str_eq(authority, (struct str){links->public_authority, links->public_len}))
		return map_public(links, url, end, edit);
	const char *found = context->find_authority(context->arg, authority);
	if (!found)
		return map_any_gate(links, url, end, edit);
	struct str mount = safe_mount(found);
	if (str_eq(mount, links->mount))
		return map_local(links, url, end, edit);
	return map_proxy_id(links, url, end, edit) || put_mount(links, url, end, mount, edit);
}

/* Bytes of "http://" or "https://", 0 for any other scheme and for relative references. */
static size_t scheme_len(struct str url)
{
	if (url.len < 8 || (url.at[0] | 0x20) != 'h')
		return 0;
	if (memcmp(url.at, "http://", HTTP_LEN) == 0 || str_starts_nocase(url, STR("http://")))
		return HTTP_LEN;
	return str_starts_nocase(url, STR("https://")) ? HTTP_LEN + 1 : 0;
}

bool links_map(const struct links *links, struct str url, struct link_edit *edit)
{
	if (url.len && url.at[0] == '/') {
		if (url.len > 1 && url.at[1] == '/')
			return map_absolute(links, url, 2, edit);
		return map_local(links, url, 0, edit);
	}
	size_t scheme = scheme_len(url);
	return scheme && map_absolute(links, url, scheme, edit);
}

static bool map_unescaped(
	const struct links *links, const struct unescaped *url, struct link_edit *edit)
{
	if (!links_map(links, (struct str){url->text, url->len}, edit))
		return false;
	edit->cut = url->from[edit->cut];
	return true;
}

static bool has_escape(struct str raw, char lead)
{
	raw.len = raw.len < UNESCAPED_MAX ? raw.len : UNESCAPED_MAX;
	return str_find_byte(raw, lead) != -1;
}

bool links_map_html(const struct links *links, struct str raw, struct link_edit *edit)
{
	struct unescaped url;

	if (!has_escape(raw, '&'))
		return links_map(links, raw, edit);
	unescape_html(raw, &url);
	return map_unescaped(links, &url, edit);
}

bool links_map_json(const struct links *links, struct str raw, struct link_edit *edit)
{
	struct unescaped url;

	if (!has_escape(raw, '\\'))
		return links_map(links, raw, edit);
	unescape_json(raw, &url);
	return map_unescaped(links, &url, edit);
}

bool links_map_to_master(const struct links *links, struct str raw, struct link_edit *edit)
{
	const char *master = links->context->find_id(links->context->arg, STR("master"));

	bool has_slash = str_ends(raw, STR("/"));
	return master && put_mount(links, raw, raw.len - has_slash, safe_mount(master), edit);
}

/* --- our own authority: the last one read is kept, for nearly all pages are of one origin --- */

struct own {
	char origin[AUTHORITY_MAX], authority[LINK_PUBLIC_MAX];
	size_t origin_len, len;
};
static _Thread_local struct own own;

static void read_own(struct str origin)
{
	ptrdiff_t host = str_find(origin, STR("://"));
	char buf[AUTHORITY_MAX];
	struct str authority;

	own.origin_len = str_copy(origin, own.origin, sizeof own.origin) ? origin.len : 0;
	own.len = 0;
	if (host != -1 &&
		read_authority(origin, (size_t)host + 3, default_port(origin), buf, &authority) &&
		str_copy(authority, own.authority, sizeof own.authority))
		own.len = authority.len;
}

static void take_own_authority(struct links *links, struct str origin)
{
	if (origin.len == 0 || !str_eq(origin, (struct str){own.origin, own.origin_len}))
		read_own(origin);
	memcpy(links->public_authority, own.authority, own.len);
	links->public_len = own.len;
}

void links_init(struct links *links, const struct rewrite_context *context)
{
	*links = (struct links){
		.context = context,
		.mount = safe_mount(context->mount),
		.cluster_root = str_of(context->cluster_root),
		.authority = str_of(context->authority),
		.prefix = str_of(context->prefix),
		.others = str_of(context->others ? context->others : ""),
	};
	const char *slash = strrchr(context->cluster_root, '/');
	if (slash)
		links->base = str_range(context->cluster_root, slash);
	take_own_authority(links, str_of(context->origin));
}

void links_learn_root(struct links *links, struct str root)
{
	bool is_url = str_starts(root, STR("http://")) || str_starts(root, STR("https://"));

	while (root.len && root.at[root.len - 1] == '/')
		root.len--;
	if (root.len >= LINK_ROOT_MAX || (root.len && root.at[0] != '/' && !is_url))
		return;
	links->has_root = true;
	links->root_len = links->gate_len = 0;
	if (str_eq(root, links->mount))
		return;
	if (root.len)
		memcpy(links->root, root.at, root.len);
	links->root_len = links->gate_len = root.len;
	size_t cut = root.len; /* "<gate>/proxy/<id>" (T4) */
	while (cut && root.at[cut - 1] != '/')
		cut--;
	if (cut && str_ends((struct str){root.at, cut}, STR("/proxy/")))
		links->gate_len = cut - 7;
}

void links_learn_from_link(struct links *links, struct str url)
{
	static const struct str first = {"/static/bootstrap.min.css", 25};

	if (str_ends(url, first))
		links_learn_root(links, (struct str){url.at, url.len - first.len});
}
