#include "tests/support/vectors.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

json_t *vectors_load(const char *file)
{
	const char *folder = getenv("SPARKGATE_VECTORS");
	char *path = mem_printf("%s/%s", folder ? folder : "tests/fixtures/vectors", file);
	json_error_t error;
	json_t *json = json_load_file(path, 0, &error);

	if (json == NULL)
		print_message("no vectors: %s: %s\n", path, error.text);
	free(path);
	if (json == NULL && getenv("CI"))
		fail_msg("the vectors must be there in CI");
	if (json == NULL)
		skip();
	return json;
}

void vectors_each(const json_t *file,
	void (*each)(const json_t *group, const json_t *test, void *arg), void *arg)
{
	const json_t *groups = json_object_get(file, "testGroups");

	for (size_t i = 0; i < json_array_size(groups); i++) {
		const json_t *group = json_array_get(groups, i);
		const json_t *tests = json_object_get(group, "tests");

		for (size_t j = 0; j < json_array_size(tests); j++)
			each(group, json_array_get(tests, j), arg);
	}
}
