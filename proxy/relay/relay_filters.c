#include "proxy/relay/relay_filters.h"

#include "auth/policy/access.h"
#include "proxy/guard/app_key.h"
#include "proxy/http/accept_encoding.h"
#include "proxy/pages/page_static.h"
#include "proxy/registry/topic.h"
#include "proxy/relay/way_back.h"

#include <event2/buffer.h>
#include <stdlib.h>

enum { PACK_FROM = 1024 /* bytes: less is not worth it */ };

/* --- who reads --- */

/* What the registry knows of it. */
static bool find_app(const struct exchange *x, struct str id, struct access_app *facts)
{
	const struct app_info *app = registry_app_near(x->route.cluster, id);

	if (app)
		*facts = topic_app(x->route.cluster, app);
	return app != NULL;
}

/* By what Spark calls it. */
static const struct app_info *find_spark_app(
	const struct exchange *x, struct str id, char key[static APP_KEY_SIZE])
{
	app_key_of(id, key);
	return registry_app_near(x->route.cluster, str_of(key));
}

static struct access_app facts_of_item(
	const struct exchange *x, const struct list_item *item, const char *key)
{
	const struct access_cluster cluster = mount_access(x->route.mount);
	struct access_app facts = access_app_in(&cluster, key);

	facts.name = item->name;
	facts.user = item->user;
	return facts;
}

/* Beyond what the registry keeps, the list's own word counts. */
static bool shows(void *arg, const struct list_item *item)
{
	struct exchange *x = arg;
	char key[APP_KEY_SIZE];
	struct access_app facts;

	app_key_of(str_of(item->id), key);
	const struct app_info *app = registry_app_next(x->route.cluster, str_of(key), &x->list_row);
	if (app && (app->has_stranger || app->has_later)) /* S94: whose row it is nobody can tell */
		return false;
	if (app)
		facts = topic_app(x->route.cluster, app);
	else
		facts = facts_of_item(x, item, key);
	return access_to_app(x->web.who, &facts) != 0;
}

static void shows_soon(const void *arg, const char *id)
{
	const struct exchange *x = arg;

	registry_app_soon(x->route.cluster, str_of(id), x->list_row);
}

/* T68: whether the server's list will have one for them. Of older ones only that there are any is
 * known, and that they have ended. */
static bool shows_any(const void *arg, bool completed)
{
	const struct exchange *x = arg;
	const struct cluster_info *cluster = x->route.cluster;
	struct access_app facts;

	if (completed && cluster->is_history_cut)
		return true;
	for (size_t i = 0; i < cluster->apps_count; i++) {
		const struct app_info *app = &cluster->apps[i];
		facts = topic_app(cluster, app);
		if (app->in_history && app->completed_in_history == completed &&
			cluster_info_history(cluster, app) == x->route.mount &&
			!app->has_stranger && !app->has_later && access_to_app(x->web.who, &facts))
			return true;
	}
	return false;
}

static bool may_kill(const void *arg, struct str id)
{
	const struct exchange *x = arg;
	char key[APP_KEY_SIZE];
	const struct app_info *app = find_spark_app(x, id, key);
	struct access_app facts;

	if (app == NULL || app->has_later)
		return false;
	facts = topic_app(x->route.cluster, app);
	return access_to_app(x->web.who, &facts) & 1u << ACTION_KILL;
}

static bool is_restricted(const struct exchange *x)
{
	const struct access_cluster cluster = mount_access(x->route.mount);
	enum ui_kind kind = x->route.mount->kind;

	return (kind == UI_MASTER || kind == UI_WORKER || kind == UI_HISTORY) &&
	       !access_to_all_apps(x->web.who, &cluster);
}

/* --- lists --- */

bool relay_filters_is_list(const struct exchange *x)
{
	return is_restricted(x) && list_is_at(x->route.mount->kind, x->route.rest);
}

struct str relay_filters_query(struct exchange *x, struct str query, struct sbuf *out)
{
	x->list_limit = UINT64_MAX;
	if (x->route.mount->kind != UI_HISTORY || query.at == NULL)
		return query;
	list_take_limit(query, out, &x->list_limit);
	return out->len ? sbuf_str(out) : (struct str){NULL, 0};
}

