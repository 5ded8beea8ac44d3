#include "proxy/pages/page_token_form.h"

#include "proxy/pages/page_parts.h"

#include <stdio.h>

/* One line of the form; all of it but the value is ours. */
struct field {
	const char *name, *label, *hint;
	size_t max; /* characters */
	bool is_required, is_whole;
};

static void write_form_field(struct sbuf *out, const struct field *field, const char *value)
{
	sbuf_printf(out,
		"<div class=\"field%s\"><label for=\"%s\">%s</label><input id=\"%s\" name=\"%s\" "
		"maxlength=\"%zu\" autocomplete=\"off\" spellcheck=\"false\" "
		"autocapitalize=\"none\" aria-describedby=\"%s-hint\"%s value=\"",
		field->is_whole ? " whole" : "", field->name, field->label, field->name,
		field->name, field->max, field->name, field->is_required ? " required" : "");
	sbuf_html(out, str_of(value));
	sbuf_printf(out, "\"><p class=\"hint\" id=\"%s-hint\">%s</p></div>\n", field->name,
		field->hint);
}

/* As the configuration would have it: "12h". */
static const char *write_duration(int64_t seconds, char out[static 32])
{
	static const struct {
		int64_t seconds;
		char unit;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(units) && seconds % units[i].seconds != 0)
		i++;
	snprintf(out, 32, "%lld%c", (long long)(seconds / units[i].seconds), units[i].unit);
	return out;
}

static void write_type(struct sbuf *out, const char *type)
{
	sbuf_printf(out,
		"<div class=\"field\"><label for=\"token_type\">Type</label>"
		"<select id=\"token_type\" name=\"token_type\" "
		"aria-describedby=\"token_type-hint\"><option value=\"user\">user</option>"
		"<option value=\"admin\"%s>admin</option></select>"
		"<p class=\"hint\" id=\"token_type-hint\">An admin token may stop applications "
		"and manage everybody\xe2\x80\x99s tokens.</p></div>\n",
		strcmp(type, "admin") == 0 ? " selected" : "");
}

static void write_for_whom(struct sbuf *out, const struct page_token_form *form)
{
	static const struct field user = {"user", "For another person",
		"That person's ID at the identity provider. That person receives a registration "
		"token and exchanges it for the access token, so that nobody else sees it. Empty: "
		"the token belongs to the client.",
		STORE_SUBJECT_CHARS, false, false};

	write_form_field(out, &user, form->user);
	write_type(out, form->type);
}

static void write_lifetimes(struct sbuf *out, const struct page_token_form *form)
{
	const struct conf *conf = form->conf;
	char text[32], hint[160];
	struct field access = {"access_ttl", "Access token lasts", hint, 24, false, false};
	struct field refresh = {"refresh_ttl", "Refresh token lasts", hint, 24, false, false};

	snprintf(hint, sizeof hint, "Such as 30m, 12h or 7d; at most %s.",
		write_duration(conf->access_ttl_s.max, text));
	write_form_field(out, &access,
		form->access_ttl[0] ? form->access_ttl
				    : write_duration(conf->access_ttl_s.def, text));
	snprintf(hint, sizeof hint, "It gets a new access token. At most %s; 0: no refresh token.",
		write_duration(conf->refresh_ttl_s.max, text));
	write_form_field(out, &refresh,
		form->refresh_ttl[0] ? form->refresh_ttl
				     : write_duration(conf->refresh_ttl_s.def, text));
}

static void write_form_problem(struct sbuf *out, const char *problem)
{
	if (problem == NULL)
		return;
	sbuf_puts(out, "<p class=\"notice bad\" role=\"alert\">");
	part_text(out, problem, 512);
	sbuf_puts(out, "</p>\n");
}

void token_form_write(
	struct sbuf *out, const struct page_view *view, const struct page_token_form *form)
{
	static const struct field name = {"client_name", "Client name",
		"What will use it: a script, a job, a dashboard.", STORE_CLIENT_CHARS, true, false};
	static const struct field scope = {"scope", "Scope",
		"Limits the token, for example to <code>cluster:prod view</code>. Further words: "
		"<code>app:PATTERN*</code>, <code>logs</code> and <code>metrics</code>, separated "
		"by spaces. Empty: no limit.",
		STORE_SCOPE - 1, false, true};
	static const struct field note = {
		"note", "Note", "Shown in the list.", STORE_NOTE_CHARS, false, true};

	sbuf_puts(out, "<form class=\"fields\" method=\"post\" action=\"");
	part_path(out, view->base);
	sbuf_puts(out, "/tokens\">");
	part_form_token(out, view);
	write_form_problem(out, form->problem);
	write_form_field(out, &name, form->client_name);
	if (view->who && view->who->role == ROLE_ADMIN)
		write_for_whom(out, form);
	write_lifetimes(out, form);
	write_form_field(out, &scope, form->scope);
	write_form_field(out, &note, form->note);
	sbuf_puts(out, "<div class=\"field whole\"><button>Create token</button></div></form>\n");
}

void page_token_form(
	struct sbuf *out, const struct page_view *view, const struct page_token_form *form)
{
	part_open(out, view, &(struct part_frame){.title = "New token"});
	sbuf_puts(out, "<p class=\"crumb\"><a href=\"");
	part_path(out, view->base);
	sbuf_puts(out, "/tokens\">All tokens</a></p>\n<div class=\"head\"><h1>New token</h1></div>"
		       "\n<section class=\"panel new\">\n");
	token_form_write(out, view, form);
	sbuf_puts(out, "</section>\n");
	part_close(out, view);
}
