#include "proxy/discovery/kubernetes/kube_watch.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/known/verify_ui.h"
#include "proxy/discovery/kubernetes/kube_access.h"
#include "proxy/discovery/kubernetes/kube_ask.h"
#include "proxy/discovery/kubernetes/kube_refusal.h"

#include <event2/event.h>
#include <stdlib.h>

enum {
	PART_MAX =
		2 * KUBE_OBJECT_MAX, /* what comes at once, and an object that waits for its end */
	PAGE_ITEMS = 500,
	PAGE_TIMEOUT_MS = 60000,
	WATCH_S = 290, /* then the server ends it, and another one with a newer token begins */
	WATCH_SPREAD_S = 60,
	WATCH_GRACE_S = 30,
	GOOD_MS = 5000, /* a watch that stood so long was a good one */
	RETRY_FIRST_MS = 250,
	RETRY_SHIFT_MAX = 7, /* 32 s */
	LACK_SHIFT = 9,	     /* 128 s: an operator may be installed later */
	DOWN_TRIES = 2,	     /* one that fails once is not worth a word */
};

static void watch_start(struct kube_watch *w);

/* --- state --- */

const char *kube_watch_namespace(const struct kube_watch *w)
{
	return w->namespace ? w->namespace : w->own_namespace[0] ? w->own_namespace : "its own";
}

const char *kube_watch_state(const struct kube_watch *w)
{
	return !w->tried ? "starting" : w->up ? "ok" : w->lack ? w->lack : "down";
}

static void watch_set_up(struct kube_watch *w, bool up, const char *why)
{
	const char *cluster = w->cluster->name, *namespace = kube_watch_namespace(w);
	enum log_level level = up || w->lack ? LOG_INFO : LOG_WARN;
	bool is_news = mem_replace_text(&w->why, why);

	if (w->tried && w->up == up && !is_news)
		return;
	w->tried = true;
	w->up = up;
	w->was_up |= up;
	cluster_changed(w->cluster);
	log_line(level, "discovery", "cluster %s: %s of namespace %s %s watched%s%s", cluster,
		w->kind->words, namespace,
		up	  ? "are"
		: w->lack ? "are not"
			  : "cannot be",
		up ? "" : ": ", why);
}

static void on_watch_timer(evutil_socket_t fd, short what, void *arg)
{
	struct kube_watch *w = arg;

	(void)fd, (void)what;
	if (w->fetch == NULL)
		watch_start(w);
}

/* At once after something good, then later and later; not all gateways at the same moment. */
static void start_soon(struct kube_watch *w)
{
	unsigned most = w->lack ? LACK_SHIFT : RETRY_SHIFT_MAX;
	unsigned shift = w->tries < most ? w->tries : most;
	int64_t wait = w->tries ? (int64_t)RETRY_FIRST_MS << shift : 0;
	struct timeval later;

	wait -= wait ? clock_mono_us() % (wait / 2) : 0;
	later = (struct timeval){.tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000};
	w->tries++;
	event_add(w->timer, &later);
}

/* From the beginning, for what is known has grown too old (410), or cannot be understood. */
static void watch_forget(struct kube_watch *w)
{
	w->version[0] = w->more[0] = '\0';
}

static void watch_fail(struct kube_watch *w, const char *why)
{
	if (w->tries >= DOWN_TRIES || !w->up) {
		watch_set_up(w, false, why);
		watch_forget(w); /* a list says when it is well again */
	}
	start_soon(w);
}

/* What was known of it is not known any more. */
static void watch_lack(struct kube_watch *w, const char *lack)
{
	bool is_new = lack && w->lack == NULL;

	w->lack = lack;
	if (lack)
		w->tries = LACK_SHIFT;
	if (is_new)
		w->kind->on_end(w);
}

/* A kind may have an older version, which some clusters have alone. False: that was tried. */
static bool turn_version(struct kube_watch *w, int status)
{
	if (status != 404 || w->kind->older_api == NULL || w->has_turned)
		return false;
	w->is_older = !w->is_older;
	w->has_turned = true;
	watch_start(w);
	return true;
}

