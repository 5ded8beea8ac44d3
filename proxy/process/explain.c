#include "proxy/process/explain.h"

#include "auth/roles/roles.h"
#include "auth/roles/standing.h"
#include "base/mem.h"
#include "base/text/arguments.h"
#include "base/text/json_text.h"
#include "base/text/json_value.h"
#include "base/text/term.h"
#include "conf/providers.h"
#include "proxy/process/explain_rows.h"

#include <stdlib.h>

enum { EXPLAIN_ALLOWED, EXPLAIN_REFUSED, EXPLAIN_USAGE }; /* exit codes */
enum { CLAIMS_MAX = 256 * 1024, SHOWN_MAX = 400 };

#define BIT(n) (1u << (n))

struct explain {
	const char *config, *claims_file;
	struct explain_app app;
	const char *operands[2]; /* the path, or method and path */
	int operands_count;
	bool wants_help;
	const char *method, *target;
	struct conf *conf;
	struct identity *who;
	struct explain_world world;
	struct explain_rows rows;
	FILE *out;
};

static const struct {
	const char *name;
	size_t at; /* of a const char * in struct explain */
} options[] = {
	{"--config", offsetof(struct explain, config)},
	{"--claims", offsetof(struct explain, claims_file)},
	{"--app-user", offsetof(struct explain, app.user)},
	{"--app-name", offsetof(struct explain, app.name)},
	{"--app-namespace", offsetof(struct explain, app.namespace)},
};

static const char usage[] =
	"usage: sparkgate explain --config FILE --claims FILE [--app-user USER]\n"
	"         [--app-name NAME] [--app-namespace NAMESPACE] [METHOD] PATH\n"
	"\n"
	"Says whether somebody with these claims may do this, by which rows of auth.roles,\n"
	"and why. Exit code 0: allowed, 1: refused, 2: wrong usage.\n"
	"\n"
	"  --claims FILE        JSON object, such as an ID token's claims; - for standard input\n"
	"  --app-user USER      the Spark user of the application that the path names\n"
	"  --app-name NAME      its name\n"
	"  --app-namespace NS   the Kubernetes namespace of its driver\n"
	"  METHOD               GET if left out\n"
	"  PATH                 as in the browser, such as /prod/proxy/app-1/environment/\n";

/* --- what is asked --- */

static int read_arguments(struct explain *e, int argc, char **argv, struct err *err)
{
	struct arguments arguments;
	const char *value;
	int got;

	arguments_init(&arguments, argc, argv);
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		arguments_add(&arguments, options[i].name, false);
	while ((got = arguments_next(&arguments, &value, err)) != ARGUMENTS_END) {
		if (got == ARGUMENTS_WRONG)
			return -1;
		e->wants_help |= got == ARGUMENTS_HELP;
		if (got == ARGUMENTS_OPERAND && e->operands_count == 2)
			return err_set(err, "\"%s\" is not expected here", value);
		if (got == ARGUMENTS_OPERAND)
			e->operands[e->operands_count++] = value;
		else if (got >= 0)
			*(const char **)((char *)e + options[got].at) = value;
	}
	return 0;
}

static int check_arguments(struct explain *e, struct err *err)
{
	if (e->config == NULL || e->claims_file == NULL || e->operands_count == 0)
		return err_set(err, "--config, --claims and a path are needed");
	e->method = e->operands_count == 2 ? e->operands[0] : "GET";
	e->target = e->operands[e->operands_count - 1];
	if (e->target[0] != '/')
		return err_set(err, "\"%.100s\" is no path, which begins with a slash", e->target);
	if (!str_is_token(str_of(e->method)))
		return err_set(err, "\"%.100s\" is no method", e->method);
	return 0;
}

/* Gives an object, or NULL and a reason. */
static json_t *read_claims(const char *file, struct err *err)
{
	bool is_input = strcmp(file, "-") == 0;
	FILE *f = is_input ? stdin : fopen(file, "re");
	char *text = mem_alloc(1, CLAIMS_MAX);
	struct err why = {""};
	json_t *claims = NULL;

	if (f == NULL) {
		err_set(err, "%s: it cannot be read", file);
	} else {
		size_t len = fread(text, 1, CLAIMS_MAX, f);
		claims = len < CLAIMS_MAX ? json_of_text((struct str){text, len}, &why) : NULL;
		if (!json_is_object(claims)) {
			err_set(err, "%s: expected a JSON object of at most 256 KiB: %s", file,
				why.text);
			json_decref(claims);
			claims = NULL;
		}
	}
	if (f && !is_input)
		fclose(f);
	free(text);
	return claims;
}

