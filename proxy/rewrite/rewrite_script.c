/*
 * What is mended in script text: the head of a page's inline scripts (T2, T30), and words of three
 * of Spark's own files, paths in string literals (T16-T18, T20) and log lines that would become
 * HTML (S99), of HDFS's and Trino's.
 */
#include "proxy/rewrite/html_tag.h"
#include "proxy/rewrite/rewrite_readers.h"

static void put_text(
	struct rewriter *rw, struct str text, size_t offset, size_t cut, struct str with)
{
	rewriter_edit(rw, text, offset, cut);
	sink_add(&rw->sink, with.at, with.len);
}

/* Of a UI that another server hands on (YARN, at its own /proxy/<id>), the root is a link as any.
 */
static void mend_root_of_other(struct rewriter *rw, struct str text, size_t from, struct str root)
{
	struct link_edit edit;

	if (root.len == 0)
		put_text(rw, text, from, 0, rw->links.mount);
	else if (links_map(&rw->links, root, &edit))
		put_text(rw, text, from, edit.cut, edit.with);
}

/* setUIRoot('X'). T2: a quote inside X would be script, so X ends at the first. */
static size_t mend_root(struct rewriter *rw, struct str text, size_t from)
{
	struct str rest = str_from(text, from);
	ptrdiff_t len = str_find_byte(rest, '\'');

	if (len == -1)
		return text.len;
	struct str root = {rest.at, (size_t)len};
	if (rw->html.is_other)
		return mend_root_of_other(rw, text, from, root), from + root.len;
	links_learn_root(&rw->links, root);
	if (!str_eq(root, rw->links.mount) && rw->links.mount.len)
		put_text(rw, text, from, root.len, rw->links.mount);
	return from + root.len;
}

/* import {x} from "<root>/static/y.js" */
static size_t mend_import(struct rewriter *rw, struct str text, size_t from)
{
	struct str rest = str_from(text, from);
	struct link_edit edit;

	if (rest.len == 0 || (rest.at[0] != '"' && rest.at[0] != '\''))
		return from;
	ptrdiff_t len = str_find_byte(str_from(rest, 1), rest.at[0]);
	if (len == -1)
		return text.len;
	struct str url = {rest.at + 1, (size_t)len};
	if (links_map(&rw->links, url, &edit))
		put_text(rw, text, from + 1, edit.cut, edit.with);
	return from + 1 + url.len;
}

/* What YARN's page of an application asks for and leads to, behind its quote. */
static size_t mend_path(struct rewriter *rw, struct str text, size_t from)
{
	struct str rest = str_from(text, from);

	if (str_starts(rest, STR("/ws/v1/cluster/")) || str_starts(rest, STR("/cluster/app/")))
		put_text(rw, text, from, 0, rw->links.mount);
	return from;
}

bool rewrite_script_is_table(struct str head)
{
	static const struct str var = {"var ", 4}, suffix = {"TableData", 9};
	const char *end = head.at + head.len;
	const char *p = html_skip_space(head.at, end);

	if (!str_starts(str_range(p, end), var))
		return false;
	const char *name = p = html_skip_space(p + var.len, end);
	while (p < end && str_is_alnum(*p))
		p++;
	bool is_table = str_ends(str_range(name, p), suffix);
	p = html_skip_space(p, end);
	if (!is_table || p == end || *p != '=')
		return false;
	p = html_skip_space(p + 1, end);
	return p < end && *p == '[';
}

void rewrite_script_head(struct rewriter *rw, struct str head)
{
	static const struct {
		struct str word;
		size_t (*mend)(struct rewriter *rw, struct str text, size_t from);
	} rows[] = {{{"setUIRoot('", 11}, mend_root}, {{" from ", 6}, mend_import},
		{{" url: '", 7}, mend_path}, {{"location.href = '", 17}, mend_path}};
	size_t count = rw->html.is_other ? ARRAY_LEN(rows) : 2;

	for (size_t at = 0; at < head.len;) {
		size_t best = head.len, row = 0;
		for (size_t i = 0; i < count; i++) {
			ptrdiff_t hit = str_find(str_from(head, at), rows[i].word);
			if (hit != -1 && at + (size_t)hit < best)
				best = at + (size_t)hit, row = i;
		}
		if (best == head.len)
			return;
		at = rows[row].mend(rw, head, best + rows[row].word.len);
	}
}

