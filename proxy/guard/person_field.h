/*
 * proxy/guard/person_field.h - a person's name as a header field that UIs and ingresses read (S10,
 * S70).
 *
 * Names come from providers, so they may be any text; what is written is ASCII that reads one way.
 */
#ifndef SPARKGATE_PROXY_GUARD_PERSON_FIELD_H
#define SPARKGATE_PROXY_GUARD_PERSON_FIELD_H

#include "base/sbuf.h"
#include "base/str.h"

enum { PERSON_FIELD_VALUE = 768 }; /* bytes of a value: 4 KiB for an answer's seven (S-ext) */
/* Adds a field with `value` as text (S10): as it is if it is plain ASCII, else as an ext-value of
 * RFC 8187 (UTF-8''...). False: it is too long, and the field is there without it. */
bool person_field_add(struct sbuf *out, struct str name, struct str value);
/* It names somebody, has no control character, and is not too long. */
bool person_field_is_fit(struct str value);

#endif
