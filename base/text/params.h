/*
 * base/text/params.h - parameters of application/x-www-form-urlencoded, in bodies and queries, and
 * percent decoding. One reading for everybody.
 */
#ifndef SPARKGATE_BASE_TEXT_PARAMS_H
#define SPARKGATE_BASE_TEXT_PARAMS_H

#include "base/sbuf.h"

enum params_found {
	PARAMS_ABSENT,
	PARAMS_FOUND,
	PARAMS_BAD, /* given twice, a broken escape, a NUL, or more than fits */
};
/* Decodes the value of the only parameter `name` into `out`. Names are compared as they are sent.
 */
MUST_CHECK enum params_found params_get(struct str params, const char *name, struct sbuf *out);

enum params_mode {
	PARAMS_FORM, /* '+' is a space; a broken escape is an error */
	PARAMS_PATH, /* a broken escape stands for itself */
};
/* Decodes `s` into `out`, which is emptied before. False for a NUL, an error or more than fits. */
MUST_CHECK bool params_decode(struct str s, enum params_mode mode, struct sbuf *out);

#endif
