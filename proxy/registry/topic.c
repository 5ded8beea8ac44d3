#include "proxy/registry/topic.h"

#include "base/mem.h"
#include "conf/conf.h"
#include "proxy/guard/app_key.h"

#define BIT(n) (1u << (n))

/* What ends something is never about a list, though an unknown POST to its path may end something
 * of somebody's (T42). */
#define ENDING (BIT(ACTION_KILL) | BIT(ACTION_SUBMIT))

/* --- tables of paths --- */

/* How the id of an application stands in a path. */
enum id_place {
	ID_NOWHERE,
	ID_IN_QUERY, /* in the parameter appId */
	ID_BELOW,    /* the segment that follows */
	ID_PROXIED,  /* the same, and it may be a worker's (T3) */
};

static const struct row {
	enum ui_kind ui;
	struct str path; /* the whole of it; ending in '*': all that begins so */
	enum topic_kind kind;
	enum id_place id;
} rows[] = {
	{UI_MASTER, STR("/"), TOPIC_LIST, ID_NOWHERE},
	{UI_MASTER, STR("/json"), TOPIC_LIST, ID_NOWHERE}, /* leads to the next (T46) */
	{UI_MASTER, STR("/json/"), TOPIC_LIST, ID_NOWHERE},
	{UI_MASTER, STR("/static/*"), TOPIC_FILES, ID_NOWHERE},
	{UI_MASTER, STR("/app"), TOPIC_APP, ID_IN_QUERY}, /* 2.4 (T31) */
	{UI_MASTER, STR("/app/"), TOPIC_APP, ID_IN_QUERY},
	{UI_MASTER, STR("/app/kill"), TOPIC_FORM, ID_NOWHERE},
	{UI_MASTER, STR("/app/kill/"), TOPIC_FORM, ID_NOWHERE},
	{UI_MASTER, STR("/app/hold"), TOPIC_FORM, ID_NOWHERE}, /* of the Spark after 4.3 */
	{UI_MASTER, STR("/app/hold/"), TOPIC_FORM, ID_NOWHERE},
	{UI_MASTER, STR("/app/resume"), TOPIC_FORM, ID_NOWHERE},
	{UI_MASTER, STR("/app/resume/"), TOPIC_FORM, ID_NOWHERE},
	{UI_MASTER, STR("/proxy/*"), TOPIC_APP, ID_PROXIED},
	{UI_WORKER, STR("/"), TOPIC_LIST, ID_NOWHERE},
	{UI_WORKER, STR("/json"), TOPIC_LIST, ID_NOWHERE},
	{UI_WORKER, STR("/json/"), TOPIC_LIST, ID_NOWHERE},
	{UI_WORKER, STR("/static/*"), TOPIC_FILES, ID_NOWHERE},
	{UI_WORKER, STR("/logPage"), TOPIC_APP, ID_IN_QUERY}, /* 2.4 (T7) */
	{UI_WORKER, STR("/logPage/"), TOPIC_APP, ID_IN_QUERY},
	{UI_WORKER, STR("/log"), TOPIC_APP, ID_IN_QUERY}, /* what its script asks for (T18) */
	{UI_WORKER, STR("/log/"), TOPIC_APP, ID_IN_QUERY},
	{UI_HISTORY, STR("/"), TOPIC_LIST, ID_NOWHERE},
	{UI_HISTORY, STR("/api/v1/applications"), TOPIC_LIST, ID_NOWHERE},
	{UI_HISTORY, STR("/api/v1/version"), TOPIC_FILES, ID_NOWHERE},
	{UI_HISTORY, STR("/static/*"), TOPIC_FILES, ID_NOWHERE},
	{UI_HISTORY, STR("/history/*"), TOPIC_APP, ID_BELOW},
	{UI_HISTORY, STR("/api/v1/applications/*"), TOPIC_APP, ID_BELOW},
};

/* Of a page that an id in the query opens. A worker joins them to the path of a file, and takes
 * every path below its own directory: "executorId=../app-2/0" is a neighbour's log (S74). */
static const char *const parameters[] = {"appId", "executorId", "logType", "offset", "byteLength"};

/* --- ids --- */

/* One that somebody could read as another one (escapes, Jetty's parameters) is no id. */
bool topic_is_id(struct str id)
{
	for (size_t i = 0; i < id.len; i++) {
		char c = id.at[i];
		if (!(str_is_tchar(c) && c != '%' && c != '*'))
			return false;
	}
	return id.len > 0 && id.len < TOPIC_ID_SIZE && !str_eq(id, STR(".")) &&
	       !str_eq(id, STR(".."));
}

static bool copy_id(struct str id, char out[TOPIC_ID_SIZE])
{
	return topic_is_id(id) && str_copy(id, out, TOPIC_ID_SIZE);
}

