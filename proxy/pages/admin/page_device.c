#include "proxy/pages/admin/page_device.h"

#include "base/net/cidr.h"
#include "proxy/pages/page_card.h"
#include "proxy/pages/page_parts.h"

static void write_problem(struct sbuf *out, const char *problem)
{
	if (problem == NULL || problem[0] == '\0')
		return;
	sbuf_puts(out, "<p class=\"notice bad\" role=\"alert\" id=\"problem\">");
	part_text(out, problem, 512);
	sbuf_puts(out, "</p>\n");
}

static void open_form(struct sbuf *out, const struct page_view *view, const char *method)
{
	sbuf_printf(out, "<form class=\"sign-in\" method=\"%s\" action=\"", method);
	part_path(out, view->base);
	sbuf_puts(out, "/device\">\n");
}

static void write_form(
	struct sbuf *out, const struct page_view *view, const struct page_device *about)
{
	card_open(out, view, "Let a program in", NULL);
	card_text(out, "A program that you started shows a code. Type it here.");
	write_problem(out, about->problem);
	open_form(out, view, "get");
	sbuf_puts(out, "<label for=\"user_code\">Code</label>\n<input id=\"user_code\" "
		       "name=\"user_code\" maxlength=\"32\" autocomplete=\"off\" "
		       "autocapitalize=\"characters\" spellcheck=\"false\" required value=\"");
	sbuf_html(out, str_of(about->typed ? about->typed : ""));
	sbuf_printf(out, "\"%s>\n<button>Continue</button></form>\n",
		about->problem ? " aria-invalid=\"true\" aria-describedby=\"problem\"" : "");
	card_close(out, view);
}

/* --- the question --- */

static void write_fact(struct sbuf *out, const char *name, const char *value)
{
	sbuf_printf(out, "<dt>%s</dt><dd><bdi>", name);
	part_text(out, value, 512);
	sbuf_puts(out, "</bdi></dd>\n");
}

static void write_scope(struct sbuf *out, const struct device_question *question)
{
	struct str rest = str_of(question->scope), word;

	sbuf_puts(out, "<dt>It may</dt><dd>");
	if (rest.len == 0)
		sbuf_puts(out, "<strong>do everything that you may</strong>");
	while (rest.len && str_next(&rest, ' ', &word)) {
		sbuf_puts(out, "<code class=\"scope\">");
		sbuf_html(out, word);
		sbuf_puts(out, "</code> ");
	}
	if (question->role == ROLE_ADMIN)
		sbuf_puts(out, " <strong>as an administrator</strong>");
	sbuf_puts(out, "</dd>\n");
}

static void write_life(struct sbuf *out, const struct conf *conf)
{
	sbuf_puts(out, "<dt>Until</dt><dd>you revoke its token, or it is not used for ");
	part_duration(out, conf->refresh_ttl_s.def * 1000);
	sbuf_puts(out, "</dd>\n");
}

static void write_facts(struct sbuf *out, const struct page_device *about)
{
	const struct device_question *question = about->question;

	sbuf_puts(out, "<dl class=\"facts\">\n<dt>It calls itself</dt><dd>");
	part_name(out, question->client_name);
	sbuf_puts(out, "</dd>\n");
	write_fact(out, "It shows the code", question->user_code);
	write_fact(out, "It asks from", question->from);
	write_fact(out, "You are at", about->client);
	sbuf_puts(out, "<dt>Asked</dt><dd>");
	part_time(out, question->record.created_at * 1000);
	sbuf_puts(out, "</dd>\n");
	write_scope(out, question);
	write_life(out, about->conf);
	sbuf_puts(out, "</dl>\n");
}

/* S135: who was sent a link by somebody else is to notice. */
static void write_warning(struct sbuf *out, const struct page_device *about)
{
	struct cidr theirs = cidr_of_client(str_of(about->question->from)),
		    yours = cidr_of_client(str_of(about->client));

	sbuf_puts(out,
		"<p class=\"notice bad\">Allow this only if you started the program yourself "
		"and it shows this code. Somebody who sent you the code or a link would get "
		"your rights.</p>\n");
	if (memcmp(theirs.bytes, yours.bytes, sizeof theirs.bytes) != 0)
		sbuf_puts(out,
			"<p class=\"notice bad\" id=\"elsewhere\">The program asks from another "
			"address than yours. That is so for a program on a server. If you do not "
			"know the address, deny.</p>\n");
}

static void write_question(
	struct sbuf *out, const struct page_view *view, const struct page_device *about)
{
	card_open(out, view, "Let this program in as you?", NULL);
	write_problem(out, about->problem);
	write_facts(out, about);
	write_warning(out, about);
	open_form(out, view, "post");
	part_form_token(out, view);
	sbuf_printf(out,
		"<input type=\"hidden\" name=\"user_code\" value=\"%s\">\n"
		"<button class=\"quiet\" name=\"answer\" value=\"deny\">Deny</button>\n"
		"<button name=\"answer\" value=\"allow\">Allow</button></form>\n",
		about->question->user_code);
	card_close(out, view);
}

void page_device(struct sbuf *out, const struct page_view *view, const struct page_device *about)
{
	bool is_allowed = about->kind == PAGE_DEVICE_ALLOWED;

	if (about->kind == PAGE_DEVICE_FORM) {
		write_form(out, view, about);
		return;
	}
	if (about->kind == PAGE_DEVICE_QUESTION) {
		write_question(out, view, about);
		return;
	}
	card_open(out, view, is_allowed ? "The program is let in" : "The program is refused", NULL);
	sbuf_puts(out, "<p class=\"which\">");
	part_name(out, about->question->client_name);
	sbuf_puts(out, "</p>\n");
	card_text(out, is_allowed
			       ? "It gets its token within seconds. You can close this page. The "
				 "list of tokens shows it, and revokes it."
			       : "It gets no token. You can close this page.");
	sbuf_puts(out, "<div class=\"actions\">");
	card_link(out, "button quiet", view->base, "/tokens", "Tokens");
	sbuf_puts(out, "</div>\n");
	card_close(out, view);
}
