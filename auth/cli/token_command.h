/*
 * auth/cli/token_command.h - `sparkgate token create|list|show|revoke|disable|enable`: tokens from
 * the command line, with the gateway running or not.
 *
 * Works on the store and the key themselves, as the platform's administrator: who can read those
 * has all there is. On a terminal a table, else JSON; a token's secret is printed once, when it is
 * made, and never taken as an argument.
 */
#ifndef SPARKGATE_AUTH_CLI_TOKEN_COMMAND_H
#define SPARKGATE_AUTH_CLI_TOKEN_COMMAND_H

#include "base/mem.h"

#include <stdio.h>

/* argv[0] is "token". Gives the exit code: 0 fine, 1 refused, 2 usage. */
int token_command(int argc, char **argv);
/* Same, into these streams. */
int token_command_run(int argc, char **argv, FILE *out, FILE *err);

#endif
