/* proxy/pages/page_token_form.h - the form that makes a token, as part of a page. */
#ifndef SPARKGATE_PROXY_PAGES_PAGE_TOKEN_FORM_H
#define SPARKGATE_PROXY_PAGES_PAGE_TOKEN_FORM_H

#include "proxy/pages/page_tokens.h"

void token_form_write(
	struct sbuf *out, const struct page_view *view, const struct page_token_form *form);

#endif
