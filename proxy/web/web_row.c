#include "proxy/web/web_row.h"

static bool read_token_id(struct str text, char id[static WEB_ID_LEN + 1])
{
	for (size_t i = 0; i < text.len; i++) {
		if (strchr("0123456789abcdef", text.at[i]) == NULL)
			return false;
	}
	return (text.len == WEB_ID_LEN || text.len == WEB_SESSION_ID_LEN) &&
	       str_copy(text, id, WEB_ID_LEN + 1);
}

/* True when the path is the row's; the segment at {id} goes to `id`. */
static bool is_path_of(const struct web_row *row, struct str path, char id[static WEB_ID_LEN + 1])
{
	struct str rest = str_of(row->path), want, have;

	id[0] = '\0';
	while (str_next(&rest, '/', &want)) {
		if (!str_next(&path, '/', &have))
			return false;
		if (str_eq(want, STR("{id}")) ? !read_token_id(have, id)
					      : !str_starts(want, STR("{")) && !str_eq(want, have))
			return false;
	}
	return !str_next(&path, '/', &have);
}

static bool is_method_of(const struct web_row *row, struct str method)
{
	struct str rest = str_of(row->methods), one;

	while (str_next(&rest, ',', &one)) {
		if (str_eq(str_trim(one), method))
			return true;
	}
	return false;
}

/* The path below the site's base; at == NULL: it is not below. */
static struct str path_below(const struct web_call *call)
{
	struct str base = str_of(call->site->is_at_root ? "" : call->listen->base),
		   path = call->target.path;

	return str_starts(path, base) ? str_from(path, base.len) : (struct str){NULL, 0};
}

enum fault web_row_find(struct web_call *call)
{
	struct str path = path_below(call);
	enum fault fault = FAULT_NOT_FOUND;

	for (size_t i = 0; path.at && i < call->site->rows_count; i++) {
		const struct web_row *row = &call->site->rows[i];
		if (!is_path_of(row, path, call->token_id))
			continue;
		if (is_method_of(row, call->req->method)) {
			call->row = row;
			return FAULT_NONE;
		}
		fault = FAULT_METHOD;
	}
	return fault;
}

void web_row_add_allow(const struct web_call *call, struct sbuf *out)
{
	struct str path = path_below(call);
	char id[WEB_ID_LEN + 1];
	const char *sign = "Allow: ";

	for (size_t i = 0; path.at && i < call->site->rows_count; i++) {
		if (!is_path_of(&call->site->rows[i], path, id))
			continue;
		sbuf_printf(out, "%s%s", sign, call->site->rows[i].methods);
		sign = ", ";
	}
	/* Of no row's: what shows pages. */
	sbuf_puts(out, sign[0] == 'A' ? "Allow: GET, HEAD\r\n" : "\r\n");
}
