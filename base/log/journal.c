#define _GNU_SOURCE
#include "base/log/journal.h"

#include "base/str.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_journal;

void journal_look(void)
{
	const char *stream = secure_getenv("JOURNAL_STREAM");
	struct str rest = str_of(stream), device;
	uint64_t device_number, inode;
	struct stat is;

	is_journal = stream && str_next(&rest, ':', &device) &&
		     str_to_u64(device, &device_number) && str_to_u64(rest, &inode) &&
		     fstat(STDERR_FILENO, &is) == 0 && is.st_dev == device_number &&
		     is.st_ino == inode;
}

const char *journal_prefix(enum journal_priority priority)
{
	static const char *const prefixes[] = {[JOURNAL_ERR] = "<3>",
		[JOURNAL_WARNING] = "<4>",
		[JOURNAL_NOTICE] = "<5>",
		[JOURNAL_INFO] = "<6>",
		[JOURNAL_DEBUG] = "<7>"};

	return is_journal ? prefixes[priority] : "";
}
