/*
 * proxy/filter/json_item.h - whose one element of a list is: its id, its name and its user. Pure.
 *
 * Strict where it matters: an element that two readers could take for two applications (a key twice
 * or in escapes, no id, broken JSON, nested too deep) is nobody's.
 */
#ifndef SPARKGATE_PROXY_FILTER_JSON_ITEM_H
#define SPARKGATE_PROXY_FILTER_JSON_ITEM_H

#include "base/mem.h"
#include "base/str.h"

enum { JSON_ID_SIZE = 256, JSON_NAME_SIZE = 1024, JSON_USER_SIZE = 256 };

enum json_shape {
	JSON_HISTORY_APP, /* {id, name, attempts: [{sparkUser}]} */
	JSON_MASTER_APP,  /* {id, name, user} */
	JSON_EXECUTOR,	  /* {appid, appdesc: {name, user}} */
};

struct json_item {
	bool has_name, has_user; /* false: nobody said it, or too long, or no plain text */
	bool is_disputed;	 /* two users were named: then has_user is false */
	char id[JSON_ID_SIZE];
	char name[JSON_NAME_SIZE];
	char user[JSON_USER_SIZE];
};

enum json_found {
	JSON_ODD,    /* not all there, or nobody's */
	JSON_WHOLE,  /* read to its end */
	JSON_HIDDEN, /* read until it was known that nothing more can make it shown */
};
struct json_look {
	enum json_found found;
	const char *at; /* how far it was read */
	unsigned depth; /* JSON_HIDDEN: so many braces and brackets are open there */
};
struct json_ask { /* who wants to know */
	/* As soon as an id, a name and a user are known: what an element has besides can only take
	 * from it, since what nobody knows opens nothing. */
	bool (*shows)(const void *arg, const struct json_item *item);
	void (*soon)(const void *arg, const char *id); /* that will be asked of this one */
	const void *arg;
};
/* Reads one element from its first byte at p on; [p, end) may hold more behind it, or not all of
 * it. `ask` NULL: nobody asks. */
struct json_look json_item_look(enum json_shape shape, const char *p, const char *end,
	struct json_item *item, const struct json_ask *ask);

#endif
