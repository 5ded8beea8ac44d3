#include "auth/policy/grants.h"

#include "auth/policy/pattern.h"
#include "auth/policy/scope.h"
#include "base/mem.h"
#include "base/sbuf.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#define BIT(n) (1u << (n))

/* What is not about applications. */
enum { ELSEWHERE = BIT(ACTION_TOKENS) | BIT(ACTION_AUDIT) | BIT(ACTION_SESSIONS) };
/* What Spark asks its modify lists about. */
enum { MODIFYING = BIT(ACTION_KILL) | BIT(ACTION_SUBMIT) };
enum {
	LIMITED = BIT(ACTION_VIEW) | BIT(ACTION_LOGS) | BIT(ACTION_ENVIRONMENT) |
		  BIT(ACTION_DOWNLOAD) | BIT(ACTION_DUMP) | BIT(ACTION_METRICS)
};

struct row {
	struct conf_role copy; /* owned; rights are in the bits */
	size_t index;	       /* in its list of the configuration */
	bool is_limited;       /* of auth.roles.limited: opens no list (and no UI) */
	bool has_own, has_acl; /* words among its applications */
	bool has_all;	       /* whatever runs on its clusters, in its namespaces */
	unsigned rights;
	unsigned own_rights; /* only where the application is theirs */
};

struct grants {
	atomic_int refs;
	enum role role;
	struct conf_names names, groups;
	char *user; /* or "" */
	size_t count;
	struct row rows[];
};

/* --- made and freed --- */

static struct conf_names copy_names(const char *const *at, size_t count)
{
	struct conf_names copy = {count ? mem_alloc(count, sizeof *copy.at) : NULL, count};

	for (size_t i = 0; i < count; i++)
		copy.at[i] = mem_strdup(at[i]);
	return copy;
}

static struct conf_names copy_list(const struct conf_names *names)
{
	return copy_names((const char *const *)names->at, names->count);
}

static void clear_names(struct conf_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->at[i]);
	free(names->at);
}

static void clear_row(struct row *row)
{
	free(row->copy.role);
	clear_names(&row->copy.clusters);
	clear_names(&row->copy.namespaces);
	clear_names(&row->copy.applications);
	clear_names(&row->copy.uis);
}

static bool is_any(const char *pattern)
{
	return pattern[0] != '\0' && pattern[strspn(pattern, "*")] == '\0';
}

static void read_applications(struct row *row)
{
	const struct conf_names *names = &row->copy.applications;

	row->has_own = conf_names_have(names, STR("own"));
	row->has_acl = conf_names_have(names, STR("acl"));
	row->has_all = names->count == 0;
	for (size_t i = 0; i < names->count; i++)
		row->has_all |= is_any(names->at[i]);
}

static void read_rights(struct row *row, const struct conf_names *rights)
{
	for (size_t i = 0; i < rights->count; i++) {
		enum action action;

		if (strcmp(rights->at[i], "kill:own") == 0)
			row->own_rights |= BIT(ACTION_KILL);
		else if (action_parse(str_of(rights->at[i]), &action))
			row->rights |= BIT(action);
	}
	if (row->rights & BIT(ACTION_VIEW)) /* monitoring reads a part of the view */
		row->rights |= BIT(ACTION_METRICS);
}

static void add_row(struct grants *grants, const struct conf_role *from, size_t index)
{
	struct row *row = &grants->rows[grants->count++];

	*row = (struct row){.copy = {.role = mem_strdup(from->role),
				    .clusters = copy_list(&from->clusters),
				    .namespaces = copy_list(&from->namespaces),
				    .applications = copy_list(&from->applications),
				    .uis = copy_list(&from->uis)},
		.index = index};
	read_applications(row);
	read_rights(row, &from->rights);
}

static void add_limited(struct grants *grants, const struct conf_limited *from, size_t index)
{
	const struct conf_role row = {.role = from->role, .namespaces = from->namespaces};

	add_row(grants, &row, index);
	grants->rows[grants->count - 1].is_limited = true;
	grants->rows[grants->count - 1].rights = LIMITED;
}

