#include "proxy/pages/page_parts.h"

#include "auth/policy/access.h"
#include "base/clock.h"
#include "base/version.h"
#include "proxy/pages/page_static.h"

#include <stdio.h>
#include <time.h>

const char page_csp[] =
	"default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "
	"frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/* --- the frame --- */

void part_form_token(struct sbuf *out, const struct page_view *view)
{
	if (view->form_token == NULL)
		return;
	sbuf_puts(out, "<input type=\"hidden\" name=\"form\" value=\"");
	sbuf_html(out, str_of(view->form_token));
	sbuf_puts(out, "\">");
}

struct page_view part_as_nobody(const struct page_view *view)
{
	return (struct page_view){
		.base = view->base, .request_id = view->request_id, .site = view->site};
}

size_t part_base_path(const struct page_view *view)
{
	const char *host = strstr(view->base, "://");

	return host ? (size_t)(host + 3 - view->base) + strcspn(host + 3, "/") : 0;
}

/* Files are served at every host, and the CSP wants them from this one. */
static void static_href(struct sbuf *out, const struct page_view *view, const char *name)
{
	sbuf_puts(out, " href=\"");
	sbuf_html(out, str_of(view->base + part_base_path(view)));
	sbuf_printf(out, "%s\"", page_static_find(str_of(name))->href);
}

void part_script(struct sbuf *out, const struct page_view *view, enum page_static_file script)
{
	sbuf_puts(out, "<script src=\"");
	sbuf_html(out, str_of(view->base + part_base_path(view)));
	sbuf_printf(out, "%s\" defer></script>\n", page_static_href(script));
}

static void write_head(struct sbuf *out, const struct page_view *view, const char *title)
{
	/* With the referrer wholly off, browsers send "Origin: null" with our own forms (Fetch
	 * "append a request Origin header"), and sign-in would look cross-site. */
	sbuf_puts(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		       "<meta name=\"referrer\" content=\"same-origin\">\n"
		       "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	part_text(out, title, PART_CLIP);
	sbuf_puts(out, " \xc2\xb7 sparkgate</title>\n<link rel=\"icon\" type=\"image/svg+xml\"");
	static_href(out, view, "favicon.svg");
	sbuf_puts(out, ">\n<link rel=\"stylesheet\"");
	static_href(out, view, "gateway.css");
	sbuf_puts(out, ">\n</head>\n");
}

static void write_search(struct sbuf *out, const struct page_view *view, const char *q)
{
	sbuf_puts(out, "<form class=\"search\" role=\"search\" method=\"get\" action=\"");
	sbuf_html(out, str_of(view->base));
	sbuf_puts(out, "/\"><label class=\"vh\" for=\"q\">Search applications</label>"
		       "<input id=\"q\" name=\"q\" type=\"search\" maxlength=\"200\" "
		       "autocomplete=\"off\" spellcheck=\"false\" "
		       "placeholder=\"Application name, id or user\" value=\"");
	sbuf_html(out, str_of(q ? q : ""));
	sbuf_puts(out, "\"><button>Search</button></form>");
}

static void write_who(struct sbuf *out, const struct page_view *view)
{
	sbuf_puts(out, "<div class=\"who\"><a class=\"me\" href=\"");
	sbuf_html(out, str_of(view->base));
	sbuf_puts(out, "/_gate/logout\" title=\"Sign out here or everywhere\">"
		       "<span class=\"vh\">Signed in as </span>");
	part_name(out, view->who->name[0] ? view->who->name : view->who->subject);
	sbuf_printf(out, "<span class=\"role\">%s</span></a>",
		view->who->role == ROLE_NONE ? "no role" : role_name(view->who->role));
	sbuf_puts(out, "<form method=\"post\" action=\"");
	sbuf_html(out, str_of(view->base));
	sbuf_puts(out, "/_gate/logout\">");
	part_form_token(out, view);
	sbuf_puts(out, "<button class=\"quiet\">Sign out</button></form></div>");
}

/* Tokens are at an origin of their own (S0). */
static void write_tokens_link(struct sbuf *out, const struct conf_listen *admin)
{
	sbuf_puts(out, "<a class=\"to-tokens\" href=\"");
	sbuf_html(out, str_of(admin->origin));
	sbuf_html(out, str_of(admin->base));
	sbuf_puts(out, "/tokens\">Tokens</a>");
}

/* The admin site's pages, as far as this viewer has any. */
static void write_admin_links(struct sbuf *out, const struct page_view *view)
{
	static const struct {
		const char *path, *words;
		unsigned right; /* 0: anybody's who has a role */
	} links[] = {{"/tokens", "Tokens", 0},
		{"/applications", "Applications", 1u << ACTION_LAUNCH},
		{"/sessions", "Sessions", 1u << ACTION_SESSIONS},
		{"/audit", "Audit", 1u << ACTION_AUDIT}};
	unsigned rights = access_anywhere(view->who);

	if ((rights & (links[1].right | links[2].right | links[3].right)) == 0)
		return; /* there is one page only */
	sbuf_puts(out, "<nav class=\"sites\" aria-label=\"Pages\">");
	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		if ((links[i].right & ~rights) != 0)
			continue;
		sbuf_puts(out, "<a href=\"");
		sbuf_html(out, str_of(view->base));
		sbuf_printf(out, "%s\">%s</a>", links[i].path, links[i].words);
	}
	sbuf_puts(out, "</nav>");
}

