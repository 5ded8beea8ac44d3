#include "auth/policy.h"

#include "base/mem.h"

#include <assert.h>

enum { PATH_MAX_BYTES = 8192 }; /* S4 */

#define BIT(n) (1u << (n))
#define SPARK  (BIT(UI_MASTER) | BIT(UI_WORKER) | BIT(UI_DRIVER) | BIT(UI_HISTORY))
#define ANY_UI (SPARK | BIT(UI_OTHER))

/*
 * What a path asks for. Segments match wherever they stand, because pages are nested: a master with
 * spark.ui.reverseProxy has /proxy/<app>/jobs/..., history has /history/<app>/<attempt>/.... What
 * follows them is not looked at either: Spark's handlers take everything below their path. First
 * row wins.
 */
static const struct row {
	unsigned uis;
	const char *segments; /* with a slash before them: at the beginning of the path only */
	const char *later;    /* must follow, with any segments between; NULL: nothing must */
	enum action action;
} rows[] = {
	{ANY_UI, "workers/kill", NULL, ACTION_NEVER},	  /* T44 */
	{ANY_UI, "jobs/job/kill", NULL, ACTION_KILL},	  /* T42 */
	{ANY_UI, "stages/stage/kill", NULL, ACTION_KILL}, /* T42 */
	{SPARK, "app/kill", NULL, ACTION_KILL},		  /* T43 */
	{SPARK, "driver/kill", NULL, ACTION_KILL},	  /* T43 */
	{ANY_UI, "v1/submissions", NULL, ACTION_SUBMIT},  /* T48 */
	{SPARK, "api/v1/applications", "logs", ACTION_DOWNLOAD},
	{SPARK, "api/v1/applications", "threads", ACTION_DUMP},
	{SPARK, "threadDump", NULL, ACTION_DUMP},
	{SPARK, "heapHistogram", NULL, ACTION_DUMP},
	{SPARK, "taskThreadDump", NULL, ACTION_DUMP},
	{SPARK, "environment", NULL, ACTION_ENVIRONMENT},
	{SPARK, "logPage", NULL, ACTION_LOGS},
	{SPARK, "log", NULL, ACTION_LOGS},
	{SPARK, "logs", NULL, ACTION_LOGS},
	/* First, so that who may read no more gets nothing that Spark's handlers nest. */
	{SPARK, "/metrics", NULL, ACTION_METRICS},
	{BIT(UI_GATE), "tokens", NULL, ACTION_TOKENS},
};

/* A bit for each letter that a row's segments begin with: most segments of a path begin none. */
static uint32_t letters;

static uint32_t letter_bit(char c)
{
	return UINT32_C(1) << (c & 31); /* the same for both cases */
}

__attribute__((constructor)) static void find_letters(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		letters |= letter_bit(rows[i].segments[rows[i].segments[0] == '/']);
}

static const struct {
	const char *name;
	bool is_audited;
} actions[] = {
	[ACTION_VIEW] = {"view", false},
	[ACTION_LOGS] = {"logs", false},
	[ACTION_ENVIRONMENT] = {"environment", false},
	[ACTION_DOWNLOAD] = {"download", true},
	[ACTION_DUMP] = {"dump", true},
	[ACTION_KILL] = {"kill", true},
	[ACTION_SUBMIT] = {"submit", true},
	[ACTION_TOKENS] = {"tokens", true},
	[ACTION_METRICS] = {"metrics", false},
	[ACTION_NEVER] = {"never", false},
};

static const unsigned rights[] = {
	[ROLE_NONE] = 0,
	[ROLE_USER] = BIT(ACTION_VIEW) | BIT(ACTION_LOGS) | BIT(ACTION_ENVIRONMENT) |
		      BIT(ACTION_DOWNLOAD) | BIT(ACTION_DUMP) | BIT(ACTION_METRICS),
	[ROLE_ADMIN] = BIT(ACTION_VIEW) | BIT(ACTION_LOGS) | BIT(ACTION_ENVIRONMENT) |
		       BIT(ACTION_DOWNLOAD) | BIT(ACTION_DUMP) | BIT(ACTION_KILL) |
		       BIT(ACTION_SUBMIT) | BIT(ACTION_TOKENS) | BIT(ACTION_METRICS),
};
/* Another site must not make a signed-in browser do these. */
static const unsigned needs_same_origin =
	BIT(ACTION_KILL) | BIT(ACTION_SUBMIT) | BIT(ACTION_TOKENS);

/* --- the path as Jetty reads it
 * ------------------------------------------------------------------- */

/* Decodes one segment and cuts its parameters (";x=y"). Gives the length, or -1 when a byte that
 * would have made another path was hidden in it. */
static int read_segment(struct str in, char *out)
{
	int len = 0;

	for (size_t i = 0; i < in.len; i++) {
		char c = in.at[i];

		if (c == '%' && i + 2 < in.len && str_hex_digit(in.at[i + 1]) != -1 &&
			str_hex_digit(in.at[i + 2]) != -1) {
			c = (char)(str_hex_digit(in.at[i + 1]) << 4 | str_hex_digit(in.at[i + 2]));
			i += 2;
		}
		if (c == ';')
			break;
		if (c == '/' || c == '\\' || c == '\0')
			return -1;
		out[len++] = c;
	}
	/* "..;x" is a way up for Jetty that is no dot segment to a stricter reader. */
	if ((len == 1 && out[0] == '.') || (len == 2 && out[0] == '.' && out[1] == '.'))
		return -1;
	return len;
}

