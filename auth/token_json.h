/* auth/token_json.h - a token on record as the command line and the API show it: never a secret. */
#ifndef SPARKGATE_AUTH_TOKEN_JSON_H
#define SPARKGATE_AUTH_TOKEN_JSON_H

#include "auth/store.h"

#include <jansson.h>

json_t *token_json(const struct store_token *token); /* gives */

#endif
