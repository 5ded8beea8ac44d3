/* proxy/pages/page_tokens.c - the list of tokens, its filters and its pages. */
#include "proxy/pages/page_tokens.h"

#include "proxy/pages/page_token_form.h"
#include "proxy/pages/page_token_parts.h"

enum { ROW_MAX = 24 * 1024 }; /* every text at its longest, each byte escaped */

static bool is_admin(const struct page_view *view)
{
	return view->who && view->who->role == ROLE_ADMIN;
}

/* --- filters --- */

/* The inside of an href: this list with these filters, from `cursor` on (NULL: from the newest). */
static void write_address(struct sbuf *out, const struct page_view *view, const char *owner,
	bool is_living, const char *cursor)
{
	const char *sign = "?";

	part_path(out, view->base);
	sbuf_puts(out, "/tokens");
	if (is_living) {
		sbuf_printf(out, "%sshow=living", sign);
		sign = "&amp;";
	}
	if (owner[0]) {
		sbuf_printf(out, "%sowner=", sign);
		sbuf_urlencode(out, str_of(owner));
		sign = "&amp;";
	}
	if (cursor) {
		sbuf_printf(out, "%scursor=", sign);
		sbuf_urlencode(out, str_of(cursor));
	}
}

static void write_tab(struct sbuf *out, const struct page_view *view,
	const struct page_tokens *list, bool is_living, const char *words)
{
	sbuf_puts(out, "<a href=\"");
	write_address(out, view, list->owner, is_living, NULL);
	sbuf_printf(out, "\"%s>%s</a>",
		list->is_living == is_living ? " aria-current=\"page\"" : "", words);
}

static void write_owner_filter(
	struct sbuf *out, const struct page_view *view, const struct page_tokens *list)
{
	sbuf_puts(out, "<form class=\"filter\" role=\"search\" method=\"get\" action=\"");
	part_path(out, view->base);
	sbuf_puts(out, "/tokens\">");
	if (list->is_living)
		sbuf_puts(out, "<input type=\"hidden\" name=\"show\" value=\"living\">");
	sbuf_printf(out,
		"<label for=\"owner\">Owner</label><input id=\"owner\" name=\"owner\" "
		"maxlength=\"%d\" autocomplete=\"off\" spellcheck=\"false\" "
		"autocapitalize=\"none\" placeholder=\"alice, or client:NAME\" value=\"",
		STORE_SUBJECT_CHARS);
	sbuf_html(out, str_of(list->owner));
	sbuf_puts(out, "\"><button class=\"quiet\">Show</button>");
	if (list->owner[0]) {
		sbuf_puts(out, "<a class=\"soft\" href=\"");
		write_address(out, view, "", list->is_living, NULL);
		sbuf_puts(out, "\">Everybody\xe2\x80\x99s</a>");
	}
	sbuf_puts(out, "</form>\n");
}

static void write_filters(
	struct sbuf *out, const struct page_view *view, const struct page_tokens *list)
{
	sbuf_puts(out, "<div class=\"filters\"><nav class=\"tabs\" aria-label=\"Which tokens\">");
	write_tab(out, view, list, false, "All");
	write_tab(out, view, list, true, "Active only");
	sbuf_puts(out, "</nav>\n");
	if (is_admin(view))
		write_owner_filter(out, view, list);
	sbuf_puts(out, "</div>\n");
}

/* --- rows --- */

static void write_actions(struct sbuf *out, const struct page_view *view,
	const struct store_token *token, enum token_phase phase)
{
	sbuf_puts(out, "<td class=\"does\">");
	if (token_phase_is_living(phase))
		token_part_change(out, view, token, "disable", false);
	else if (phase == PHASE_DISABLED)
		token_part_change(out, view, token, "enable", false);
	if (phase != PHASE_REVOKED && phase != PHASE_EXPIRED) {
		sbuf_puts(out, "<a class=\"button quiet\" href=\"");
		token_part_path(out, view, token);
		sbuf_puts(out, "#change\">Revoke\xe2\x80\xa6<span class=\"vh\"> ");
		part_text(out, token->client_name, PART_CLIP);
		sbuf_puts(out, "</span></a>");
	}
	sbuf_puts(out, "</td>");
}

