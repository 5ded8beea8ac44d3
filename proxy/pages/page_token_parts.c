#include "proxy/pages/page_token_parts.h"

#include "auth/policy/rights.h"

enum token_phase token_phase_of(const struct store_token *token, int64_t now)
{
	if (token->state == STATE_REVOKED)
		return PHASE_REVOKED;
	if (token->ends_at <= now)
		return PHASE_EXPIRED;
	if (token->state == STATE_DISABLED)
		return PHASE_DISABLED;
	return token->serial == 0 ? PHASE_PENDING : PHASE_ACTIVE;
}

bool token_phase_is_living(enum token_phase phase)
{
	return phase == PHASE_ACTIVE || phase == PHASE_PENDING;
}

void token_part_phase(struct sbuf *out, enum token_phase phase)
{
	static const struct {
		enum part_tone tone;
		const char *word;
	} pills[] = {[PHASE_ACTIVE] = {TONE_OK, "Active"},
		[PHASE_PENDING] = {TONE_BUSY, "Pending"},
		[PHASE_EXPIRED] = {TONE_IDLE, "Expired"},
		[PHASE_DISABLED] = {TONE_WARN, "Disabled"},
		[PHASE_REVOKED] = {TONE_BAD, "Revoked"}};

	part_pill(out, pills[phase].tone, pills[phase].word);
}

void token_part_end(struct sbuf *out, const struct store_token *token, int64_t now)
{
	enum token_phase phase = token_phase_of(token, now);

	part_time(out, token->ends_at * 1000);
	if (!token_phase_is_living(phase))
		return;
	sbuf_puts(out, "<span class=\"note\">");
	sbuf_puts(out, phase == PHASE_PENDING ? "to be registered within " : "in ");
	part_duration(out, (token->ends_at - now) * 1000);
	sbuf_puts(out, "</span>");
}

void token_part_last_used(struct sbuf *out, const struct store_token *token)
{
	if (token->last_used_at == 0) {
		sbuf_puts(out, "<span class=\"none\">never</span>");
		return;
	}
	part_time(out, token->last_used_at * 1000);
	if (token->last_used_from[0] == '\0')
		return;
	sbuf_puts(out, "<span class=\"note\">from ");
	part_text(out, token->last_used_from, STORE_FROM);
	sbuf_puts(out, "</span>");
}

void token_part_scope(struct sbuf *out, const struct store_token *token)
{
	struct str rest = str_of(token->scope), piece;

	if (token->scope[0] == '\0')
		sbuf_puts(out, "<span class=\"none\">not narrowed</span>");
	while (str_next(&rest, ' ', &piece)) {
		sbuf_puts(out, "<code class=\"scope\">");
		sbuf_html(out, piece);
		sbuf_puts(out, "</code> ");
	}
}

void token_part_path(
	struct sbuf *out, const struct page_view *view, const struct store_token *token)
{
	part_path(out, view->base);
	sbuf_puts(out, "/tokens/");
	part_path(out, token->id);
}

void token_part_change(struct sbuf *out, const struct page_view *view,
	const struct store_token *token, const char *verb, bool is_forced)
{
	static const struct {
		const char *verb, *words, *forced, *css;
	} rows[] = {{"disable", "Disable", "Disable anyway", " class=\"quiet\""},
		{"enable", "Enable", "Enable", " class=\"quiet\""},
		{"revoke", "Revoke", "Revoke anyway", " class=\"danger\""}};
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(rows) && strcmp(rows[i].verb, verb) != 0)
		i++;
	sbuf_puts(out, "<form method=\"post\" action=\"");
	token_part_path(out, view, token);
	sbuf_printf(out, "/%s\">", rows[i].verb);
	part_form_token(out, view);
	if (is_forced)
		sbuf_puts(out, "<input type=\"hidden\" name=\"force\" value=\"1\">");
	sbuf_printf(out, "<button%s>%s<span class=\"vh\"> ", rows[i].css,
		is_forced ? rows[i].forced : rows[i].words);
	part_text(out, token->client_name, PART_CLIP);
	sbuf_puts(out, "</span></button></form>");
}

/* --- what roles and scopes open --- */

/* `Backticks` become code. */
static void write_marked(struct sbuf *out, const char *text)
{
	struct str rest = str_of(text), piece;

	for (bool is_code = false; str_next(&rest, '`', &piece); is_code = !is_code) {
		sbuf_puts(out, is_code ? "<code>" : "");
		sbuf_html(out, piece);
		sbuf_puts(out, is_code ? "</code>" : "");
	}
}

static void write_right(struct sbuf *out, const struct right *right)
{
	const char *roles = right_roles(right);

	sbuf_printf(out, "<tr><th scope=\"row\" class=\"what\"><code>%s</code></th>", right->word);
	sbuf_printf(out, "<td data-label=\"Roles\">%s</td><td data-label=\"Opens\">",
		roles[0] ? roles : "<span class=\"none\">custom rows</span>");
	write_marked(out, right->opens);
	sbuf_puts(out, "</td><td data-label=\"Pages of Spark\">");
	write_marked(out, right->pages);
	sbuf_puts(out, "</td></tr>\n");
}

void token_part_rights(struct sbuf *out)
{
	sbuf_puts(out,
		"<details class=\"panel new\"><summary>What roles and scopes open</summary>\n"
		"<table class=\"rights\"><caption class=\"vh\">Rights, the roles that have them, "
		"and the pages of Spark behind each</caption>\n<thead><tr>"
		"<th scope=\"col\">Right, and word of a scope</th><th scope=\"col\">Roles</th>"
		"<th scope=\"col\">Opens</th><th scope=\"col\">Pages of Spark</th></tr></thead>\n"
		"<tbody>\n");
	for (size_t i = 0; i < rights_count; i++)
		write_right(out, &rights_table[i]);
	sbuf_puts(out,
		"</tbody></table>\n<p class=\"empty first\">Further words of a scope say where: "
		"<code>cluster:NAME</code>, <code>namespace:NAME</code> and "
		"<code>app:PATTERN</code>. A scope only takes away from what the role opens.</p>\n"
		"</details>\n");
}
