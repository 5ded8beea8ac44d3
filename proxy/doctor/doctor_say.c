/* A line for each thing that was tried. */
#include "proxy/doctor/doctor_int.h"

#include "base/text/term.h"

#include <stdarg.h>

enum { TEXT_MAX = 600, SHOWN_MAX = 4 * TEXT_MAX };

/* What a server said may hold anything; a terminal gets nothing that it would obey (S40). */
static void print_text(FILE *out, const char *text)
{
	struct sbuf shown;

	sbuf_init(&shown, SHOWN_MAX);
	(void)term_add(&shown, str_of(text), TEXT_MAX);
	if (shown.len > 0)
		fwrite(shown.at, 1, shown.len, out);
	sbuf_clear(&shown);
}

static void PRINTF(4, 0)
	say(struct doctor *d, const char *verdict, const char *what, const char *fmt, va_list ap)
{
	char text[TEXT_MAX];

	vsnprintf(text, sizeof text, fmt, ap);
	fprintf(d->out, "%-6s ", verdict);
	print_text(d->out, what);
	fputs(": ", d->out);
	print_text(d->out, text);
	fputc('\n', d->out);
	fflush(d->out);
}

void doctor_fine(struct doctor *d, const char *what, const char *how_fmt, ...)
{
	va_list ap;

	va_start(ap, how_fmt);
	say(d, "fine", what, how_fmt, ap);
	va_end(ap);
	d->fine++;
}

void doctor_note(struct doctor *d, const char *what, const char *how_fmt, ...)
{
	va_list ap;

	va_start(ap, how_fmt);
	say(d, "note", what, how_fmt, ap);
	va_end(ap);
	d->notes++;
}

void doctor_wrong(struct doctor *d, const char *what, const char *todo, const char *why_fmt, ...)
{
	va_list ap;

	va_start(ap, why_fmt);
	say(d, "wrong", what, why_fmt, ap);
	va_end(ap);
	fprintf(d->out, "       -> %s\n", todo);
	d->wrong++;
}
