/*
 * auth/store/store_sizes.h - how long the texts of a record may be, and bytes that are nobody's
 * text.
 */
#ifndef SPARKGATE_AUTH_STORE_STORE_SIZES_H
#define SPARKGATE_AUTH_STORE_STORE_SIZES_H

#include <stddef.h>

/* Characters, as people and the API's description count them. */
enum { STORE_CLIENT_CHARS = 128, STORE_SUBJECT_CHARS = 255, STORE_NOTE_CHARS = 512 };

enum { /* sizes of texts, their NUL included; what does not fit is refused before it gets here */
	STORE_ID = 40,
	STORE_CLIENT = 4 * STORE_CLIENT_CHARS + 1,
	STORE_ISSUER = 512,
	STORE_SUBJECT = 4 * STORE_SUBJECT_CHARS + 1,
	STORE_NOTE = 4 * STORE_NOTE_CHARS + 1,
	STORE_FROM = 64,
	STORE_SCOPE = 513,
	STORE_STANDING = 8193,
};

enum { STORE_SEALED = 48 * 1024, STORE_LABEL = 4 * 1024, STORE_PAGE = 100, STORE_PURGE = 100 };

struct store_bytes {	   /* sealed, or a text of ours */
	unsigned char *at; /* owned by the struct it is in; NULL: empty */
	size_t len;	   /* at most STORE_SEALED, for a label STORE_LABEL */
};

#endif
