#include "proxy/admin/audit_search.h"

#include "auth/audit/audit_json.h"
#include "auth/policy/access.h"
#include "base/clock.h"
#include "base/text/json_value.h"
#include "proxy/admin/asked_fields.h"
#include "proxy/web/web_fault.h"

enum {
	ROUNDS = 20,
	CSV_ROW_MAX = 2 * STORE_AUDIT_BYTES,
	CSV_FULL = 4 * 1024 * 1024, /* bytes: then it is enough */
	CSV_MAX = CSV_FULL + STORE_AUDIT_PAGE * CSV_ROW_MAX,
};

/* --- what is asked --- */

#define FIELD(name, member, chars, fault)                                                          \
	ASKED_FIELD(struct audit_search, member, name, chars, fault)
static const struct asked_field fields[] = {
	FIELD("user", user, STORE_SUBJECT_CHARS, "user: expected a name of 1 to 255 characters"),
	FIELD("action", action, 32, "action: expected a word of 1 to 32 characters"),
	FIELD("application", application, 128,
		"application: expected an ID or a name of 1 to 128 characters"),
	FIELD("from", from, AUDIT_TIME, "from: expected a time such as 2026-01-31T12:00Z"),
	FIELD("until", until, AUDIT_TIME, "until: expected a time such as 2026-01-31T12:00Z"),
	FIELD("cursor", cursor, 32, "cursor: expected the next_cursor of the last page"),
	FIELD("limit", limit, 8, "limit: expected 1 to 1000"),
	FIELD("format", format, 8, "format: expected json or csv"),
};

static const char *text_or_null(const char *text)
{
	return text[0] ? text : NULL;
}

/* What the texts mean. */
static const char *understand(struct audit_search *search)
{
	struct store_audit_query *query = &search->query;

	query->user = text_or_null(search->user);
	query->action = text_or_null(search->action);
	query->app = text_or_null(search->application);
	query->from_ms = search->from[0] ? clock_read(str_of(search->from)) : 0;
	query->until_ms = search->until[0] ? clock_read(str_of(search->until)) : 0;
	query->limit = search->limit[0] ? asked_limit(search->limit, STORE_AUDIT_PAGE) : 100;
	search->is_csv = strcmp(search->format, "csv") == 0;
	if (query->from_ms == -1)
		return "from: expected a time such as 2026-01-31T12:00Z";
	if (query->until_ms == -1)
		return "until: expected a time such as 2026-01-31T12:00Z";
	if (search->until[0] && query->until_ms == 0)
		query->until_ms = 1; /* 0: no limit */
	if (query->limit == 0)
		return "limit: expected 1 to 1000";
	if (search->format[0] && !search->is_csv && strcmp(search->format, "json") != 0)
		return "format: expected json or csv";
	if (search->cursor[0] && !store_audit_is_id(str_of(search->cursor)))
		return "cursor: expected the next_cursor of the last page";
	memcpy(query->before, search->cursor, sizeof query->before);
	return NULL;
}

const char *audit_search_read(const struct web_call *call, bool is_form, struct audit_search *out)
{
	memset(out, 0, sizeof *out);
	struct str query = call->target.query.at ? call->target.query : STR("");
	const char *fault = asked_fields_read(query, fields, ARRAY_LEN(fields), is_form, out);
	return fault ? fault : understand(out);
}

void audit_search_write(
	struct sbuf *out, const struct audit_search *search, const char *sign, const char *cursor)
{
	const char *before = "?";

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const char *text = (const char *)search + fields[i].at;
		if (strcmp(fields[i].name, "cursor") == 0)
			text = cursor ? cursor : "";
		if (text[0] == '\0')
			continue;
		sbuf_printf(out, "%s%s=", before, fields[i].name);
		sbuf_urlencode(out, str_of(text));
		before = sign;
	}
}

/* --- what is found --- */

typedef void search_found(void *arg, json_t *event);

struct finding {
	const struct identity *who;
	search_found *found;
	void *arg;
	size_t told, hidden;
};

