#include "proxy/sockets/join.h"

#include "base/log/log.h"
#include "base/rnd.h"
#include "base/str.h"
#include "base/net/listen.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define NAMES "sparkgate/"

enum { NONCE = 16, TRIES = 30, PAUSE_NS = 100 * 1000 * 1000 };

static void address_text(const struct sockaddr_storage *addr, char out[static 46])
{
	listen_peer_text((const struct sockaddr *)addr, out);
}

int join_announce(const struct sockaddr_storage *addr, const char *store)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	char host[46], nonce[NONCE + 1];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	address_text(addr, host);
	rnd_hex(nonce, NONCE); /* several gateways of one store have the same address */
	int len = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, NAMES "%s/%u/%s/%s", host,
		listen_port(addr), store, nonce);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
	if (fd != -1 && bind(fd, (struct sockaddr *)&name, size) == 0)
		return fd;
	log_warn("start", "other gateways will not be able to join this one: %s", strerror(errno));
	if (fd != -1)
		close(fd);
	return -1;
}

static bool is_every(struct str host)
{
	return str_eq(host, STR("0.0.0.0")) || str_eq(host, STR("::"));
}

enum said { SAID_NOTHING, SAID_SAME, SAID_OTHER };

/* What one name says about who listens on `addr`: host/port/store/nonce. */
static enum said read_name(struct str name, const struct sockaddr_storage *addr, const char *store)
{
	struct str host, port, its_store;
	char here[46], number[STR_U64];

	address_text(addr, here);
	if (!str_next(&name, '/', &host) || !str_next(&name, '/', &port) ||
		!str_next(&name, '/', &its_store) ||
		!str_eq(port, str_of_u64(listen_port(addr), 10, number)))
		return SAID_NOTHING;
	if (!str_eq(host, str_of(here)) && !is_every(host) && !is_every(str_of(here)))
		return SAID_NOTHING;
	return str_eq(its_store, str_of(store)) ? SAID_SAME : SAID_OTHER;
}

/* Lines of /proc/net/unix end in the name, an abstract one with @ for its NUL. */
static enum said read_names(const struct sockaddr_storage *addr, const char *store)
{
	FILE *file = fopen("/proc/net/unix", "re");
	enum said all = SAID_NOTHING;
	char line[256];

	while (file && fgets(line, sizeof line, file)) {
		const char *name = strstr(line, " @" NAMES);
		if (name == NULL)
			continue;
		struct str rest = str_trim(str_of(name + strlen(" @" NAMES)));
		enum said one = read_name(rest, addr, store);
		all = one > all ? one : all;
	}
	if (file)
		fclose(file);
	return all;
}

int join_check(const struct sockaddr_storage *addr, const char *store, struct err *err)
{
	enum said said = read_names(addr, store);

	for (int i = 0; i < TRIES && said == SAID_NOTHING; i++) {
		nanosleep(&(struct timespec){0, PAUSE_NS}, NULL);
		said = read_names(addr, store);
	}
	if (said == SAID_OTHER)
		return err_set(err, "the gateway there has another store");
	return said == SAID_SAME
		       ? 0
		       : err_set(err, "the program there is no gateway that can be joined");
}
