#include "proxy/sockets/listeners.h"

#include "proxy/sockets/join.h"
#include "base/net/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct address { /* an address of the configuration */
	struct conf_listen *listen;
	const char *key;
	int *fds; /* to be filled; -1 until then */
	unsigned count;
	enum inherit_use use;
};

void listeners_init(struct listeners *l)
{
	*l = (struct listeners){
		.admin = -1, .redirect = -1, .admin_redirect = -1, .names = {-1, -1, -1, -1}};
}

static int refuse_taken_address(
	const struct address *address, const char *store, const struct err *why, struct err *err)
{
	if (store)
		return err_set(err, "%s: %s", address->key, why->text);
	return err_set(err,
		"%s: %s; end the program that has it, or set %s to another; a second gateway on "
		"the same store takes part with --join",
		address->key, why->text, address->key);
}

/* The kernel lets us in beside others only if they allow it and are the same user's. */
static int join_address(
	struct listeners *l, const struct address *address, const char *store, struct err *err)
{
	struct conf_listen *listen = address->listen;
	struct err why = {""};

	if (join_check(&listen->addr, store, &why) == -1)
		return err_set(err, "%s: --join: %s is taken, and %s", address->key, listen->text,
			why.text);
	address->fds[0] = listen_share(&listen->addr, listen->addr_len, &why);
	if (address->fds[0] == -1)
		return refuse_taken_address(address, store, &why, err);
	l->is_joined = true;
	return 0;
}

static bool is_wanted(const struct conf_listen *listen, const struct sockaddr_storage *is)
{
	char host[46], wanted[46];

	listen_peer_text((const struct sockaddr *)is, host);
	listen_peer_text((const struct sockaddr *)&listen->addr, wanted);
	return strcmp(host, wanted) == 0 &&
	       (listen_port(&listen->addr) == 0 || listen_port(&listen->addr) == listen_port(is));
}

/* Of the last run. What is configured now decides, and what does not fit is nobody's (S181). */
static void drop_kept(const struct address *address, struct inherited *in)
{
	size_t rest = address->listen->text ? address->count : 0;

	if (!in->is_kept[address->use])
		return;
	inherit_drop(in, address->use, rest);
	for (size_t i = 0; i < in->counts[address->use]; i++) {
		struct sockaddr_storage is = {0};
		socklen_t len = sizeof is;
		if (getsockname(in->fds[address->use][i], (struct sockaddr *)&is, &len) == -1 ||
			!is_wanted(address->listen, &is))
			inherit_drop(in, address->use, 0);
	}
}

static int check_inherited(const struct address *address, int fd, struct err *err)
{
	struct conf_listen *listen = address->listen;
	struct sockaddr_storage is = {0};
	socklen_t len = sizeof is;
	char host[46];

	if (getsockname(fd, (struct sockaddr *)&is, &len) == -1)
		return err_set(err, "%s: %s", address->key, strerror(errno));
	listen_peer_text((struct sockaddr *)&is, host);
	if (!is_wanted(listen, &is))
		return err_set(err,
			"%s: the socket that this process was started with listens on %s, port %u, "
			"expected %s; an address changes only with a restart",
			address->key, host, listen_port(&is), listen->text);
	listen->addr = is;
	listen->addr_len = len;
	return 0;
}

/* Of fewer sockets than threads some are served by several, for a socket of another process's
 * making may not be shared; each has to be served by one, or connections would wait in it. Those
 * that are kept are of this service's making. */
static int further_socket(const struct address *address, unsigned i, unsigned count, bool is_kept)
{
	struct conf_listen *listen = address->listen;
	struct err why = {""};

	return is_kept ? listen_share(&listen->addr, listen->addr_len, &why)
		       : fcntl(address->fds[i % count], F_DUPFD_CLOEXEC, 3);
}

static int adopt_address(const struct address *address, struct inherited *in, struct err *err)
{
	int *fds = in->fds[address->use];
	unsigned count = (unsigned)in->counts[address->use];
	bool is_kept = in->is_kept[address->use];

	for (unsigned i = 0; i < address->count; i++) {
		if (i < count && check_inherited(address, fds[i], err) == -1)
			return -1;
		address->fds[i] = i < count ? fds[i] : further_socket(address, i, count, is_kept);
		if (address->fds[i] == -1 || listen_adopt(address->fds[i]) == -1)
			return err_set(err, "%s: %s", address->key, strerror(errno));
		if (i < count)
			fds[i] = -1; /* taken */
	}
	return 0;
}

