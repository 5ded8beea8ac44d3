/* The gateway's own files, put into the binary by the assembler: nothing to install, nothing to find. */
#include "proxy/page.h"

#include <pthread.h>
#include <stdio.h>

#define EMBED(name, file)                                                                                              \
	__asm__(".section .rodata\n.balign 16\n" #name ":\n.incbin \"proxy/static/" file "\"\n" #name                   \
		"_end:\n.byte 0\n.previous\n");                                                                        \
	extern const unsigned char name[], name##_end[]

EMBED(page_file_css, "gateway.css");
EMBED(page_file_icon, "favicon.svg");

enum { FILES = 2 };

static struct page_static files[FILES];
static char etags[FILES][16];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill(size_t i, const char *path, const char *type, const unsigned char *from, const unsigned char *to)
{
	struct str bytes = {(const char *)from, (size_t)(to - from)};

	snprintf(etags[i], sizeof etags[i], "\"%08x\"", str_hash(bytes));
	files[i] = (struct page_static){path, type, etags[i], from, bytes.len};
}

static void fill_all(void)
{
	fill(0, "gateway.css", "text/css; charset=utf-8", page_file_css, page_file_css_end);
	fill(1, "favicon.svg", "image/svg+xml", page_file_icon, page_file_icon_end);
}

const struct page_static *page_static_find(struct str path)
{
	pthread_once(&once, fill_all);
	for (size_t i = 0; i < FILES; i++) {
		if (str_eq(path, str_of(files[i].path)))
			return &files[i];
	}
	return NULL;
}
