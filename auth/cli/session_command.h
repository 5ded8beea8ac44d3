/*
 * auth/cli/session_command.h - `sparkgate session list|end`: who is signed in, and an end to it,
 * with the gateway running or not.
 *
 * Works on the store and the key ring themselves: a list shows what labels say, and never a cookie
 * or a token. A running gateway notices within a second.
 */
#ifndef SPARKGATE_AUTH_CLI_SESSION_COMMAND_H
#define SPARKGATE_AUTH_CLI_SESSION_COMMAND_H

#include "base/mem.h"

#include <stdio.h>

/* argv[0] is "session". Gives the exit code: 0 fine, 1 refused, 2 usage. */
int session_command(int argc, char **argv);
/* Same, into these streams. */
int session_command_run(int argc, char **argv, FILE *out, FILE *err);

#endif
