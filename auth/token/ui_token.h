/*
 * auth/token/ui_token.h - what the gateway shows to Spark 4's JWSFilter (T57): a short JWS (HS256)
 * by the key of clusters[].jws_key_file, made once for all requests of the next half minute.
 *
 * It names nobody: who may do what was decided here. A driver's UI, which runs users' code, sees it
 * and can show it to others as long as it lives; so it lives briefly, and drivers may have a key of
 * their own. One thread for each `struct ui_tokens`.
 */
#ifndef SPARKGATE_AUTH_TOKEN_UI_TOKEN_H
#define SPARKGATE_AUTH_TOKEN_UI_TOKEN_H

#include "auth/policy/policy.h"
#include "base/mem.h"
#include "base/str.h"

struct conf;
struct ui_tokens;

/* Seconds. Spark's clock may be ahead of ours by the difference: the filter has no patience. */
enum { UI_TOKEN_LIFE = 120, UI_TOKEN_RENEWED = 30 };

struct ui_tokens *ui_tokens_new(void);
void ui_tokens_free(struct ui_tokens *tokens); /* NULL is fine; wipes */
/* For the UIs of this kind in this cluster of `conf`; `now_s` is wall time. Borrowed until the next
 * call; at == NULL: there is no key for them. UI_OTHER never has one. */
struct str ui_tokens_get(struct ui_tokens *tokens, const struct conf *conf, struct str cluster,
	enum ui_kind kind, int64_t now_s);
/* Shares `conf`, and forgets the one before it. */
void ui_tokens_use(struct ui_tokens *tokens, const struct conf *conf);

#endif
