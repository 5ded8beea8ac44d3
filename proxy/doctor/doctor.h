/*
 * proxy/doctor/doctor.h - `sparkgate doctor`: tries everything that a configuration names, and says
 * of each whether it is fine, or what is wrong and what to do.
 *
 * It asks as the gateway does: by its tokens, authorities and accounts. Nothing is changed, but for
 * one word in the store; secrets are never shown.
 */
#ifndef SPARKGATE_PROXY_DOCTOR_DOCTOR_H
#define SPARKGATE_PROXY_DOCTOR_DOCTOR_H

#include <stdio.h>

/* argv[0] is "doctor". Gives the exit code: 0 all is fine, 1 something is wrong, 2 usage. */
int doctor_command(int argc, char **argv);
/* Same, into this stream. */
int doctor_command_run(int argc, char **argv, FILE *out);

#endif
