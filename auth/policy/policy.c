#include "auth/policy/policy.h"

#include "auth/policy/reading.h"
#include "auth/policy/spark_page.h"
#include "base/mem.h"

#include <assert.h>

#define BIT(n) (1u << (n))
#define SPARK  (BIT(UI_MASTER) | BIT(UI_WORKER) | BIT(UI_DRIVER) | BIT(UI_HISTORY))
#define ANY_UI (SPARK | BIT(UI_OTHER))

/*
 * What a path asks for. Segments match wherever they stand, because pages are nested: a master with
 * spark.ui.reverseProxy has /proxy/<app>/jobs/..., history has /history/<app>/<attempt>/.... What
 * follows them is not looked at either: Spark's handlers take everything below their path. All rows
 * that match count, for nobody knows which one the server takes.
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
	/* Of the Spark after 4.3, whatever the method: they stop what runs, and start it again. */
	{ANY_UI, "jobs/hold", NULL, ACTION_KILL},
	{ANY_UI, "jobs/resume", NULL, ACTION_KILL},
	{SPARK, "app/hold", NULL, ACTION_KILL},
	{SPARK, "app/resume", NULL, ACTION_KILL},
	{ANY_UI, "v1/submissions", NULL, ACTION_SUBMIT}, /* T48 */
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
	[ACTION_AUDIT] = {"audit", false},
	[ACTION_SESSIONS] = {"sessions", false},
	[ACTION_LAUNCH] = {"launch", true},
	[ACTION_NEVER] = {"never", false},
};

static const unsigned rights[] = {
	[ROLE_NONE] = 0,
	[ROLE_CUSTOM] = 0, /* what their rows say (grants.h) */
	[ROLE_USER] = BIT(ACTION_VIEW) | BIT(ACTION_LOGS) | BIT(ACTION_ENVIRONMENT) |
		      BIT(ACTION_DOWNLOAD) | BIT(ACTION_DUMP) | BIT(ACTION_METRICS) |
		      BIT(ACTION_LAUNCH),
	[ROLE_ADMIN] = BIT(ACTION_VIEW) | BIT(ACTION_LOGS) | BIT(ACTION_ENVIRONMENT) |
		       BIT(ACTION_DOWNLOAD) | BIT(ACTION_DUMP) | BIT(ACTION_KILL) |
		       BIT(ACTION_SUBMIT) | BIT(ACTION_TOKENS) | BIT(ACTION_METRICS) |
		       BIT(ACTION_AUDIT) | BIT(ACTION_SESSIONS) | BIT(ACTION_LAUNCH),
};
/* Another site must not make a signed-in browser do these. */
static const unsigned needs_same_origin =
	BIT(ACTION_KILL) | BIT(ACTION_SUBMIT) | BIT(ACTION_TOKENS) | BIT(ACTION_LAUNCH);

/* --- what a path asks for --- */

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

/* What is left after the first place further on where these segments stand; at == NULL: none. */
static struct str after_later(struct str path, const char *segments)
{
	while (next_segment(&path)) {
		struct str rest = after_segments(path, segments);
		if (rest.at)
			return rest;
	}
	return (struct str){NULL, 0};
}

/* What is left after the row's segments, if they stand here, at the beginning of `path`, which is
 * not empty; at == NULL: they do not. */
static struct str after_row(const struct row *row, struct str path, bool is_first)
{
	const char *segments = row->segments;
	struct str none = {NULL, 0};

	if (segments[0] == '/') {
		if (!is_first)
			return none;
		segments++;
	}
	if ((path.at[0] | 0x20) != (segments[0] | 0x20)) /* mostly */
		return none;
	struct str rest = after_segments(path, segments);
	return rest.at && row->later ? after_later(rest, row->later) : rest;
}

/* Bits of actions. A segment that a row has for its `later` means nothing else to milder ones. */
static unsigned find_rows(enum ui_kind kind, struct str path)
{
	const struct row *end = rows + ARRAY_LEN(rows), *claim = end;
	const char *claimed = path.at;
	unsigned found = 0;

	for (bool is_first = true; next_segment(&path); is_first = false) {
		if (path.len == 0 || (letters & letter_bit(path.at[0])) == 0)
			continue;
		for (const struct row *row = rows; row < (path.at < claimed ? claim : end); row++) {
			struct str rest = row->uis & BIT(kind) ? after_row(row, path, is_first)
							       : (struct str){NULL, 0};
			if (rest.at == NULL)
				continue;
			found |= BIT(row->action);
			if (row->later)
				claim = row, claimed = rest.at;
		}
	}
	return found;
}

/* YARN's ResourceManager hands the UIs of drivers on, below /proxy/application_…/ (S96). Gives the
 * path at the driver; at == NULL: it is none of these. */
static struct str handed_on(struct str path)
{
	static const char *const places[] = {"proxy", "proxy/redirect"};

	while (next_segment(&path)) {
		for (size_t i = 0; i < ARRAY_LEN(places); i++) {
			struct str rest = after_segments(path, places[i]);
			if (rest.at == NULL || !str_starts_nocase(rest, STR("/application_")))
				continue;
			ptrdiff_t slash = str_find_byte(str_from(rest, 1), '/');
			return str_from(rest, slash == -1 ? rest.len : (size_t)slash + 1);
		}
	}
	return (struct str){NULL, 0};
}

