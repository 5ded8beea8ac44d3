#include "proxy/pages/page_card.h"

#include "proxy/pages/page_parts.h"

void card_open(
	struct sbuf *out, const struct page_view *view, const char *title, const char *eyebrow)
{
	part_open(out, view, &(struct part_frame){.title = title, .narrow = true});
	sbuf_puts(out, "<section class=\"card\">\n");
	if (eyebrow)
		sbuf_printf(out, "<p class=\"eyebrow\">%s</p>\n", eyebrow);
	sbuf_puts(out, "<h1>");
	part_text(out, title, 256);
	sbuf_puts(out, "</h1>\n");
}

void card_open_fault(struct sbuf *out, const struct page_view *view, enum fault fault)
{
	const struct fault_row *row = fault_row(fault);
	char eyebrow[] = "Error 000";

	for (int i = 0, n = row->status; i < 3; i++, n /= 10)
		eyebrow[sizeof eyebrow - 2 - (size_t)i] = (char)('0' + n % 10);
	card_open(out, view, row->sentence, eyebrow);
}

void card_close(struct sbuf *out, const struct page_view *view)
{
	sbuf_puts(out, "</section>\n");
	part_close(out, view);
}

void card_text(struct sbuf *out, const char *sentence)
{
	if (sentence == NULL || sentence[0] == '\0')
		return;
	sbuf_puts(out, "<p>");
	part_text(out, sentence, 512);
	sbuf_puts(out, "</p>\n");
}

void card_request_id(struct sbuf *out, const struct page_view *view)
{
	if (view->request_id == NULL || view->request_id[0] == '\0')
		return;
	sbuf_puts(out, "<p class=\"fine\">Request <code>");
	part_text(out, view->request_id, 64);
	sbuf_puts(out, "</code></p>\n");
}

void card_link(
	struct sbuf *out, const char *css, const char *base, const char *path, const char *words)
{
	sbuf_printf(out, "<a class=\"%s\" href=\"", css);
	part_path(out, base);
	part_path(out, path);
	sbuf_printf(out, "\">%s</a>", words);
}

void card_sign_in(struct sbuf *out, const char *css, const struct page_view *view,
	const struct card_sign_in *to)
{
	sbuf_printf(out, "<a class=\"%s\" href=\"", css);
	part_path(out, view->base);
	sbuf_printf(out, "/_gate/login%s", to->at_provider ? "?start=sso" : "");
	if (to->at_provider && to->provider && to->provider[0]) {
		sbuf_puts(out, "&amp;provider=");
		sbuf_urlencode(out, str_of(to->provider));
	}
	if (to->next.len) {
		sbuf_puts(out, to->at_provider ? "&amp;next=" : "?next=");
		sbuf_urlencode(out, to->next);
	}
	sbuf_puts(out, "\">");
	part_text(out, to->words, 100);
	sbuf_puts(out, "</a>");
}

void card_change_account(struct sbuf *out, const struct page_view *view)
{
	sbuf_puts(out, "<form method=\"post\" action=\"");
	sbuf_html(out, str_of(view->base));
	sbuf_puts(out, "/_gate/logout\">");
	part_form_token(out, view);
	sbuf_puts(out, "<button>Sign out to use another account</button></form>");
}
