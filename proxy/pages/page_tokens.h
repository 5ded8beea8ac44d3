/*
 * proxy/pages/page_tokens.h - the pages of tokens: the list, one token, a new one.
 *
 * As page.h: pure, values escaped where they are written. Which tokens somebody sees and what they
 * may do was decided before; these only leave out what would be refused to the viewer's role.
 */
#ifndef SPARKGATE_PROXY_PAGES_PAGE_TOKENS_H
#define SPARKGATE_PROXY_PAGES_PAGE_TOKENS_H

#include "auth/token/issue.h"
#include "proxy/pages/page.h"

struct page_token_form {	 /* borrowed; what was sent, or "" */
	const struct conf *conf; /* its policy, and where tokens are good */
	const char *client_name, *user, *type, *access_ttl, *refresh_ttl, *scope, *note;
	const char *problem; /* why it did not work, or NULL */
};
/* The form alone, when it has not worked. */
void page_token_form(
	struct sbuf *out, const struct page_view *view, const struct page_token_form *form);

struct page_tokens { /* borrowed */
	const struct store_token *tokens;
	size_t count;
	const char *owner; /* only this subject's; "": everybody's that the viewer sees */
	bool is_living;	   /* only what is alive */
	bool is_later;	   /* not the first page */
	const char *next;  /* cursor of the next page, or NULL */
	int64_t now;	   /* wall seconds */
	const struct page_token_form *form;
};
void page_tokens(struct sbuf *out, const struct page_view *view, const struct page_tokens *list);

struct page_token { /* borrowed */
	const struct store_token *token;
	int64_t now;
	bool is_changed;     /* it was just now */
	const char *problem; /* why a change did not work, or NULL */
	const char *force;   /* the change that needs to be asked for twice ("revoke"), or NULL */
};
void page_token(struct sbuf *out, const struct page_view *view, const struct page_token *it);

/* The only time its secrets are shown. */
struct page_token_made { /* borrowed */
	const struct store_token *token;
	const struct token_secrets *secrets;
	const struct conf_listen *server; /* where it is good */
	const char *warning;		  /* of its scope, or NULL */
};
void page_token_made(
	struct sbuf *out, const struct page_view *view, const struct page_token_made *made);

#endif