/* It looks like itself without the style sheet, which no page has below another host's name. */
static void write_mark(struct sbuf *out)
{
	sbuf_puts(out,
		"<svg class=\"mark\" width=\"28\" height=\"28\" viewBox=\"0 0 32 32\" "
		"aria-hidden=\"true\"><rect width=\"32\" height=\"32\" rx=\"8\" fill=\"#d9530f\"/>"
		"<path fill=\"none\" stroke=\"#fff\" stroke-width=\"2.6\" stroke-linecap=\"round\" "
		"d=\"M7.5 25.5V15.5a8.5 8.5 0 0 1 17 0v10\"/>"
		"<path fill=\"#fff\" d=\"M16 11.6c.55 3.7 1.9 5.05 5.6 5.6-3.7.55-5.05 1.9-5.6 "
		"5.6-.55-3.7-1.9-5.05-5.6-5.6 3.7-.55 5.05-1.9 5.6-5.6z\"/></svg>");
}

void part_open(struct sbuf *out, const struct page_view *view, const struct part_frame *frame)
{
	bool is_home = part_base_path(view) == 0; /* else forms lead nowhere (form-action) */
	bool may_enter = view->who && view->who->role != ROLE_NONE && is_home &&
			 view->site == AUTH_SITE_PUBLIC;

	write_head(out, view, frame->title);
	sbuf_puts(out, "<body>\n<a class=\"skip\" href=\"#main\">Skip to content</a>\n"
		       "<header class=\"top\"><div class=\"wrap\"><a class=\"brand\" href=\"");
	sbuf_html(out, str_of(view->base));
	/* An ingress need not show more of that site than its pages. */
	sbuf_puts(out, view->site == AUTH_SITE_PUBLIC ? "/\">" : "/tokens\">");
	write_mark(out);
	sbuf_puts(out, "<span>sparkgate</span></a>");
	if (may_enter)
		write_search(out, view, frame->q);
	if (may_enter && view->admin)
		write_tokens_link(out, view->admin);
	if (view->who && view->site == AUTH_SITE_ADMIN)
		write_admin_links(out, view);
	if (view->who && is_home)
		write_who(out, view);
	sbuf_printf(out, "</div></header>\n<main id=\"main\" class=\"wrap%s\" tabindex=\"-1\">\n",
		frame->narrow ? " narrow" : "");
}

void part_close(struct sbuf *out, const struct page_view *view)
{
	sbuf_puts(out, "</main>\n<footer class=\"bottom\"><div class=\"wrap\">");
	/* Which version it is concerns only those who are in. */
	if (view->who && view->who->role != ROLE_NONE) {
		sbuf_puts(out, "<span>sparkgate " SPARKGATE_VERSION "</span><span>As of ");
		part_time(out, clock_wall_ms());
		sbuf_puts(out, " UTC</span>");
	}
	if (view->who) {
		sbuf_puts(out, "<a class=\"soft\" href=\"");
		sbuf_html(out, str_of(view->base));
		sbuf_puts(out, "/whoami\">Your role and rights</a>");
	}
	sbuf_puts(out, "</div></footer>\n</body>\n</html>\n");
}

bool part_has_room(const struct sbuf *out, size_t more)
{
	return !out->overflow && out->max - out->len > more;
}