static void on_event(void *arg, const struct store_audit *event)
{
	struct finding *finding = arg;
	json_t *json = audit_json(event);
	const struct access_app about = {.cluster = json_value_string(json, "cluster"),
		.id = event->app_id,
		.name = event->app_name[0] ? event->app_name : NULL};

	if (json && access_to_event(finding->who, &about)) {
		finding->told++;
		finding->found(finding->arg, json);
	} else {
		finding->hidden++;
	}
	json_decref(json);
}

/* Whether the page that was read is worth another: it was full, or what was in it is hidden. A
 * store that stops before has looked at enough. */
static bool goes_on(const struct finding *finding, const struct store_audit_query *query,
	const struct finding *before)
{
	size_t told = finding->told - before->told, hidden = finding->hidden - before->hidden;

	return query->before[0] && (hidden > 0 || told == query->limit);
}

static bool run_search(struct web_call *call, const struct audit_search *search,
	char next[static STORE_AUDIT_ID], search_found *found, void *arg)
{
	struct auth_service *service = admin_call_of(call)->admin->service;
	struct store *store = auth_service_store(service);
	struct finding finding = {call->who, found, arg, 0, 0}, before;
	struct store_audit_query query = search->query;
	size_t limit = query.limit;
	int round = 0;

	auth_service_save_audit(service); /* so that it is all there */
	do {
		before = finding;
		query.limit = limit - finding.told;
		if (query.limit > STORE_AUDIT_PAGE)
			query.limit = STORE_AUDIT_PAGE;
		if (store->ops->audit_list(store, &query, next, on_event, &finding) == -1) {
			token_desk_count(auth_service_tokens(service), STORE_FAILED);
			return false;
		}
		memcpy(query.before, next, STORE_AUDIT_ID);
	} while (finding.told < limit && goes_on(&finding, &query, &before) && ++round < ROUNDS);
	return true;
}

static void add_to_array(void *arg, json_t *event)
{
	json_array_append(arg, event);
}

json_t *audit_search_events(
	struct web_call *call, const struct audit_search *search, char next[static STORE_AUDIT_ID])
{
	json_t *events = json_array();

	if (run_search(call, search, next, add_to_array, events))
		return events;
	json_decref(events);
	web_fault(call, FAULT_STORE_DOWN, NULL);
	return NULL;
}

/* --- CSV --- */

struct csv {
	struct sbuf text;
	char last[STORE_AUDIT_ID];
	bool is_full;
};

static void add_csv_row(void *arg, json_t *event)
{
	struct csv *csv = arg;

	if (csv->is_full)
		return;
	audit_csv_row(&csv->text, event);
	memcpy(csv->last, json_value_string(event, "id"), STORE_AUDIT_ID);
	csv->is_full = csv->text.len > CSV_FULL;
}

/* The next page is where a program finds it (RFC 8288). */
static void write_csv_fields(struct sbuf *out, struct web_call *call,
	const struct audit_search *search, const char *next)
{
	sbuf_puts(out, "Content-Disposition: attachment; filename=\"sparkgate-audit.csv\"\r\n");
	if (next[0] == '\0')
		return;
	sbuf_puts(out, "Link: <");
	sbuf_add_str(out, call->target.path);
	audit_search_write(out, search, "&", next);
	sbuf_puts(out, ">; rel=\"next\"\r\n");
}

void audit_search_csv(struct web_call *call, struct audit_search *search, size_t limit)
{
	char next[STORE_AUDIT_ID];
	struct csv csv = {.is_full = false};
	struct sbuf more;

	search->query.limit = limit;
	sbuf_init(&csv.text, CSV_MAX);
	sbuf_init(&more, WEB_FIELD_MAX);
	audit_csv_head(&csv.text);
	if (run_search(call, search, next, add_csv_row, &csv)) {
		if (csv.is_full)
			memcpy(next, csv.last, STORE_AUDIT_ID);
		write_csv_fields(&more, call, search, next);
		web_reply(call,
			&(struct web_reply){.status = 200,
				.type = "text/csv; charset=utf-8",
				.content = sbuf_str(&csv.text),
				.fields = more.at},
			FAULT_NONE);
	} else {
		web_fault(call, FAULT_STORE_DOWN, NULL);
	}
	sbuf_clear(&csv.text);
	sbuf_clear(&more);
}
