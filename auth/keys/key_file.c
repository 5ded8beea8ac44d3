#include "auth/keys/key_file.h"

#include "base/files/folder.h"
#include "base/log/log.h"
#include "base/rnd.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void key_text_clear(struct key_text *text)
{
	OPENSSL_cleanse(text, sizeof *text);
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return fsync(fd);
}

/* Writes a new key to `temporary`, whole or not at all. */
static int write_temporary(
	const char *temporary, void (*make)(struct key_text *out), struct err *err)
{
	struct key_text text = {.len = 0};
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd == -1)
		return err_set(err, "cannot write %s: %s", temporary, strerror(errno));
	folder_give_file(fd, temporary);
	make(&text);
	int result = write_all(fd, text.at, text.len);
	if (result == -1)
		err_set(err, "cannot write %s: %s", temporary, strerror(errno));
	key_text_clear(&text);
	if (close(fd) == -1 && result == 0)
		result = err_set(err, "cannot write %s: %s", temporary, strerror(errno));
	return result;
}

static void sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return;
	if (fsync(fd) == -1)
		log_warn("key_file", "cannot sync the data folder: %s", strerror(errno));
	close(fd);
}

/*
 * Several processes may start at once. link() puts a whole file in place or fails because one is
 * there: rename() would put ours over a key with which another process has begun to work.
 */
static int make_file(
	const char *folder, const char *path, void (*make)(struct key_text *out), struct err *err)
{
	char suffix[17];
	char *temporary;
	int result;

	rnd_hex(suffix, sizeof suffix - 1);
	temporary = mem_printf("%s.%s", path, suffix);
	result = write_temporary(temporary, make, err);
	if (result == 0 && link(temporary, path) == -1 && errno != EEXIST)
		result = err_set(err, "cannot make %s: %s", path, strerror(errno));
	if (unlink(temporary) == -1 && errno != ENOENT)
		log_warn("key_file", "cannot remove %s: %s", temporary, strerror(errno));
	sync_folder(folder);
	free(temporary);
	return result;
}

static int check_mode(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_set(err, "cannot read %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, "%s is not a file", path);
	if (st.st_mode & 077)
		return err_set(err,
			"%s has mode %04o, so others may read the key: chmod 600 it, or "
			"remove it when it may have leaked",
			path, (unsigned)st.st_mode & 07777);
	return 0;
}

static int read_whole(int fd, struct key_text *text, const char *path, struct err *err)
{
	while (text->len < KEY_FILE_MAX) {
		ssize_t n = read(fd, text->at + text->len, KEY_FILE_MAX - text->len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_set(err, "cannot read %s: %s", path, strerror(errno));
		if (n == 0)
			return 0;
		text->len += (size_t)n;
	}
	return err_set(err, "%s is too long for a key", path);
}

/* 1: there is no file. */
static int read_file(const char *path, struct key_text *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int result;

	out->len = 0;
	if (fd == -1 && errno == ENOENT)
		return 1;
	if (fd == -1)
		return err_set(err, "cannot read %s: %s", path, strerror(errno));
	result = check_mode(fd, path, err);
	if (result == 0)
		result = read_whole(fd, out, path, err);
	close(fd);
	return result;
}

static int load_or_make(const char *folder, const char *path, void (*make)(struct key_text *out),
	struct key_text *out, struct err *err)
{
	int result = read_file(path, out, err);

	if (result != 1)
		return result;
	if (mkdir(folder, 0700) == -1 && errno != EEXIST)
		return err_set(err, "cannot make %s: %s", folder, strerror(errno));
	if (make_file(folder, path, make, err) == -1)
		return -1;
	result = read_file(path, out, err);
	return result == 1 ? err_set(err, "%s was removed while we started", path) : result;
}

int key_file_open(const char *folder, const char *name, void (*make)(struct key_text *out),
	struct key_text *out, struct err *err)
{
	char *path = mem_printf("%s/%s", folder, name);
	int result = load_or_make(folder, path, make, out, err);

	free(path);
	return result;
}
