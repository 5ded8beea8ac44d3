/*
 * base/text/arguments.h - a command line, read by getopt_long(): "--name VALUE", "--name=VALUE",
 * switches, operands, and "--" before operands that begin with a dash.
 *
 * Options are taken by their whole name only: an abbreviation that is clear today would be another
 * option's tomorrow. getopt's state is the process's, so one command line is read at a time.
 */
#ifndef SPARKGATE_BASE_TEXT_ARGUMENTS_H
#define SPARKGATE_BASE_TEXT_ARGUMENTS_H

#include "base/err.h"

#include <getopt.h>
#include <stdbool.h>

enum { ARGUMENTS_MAX = 24 };

/* What arguments_next() gives beside an option's number. */
enum {
	ARGUMENTS_END = -1,
	ARGUMENTS_OPERAND = -2,
	ARGUMENTS_HELP = -3, /* --help or -h, which nobody has to add */
	ARGUMENTS_WRONG = -4,
};

struct arguments {
	int argc;
	char **argv; /* borrowed */
	bool rest_is_operands;
	size_t count;
	struct option options[ARGUMENTS_MAX + 2]; /* help, those added, zeros */
};

/* argv[0] is skipped. */
void arguments_init(struct arguments *arguments, int argc, char **argv);
/* `name` with its "--"; borrowed. The first one added is number 0, the next 1. */
void arguments_add(struct arguments *arguments, const char *name, bool is_switch);
/* The next option's number, or one of the above; wrong with a reason. `*value` is an option's or an
 * operand; NULL of a switch. */
MUST_CHECK int arguments_next(struct arguments *arguments, const char **value, struct err *err);

#endif