/* Before Spark's paths, then those that HDFS and Trino have besides, comes the mount. S99: up to
 * Spark 3.2.1 log lines are put into the page as HTML; they become text. */
static const struct word {
	struct str text;
	size_t offset, cut;
	struct str with; /* at == NULL: the mount */
} words[] = {{{"\"/static/", 9}, 1, 0, {NULL, 0}}, {{"'/static/", 9}, 1, 0, {NULL, 0}},
	{{"\"/log\"", 6}, 1, 0, {NULL, 0}},
	{{"pend(cleanData)", 15}, 5, 9, {"document.createTextNode(cleanData)", 34}},
	{{"\"/jmx?", 6}, 1, 0, {NULL, 0}}, {{"'/jmx?", 6}, 1, 0, {NULL, 0}},
	{{"'/conf'", 7}, 1, 0, {NULL, 0}}, {{"'/startupProgress'", 18}, 1, 0, {NULL, 0}},
	{{"\"/webhdfs/", 10}, 1, 0, {NULL, 0}}, {{"'/webhdfs/", 10}, 1, 0, {NULL, 0}},
	{{"\"/ui/", 5}, 1, 0, {NULL, 0}}, {{"'/ui/", 5}, 1, 0, {NULL, 0}}};

enum { WORD_MAX = 18, SPARK_WORDS = 4 };

static bool may_begin_word(char c)
{
	return c == '"' || c == '\'' || c == 'p';
}

/* The word that `text` begins with, or NULL; `*is_cut` when more bytes must tell. */
static const struct word *find_word(struct str text, bool is_other, bool *is_cut)
{
	size_t count = is_other ? ARRAY_LEN(words) : SPARK_WORDS;

	*is_cut = false;
	for (size_t i = 0; i < count; i++) {
		if (str_starts(text, words[i].text))
			return &words[i];
		*is_cut |= str_starts(words[i].text, text);
	}
	return NULL;
}

static void mend_word(struct rewriter *rw, struct str text, const struct word *word)
{
	if (word->with.at)
		put_text(rw, text, word->offset, word->cut, word->with);
	else if (rw->script.before != '+') /* `uiRoot + "/static/…"` is right already */
		put_text(rw, text, word->offset, word->cut, rw->links.mount);
}

/* Where a word may begin, or in one that the chunk's end may have cut. Returns where to read on. */
static const char *at_word(struct rewriter *rw, const char *p, const char *end)
{
	size_t held = rw->hold.len, more = WORD_MAX - held;
	char bytes[WORD_MAX];
	bool is_cut;

	more = more < (size_t)(end - p) ? more : (size_t)(end - p);
	if (held)
		memcpy(bytes, rw->hold.at, held);
	memcpy(bytes + held, p, more);
	const struct word *word =
		find_word((struct str){bytes, held + more}, rw->html.is_other, &is_cut);
	if (is_cut) {
		(void)rewriter_hold(rw, p, end); /* fits: at most WORD_MAX */
		return end;
	}
	size_t taken = word ? word->text.len - held : held ? 0 : 1;
	struct str text = rewriter_candidate(rw, p, p + taken);
	if (word)
		mend_word(rw, text, word);
	rw->script.before = text.at[text.len - 1];
	rewriter_release(rw);
	return p + taken;
}

void rewrite_script_chunk(struct rewriter *rw, const char *p, const char *end)
{
	while (p < end) {
		if (rw->hold.len || may_begin_word(*p)) {
			p = at_word(rw, p, end);
			continue;
		}
		if (*p != ' ' && *p != '\n' && *p != '\t' && *p != '\r')
			rw->script.before = *p;
		p++;
	}
}