static void write_token_row(struct sbuf *out, const struct page_view *view,
	const struct store_token *token, int64_t now)
{
	enum token_phase phase = token_phase_of(token, now);

	sbuf_puts(out, "<tr><th scope=\"row\" class=\"what\"><a href=\"");
	token_part_path(out, view, token);
	sbuf_puts(out, "\">");
	part_name(out, token->client_name);
	sbuf_puts(out, "</a><span class=\"id\">");
	part_text(out, token->id, 8);
	sbuf_puts(out, "</span></th><td data-label=\"Owner\">");
	part_name(out, token->subject);
	sbuf_printf(out, "<span class=\"note\">%s</span></td><td class=\"state\">",
		role_name(token->role));
	token_part_phase(out, phase);
	sbuf_puts(out, "</td><td class=\"scopes\" data-label=\"Scope\">");
	token_part_scope(out, token);
	sbuf_puts(out, "</td><td data-label=\"Created\">");
	part_time(out, token->created_at * 1000);
	sbuf_puts(out, "</td><td data-label=\"Expires\">");
	token_part_end(out, token, now);
	sbuf_puts(out, "</td><td data-label=\"Last used\">");
	token_part_last_used(out, token);
	sbuf_puts(out, "</td>");
	write_actions(out, view, token, phase);
	sbuf_puts(out, "</tr>\n");
}

static void write_table(
	struct sbuf *out, const struct page_view *view, const struct page_tokens *list)
{
	sbuf_puts(out,
		"<table class=\"tokens\"><caption class=\"vh\">Tokens, newest first; times are "
		"UTC</caption>\n<thead><tr><th scope=\"col\">Client</th>"
		"<th scope=\"col\">Owner</th><th scope=\"col\">State</th>"
		"<th scope=\"col\">Scope</th><th scope=\"col\">Created</th>"
		"<th scope=\"col\">Expires</th><th scope=\"col\">Last used</th>"
		"<th scope=\"col\"><span class=\"vh\">Change</span></th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < list->count && part_has_room(out, ROW_MAX); i++)
		write_token_row(out, view, &list->tokens[i], list->now);
	sbuf_puts(out, "</tbody></table>\n");
}

static void write_pager(
	struct sbuf *out, const struct page_view *view, const struct page_tokens *list)
{
	if (!list->is_later && list->next == NULL)
		return;
	sbuf_puts(out, "<nav class=\"pager\" aria-label=\"Pages\"><span></span>"
		       "<span class=\"turn\">");
	if (list->is_later) {
		sbuf_puts(out, "<a href=\"");
		write_address(out, view, list->owner, list->is_living, NULL);
		sbuf_puts(out, "\">Newest</a>");
	}
	if (list->next) {
		sbuf_puts(out, "<a rel=\"next\" href=\"");
		write_address(out, view, list->owner, list->is_living, list->next);
		sbuf_puts(out, "\">Older</a>");
	}
	sbuf_puts(out, "</span></nav>\n");
}

static void write_new(
	struct sbuf *out, const struct page_view *view, const struct page_token_form *form)
{
	sbuf_puts(out, "<details class=\"panel new\"><summary>New token</summary>\n");
	token_form_write(out, view, form);
	sbuf_puts(out, "</details>\n");
}

void page_tokens(struct sbuf *out, const struct page_view *view, const struct page_tokens *list)
{
	part_open(out, view, &(struct part_frame){.title = "Tokens"});
	sbuf_printf(out, "<div class=\"head\"><h1>%s</h1></div>\n",
		is_admin(view) ? "Access tokens" : "Your access tokens");
	write_new(out, view, list->form);
	token_part_rights(out);
	write_filters(out, view, list);
	sbuf_puts(out, "<section class=\"panel\" aria-label=\"Tokens\">\n");
	if (list->count > 0)
		write_table(out, view, list);
	else
		sbuf_printf(out, "<p class=\"empty first\">%s</p>\n",
			list->is_later	  ? "There are no older tokens."
			: list->owner[0]  ? "There are no tokens of this owner."
			: list->is_living ? "No token is active."
					  : "There are no tokens yet.");
	write_pager(out, view, list);
	sbuf_puts(out, "</section>\n");
	part_close(out, view);
}
