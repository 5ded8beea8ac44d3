#include "auth/policy/spark_page.h"

#include "base/mem.h"

/*
 * The whole of a path; ending in '*': everything below it, too. A page has its JSON at <page>/json.
 * Spark's handlers take everything below their path, but the longest one that fits takes it: that
 * "/jobs" is known says nothing about "/jobs/hold".
 */
static const struct str pages[] = {
	/* In the order of their first letters. */
	STR("/SQL"), STR("/SQL/execution"), STR("/StreamingQuery"),
	STR("/StreamingQuery/statistics"), STR("/api*"), STR("/app"), /* of a master */
	STR("/connect"), STR("/connect/session"),
	STR("/dataflint*"), /* the one plugin tab whose pages are known */
	STR("/environment"), STR("/executors"), STR("/executors/threadDump"),
	STR("/executors/heapHistogram"), STR("/history"),
	STR("/images*"), /* of tables, up to 3.2 */
	STR("/jobs"), STR("/jobs/job"),
	STR("/json*"), /* of a master: each of its lists has a path there */
	STR("/log"), STR("/logPage"), STR("/logs"), STR("/metrics*"), STR("/sqlserver"),
	STR("/sqlserver/session"), /* the Thrift server */
	STR("/stages"), STR("/stages/stage"), STR("/stages/pool"), STR("/stages/taskThreadDump"),
	STR("/static*"), STR("/storage"), STR("/storage/rdd"), STR("/streaming"),
	STR("/streaming/batch"), STR("/v1/submissions*"), /* T48 */
};

/* Where the pages of each letter begin, after all others (bench row page). */
static unsigned char first_of[128];

__attribute__((constructor)) static void find_first(void)
{
	for (size_t i = ARRAY_LEN(pages); i-- > 0;)
		first_of[(unsigned char)pages[i].at[1]] = (unsigned char)(i + 1);
}

static bool is_page(struct str path, struct str page)
{
	bool is_open = page.at[page.len - 1] == '*';

	page.len -= is_open;
	if (!str_starts(path, page))
		return false;
	struct str rest = str_from(path, page.len);
	return rest.len == 0 || (is_open ? rest.at[0] == '/' : str_eq(rest, STR("/json")));
}

static bool is_listed(struct str path)
{
	if (path.len <= 1)
		return path.len == 0 || path.at[0] == '/';
	unsigned char letter = (unsigned char)path.at[1];
	size_t at = letter < sizeof first_of ? first_of[letter] : 0; /* one behind it; 0: none */

	for (; at > 0 && at <= ARRAY_LEN(pages) && pages[at - 1].at[1] == path.at[1]; at++) {
		if (is_page(path, pages[at - 1]))
			return true;
	}
	return false;
}

/* Takes `dir` and the segment that follows it off `path`. False: it begins otherwise. */
static bool take_nest(struct str *path, struct str dir)
{
	if (path->len <= dir.len || path->at[1] != dir.at[1] || !str_starts(*path, dir))
		return false;
	struct str tail = str_from(*path, dir.len);
	ptrdiff_t slash = str_find_byte(tail, '/');
	*path = str_from(tail, slash == -1 ? tail.len : (size_t)slash);
	return true;
}

/* What follows the first segment. */
static struct str without_segment(struct str path)
{
	struct str tail = str_from(path, path.len > 0);
	ptrdiff_t slash = str_find_byte(tail, '/');

	return str_from(tail, slash == -1 ? tail.len : (size_t)slash);
}

bool spark_page_is_known(struct str path)
{
	bool is_history;

	/* A master has its applications' pages below /proxy/<id>, history below /history/<id>. */
	while (take_nest(&path, STR("/proxy/")))
		;
	is_history = take_nest(&path, STR("/history/"));
	return is_listed(path) || (is_history && is_listed(without_segment(path))); /* an attempt */
}
