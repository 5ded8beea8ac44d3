/*
 * auth/cli/link_command.h - `sparkgate link`: a new one-time sign-in link for the administrator, at
 * any time, for whoever may read the store.
 *
 * The one before it works no more. The store knows its digest only (S202).
 */
#ifndef SPARKGATE_AUTH_CLI_LINK_COMMAND_H
#define SPARKGATE_AUTH_CLI_LINK_COMMAND_H

#include <stdio.h>

/* argv[0] is "link". Gives the exit code: 0 fine, 1 refused, 2 usage. */
int link_command(int argc, char **argv);
/* Same, into these streams. */
int link_command_run(int argc, char **argv, FILE *out, FILE *err);

#endif
