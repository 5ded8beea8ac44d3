#include "proxy/discovery/app_user.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "proxy/discovery/claim.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/known/owner_batch.h"

#include <stdlib.h>

enum {
	USER_MAX = 255, /* bytes: a longer name is nobody's */
	TURN_MS = 200,	/* other work waits no longer for the store */
};

static const struct str prefix = {
	"user ", 5}; /* of a name in the store: no namespace has a blank */

/* --- what is told --- */

static const char *fitting(const char *user)
{
	return strlen(user) <= USER_MAX ? user : "";
}

static void warn_once(struct app *a, const char *whose, const char *other)
{
	if (!a->was_user_warned)
		log_warn("discovery",
			"cluster %s: application %s is of user \"%s\"; that user \"%s\" is told "
			"of now changes nothing",
			a->known.cluster->name, a->known.id, whose, other);
	a->was_user_warned = true;
}

static void dispute(struct app *a, char **told, const char *other)
{
	log_warn("discovery",
		"cluster %s: users \"%s\" and \"%s\" are told of application %s: it is nobody's",
		a->known.cluster->name, *told, other, a->known.id);
	mem_replace_text(told, "");
	cluster_changed(a->known.cluster);
}

void app_user_tell(struct app *a, const char *user)
{
	user = fitting(user);
	if (a->user_told == NULL) {
		a->user_told = mem_strdup(user);
		cluster_changed(a->known.cluster);
	} else if (a->user || a->is_masters) {
		if (strcmp(a->user ? a->user : a->user_told, user) != 0)
			warn_once(a, a->user ? a->user : a->user_told, user);
	} else if (a->user_told[0] && strcmp(a->user_told, user) != 0) {
		dispute(a, &a->user_told, user); /* two pods of one namespace */
	}
}

void app_user_tell_history(struct app *a, const char *user)
{
	user = fitting(user);
	if (a->user_in_history == NULL) {
		a->user_in_history = mem_strdup(user);
		cluster_changed(a->known.cluster);
	} else if (a->user_in_history[0] && strcmp(a->user_in_history, user) != 0) {
		dispute(a, &a->user_in_history, user);
	}
}

/* --- what is settled --- */

/* A pod's word is one of its namespace: who takes a master's id by a pod settles nothing for it. */
static char *key_of(const struct app *a)
{
	const char *cluster = a->known.cluster->name;

	if (owner_is_namespace(a))
		return mem_printf("user %s/%s %s", cluster, a->known.id, a->owner);
	/* S94: of a name that anybody may use again, whose is one run of it. */
	if (a->is_masters && !app_is_numbered(a))
		return mem_printf("user %s/%s@%lld", cluster, a->known.id, (long long)a->run_ms);
	return mem_printf("user %s/%s", cluster, a->known.id);
}

/* Its master tells an account that says nothing of a person: its event log may. */
static bool needs_log(const struct app *a)
{
	const struct cluster *c = a->known.cluster;

	return a->is_masters && a->user_told && c->histories_count &&
	       conf_names_have(&c->conf->shared_accounts, str_of(a->user_told));
}

/* What may be settled now; NULL: nothing. */
static const char *claim_of(const struct app *a)
{
	if (a->user)
		return a->user;
	if (needs_log(a))
		return a->user_in_history;
	return a->is_masters || owner_is_namespace(a) ? a->user_told : NULL;
}

static bool is_due(const struct app *a, int64_t now)
{
	if (a->user_asked_ms && now - a->user_asked_ms > OWNERS_AGAIN_MS)
		return true;
	if (a->user || a->known.is_gone)
		return false;
	return claim_of(a) || (a->user_asked_ms == 0 && (a->in_history || a->is_masters));
}

static void add_to_batch(struct owner_batch *b, struct app *a)
{
	const char *user = claim_of(a);
	char *key = key_of(a), *claim = user ? mem_printf("%s%s", prefix.at, user) : NULL;

	owner_batch_add(b, a, key, claim);
	free(key);
	free(claim);
}

static void take_answer(struct app *a, const struct store_owner *o, int64_t now)
{
	const char *user = o->name;

	a->user_asked_ms = now;
	if (!o->is_settled)
		return;
	/* What has another form was not written by a gateway: nobody's. */
	user = str_starts(str_of(user), prefix) ? user + prefix.len : "";
	if (a->user == NULL && a->user_told && !needs_log(a) && strcmp(a->user_told, user) != 0)
		warn_once(a, user, a->user_told);
	mem_replace_text(&a->user, user); /* the snapshot comes next */
}

static const struct owner_asking asking = {is_due, add_to_batch};

/* True: there may be more. */
static bool run_batch(struct cluster *c, struct owner_batch *b)
{
	int64_t now = clock_mono_ms();

	b->count = 0;
	owner_batch_fill(b, c, &asking);
	if (b->count == 0 || !owner_batch_ask(c->discovery, b))
		return false;
	for (size_t i = 0; i < b->count; i++)
		take_answer(b->apps[i], &b->owners[i], now);
	return b->count == OWNERS_AT_ONCE;
}

/* Whoever could name it has been heard: from now on its event logs are believed. */
static void believe_history(struct cluster *c)
{
	if (!claim_is_complete(c) || (c->masters_count && c->polls == 0))
		return;
	for (struct known_ui *ui = c->known[KNOWN_UI_APP]; ui; ui = ui->hh.next) {
		struct app *a = (struct app *)ui;
		a->is_user_heard |= a->user_asked_ms != 0;
	}
}

void app_user_settle(struct cluster *c)
{
	int64_t end = clock_mono_ms() + TURN_MS;
	bool is_more = owner_batch_any_due(c, &asking);
	struct owner_batch *b = is_more ? mem_alloc(1, sizeof *b) : NULL;

	while (is_more && clock_mono_ms() < end)
		is_more = run_batch(c, b);
	if (is_more)
		cluster_changed(c); /* the others in a moment */
	free(b);
	believe_history(c);
}

const char *app_user(const struct app *a)
{
	if (a->user)
		return a->user;
	if (needs_log(a)) /* the account's, as long as there is no log */
		return a->user_asked_ms && a->user_in_history == NULL ? a->user_told : "";
	if (a->is_masters || a->owner)
		return "";
	if (a->namespace) /* as its namespace is: what its pod claims, until that is settled */
		return a->user_told && claim_namespace(a)[0] ? a->user_told : "";
	return a->is_user_heard && a->user_in_history ? a->user_in_history : "";
}
