#include "proxy/request/access_log.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "proxy/guard/audit_subject.h"
#include "proxy/request/exchange.h"
#include "proxy/request/exchange_audit.h"
#include "proxy/request/exchange_judge.h"
#include "proxy/guard/guard.h"
#include "proxy/registry/topic.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIELDS_MAX = 20, APP_FIELDS = 3 }; /* of an access line, and of one about an application */

/* The application that a request is about; borrows the registry. */
struct access_app_line {
	const struct app_info *app; /* NULL: the registry does not know it */
	const char *cluster;
	char id[TOPIC_ID_SIZE]; /* as Spark has it; "": it is about none */
};

static enum metrics_via via_of_exchange(const struct exchange *x)
{
	if (x->web.who)
		return x->web.who->via == VIA_BEARER ? METRICS_BEARER : METRICS_SESSION;
	return x->web.req && guard_single_field(x->web.req, FIELD_AUTHORIZATION).at ? METRICS_BEARER
										    : METRICS_NONE;
}

void access_log_decision(struct exchange *x, enum fault fault)
{
	metrics_count_decision(x->thread->metrics, via_of_exchange(x), fault);
}

static void find_app(const struct exchange *x, struct access_app_line *out)
{
	struct topic topic;

	out->id[0] = '\0';
	exchange_find_topic(x, &topic);
	if (topic.kind != TOPIC_APP || topic.id == NULL)
		return;
	out->app = topic.app;
	out->cluster = topic.cluster.name;
	(void)str_copy(str_of(topic.app ? app_info_spark_id(topic.app) : topic.id), out->id,
		sizeof out->id);
}

/* Of ours or of Spark's own: what another UI, or a page of an application, calls so is not meant.
 */
static bool is_static_file(const struct exchange *x)
{
	return x->route.kind == ROUTE_STATIC ||
	       (x->route.kind == ROUTE_MOUNT && x->route.mount->kind < UI_OTHER &&
		       str_starts(x->route.rest, STR("/static/")));
}

void access_log_keep(struct exchange *x)
{
	struct str host;

	if (x->web.req == NULL || x->kept_method)
		return;
	host = guard_single_field(x->web.asked, FIELD_HOST);
	web_client(&x->web);
	x->kept_method = mem_strndup(x->web.asked->method.at, x->web.asked->method.len);
	x->kept_path = mem_strndup(
		x->web.target.path.at ? x->web.target.path.at : "", x->web.target.path.len);
	x->kept_host = mem_strndup(host.at ? host.at : "", host.len);
	x->kept_app = mem_alloc(1, sizeof *x->kept_app);
	find_app(x, x->kept_app);
	x->kept_is_static = is_static_file(x);
}

void access_log_forget(struct exchange *x)
{
	free(x->kept_method);
	free(x->kept_path);
	free(x->kept_host);
	free(x->kept_app);
}

/* The access line's fields, and what was acted upon (S66). */
static void write_audit(struct exchange *x, const struct log_field *fields, size_t count)
{
	struct log_field all[FIELDS_MAX + 1 + ABOUT_FIELDS];

	assert(count <= FIELDS_MAX);
	memcpy(all, fields, count * sizeof *fields);
	if (x->route.cluster)
		all[count++] = (struct log_field){"cluster", str_of(x->route.cluster->name), false};
	count += exchange_audit_fields(x, all + count);
	log_audit(action_name(x->action), all, count);
}

/* Spark's own lines have the same names (docker/spark/log4j2-gelf.xml), so that one search finds
 * all of an application. */
