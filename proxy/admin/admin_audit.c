/* The admin listener's page of the audit, and its file of CSV (S77). */
#include "proxy/admin/admin_pages.h"

#include "auth/policy/policy.h"
#include "proxy/admin/audit_search.h"
#include "proxy/pages/admin/page_audit.h"
#include "proxy/web/web_fault.h"

#include <stdlib.h>

enum { PAGE_EVENTS = 50, QUERY_MAX = 16 * 1024 };

/* The page's links: to the newest events, to the next ones, to the file. */
struct links {
	struct sbuf first, next, csv;
};

static void write_links(struct links *links, const struct audit_search *search, const char *next)
{
	struct audit_search file = *search;

	sbuf_init(&links->first, QUERY_MAX);
	sbuf_init(&links->next, QUERY_MAX);
	sbuf_init(&links->csv, QUERY_MAX);
	sbuf_puts(&links->first, "");
	sbuf_puts(&links->next, "");
	audit_search_write(&links->first, search, "&", NULL);
	if (next[0])
		audit_search_write(&links->next, search, "&", next);
	memcpy(file.format, "csv", sizeof "csv");
	audit_search_write(&links->csv, &file, "&", NULL);
}

static void clear_links(struct links *links)
{
	sbuf_clear(&links->first);
	sbuf_clear(&links->next);
	sbuf_clear(&links->csv);
}

static void serve_events(struct web_call *call, const struct audit_search *search,
	const json_t *events, const char *next, const char *problem)
{
	struct page_view view = call->site->view(call);
	struct links links;
	struct sbuf page;

	write_links(&links, search, next);
	sbuf_init(&page, PAGE_MAX);
	page_audit(&page, &view,
		&(struct page_audit){.events = events,
			.user = search->user,
			.action = search->action,
			.application = search->application,
			.from = search->from,
			.until = search->until,
			.first = sbuf_str(&links.first).at,
			.next = sbuf_str(&links.next).at,
			.csv = sbuf_str(&links.csv).at,
			.is_later = search->cursor[0] != '\0',
			.problem = problem});
	web_html(call, problem ? 400 : 200, &page, NULL, FAULT_NONE);
	clear_links(&links);
	sbuf_clear(&page);
}

static void serve_search(struct web_call *call, struct audit_search *search, const char *problem)
{
	char next[STORE_AUDIT_ID] = "";

	if (search->limit[0] == '\0')
		search->query.limit = PAGE_EVENTS;
	json_t *events = problem ? json_array() : audit_search_events(call, search, next);
	if (events)
		serve_events(call, search, events, next, problem);
	json_decref(events);
}

void admin_audit(struct web_call *call)
{
	struct audit_search *search = mem_alloc(1, sizeof *search);

	if (admin_has_right(call, ACTION_AUDIT)) {
		const char *problem = audit_search_read(call, true, search);
		if (problem == NULL && search->is_csv)
			audit_search_csv(call, search, AUDIT_CSV_EVENTS);
		else
			serve_search(call, search, problem);
	}
	free(search);
}
