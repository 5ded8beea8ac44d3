#include "proxy/rewrite/html_tag.h"

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
