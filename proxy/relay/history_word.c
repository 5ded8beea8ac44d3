#include "proxy/relay/history_word.h"

#include "proxy/discovery/spark/spark_json.h"
#include "proxy/guard/app_key.h"
#include "proxy/registry/topic.h"
#include "proxy/relay/relay.h"
#include "proxy/relay/relay_headers.h"
#include "proxy/request/exchange_judge.h"
#include "proxy/web/web_fault.h"

#include <event2/buffer.h>
#include <stdlib.h>

enum { ANSWER_MAX = 32 * 1024 /* bytes: more than of one in a list, too, is not read (S76) */ };

struct history_word {
	void (*then)(struct exchange *x);
	struct str id;		    /* as the request has it; it has one reading */
	char key[APP_KEY_SIZE];	    /* what we call it */
	size_t next;		    /* server to be asked */
	const struct mount *server; /* that is asked, and at the end the one that knows it */
	int status;		    /* of the answer that comes */
	struct sbuf answer;	    /* its content */
	enum fault fault;	    /* why one of them said nothing */
	struct spark_apps found;    /* one, or none */
	struct access_app facts;    /* of the found one */
};

void history_word_free(struct history_word *word)
{
	if (word == NULL)
		return;
	sbuf_clear(&word->answer);
	spark_apps_clear(&word->found);
	free(word);
}

/* --- the answer --- */

/* A list of ours knows more of what it has than a log says. */
static bool is_listed(const struct exchange *x)
{
	return registry_app_near(x->route.cluster, str_of(x->word->key)) != NULL;
}

static void take_answer(struct exchange *x)
{
	struct history_word *word = x->word;
	struct err err;

	if (word->status != 200 || word->answer.overflow ||
		spark_one_app_parse(sbuf_str(&word->answer), &word->found, &err) == -1)
		return;
	const struct spark_app *app = word->found.apps;
	if (word->found.count == 1 && strcmp(app->id, word->key) == 0 && !is_listed(x)) {
		const struct access_cluster cluster = cluster_info_access(x->route.cluster);
		word->facts = access_app_in(&cluster, word->key);
		word->facts.name = app->name;
		word->facts.user = app->user;
		x->told = &word->facts;
	} else {
		spark_apps_clear(&word->found);
	}
}

static void ask_next(struct exchange *x);

static void history_word_on_head(void *arg, const struct h1_response *head)
{
	struct exchange *x = arg;

	x->word->status = head->status;
	sbuf_reset(&x->word->answer);
}

static void history_word_on_body(void *arg, struct evbuffer *bytes)
{
	struct exchange *x = arg;
	size_t len = evbuffer_get_length(bytes);

	sbuf_add(&x->word->answer, evbuffer_pullup(bytes, -1), len);
	evbuffer_drain(bytes, len);
}

static void history_word_on_end(void *arg)
{
	struct exchange *x = arg;

	x->call = NULL;
	take_answer(x);
	if (x->told)
		x->word->then(x);
	else
		ask_next(x);
}

static void history_word_on_fault(void *arg, enum fault fault)
{
	struct exchange *x = arg;

	x->call = NULL;
	x->word->fault = fault;
	ask_next(x);
}

/* --- the question --- */

static const struct mount *next_server(const struct exchange *x)
{
	struct history_word *word = x->word;

	if (x->route.mount && x->route.mount->kind == UI_HISTORY)
		return word->next++ == 0 ? x->route.mount : NULL;
	return cluster_info_next_history(x->route.cluster, &word->next);
}

/* Nothing in it is the client's but the id. */
static void ask_server(struct exchange *x, const struct mount *server)
{
	static const struct upstream_handler handler = {history_word_on_head, history_word_on_body,
		history_word_on_end, history_word_on_fault, NULL};
	const struct front_request ours = {.method = STR("GET")};
	const struct mount *own = x->route.mount;
	struct sbuf path;

	sbuf_init(&path, WEB_FIELD_MAX);
	sbuf_puts(&path, "/api/v1/applications/");
	sbuf_add_str(&path, x->word->id);
	x->route.mount = x->word->server = server;
	sbuf_reset(&x->thread->head);
	relay_headers_to_upstream(&x->thread->head, &ours, server,
		&(struct relay_headers_ask){.rest = sbuf_str(&path), .token = relay_token(x)});
	relay_call(x, EXCHANGE_LEARNING, &(struct upstream_request){.idempotent = true}, &handler);
	x->route.mount = own; /* what is asked for the route's sake is no part of it */
	sbuf_clear(&path);
}

static void ask_next(struct exchange *x)
{
	const struct mount *server = next_server(x);

	if (server)
		ask_server(x, server);
	else if (x->word->fault != FAULT_NONE)
		web_fault(&x->web, x->word->fault, NULL);
	else
		x->word->then(x);
}

/* --- is there one? --- */

/* Of a page of a history server; at == NULL: it is of no one application. */
static struct str id_of_page(const struct exchange *x)
{
	struct topic topic;

	if (x->route.mount->state != MOUNT_UP)
		return (struct str){NULL, 0};
	exchange_find_topic(x, &topic);
	return topic.raw;
}

/* S44: below /proxy/ an id that nobody knows is asked for, so one that is hidden is, too. */
static struct str id_of_mount(const struct exchange *x)
{
	const struct mount *mount = x->route.mount;
	const struct access_cluster cluster = mount_access(mount);

	if (mount->kind == UI_OTHER || access_to_all_apps(x->web.who, &cluster))
		return (struct str){NULL, 0};
	if (mount->kind == UI_HISTORY)
		return id_of_page(x);
	return route_may_be_older(x->route.cluster, str_of(mount->id)) ? str_of(mount->id)
								       : (struct str){NULL, 0};
}

static struct str id_of(const struct exchange *x)
{
	if (x->route.kind == ROUTE_APP)
		return x->route.name;
	return x->route.mount ? id_of_mount(x) : (struct str){NULL, 0};
}

static bool sees_cluster(const struct exchange *x)
{
	const struct access_cluster cluster = cluster_info_access(x->route.cluster);

	return access_to_cluster(x->web.who, &cluster);
}

static bool may_be_asked(const struct exchange *x)
{
	const struct cluster_info *cluster = x->route.cluster;

	return cluster && cluster->is_history_cut && x->word == NULL && x->web.who &&
	       x->web.app_label.at == NULL && policy_is_read(x->web.asked->method) &&
	       x->web.req->content_length == 0 && sees_cluster(x);
}

bool history_word_ask(struct exchange *x, void (*then)(struct exchange *x))
{
	struct str id = {NULL, 0};
	char key[APP_KEY_SIZE];

	if (may_be_asked(x))
		id = id_of(x);
	if (id.at == NULL || !app_key_of_encoded(id, key))
		return false;
	x->word = mem_alloc(1, sizeof *x->word);
	x->word->then = then;
	x->word->id = id;
	memcpy(x->word->key, key, sizeof key);
	sbuf_init(&x->word->answer, ANSWER_MAX);
	ask_next(x);
	return true;
}

const struct mount *history_word_place(const struct exchange *x, struct app_info *app)
{
	const struct spark_app *found = x->word->found.apps;

	*app = (struct app_info){.id = x->word->key,
		.spark_id = found->spark_id ? found->spark_id : "",
		.attempt = found->attempt};
	return x->word->server;
}
