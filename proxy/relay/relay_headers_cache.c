/* What a UI answered is for whoever asked (S69): no cache that others share may keep it, whatever
 * the UI says. */
#include "proxy/relay/relay_headers.h"

/* RFC 9111 §5.2.2: these let a shared cache store, or are for it alone; must-understand takes
 * no-store back. */
static bool is_for_others(struct str directive)
{
	static const char *const names[] = {
		"public", "s-maxage", "proxy-revalidate", "must-understand", "private"};
	ptrdiff_t eq = str_find_byte(directive, '=');
	struct str name =
		str_trim((struct str){directive.at, eq == -1 ? directive.len : (size_t)eq});

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (str_eq_nocase(name, str_of(names[i])))
			return true;
	}
	return false;
}

/* The next of a list; a comma between quotes ends nothing. */
static bool next_directive(struct str *list, struct str *directive)
{
	bool quoted = false;
	size_t i = 0;

	if (list->len == 0)
		return false;
	for (; i < list->len && (quoted || list->at[i] != ','); i++) {
		if (quoted && list->at[i] == '\\' && i + 1 < list->len)
			i++;
		else if (list->at[i] == '"')
			quoted = !quoted;
	}
	*directive = str_trim((struct str){list->at, i});
	*list = str_from(*list, i < list->len ? i + 1 : i);
	return true;
}

/* What Spark says of every page (T50). */
static const struct str sparks_own = STR("no-cache, no-store, must-revalidate");

bool relay_headers_put_private(struct sbuf *out, struct str name, struct str value)
{
	struct str rest = value, directive;
	bool is_private = false, any_for_others = false;
	struct sbuf kept;

	if (str_eq(value, sparks_own)) {
		sbuf_field(out, name, value);
		return true;
	}
	sbuf_init(&kept, value.len + 16);
	while (next_directive(&rest, &directive)) {
		bool plain = str_eq_nocase(directive, STR("private"));
		bool for_others = !plain && is_for_others(directive);
		any_for_others |= for_others;
		is_private |= plain || str_eq_nocase(directive, STR("no-store"));
		if (directive.len == 0 || for_others)
			continue;
		sbuf_puts(&kept, kept.len ? ", " : "");
		sbuf_add_str(&kept, directive);
	}
	if (!any_for_others)
		sbuf_field(out, name, value);
	else if (kept.len > 0 && !kept.overflow)
		sbuf_field(out, name, sbuf_str(&kept));
	is_private &= !kept.overflow;
	sbuf_clear(&kept);
	return is_private;
}
