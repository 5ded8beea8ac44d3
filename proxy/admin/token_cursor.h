/*
 * proxy/admin/token_cursor.h - where the next page of a list of tokens begins: when the last one
 * was made, and which it is.
 */
#ifndef SPARKGATE_PROXY_ADMIN_TOKEN_CURSOR_H
#define SPARKGATE_PROXY_ADMIN_TOKEN_CURSOR_H

#include "auth/token/token_manager.h"

enum { TOKEN_CURSOR_MAX = 64 };

void token_cursor_write(const struct store_token *last, char out[static TOKEN_CURSOR_MAX]);
/* False: it is none that was written here. */
MUST_CHECK bool token_cursor_read(const char *cursor, struct store_token_query *query);

#endif
