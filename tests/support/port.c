#include "tests/support/port.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Python's tests take theirs from 20000 on. */
enum { FIRST = 10000, PORTS = 10000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int locks = -1; /* the file; closing any descriptor of it would give up all locks */
static unsigned taken; /* how many this program has looked at */

static void open_locks(void)
{
	const char *folder = getenv("TMPDIR");
	char path[256];

	snprintf(path, sizeof path, "%s/sparkgate-test-ports-%u", folder ? folder : P_tmpdir,
		(unsigned)getuid());
	locks = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (locks == -1)
		abort();
}

static bool is_ours(unsigned port)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = port, .l_len = 1};

	return fcntl(locks, F_SETLK, &lock) == 0;
}

static bool is_free(unsigned port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	bool is_bound;

	if (fd == -1)
		abort();
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	is_bound = bind(fd, (struct sockaddr *)&at, sizeof at) == 0;
	close(fd);
	return is_bound;
}

unsigned port_take(void)
{
	unsigned port = 0;

	pthread_mutex_lock(&mutex);
	if (locks == -1)
		open_locks();
	while (port == 0 && taken < PORTS) {
		unsigned next = FIRST + ((unsigned)getpid() * 31 + taken++) % PORTS;
		port = is_ours(next) && is_free(next) ? next : 0;
	}
	pthread_mutex_unlock(&mutex);
	if (port == 0)
		abort();
	return port;
}