static void fail_status(struct kube_watch *w, const struct fetch_result *result)
{
	char *why;

	if (turn_version(w, result->status))
		return;
	w->has_turned = false;
	w->is_refused = result->status == 403;
	watch_lack(w, kube_refusal_lack(result->status, w->kind));
	why = kube_refusal_why(result, w->kind);
	watch_fail(w, why);
	free(why);
}

/* --- asking --- */

static char *path_of(
	const struct kube_watch *w, const struct kube_access *access, const char *query)
{
	const char *namespace = w->namespace ? w->namespace : access->namespace;
	const char *selector = w->kind->is_selected ? w->selector : w->kind->selector;
	struct sbuf path;

	sbuf_init(&path, 4 * KUBE_CONTINUE_MAX + 8192);
	sbuf_printf(&path, "%s/", w->is_older ? w->kind->older_api : w->kind->api);
	if (strcmp(namespace, "*") != 0) {
		sbuf_puts(&path, "namespaces/");
		sbuf_urlencode(&path, str_of(namespace));
		sbuf_putc(&path, '/');
	}
	sbuf_printf(&path, "%s?%s", w->kind->plural, query);
	if (selector) {
		sbuf_puts(&path, "&labelSelector=");
		sbuf_urlencode(&path, str_of(selector));
	}
	return sbuf_take(&path);
}

static void ask_objects(struct kube_watch *w, const struct kube_access *access, const char *query,
	struct fetch_request *request)
{
	char *path = path_of(w, access, query);

	request->arg = w;
	w->began_ms = clock_mono_ms();
	w->fetch = kube_ask_objects(w->cluster->discovery->fetcher, access, path, request);
	free(path);
}

/* What was asked for, and nothing else. */
static bool is_asked_for(const struct kube_watch *w, const struct kube_object *object)
{
	const char *namespace = kube_watch_namespace(w);

	return strcmp(namespace, "*") == 0 || strcmp(namespace, object->namespace) == 0;
}

/* --- the list --- */

static void on_item(struct str text, void *arg)
{
	struct kube_watch *w = arg;
	struct kube_object object;
	struct err err = {""};
	json_t *json;

	if (kube_item_parse(text, &json, &object, &err) == -1) {
		log_warn("discovery", "cluster %s: one of the list of %s is left out: %s",
			w->cluster->name, w->kind->words, err.text);
		return;
	}
	if (is_asked_for(w, &object))
		w->kind->on_object(w, &object);
	json_decref(json);
}

static size_t on_list_part(struct str part, void *arg)
{
	struct kube_watch *w = arg;

	if (!w->is_broken && kube_list_feed(&w->list, part, on_item, w) == -1)
		w->is_broken = true;
	return part.len;
}

static void note_address(struct kube_watch *w, const struct fetch_result *result)
{
	struct cluster *c = w->cluster;

	if (result->peer.ss_family != AF_UNSPEC &&
		address_fence_add_kubernetes(&c->fence, (const struct sockaddr *)&result->peer))
		verify_ui_refence(c);
}

static void take_page(struct kube_watch *w)
{
	struct err err = {"the list is too long around its items"};
	size_t left_out = w->list.too_long;

	if (w->is_broken || kube_list_finish(&w->list, w->version, w->more, &err) == -1) {
		watch_forget(w);
		watch_fail(w, err.text);
		return;
	}
	if (left_out)
		log_warn("discovery", "cluster %s: %zu %s of more than 2 MiB are left out",
			w->cluster->name, left_out, w->kind->words);
	if (w->more[0]) {
		w->version[0] = '\0'; /* only the whole list says what is known */
	} else {
		w->lack = NULL;
		w->has_turned = w->is_refused = false;
		w->kind->on_listed(w);
		watch_set_up(w, true, "");
		cluster_changed(w->cluster); /* now nothing is missing: claims can be settled */
	}
	watch_start(w);
}

