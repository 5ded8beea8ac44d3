#include "base/text/term.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH_LEAST = 20, WIDTH_USUAL = 80 };

static const char replacement[] = "\xef\xbf\xbd", ellipsis[] = "\xe2\x80\xa6";

/* --- how wide --- */

static size_t clamp(size_t width)
{
	return width < WIDTH_LEAST ? WIDTH_LEAST : width;
}

size_t term_width(FILE *out)
{
	struct winsize size = {.ws_col = 0};
	const char *columns = getenv("COLUMNS");
	uint64_t told = 0;

	if (!isatty(fileno(out)))
		return 0;
	if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return clamp(size.ws_col);
	/* A terminal that does not know, as those of serial lines and recorders. */
	if (columns && str_to_u64(str_of(columns), &told) && told > 0 && told < 10000)
		return clamp((size_t)told);
	return WIDTH_USUAL;
}

/* --- what a character does --- */

enum { BANNED = -1 };

/* All others take one cell. Banned is what a terminal acts on (C0, DEL, C1), what turns the text
 * around (Trojan Source) and what is there but not to be seen. */
static const struct range {
	uint32_t from, to;
	int cells;
} ranges[] = {
	{0x0000, 0x001f, BANNED},
	{0x007f, 0x009f, BANNED},
	{0x00ad, 0x00ad, BANNED},
	{0x0300, 0x036f, 0},
	{0x061c, 0x061c, BANNED},
	{0x1100, 0x115f, 2},
	{0x180e, 0x180e, BANNED},
	{0x1ab0, 0x1aff, 0},
	{0x1dc0, 0x1dff, 0},
	{0x200b, 0x200f, BANNED},
	{0x2028, 0x202e, BANNED},
	{0x2060, 0x206f, BANNED},
	{0x20d0, 0x20ff, 0},
	{0x2e80, 0xa4cf, 2},
	{0xac00, 0xd7a3, 2},
	{0xe000, 0xf8ff, BANNED},
	{0xf900, 0xfaff, 2},
	{0xfe00, 0xfe0f, 0},
	{0xfe20, 0xfe2f, 0},
	{0xfe30, 0xfe6f, 2},
	{0xfeff, 0xfeff, BANNED},
	{0xff00, 0xff60, 2},
	{0xffe0, 0xffe6, 2},
	{0xfff0, 0xfffb, BANNED},
	{0x1f000, 0x1faff, 2},
	{0x20000, 0x3fffd, 2},
	{0xe0000, 0x10ffff, BANNED},
};

static int cells_of(uint32_t code)
{
	for (size_t i = 0; i < ARRAY_LEN(ranges) && ranges[i].from <= code; i++) {
		if (code <= ranges[i].to)
			return ranges[i].cells;
	}
	return 1;
}

struct glyph {
	struct str bytes; /* what is written for it */
	size_t cells;
};

/* Cuts the first character off `*text`, which is not empty. */
static struct glyph next_glyph(struct str *text)
{
	static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	size_t len = str_utf8_len(*text);
	struct glyph glyph = {{text->at, len}, 1};
	uint32_t code = len ? (unsigned char)text->at[0] & masks[len] : 0;

	for (size_t i = 1; i < len; i++)
		code = code << 6 | ((unsigned char)text->at[i] & 0x3f);
	int cells = len ? cells_of(code) : BANNED;
	*text = str_from(*text, len ? len : 1);
	if (cells == BANNED)
		glyph.bytes = STR(replacement);
	else
		glyph.cells = (size_t)cells;
	return glyph;
}

/* --- text --- */

size_t term_cells(struct str text)
{
	size_t cells = 0;

	while (text.len > 0)
		cells += next_glyph(&text).cells;
	return cells;
}

size_t term_add(struct sbuf *out, struct str text, size_t most)
{
	bool is_cut = term_cells(text) > most;
	size_t room = is_cut && most > 0 ? most - 1 : most, used = 0;

	while (text.len > 0) {
		struct glyph glyph = next_glyph(&text);

		if (used + glyph.cells > room)
			break;
		sbuf_add_str(out, glyph.bytes);
		used += glyph.cells;
	}
	if (!is_cut || most == 0)
		return used;
	sbuf_puts(out, ellipsis);
	return used + 1;
}
