/*
 * proxy/front/h2/h2_int.h - what the files of HTTP/2 share.
 *
 * They build on each other in this order: h2_bucket.c, h2_head.c, h2_frames.c (what comes, frame by
 * frame), h2_stream.c (a request), h2_content.c and h2_reply.c (its content, its answer), h2_life.c
 * (its beginning and end), h2_events.c (what the library tells of), h2_session.c (a connection).
 * Nobody above is called from inside the library: its callbacks take notes, and streams are looked
 * after when it has returned.
 */
#ifndef SPARKGATE_PROXY_FRONT_H2_H2_INT_H
#define SPARKGATE_PROXY_FRONT_H2_H2_INT_H

#include "proxy/front/front_int.h"
#include "proxy/front/h2/h2_bucket.h"
#include "proxy/front/h2/h2_head.h"

#include <nghttp2/nghttp2.h>

enum {
	H2_STREAMS = 100, /* of a connection at a time (SETTINGS_MAX_CONCURRENT_STREAMS) */
	H2_A_TURN = 8,	  /* requests of a connection that are told of (S58) */
	H2_WINDOW_WIDE = 512 * 1024, /* of a connection with content that is streamed */
	H2_OUT = 64 * 1024,	     /* bytes framed ahead of the socket */
	H2_HEADS = 4,		     /* times server.limits.head: fields of one request, unpacked */
	H2_CONTINUATIONS = 8,	     /* frames of one head behind its first */
	H2_OUTBOUND = 1000,	     /* frames that wait for who does not read them */
};

/* What a client may do only so often (S222, S223). */
enum h2_habit {
	H2_RESETS,  /* streams that end before their answer does, whoever ends them */
	H2_EMPTY,   /* frames that bring nothing: PING, SETTINGS, PRIORITY, DATA of no bytes */
	H2_WINDOWS, /* WINDOW_UPDATE */
	H2_HABITS,
};

struct h2_stream {
	struct front_request req; /* first: a request is its stream */
	struct h2_session *session;
	int32_t id;
	struct h2_head head;
	const struct front_handler *handler;
	void *arg;
	/* --- content --- */
	struct evbuffer *content; /* NULL until the first byte */
	enum content_mode mode;
	bool paused;		   /* CONTENT_STREAMED: nothing is wanted for now */
	bool is_tunnel;		   /* begun: content and answer are its bytes */
	uint64_t received, max;	   /* bytes; the most there may be */
	size_t kept;		   /* bytes that hold the connection's window as well */
	int64_t content_since;	   /* as front_input's */
	struct budget_share share; /* of the memory for content */
	/* --- answer --- */
	struct evbuffer *out; /* NULL until the first byte */
	int64_t out_since;    /* monotonic ms: of the last byte that was framed */
	bool is_bare;	      /* it has no content */
	bool is_wiped;	      /* as front_conn's */
	bool is_full;	      /* on_drained is waited for */
	bool is_deferred;     /* the library waits for more of it */
	bool is_ended;
	int64_t lingers_since; /* all of it is sent, and the client still sends; 0: not */
	/* --- life --- */
	bool is_whole;	   /* its head is all there is of the request */
	bool is_malformed; /* as the library finds */
	bool has_left;	   /* its client has, of a tunnel */
	bool is_told;	   /* of, to the front's owner, or refused */
	bool is_owned;	   /* by whoever was told of it */
	bool has_ended;	   /* the client's side has */
	bool is_closed;	   /* the library has forgotten it */
	bool is_counted;   /* in the crowd */
	bool is_waiting, is_dirty;
	TAILQ_ENTRY(h2_stream) all;  /* in session->streams */
	TAILQ_ENTRY(h2_stream) turn; /* in session->waiting or session->dirty */
};
TAILQ_HEAD(h2_streams, h2_stream);

