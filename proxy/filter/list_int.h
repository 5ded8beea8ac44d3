/* proxy/filter/list_int.h - what the files of a list filter share: their states, and where bytes
 * go. */
#ifndef SPARKGATE_PROXY_FILTER_LIST_INT_H
#define SPARKGATE_PROXY_FILTER_LIST_INT_H

#include "proxy/filter/json_item.h"
#include "proxy/filter/list_filter.h"
#include "proxy/rewrite/rewrite_sink.h"

enum { LIST_HOLD_MAX = 32 * 1024, LIST_TAG_MAX = 8 * 1024, LIST_KEY_MAX = 64 };

struct json_list {
	int state;
	int rule;		      /* of the member being read */
	unsigned depth;		      /* of the value being read */
	bool in_string;		      /* in it */
	bool is_escaped;	      /* the next byte belongs to a backslash */
	bool is_scalar;		      /* it ends at what cannot be in a number or a word */
	bool is_too_long;	      /* what is held of it is not all */
	bool in_array;		      /* an element of a list is read, not a member */
	bool any_member, any_element; /* was written: a comma comes before the next */
};

struct html_list {
	int state;
	int unit;	  /* what is held: enum html_unit */
	bool rows_open;	  /* of this table: they name no application */
	char quote;	  /* in a tag: around the value; 0: none */
	bool is_too_long; /* the tag: what is collected of it is not all */
	unsigned matched; /* bytes of "<!--" or "-->" seen */
	bool past_head;	  /* <body> has come */
	unsigned said;	  /* bytes of what an application's page says of itself */
	const char *raw;  /* the element whose text is read: "script"; NULL: none */
	struct sbuf tag;
};

struct list_filter {
	enum list_kind kind;
	struct list_context context;
	uint64_t left; /* of the limit */
	struct sink sink;
	struct sbuf hold;
	struct json_item item;
	struct json_list json;
	struct html_list html;
};

/* Each reads one chunk. */
void list_json_chunk(struct list_filter *filter, const char *p, const char *end);
void list_html_chunk(struct list_filter *filter, const char *p, const char *end);
void list_page_chunk(struct list_filter *filter, const char *p, const char *end);
void list_page_end(struct list_filter *filter); /* that was all */

#endif
