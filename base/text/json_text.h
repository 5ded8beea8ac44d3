/*
 * base/text/json_text.h - JSON as text, and where jansson's small blocks come from.
 *
 * What jansson gives out as text is freed as it was allocated, which is not always free(): take
 * text from here, and hand back here what others had from jansson.
 */
#ifndef SPARKGATE_BASE_TEXT_JSON_TEXT_H
#define SPARKGATE_BASE_TEXT_JSON_TEXT_H

#include "base/err.h"
#include "base/str.h"

#include <jansson.h>

/* A value's blocks from base/block.h, for processes that read many. Before any other call of
 * jansson's. */
void json_text_use_pool(void);
/* What `text` holds, in which no object says a name twice; NULL with `err`. Gives. */
MUST_CHECK json_t *json_of_text(struct str text, struct err *err);
/* Gives compact text, for free() or secret_free(); NULL for NULL. */
char *json_text(const json_t *json);
/* Takes text that jansson allocated, or NULL. */
void json_text_drop(char *text);

#endif