struct h2_session {
	struct front_conn *conn;
	nghttp2_session *library;
	struct h2_streams streams; /* all */
	struct h2_streams waiting; /* their heads are complete: to be told of, some a turn */
	struct h2_streams dirty;   /* something has become of them */
	unsigned count;
	struct h2_bucket habits[H2_HABITS];
	uint64_t turn; /* of the front, in which `told` were told of */
	unsigned told;
	int64_t idle_since, head_since; /* monotonic ms; head_since 0: no head is under way */
	unsigned continuations;
	uint8_t frame_head[9];
	unsigned frame_have;		       /* bytes of that */
	uint32_t frame_left;		       /* bytes of a frame, or of the preface, behind it */
	int32_t newest;			       /* of the requests' numbers */
	uint64_t used;			       /* bit n: there was one 2n below it */
	uint64_t over;			       /* bit n: its client has ended it */
	bool has_settings, is_wide, ends_head; /* ends_head: the frame under way is its last */
	bool is_wiped;	  /* a head that is to be overwritten may be among what is framed */
	bool lacks_room;  /* a request was refused, for its thread has too many */
	unsigned leaving; /* a drain: 1 told that it comes, 2 which stream is the last */
	uint32_t error;	  /* the connection is to end with this; 0: not */
};

/* --- h2_frames.c --- */
void h2_frames_begin(struct h2_session *session);
/* Of so many bytes those up to where a frame's head or what is behind it ends. */
size_t h2_frames_run(const struct h2_session *session, size_t len);
/* The library has had this run; sets session->error. */
void h2_frames_pass(struct h2_session *session, struct str bytes);
/* False: it was done too often, and session->error is set. */
bool h2_frames_allow(struct h2_session *session, enum h2_habit habit);
void h2_frames_reward(struct h2_session *session); /* a frame of an answer was sent */
/* NULL: there is none, or no more. */
struct h2_stream *h2_frames_stream(nghttp2_session *library, int32_t id);

/* --- h2_stream.c --- */
struct h2_stream *h2_stream_of(struct front_request *req);
/* It is looked after before this turn ends. */
void h2_stream_mark(struct h2_stream *s);
/* It is broken off with this code of RFC 9113 §7. */
void h2_stream_reset(struct h2_stream *s, uint32_t code);

/* --- h2_content.c --- */
/* As front_wire.ask and .want, .tunnel_read. */
enum fault h2_content_ask(
	struct front_request *req, enum content_mode mode, uint64_t max, struct budget *budget);
void h2_content_want(struct front_request *req, bool wanted);
/* Bytes have come; inside the library. */
void h2_content_take(struct h2_stream *s, const uint8_t *bytes, size_t len);
/* Hands on what has come, as far as it is wanted. */
void h2_content_deliver(struct h2_stream *s);
/* The answer begins, or is complete: as front_content_settle() and front_content_stop(). */
void h2_content_settle(struct h2_stream *s);
void h2_content_stop(struct h2_stream *s);
/* A tunnel begins: what has come is its own. */
void h2_content_hand_over(struct h2_stream *s);
/* Its client's bytes are waited for, and nothing else. */
bool h2_content_is_awaited(const struct h2_stream *s);
void h2_content_check(struct h2_stream *s, int64_t now); /* too slow? */
void h2_content_free(struct h2_stream *s);

/* --- h2_reply.c --- */
extern const struct front_wire h2_requests;
/* Says why, in the same words as on HTTP/1. */
void h2_reply_refuse(struct h2_stream *s, enum fault fault);
/* What is queued of an answer has gone below FRONT_QUEUE_LOW: tells so. */
void h2_reply_drained(struct h2_stream *s);

/* --- h2_life.c --- */
struct h2_stream *h2_stream_new(struct h2_session *session, int32_t id);
/* Whether there is room for it beside all that its client has under way (S228); counts it then. */
bool h2_stream_is_welcome(struct h2_stream *s);
void h2_stream_discount(struct h2_stream *s); /* it counts no more */
/* Whoever was told of it is told that the client has left. */
void h2_stream_leave(struct h2_stream *s);
void h2_stream_free(struct h2_stream *s);

/* --- h2_events.c --- */
/* Its callbacks are set, and its memory is wiped when it lets go of it (S69). Gives. */
nghttp2_session *h2_events_open(struct h2_session *session);
#endif
