/*
 * auth/device/device_code.h - the two codes of a program that asks for a person's tokens (RFC
 * 8628): one that it keeps, and one that a person reads and types.
 *
 * Pure but for randomness; any thread.
 */
#ifndef SPARKGATE_AUTH_DEVICE_DEVICE_CODE_H
#define SPARKGATE_AUTH_DEVICE_DEVICE_CODE_H

#include "base/text/digest.h"

enum {
	DEVICE_CODE = 49,   /* "sgdc_", 256 random bits in base64url, NUL */
	DEVICE_LETTERS = 8, /* of 20: more than 34 bits (S136) */
	USER_CODE = 10,	    /* "WXYZ-WXYZ" and its NUL */
};

void device_code_new(char out[static DEVICE_CODE]); /* a secret: wipe it */
/* False: it can be no such code. */
MUST_CHECK bool device_code_digest(struct str code, unsigned char out[static DIGEST_LEN]);
void user_code_new(char out[static USER_CODE]);
/* As people type it: in any case, with other signs between or none. `shown` is how it was shown. */
MUST_CHECK bool user_code_read(
	struct str typed, char shown[static USER_CODE], unsigned char out[static DIGEST_LEN]);

#endif
