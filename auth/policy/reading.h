/*
 * auth/policy/reading.h - every way in which the server behind may read a path (S42).
 *
 * A server decodes a path once. One that passes it on decoded, as a master with
 * spark.ui.reverseProxy or YARN does, has it decoded again by the next, and nobody knows how many
 * there are: so each decoding is a reading, until there is nothing left to decode. Pure.
 */
#ifndef SPARKGATE_AUTH_POLICY_READING_H
#define SPARKGATE_AUTH_POLICY_READING_H

#include "base/text/url.h"

enum { READING_PATH_MAX = TARGET_PATH_MAX }; /* S4 */

struct reading {
	struct str plain; /* "/a/b": decoded, without empty segments, what follows ';', '?' or '#'
			     in one, and a last slash; borrows from here */
	bool is_trick;	  /* after the last one: no server should be shown this path */
	/* its own */
	bool is_spark;
	int depth;
	struct str text; /* as the server at this depth gets it */
	char decoded[READING_PATH_MAX], buf[READING_PATH_MAX + 2];
};

/* Borrows `path`, which begins with a slash. Of Spark's UIs more is known, and so more is a trick.
 */
void reading_init(struct reading *r, struct str path, bool is_spark);
/* The next one into r->plain; false: there are no more. */
bool reading_next(struct reading *r);

#endif
