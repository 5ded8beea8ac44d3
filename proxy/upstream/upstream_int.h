/*
 * proxy/upstream/upstream_int.h - what the parts of the connection to UIs share.
 *
 * From below: upstream_turn.c (what waits for the turn's end), upstream_door.c (who may knock),
 * upstream_send.c and upstream_conn.c (one connection), upstream_call.c (one call),
 * upstream_connect.c (how one gets in), upstream_pool.c (whose turn it is), upstream_doubt.c (who
 * has got lost), upstream_read.c (what is answered), upstream.c. Each calls only those before it.
 *
 * State is the list one is on. Nothing is freed by whoever ends it: the dead wait on a list for the
 * next turn of the loop, because their callbacks may still be on the stack.
 */
#ifndef SPARKGATE_PROXY_UPSTREAM_UPSTREAM_INT_H
#define SPARKGATE_PROXY_UPSTREAM_UPSTREAM_INT_H

#include "base/hash/hash_table.h"
#include "proxy/upstream/upstream.h"
#include "proxy/upstream/upstream_tls.h"

#include <assert.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/queue.h>

enum { READ_SIZE = 64 * 1024 };
enum { CALL_MAGIC = 0x6c6c6163, CONN_MAGIC = 0x6e6e6f63 };
#define CHECK_OBJ(object, wanted) assert((object) != NULL && (object)->magic == (wanted))

enum call_state {
	CALL_NEW,
	CALL_WAITING, /* for a connection to its address */
	CALL_ASKING,  /* has a connection; no whole head yet */
	CALL_READING, /* the head was handed on */
	CALL_FAILED,  /* the fault will be told at the end of this turn */
	CALL_DEAD,    /* told; freed at the next turn */
};

struct upstream_call {
	unsigned magic;
	enum call_state state;
	struct upstream *up;
	struct address *address;
	struct conn *conn;  /* ASKING and READING */
	struct conn *elder; /* sent the request whole, and is doubted; NULL mostly */
	const struct upstream_handler *handler;
	void *arg;
	enum fault fault;
	/* Kept whole until the answer begins: it may be sent again. */
	size_t head_len, body_len;
	struct evbuffer *body; /* NULL: none */
	size_t sent;	       /* of both together */
	bool is_head, idempotent, is_upgrade, retried, paused;
	bool streams, is_chunked;
	bool complete; /* nothing more of the request follows */
	bool unwanted; /* what follows of it is dropped */
	bool is_full;  /* upstream_send() was told to wait */
	bool answered; /* a byte came: from here on nothing is sent again */
	bool reusable; /* says the head; and the request was sent whole */
	struct h1_content content;
	int64_t since; /* monotonic ms: of the state, or of the last byte */
	TAILQ_ENTRY(upstream_call) all;
	TAILQ_ENTRY(upstream_call) turn; /* waiting, failed or dead */
	char head[];
};
TAILQ_HEAD(calls, upstream_call);

enum conn_state { CONN_CONNECTING, CONN_BUSY, CONN_IDLE, CONN_CLOSED };

struct conn {
	unsigned magic;
	enum conn_state state;
	struct upstream *up;
	struct address *address;
	struct upstream_call *call; /* CONNECTING and BUSY; the elder's, too */
	int fd;
	struct upstream_tls *tls; /* NULL: in the clear, or not connected yet */
	struct event readable, writable;
	bool reading;		/* readable is registered: always, but while paused */
	bool reused;		/* its call is not its first */
	bool proven;		/* a byte came: somebody has accepted it */
	bool knocks;		/* stands at the door */
	bool filled;		/* the last read filled its buffer: more is coming */
	bool ends;		/* what stands there ends with the upstream's leave */
	bool flows;		/* it brought much: the next is worth a block of its own */
	struct evbuffer *in;	/* the start of a head that is not complete; NULL mostly */
	int64_t since;		/* connecting or idle since, monotonic ms */
	uint64_t turn;		/* of the loop, in which it was read empty and became idle; or 0 */
	TAILQ_ENTRY(conn) list; /* connecting, idle or closed */
	TAILQ_ENTRY(conn) door;
};
TAILQ_HEAD(conns, conn);

/* Of connections with TLS an address is who must be there as well, and says who. */
struct secure_key {
	struct sockaddr_storage addr;
	const struct upstream_trust *trust;
	char host[256];
};

struct secure_address {
	struct secure_key key;
	struct upstream_peer peer;
	int64_t shaken; /* monotonic ms: when a connection was last opened */
};

struct address {
	struct sockaddr_storage addr;
	socklen_t len;
	struct secure_address *secure; /* NULL: in the clear */
	unsigned open;		       /* connections, busy and idle */
	unsigned calls;		       /* that are not dead */
	unsigned waiting;	       /* of them */
	unsigned doubts;	       /* elders that may have been heard */
	int64_t patience_ms;	       /* a SYN that is not answered by then was dropped */
	int64_t heard;		       /* monotonic ms: when an answer last began */
	bool is_ready, is_blocked;
	struct conns connecting; /* oldest first; each has a call */
	struct conns idle;	 /* newest first */
	struct calls waiters;
	TAILQ_ENTRY(address) ready;   /* something came free and somebody waits */
	TAILQ_ENTRY(address) blocked; /* somebody waits to stand at the door */
	UT_hash_handle hh;
};
TAILQ_HEAD(addresses, address);

