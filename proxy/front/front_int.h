/*
 * proxy/front/front_int.h - what the files of the front share.
 *
 * They build on each other in this order: front_wire.c (a request's handle, on whatever wire),
 * front_input.c (memory of what came), front_conn.c (a connection), front_content.c, front_limit.c
 * and front_reply.c (what is done with one), front_read.c (what its events lead to), front_direct.c
 * and front_evhttp.c (where they come from, two ways), front.c (all of them).
 */
#ifndef SPARKGATE_PROXY_FRONT_FRONT_INT_H
#define SPARKGATE_PROXY_FRONT_FRONT_INT_H

#include "proxy/front/crowd.h"
#include "proxy/front/front.h"
#include "proxy/http/request_reader.h"

#include <event2/event_struct.h>
#include <sys/queue.h>

struct bufferevent;
struct evconnlistener;
struct evhttp;
struct evhttp_bound_socket;
struct evhttp_connection;
struct evhttp_request;
struct front_conn;
struct ssl_st;

enum conn_state {
	CONN_READING,	/* waits for a request, or reads one */
	CONN_REPLYING,	/* the exchange owns it */
	CONN_TUNNEL,	/* no HTTP any more: bytes both ways */
	CONN_SESSION,	/* the second wire has it: requests come and go in it */
	CONN_ENDING,	/* answered; the last bytes are on their way */
	CONN_LINGERING, /* our side is shut; what still comes is thrown away */
	CONN_DEAD,	/* closed; freed at the end of this turn of the loop */
};

enum content_mode {
	CONTENT_NONE,	   /* there is none, or it is complete */
	CONTENT_UNWANTED,  /* not asked for yet: what came with the head stands there */
	CONTENT_HELD,	   /* kept until it is whole */
	CONTENT_STREAMED,  /* handed on as it comes */
	CONTENT_DISCARDED, /* of no use any more: thrown away; the connection will close */
};

/* What a client may take for a while. */
enum {
	LINGER_MS = 2000, /* and go on sending, when it was refused or answered, before it is cut */
	STALL_MS = 120 * 1000,	    /* without taking anything of its answer */
	PIECE_STALL_MS = 60 * 1000, /* without sending anything of content that is wanted */
};

enum {
	INPUT_CONTENT_MIN = 1024, /* room to read content into: never a few bytes at a time */
	INPUT_CONTENT_ROOM = 16 * 1024 - 64, /* the same, where it is handed on as it comes */
};

struct front_input { /* of the request under way, and what came behind it */
	struct reader reader;
	char *bytes;
	size_t len, size; /* filled, and there are */
	size_t used;	  /* the most that were filled: to be wiped */
	size_t at;	  /* taken by the reader */
	size_t head_len;  /* 0: the head is not complete */
	char *head;	  /* it stands here, and bytes has what came behind it; or NULL */
	size_t head_used; /* to be wiped, too */
	enum content_mode mode;
	bool paused;	       /* CONTENT_STREAMED: nothing is wanted for now */
	int64_t content_since; /* monotonic ms: asked for; CONTENT_STREAMED: last byte or pause */
	struct budget_share share; /* of the memory for content */
};

/*
 * How a front comes by its connections, by their bytes and by the heads of requests. What is common
 * to all fronts calls these; NULL: nothing is to be done.
 */
struct front_ops {
	void (*listen)(struct front *front, int fd); /* sets front->listener */
	void (*stop)(struct front *front);	     /* frees it: no more connections come */
	void (*adopt)(struct front *front); /* connections that were accepted in this turn */
	void (*free)(struct front *front);  /* there are no connections any more */
	/* > 0: bytes; 0: none at the moment; -1: the client has gone. */
	ssize_t (*receive)(struct front_conn *conn, char *bytes, size_t room);
	/* Bytes are there that nobody will tell of again. */
	bool (*holds_more)(const struct front_conn *conn);
	void (*hear)(struct front_conn *conn, bool wanted);
	/* A head is complete; what the reader makes of it stands in conn->req. A fault: it is not
	 * to be served. */
	enum fault (*take_head)(struct front_conn *conn);
	void (*next)(struct front_conn *conn);	/* answered; another request may come */
	void (*close)(struct front_conn *conn); /* nothing more is told of it */
	void (*free_conn)(struct front_conn *conn);
	/* Whether receive() takes as much as there is room for, however much: long runs of content
	 * are read to where they will be handed on from. */
	bool (*fills_room)(const struct front_conn *conn);
};

/*
 * How a request's content is had and its answer written: of each function of front.h that takes a
 * request the one that does it. HTTP/1's is in front_reply.c.
 */
struct front_wire {
	void (*set_handler)(
		struct front_request *req, const struct front_handler *handler, void *arg);
	/* CONTENT_HELD or CONTENT_STREAMED. */
	enum fault (*ask)(struct front_request *req, enum content_mode mode, uint64_t max,
		struct budget *budget);
	void (*want)(struct front_request *req, bool wanted);
	void (*head)(struct front_request *req, int status, const struct sbuf *fields,
		int64_t length, bool no_content);
	void (*wiped)(struct front_request *req);
	void (*text)(struct front_request *req, struct str text);
	size_t (*body)(struct front_request *req, struct evbuffer *bytes);
	void (*end)(struct front_request *req);
	void (*cut)(struct front_request *req);
	void (*tunnel)(struct front_request *req, const struct sbuf *fields);
	void (*tunnel_read)(struct front_request *req, bool wanted);
	void (*close_after)(struct front_request *req);
};