static void on_list_done(const struct fetch_result *result, void *arg)
{
	struct kube_watch *w = arg;

	w->fetch = NULL;
	note_address(w, result);
	if (result->status == 200) {
		take_page(w);
	} else {
		if (result->status == 410)
			watch_forget(w);
		fail_status(w, result);
	}
	if (w->fetch == NULL || w->version[0])
		kube_list_clear(&w->list);
}

static void ask_list(struct kube_watch *w, const struct kube_access *access)
{
	struct fetch_request request = {
		.timeout_ms = PAGE_TIMEOUT_MS,
		.max_bytes = PART_MAX,
		.on_part = on_list_part,
		.done = on_list_done,
	};
	struct sbuf query;

	sbuf_init(&query, 3 * KUBE_CONTINUE_MAX + 64);
	sbuf_printf(&query, "limit=%d", PAGE_ITEMS);
	if (w->more[0]) {
		sbuf_puts(&query, "&continue=");
		sbuf_urlencode(&query, str_of(w->more));
	} else {
		w->listings++;
	}
	kube_list_clear(&w->list);
	kube_list_init(&w->list);
	w->is_broken = false;
	ask_objects(w, access, query.at, &request);
	sbuf_clear(&query);
}

/* --- the watch --- */

static void stop_watch(struct kube_watch *w)
{
	fetch_cancel(w->fetch);
	w->fetch = NULL;
}

/* False: the watch is over. */
static bool take_error(struct kube_watch *w, const struct kube_event *event)
{
	stop_watch(w);
	log_info("discovery", "cluster %s: the watch of %s ended: %.128s (%d)", w->cluster->name,
		w->kind->words, event->message, event->code);
	watch_forget(w);
	start_soon(w);
	return false;
}

static void take_event(struct kube_watch *w, const struct kube_event *event)
{
	bool is_ours = event->type != KUBE_BOOKMARK && is_asked_for(w, &event->object);

	if (is_ours && event->type == KUBE_DELETED)
		w->kind->on_gone(w, &event->object);
	else if (is_ours)
		w->kind->on_object(w, &event->object);
	/* Whoever was told may have asked for a list. */
	if (w->version[0])
		(void)str_copy(str_of(event->version), w->version, sizeof w->version);
	w->tries = 0;
}

static bool take_line(struct kube_watch *w, struct str line)
{
	struct kube_event event;
	struct err err = {""};
	bool goes_on = true;

	if (line.len == 0)
		return true;
	if (kube_event_parse(line, &event, &err) == -1) {
		stop_watch(w);
		watch_forget(w);
		watch_fail(w, err.text);
		return false;
	}
	if (event.type == KUBE_ERROR)
		goes_on = take_error(w, &event);
	else
		take_event(w, &event);
	kube_event_clear(&event);
	return goes_on && w->fetch;
}

/* Gives what is left of a line that is too long: nothing. */
static size_t skip_long(struct kube_watch *w, size_t eaten, size_t len)
{
	if (len - eaten <= KUBE_OBJECT_MAX && !w->is_skipping) {
		w->scanned = len - eaten;
		return eaten;
	}
	if (!w->is_skipping)
		log_warn("discovery", "cluster %s: an event of more than 2 MiB is left out",
			w->cluster->name);
	w->is_skipping = true;
	w->scanned = 0;
	return len;
}

static size_t on_watch_part(struct str part, void *arg)
{
	struct kube_watch *w = arg;
	size_t eaten = 0;
	ptrdiff_t end;

	while ((end = str_find_byte(str_from(part, eaten + w->scanned), '\n')) != -1) {
		struct str line = {part.at + eaten, w->scanned + (size_t)end};
		bool is_whole = !w->is_skipping;

		eaten += line.len + 1;
		w->scanned = 0;
		w->is_skipping = false;
		if (is_whole && !take_line(w, line))
			return part.len;
	}
	return skip_long(w, eaten, part.len);
}

