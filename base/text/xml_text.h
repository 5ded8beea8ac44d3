/*
 * base/text/xml_text.h - XML as programs write it, read piece by piece: elements and text.
 *
 * Strict and small: no document types, so no entities but XML's own five and numbers; no comments,
 * CDATA sections or processing instructions but the declaration at the beginning. What attributes
 * say is passed over. Borrows the text. Pure.
 */
#ifndef SPARKGATE_BASE_TEXT_XML_TEXT_H
#define SPARKGATE_BASE_TEXT_XML_TEXT_H

#include "base/mem.h"
#include "base/str.h"

enum { XML_DEPTH = 16 };

enum xml_event {
	XML_OPEN,  /* an element begins: `value` is its name, with its prefix if it has one */
	XML_TEXT,  /* of the element that is open: `value`, which xml_decode() reads */
	XML_CLOSE, /* it ends: `value` is its name */
	XML_END,   /* the root has ended, and nothing is behind it */
	XML_BAD,   /* it is not well-formed, or uses what is not read here */
};

struct xml_reader {
	struct str rest;
	struct str open[XML_DEPTH];
	unsigned depth;
	bool is_begun, closes_at_once;
};

void xml_begin(struct xml_reader *reader, struct str text);
/* After XML_END and XML_BAD nothing else comes. */
MUST_CHECK enum xml_event xml_next(struct xml_reader *reader, struct str *value);
/* Writes text with its references resolved, as UTF-8, and a NUL. False: there is another reference,
 * U+0000, or no room. */
MUST_CHECK bool xml_decode(struct str text, char *out, size_t size);

#endif
