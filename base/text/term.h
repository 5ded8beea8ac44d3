/*
 * base/text/term.h - other people's text on somebody's terminal: cut to what fits, and nothing in
 * it that the terminal would obey or that would turn the line around.
 *
 * Widths are in cells, the columns of a terminal: most characters take one, CJK and emoji two,
 * combining marks none.
 */
#ifndef SPARKGATE_BASE_TEXT_TERM_H
#define SPARKGATE_BASE_TEXT_TERM_H

#include "base/sbuf.h"

#include <stdio.h>

/* Cells of a line of the terminal that `out` is; 0: it is none. At least 20 else. */
size_t term_width(FILE *out);
/* Adds at most `most` cells of `text`; what was cut ends in an ellipsis. Bytes that are not UTF-8,
 * control and formatting characters become U+FFFD. Gives the cells added. */
size_t term_add(struct sbuf *out, struct str text, size_t most);
/* Cells that all of `text` takes. */
size_t term_cells(struct str text);

#endif