struct upstream {
	struct event_base *base;
	event_callback_fn on_readable, on_writable; /* of its connections */
	struct upstream_limits limits;
	struct address *addresses;
	struct upstream_trust *trusts;
	struct calls calls, failed, dead;
	struct conns closed; /* freed at the next turn */
	uint64_t turns;	     /* of the loop that have ended, from 1 on */
	struct addresses ready, blocked;
	struct conns door; /* those that knock, oldest first */
	struct event turn_end, tick, door_tick;
	bool ticking;
	bool is_freed;		  /* the loop will not turn again for what is closed now */
	struct evbuffer *content; /* between the wire and on_body; empty between callbacks */
	struct upstream_counts counts;
	char scratch[READ_SIZE];
};

/* upstream_turn.c */
void turn_end_soon(struct upstream *up);      /* what waits for the end of this turn, soon */
void turn_came_free(struct address *address); /* one may be opened, or one is idle */

/* upstream_door.c: a listener's queue may be two long, for all threads of this process (T58). */
/* False when enough knock at this address already: turn_came_free() will be called. */
MUST_CHECK bool door_enter(struct address *address, struct upstream *up);
void door_enter_back(struct address *address); /* gives back what door_enter() gave */
void door_knock(struct conn *conn);	       /* what door_enter() gave is this connection's */
void door_leave(struct conn *conn);	       /* it was accepted, or is over; safe to repeat */
void door_init(struct upstream *up);
void door_clear(struct upstream *up); /* nobody waits any more */

/* upstream_send.c */
size_t call_unsent(const struct upstream_call *call); /* bytes that wait */
/* The whole request is with the kernel. */
bool call_is_sent(const struct upstream_call *call);
/* What the call has not sent yet, as far as the kernel takes it; the rest when it takes more. */
void conn_send(struct conn *conn);
void conn_send_more(struct conn *conn); /* it does; tells who waits for that */

/* upstream_conn.c */
/* A connection under way to the call's address, with what door_enter() gave; -1 when the kernel
 * refused at once. */
MUST_CHECK int conn_open(struct upstream_call *call);
void conn_attach(struct conn *conn, struct upstream_call *call); /* an idle one: sends */
void conn_keep(struct conn *conn);				 /* idle from here on */
/* MSG_PEEK: nothing to read, not closed. Not asked of one that was read empty in this very turn. */
bool conn_is_alive(const struct conn *conn);
void conn_resume(struct conn *conn);
/* The descriptor does not tell of bytes that TLS has read from it already. */
void conn_read_on(struct conn *conn);
void conn_prove(struct conn *conn);  /* it was accepted */
void conn_close(struct conn *conn);  /* leaves pool and call; freed at the next turn */
void conn_reap(struct upstream *up); /* frees the closed; only from the event loop itself */

/* upstream_call.c */
void call_move(struct upstream_call *call, enum call_state state);
void call_fail(struct upstream_call *call, enum fault fault); /* told at the end of this turn */
void call_end(struct upstream_call *call, bool clean); /* told now; clean: nothing is left over */
void call_drop_elder(struct upstream_call *call);      /* it has none from here on */
void call_settle_on(struct conn *conn); /* a byte for a call with an elder: the other may go */
void call_reap(struct upstream *up);	/* frees the dead; only from the event loop itself */

/* upstream_connect.c */
void connect_go_on(struct conn *conn); /* its socket can be read or written */
enum { PATIENCE_MAX_MS = 2000 };
int64_t connect_patience(const struct address *address); /* ms that a SYN's answer may take */
/* One whose SYN seems to be lost, or NULL. */
struct conn *connect_late(const struct address *address, int64_t now);

/* upstream_pool.c */
struct address *pool_address(
	struct upstream *up, const struct upstream_request *req); /* borrows; never NULL */
/* Gives the call a connection, a turn in the line or a fault. `fresh`: not a pooled one. */
void pool_acquire(struct upstream_call *call, bool fresh);
/* The connection ended before a byte of the answer: once more on a fresh one, or fail. */
void pool_retry(struct upstream_call *call, enum fault fault);
void pool_serve(struct upstream *up); /* whoever can go on now */
/* An idle connection for a call whose own is late; false: there are no two such. */
bool pool_relieve(struct address *address, int64_t now);
void pool_expire(struct upstream *up, int64_t now);
void pool_clear(struct upstream *up); /* no calls are left */

/* upstream_doubt.c */
void doubt_look(struct upstream_call *call, int64_t now); /* once a tick: does it get on? */

/* upstream_read.c: event_callback_fn of a struct conn */
void read_on_readable(int fd, short what, void *arg);
void read_on_writable(int fd, short what, void *arg);

#endif
