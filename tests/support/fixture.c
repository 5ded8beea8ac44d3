#include "tests/support/fixture.h"

#include "base/sbuf.h"

#include <stdio.h>
#include <stdlib.h>

char *fixture_read(const char *folder, const char *name)
{
	char *path = mem_printf("tests/fixtures/%s/%s", folder, name), bytes[8192];
	FILE *file = fopen(path, "rb");
	struct sbuf b;
	size_t n;

	if (file == NULL) {
		fprintf(stderr, "no fixture %s (run from the repository's root)\n", path);
		abort();
	}
	sbuf_init(&b, 64 * 1024 * 1024);
	while ((n = fread(bytes, 1, sizeof bytes, file)) > 0)
		sbuf_add(&b, bytes, n);
	sbuf_add(&b, "", 0);
	fclose(file);
	free(path);
	return sbuf_take(&b);
}
