/*
 * Runs a fuzz target over files and folders of inputs: how the corpora are replayed by every
 * compiler. With libFuzzer this file is left out.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	static uint8_t bytes[4 << 20];

	if (file == NULL) {
		perror(path);
		return -1;
	}
	size_t len = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	/* An exact copy, so that a read past the end is seen. */
	uint8_t *copy = malloc(len ? len : 1);
	for (size_t i = 0; i < len; i++)
		copy[i] = bytes[i];
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
	return 1;
}

static int replay(const char *path)
{
	struct stat st;
	char child[4096];
	int count = 0;

	if (stat(path, &st) == -1)
		return -1;
	if (!S_ISDIR(st.st_mode))
		return replay_file(path);
	DIR *dir = opendir(path);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
		int n = replay(child);
		if (n == -1)
			return -1;
		count += n;
	}
	if (dir)
		closedir(dir);
	return count;
}

int main(int argc, char **argv)
{
	int count = 0;

	for (int i = 1; i < argc; i++) {
		int n = replay(argv[i]);
		if (n == -1)
			return 1;
		count += n;
	}
	printf("%d inputs\n", count);
	return count > 0 ? 0 : 1;
}
