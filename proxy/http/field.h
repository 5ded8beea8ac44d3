/*
 * proxy/http/field.h - the header fields that mean something here, and what is to become of each.
 *
 * A field's name is looked up once, when it is read; from then on nobody compares names. What is
 * not in the table is passed on both ways. Pure.
 */
#ifndef SPARKGATE_PROXY_HTTP_FIELD_H
#define SPARKGATE_PROXY_HTTP_FIELD_H

#include "base/str.h"

enum field { /* those that are asked for */
	FIELD_OTHER,
	FIELD_ACCEPT,
	FIELD_ACCEPT_ENCODING,
	FIELD_AUTHORIZATION,
	FIELD_CACHE_CONTROL,
	FIELD_CONNECTION,
	FIELD_CONTENT_ENCODING,
	FIELD_CONTENT_LENGTH,
	FIELD_CONTENT_LOCATION,
	FIELD_CONTENT_TYPE,
	FIELD_COOKIE,
	FIELD_DATE,
	FIELD_EXPECT,
	FIELD_HOST,
	FIELD_IF_MODIFIED_SINCE,
	FIELD_IF_NONE_MATCH,
	FIELD_LAST_MODIFIED,
	FIELD_LINK,
	FIELD_LOCATION,
	FIELD_ORIGIN,
	FIELD_REFERER,
	FIELD_REFRESH,
	FIELD_SEC_FETCH_DEST,
	FIELD_SEC_FETCH_MODE,
	FIELD_SEC_FETCH_SITE,
	FIELD_SEC_WEBSOCKET_ACCEPT,
	FIELD_SEC_WEBSOCKET_KEY,
	FIELD_SERVICE_WORKER,
	FIELD_SET_COOKIE,
	FIELD_TRANSFER_ENCODING,
	FIELD_UPGRADE,
	FIELD_X_FORWARDED_FOR,
	FIELD_X_FORWARDED_HOST,
	FIELD_X_FORWARDED_METHOD,
	FIELD_X_FORWARDED_PROTO,
	FIELD_X_FORWARDED_URI,
	FIELD_X_ORIGINAL_METHOD,
	FIELD_X_ORIGINAL_URL,
	FIELD_X_REQUESTED_WITH,
	FIELD_COUNT
};

enum field_rule { /* several may hold */
	/* RFC 9110 §7.6.1, with the framing that each hop makes anew. */
	FIELD_IS_HOP = 1,
	/* S7, S70: what only a gateway may say, who asks above all: the words that UIs take it in
	 * from the proxy before them; Authorization and our cookies; tracing that fills Spark's
	 * 8 KiB (T53). conf/ingress/fields.tsv has the same names for ingresses. */
	FIELD_NOT_UPSTREAM = 2,
	/* S0: what would act beyond the mount: on the whole origin, on other hosts, on the
	 * gateway's own cookies. */
	FIELD_NOT_CLIENT = 4,
	/* Of no use, or wrong, once the content was changed on its way. */
	FIELD_NOT_REWRITTEN = 8,
	/* Of one answer and not of the file; the cache says itself how long and for whom it is
	 * good. */
	FIELD_NOT_KEPT = 16,
};

struct field_kind {
	unsigned char id;    /* enum field */
	unsigned char rules; /* of enum field_rule */
};

/* In any case of letters. */
struct field_kind field_kind_of(struct str name);

/*
 * S7, S70: CGI, WSGI, PHP and their kin read each character of a name that is no letter and no
 * digit as the same one, so that X_Forwarded-User and X.Forwarded.User are X-Forwarded-User to
 * them. A name with another one than the hyphen goes to no UI.
 */
enum { FIELD_NAME = 128 }; /* letters of a name that are compared: more than any of the table */
bool field_is_plain_name(struct str name); /* letters, digits, hyphens */
/* The name as they read it: hyphens for all the others. */
struct str field_plain_name(struct str name, char out[static FIELD_NAME]);
/* Reads as what no client may say, and is not written so: to get past who compares names. */
bool field_is_disguised(struct str name);
bool field_reads_as(struct str name, struct str other); /* in any case, in any of these spellings */
/* As it is written in messages: "X-Original-URL". */
const char *field_name(enum field id);

#endif
