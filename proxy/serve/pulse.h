/*
 * proxy/serve/pulse.h - whether the threads' loops turn: what /ping knows of the server threads
 * (S54).
 *
 * Each loop counts its turns; the keeper looks at the counters once a second, and counts the
 * looks that found nothing new. So a process that was stopped as a whole, or a machine that slept,
 * is not mistaken for a thread that hangs. One thread, the keeper's.
 */
#ifndef SPARKGATE_PROXY_SERVE_PULSE_H
#define SPARKGATE_PROXY_SERVE_PULSE_H

#include "base/sbuf.h"

struct event_base;
struct pulse;

enum { PULSE_STALLED_S = 10 };

/* Turns of the loop of thread `number`, from 0; any thread. */
typedef unsigned pulse_on_look(void *arg, size_t number);

struct pulse *pulse_new(struct event_base *base, size_t threads, pulse_on_look *look, void *arg);
void pulse_free(struct pulse *pulse);
/* One look, as once a second. */
void pulse_look(struct pulse *pulse);
/* There is a thread that has not turned for PULSE_STALLED_S. */
bool pulse_is_stalled(const struct pulse *pulse);
/* Adds a line for each thread that has not turned for PULSE_STALLED_S; true: there is one. */
bool pulse_tell_stalled(const struct pulse *pulse, struct sbuf *out);

#endif