/*
 * The second wire of a front, on which a connection has several requests at a time (h2/). What is
 * common to all connections calls these; conn->session is theirs, and NULL on HTTP/1.
 */
enum front_guess { GUESS_FIRST, GUESS_SECOND, GUESS_LATER };
struct front_second {
	/* Whose are the first bytes of a connection? GUESS_LATER: too few to tell. */
	enum front_guess (*guess)(const struct front_conn *conn, struct str bytes);
	void (*begin)(struct front_conn *conn, struct str bytes); /* it is CONN_SESSION then */
	void (*read)(struct front_conn *conn);			  /* some bytes are there */
	void (*go_on)(struct front_conn *conn);			  /* at the end of a turn */
	void (*written)(struct front_conn *conn);	     /* below FRONT_QUEUE_LOW is queued */
	void (*check)(struct front_conn *conn, int64_t now); /* once a second */
	/* Nobody serves it; or it is served, and takes nothing. */
	bool (*is_idle)(const struct front_conn *conn);
	bool (*is_stalled)(const struct front_conn *conn);
	void (*drop)(struct front_conn *conn); /* it is closed: its requests are told */
	void (*free)(struct front_conn *conn);
};

struct front_conn {
	struct front_request req; /* first: a request is its connection */
	struct front *front;
	enum conn_state state;
	int64_t since; /* monotonic ms: of the state, of a head's first byte, or of the last
			  progress */
	int fd;
	struct ssl_st *ssl;		/* NULL: in the clear */
	struct event readable;		/* always added, but for `deaf` */
	struct event writable;		/* added while bytes wait for the socket */
	struct front_input *in;		/* NULL between two requests: an idle connection is small */
	struct evbuffer *content, *out; /* content: NULL until the first */
	const struct front_handler *handler;
	void *arg;
	struct sockaddr_storage peer;
	bool chunked, no_content, close_after;
	bool is_wiped;	 /* what is answered stands in blocks that are overwritten */
	bool unread;	 /* in the clear: more may stand there that nobody will tell of again */
	bool ends;	 /* what stands there ends with the client's leave */
	bool deaf;	 /* not read from: there is no room, or the tunnel wants nothing */
	bool broken;	 /* to be dropped at the end of the turn */
	uint64_t served; /* the turn in which its last request was told of */
	bool dirty;	 /* in front->dirty */
	TAILQ_ENTRY(front_conn) all;  /* in conns, in shelf, or in dead */
	TAILQ_ENTRY(front_conn) turn; /* in dirty: looked after at the end of this turn */
	struct crowd_member member;   /* of front->crowd */
	bool shelved;		      /* in front->shelf */
	void *session;		      /* of front->second; NULL: HTTP/1 */
	/* --- of front_evhttp.c --- */
	struct bufferevent *bev;
	struct evhttp_connection *evcon;
	struct evhttp_request *evreq;			   /* the one under way; NULL: none */
	void (*evhttp_read)(struct bufferevent *, void *); /* evhttp's own callback */
	struct evbuffer *raw; /* what the bufferevent has read, and nobody has looked at */
};
TAILQ_HEAD(front_conns, front_conn);

struct front {
	const struct front_ops *ops;
	struct event_base *base;
	struct evconnlistener *listener; /* NULL a turn after draining began */
	struct front_limits limits;
	struct request_reader_limits reader_limits;
	front_on_request *on_request;
	front_on_refused *on_refused;
	void *arg;
	struct front_conns conns; /* in the order of their last bytes */
	struct front_conns shelf, dirty, dead;
	unsigned count;
	unsigned sessions, streams; /* of the second wire: connections, and requests on them */
	uint64_t resets;	    /* of requests, by clients */
	struct front_tls *tls;	    /* NULL: in the clear */
	char hsts[64];		    /* the field line, or "" */
	const struct front_second *second; /* NULL: HTTP/1 alone */
	bool second_in_the_clear;	   /* who begins with it is understood */
	struct evbuffer *nothing;	   /* the content of requests without */
	struct event *turn_end, *tick;
	struct event *next_turn; /* some have more to be served than their share of this one */
	uint64_t turns;		 /* of the loop that have ended, from 1 on */
	bool is_ending_turn;
	bool is_freed; /* the loop will not turn again for what is closed now */
	bool draining;
	int64_t drained_ms, drain_idle_ms; /* since when; how long idle ones may stay */
	struct event *unlisten;		   /* draining: the listener is closed by it */
	/* --- of front_limit.c --- */
	struct crowd *crowd; /* NULL: clients are not counted */
	unsigned ends;	     /* of connections, in this turn, to make room */
	unsigned untold, ticks, unease, seat;
	bool rests, all_busy;
	unsigned fresh_count; /* of connections that were accepted in this turn */
	/* --- of front_evhttp.c --- */
	struct evhttp *http;
	struct evhttp_bound_socket *bound;
	struct front_conns fresh;   /* accepted in this turn; evhttp's object is not known yet */
	struct front_conn *parsing; /* whose head evhttp has in hand */
};