/* --- text --- */

/* At most `max` bytes of it, not ending inside a UTF-8 sequence. */
static struct str clip(const char *text, size_t max)
{
	size_t len = strnlen(text, max + 1);

	if (len <= max)
		return (struct str){text, len};
	for (len = max; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80;)
		len--;
	return (struct str){text, len};
}

void part_text(struct sbuf *out, const char *text, size_t max)
{
	struct str shown = clip(text, max);

	sbuf_html(out, shown);
	if (text[shown.len])
		sbuf_puts(out, "\xe2\x80\xa6");
}

void part_name(struct sbuf *out, const char *name)
{
	bool cut = strnlen(name, PART_CLIP + 1) > PART_CLIP;

	sbuf_puts(out, "<bdi");
	if (cut) {
		sbuf_puts(out, " title=\"");
		part_text(out, name, 512);
		sbuf_putc(out, '"');
	}
	sbuf_putc(out, '>');
	part_text(out, name, PART_CLIP);
	sbuf_puts(out, "</bdi>");
}

void part_reason(struct sbuf *out, const char *reason)
{
	sbuf_puts(out, "<bdi>");
	part_text(out, reason, PART_REASON);
	sbuf_puts(out, "</bdi>");
}

/* RFC 3986 §3.3: pchar and '/', the escapes that are there already kept. */
static bool is_path_byte(unsigned char c)
{
	bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

	return alnum || (c && strchr("-._~!$&'()*+,;=:@/%", c));
}

void part_path(struct sbuf *out, const char *path)
{
	for (const char *at = path; *at; at++) {
		if (is_path_byte((unsigned char)*at))
			sbuf_html(out, (struct str){at, 1});
		else
			sbuf_urlencode(out, (struct str){at, 1});
	}
}

void part_permalink(struct sbuf *out, const char *cluster_path, const char *id)
{
	part_path(out, cluster_path);
	sbuf_puts(out, "/apps/");
	sbuf_urlencode(out, str_of(id));
}

void part_app_href(struct sbuf *out, const struct page_view *view, const char *cluster_path,
	const char *id, const char *below)
{
	sbuf_html(out, (struct str){view->base, part_base_path(view)});
	part_permalink(out, cluster_path, id);
	sbuf_puts(out, below);
}

/* --- numbers and times --- */

void part_count(struct sbuf *out, uint64_t n)
{
	if (n >= 1000) {
		part_count(out, n / 1000);
		sbuf_printf(out, ",%03u", (unsigned)(n % 1000));
	} else {
		sbuf_printf(out, "%u", (unsigned)n);
	}
}

void part_memory(struct sbuf *out, uint64_t mb)
{
	static const char *const units[] = {"MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)mb;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < ARRAY_LEN(units)) {
		value /= 1024;
		unit++;
	}
	if (mb == 0) {
		sbuf_putc(out, '0');
		return;
	}
	bool whole = value >= 100 || value - (double)(uint64_t)value < 0.05;
	sbuf_printf(out, "%.*f\xc2\xa0%s", whole ? 0 : 1, value, units[unit]);
}

static void write_dash(struct sbuf *out)
{
	sbuf_puts(out, "<span class=\"none\" title=\"not known\">\xe2\x80\x93</span>");
}

