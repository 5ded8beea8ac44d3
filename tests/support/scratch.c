#define _GNU_SOURCE
#include "tests/support/scratch.h"

#include "base/mem.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

char *scratch_new(void)
{
	const char *parent = getenv("TMPDIR");
	char *folder = mem_printf("%s/sparkgate-test-XXXXXX", parent ? parent : P_tmpdir);

	if (mkdtemp(folder) == NULL)
		abort();
	return folder;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

void scratch_free(char *folder)
{
	if (folder && nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) == -1)
		abort();
	free(folder);
}

char *scratch_write(const char *folder, const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd == -1 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) == -1)
		abort();
	return path;
}

static _Thread_local struct str wanted;

static int look(const char *path, const struct stat *st, int type)
{
	int found = 0;
	FILE *file = type == FTW_F ? fopen(path, "rb") : NULL;

	if (file == NULL)
		return 0;
	char *bytes = mem_alloc((size_t)st->st_size + 1, 1);
	size_t len = fread(bytes, 1, (size_t)st->st_size, file);
	if (memmem(bytes, len, wanted.at, wanted.len))
		found = 1;
	free(bytes);
	fclose(file);
	return found;
}

bool scratch_has(const char *folder, struct str bytes)
{
	wanted = bytes;
	return ftw(folder, look, 16) == 1;
}
