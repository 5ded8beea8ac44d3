/* One thing that is asked of a standalone cluster: how it asks, and how it ends. */
#include "proxy/launch/rest/rest_errand.h"

#include "auth/token/ui_token.h"
#include "base/clock.h"
#include "base/sbuf.h"
#include "proxy/registry/registry.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { TIMEOUT_MS = 10 * 1000, ANSWER_MAX = 4 * 1024 * 1024 };

struct errand *errand_new(
	struct rest_target *at, const struct launch_order *order, launch_done *done, void *arg)
{
	struct errand *errand = mem_alloc(1, sizeof *errand);

	errand->at = at;
	errand->order = order;
	errand->done = done;
	errand->arg = arg;
	LIST_INSERT_HEAD(&at->errands, errand, among);
	return errand;
}

void errand_free(struct errand *errand)
{
	if (errand->fetch)
		fetch_cancel(errand->fetch);
	LIST_REMOVE(errand, among);
	json_decref(errand->master);
	free(errand);
}

/* None of its texts is NULL. */
static void complete(struct launch_answer *answer)
{
	const char **texts[] = {&answer->handle, &answer->place, &answer->app_id, &answer->reason};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (*texts[i] == NULL)
			*texts[i] = "";
	}
}

void errand_end(struct errand *errand, const struct launch_answer *answer)
{
	struct launch_answer whole = *answer;

	complete(&whole);
	errand->done(errand->arg, &whole);
	errand_free(errand);
}

void errand_say(struct errand *errand, enum launch_outcome outcome, const char *fmt, ...)
{
	char reason[LAUNCH_REASON];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof reason, fmt, ap);
	va_end(ap);
	errand_end(errand, &(struct launch_answer){.outcome = outcome, .reason = reason});
}

/* --- asking --- */

static void on_fetched(const struct fetch_result *result, void *arg)
{
	struct errand *errand = arg;

	errand->fetch = NULL;
	errand->then(errand, result);
}

static bool is_allowed(const struct sockaddr *address, void *arg)
{
	const struct errand *errand = arg;

	return errand->address.ss_family == AF_UNSPEC ||
	       launch_is_address(address, &errand->address);
}

/* What may run something twice is sent once. */
static void start(struct errand *errand, const char *url, enum ui_kind kind, const char *post)
{
	struct rest_target *at = errand->at;
	struct str token = ui_tokens_get(
		at->tokens, at->conf, str_of(at->cluster->name), kind, clock_wall_s());
	char *field = token.at ? mem_printf("Authorization: Bearer %s", token.at) : NULL;
	const char *headers[3] = {NULL};
	size_t count = 0;

	if (post)
		headers[count++] = "Content-Type: application/json;charset=UTF-8";
	if (field)
		headers[count++] = field;
	const struct fetch_request request = {.url = url,
		.headers = headers,
		.post = post,
		.ca_file = at->cluster->ca_file,
		.timeout_ms = TIMEOUT_MS,
		.max_bytes = ANSWER_MAX,
		.is_unrepeatable = post != NULL,
		.allow = is_allowed,
		.done = on_fetched,
		.arg = errand};
	errand->fetch = fetch_start(at->world.fetcher, &request);
	secret_free(field);
}

void errand_ask(struct errand *errand, const char *url, enum ui_kind kind, const char *post,
	void (*then)(struct errand *errand, const struct fetch_result *result))
{
	errand->then = then;
	errand->address.ss_family = AF_UNSPEC;
	start(errand, url, kind, post);
}

void errand_ask_mount(struct errand *errand, const struct mount *mount, const char *path,
	void (*then)(struct errand *errand, const struct fetch_result *result))
{
	char *url = mem_printf("%s://%s%s%s", mount->tls ? "https" : "http", mount->authority,
		mount->prefix, path);

	errand->then = then;
	errand->address = mount->addr;
	start(errand, url, mount->kind, NULL);
	free(url);
}

bool errand_rest_url(struct errand *errand, const char *path, char *out, size_t size)
{
	const struct conf_launch *launch = &errand->at->cluster->launch;
	char origin[288];

	if (errand->server >= launch->rest_count)
		return false;
	const struct url *url = &launch->rest[errand->server++];
	url_origin(url, origin);
	struct str below = str_of(url->path);
	if (str_ends(below, STR("/")))
		below.len--;
	snprintf(out, size, "%s%.*s%s", origin, (int)below.len, below.at, path);
	return true;
}

/* --- its cluster --- */

struct rest_target *rest_target_of(struct launch_target *target)
{
	return (struct rest_target *)target;
}

const struct mount *rest_mount(const struct rest_target *at, const char *id)
{
	const struct registry *registry = at->world.registry(at->world.arg);
	const struct mount *mount =
		registry ? registry_proxy(registry, str_of(at->cluster->name), str_of(id)) : NULL;

	return mount && mount->state == MOUNT_UP ? mount : NULL;
}

const struct mount *rest_worker(const struct rest_target *at, const char *id)
{
	const struct mount *mount = rest_mount(at, id);

	return mount && mount->kind == UI_WORKER ? mount : NULL;
}

void rest_add_log_path(struct sbuf *out, const char *handle, const char *stream)
{
	sbuf_puts(out, "/log/?driverId=");
	sbuf_urlencode(out, str_of(handle));
	sbuf_printf(out, "&logType=%s", stream);
}

void rest_fill_log(struct rest_target *at, const struct mount *worker, const char *stream,
	char *(*url)(const struct mount *worker, const void *of, const char *stream),
	const void *of, struct launch_log *log)
{
	bool is_both = stream[0] == '\0';
	struct str token = ui_tokens_get(
		at->tokens, at->conf, str_of(at->cluster->name), UI_WORKER, clock_wall_s());

	log->kind = LAUNCH_LOG_PAGES;
	log->authorization = token.at ? mem_printf("Authorization: Bearer %s", token.at) : NULL;
	log->ca_file = mem_strdup(at->cluster->ca_file);
	log->address = worker->addr;
	log->url = url(worker, of, is_both ? "stderr" : stream);
	log->second_url = is_both ? url(worker, of, "stdout") : NULL;
}