static int read_files(struct explain *e, struct err *err)
{
	e->conf = conf_load(e->config, err);
	json_t *claims = e->conf ? read_claims(e->claims_file, err) : NULL;
	if (claims == NULL)
		return -1;
	struct str subject = json_value_member(claims, "sub"),
		   issuer = json_value_member(claims, "iss");
	e->who = standing_identity(
		e->conf, claims, issuer.at ? issuer : STR(""), subject.at ? subject : STR(""), 0);
	json_decref(claims);
	return e->who ? 0 : err_set(err, "%s: %s", e->claims_file, IDENTITY_NOT_THEIRS);
}

/* --- what is said --- */

static void say(const struct explain *e, const char *head, struct str text)
{
	struct sbuf line;

	sbuf_init(&line, 4096);
	term_add(&line, text, SHOWN_MAX);
	fprintf(e->out, "  %-10s %s\n", head, sbuf_str(&line).at);
	sbuf_clear(&line);
}

static void say_taken(const struct explain *e, const char *head, char *text)
{
	say(e, head, str_of(text));
	free(text);
}

/* Gives "view, logs"; "nothing". */
static char *name_actions(unsigned actions)
{
	struct sbuf out;

	sbuf_init(&out, 512);
	for (int action = 0; action <= ACTION_NEVER; action++) {
		if (actions & BIT(action))
			sbuf_printf(&out, "%s%s", out.len ? ", " : "",
				action_name((enum action)action));
	}
	if (out.len == 0)
		sbuf_puts(&out, "nothing");
	return sbuf_take(&out);
}

static void say_request(const struct explain *e)
{
	static const char *const kinds[] = {[TOPIC_OURS] = "a page of the gateway",
		[TOPIC_NOTHING] = "nothing that the configuration names",
		[TOPIC_OUTSIDE] = "nothing that the configuration names",
		[TOPIC_FILES] = "files of a Spark UI",
		[TOPIC_LIST] = "lists",
		[TOPIC_APP] = "application",
		[TOPIC_FORM] = "the application that a form names",
		[TOPIC_UI] = "UI",
		[TOPIC_WHOLE] = "the whole cluster"};
	const struct topic *topic = &e->world.topic;
	char *actions = name_actions(e->world.actions);

	say_taken(e, "asks for",
		mem_printf("%s: %s%s%s%s%s", actions, kinds[topic->kind],
			topic->id && topic->id[0] ? " " : "", topic->id ? topic->id : "",
			topic->cluster.name ? ", cluster " : "",
			topic->cluster.name ? topic->cluster.name : ""));
	free(actions);
}

static void say_person(const struct explain *e)
{
	struct grants_person person = grants_person(e->who->grants);
	struct sbuf text;

	sbuf_init(&text, 16 * 1024);
	sbuf_printf(&text, "%s, role %s", e->who->name[0] ? e->who->name : "nobody with a name",
		role_name(e->who->role));
	for (size_t i = 0; i < person.names.count; i++)
		sbuf_printf(&text, "%s%s", i ? ", " : "; holds ", person.names.at[i]);
	if (person.user[0]) {
		sbuf_printf(&text, "; Spark user %s", person.user);
	} else {
		char *claim = conf_user_claim_said(
			e->conf, conf_provider_of(e->conf, str_of(e->who->issuer)));
		sbuf_printf(&text, "; no Spark user (%s)", claim);
		free(claim);
	}
	say(e, "person", sbuf_str(&text));
	sbuf_clear(&text);
}

static void say_row(const struct explain *e, const struct explain_row *row)
{
	char *rights = name_actions(row->rights & (BIT(ACTION_NEVER) - 1));

	say_taken(e, "row",
		mem_printf("%s: %s%s%s", row->title, rights, row->why[0] ? "; " : "", row->why));
	free(rights);
}

