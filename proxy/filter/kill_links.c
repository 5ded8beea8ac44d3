#include "proxy/filter/kill_links.h"

#include "base/block.h"
#include "proxy/rewrite/html_tag.h"
#include "proxy/rewrite/rewrite_sink.h"

enum {
	ELEMENT_MAX = 8 * 1024,
	PIECE_MAX = 64 * 1024,
	HELD_PIECE = 2 * 1024,
	SPACE_HINT = 4096,
	TAIL = 256, /* bytes of the end, which mostly have a '<' or a '>' */
};

struct kill_links {
	struct kill_context context;
	struct sink sink;
	struct sbuf hold; /* what may be the beginning of such an element */
};

struct kill_links *kill_links_new(const struct kill_context *context)
{
	struct kill_links *links = block_alloc(sizeof *links);

	links->context = *context;
	sbuf_init(&links->hold, ELEMENT_MAX + PIECE_MAX);
	return links;
}

void kill_links_free(struct kill_links *links)
{
	if (links == NULL)
		return;
	sbuf_clear(&links->hold);
	block_free(links);
}

/* --- where one may be --- */

static const char mark[] = "/kill/";
enum { MARK_LEN = sizeof mark - 1 };

/* NULL: there is none in [p, end). */
static const char *find_mark(const char *p, const char *end)
{
	ptrdiff_t at = str_find(str_range(p, end), (struct str){mark, MARK_LEN});
	return at == -1 ? NULL : p + at;
}

/* The last '<' of [from, p) that no '>' follows, if it is near; NULL: p is in no tag. */
static const char *tag_around(const char *from, const char *p)
{
	if (p - from > ELEMENT_MAX)
		from = p - ELEMENT_MAX;
	while (p > from && *--p != '>') {
		if (*p == '<')
			return p;
	}
	return NULL;
}

static bool is_named(const char *tag, const char *end, struct str name)
{
	struct str rest = str_from(str_range(tag, end), 1);

	return str_starts_nocase(rest, name) && rest.len > name.len &&
	       html_is_space(rest.at[name.len]);
}

/* It has no end yet, and may be one of those that matter. */
static bool may_become_one(const char *tag, const char *end)
{
	static const struct str names[] = {{"<a ", 3}, {"<form ", 6}};
	struct str rest = str_range(tag, end);

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t len = rest.len < names[i].len ? rest.len : names[i].len;
		if (str_same_nocase(rest.at, names[i].at, len))
			return true;
	}
	return false;
}

/* --- what is one --- */

struct element {
	const char *from, *end; /* with its end tag */
	struct str id;		/* that its form names; "": none */
};

enum found { FOUND_NONE, FOUND_MORE /* it is not all there */, FOUND_ONE };

static bool is_kill_form(struct str action)
{
	return str_ends(action, STR("/kill/"));
}

/* The value of an attribute of the tag whose name ends at p; at == NULL: it has none. */
static struct str attribute_of(const char *p, const char *end, struct str name)
{
	struct html_attribute attribute;

	while (p && (p = html_skip_to_attribute(p, end)) < end && *p != '>') {
		p = html_read_attribute(p, end, &attribute);
		if (p && str_eq_nocase(attribute.name, name))
			return attribute.value;
	}
	return (struct str){NULL, 0};
}

/* The value of the form's field `id`. */
static struct str id_of_form(struct str form)
{
	static const struct str input = {"<input ", 7};
	ptrdiff_t at;

	while ((at = str_find(form, input)) != -1) {
		form = str_from(form, (size_t)at + input.len);
		const char *end = form.at + form.len;
		struct str name = attribute_of(form.at, end, STR("name"));
		struct str value = attribute_of(form.at, end, STR("value"));
		if (name.at && str_eq(name, STR("id")) && value.at)
			return value;
	}
	return STR("");
}

/* The link or the form of the tag whose name ends at p, if it kills. */
static bool kills(const char *p, const char *end, bool is_form)
{
	struct str link = attribute_of(p, end, is_form ? STR("action") : STR("href"));

	return link.at && (is_form ? is_kill_form(link) : rewrite_link_kills(link));
}

/* What is longer than Spark's are is none of them, however it comes in pieces. */
static enum found look_at(const char *tag, const char *end, struct element *element)
{
	bool is_form = is_named(tag, end, STR("form"));
	struct str close = is_form ? STR("</form>") : STR("</a>");
	enum found missing = end - tag < ELEMENT_MAX ? FOUND_MORE : FOUND_NONE;

