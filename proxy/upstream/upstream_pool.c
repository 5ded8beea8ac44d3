/* Connections to UIs that are kept, shared and waited for, by address. */
#include "proxy/upstream/upstream_int.h"

#include "base/clock.h"

#include <stdlib.h>

enum { SESSION_MS = 60 * 1000 }; /* kept where no connection is any more */

static struct address *address_new(const struct sockaddr *addr, socklen_t len)
{
	struct address *address = mem_alloc(1, sizeof *address);

	assert(len <= sizeof address->addr);
	memcpy(&address->addr, addr, len);
	address->len = len;
	TAILQ_INIT(&address->connecting);
	TAILQ_INIT(&address->idle);
	TAILQ_INIT(&address->waiters);
	return address;
}

static void address_free(struct address *address)
{
	if (address->secure)
		upstream_peer_clear(&address->secure->peer);
	free(address->secure);
	free(address);
}

/* "[::1]:8480" is host "::1"; a port is there or not. */
static void read_host(const char *authority, char out[static 256])
{
	struct str text = str_of(authority);
	const char *colon = strrchr(authority, ':'), *bracket = strrchr(authority, ']');

	if (bracket)
		text = str_range(authority + 1, bracket);
	else if (colon)
		text = str_range(authority, colon);
	(void)str_copy(text, out, 256);
}

static struct address *secure_address(struct upstream *up, const struct upstream_request *req)
{
	struct upstream_trust *trust = upstream_trust_find(&up->trusts, req->secure->ca_file);
	struct address *address;
	struct secure_key key;

	memset(&key, 0, sizeof key); /* it is compared byte by byte */
	memcpy(&key.addr, req->addr, req->addr_len);
	key.trust = trust;
	read_host(req->secure->authority, key.host);
	HASH_FIND(hh, up->addresses, &key, sizeof key, address);
	if (address)
		return address;
	address = address_new(req->addr, req->addr_len);
	address->secure = mem_alloc(1, sizeof *address->secure);
	address->secure->key = key;
	address->secure->peer.trust = trust;
	memcpy(address->secure->peer.host, key.host, sizeof key.host);
	HASH_ADD_KEYPTR(hh, up->addresses, &address->secure->key, sizeof key, address);
	return address;
}

struct address *pool_address(struct upstream *up, const struct upstream_request *req)
{
	struct address *address;

	if (req->secure)
		return secure_address(up, req);
	HASH_FIND(hh, up->addresses, req->addr, req->addr_len, address);
	if (address)
		return address;
	address = address_new(req->addr, req->addr_len);
	HASH_ADD(hh, up->addresses, addr, req->addr_len, address);
	return address;
}

/* The newest idle one that is alive; stale ones met on the way are closed. */
static struct conn *take_idle(struct address *address)
{
	struct conn *conn;

	while ((conn = TAILQ_FIRST(&address->idle))) {
		if (!conn_is_alive(conn)) {
			conn_close(conn);
			continue;
		}
		TAILQ_REMOVE(&address->idle, conn, list);
		conn->up->counts.idle--;
		return conn;
	}
	return NULL;
}

/* False when there is neither a connection nor leave to open one, here or at its door. */
static bool pool_begin(struct upstream_call *call, bool fresh)
{
	struct address *address = call->address;
	struct conn *conn = fresh ? NULL : take_idle(address);

	if (conn == NULL && address->open >= call->up->limits.per_address)
		return false;
	if (conn == NULL && !door_enter(address, call->up))
		return false;
	call_move(call, CALL_ASKING);
	if (conn) {
		conn_attach(conn, call);
	} else if (conn_open(call) == -1) {
		door_enter_back(address);
		call_fail(call, FAULT_UPSTREAM_CONNECT);
	}
	return true;
}

void pool_acquire(struct upstream_call *call, bool fresh)
{
	/* Nobody overtakes, but for a second attempt: it has stood in line before. */
	bool may_go = call->address->waiting == 0 || call->retried;

	if (may_go && pool_begin(call, fresh))
		return;
	if (call->address->waiting >= call->up->limits.waiters)
		call_fail(call, FAULT_BUSY);
	else
		call_move(call, CALL_WAITING);
}

void pool_retry(struct upstream_call *call, enum fault fault)
{
	if (!call->idempotent || call->retried) {
		call_fail(call, fault);
		return;
	}
	call->retried = true;
	call->sent = 0;
	call->up->counts.retried++;
	call_move(call, CALL_NEW);
	pool_acquire(call, true);
}

bool pool_relieve(struct address *address, int64_t now)
{
	struct conn *late = connect_late(address, now), *conn = late ? take_idle(address) : NULL;

	if (conn == NULL)
		return false;
	struct upstream_call *call = late->call;
	conn_close(late);
	conn_attach(conn, call);
	return true;
}

void pool_serve(struct upstream *up)
{
	struct upstream_call *call;
	struct address *address;

	while ((address = TAILQ_FIRST(&up->ready))) {
		TAILQ_REMOVE(&up->ready, address, ready);
		address->is_ready = false;
		while (TAILQ_FIRST(&address->connecting) && pool_relieve(address, clock_mono_ms()))
			; /* they have waited longest */
		while ((call = TAILQ_FIRST(&address->waiters)) && pool_begin(call, false))
			;
	}
}

/* The oldest are at the end of the list. */
static void expire_idle(struct address *address, int64_t before)
{
	struct conn *conn;

	while ((conn = TAILQ_LAST(&address->idle, conns)) && conn->since < before)
		conn_close(conn);
}

static bool is_wanted(const struct address *address, int64_t now)
{
	const struct secure_address *secure = address->secure;

	return address->open > 0 || address->calls > 0 || address->is_ready ||
	       address->is_blocked ||
	       (secure && secure->peer.session && now - secure->shaken < SESSION_MS);
}

void pool_expire(struct upstream *up, int64_t now)
{
	struct address *address, *next;

	HASH_ITER(hh, up->addresses, address, next)
	{
		expire_idle(address, now - up->limits.idle_ms);
		if (is_wanted(address, now))
			continue;
		HASH_DEL(up->addresses, address);
		address_free(address);
	}
}

void pool_clear(struct upstream *up)
{
	door_clear(up);
	pool_serve(up); /* nobody: the list is emptied */
	pool_expire(up, INT64_MAX);
	assert(up->addresses == NULL);
}