static bool is_plain_value(struct str value)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i];
		if (!(str_is_alnum(c) || c == '-' || c == '_' || c == '.'))
			return false;
	}
	return !str_eq(value, STR("..")) && !str_eq(value, STR("."));
}

/* Bit of a parameter's row; 0: it is none of them. */
static unsigned parameter_of(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(parameters); i++) {
		if (str_eq(name, str_of(parameters[i])))
			return BIT(i);
	}
	return 0;
}

static bool id_in_query(struct str query, char out[TOPIC_ID_SIZE])
{
	unsigned seen = 0;
	struct str pair;

	out[0] = '\0';
	while (query.at && str_next(&query, '&', &pair)) {
		ptrdiff_t eq = str_find_byte(pair, '=');
		struct str value = str_from(pair, eq == -1 ? pair.len : (size_t)eq + 1);
		unsigned bit = eq == -1 ? 0 : parameter_of((struct str){pair.at, (size_t)eq});

		bool is_id = bit == BIT(0);

		if (bit == 0 || seen & bit || (!is_id && !is_plain_value(value)))
			return false;
		seen |= bit;
		if (is_id && !app_key_of_encoded(value, out))
			return false;
	}
	return out[0] != '\0';
}

/* Finds the application by its id only: somebody else's may be called like this one's id. */
static void set_app(struct topic *topic, const struct registry *reg, const char *id)
{
	const struct app_info *app =
		reg ? registry_app(reg, str_of(topic->cluster.name), str_of(id)) : NULL;

	topic->kind = TOPIC_APP;
	topic->id = id;
	topic->app = app && strcmp(app->id, id) == 0 ? app : NULL;
}

/* By what Spark calls it, which opens what anybody has of that name (S94). */
static void set_spark_app(struct topic *topic, const struct registry *reg, const char *id)
{
	set_app(topic, reg, id);
	if (topic->app && (topic->app->has_stranger || topic->app->has_later))
		topic->kind = TOPIC_WHOLE;
}

/* --- by kind of UI --- */

static bool is_row_of(const struct row *row, struct str path)
{
	struct str wanted = row->path;

	if (wanted.at[wanted.len - 1] != '*')
		return str_eq(path, wanted);
	wanted.len--;
	return str_starts(path, wanted);
}

/* Where the rows of each UI begin, after all others; they stand together. */
static unsigned char first_of[UI_OTHER + 1];

__attribute__((constructor)) static void find_first(void)
{
	for (size_t i = ARRAY_LEN(rows); i-- > 0;)
		first_of[rows[i].ui] = (unsigned char)(i + 1);
}

static const struct row *find_row(enum ui_kind ui, struct str path)
{
	/* Rows mostly differ from the path here. */
	char second = path.len > 1 ? path.at[1] : '/';
	size_t at = path.len ? first_of[ui] : 0; /* one behind it; 0: there is none */

	for (; at > 0 && at <= ARRAY_LEN(rows) && rows[at - 1].ui == ui; at++) {
		const struct row *row = &rows[at - 1];
		if (row->path.at[row->path.len > 1] == second && is_row_of(row, path))
			return row;
	}
	return NULL;
}

static void set_whole(struct topic *topic)
{
	topic->kind = TOPIC_WHOLE;
}

/* The segment after `prefix`. `*rest`: what follows it, with its slash. */
static struct str segment_after(struct str path, struct str prefix, struct str *rest)
{
	struct str tail = str_from(path, prefix.len - 1); /* without its '*' */
	ptrdiff_t slash = str_find_byte(tail, '/');
	size_t len = slash == -1 ? tail.len : (size_t)slash;

	*rest = str_from(tail, len);
	return (struct str){tail.at, len};
}

static void set_by_path(struct topic *topic, const struct registry *reg, enum ui_kind ui,
	struct str path, struct str query);

/* Below a master's /proxy/ is a worker or a driver, by its id. Their lists are not filtered
 * there. */
static void set_proxied(
	struct topic *topic, const struct registry *reg, struct str rest, struct str query)
{
	const struct mount *mount =
		reg ? registry_proxy(reg, str_of(topic->cluster.name), str_of(topic->copied))
		    : NULL;

	if (mount == NULL || mount->kind == UI_DRIVER) {
		set_spark_app(topic, reg, topic->copied);
		if (mount == NULL && topic->app == NULL) /* a worker that is new, for all we know */
			set_whole(topic);
		return;
	}
	set_by_path(topic, reg, mount->kind, rest, query);
	if (mount->kind != UI_WORKER || topic->kind == TOPIC_LIST)
		set_whole(topic);
}

static void set_by_row(struct topic *topic, const struct registry *reg, const struct row *row,
	struct str path, struct str query)
{
	struct str rest = {NULL, 0};
	bool is_known = true;