/* --- front_wire.c --- */
/* The lines of an answer that the reader gives for somebody: its content is the fault's sentence
 * and a line feed. */
const char *front_refusal_fields(enum fault fault);

/* --- front_input.c --- */
/* Between two requests: not one byte of the next has come. */
bool front_input_is_idle(const struct front_conn *conn);
void front_input_begin(struct front_conn *conn);
/* A head that is larger than most: the reader bounds it. */
void front_input_grow(struct front_input *in);
/* Content gets memory of its own: the exchange holds on to the head where it is. */
void front_input_split(struct front_input *in);
/* From now on everything that comes is the tunnel's. */
void front_input_hand_over(struct front_conn *conn);
/* The request is answered: forgets it, keeps what came behind it. */
void front_input_end(struct front_conn *conn);
void front_input_free(struct front_conn *conn);

/* --- front_conn.c --- */
/* Not yet counted, and none of the front's: front_limit_admit(). */
struct front_conn *front_conn_new(struct front *front);
/* The one place where a connection changes its state. */
void front_conn_move(struct front_conn *conn, enum conn_state state);
/* Bytes came or went, or it is something else now: it is the last to be ended for a newer one. */
void front_conn_touch(struct front_conn *conn);
/* It is looked after at the end of this turn. */
void front_conn_mark(struct front_conn *conn);
/* Whether its bytes are read. */
void front_conn_hear(struct front_conn *conn, bool wanted);
/* Closes it now; on_closed is called first if an exchange owns it. */
void front_conn_drop(struct front_conn *conn);
/* Its memory, after the turn in which it was closed. */
void front_conn_free(struct front_conn *conn);
/* As front_ops.receive and .holds_more; nothing is held by one that is deaf. */
ssize_t front_conn_receive(struct front_conn *conn, char *bytes, size_t room);
bool front_conn_holds_more(const struct front_conn *conn);
/* Behind what is queued. */
void front_conn_queue(struct front_conn *conn, struct str text);
size_t front_conn_queued(const struct front_conn *conn);
bool front_conn_is_flushed(const struct front_conn *conn);
/* Writes what is queued; what the socket does not take waits for it. */
void front_conn_flush(struct front_conn *conn);

/* --- front_content.c --- */
/* A head is complete: is content to follow? */
void front_content_begin(struct front_conn *conn, bool follows);
/* As front_wire.ask and .want. */
enum fault front_content_ask(
	struct front_request *req, enum content_mode mode, uint64_t max, struct budget *budget);
void front_content_listen(struct front_request *req, bool wanted);
/* Takes what stands in the input, as far as it is wanted. */
void front_content_take(struct front_conn *conn);
/* Its bytes are wanted now, and come in a long run: they are read to where they will be handed on
 * from. */
bool front_content_reads_directly(const struct front_conn *conn);
void front_content_read(struct front_conn *conn);
bool front_content_is_wanted(const struct front_conn *conn);
bool front_content_is_discarded(const struct front_conn *conn);
/* The answer begins: what nobody has asked for is not waited for. */
void front_content_settle(struct front_conn *conn);
/* The answer is complete: what still comes of it is of no use. */
void front_content_stop(struct front_conn *conn);
/* Too slow? */
void front_content_check(struct front_conn *conn, int64_t now);

/* --- front_limit.c --- */
/* One more was accepted, and will be admitted at the end of this turn. */
void front_limit_note_fresh(struct front *front);
/* A new connection is counted; it or one that has been idle longer goes where there is no room. */
void front_limit_admit(struct front_conn *newest, const struct sockaddr *peer, size_t len);
/* For a request on this connection: one that has been idle longer goes, if there is one. */
void front_limit_make_room(const struct front_conn *newest);
void front_limit_turn_end(struct front *front);
/* Once a second; puts all of them back into conns. */
void front_limit_tick(struct front *front);

/* --- front_reply.c --- */
extern const struct front_wire front_http1;
/* The answer is written: on to the next request, or close. */
void front_reply_next(struct front_conn *conn);
/* Says why, and closes. */
void front_reply_refuse(struct front_conn *conn, enum fault fault);
/* Our side is shut behind what is queued; what comes is thrown away until the client has gone. */
void front_reply_linger(struct front_conn *conn);

/* --- front_read.c --- */
void front_read_on_readable(int fd, short what, void *arg);
void front_read_on_writable(int fd, short what, void *arg);
/* Goes on with what has been read already. */
void front_read_go_on(struct front_conn *conn);

/* --- front_direct.c: libevent's events on the socket --- */
extern const struct front_ops front_direct_ops;
/* --- front_evhttp.c: libevent's evhttp behind the strict reader --- */
extern const struct front_ops front_evhttp_ops;

#endif
