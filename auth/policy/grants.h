/*
 * auth/policy/grants.h - the roles somebody holds by name, and what the rows of auth.roles.custom
 * and auth.roles.limited open to them.
 *
 * Made of names, never of claims: who proved the names is asked in auth/roles/. Immutable, shared
 * by atomic references, any thread; keeps copies of its rows, so that no configuration lives on
 * for it. Rows add up. All functions take NULL: nobody, to whom nothing is open.
 */
#ifndef SPARKGATE_AUTH_POLICY_GRANTS_H
#define SPARKGATE_AUTH_POLICY_GRANTS_H

#include "auth/policy/access.h"
#include "conf/conf.h"

struct grants;

struct grants_names {
	const char *const *at;
	size_t count;
};
struct grants_person {		    /* borrowed */
	struct grants_names names;  /* roles held; "sub:<subject>" where the configuration has it */
	const char *user;	    /* what Spark calls them; NULL or "": nobody knows */
	struct grants_names groups; /* as applications' ACLs name them */
};

struct grants *grants_new(const struct conf *conf, const struct grants_person *person); /* gives */
struct grants *grants_ref(struct grants *grants);
void grants_unref(struct grants *grants);

/* The highest role that the names open: custom where only rows do. */
enum role grants_role(const struct grants *grants);
bool grants_has_name(const struct grants *grants, const char *name);
struct grants_person grants_person(const struct grants *grants); /* borrows */

/* Gives the namespaces of limited roles as a scope, which tokens from before custom roles have; "":
 * there are none. */
char *grants_scope(const struct grants *grants);

/* Bits of actions, as access.h gives them, by rows alone. */
unsigned grants_to_app(const struct grants *grants, const struct access_app *app);
unsigned grants_to_lists(const struct grants *grants, const struct access_cluster *cluster);
/* Of rows that are about all applications of the cluster. */
unsigned grants_to_whole_cluster(const struct grants *grants, const struct access_cluster *cluster);
unsigned grants_to_ui(
	const struct grants *grants, const struct access_cluster *cluster, const char *ui);
bool grants_to_cluster(const struct grants *grants, const struct access_cluster *cluster);
unsigned grants_anywhere(const struct grants *grants);

/* Rights of grants_anywhere() that hold for applications of their own only. */
unsigned grants_own_only(const struct grants *grants);
/* Whether a row asks what Spark calls them, and nobody knows. */
bool grants_lacks_user(const struct grants *grants);

/* One row after the other, for people who ask why. */
size_t grants_rows(const struct grants *grants);
/* Gives "auth.roles.custom[2] (analysts)". */
char *grants_row_title(const struct grants *grants, size_t row);
/* `*why` says what made the row fit, or what did not: "the application is theirs". */
unsigned grants_row_to_app(
	const struct grants *grants, size_t row, const struct access_app *app, const char **why);

#endif
