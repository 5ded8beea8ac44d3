/* proxy/pages/page_token.c - one token: what is on record of it, how it is changed, and, once, its
 * secrets. */
#include "proxy/pages/page_token_parts.h"

static void open_token_page(struct sbuf *out, const struct page_view *view, const char *title,
	const struct store_token *token, const char *head)
{
	part_open(out, view, &(struct part_frame){.title = title});
	sbuf_puts(out, "<p class=\"crumb\"><a href=\"");
	part_path(out, view->base);
	sbuf_puts(
		out, "/tokens\">All tokens</a></p>\n<div class=\"head\"><div class=\"title\"><h1>");
	sbuf_puts(out, head);
	part_name(out, token->client_name);
	sbuf_puts(out, "</h1>");
}

/* --- what is on record --- */

static void write_text_fact(struct sbuf *out, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	sbuf_printf(out, "<dt>%s</dt><dd><bdi>", name);
	part_text(out, value, STORE_NOTE);
	sbuf_puts(out, "</bdi></dd>\n");
}

static void write_time_fact(struct sbuf *out, const char *name, int64_t at)
{
	if (at == 0)
		return;
	sbuf_printf(out, "<dt>%s</dt><dd>", name);
	part_time(out, at * 1000);
	sbuf_puts(out, " UTC</dd>\n");
}

static void write_facts(struct sbuf *out, const struct store_token *token)
{
	bool is_pending = token->serial == 0;

	sbuf_puts(out, "<dl class=\"facts\">\n");
	write_text_fact(out, "Owner", token->subject);
	write_text_fact(out, "Type", role_name(token->role));
	sbuf_puts(out, "<dt>Scope</dt><dd>");
	token_part_scope(out, token);
	sbuf_puts(out, "</dd>\n");
	write_text_fact(out, "Note", token->note);
	write_time_fact(out, "Created", token->created_at);
	write_text_fact(out, "Created by", token->created_by);
	write_time_fact(out, "Access token expires", token->expires_at);
	write_time_fact(out, is_pending ? "To be registered until" : "Can be renewed until",
		token->secret_expires_at);
	sbuf_puts(out, "<dt>Last used</dt><dd>");
	token_part_last_used(out, token);
	sbuf_puts(out, "</dd>\n");
	write_text_fact(out, "Id", token->id);
	sbuf_puts(out, "</dl>\n");
}

/* --- how it is changed --- */

static void write_message(struct sbuf *out, const struct page_token *it, enum token_phase phase)
{
	static const char *const now[] = {[PHASE_ACTIVE] = "The token is active again.",
		[PHASE_PENDING] = "The token may be registered again.",
		[PHASE_EXPIRED] = "The token has expired.",
		[PHASE_DISABLED] = "The token is disabled. It is refused until it is enabled.",
		[PHASE_REVOKED] = "The token is revoked permanently."};

	sbuf_puts(out, "<div aria-live=\"polite\">");
	if (it->problem) {
		sbuf_puts(out, "<p class=\"notice bad\" role=\"alert\">");
		part_text(out, it->problem, 512);
		sbuf_puts(out, "</p>");
	} else if (it->is_changed) {
		sbuf_printf(out, "<p class=\"notice done\" role=\"status\">%s</p>", now[phase]);
	}
	sbuf_puts(out, "</div>\n");
}

static void write_force(struct sbuf *out, const struct page_view *view, const struct page_token *it)
{
	sbuf_puts(out, "<p>Without it, perhaps nobody can create an administrator token here. Then "
		       "use the command line on the gateway\xe2\x80\x99s machine.</p>\n<div "
		       "class=\"actions\">");
	token_part_change(out, view, it->token, it->force, true);
	sbuf_puts(out, "<a class=\"button quiet\" href=\"");
	token_part_path(out, view, it->token);
	sbuf_puts(out, "\">Leave it as it is</a></div>\n");
}

static void write_changes(struct sbuf *out, const struct page_view *view,
	const struct page_token *it, enum token_phase phase)
{
	if (phase == PHASE_REVOKED || phase == PHASE_EXPIRED)
		return;
	sbuf_puts(out, "<h2 id=\"change\" tabindex=\"-1\">Change</h2>\n");
	if (it->force) {
		write_force(out, view, it);
		return;
	}
	sbuf_puts(out, "<p>A disabled token is refused until it is enabled again. A revoked token "
		       "is refused permanently, with all tokens refreshed from it.</p>\n"
		       "<div class=\"actions\">");
	token_part_change(
		out, view, it->token, phase == PHASE_DISABLED ? "enable" : "disable", false);
	token_part_change(out, view, it->token, "revoke", false);
	sbuf_puts(out, "</div>\n");
}

void page_token(struct sbuf *out, const struct page_view *view, const struct page_token *it)
{
	enum token_phase phase = token_phase_of(it->token, it->now);

	open_token_page(out, view, it->token->client_name, it->token, "");
	token_part_phase(out, phase);
	sbuf_puts(out, "</div></div>\n");
	write_message(out, it, phase);
	sbuf_puts(out, "<section class=\"panel sheet\">\n");
	write_facts(out, it->token);
	write_changes(out, view, it, phase);
	sbuf_puts(out, "</section>\n");
	part_close(out, view);
}