/* What an application would have to be. Gives. */
static char *name_conditions(const struct explain *e, const struct conf_role *row)
{
	const char *user = grants_person(e->who->grants).user;
	struct sbuf out;

	sbuf_init(&out, 8192);
	if (row->namespaces.count > 0 && e->app.namespace == NULL)
		sbuf_printf(&out, " of namespace %s,", row->namespaces.at[0]);
	for (size_t i = 0; i < row->applications.count; i++) {
		const char *word = row->applications.at[i], *lead = i ? " or" : "";

		if (strcmp(word, "own") == 0)
			sbuf_printf(&out, "%s of the user \"%s\"", lead, user);
		else if (strcmp(word, "acl") == 0)
			sbuf_printf(&out, "%s whose ACLs name them", lead);
		else
			sbuf_printf(&out, "%s called %s", lead, word);
	}
	if (row->applications.count == 0 && out.len == 0)
		sbuf_printf(&out, " of the user \"%s\"", user); /* kill:own */
	return sbuf_take(&out);
}

static void say_what_it_hangs_on(const struct explain *e, unsigned needs)
{
	for (size_t i = 0; i < e->rows.count; i++) {
		const struct explain_row *row = &e->rows.at[i];

		if (!row->is_held || row->custom == NULL || needs & ~row->at_best)
			continue;
		char *conditions = name_conditions(e, row->custom);
		say_taken(e, "hangs on",
			mem_printf("%s allows it for an application%s", row->title, conditions));
		free(conditions);
	}
}

static void say_what_is_missing(const struct explain *e, unsigned needs)
{
	for (size_t i = 0; i < e->rows.count; i++) {
		const struct explain_row *row = &e->rows.at[i];

		if (!row->is_held && !(needs & ~row->if_held))
			say_taken(e, "missing",
				mem_printf("%s would allow it to who holds \"%s\"", row->title,
					row->role));
	}
}

/* --- the answer --- */

static enum verdict decide(const struct explain *e, unsigned rights)
{
	const struct policy_request request = {.action = e->world.action,
		.all = e->world.actions,
		.who = e->who,
		.rights = rights,
		.same_origin = true};

	return policy_decide(&request);
}

/* NULL: it is allowed. */
static const char *refusal_of(const struct explain *e)
{
	unsigned rights = topic_rights(&e->world.topic, e->who);

	if (e->who->role == ROLE_NONE)
		return "no role opens the door (403)";
	if (rights == 0)
		return "for them it is not there (404)";
	switch (decide(e, rights)) {
	case ALLOW:
		return NULL;
	case DENY_NEVER:
		return "nobody may do this (403)";
	default:
		return "they have no right to this (403)";
	}
}

static int answer(struct explain *e)
{
	const char *refusal = refusal_of(e);
	unsigned needs = e->world.actions;

	fprintf(e->out, "%s%s%s: %s %s\n", refusal ? "refused" : "allowed", refusal ? ", " : "",
		refusal ? refusal : "", e->method, e->target);
	say_request(e);
	say_person(e);
	for (size_t i = 0; i < e->rows.count; i++) {
		const struct explain_row *row = &e->rows.at[i];
		if (row->is_held && (refusal || row->rights & needs))
			say_row(e, row);
	}
	if (!refusal && topic_needs_form(&e->world.topic, e->who))
		say(e, "hangs on", STR("the application whose id the form has"));
	if (refusal) {
		say_what_it_hangs_on(e, needs);
		say_what_is_missing(e, needs);
	}
	return refusal ? EXPLAIN_REFUSED : EXPLAIN_ALLOWED;
}

static int explain(struct explain *e, struct err *err)
{
	if (read_files(e, err) == -1)
		return EXPLAIN_REFUSED;
	explain_world_init(&e->world, e->conf, e->method, e->target, &e->app);
	explain_rows_init(&e->rows, e->conf, &e->world, e->who->grants, &e->app);
	int code = answer(e);
	explain_rows_clear(&e->rows);
	explain_world_clear(&e->world);
	return code;
}

int explain_run(int argc, char **argv, FILE *out, FILE *err_out)
{
	struct explain e = {.out = out};
	struct err err = {""};

	if (read_arguments(&e, argc, argv, &err) == -1 ||
		(!e.wants_help && check_arguments(&e, &err) == -1)) {
		fprintf(err_out, "sparkgate explain: %s\n%s", err.text, usage);
		return EXPLAIN_USAGE;
	}
	if (e.wants_help) {
		fputs(usage, out);
		return EXPLAIN_ALLOWED;
	}
	int code = explain(&e, &err);
	if (err.text[0])
		fprintf(err_out, "%s\n", err.text);
	identity_unref(e.who);
	conf_unref(e.conf);
	return code;
}

int explain_command(int argc, char **argv)
{
	return explain_run(argc, argv, stdout, stderr);
}
