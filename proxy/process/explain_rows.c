#include "proxy/process/explain_rows.h"

#include "auth/roles/standing.h"
#include "base/mem.h"

#include <stdlib.h>

struct looking {
	const struct conf *conf;
	const struct explain_world *world;
	const struct explain_app *app;
	struct grants_person person;
};

/* --- one row alone --- */

/* The configuration with no other row. Borrows all. */
static struct conf only(const struct conf *conf)
{
	return (struct conf){.clusters = conf->clusters, .clusters_count = conf->clusters_count};
}

static unsigned rights_of(
	const struct looking *l, const struct conf *one, const struct grants_person *person)
{
	struct identity *who =
		identity_new(STR(""), STR(""), STR(""), STR(""), ROLE_NONE, VIA_BEARER, 0);

	standing_apply(who, grants_new(one, person), ROLE_ADMIN);
	unsigned rights = who->role == ROLE_NONE ? 0 : topic_rights(&l->world->topic, who);
	identity_unref(who);
	return rights;
}

/* The person, with one name more. */
static struct grants_person with_name(
	const struct grants_person *person, const char *name, const char **room)
{
	struct grants_person more = *person;

	for (size_t i = 0; i < person->names.count; i++)
		room[i] = person->names.at[i];
	room[person->names.count] = name;
	more.names = (struct grants_names){room, person->names.count + 1};
	return more;
}

/* As good as it can be while nobody has said otherwise. */
static struct access_app best_app(
	const struct looking *l, const struct conf_role *row, const char *user)
{
	static const struct access_lists everybody = {.admin = "*"};
	struct access_app app = {.cluster = l->world->topic.cluster.name,
		.id = l->world->topic.id,
		.user = l->app->user ? l->app->user : user,
		.name = l->app->name,
		.namespace = l->app->namespace,
		.lists = &everybody};

	for (size_t i = 0; i < row->applications.count && app.name == NULL; i++) {
		const char *word = row->applications.at[i];
		if (strcmp(word, "own") != 0 && strcmp(word, "acl") != 0)
			app.name = word; /* each pattern fits itself */
	}
	if (app.namespace == NULL && row->namespaces.count > 0)
		app.namespace = row->namespaces.at[0];
	return app;
}

static void look_at_app(const struct looking *l, const struct conf *one,
	const struct grants_person *person, struct explain_row *row)
{
	const struct topic *topic = &l->world->topic;
	struct grants *grants = grants_new(one, person);
	struct access_app app = {.cluster = topic->cluster.name,
		.id = topic->id,
		.user = l->app->user,
		.name = l->app->name,
		.namespace = l->app->namespace};

	(void)grants_row_to_app(grants, 0, &app, &row->why);
	if (row->custom) {
		const char *why;
		app = best_app(l, row->custom, person->user ? person->user : "");
		row->at_best = grants_row_to_app(grants, 0, &app, &why);
	}
	grants_unref(grants);
}

static bool holds(const struct grants_person *person, const char *name)
{
	for (size_t i = 0; i < person->names.count; i++) {
		if (strcmp(person->names.at[i], name) == 0)
			return true;
	}
	return false;
}

/* `one` has this row alone; `title` is taken. */
static void look(const struct looking *l, struct explain_rows *rows, const struct conf *one,
	const char *role, const struct conf_role *custom, char *title)
{
	struct explain_row *row = &rows->at[rows->count++];
	const char **room = mem_alloc(l->person.names.count + 1, sizeof *room);
	struct grants_person more = with_name(&l->person, role, room);

	*row = (struct explain_row){.title = title, .role = role, .custom = custom, .why = ""};
	row->is_held = holds(&l->person, role);
	row->if_held = rights_of(l, one, &more);
	row->rights = row->is_held ? row->if_held : 0;
	if (l->world->topic.kind == TOPIC_APP &&
		one->roles_admin.count + one->roles_user.count == 0)
		look_at_app(l, one, &more, row);
	free(room);
}

/* --- all of them --- */

static void look_at_names(const struct looking *l, struct explain_rows *rows,
	const struct conf_names *names, bool is_admin)
{
	for (size_t i = 0; i < names->count; i++) {
		struct conf one = only(l->conf);
		struct conf_names *list = is_admin ? &one.roles_admin : &one.roles_user;

		*list = (struct conf_names){&names->at[i], 1};
		look(l, rows, &one, names->at[i], NULL,
			mem_printf(
				"auth.roles.%s (%s)", is_admin ? "admin" : "user", names->at[i]));
	}
}

void explain_rows_init(struct explain_rows *rows, const struct conf *conf,
	const struct explain_world *world, const struct grants *grants,
	const struct explain_app *app)
{
	const struct looking l = {conf, world, app, grants_person(grants)};
	size_t most = conf->roles_admin.count + conf->roles_user.count + conf->roles_custom_count +
		      conf->roles_limited_count;

	*rows = (struct explain_rows){mem_alloc(most + 1, sizeof *rows->at), 0};
	look_at_names(&l, rows, &conf->roles_admin, true);
	look_at_names(&l, rows, &conf->roles_user, false);
	for (size_t i = 0; i < conf->roles_custom_count; i++) {
		struct conf one = only(conf);
		struct conf_role *row = &conf->roles_custom[i];

		one.roles_custom = row;
		one.roles_custom_count = 1;
		look(&l, rows, &one, row->role, row,
			mem_printf("auth.roles.custom[%zu] (%s)", i, row->role));
	}
	for (size_t i = 0; i < conf->roles_limited_count; i++) {
		struct conf one = only(conf);

		one.roles_limited = &conf->roles_limited[i];
		one.roles_limited_count = 1;
		look(&l, rows, &one, conf->roles_limited[i].role, NULL,
			mem_printf("auth.roles.limited[%zu] (%s)", i, conf->roles_limited[i].role));
	}
}

void explain_rows_clear(struct explain_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		free(rows->at[i].title);
	free(rows->at);
}
