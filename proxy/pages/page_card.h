/*
 * proxy/pages/page_card.h - what the pages that say one thing are made of: a card in the middle.
 *
 * As page_parts.h: values are escaped where they are written. Words and paths given as `const char
 * *` without another remark are our own.
 */
#ifndef SPARKGATE_PROXY_PAGES_PAGE_CARD_H
#define SPARKGATE_PROXY_PAGES_PAGE_CARD_H

#include "proxy/pages/page.h"

/* `title` is text of ours or a value; `eyebrow` stands above it, or NULL. */
void card_open(
	struct sbuf *out, const struct page_view *view, const char *title, const char *eyebrow);
void card_open_fault(struct sbuf *out, const struct page_view *view,
	enum fault fault); /* "Error 403", sentence */
void card_close(struct sbuf *out, const struct page_view *view);
void card_text(struct sbuf *out, const char *sentence); /* a paragraph; NULL or "": none */
void card_request_id(struct sbuf *out, const struct page_view *view);

/* A link below the base to a path that is not encoded yet. */
void card_link(
	struct sbuf *out, const char *css, const char *base, const char *path, const char *words);
/* A link to signing in, which comes back to `next`; with `at_provider` it begins there at once.
 * `words` is text, escaped here. */
struct card_sign_in {
	struct str next; /* empty: home */
	bool at_provider;
	const char *words;
	const char *provider; /* its name; NULL or "": it has none */
};
void card_sign_in(struct sbuf *out, const char *css, const struct page_view *view,
	const struct card_sign_in *to);
void card_change_account(struct sbuf *out, const struct page_view *view); /* signs out */

#endif
