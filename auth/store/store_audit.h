/*
 * auth/store/store_audit.h - an event of the audit as the stores keep it: who did what, when, with
 * which application (S77).
 *
 * An event is one audit line. Its fields are a JSON object; what events are looked for by stands
 * beside. Its id begins with its time, so that ids are in the order of events. Pure.
 */
#ifndef SPARKGATE_AUTH_STORE_STORE_AUDIT_H
#define SPARKGATE_AUTH_STORE_STORE_AUDIT_H

#include "base/mem.h"
#include "base/str.h"

enum {
	STORE_AUDIT_EVENTS = 100000,   /* the last ones are kept */
	STORE_AUDIT_FIELDS = 8 * 1024, /* bytes of one's JSON */
	STORE_AUDIT_BYTES = 16 * 1024, /* of all its texts together */
	STORE_AUDIT_LOOK = 20 * 1000,  /* events, by one list */
	STORE_AUDIT_PAGE = 1000,       /* events, of one list */
	STORE_AUDIT_STAMP = 12,	       /* hexadecimal digits of milliseconds */
	STORE_AUDIT_ID = 32 + 1,       /* those and 20 of chance; with its NUL */
};

struct store_audit { /* borrowed texts, none of them NULL; without control characters */
	char id[STORE_AUDIT_ID];
	const char *user, *action; /* who, and what kind */
	const char *app_id, *app_name;
	const char *fields; /* JSON */
};
typedef void store_on_audit(void *arg, const struct store_audit *event);

struct store_audit_query {
	const char *user, *action;   /* NULL: any */
	const char *app;	     /* an application's id or name; NULL: any */
	int64_t from_ms, until_ms;   /* wall milliseconds: from this on, before that; 0: no limit */
	char before[STORE_AUDIT_ID]; /* id of the last one seen; "": from the newest */
	size_t limit;		     /* at most STORE_AUDIT_PAGE */
};

/* An id for an event of this time, unlike any other. */
void store_audit_new_id(int64_t wall_ms, char out[static STORE_AUDIT_ID]);
/* Whether it is one. */
bool store_audit_is_id(struct str text);
int64_t store_audit_time(const char *id); /* wall milliseconds */
/* Where events of this time begin among ids. */
void store_audit_stamp(int64_t wall_ms, char out[static STORE_AUDIT_STAMP + 1]);
/* Ids of a page are below `below`, and not below `from`. */
void store_audit_bounds(const struct store_audit_query *query, char below[static STORE_AUDIT_ID],
	char from[static STORE_AUDIT_STAMP + 1]);
bool store_audit_is_wanted(const struct store_audit_query *query, const struct store_audit *event);

/* One text of all of it, as Redis has it: at most STORE_AUDIT_BYTES. Gives; free() it. */
char *store_audit_pack(const struct store_audit *event, size_t *len);
/* Takes `text` apart, in place. False: a gateway has not written it. */
MUST_CHECK bool store_audit_unpack(char *text, size_t len, struct store_audit *out);

#endif