void part_time(struct sbuf *out, int64_t wall_ms)
{
	static const char months[][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (wall_ms <= 0 || gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 8099) {
		write_dash(out);
		return;
	}
	sbuf_printf(out,
		"<time datetime=\"%04d-%02d-%02dT%02d:%02d:%02dZ\">%d\xc2\xa0%s\xc2\xa0%d, "
		"%02d:%02d</time>",
		tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min);
}

void part_duration(struct sbuf *out, int64_t ms)
{
	static const struct {
		int64_t from, big, small;
		const char *big_unit, *small_unit;
	} steps[] = {
		{86400, 86400, 3600, "d", "h"},
		{3600, 3600, 60, "h", "m"},
		{60, 60, 1, "m", "s"},
	};
	int64_t s = ms / 1000;

	if (ms < 0) {
		write_dash(out);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		if (s < steps[i].from)
			continue;
		sbuf_printf(out, "%lld%s\xc2\xa0%02lld%s", (long long)(s / steps[i].big),
			steps[i].big_unit, (long long)(s % steps[i].big / steps[i].small),
			steps[i].small_unit);
		return;
	}
	if (s < 10)
		sbuf_printf(out, "%.1fs", (double)ms / 1000);
	else
		sbuf_printf(out, "%llds", (long long)s);
}

/* --- states and bars --- */

void part_pill(struct sbuf *out, enum part_tone tone, const char *word)
{
	static const char *const names[] = {
		[TONE_IDLE] = "idle",
		[TONE_OK] = "ok",
		[TONE_BUSY] = "busy",
		[TONE_WARN] = "warn",
		[TONE_BAD] = "bad",
	};

	sbuf_printf(out, "<span class=\"pill %s\">", names[tone]);
	part_text(out, word, 24);
	sbuf_puts(out, "</span>");
}

void part_state(struct sbuf *out, const char *state)
{
	static const struct {
		const char *state, *word;
		enum part_tone tone;
	} known[] = {
		{"RUNNING", "Running", TONE_OK},
		{"ALIVE", "Alive", TONE_OK},
		{"FINISHED", "Finished", TONE_IDLE},
		{"FAILED", "Failed", TONE_BAD},
		{"KILLED", "Killed", TONE_WARN},
		{"WAITING", "Waiting", TONE_BUSY},
		{"SUBMITTED", "Submitted", TONE_BUSY},
		{"PENDING", "Pending", TONE_BUSY},
		{"RETRYING", "Retrying", TONE_WARN},
		{"RESTARTING", "Restarting", TONE_BUSY},
		{"RESUMING", "Resuming", TONE_BUSY},
		{"SUSPENDED", "Suspended", TONE_IDLE},
		{"SCHEDULED", "Scheduled", TONE_IDLE},
		{"REFUSED", "Not started", TONE_BAD},
		{"DELETED", "Deleted", TONE_IDLE},
		{"INCOMPLETE", "Incomplete", TONE_BUSY},
		{"UNKNOWN", "Unknown", TONE_IDLE},
		{"DEAD", "Dead", TONE_BAD},
		{"DECOMMISSIONED", "Decommissioned", TONE_WARN},
		{"STANDBY", "Standby", TONE_IDLE},
		{"RECOVERING", "Recovering", TONE_BUSY},
		{"COMPLETING_RECOVERY", "Recovering", TONE_BUSY},
		{"UNREACHABLE", "Unreachable", TONE_BAD},
		{"", "Unknown", TONE_IDLE},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(state, known[i].state) == 0) {
			part_pill(out, known[i].tone, known[i].word);
			return;
		}
	}
	part_pill(out, TONE_IDLE, state);
}

void part_meter(struct sbuf *out, const char *label, uint64_t used, uint64_t total)
{
	sbuf_printf(out, "<meter aria-label=\"%s\" min=\"0\" max=\"%llu\" value=\"%llu\"></meter>",
		label, (unsigned long long)(total ? total : 1),
		(unsigned long long)(used < total ? used : total));
}

/* --- a log --- */

/* Bytes of an escape sequence of a terminal (ECMA-48 §5.4); 0: there is none. */
static size_t escape_len(struct str text)
{
	size_t len = 2;

	if (text.len < 2 || text.at[0] != '\x1b' || text.at[1] != '[')
		return 0;
	while (len < text.len && (text.at[len] < 0x40 || text.at[len] > 0x7e))
		len++;
	return len < text.len ? len + 1 : len;
}

static bool is_shown(struct str text, size_t len)
{
	unsigned char c = (unsigned char)text.at[0];

	return len > 1 || c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7f);
}

void part_log(struct sbuf *out, struct str text)
{
	while (text.len > 0) {
		size_t escape = escape_len(text), len = str_utf8_len(text);

		if (escape) {
			text = str_from(text, escape);
			continue;
		}
		if (len && is_shown(text, len))
			sbuf_html(out, (struct str){text.at, len});
		else if (text.at[0] != '\r' && text.at[0] != '\x1b')
			sbuf_puts(out, "\xef\xbf\xbd");
		text = str_from(text, len ? len : 1);
	}
}

void part_log_box(struct sbuf *out, struct str text, bool is_cut)
{
	sbuf_puts(out, "<pre class=\"log\" tabindex=\"0\">");
	if (is_cut)
		sbuf_puts(out, "\xe2\x80\xa6\n");
	part_log(out, text);
	sbuf_puts(out, "</pre>");
}