static void write_access(struct exchange *x, const struct log_field *fields, size_t count)
{
	struct log_field all[FIELDS_MAX + APP_FIELDS];
	struct access_app_line found, *line = x->kept_app ? x->kept_app : &found;

	assert(count <= FIELDS_MAX);
	memcpy(all, fields, count * sizeof *fields);
	if (x->kept_app == NULL)
		find_app(x, &found);
	if (line->id[0]) {
		const char *name = line->app ? line->app->name : "";
		all[count++] = (struct log_field){"cluster", str_of(line->cluster), false};
		all[count++] = (struct log_field){"app_id", log_clip(str_of(line->id)), false};
		all[count++] = (struct log_field){"app_name", log_clip(str_of(name)), false};
	}
	bool is_static = x->kept_app ? x->kept_is_static : is_static_file(x);
	if (is_static && x->status < 400)
		log_routine("access", "request", all, count);
	else
		log_fields(LOG_INFO, "access", "request", all, count);
}

/* S44: the log knows better than the person who was told that nothing is there. */
static enum fault logged_fault(const struct exchange *x)
{
	return x->is_hidden && x->fault == FAULT_NOT_FOUND ? FAULT_SCOPE : x->fault;
}

/* The UI that was asked, or was to be; NULL: none. */
static const struct mount *asked_mount(const struct exchange *x)
{
	return x->route.kind == ROUTE_MOUNT || x->kill ? x->route.mount : NULL;
}

static void write_access_lines(struct exchange *x, const char *decision)
{
	const struct fault_row *row = fault_row(logged_fault(x));
	const struct mount *mount = asked_mount(x);
	static const char *const vias[] = {"none", "session", "bearer"};
	char status[16], bytes[32], took[32];

	snprintf(status, sizeof status, "%d", x->status);
	snprintf(bytes, sizeof bytes, "%llu", (unsigned long long)x->bytes);
	snprintf(took, sizeof took, "%.3f", (double)(clock_mono_us() - x->began_us) / 1000);
	const struct log_field fields[] = {
		{"request_id", str_of(x->web.id), false},
		{"client", str_of(web_client(&x->web)), false},
		{"user", log_clip(str_of(x->web.who ? x->web.who->subject : "")), false},
		{"user_name", log_clip(identity_name_beside(x->web.who)), false},
		{"auth", str_of(vias[via_of_exchange(x)]), false},
		{"token_id", str_of(x->web.who ? x->web.who->token_id : ""), false},
		{"method", x->kept_method ? str_of(x->kept_method) : x->web.asked->method, false},
		{"host",
			log_clip(x->kept_host ? str_of(x->kept_host)
					      : guard_single_field(x->web.asked, FIELD_HOST)),
			false},
		{"path", log_clip(x->kept_path ? str_of(x->kept_path) : x->web.target.path), false},
		{"status", str_of(status), true},
		{"bytes", str_of(bytes), true},
		{"dur_ms", str_of(took), true},
		{"upstream", str_of(mount ? mount->authority : ""), false},
		{"decision", str_of(decision), false},
		{"reason", str_of(row->word), false},
		{"action", str_of(action_name(x->action)), false},
		{"cache", str_of(cache_use_names[x->cache]), false},
		{"http", str_of(x->http), false},
	};

	if (x->web.conf->log_access)
		write_access(x, fields, ARRAY_LEN(fields));
	if (x->audit)
		write_audit(x, fields, ARRAY_LEN(fields));
}

/* Whether the request was let in is one thing, how it ended another. */
static const char *decision_of(enum fault fault)
{
	return fault >= FAULT_UNAUTHENTICATED && fault <= FAULT_STORE_DOWN ? "deny"
	       : fault != FAULT_NONE && fault < FAULT_UNAUTHENTICATED	   ? "refuse"
									   : "allow";
}

void access_log_write(struct exchange *x)
{
	const struct mount *mount = asked_mount(x);
	struct metrics_request counted = {
		.status = x->status,
		.method = x->kept_method ? str_of(x->kept_method) : x->web.asked->method,
		.upstream = mount ? mount->kind : UI_GATE,
		.duration_us = clock_mono_us() - x->began_us,
		.upstream_us = x->head_us ? x->head_us - x->asked_us : -1,
		.cache = x->cache,
	};

	metrics_count_request(x->thread->metrics, &counted);
	if (x->web.conf->log_access || action_is_audited(x->action))
		write_access_lines(x, decision_of(logged_fault(x)));
}
