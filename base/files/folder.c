#define _GNU_SOURCE
#include "base/files/folder.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder that `path` is in: what is looked at in there stays there, whatever its owner makes of
 * the way to it meanwhile. `name` is the rest of `path`. -1: errno. */
static int open_above(const char *path, const char **name)
{
	char *above = mem_strdup(path), *slash = strrchr(above, '/');

	*name = slash ? path + (slash - above) + 1 : path;
	if (slash)
		slash[slash == above] = '\0';
	int fd = open(slash ? above : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int code = errno;
	free(above);
	errno = code;
	return fd;
}

static bool find_owner(int above, struct stat *owner)
{
	return geteuid() == 0 && fstat(above, owner) == 0 && owner->st_uid != 0;
}

/* The folder's owner may have put a symbolic link there, which open() has followed to a file of
 * root's, or a hard link to one. */
static bool is_made_there(int fd, int above, const char *name)
{
	struct stat there, is;

	return fstatat(above, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &is) == 0 &&
	       there.st_ino == is.st_ino && there.st_dev == is.st_dev && is.st_uid == 0 &&
	       is.st_nlink == 1 && S_ISREG(is.st_mode);
}

void folder_give_file(int fd, const char *path)
{
	const char *name;
	struct stat owner;
	int above = open_above(path, &name);

	if (above == -1)
		return;
	if (find_owner(above, &owner) && is_made_there(fd, above, name))
		(void)!fchown(fd, owner.st_uid, owner.st_gid);
	close(above);
}

/* The same of a folder: one that is a link now is not opened. */
static void give_folder(int above, const char *name)
{
	struct stat owner, is;
	int fd = find_owner(above, &owner)
			 ? openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
			 : -1;

	if (fd == -1)
		return;
	if (fstat(fd, &is) == 0 && is.st_uid == 0)
		(void)!fchown(fd, owner.st_uid, owner.st_gid);
	close(fd);
}

/* False: errno. */
static bool make_one(const char *path)
{
	const char *name;
	int above = open_above(path, &name);

	if (above == -1)
		return false;
	bool is_new = *name && mkdirat(above, name, 0700) == 0;
	int code = errno;
	if (is_new)
		give_folder(above, name);
	close(above);
	errno = code;
	return is_new || *name == '\0' || code == EEXIST;
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
