#include "proxy/admin/session_orders.h"

#include "auth/token/audit.h"
#include "base/clock.h"
#include "proxy/admin/asked_fields.h"

#include <stdio.h>

enum { DIGITS_MAX = 15 };

/* --- what is asked --- */

#define FIELD(member, chars, fault) ASKED_FIELD(struct session_asked, member, #member, chars, fault)
static const struct asked_field fields[] = {
	FIELD(user, STORE_SUBJECT_CHARS, "user: expected a name of 1 to 255 characters"),
	FIELD(issuer, STORE_ISSUER - 1, "issuer: expected a URL of 1 to 511 characters"),
	FIELD(cursor, SESSION_CURSOR, "cursor: expected the next_cursor of the last page"),
	FIELD(limit, 8, "limit: expected 1 to 100"),
};

static bool read_cursor(const char *cursor, struct store_session_query *page)
{
	struct str rest = str_of(cursor), digits;
	uint64_t at;

	if (!str_next(&rest, '.', &digits) || digits.len > DIGITS_MAX || cursor[0] == '0' ||
		!str_to_u64(digits, &at) || rest.len != 2 * DIGEST_LEN ||
		strspn(rest.at, "0123456789abcdef") != rest.len ||
		!str_read_hex(rest, page->before_key, DIGEST_LEN))
		return false;
	page->before_at = (int64_t)at;
	return true;
}

static const char *understand(struct session_asked *asked)
{
	struct session_desk_query *query = &asked->query;

	query->user = asked->user[0] ? asked->user : NULL;
	query->issuer = asked->issuer[0] ? asked->issuer : NULL;
	query->page.now = clock_wall_s();
	query->page.limit = asked->limit[0] ? asked_limit(asked->limit, STORE_PAGE) : STORE_PAGE;
	if (query->page.limit == 0)
		return "limit: expected 1 to 100";
	if (asked->cursor[0] && !read_cursor(asked->cursor, &query->page))
		return "cursor: expected the next_cursor of the last page";
	return NULL;
}

const char *session_asked_read(const struct web_call *call, bool is_form, struct session_asked *out)
{
	memset(out, 0, sizeof *out);
	struct str query = call->target.query.at ? call->target.query : STR("");
	const char *fault = asked_fields_read(
		is_form ? web_form(call) : query, fields, ARRAY_LEN(fields), is_form, out);
	return fault ? fault : understand(out);
}

void session_cursor_write(const struct store_session_query *next, char out[static SESSION_CURSOR])
{
	int len = next->before_at
			  ? snprintf(out, SESSION_CURSOR, "%lld.", (long long)next->before_at)
			  : 0;

	out[len] = '\0';
	if (len > 0)
		str_write_hex(next->before_key, DIGEST_LEN, out + len);
}

/* --- what is done --- */

const struct session_desk *session_rules(struct web_call *call)
{
	return auth_service_sessions(admin_call_of(call)->admin->service);
}

enum token_outcome session_order(
	struct web_call *call, const struct session_desk_order *order, int *ended)
{
	struct session_desk_order own = *order;
	const struct session_desk *desk = session_rules(call);

	own.by = call->who->subject;
	own.by_name = strcmp(call->who->name, call->who->subject) ? call->who->name : NULL;
	audit_come_from(web_client(call), call->id);
	enum token_outcome outcome = session_desk_end(desk, &own, ended);
	audit_come_from(NULL, NULL);
	return outcome;
}
