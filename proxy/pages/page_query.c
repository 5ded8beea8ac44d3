#include "proxy/pages/page_query.h"

#include "proxy/http/form.h"
#include "proxy/pages/page_parts.h"

static const char *const state_words[] = {
	[STATE_ANY] = "",
	[STATE_RUNNING] = "running",
	[STATE_FINISHED] = "finished",
	[STATE_WORKERS] = "workers",
};

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* back[i]: how many letters at the end of the first i + 1 are the first ones again. */
static void learn(struct page_query *query)
{
	size_t n = 0;

	for (size_t i = 1; query->folded[0] && query->folded[i]; i++) {
		while (n > 0 && query->folded[n] != query->folded[i])
			n = query->back[n - 1];
		n += query->folded[n] == query->folded[i];
		query->back[i] = (unsigned char)n;
	}
}

static void parse_text(struct page_query *out, struct str value)
{
	size_t len;

	value = str_trim(value);
	len = value.len;
	if (len > QUERY_TEXT_MAX) { /* not cut in the middle of a letter */
		len = QUERY_TEXT_MAX;
		while (len > 0 && ((unsigned char)value.at[len] & 0xc0) == 0x80)
			len--;
	}
	for (size_t i = 0; i < len; i++) {
		out->q[i] = value.at[i];
		out->folded[i] = fold(value.at[i]);
	}
	learn(out);
}

static enum page_state state_of(struct str word)
{
	for (size_t i = STATE_RUNNING; i < ARRAY_LEN(state_words); i++) {
		if (str_eq(word, str_of(state_words[i])))
			return (enum page_state)i;
	}
	return STATE_ANY;
}

void page_query_parse(struct page_query *out, struct str raw)
{
	struct sbuf value;
	uint64_t page;

	*out = (struct page_query){.page = 1};
	sbuf_init(&value, 8192);
	if (form_get(raw, "q", &value))
		parse_text(out, sbuf_str(&value));
	if (form_get(raw, "state", &value))
		out->state = state_of(sbuf_str(&value));
	if (form_get(raw, "page", &value) && str_to_u64(sbuf_str(&value), &page) && page > 0)
		out->page = (size_t)page;
	sbuf_clear(&value);
}

/* Knuth, Morris and Pratt: who names applications and who searches may be the same, and must not
 * make each letter of 50,000 names be compared with each of the search (S62). */
static bool contains(const char *text, const struct page_query *query)
{
	const char *needle = query->folded;
	size_t n = 0; /* letters of it that stand before text */

	for (; *text; text++) {
		char c = fold(*text);
		while (n > 0 && needle[n] != c)
			n = query->back[n - 1];
		n += needle[n] == c;
		if (needle[n] == '\0')
			return true;
	}
	return false;
}

bool page_query_selects(const struct page_query *query, const struct app_info *app)
{
	if (query->state == STATE_RUNNING && !app->running)
		return false;
	if (query->state == STATE_FINISHED && (app->running || app->is_idle))
		return false;
	return query->folded[0] == '\0' || contains(app->name, query) || contains(app->id, query) ||
	       contains(app->user, query);
}

void page_query_href(
	struct sbuf *out, const char *path, const char *q, enum page_state state, size_t page)
{
	const char *before = "?";

	part_path(out, path);
	sbuf_putc(out, '/');
	if (q[0]) {
		sbuf_printf(out, "%sq=", before);
		sbuf_urlencode(out, str_of(q));
		before = "&amp;";
	}
	if (state != STATE_ANY) {
		sbuf_printf(out, "%sstate=%s", before, state_words[state]);
		before = "&amp;";
	}
	if (page > 1)
		sbuf_printf(out, "%spage=%zu", before, page);
}
