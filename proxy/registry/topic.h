/*
 * proxy/registry/topic.h - what a request is about: pages of ours, one application, the lists of a
 * cluster, or all of a cluster at once.
 *
 * From route and query, by tables of Spark's paths (T6-T9, T42-T49). Default deny: what no row
 * knows is about a whole cluster, and only who sees all of its applications gets it (S44, S74).
 * Nothing is decoded: what can be read in more ways than one is no id. Pure; any thread.
 */
#ifndef SPARKGATE_PROXY_REGISTRY_TOPIC_H
#define SPARKGATE_PROXY_REGISTRY_TOPIC_H

#include "auth/policy/access.h"
#include "proxy/registry/route.h"

struct conf;

enum { TOPIC_ID_SIZE = 201 }; /* with its NUL: as APP_KEY_SIZE */

enum topic_kind {
	TOPIC_OURS, /* pages of ours, which show what may be seen; permalinks, which lead there */
	TOPIC_NOTHING, /* nothing is there */
	TOPIC_OUTSIDE, /* none of our paths: an ingress asks for it */
	TOPIC_FILES,   /* scripts and styles of a UI that has lists, and its version */
	TOPIC_LIST,    /* is filtered for who does not see all that is in it */
	TOPIC_APP,     /* one application */
	TOPIC_FORM,    /* ends the application that a form names (T43) */
	TOPIC_UI,      /* one of `uis` */
	TOPIC_WHOLE,   /* a cluster with all that is there, and cannot be filtered */
};

struct topic { /* borrows the registry, the configuration and itself: not to be copied */
	enum topic_kind kind;
	struct access_cluster cluster; /* name NULL: of none */
	const char *id;		       /* of an application or UI */
	const struct app_info *app;    /* NULL: the registry does not know it */
	/* What its history server says of one that the registry does not know; NULL: it was not
	 * asked. */
	const struct access_app *told;
	struct str raw;	    /* below a history server: the id as the path has it */
	bool needs_lists;   /* below a master or worker: for who has their lists at all */
	char *const *roles; /* of a UI's row; count 0: of all who may */
	size_t roles_count;
	char copied[TOPIC_ID_SIZE];
};

/* What the request asks for, as policy_actions() says it; `path` is the whole one. */
enum action topic_actions(
	const struct route *route, struct str method, struct str path, unsigned *all);
/* `reg` and `conf` may be NULL while nothing is known. */
void topic_find(struct topic *topic, const struct registry *reg, const struct conf *conf,
	const struct route *route, struct str query);
/* Of the first page of a UI. */
void topic_of_mount(struct topic *topic, const struct registry *reg, const struct conf *conf,
	const struct mount *mount);
/* Whether it hangs on the form's content what they may do: not for who may end any application. */
bool topic_needs_form(const struct topic *topic, const struct identity *who);
/* A form's topic becomes the application that query and content name, if there is exactly one
 * `id` in them, and one reading of it (S75). False: it stays what it is. */
MUST_CHECK bool topic_read_form(
	struct topic *topic, const struct registry *reg, struct str query, struct str content);
/* Bits, as of access.h; 0: it is not there for them. Of a form that is not read: what it may be.
 * With TOPIC_SEEN: it is there, if they may do nothing with it. */
enum { TOPIC_SEEN = 1 << 30 };
unsigned topic_rights(const struct topic *topic, const struct identity *who);
/* Whether it is filtered on its way to them, which the gateway itself has to do. */
bool topic_is_filtered(const struct topic *topic, const struct identity *who);

/* Whether an id is one that has one reading wherever it stands. */
bool topic_is_id(struct str id);
/* What access.h asks of an application of the registry. Borrows. */
struct access_app topic_app(const struct cluster_info *cluster, const struct app_info *app);
/* Whether it has logs and events of pods, and they may read them. `who` may be NULL. */
bool topic_shows_pods(
	const struct cluster_info *cluster, const struct app_info *app, const struct identity *who);

#endif
