/*
 * auth/device/device_pace.h - how often each program that waits asks whether it may go on (RFC 8628
 * §3.5): who asks too soon costs no look into the store (S138).
 *
 * A place for 1,024 of them: who shares one with another is not slowed down. One thread.
 */
#ifndef SPARKGATE_AUTH_DEVICE_DEVICE_PACE_H
#define SPARKGATE_AUTH_DEVICE_DEVICE_PACE_H

#include "base/text/digest.h"

enum { DEVICE_PACE_S = 5 /* between two questions */, DEVICE_PACE_SLACK_MS = 1000 };

struct device_pace;

struct device_pace *device_pace_new(void);
void device_pace_free(struct device_pace *pace); /* NULL is fine */
/* Whether it may ask now; then the next time is counted from now. */
MUST_CHECK bool device_pace_ask(
	struct device_pace *pace, const unsigned char key[static DIGEST_LEN], int64_t now_ms);

#endif
