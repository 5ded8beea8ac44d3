/*
 * auth/audit/audit_json.h - an event of the audit as the API and the page show it: JSON, and rows
 * of CSV (RFC 4180).
 *
 * A cell of CSV that a spreadsheet would take for a formula begins with an apostrophe: names and
 * paths are anybody's (S77). Pure.
 */
#ifndef SPARKGATE_AUTH_AUDIT_AUDIT_JSON_H
#define SPARKGATE_AUTH_AUDIT_AUDIT_JSON_H

#include "auth/store/store_audit.h"
#include "base/sbuf.h"

#include <jansson.h>

/* Gives an object: each known member, null where the event has none; whatever else its line says is
 * in `details`. NULL: no gateway has written it. */
json_t *audit_json(const struct store_audit *event);

void audit_csv_head(struct sbuf *out); /* names of the columns */
void audit_csv_row(struct sbuf *out, const json_t *event);

#endif
