/* auth/token/token_json.h - a token on record as the command line and the API show it. */
#ifndef SPARKGATE_AUTH_TOKEN_TOKEN_JSON_H
#define SPARKGATE_AUTH_TOKEN_TOKEN_JSON_H

#include "auth/token/issue.h"

#include <jansson.h>

json_t *token_json(const struct store_token *token); /* gives; never a secret */
/* Gives; with the secrets, for who has just made it. */
json_t *token_json_new(const struct store_token *token, const struct token_secrets *secrets);

#endif
