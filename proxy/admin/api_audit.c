/* The API's operation on the audit: GET /api/v1/audit. */
#include "proxy/admin/api.h"

#include "auth/policy/policy.h"
#include "proxy/admin/audit_search.h"
#include "proxy/web/web_fault.h"

#include <stdlib.h>

static void answer_events(struct web_call *call, const struct audit_search *search)
{
	char next[STORE_AUDIT_ID];
	json_t *events = audit_search_events(call, search, next);

	if (events)
		api_answer(call, 200,
			json_pack("{s:o, s:s?}", "events", events, "next_cursor",
				next[0] ? next : NULL));
}

void api_audit(struct web_call *call)
{
	struct audit_search *search = mem_alloc(1, sizeof *search);
	const char *fault;

	if (admin_has_right(call, ACTION_AUDIT)) {
		fault = audit_search_read(call, false, search);
		if (fault)
			web_fault(call, FAULT_BAD_REQUEST, fault);
		else if (search->is_csv)
			audit_search_csv(call, search, search->query.limit);
		else
			answer_events(call, search);
	}
	free(search);
}
