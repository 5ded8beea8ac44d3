/*
 * proxy/process/explain.h - `sparkgate explain`: whether somebody with these claims may do a
 * request, by which rows of auth.roles, and what is missing.
 *
 * By the functions that judge requests, on a made-up snapshot (explain_world.h). No network, no
 * store.
 */
#ifndef SPARKGATE_PROXY_PROCESS_EXPLAIN_H
#define SPARKGATE_PROXY_PROCESS_EXPLAIN_H

#include <stdio.h>

/* argv[0] is "explain". Gives the exit code: 0 allowed, 1 refused or no answer, 2 usage. */
int explain_command(int argc, char **argv);
/* Same, into these streams. */
int explain_run(int argc, char **argv, FILE *out, FILE *err);

#endif