static void add_rows(struct grants *grants, const struct conf *conf)
{
	for (size_t i = 0; i < conf->roles_custom_count; i++) {
		if (conf_names_have(&grants->names, str_of(conf->roles_custom[i].role)))
			add_row(grants, &conf->roles_custom[i], i);
	}
	for (size_t i = 0; i < conf->roles_limited_count; i++) {
		if (conf_names_have(&grants->names, str_of(conf->roles_limited[i].role)))
			add_limited(grants, &conf->roles_limited[i], i);
	}
}

static bool is_any_listed(const struct conf_names *names, const struct conf_names *list)
{
	for (size_t i = 0; i < names->count; i++) {
		if (conf_names_have(list, str_of(names->at[i])))
			return true;
	}
	return false;
}

static enum role find_role(const struct grants *grants, const struct conf *conf)
{
	if (is_any_listed(&grants->names, &conf->roles_admin))
		return ROLE_ADMIN;
	if (is_any_listed(&grants->names, &conf->roles_user))
		return ROLE_USER;
	return grants->count > 0 ? ROLE_CUSTOM : ROLE_NONE;
}

static size_t count_rows(const struct conf *conf, const struct conf_names *names)
{
	size_t count = 0;

	for (size_t i = 0; i < conf->roles_custom_count; i++)
		count += conf_names_have(names, str_of(conf->roles_custom[i].role));
	for (size_t i = 0; i < conf->roles_limited_count; i++)
		count += conf_names_have(names, str_of(conf->roles_limited[i].role));
	return count;
}

struct grants *grants_new(const struct conf *conf, const struct grants_person *person)
{
	struct conf_names names = copy_names(person->names.at, person->names.count);
	struct grants *grants =
		mem_alloc(1, sizeof *grants + count_rows(conf, &names) * sizeof *grants->rows);

	atomic_init(&grants->refs, 1);
	grants->names = names;
	grants->groups = copy_names(person->groups.at, person->groups.count);
	grants->user = mem_strdup(person->user ? person->user : "");
	add_rows(grants, conf);
	grants->role = find_role(grants, conf);
	return grants;
}

struct grants *grants_ref(struct grants *grants)
{
	if (grants)
		atomic_fetch_add_explicit(&grants->refs, 1, memory_order_relaxed);
	return grants;
}