	if (!is_form && !is_named(tag, end, STR("a")))
		return FOUND_NONE;
	if (missing == FOUND_NONE)
		end = tag + ELEMENT_MAX;
	const char *stop = memchr(tag, '>', (size_t)(end - tag));
	if (stop == NULL)
		return missing;
	if (!kills(tag + 1 + (is_form ? 4 : 1), stop + 1, is_form))
		return FOUND_NONE;
	struct str inside = str_range(stop + 1, end);
	ptrdiff_t at = str_find(inside, close);
	if (at == -1)
		return missing;
	element->from = tag;
	element->end = inside.at + at + close.len;
	element->id = is_form ? id_of_form((struct str){inside.at, (size_t)at}) : STR("");
	return FOUND_ONE;
}

/* --- the way through --- */

/* Writes [p, end) without what is taken out. Gives where what has to wait begins, or `end`. */
static const char *write_rest(struct kill_links *links, const char *p, const char *end)
{
	const char *from = p, *looked = p, *hit;
	struct element element;

	while ((hit = find_mark(p, end))) {
		/* No tag is looked at twice, and no text before it, however many marks follow. */
		const char *tag = tag_around(looked, hit);
		enum found found = tag ? look_at(tag, end, &element) : FOUND_NONE;
		if (found == FOUND_MORE) {
			sink_add(&links->sink, from, (size_t)(tag - from));
			return tag;
		}
		p = looked = hit + MARK_LEN;
		if (found != FOUND_ONE)
			continue;
		p = looked = element.end;
		if (links->context.may_kill &&
			links->context.may_kill(links->context.arg, element.id))
			continue;
		sink_add(&links->sink, from, (size_t)(element.from - from));
		from = p;
	}
	const char *open = tag_around(from, end);
	const char *stop = open && may_become_one(open, end) ? open : end;
	sink_add(&links->sink, from, (size_t)(stop - from));
	return stop;
}

static void feed_held(struct kill_links *links, const char *bytes, size_t len)
{
	struct sbuf *hold = &links->hold;

	sbuf_add(hold, bytes, len);
	const char *end = hold->at + hold->len;
	sbuf_cut(hold, (size_t)(write_rest(links, hold->at, end) - hold->at));
}

static void feed_chunk(struct kill_links *links, struct evbuffer *in, const char *bytes, size_t len)
{
	if (links->hold.len) {
		/* What is held is copied; what follows it need not be. */
		len = len < HELD_PIECE ? len : HELD_PIECE;
		feed_held(links, bytes, len);
	} else {
		const char *stop = write_rest(links, bytes, bytes + len);
		sbuf_add(&links->hold, stop, (size_t)(bytes + len - stop));
	}
	evbuffer_drain(in, len);
}

/* Copies the last `len` bytes of `in`. */
static void copy_end(struct evbuffer *in, char *out, size_t len)
{
	struct evbuffer_ptr at;

	evbuffer_ptr_set(in, &at, evbuffer_get_length(in) - len, EVBUFFER_PTR_SET);
	evbuffer_copyout_from(in, &at, out, len);
}

/* How much of its end is a tag without its end that may become one of those that matter. */
static size_t open_at_end(struct evbuffer *in)
{
	size_t all = evbuffer_get_length(in), len = all < TAIL ? all : TAIL;
	char end[ELEMENT_MAX];

	copy_end(in, end, len);
	if (len < all && memchr(end, '<', len) == NULL && memchr(end, '>', len) == NULL) {
		len = all < ELEMENT_MAX ? all : ELEMENT_MAX;
		copy_end(in, end, len);
	}
	const char *open = tag_around(end, end + len);
	return open && may_become_one(open, end + len) ? (size_t)(end + len - open) : 0;
}

static void pass(struct kill_links *links, struct evbuffer *in, bool is_cut)
{
	size_t wait = is_cut ? open_at_end(in) : 0;

	sink_commit(&links->sink);
	if (wait == 0) {
		evbuffer_add_buffer(links->sink.out, in);
		return;
	}
	evbuffer_remove_buffer(in, links->sink.out, evbuffer_get_length(in) - wait);
	sbuf_add(&links->hold, (const char *)evbuffer_pullup(in, -1), wait);
	evbuffer_drain(in, wait);
}

void kill_links_feed(struct kill_links *links, struct evbuffer *in, struct evbuffer *out,
	enum rewrite_kills kills, bool last)
{
	struct evbuffer_iovec chunk;

	links->sink = (struct sink){.out = out, .hint = SPACE_HINT};
	while (evbuffer_get_length(in) > 0 && evbuffer_peek(in, -1, NULL, &chunk, 1) > 0) {
		if (kills == REWRITE_KILLS_SOME || links->hold.len)
			feed_chunk(links, in, chunk.iov_base,
				chunk.iov_len < PIECE_MAX ? chunk.iov_len : PIECE_MAX);
		else
			pass(links, in, kills == REWRITE_KILLS_CUT);
	}
	if (last) {
		sink_add(&links->sink, links->hold.at, links->hold.len);
		sbuf_reset(&links->hold);
	}
	sink_commit(&links->sink);
}