/* "/a/b" without empty segments, parameters and a last slash; false when the path is a trick. */
static bool normalise(struct str path, char out[PATH_MAX_BYTES + 2], struct str *result)
{
	struct str segment;
	size_t len = 0;

	if (path.len > PATH_MAX_BYTES)
		return false;
	while (str_next(&path, '/', &segment)) {
		int n = read_segment(segment, out + len + 1);

		if (n == -1)
			return false;
		if (n == 0)
			continue;
		out[len] = '/';
		len += (size_t)n + 1;
	}
	*result = (struct str){out, len};
	return true;
}

/* What is left of `path`, which begins behind a slash, after these segments; at == NULL: it begins
 * otherwise. Case does not count: Spark's does, but refusing a spelling that Spark would not know
 * costs nothing. */
static struct str after_segments(struct str path, const char *segments)
{
	size_t len = strlen(segments);

	if (path.len < len || !str_same_nocase(path.at, segments, len) ||
		(path.len > len && path.at[len] != '/'))
		return (struct str){NULL, 0};
	return str_from(path, len);
}

/* The next segment, with what follows it. False: there is none. */
static bool next_segment(struct str *path)
{
	ptrdiff_t slash = str_find_byte(*path, '/');

	*path = str_from(*path, slash == -1 ? path->len : (size_t)slash + 1);
	return slash != -1;
}

static bool has_later(struct str path, const char *segments)
{
	while (next_segment(&path)) {
		if (after_segments(path, segments).at)
			return true;
	}
	return false;
}

/* Whether the row's segments stand here: at the beginning of `path`, which is not empty. */
static bool stands_here(const struct row *row, struct str path, bool is_first)
{
	const char *segments = row->segments;

	if (segments[0] == '/') {
		if (!is_first)
			return false;
		segments++;
	}
	if ((path.at[0] | 0x20) != (segments[0] | 0x20)) /* mostly */
		return false;
	struct str rest = after_segments(path, segments);
	return rest.at && (!row->later || has_later(rest, row->later));
}

static const struct row *find_row(enum ui_kind kind, struct str path)
{
	const struct row *end = rows + ARRAY_LEN(rows), *best = end;

	for (bool is_first = true; next_segment(&path); is_first = false) {
		if (path.len == 0 || (letters & letter_bit(path.at[0])) == 0)
			continue;
		for (const struct row *row = rows; row < best; row++) {
			if (row->uis & BIT(kind) && stands_here(row, path, is_first))
				best = row;
		}
	}
	return best == end ? NULL : best;
}

static bool is_read(struct str method)
{
	return str_eq(method, STR("GET")) || str_eq(method, STR("HEAD")) ||
	       str_eq(method, STR("OPTIONS"));
}

enum action policy_action(enum ui_kind kind, struct str method, struct str path)
{
	char buf[PATH_MAX_BYTES + 2];
	struct str plain;
	const struct row *row;

	if (!normalise(path, buf, &plain))
		return ACTION_NEVER;
	row = find_row(kind, plain);
	if (row && (BIT(row->action) & needs_same_origin || row->action == ACTION_NEVER))
		return row->action;
	if (is_read(method) || !(SPARK & BIT(kind)))
		return row ? row->action : ACTION_VIEW;
	/* Spark's pages write by POST only. One that no row names may end something, as new ones do
	 * with every release: it takes the right to. */
	return str_eq(method, STR("POST")) ? ACTION_KILL : ACTION_NEVER;
}

bool policy_is_below(struct str path, const char *dir)
{
	char buf[PATH_MAX_BYTES + 2];
	size_t len = strlen(dir);
	struct str plain;

	if (!normalise(path, buf, &plain))
		return true;
	plain = str_from(plain, 1);
	return str_starts_nocase(plain, str_of(dir)) && (plain.len == len || plain.at[len] == '/');
}

const char *action_name(enum action action)
{
	assert((size_t)action < ARRAY_LEN(actions));
	return actions[action].name;
}

bool action_is_audited(enum action action)
{
	assert((size_t)action < ARRAY_LEN(actions));
	return actions[action].is_audited;
}

enum verdict policy_decide(const struct policy_request *req)
{
	if (req->who == NULL)
		return DENY_SIGN_IN;
	assert((size_t)req->who->role < ARRAY_LEN(rights));
	if (rights[req->who->role] == 0)
		return DENY_NO_ROLE;
	if (req->action == ACTION_NEVER)
		return DENY_NEVER;
	if (!(rights[req->who->role] & BIT(req->action)))
		return DENY_ROLE;
	if (BIT(req->action) & needs_same_origin && req->who->via == VIA_SESSION &&
		!req->same_origin)
		return DENY_CROSS_ORIGIN;
	return ALLOW;
}