	topic->kind = row->kind;
	if (row->id == ID_BELOW || row->id == ID_PROXIED)
		topic->raw = segment_after(path, row->path, &rest);
	if (row->id == ID_IN_QUERY)
		is_known = id_in_query(query, topic->copied);
	else if (row->id != ID_NOWHERE)
		is_known = app_key_of_encoded(topic->raw, topic->copied);
	if (!is_known)
		set_whole(topic);
	else if (row->id == ID_PROXIED)
		set_proxied(topic, reg, rest, query);
	else if (row->id != ID_NOWHERE)
		set_spark_app(topic, reg, topic->copied);
}

static void set_by_path(struct topic *topic, const struct registry *reg, enum ui_kind ui,
	struct str path, struct str query)
{
	const struct row *row = find_row(ui, path);

	if (row)
		set_by_row(topic, reg, row, path, query);
	else
		set_whole(topic);
}

static void set_ui(struct topic *topic, const struct conf *conf, const struct mount *ui)
{
	const struct conf_ui *row = conf ? conf_find_ui(conf, ui->cluster, ui->id) : NULL;

	topic->kind = TOPIC_UI;
	topic->id = ui->id;
	if (row) {
		topic->id = row->name; /* of many nodes the pattern, which roles open */
		topic->roles = row->roles.at;
		topic->roles_count = row->roles.count;
	} else if (conf) { /* who may is not known any more */
		topic->kind = TOPIC_NOTHING;
	}
}

static void set_by_mount(struct topic *topic, const struct registry *reg, const struct conf *conf,
	const struct mount *mount, struct str path, struct str query)
{
	topic->needs_lists = mount->kind == UI_MASTER || mount->kind == UI_WORKER;
	if (mount->kind == UI_OTHER)
		set_ui(topic, conf, mount);
	else if (mount->kind == UI_DRIVER)
		set_app(topic, reg, mount->id);
	else
		set_by_path(topic, reg, mount->kind, path, query);
}

static enum action only(enum action action, unsigned *all)
{
	*all = BIT(action);
	return action;
}

enum action topic_actions(
	const struct route *route, struct str method, struct str path, unsigned *all)
{
	/* Outside it may be a Spark UI: what a path names, any method may do (T42). What none names
	 * is left to the UI, as with those of `uis`. */
	if (route->kind == ROUTE_OUTSIDE)
		return policy_named(path, all);
	if (route->kind == ROUTE_MOUNT)
		return policy_actions(route->mount->kind, method, route->rest, all);
	if (route->kind == ROUTE_APP_KILL && !policy_is_read(method))
		return only(ACTION_KILL, all);
	if (route->kind == ROUTE_APP_LOGS || route->kind == ROUTE_APP_EVENTS)
		return only(ACTION_LOGS, all);
	/* Of what is not there the path is looked at as well, for nothing: it answers no sooner
	 * than what is hidden. */
	if (route->kind == ROUTE_NONE)
		(void)policy_actions(UI_DRIVER, method, path, all);
	return only(ACTION_VIEW, all);
}

void topic_of_mount(struct topic *topic, const struct registry *reg, const struct conf *conf,
	const struct mount *mount)
{
	*topic = (struct topic){.id = "", .cluster = mount_access(mount)};
	set_by_mount(topic, reg, conf, mount, STR("/"), STR(""));
}

static bool is_about_app(enum route_kind kind)
{
	return kind == ROUTE_APP_KILL || kind == ROUTE_APP_LOGS || kind == ROUTE_APP_EVENTS;
}

void topic_find(struct topic *topic, const struct registry *reg, const struct conf *conf,
	const struct route *route, struct str query)
{
	*topic = (struct topic){.kind = TOPIC_OURS, .id = ""};
	if (route->cluster && route->kind != ROUTE_NONE)
		topic->cluster = cluster_info_access(route->cluster);
	if (route->kind == ROUTE_NONE) {
		topic->kind = TOPIC_NOTHING;
	} else if (route->kind == ROUTE_OUTSIDE) {
		/* What is of no cluster of ours may be of a hidden one, for all one can tell. */
		topic->kind = TOPIC_OUTSIDE;
		topic->cluster.name = "";
	} else if (route->mount) {
		set_by_mount(topic, reg, conf, route->mount,
			route->rest.len ? route->rest : STR("/"), query); /* leads there */
	} else if (is_about_app(route->kind) ||
		   (route->kind == ROUTE_APP && route->rest.at)) { /* its id in a mount's place */
		if (copy_id(route->name, topic->copied))
			set_app(topic, reg, topic->copied);
		else
			set_whole(topic);
	}
}

/* --- what a form names --- */