/* What one reading asks for. Of Spark's UIs only pages that are known are looked at by the way
 * (S91); a row's segments stand where they like, so a row alone makes none known. */
static unsigned judge_reading(enum ui_kind kind, struct str plain, bool any_page, bool *is_spark)
{
	struct str page = kind == UI_OTHER ? handed_on(plain) : plain;

	if (kind == UI_OTHER && page.at)
		kind = UI_DRIVER;
	unsigned found = find_rows(kind, plain);
	*is_spark |= SPARK & BIT(kind);
	if (!any_page && SPARK & BIT(kind) && !spark_page_is_known(page))
		return found | BIT(ACTION_KILL);
	return found ? found : BIT(ACTION_VIEW);
}

/* The strictest row of every decoding counts, and none of the others is forgotten: what a token is
 * limited to need not go by strictness. `*is_spark`: by some decoding it is a UI of Spark's. */
static unsigned find_actions(enum ui_kind kind, struct str path, bool any_page, bool *is_spark)
{
	struct reading reading;
	unsigned found = 0;

	*is_spark = SPARK & BIT(kind);
	reading_init(&reading, path, *is_spark);
	while (reading_next(&reading))
		found |= judge_reading(kind, reading.plain, any_page, is_spark);
	return reading.is_trick ? BIT(ACTION_NEVER) : found;
}

static enum action strictest(unsigned found)
{
	static const enum action order[] = {ACTION_NEVER, ACTION_KILL, ACTION_SUBMIT, ACTION_LAUNCH,
		ACTION_TOKENS, ACTION_SESSIONS, ACTION_AUDIT, ACTION_DOWNLOAD, ACTION_DUMP,
		ACTION_ENVIRONMENT, ACTION_LOGS, ACTION_VIEW};

	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		if (found & BIT(order[i]))
			return order[i];
	}
	return ACTION_METRICS;
}

bool policy_is_read(struct str method)
{
	return str_eq(method, STR("GET")) || str_eq(method, STR("HEAD")) ||
	       str_eq(method, STR("OPTIONS"));
}

/* Spark's pages are read by GET and written to by POST. What no row names may end something, as new
 * pages do with every release: it takes the right to. */
static unsigned by_method(struct str method)
{
	if (str_eq(method, STR("GET")) || str_eq(method, STR("HEAD")))
		return 0;
	return str_eq(method, STR("POST")) || policy_is_read(method) ? BIT(ACTION_KILL)
								     : BIT(ACTION_NEVER);
}

enum action policy_actions(enum ui_kind kind, struct str method, struct str path, unsigned *all)
{
	unsigned asked = by_method(method);
	bool is_spark;

	/* What is denied by its method has no page that matters. */
	*all = find_actions(kind, path, asked & BIT(ACTION_NEVER), &is_spark);
	if (asked && is_spark && !(*all & (needs_same_origin | BIT(ACTION_NEVER))))
		*all = asked;
	return strictest(*all);
}

enum action policy_named(struct str path, unsigned *all)
{
	bool is_spark;

	*all = find_actions(UI_MASTER, path, true, &is_spark);
	return strictest(*all);
}

enum action policy_action(enum ui_kind kind, struct str method, struct str path)
{
	unsigned all;

	return policy_actions(kind, method, path, &all);
}

bool policy_is_below(struct str path, const char *dir)
{
	struct reading reading;

	reading_init(&reading, path, true);
	while (reading_next(&reading)) {
		if (after_segments(str_from(reading.plain, 1), dir).at)
			return true;
	}
	return reading.is_trick;
}

const char *action_name(enum action action)
{
	assert((size_t)action < ARRAY_LEN(actions));
	return actions[action].name;
}

bool action_parse(struct str name, enum action *out)
{
	for (int action = 0; action < ACTION_NEVER; action++) {
		if (str_eq(name, str_of(actions[action].name))) {
			*out = (enum action)action;
			return true;
		}
	}
	return false;
}

bool action_is_audited(enum action action)
{
	assert((size_t)action < ARRAY_LEN(actions));
	return actions[action].is_audited;
}

unsigned policy_rights(enum role role)
{
	assert((size_t)role < ARRAY_LEN(rights));
	return rights[role];
}

bool policy_needs_origin(unsigned bits)
{
	return bits & needs_same_origin;
}

enum verdict policy_decide(const struct policy_request *req)
{
	if (req->who == NULL)
		return DENY_SIGN_IN;
	unsigned all = req->all | BIT(req->action);
	if (req->who->role == ROLE_NONE)
		return DENY_NO_ROLE;
	if (all & BIT(ACTION_NEVER))
		return DENY_NEVER;
	if (all & ~req->rights)
		return DENY_ROLE;
	if (all & needs_same_origin && req->who->via == VIA_SESSION && !req->same_origin)
		return DENY_CROSS_ORIGIN;
	return ALLOW;
}
