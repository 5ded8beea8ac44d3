/*
 * conf/values/keywords.h - every key of the configuration, once: where it stands, its type, default
 * and bounds, and what it is for.
 *
 * Loading, checking, printing, freeing and the documentation (tests/meta) all follow this table.
 */
#ifndef SPARKGATE_CONF_VALUES_KEYWORDS_H
#define SPARKGATE_CONF_VALUES_KEYWORDS_H

#include "base/str.h"
#include "conf/values/values.h"

enum keyword_shape {
	KEYWORD_VALUE,	/* one scalar */
	KEYWORD_VALUES, /* a list of scalars */
	KEYWORD_PAIRS,	/* a map of scalars whose keys are somebody else's */
	KEYWORD_GROUP,	/* a map of other keywords */
	KEYWORD_GROUPS, /* a list of such maps */
};

struct keyword {
	const char *path; /* "server.limits.head"; "[]" after a list of maps: "clusters[].name" */
	const char *help; /* one line for people, in the README too */
	enum keyword_shape shape;
	const struct value_type *type; /* of a value or of each value of a list */
	size_t at;		       /* the field, from the start of the struct it is in */
	size_t count_at;	       /* of lists: the size_t that counts */
	size_t item_size;	       /* of lists, bytes */
	const char *fallback;	       /* the default as one would write it; list: "a, b" */
	bool is_required;
	/* One item may stand there without brackets. Keys of such a group have no "[]" in their
	 * paths. */
	bool takes_one;
	bool is_optional; /* a group that counts only where it is written: a bool at `at` says so */
	int64_t min, max; /* of a number, in its own unit; of a list: max items */
	const char *const *choices; /* NULL at the end */
};

extern const struct keyword keywords[];
extern const size_t keywords_count;

/* True when `path` is `prefix` and one word more; `prefix` is "" for the top. */
bool keyword_is_child(const char *path, const char *prefix);
/* The last word of a path: "head" of "server.limits.head". Borrows. */
const char *keyword_leaf(const char *path);
/* The row or NULL. */
const struct keyword *keyword_find(const char *path);
/* The row of a secret's file, "auth.oidc.client_secret_file", when somebody writes the secret's own
 * name, "auth.oidc.client_secret". NULL: none. */
const struct keyword *keyword_find_file(const char *path);
/* Gives what the paths of a list's items begin with: "clusters[]", and "auth.oidc" where one may
 * stand alone. */
char *keyword_prefix(const struct keyword *row);
/* A list's items, wherever the row keeps them in `base`, and their number. Borrows. */
char *keyword_items(const struct keyword *row, const void *base, size_t *count);
/* The path of the key one most likely meant: nearest in spelling among `prefix`'s, unless the very
 * word is a key elsewhere. Never NULL. */
const char *keyword_nearest(const char *prefix, struct str leaf);
/* Steps between two spellings (one letter more, less or other, or two swapped), at most 99. */
unsigned keyword_distance(struct str a, struct str b);

#endif