static void on_watch_done(const struct fetch_result *result, void *arg)
{
	struct kube_watch *w = arg;
	bool is_refusal = result->status >= 400 && result->status < 500;

	w->fetch = NULL;
	if (clock_mono_ms() - w->began_ms > GOOD_MS && !is_refusal)
		w->tries = 0;
	if (result->status == 410) {
		watch_forget(w);
		start_soon(w);
	} else if (result->status == 200) {
		start_soon(w); /* its time was up */
	} else {
		if (is_refusal && result->status != 401 && result->status != 403 &&
			result->status != 429)
			watch_forget(w); /* perhaps it does not like what we know */
		fail_status(w, result);
	}
}

static void ask_watch(struct kube_watch *w, const struct kube_access *access)
{
	int seconds = WATCH_S + (int)(clock_mono_us() % WATCH_SPREAD_S);
	struct fetch_request request = {
		.timeout_ms = (int64_t)(seconds + WATCH_GRACE_S) * 1000,
		.max_bytes = PART_MAX,
		.on_part = on_watch_part,
		.done = on_watch_done,
	};
	struct sbuf query;

	sbuf_init(&query, 3 * KUBE_VERSION_MAX + 128);
	sbuf_printf(&query,
		"watch=true&allowWatchBookmarks=true&timeoutSeconds=%d"
		"&resourceVersion=",
		seconds);
	sbuf_urlencode(&query, str_of(w->version));
	w->scanned = 0;
	w->is_skipping = false;
	ask_objects(w, access, query.at, &request);
	sbuf_clear(&query);
}

/* --- the whole --- */

static void watch_start(struct kube_watch *w)
{
	struct kube_access access;
	struct err err = {""};

	if (kube_access_load(w->kubeconfig, &access, &err) == -1) {
		watch_fail(w, err.text);
		return;
	}
	memcpy(w->own_namespace, access.namespace, sizeof w->own_namespace);
	if (w->version[0])
		ask_watch(w, &access);
	else
		ask_list(w, &access);
	kube_access_clear(&access);
}

struct kube_watch *kube_watch_new(struct cluster *c, const struct kube_kind *kind,
	const char *namespace, const struct conf_kubernetes *conf)
{
	const struct timeval now = {0, 0};
	struct kube_watch *w = mem_alloc(1, sizeof *w);

	w->cluster = c;
	w->kind = kind;
	w->namespace = mem_strdup(namespace);
	w->selector = mem_strdup(conf->selector);
	w->kubeconfig = mem_strdup(conf->kubeconfig);
	w->timer = evtimer_new(c->discovery->base, on_watch_timer, w);
	if (w->timer == NULL)
		abort();
	kube_list_init(&w->list);
	event_add(w->timer, &now);
	return w;
}

void kube_watch_free(struct kube_watch *w)
{
	w->kind->on_end(w);
	if (w->fetch)
		fetch_cancel(w->fetch);
	event_free(w->timer);
	kube_list_clear(&w->list);
	free(w->namespace);
	free(w->selector);
	free(w->kubeconfig);
	free(w->why);
	free(w);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool kube_watch_is(const struct kube_watch *w, const struct kube_kind *kind, const char *namespace,
	const struct conf_kubernetes *conf)
{
	return w->kind == kind && same_text(w->namespace, namespace) &&
	       same_text(w->selector, conf->selector) && same_text(w->kubeconfig, conf->kubeconfig);
}

void kube_watch_relist(struct kube_watch *w)
{
	const struct timeval now = {0, 0};

	if (w->version[0] == '\0') /* a list is under way, or will be */
		return;
	watch_forget(w);
	if (w->fetch)
		stop_watch(w);
	event_add(w->timer, &now);
}

void kube_watch_retry(struct kube_watch *w)
{
	const struct timeval now = {0, 0};

	if (w->lack && w->fetch == NULL)
		event_add(w->timer, &now);
}
