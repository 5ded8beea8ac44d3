/*
 * conf/load/user_map.h - auth.user_map_file: lines of a claim's value and a Spark user.
 *
 * Empty lines and those that begin with '#' say nothing. A value may have spaces: the user is the
 * line's last word. At most 100,000 lines.
 */
#ifndef SPARKGATE_CONF_LOAD_USER_MAP_H
#define SPARKGATE_CONF_LOAD_USER_MAP_H

#include "base/err.h"
#include "base/str.h"

struct conf_user_map;

/* Fills the map, ordered by value. -1 and the line's number with what is wrong: no two words, a
 * control character, or a value that is there twice. */
MUST_CHECK int user_map_parse(struct str text, struct conf_user_map *map, struct err *err);

#endif
