/*
 * tests/support/filter_world.h - a list through its filter, whole and in pieces.
 */
#ifndef SPARKGATE_TESTS_FILTER_WORLD_H
#define SPARKGATE_TESTS_FILTER_WORLD_H

#include "proxy/filter/list_filter.h"

/* Who reads: sees the applications of this id, or of this user where the list says one; NULL: of
 * none. */
struct filter_reader {
	const char *id, *user;
	uint64_t limit; /* 0: none */
};

/* Gives all that comes out. `piece` bytes are fed at a time; 0: all at once. */
char *filter_world_read(
	enum list_kind kind, const struct filter_reader *reader, struct str text, size_t piece);
/* The same after it came out the same in pieces of many sizes; else the test fails. */
char *filter_world_pieces(enum list_kind kind, const struct filter_reader *reader, struct str text);

#endif
