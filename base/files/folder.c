#include "base/files/folder.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder that `path` is in. */
static bool find_owner(const char *path, struct stat *owner)
{
	char *above = mem_strdup(path), *slash = strrchr(above, '/');
	bool is_found = false;

	if (slash)
		slash[slash == above] = '\0';
	is_found = stat(slash ? above : ".", owner) == 0;
	free(above);
	return is_found && owner->st_uid != 0;
}

/* The folder's owner may have put a symbolic link there, which open() has followed to a file of
 * root's, or a hard link to one. */
static bool is_made_there(int fd, const char *path)
{
	struct stat there, is;

	return lstat(path, &there) == 0 && fstat(fd, &is) == 0 && there.st_ino == is.st_ino &&
	       there.st_dev == is.st_dev && is.st_uid == 0 && is.st_nlink == 1 &&
	       S_ISREG(is.st_mode);
}

void folder_give_file(int fd, const char *path)
{
	struct stat owner;

	if (geteuid() == 0 && find_owner(path, &owner) && is_made_there(fd, path))
		(void)!fchown(fd, owner.st_uid, owner.st_gid);
}

/* The same of a folder: one that is a link now is not opened. */
static void give_folder(const char *path)
{
	struct stat owner;
	int fd = geteuid() == 0 && find_owner(path, &owner)
			 ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
			 : -1;

	if (fd == -1)
		return;
	(void)!fchown(fd, owner.st_uid, owner.st_gid);
	close(fd);
}

static bool make_one(const char *path)
{
	if (mkdir(path, 0700) == -1)
		return errno == EEXIST;
	give_folder(path);
	return true;
}

int folder_make_above(const char *path, struct err *err)
{
	char *folder = mem_strdup(path);
	int result = 0;

	for (char *slash = strchr(folder + 1, '/'); slash && result == 0;
		slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (!make_one(folder))
			result = err_set(err, "cannot make %s: %s", folder, strerror(errno));
		*slash = '/';
	}
	free(folder);
	return result;
}
