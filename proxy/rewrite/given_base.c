#include "proxy/rewrite/given_base.h"

#include "auth/policy/spark_page.h"

static struct str trim_slash(struct str path)
{
	path.len -= path.len > 0 && path.at[path.len - 1] == '/';
	return path;
}

static struct str without_query(struct str url)
{
	size_t len = 0;

	while (len < url.len && url.at[len] != '?' && url.at[len] != '#')
		len++;
	return (struct str){url.at, len};
}

/* `path` is `dir` or lies below it. */
static bool is_at_or_below(struct str path, struct str dir)
{
	return str_starts(path, dir) && (path.len == dir.len || path.at[dir.len] == '/');
}

/* Spark's own pages end an application or a job, and lead to their UI's first page then. */
static bool is_ending(struct str asked)
{
	return str_ends(asked, STR("/kill"));
}

/* Of an application's UI or a worker's "/proxy/<id>" is no page (T3). */
static bool is_page(struct str path, bool is_master)
{
	return path.len > 0 && (is_master || !str_starts(path, STR("/proxy/"))) &&
	       spark_page_is_known(path);
}

size_t given_base_len(struct str path, struct str asked, bool is_master)
{
	path = without_query(path);
	bool is_same = str_eq(path, asked); /* with the prefix, as an old link has it: no answer */
	path = trim_slash(path);
	asked = is_same ? STR("") : trim_slash(asked);
	/* What was asked for, with a slash or what lies below it, is behind the prefix. */
	for (size_t at = path.len; asked.len > 0 && at-- > 0;) {
		if (path.at[at] == '/' && is_at_or_below(str_from(path, at), asked))
			return at;
	}
	for (size_t at = 0; at < path.len; at++) {
		if (path.at[at] == '/' && is_page(str_from(path, at), is_master))
			return at;
	}
	return is_ending(asked) ? path.len : 0;
}

bool given_base_is_asked(struct str path, struct str asked)
{
	bool has_own_query = without_query(path).len < path.len;

	if (asked.len == 0 || has_own_query || !str_eq(trim_slash(path), trim_slash(asked)))
		return false;
	/* History leads to the same page again when it has loaded the log (T38). Others that lead
	 * to themselves mean it so. */
	return path.len > asked.len || str_starts(asked, STR("/history/"));
}
