/* tests/support/conf_probe.h - configurations out of text, as tests say them. */
#ifndef SPARKGATE_TESTS_CONF_PROBE_H
#define SPARKGATE_TESTS_CONF_PROBE_H

#include "conf/conf.h"

/* Gives the conf of the text, read as "sg.yaml" with no look at files; fails the test with the
 * message when it is refused. */
struct conf *conf_probe_load(const char *text);
/* The same of a file of this text that is written into the folder; NULL and a message: refused.
 * Takes the text. */
struct conf *conf_probe_load_file(const char *folder, char *text, struct err *err);
/* Gives what --print-config prints. */
char *conf_probe_print(const struct conf *conf);
/* Printing it and loading that prints the same. */
void conf_probe_assert_round_trip(const struct conf *conf);

struct conf_refusal {
	const char *text;
	const char *message; /* the whole, or its beginning when it ends in "..." */
};
void conf_probe_assert_message(const char *what, const char *got, const char *want);
/* Gives the message that a text is refused with. */
char *conf_probe_message(const char *text);
/* Each text is refused with its message. */
void conf_probe_assert_refused(const struct conf_refusal *rows, size_t count);

#endif
