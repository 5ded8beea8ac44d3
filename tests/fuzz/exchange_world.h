/*
 * tests/fuzz/exchange_world.h - what fuzz_exchange.c makes once and keeps: configuration, auth
 * service, registry, and where the two listeners are.
 *
 * Included there alone: a fuzz target is one file.
 */
#ifndef SPARKGATE_TESTS_EXCHANGE_WORLD_H
#define SPARKGATE_TESTS_EXCHANGE_WORLD_H

#include "base/net/fetch.h"
#include "base/log/log.h"
#include "conf/conf.h"
#include "conf/load/load.h"
#include "proxy/admin/admin.h"
#include "proxy/registry/registry_builder.h"
#include "proxy/request/thread_context.h"
#include "proxy/serve/server_thread.h"

#include <assert.h>
#include <event2/event.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>
#include <zlib.h>

enum { SOCKET_BUFFER = 8 << 10 }; /* small, so that it is full now and then */

static struct world { /* of all inputs */
	struct event_base *keeper;
	struct inbox *keeper_inbox;
	struct fetcher *fetcher;
	struct auth_service *service;
	struct share_slot *registry, *conf;
	struct thread_shared shared;
	struct budget budget, strangers; /* of content */
	struct conf *settings;		 /* in `conf` */
	struct listener {
		struct sockaddr_un addr;
		socklen_t len;
	} front, admin, ui;
	struct sbuf packed; /* an answer that unpacks to a lot */
	size_t memory;	    /* what is in use between two inputs */
} world;

static const char yaml[] = "server:\n"
			   "  listen: 127.0.0.1:8480\n"
			   "  public_url: http://127.0.0.1:8480/\n"
			   "  limits: {body: 512KiB, static_files: 1MiB, connections: 16}\n"
			   "admin: {listen: 127.0.0.1:8481, public_url: http://127.0.0.1:8481/}\n"
			   "clusters: [{name: c, masters: [http://127.0.0.1:8080]}]\n"
			   "store: 'memory:'\n";

static void free_conf(void *conf)
{
	conf_unref(conf);
}

/* No file, no port: an abstract name. */
static int open_listener(struct listener *it, const char *name)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int size = SOCKET_BUFFER;

	it->addr = (struct sockaddr_un){.sun_family = AF_UNIX};
	int n = snprintf(it->addr.sun_path + 1, sizeof it->addr.sun_path - 1, "sparkgate-%s-%ld",
		name, (long)getpid());
	it->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	if (fd == -1 || bind(fd, (struct sockaddr *)&it->addr, it->len) == -1 ||
		listen(fd, 64) == -1)
		abort();
	return fd;
}

static struct registry *make_registry(void)
{
	struct registry_builder *b = registry_builder_new("");
	struct mount mount = {.kind = UI_MASTER, .state = MOUNT_UP, .cluster = "c", .id = "master"};
	struct cluster_info info = {.name = "c", .has_masters = true, .polled = true};
	const struct mount *ui;

	mount.authority = "127.0.0.1:8080";
	memcpy(&mount.addr, &world.ui.addr, world.ui.len);
	mount.addr_len = world.ui.len;
	info.master = registry_builder_mount(b, &mount);
	mount.kind = UI_OTHER;
	mount.id = "nb";
	ui = registry_builder_mount(b, &mount);
	info.uis = &ui;
	info.uis_count = 1;
	registry_builder_cluster(b, &info);
	return registry_builder_finish(b);
}

/* 1 MiB of HTML, as one or two KiB. */
static void pack_answer(void)
{
	uLong len = 1 << 20;
	unsigned char *plain = mem_alloc(1, len), *packed = mem_alloc(1, len);
	z_stream z = {.next_in = plain,
		.avail_in = (uInt)len,
		.next_out = packed,
		.avail_out = (uInt)len};

	memset(plain, 'x', len);
	if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, 0) != Z_OK ||
		deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	deflateEnd(&z);
	sbuf_init(&world.packed, 1 << 16);
	sbuf_printf(&world.packed,
		"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n"
		"Content-Length: %lu\r\n\r\n",
		z.total_out);
	sbuf_add(&world.packed, packed, z.total_out);
	free(plain);
	free(packed);
}

static void make_world(void)
{
	struct err err = {""};
	struct conf *conf = load_text("fuzz", STR(yaml), &err);

	if (conf == NULL) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	log_set_level(LOG_ERROR);
	signal(SIGPIPE, SIG_IGN);
	world.keeper = event_base_new();
	world.keeper_inbox = inbox_new();
	world.fetcher = fetcher_new(world.keeper);
	world.service =
		auth_service_new(conf, world.keeper, world.keeper_inbox, world.fetcher, &err);
	assert(world.service);
	close(open_listener(&world.ui, "ui"));
	world.registry = share_slot_new(registry_free);
	world.conf = share_slot_new(free_conf);
	share_publish(world.registry, make_registry());
	share_publish(world.conf, conf);
	world.settings = conf;
	pack_answer();
	budget_init(&world.budget, 1024 * 1024);
	budget_init(&world.strangers, 256 * 1024);
	world.shared = (struct thread_shared){.auth = world.service,
		.memory = &world.budget,
		.strangers = &world.strangers,
		.registry = world.registry,
		.conf = world.conf,
		.threads = 1,
		.port = 8480};
}

/* Bytes on the heap: a sanitizer's word, or the C library's. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t memory_in_use(void)
{
	if (__sanitizer_get_current_allocated_bytes)
		return __sanitizer_get_current_allocated_bytes();
	return mallinfo2().uordblks;
}

#endif
