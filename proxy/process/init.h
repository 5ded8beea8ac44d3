/*
 * proxy/process/init.h - `sparkgate init`: writes a configuration of what flags, or a person at a
 * terminal, say, and checks it before anybody sees it.
 *
 * The file is its owner's alone (0600), or also of the group that the package's service has (0640).
 * One that is there stays, but with --force.
 */
#ifndef SPARKGATE_PROXY_PROCESS_INIT_H
#define SPARKGATE_PROXY_PROCESS_INIT_H

#include <stdio.h>

/* argv[0] is "init". Gives the exit code: 0 fine, 1 refused, 2 usage. */
int init_command(int argc, char **argv);
/* Same, from and into these streams; asks if `in` is a terminal. */
int init_command_run(int argc, char **argv, FILE *in, FILE *out, FILE *err);

#endif