static enum list_kind list_of(const struct exchange *x, const struct h1_response *head)
{
	if (!is_restricted(x))
		return LIST_NONE;
	enum list_kind kind = list_kind_of(
		x->route.mount->kind, x->route.rest, h1_field(head, FIELD_CONTENT_TYPE));
	/* What went wrong may name anything. */
	return kind > LIST_NOTHING && head->status != 200 ? LIST_NOTHING : kind;
}

/* --- links that kill --- */

/* Whose page it is: a driver's own, or one that a master with spark.ui.reverseProxy passes on (T3);
 * false: it is of all applications. */
static bool key_of_page(const struct exchange *x, char key[static APP_KEY_SIZE])
{
	const struct str proxied = STR("/proxy/");
	struct str rest = x->route.rest, id;

	if (x->route.mount->kind == UI_DRIVER)
		return str_copy(str_of(x->route.mount->id), key, APP_KEY_SIZE);
	if (!str_starts(rest, proxied))
		return false;
	rest = str_from(rest, proxied.len);
	return str_next(&rest, '/', &id) && app_key_of_encoded(id, key);
}

static bool may_kill_all(const struct exchange *x)
{
	const struct access_cluster cluster = mount_access(x->route.mount);
	struct access_app facts = access_app_in(&cluster, x->route.mount->id);
	char key[APP_KEY_SIZE];
	unsigned rights;

	if (key_of_page(x, key) &&
		(find_app(x, str_of(key), &facts) || x->route.mount->kind == UI_DRIVER))
		rights = access_to_app(x->web.who, &facts);
	else
		rights = access_to_whole_cluster(x->web.who, &cluster);
	return rights & 1u << ACTION_KILL;
}

static bool loses_kill_links(const struct exchange *x)
{
	enum ui_kind kind = x->route.mount->kind;

	return (kind == UI_MASTER || kind == UI_DRIVER) && !may_kill_all(x);
}

static struct kill_links *kill_links_for(const struct exchange *x)
{
	bool by_form = x->route.mount->kind == UI_MASTER;
	struct kill_context context = {.may_kill = by_form ? may_kill : NULL, .arg = x};

	return kill_links_new(&context);
}

/* --- the plan --- */

/* identity, gzip or deflate can be read; another coding passes as it is. */
static bool can_read(struct str encoding, enum content_coding_kind *kind)
{
	*kind = CODING_IDENTITY;
	if (encoding.len == 0 || str_eq_nocase(encoding, STR("identity")))
		return true;
	*kind = str_eq_nocase(encoding, STR("deflate")) ? CODING_INFLATE : CODING_GUNZIP;
	return *kind == CODING_INFLATE || str_eq_nocase(encoding, STR("gzip")) ||
	       str_eq_nocase(encoding, STR("x-gzip"));
}

/* Of other UIs' pages we know nothing, and a page that says what went wrong asks for no data. */
static const char *own_script(const struct exchange *x, const struct h1_response *head)
{
	bool is_page = x->route.mount->kind != UI_OTHER && head->status == 200;

	return is_page ? page_static_href(PAGE_STATIC_SESSION) : NULL;
}

static void add_list(struct exchange *x, enum list_kind kind)
{
	struct list_context context = {.shows = shows,
		.soon = shows_soon,
		.shows_any = shows_any,
		.arg = x,
		.limit = x->list_limit};

	x->list = list_filter_new(kind, &context);
}

static void add_rewriter(struct exchange *x, const struct h1_response *head, enum rewrite_kind kind)
{
	if (kind == REWRITE_HTML) {
		x->rewrite_context.script = own_script(x, head);
		if (head->status == 200)
			way_back_add(x);
		x->loses_kills = loses_kill_links(x);
	}
	x->rewriter = rewriter_new(&x->rewrite_context, kind);
}

