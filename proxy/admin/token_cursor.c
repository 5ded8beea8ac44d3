#include "proxy/admin/token_cursor.h"

#include "auth/token/issue.h"

#include <stdio.h>

enum { DIGITS_MAX = 15 };

void token_cursor_write(const struct store_token *last, char out[static TOKEN_CURSOR_MAX])
{
	snprintf(out, TOKEN_CURSOR_MAX, "%lld.%.*s", (long long)last->created_at, TOKEN_ID_LEN,
		last->id);
}

bool token_cursor_read(const char *cursor, struct store_token_query *query)
{
	struct str rest = str_of(cursor), digits;
	uint64_t at;

	if (!str_next(&rest, '.', &digits) || digits.len > DIGITS_MAX || cursor[0] == '0' ||
		!str_to_u64(digits, &at) || rest.len != TOKEN_ID_LEN)
		return false;
	query->before_at = (int64_t)at;
	return str_copy(rest, query->before_id, sizeof query->before_id);
}