/* --- its secrets, once --- */

static void write_copy_button(struct sbuf *out, const char *id, const char *what)
{
	/* The script shows it: without one it would do nothing. */
	sbuf_printf(out,
		"<button type=\"button\" class=\"quiet copy\" data-copy=\"%s\" hidden>Copy"
		"<span class=\"vh\"> %s</span></button>",
		id, what);
}

static void write_secret(
	struct sbuf *out, const char *id, const char *label, const char *what, const char *secret)
{
	size_t rows = 2 + strlen(secret) / 100;

	sbuf_printf(out,
		"<div class=\"secret\"><label for=\"%s\">%s</label><textarea id=\"%s\" readonly "
		"rows=\"%zu\" spellcheck=\"false\" autocomplete=\"off\">",
		id, label, id, rows < 12 ? rows : 12);
	sbuf_html(out, str_of(secret));
	sbuf_puts(out, "</textarea>");
	write_copy_button(out, id, what);
	sbuf_puts(out, "</div>\n");
}

static void open_line(struct sbuf *out, const char *id, const char *words)
{
	sbuf_printf(out, "<h2>%s</h2>\n<div class=\"line\"><pre tabindex=\"0\"><code id=\"%s\">",
		words, id);
}

static void close_line(struct sbuf *out, const char *id)
{
	sbuf_puts(out, "</code></pre>");
	write_copy_button(out, id, "command");
	sbuf_puts(out, "</div>\n");
}

static void write_url(struct sbuf *out, const struct conf_listen *server, const char *path)
{
	sbuf_html(out, str_of(server->origin));
	sbuf_html(out, str_of(server->base));
	sbuf_puts(out, path);
}

/* Secrets are of letters that need no quotes in a shell. */
static void write_grant_line(struct sbuf *out, const char *id, const char *words,
	const struct conf_listen *server, const char *grant, const char *secret)
{
	open_line(out, id, words);
	sbuf_printf(out, "curl -d grant_type=%s -d %s=", grant, grant);
	sbuf_html(out, str_of(secret));
	sbuf_putc(out, ' ');
	write_url(out, server, "/_gate/oauth/token");
	close_line(out, id);
}

static void write_access(struct sbuf *out, const struct page_token_made *made)
{
	const struct token_secrets *secrets = made->secrets;

	write_secret(out, "access", "Access token", "access token", secrets->access);
	open_line(out, "use", "Use it");
	sbuf_puts(out, "curl -H 'Authorization: Bearer ");
	sbuf_html(out, str_of(secrets->access));
	sbuf_puts(out, "' ");
	write_url(out, made->server, "/");
	close_line(out, "use");
	if (secrets->refresh == NULL)
		return;
	write_secret(out, "refresh", "Refresh token", "refresh token", secrets->refresh);
	write_grant_line(out, "renew", "Renew it before it ends; each refresh token works once",
		made->server, "refresh_token", secrets->refresh);
}

static void write_registration(struct sbuf *out, const struct page_token_made *made)
{
	write_secret(out, "registration", "Registration token", "registration token",
		made->secrets->registration);
	sbuf_puts(out, "<p>Give it to <b>");
	part_name(out, made->token->subject);
	sbuf_puts(out, "</b> in a way that nobody else can read: anybody who has it can get the "
		       "token. It works once, until ");
	part_time(out, made->token->secret_expires_at * 1000);
	sbuf_puts(out, " UTC. You will not see the token itself.</p>\n");
	write_grant_line(out, "register", "How to exchange it", made->server, "registration_token",
		made->secrets->registration);
	sbuf_puts(out, "<p>The answer is JSON with <code>access_token</code> and, if it can be "
		       "renewed, <code>refresh_token</code>.</p>\n");
}

void page_token_made(
	struct sbuf *out, const struct page_view *view, const struct page_token_made *made)
{
	open_token_page(out, view, "New token", made->token, "New token for ");
	sbuf_puts(out, "</div></div>\n<p class=\"notice warn\" role=\"status\">Copy it now. It is "
		       "shown only once, and nobody can look it up later.</p>\n"
		       "<section class=\"panel sheet\">\n");
	if (made->warning) {
		sbuf_puts(out, "<p class=\"notice warn\">");
		part_text(out, made->warning, 1024);
		sbuf_puts(out, "</p>\n");
	}
	if (made->secrets->registration)
		write_registration(out, made);
	else
		write_access(out, made);
	sbuf_puts(out,
		"<p id=\"copied\" class=\"waiting\" role=\"status\" aria-live=\"polite\"></p>\n"
		"<div class=\"actions\"><a class=\"button\" href=\"");
	part_path(out, view->base);
	sbuf_puts(out, "/tokens\">Done</a><a class=\"button quiet\" href=\"");
	token_part_path(out, view, made->token);
	sbuf_puts(out, "\">Details of this token</a></div>\n</section>\n");
	part_script(out, view, PAGE_STATIC_TOKENS);
	part_close(out, view);
}
