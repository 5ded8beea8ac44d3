/* The assembler reads the files, by paths from the root of the tree, where every build runs. */
#include "proxy/pages/page_static.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdio.h>

#define HIDDEN __attribute__((visibility("hidden")))
#define EMBED(symbol, file)                                                                        \
	__asm__(".section .rodata\n" #symbol ":\n.incbin \"" file "\"\n" #symbol                   \
		"_end:\n.byte 0\n.previous\n");                                                    \
	extern const unsigned char symbol[] HIDDEN, symbol##_end[] HIDDEN

EMBED(page_static_css, "proxy/pages/static/gateway.css");
EMBED(page_static_icon, "proxy/pages/static/favicon.svg");
EMBED(page_static_session, "proxy/pages/static/session.js");
EMBED(page_static_sign_in, "proxy/pages/static/sign-in.js");
EMBED(page_static_tokens, "proxy/pages/static/tokens.js");
EMBED(page_static_follow_log, "proxy/pages/static/follow-log.js");
EMBED(page_static_way_back, "proxy/pages/static/way-back.css");
EMBED(page_static_openapi, "proxy/pages/static/openapi.json");

enum { ETAG_MAX = 32, HREF_MAX = 80 };

static struct page_static files[] = {
	[PAGE_STATIC_CSS] = {.path = "gateway.css",
		.content_type = "text/css; charset=utf-8",
		.bytes = page_static_css},
	[PAGE_STATIC_ICON] = {.path = "favicon.svg",
		.content_type = "image/svg+xml",
		.bytes = page_static_icon},
	[PAGE_STATIC_SESSION] = {.path = "session.js",
		.content_type = "text/javascript; charset=utf-8",
		.bytes = page_static_session},
	[PAGE_STATIC_SIGN_IN] = {.path = "sign-in.js",
		.content_type = "text/javascript; charset=utf-8",
		.bytes = page_static_sign_in},
	[PAGE_STATIC_TOKENS] = {.path = "tokens.js",
		.content_type = "text/javascript; charset=utf-8",
		.bytes = page_static_tokens},
	[PAGE_STATIC_FOLLOW_LOG] = {.path = "follow-log.js",
		.content_type = "text/javascript; charset=utf-8",
		.bytes = page_static_follow_log},
	[PAGE_STATIC_WAY_BACK] = {.path = "way-back.css",
		.content_type = "text/css; charset=utf-8",
		.bytes = page_static_way_back},
	[PAGE_STATIC_OPENAPI] = {.path = "openapi.json",
		.content_type = "application/json",
		.bytes = page_static_openapi},
};
static char etags[ARRAY_LEN(files)][ETAG_MAX], hrefs[ARRAY_LEN(files)][HREF_MAX];
static pthread_once_t measured = PTHREAD_ONCE_INIT;

/* Lengths are known only to the linker; the entity tag must be the same on every replica. */
static void measure_files(void)
{
	static const unsigned char *const ends[] = {page_static_css_end, page_static_icon_end,
		page_static_session_end, page_static_sign_in_end, page_static_tokens_end,
		page_static_follow_log_end, page_static_way_back_end, page_static_openapi_end};

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct page_static *f = &files[i];
		f->len = (size_t)(ends[i] - f->bytes);
		uint32_t hash = str_hash((struct str){(const char *)f->bytes, f->len});
		snprintf(etags[i], ETAG_MAX, "\"%08x-%zx\"", hash, f->len);
		f->etag = etags[i];
		/* The version in the address lets browsers keep a file until it changes. */
		snprintf(hrefs[i], HREF_MAX, "/_gate/static/%s?v=%08x-%zx", f->path, hash, f->len);
		f->href = hrefs[i];
	}
}

const struct page_static *page_static_find(struct str path)
{
	pthread_once(&measured, measure_files);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		if (str_eq(path, str_of(files[i].path)))
			return &files[i];
	}
	return NULL;
}

const char *page_static_href(enum page_static_file file)
{
	pthread_once(&measured, measure_files);
	return files[file].href;
}