bool relay_filters_plan(
	struct exchange *x, const struct h1_response *head, struct relay_headers_plan *plan)
{
	enum rewrite_kind kind = rewrite_kind_of(
		h1_field(head, FIELD_CONTENT_TYPE), x->route.rest, x->rewrite_context.is_other);
	enum list_kind list = list_of(x, head);
	enum content_coding_kind coding = CODING_IDENTITY, packing = CODING_IDENTITY;
	bool big = head->framing != H1_LENGTH || head->length >= PACK_FROM;
	bool is_read =
		head->status != 206 && can_read(h1_field(head, FIELD_CONTENT_ENCODING), &coding);

	plan->is_list = list != LIST_NONE || x->is_by_page; /* S93: another page gets another */
	if (list != LIST_NONE && head->status < 300 && (list == LIST_NOTHING || !is_read))
		return false;
	if (list == LIST_NONE && (kind == REWRITE_NOTHING || !is_read))
		return true;
	plan->rewritten = true;
	if (head->framing != H1_NO_CONTENT && big)
		packing = accept_encoding_best(x->web.req->fields, x->web.req->fields_count);
	plan->content_encoding = content_coding_name(packing);
	if (head->framing == H1_NO_CONTENT)
		return true;
	if (list != LIST_NONE)
		add_list(x, list);
	if (coding != CODING_IDENTITY && list != LIST_NOTHING)
		x->unpacker = content_coding_new(coding);
	add_rewriter(x, head, list == LIST_NOTHING ? REWRITE_NOTHING : kind);
	if (packing != CODING_IDENTITY)
		x->packer = content_coding_new(packing);
	if (x->unpacker)
		x->packed = evbuffer_new();
	return true;
}

/* --- content --- */

/* The content was corrupt: nothing of it must be left for the next exchange. */
static int drop_filtered(struct evbuffer **between)
{
	for (int i = 0; i < 2; i++)
		evbuffer_drain(between[i], evbuffer_get_length(between[i]));
	return -1;
}

/* The one of the two that `in` is not. */
static struct evbuffer *beside(const struct exchange *x, const struct evbuffer *in)
{
	struct evbuffer **between = x->thread->filters;

	return between[in == between[0]];
}

/* Nearly no page has any: what takes them out is there from the first on. */
static struct evbuffer *take_kill_links(struct exchange *x, struct evbuffer *in, bool last)
{
	enum rewrite_kills kills = rewriter_kills(x->rewriter);

	if (x->kills == NULL && kills == REWRITE_KILLS_NONE)
		return in;
	if (x->kills == NULL)
		x->kills = kill_links_for(x);
	struct evbuffer *out = beside(x, in);
	kill_links_feed(x->kills, in, out, kills, last);
	return out;
}

/* All of `in`, which is unpacked. */
static struct evbuffer *change(struct exchange *x, struct evbuffer *in, bool last)
{
	struct evbuffer *out;

	if (x->list) {
		out = beside(x, in);
		list_filter_feed(x->list, in, out, last);
		in = out;
	}
	out = beside(x, in);
	rewriter_feed(x->rewriter, in, out, last);
	return x->loses_kills ? take_kill_links(x, out, last) : out;
}

int relay_filters_step(struct exchange *x, struct evbuffer *in, struct evbuffer **out)
{
	struct evbuffer **between = x->thread->filters, *from = in;
	int more = 0;

	*out = in;
	if (x->rewriter == NULL)
		return 0;
	if (x->unpacker) {
		from = between[0];
		more = content_coding_step(x->unpacker, in, from, x->ended);
		if (more == -1)
			return drop_filtered(between);
	}
	bool last = x->ended && !more;
	*out = change(x, from, last);
	if (x->packer) {
		from = *out;
		*out = beside(x, from);
		if (content_coding_feed(x->packer, from, *out, last) == -1)
			return drop_filtered(between);
	}
	return more;
}

void relay_filters_free(struct exchange *x)
{
	list_filter_free(x->list);
	kill_links_free(x->kills);
	rewriter_free(x->rewriter);
	content_coding_free(x->unpacker);
	content_coding_free(x->packer);
	free(x->banner);
	if (x->packed)
		evbuffer_free(x->packed);
}