void grants_unref(struct grants *grants)
{
	if (grants == NULL ||
		atomic_fetch_sub_explicit(&grants->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < grants->count; i++)
		clear_row(&grants->rows[i]);
	clear_names(&grants->names);
	clear_names(&grants->groups);
	free(grants->user);
	free(grants);
}

/* --- who --- */

enum role grants_role(const struct grants *grants)
{
	return grants ? grants->role : ROLE_NONE;
}

bool grants_has_name(const struct grants *grants, const char *name)
{
	return grants && conf_names_have(&grants->names, str_of(name));
}

static struct grants_names borrow(const struct conf_names *names)
{
	return (struct grants_names){(const char *const *)names->at, names->count};
}

struct grants_person grants_person(const struct grants *grants)
{
	if (grants == NULL)
		return (struct grants_person){.user = ""};
	return (struct grants_person){
		borrow(&grants->names), grants->user, borrow(&grants->groups)};
}

char *grants_scope(const struct grants *grants)
{
	struct sbuf text;

	sbuf_init(&text, SCOPE_TEXT - 1); /* conf/load/check.c sees to it that all of them fit */
	for (size_t i = 0; grants && i < grants->count; i++) {
		const struct row *row = &grants->rows[i];

		for (size_t k = 0; row->is_limited && k < row->copy.namespaces.count; k++)
			sbuf_printf(&text, "%snamespace:%s",
				text.len ? " " : "view logs environment download dump tokens ",
				row->copy.namespaces.at[k]);
	}
	return sbuf_take(&text);
}

/* --- an application's own lists --- */

/* Spark's way: separated by commas, spaces around them mean nothing, "*" is everybody. */
static bool is_in_list(const char *list, const char *name)
{
	struct str rest = str_of(list ? list : ""), part;

	while (str_next(&rest, ',', &part)) {
		part = str_trim(part);
		if (str_eq(part, STR("*")) || (name[0] && str_eq(part, str_of(name))))
			return true;
	}
	return false;
}

static bool is_named(const struct grants *grants, const char *users, const char *groups)
{
	if (is_in_list(users, grants->user) || is_in_list(groups, ""))
		return true;
	for (size_t i = 0; i < grants->groups.count; i++) {
		if (is_in_list(groups, grants->groups.at[i]))
			return true;
	}
	return false;
}

static bool may_modify(const struct grants *grants, const struct access_lists *lists)
{
	return lists && (is_named(grants, lists->modify, lists->modify_groups) ||
				is_named(grants, lists->admin, lists->admin_groups));
}

static bool may_view(const struct grants *grants, const struct access_lists *lists)
{
	return lists && is_named(grants, lists->view, lists->view_groups);
}

/* --- rows --- */

/* None: all. What nobody knows is none of these. */
static bool has_name(const struct conf_names *names, const char *name)
{
	return names->count == 0 || (name && name[0] && conf_names_have(names, str_of(name)));
}

/* By its own name, or by that of the cluster it was found by. */
static bool has_cluster(const struct row *row, const struct access_cluster *cluster)
{
	return has_name(&row->copy.clusters, cluster->name) ||
	       has_name(&row->copy.clusters, cluster->finder);
}

/* A cluster of the configuration is in no namespace: rows for some see what of theirs runs there.
 */
static bool is_about(const struct row *row, const struct access_cluster *cluster)
{
	bool is_found = cluster->namespace && cluster->namespace[0];

	return has_cluster(row, cluster) &&
	       (!is_found || has_name(&row->copy.namespaces, cluster->namespace));
}

static bool is_about_all(const struct row *row, const struct access_cluster *cluster)
{
	return row->has_all && !row->is_limited && is_about(row, cluster) &&
	       has_name(&row->copy.namespaces, cluster->namespace);
}

static bool is_own(const struct grants *grants, const struct access_app *app)
{
	return app->user && app->user[0] && strcmp(app->user, grants->user) == 0;
}

static bool matches(const struct row *row, const struct access_app *app)
{
	const struct conf_names *patterns = &row->copy.applications;

	for (size_t i = 0; i < patterns->count; i++) {
		struct str pattern = str_of(patterns->at[i]);

		if (strcmp(pattern.at, "own") == 0 || strcmp(pattern.at, "acl") == 0)
			continue;
		if (pattern_matches(pattern, str_of(app->id)) ||
			(app->name && pattern_matches(pattern, str_of(app->name))) ||
			(app->other_name && app->other_name[0] &&
				pattern_matches(pattern, str_of(app->other_name))))
			return true;
	}
	return false;
}

/* The row is about its cluster and namespace; is it about this very application? */
static unsigned row_to_one(const struct grants *grants, const struct row *row,
	const struct access_app *app, const char **why)
{
	bool is_theirs = is_own(grants, app);
	unsigned rights = row->rights | (is_theirs ? row->own_rights : 0);

	*why = "it is about all applications there";
	if (row->copy.applications.count == 0)
		return rights;
	*why = "the application is their own";
	if (row->has_own && is_theirs)
		return rights;
	*why = "the application's id or name fits a pattern";
	if (matches(row, app))
		return rights;
	*why = "the application's modify or admin lists name them";
	if (row->has_acl && may_modify(grants, app->lists))
		return rights;
	*why = "the application's view lists name them";
	if (row->has_acl && may_view(grants, app->lists))
		return rights & ~(unsigned)MODIFYING;
	*why = "it is not about this application";
	return 0;
}

static unsigned row_to_app(const struct grants *grants, const struct row *row,
	const struct access_app *app, const char **why)
{
	*why = "it is about other clusters";
	if (!has_cluster(row, &(struct access_cluster){app->cluster, app->finder, app->namespace}))
		return 0;
	*why = "it is about other namespaces";
	if (!has_name(&row->copy.namespaces, app->namespace))
		return 0;
	return row_to_one(grants, row, app, why) & ~(unsigned)ELSEWHERE;
}

unsigned grants_to_app(const struct grants *grants, const struct access_app *app)
{
	unsigned rights = 0;
	const char *why;

	for (size_t i = 0; grants && i < grants->count; i++)
		rights |= row_to_app(grants, &grants->rows[i], app, &why);
	return rights;
}

/* What the row may give of some application on the cluster. */
static unsigned row_to_some(const struct row *row, const struct access_cluster *cluster)
{
	return is_about(row, cluster) ? (row->rights | row->own_rights) & ~(unsigned)ELSEWHERE : 0;
}

unsigned grants_to_lists(const struct grants *grants, const struct access_cluster *cluster)
{
	unsigned rights = 0;

	for (size_t i = 0; grants && i < grants->count; i++) {
		if (!grants->rows[i].is_limited)
			rights |= row_to_some(&grants->rows[i], cluster);
	}
	return rights;
}

unsigned grants_to_whole_cluster(const struct grants *grants, const struct access_cluster *cluster)
{
	unsigned rights = 0;

	for (size_t i = 0; grants && i < grants->count; i++) {
		const struct row *row = &grants->rows[i];

		if (is_about_all(row, cluster))
			rights |= row->rights & ~(unsigned)ELSEWHERE;
	}
	return rights;
}

/* A row that names UIs opens them for viewing at least: it need not name rights, which would open
 * applications, too. */
unsigned grants_to_ui(
	const struct grants *grants, const struct access_cluster *cluster, const char *ui)
{
	unsigned rights = 0;

	for (size_t i = 0; grants && i < grants->count; i++) {
		const struct row *row = &grants->rows[i];

		if (conf_names_have(&row->copy.uis, str_of(ui)) && is_about(row, cluster))
			rights |= BIT(ACTION_VIEW) | BIT(ACTION_METRICS) |
				  (row->rights & ~(unsigned)ELSEWHERE);
	}
	return rights;
}

bool grants_to_cluster(const struct grants *grants, const struct access_cluster *cluster)
{
	for (size_t i = 0; grants && i < grants->count; i++) {
		const struct row *row = &grants->rows[i];

		if (row_to_some(row, cluster) ||
			(row->copy.uis.count > 0 && is_about(row, cluster)))
			return true;
	}
	return false;
}

unsigned grants_anywhere(const struct grants *grants)
{
	unsigned rights = 0;

	for (size_t i = 0; grants && i < grants->count; i++) {
		const struct row *row = &grants->rows[i];

		rights |= row->rights | row->own_rights;
		if (row->copy.uis.count > 0)
			rights |= BIT(ACTION_VIEW) | BIT(ACTION_METRICS);
	}
	return rights;
}

/* --- why --- */

unsigned grants_own_only(const struct grants *grants)
{
	unsigned rights = 0, own = 0;

	for (size_t i = 0; grants && i < grants->count; i++) {
		rights |= grants->rows[i].rights;
		own |= grants->rows[i].own_rights;
	}
	return own & ~rights;
}

bool grants_lacks_user(const struct grants *grants)
{
	for (size_t i = 0; grants && i < grants->count; i++) {
		const struct row *row = &grants->rows[i];

		if (row->has_own || row->has_acl || row->own_rights)
			return grants->user[0] == '\0';
	}
	return false;
}

size_t grants_rows(const struct grants *grants)
{
	return grants ? grants->count : 0;
}

char *grants_row_title(const struct grants *grants, size_t row)
{
	const struct row *at = &grants->rows[row];

	assert(row < grants->count);
	return mem_printf("auth.roles.%s[%zu] (%s)", at->is_limited ? "limited" : "custom",
		at->index, at->copy.role);
}

unsigned grants_row_to_app(
	const struct grants *grants, size_t row, const struct access_app *app, const char **why)
{
	assert(row < grants->count);
	return row_to_app(grants, &grants->rows[row], app, why);
}
