#include "proxy/rewrite/html_tag.h"

#include "base/mem.h"

const unsigned char html_classes[256] = {
	['a' ... 'z'] = HTML_LETTER,
	['A' ... 'Z'] = HTML_LETTER,
	[' '] = HTML_SPACE | HTML_NAME_END,
	['\n'] = HTML_SPACE | HTML_NAME_END,
	['\t'] = HTML_SPACE | HTML_NAME_END,
	['\r'] = HTML_SPACE | HTML_NAME_END,
	['\f'] = HTML_SPACE | HTML_NAME_END,
	['/'] = HTML_NAME_END,
	['>'] = HTML_NAME_END,
	['='] = HTML_EQUALS,
};

const char *html_raw_of(struct str name)
{
	static const char *const words[] = {"script", "style", "title", "textarea", "xmp", "iframe",
		"noembed", "noframes", "plaintext"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (str_eq_nocase(name, str_of(words[i])))
			return words[i];
	}
	return NULL;
}