static bool is_plain_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (!(str_is_alnum(name.at[i]) || name.at[i] == '_' || name.at[i] == '-'))
			return false;
	}
	return name.len > 0;
}

/* Spark's own names are plain: another spelling is a trick, or no form at all. */
static bool count_ids(struct str params, struct str *id, size_t *count)
{
	struct str pair;

	while (params.len && str_next(&params, '&', &pair)) {
		ptrdiff_t eq = str_find_byte(pair, '=');
		struct str name = {pair.at, eq == -1 ? pair.len : (size_t)eq};

		if (!is_plain_name(name) || str_find_byte(pair, ';') != -1)
			return false;
		if (!str_eq_nocase(name, STR("id")))
			continue;
		*id = str_from(pair, eq == -1 ? pair.len : (size_t)eq + 1);
		*count += 1;
	}
	return true;
}

/* A servlet takes parameters out of query and content alike, and of several the first. */
bool topic_read_form(
	struct topic *topic, const struct registry *reg, struct str query, struct str content)
{
	struct str id = {"", 0};
	size_t count = 0;

	if (!count_ids(query, &id, &count) || !count_ids(content, &id, &count) || count != 1 ||
		!app_key_of_encoded(id, topic->copied))
		return false;
	set_spark_app(topic, reg, topic->copied);
	return topic->kind == TOPIC_APP;
}

/* --- what is open --- */

static struct access_app facts_of(const struct access_cluster *cluster, const struct app_info *app)
{
	return (struct access_app){.cluster = cluster->name,
		.finder = cluster->finder,
		.id = app->id,
		.name = app->name,
		.other_name = app->other_name,
		.user = app->user,
		.namespace = app->namespace,
		.lists = app->lists};
}

struct access_app topic_app(const struct cluster_info *cluster, const struct app_info *app)
{
	const struct access_cluster access = cluster_info_access(cluster);

	return facts_of(&access, app);
}

bool topic_shows_pods(
	const struct cluster_info *cluster, const struct app_info *app, const struct identity *who)
{
	struct access_app facts = topic_app(cluster, app);

	return who && app->has_pod && topic_is_id(str_of(app->id)) &&
	       access_to_app(who, &facts) & BIT(ACTION_LOGS);
}

static unsigned rights_to_app(const struct topic *topic, const struct identity *who)
{
	struct access_app facts = access_app_in(&topic->cluster, topic->id);

	if (topic->needs_lists && access_to_lists(who, &topic->cluster) == 0)
		return 0;
	if (topic->app)
		facts = facts_of(&topic->cluster, topic->app);
	else if (topic->told)
		facts = *topic->told;
	return access_to_app(who, &facts);
}

/* As much is asked for what is not there as for what is hidden: it answers as fast. */
static unsigned rights_to_nothing(const struct identity *who)
{
	(void)access_to_app(who, &(struct access_app){.cluster = "", .id = ""});
	return 0;
}

static unsigned rights_to_lists(const struct topic *topic, const struct identity *who)
{
	return (access_to_lists(who, &topic->cluster) & ~ENDING) |
	       access_to_whole_cluster(who, &topic->cluster);
}

static unsigned rights_to_ours(const struct topic *topic, const struct identity *who)
{
	if (topic->cluster.name && !access_to_cluster(who, &topic->cluster))
		return 0;
	return access_anywhere(who) | TOPIC_SEEN;
}

static unsigned rights_to_files(const struct topic *topic, const struct identity *who)
{
	if (topic->needs_lists)
		return access_to_lists(who, &topic->cluster);
	return rights_to_ours(topic, who);
}

bool topic_needs_form(const struct topic *topic, const struct identity *who)
{
	return topic->kind == TOPIC_FORM &&
	       !(access_to_whole_cluster(who, &topic->cluster) & BIT(ACTION_KILL));
}

unsigned topic_rights(const struct topic *topic, const struct identity *who)
{
	switch (topic->kind) {
	case TOPIC_OURS:
		return rights_to_ours(topic, who);
	case TOPIC_NOTHING:
		return rights_to_nothing(who);
	case TOPIC_FILES:
		return rights_to_files(topic, who);
	case TOPIC_LIST:
		return rights_to_lists(topic, who);
	case TOPIC_APP:
		return rights_to_app(topic, who);
	case TOPIC_FORM:
		return access_to_lists(who, &topic->cluster);
	case TOPIC_UI:
		return access_to_ui(
			who, &topic->cluster, topic->id, topic->roles, topic->roles_count);
	case TOPIC_OUTSIDE:
	case TOPIC_WHOLE:
		break;
	}
	return access_to_whole_cluster(who, &topic->cluster);
}

bool topic_is_filtered(const struct topic *topic, const struct identity *who)
{
	return topic->kind == TOPIC_LIST && !access_to_all_apps(who, &topic->cluster);
}
