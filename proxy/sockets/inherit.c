#include "proxy/sockets/inherit.h"

#include "base/mem.h"
#include "base/str.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const names[INHERIT_USES] = {[INHERIT_PUBLIC] = "public",
	[INHERIT_ADMIN] = "admin",
	[INHERIT_REDIRECT] = "redirect",
	[INHERIT_ADMIN_REDIRECT] = "admin-redirect",
	[INHERIT_HANDOVER] = "handover"};

const char *inherit_name(enum inherit_use use)
{
	return names[use];
}

static int use_of(struct str name)
{
	for (int use = 0; use < INHERIT_USES; use++) {
		if (str_eq(name, str_of(names[use])))
			return use;
	}
	return -1;
}

static uint64_t number_of(const char *variable)
{
	const char *text = getenv(variable);
	uint64_t number = 0;

	return text && str_to_u64(str_of(text), &number) ? number : 0;
}

static bool listens(int fd)
{
	int is = 0;
	socklen_t len = sizeof is;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is, &len) == 0 && is;
}

/* A socket that waits would stop its thread, and no program that is started is to have it. */
static bool make_ours(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags != -1 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
	       fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

static void append(struct inherited *in, int use, int fd)
{
	in->fds[use] = mem_resize(in->fds[use], in->counts[use] + 1, sizeof(int));
	in->fds[use][in->counts[use]++] = fd;
}

/* Whoever is given a socket anew, by a socket unit, needs no old one; and no start fails because of
 * what an older one has left. */
static void take_kept(struct inherited *in, int fd, int use)
{
	bool has_room = use != -1 && use != INHERIT_HANDOVER &&
			(in->counts[use] == 0 || (use == INHERIT_PUBLIC && in->is_kept[use]));

	if (!has_room || !make_ours(fd) || !listens(fd)) {
		close(fd);
		return;
	}
	append(in, use, fd);
	in->is_kept[use] = true;
}

static int take_one(struct inherited *in, int fd, struct str name, struct err *err)
{
	bool is_kept = str_starts(name, STR(INHERIT_KEPT));
	int use = use_of(is_kept ? str_from(name, sizeof INHERIT_KEPT - 1) : name);

	if (is_kept) {
		take_kept(in, fd, use);
		return 0;
	}
	if (use == -1)
		return err_set(err,
			"LISTEN_FDNAMES: socket %d is called \"%.*s\", expected public, admin, "
			"redirect or admin-redirect (FileDescriptorName= of the socket unit)",
			fd, (int)(name.len < 64 ? name.len : 64), name.at);
	if ((use != INHERIT_PUBLIC && in->counts[use] > 0) || !make_ours(fd) ||
		(use != INHERIT_HANDOVER && !listens(fd)))
		return err_set(err,
			"LISTEN_FDS: descriptor %d (%s) is not a socket that listens, or one too "
			"many",
			fd, names[use]);
	append(in, use, fd);
	return 0;
}

static int take_all(struct inherited *in, size_t count, struct err *err)
{
	const char *text = getenv("LISTEN_FDNAMES");
	struct str rest = str_of(text ? text : ""), name;

	if (count > INHERIT_MAX)
		return err_set(err, "LISTEN_FDS: %zu sockets are more than %d", count, INHERIT_MAX);
	for (size_t i = 0; i < count; i++) {
		if (!str_next(&rest, ':', &name))
			name = STR("");
		if (take_one(in, INHERIT_FIRST + (int)i, name, err) == -1)
			return -1;
	}
	return 0;
}

int inherit_take(struct inherited *in, struct err *err)
{
	bool is_ours = number_of("LISTEN_PID") == (uint64_t)getpid();
	size_t count = is_ours ? (size_t)number_of("LISTEN_FDS") : 0;

	*in = (struct inherited){.counts = {0}};
	int result = take_all(in, count, err);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return result;
}

bool inherit_is_handover(const struct inherited *in)
{
	return in->counts[INHERIT_HANDOVER] > 0;
}

void inherit_say_ready(struct inherited *in)
{
	if (!inherit_is_handover(in))
		return;
	/* Who does not hear it goes on, and ends us. */
	(void)!write(in->fds[INHERIT_HANDOVER][0], "R", 1);
	close(in->fds[INHERIT_HANDOVER][0]);
	in->fds[INHERIT_HANDOVER][0] = -1;
}

void inherit_drop(struct inherited *in, enum inherit_use use, size_t rest)
{
	while (in->counts[use] > rest) {
		int fd = in->fds[use][--in->counts[use]];
		if (fd != -1)
			close(fd);
	}
}

void inherit_clear(struct inherited *in)
{
	for (int use = 0; use < INHERIT_USES; use++) {
		if (use != INHERIT_HANDOVER)
			inherit_drop(in, (enum inherit_use)use, 0);
		free(in->fds[use]);
	}
	*in = (struct inherited){.counts = {0}};
}
