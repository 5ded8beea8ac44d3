#include "base/files/folder.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int folder_make_above(const char *path, struct err *err)
{
	char *folder = mem_strdup(path);
	int result = 0;

	for (char *slash = strchr(folder + 1, '/'); slash && result == 0;
		slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0700) == -1 && errno != EEXIST)
			result = err_set(err, "cannot make %s: %s", folder, strerror(errno));
		*slash = '/';
	}
	free(folder);
	return result;
}