static int open_address(
	struct listeners *l, const struct address *address, const char *store, struct err *err)
{
	struct conf_listen *listen = address->listen;
	struct err why = {""};

	address->fds[0] = listen_open(&listen->addr, listen->addr_len, &why);
	if (address->fds[0] == -1 && errno != EADDRINUSE)
		return err_set(err, "%s: %s", address->key, why.text);
	if (address->fds[0] == -1 && store == NULL)
		return refuse_taken_address(address, store, &why, err);
	if (address->fds[0] == -1 && join_address(l, address, store, err) == -1)
		return -1;
	for (unsigned i = 1; i < address->count; i++) {
		address->fds[i] = listen_share(&listen->addr, listen->addr_len, &why);
		if (address->fds[i] == -1)
			return refuse_taken_address(address, store, &why, err);
	}
	return 0;
}

int listeners_open(struct listeners *l, struct conf *conf, struct inherited *in, const char *store,
	struct err *err)
{
	if (conf->threads < in->counts[INHERIT_PUBLIC] && !in->is_kept[INHERIT_PUBLIC])
		conf->threads = (unsigned)in->counts[INHERIT_PUBLIC];
	l->count = conf->threads;
	l->is_joined = inherit_is_handover(in);
	l->threads = mem_alloc(conf->threads, sizeof *l->threads);
	const struct address addresses[LISTENERS_ADDRESSES] = {
		{&conf->server, "server.listen", l->threads, conf->threads, INHERIT_PUBLIC},
		{&conf->admin, "admin.listen", &l->admin, 1, INHERIT_ADMIN},
		{&conf->tls.redirect, "server.tls.redirect_listen", &l->redirect, 1,
			INHERIT_REDIRECT},
		{&conf->admin_tls.redirect, "admin.tls.redirect_listen", &l->admin_redirect, 1,
			INHERIT_ADMIN_REDIRECT},
	};

	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		const struct address *address = &addresses[i];
		drop_kept(address, in);
		if (address->listen->text == NULL)
			continue;
		l->is_units[address->use] =
			in->counts[address->use] > 0 && !in->is_kept[address->use];
		if ((in->counts[address->use] ? adopt_address(address, in, err)
					      : open_address(l, address, store, err)) == -1)
			return -1;
	}
	l->is_kept = in->is_kept[INHERIT_PUBLIC] && in->counts[INHERIT_PUBLIC] > 0;
	conf_set_port(&conf->server, listen_port(&conf->server.addr));
	conf_set_port(&conf->admin, listen_port(&conf->admin.addr));
	return 0;
}

void listeners_announce(struct listeners *l, const struct conf *conf, const char *store)
{
	const struct conf_listen *addresses[LISTENERS_ADDRESSES] = {
		&conf->server, &conf->admin, &conf->tls.redirect, &conf->admin_tls.redirect};

	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		if (addresses[i]->text)
			l->names[i] = join_announce(&addresses[i]->addr, store);
	}
}

size_t listeners_list(const struct listeners *l, struct inherit_socket out[static INHERIT_MAX])
{
	size_t n = 0;

	for (unsigned i = 0; i < l->count && n < INHERIT_MAX - LISTENERS_ADDRESSES; i++)
		out[n++] = (struct inherit_socket){l->threads[i], INHERIT_PUBLIC};
	if (l->admin != -1)
		out[n++] = (struct inherit_socket){l->admin, INHERIT_ADMIN};
	if (l->redirect != -1)
		out[n++] = (struct inherit_socket){l->redirect, INHERIT_REDIRECT};
	if (l->admin_redirect != -1)
		out[n++] = (struct inherit_socket){l->admin_redirect, INHERIT_ADMIN_REDIRECT};
	return n;
}

void listeners_clear(struct listeners *l)
{
	for (size_t i = 0; i < ARRAY_LEN(l->names); i++) {
		if (l->names[i] != -1)
			close(l->names[i]);
	}
	free(l->threads);
	listeners_init(l);
}
