/*
 * proxy/pages/page_token_parts.h - what the list of tokens and the page of one of them both show.
 *
 * As page_parts.h: values are escaped here.
 */
#ifndef SPARKGATE_PROXY_PAGES_PAGE_TOKEN_PARTS_H
#define SPARKGATE_PROXY_PAGES_PAGE_TOKEN_PARTS_H

#include "proxy/pages/page_parts.h"
#include "proxy/pages/page_tokens.h"

/* A token's state as people see it: what is on record, and the time. */
enum token_phase { PHASE_ACTIVE, PHASE_PENDING, PHASE_EXPIRED, PHASE_DISABLED, PHASE_REVOKED };
enum token_phase token_phase_of(const struct store_token *token, int64_t now);
bool token_phase_is_living(enum token_phase phase); /* good now, or once it is registered */

void token_part_phase(struct sbuf *out, enum token_phase phase); /* a pill */
/* When nothing of it is good any more, and how long that is from now. */
void token_part_end(struct sbuf *out, const struct store_token *token, int64_t now);
void token_part_last_used(struct sbuf *out, const struct store_token *token);
void token_part_scope(struct sbuf *out, const struct store_token *token);
/* A form of one button that changes it; `verb` is "disable", "enable" or "revoke". */
void token_part_change(struct sbuf *out, const struct page_view *view,
	const struct store_token *token, const char *verb, bool is_forced);
/* What each role and scope opens: the table of auth/policy/rights.h. */
void token_part_rights(struct sbuf *out);
/* The inside of an href: its page. */
void token_part_path(
	struct sbuf *out, const struct page_view *view, const struct store_token *token);

#endif
