/*
 * base/net/fetch.h - HTTP requests of our own (key sets, masters, workers): many at once, on one
 * event base.
 *
 * libcurl does TLS, DNS and keep-alive; this fences it in: no redirects, no proxy from the
 * environment, http and https only, a bounded body, and an address filter that sees the very
 * address that is connected to, so that a name cannot be re-pointed between the check and the use
 * (SSRF). An answer is given whole, or handed over as it comes (a watch of Kubernetes).
 *
 * One thread: the one that runs the event base.
 */
#ifndef SPARKGATE_BASE_NET_FETCH_H
#define SPARKGATE_BASE_NET_FETCH_H

#include "base/err.h"
#include "base/str.h"

#include <sys/socket.h>

struct event_base;
struct fetcher;
struct fetch;

struct fetch_result {		  /* borrowed until `done` returns */
	int status;		  /* of HTTP; 0: there was no whole answer, and `error` says why */
	struct str body;	  /* NUL-terminated; never longer than max_bytes */
	const char *content_type; /* "" when absent */
	int64_t max_age_s; /* of Cache-Control less Age; -1 when absent, 0 for no-store and no-cache
			    */
	int64_t date_s;	   /* of Date, wall seconds; 0 when absent */
	struct sockaddr_storage peer; /* ss_family is AF_UNSPEC when nothing was connected */
	const char *error;	      /* "" when there is a status; names no secret */
	bool has_no_address;	      /* its name does not resolve */
};

/* By which S3 and what is like it know who asks (AWS Signature 4). What it is to take for the
 * content's digest stands in `headers`, x-amz-content-sha256, which libcurl 7.88 does not add. */
struct fetch_signing {
	const char *region, *key_id, *secret;
};

/* What is sent as it comes. */
struct fetch_source {
	uint64_t length; /* bytes in all */
	/* Writes what there is, at most `size` bytes, and gives how many that are; 0: none yet, and
	 * fetch_go_on() says when there are. FETCH_BREAK_OFF: there will never be. Must not start,
	 * cancel or go on. Of more than 1 MiB the server is asked first whether it takes it, and
	 * has a second to say so. */
	size_t (*read)(char *room, size_t size, void *arg);
};
#define FETCH_BREAK_OFF SIZE_MAX

/* Every pointer but `arg` is copied by fetch_start. */
struct fetch_request {
	const char *url;
	const char *method;	    /* NULL: GET, or POST where there is `post` */
	const char *const *headers; /* "Name: value" lines, NULL at the end; NULL: none */
	/* The body of a POST with its type in `headers`; NULL: GET. The copy is wiped after use, as
	 * are those of the headers and the answer to a POST. */
	const char *post;
	/* The content of a PUT; NULL: none. Without `post`. */
	const struct fetch_source *put;
	/* NULL: not signed. The query of `url` is in the order of its names, each with a value, and
	 * all of it is percent-encoded as S3 wants it. */
	const struct fetch_signing *signing;
	/* PEM of who alone may sign the server's certificate; NULL: the system's authorities. Read
	 * at every new connection. */
	const char *ca_file;
	/* The same as PEM texts, and the certificate by which the gateway says who it is with its
	 * key, whose copy is wiped after use; NULL: none. */
	const char *ca, *certificate, *key;
	/* The latter two as files; NULL: none. */
	const char *certificate_file, *key_file;
	/* Whatever name its certificate has will do: whom ca_file trusts is that very server, found
	 * by an address. */
	bool takes_any_name;
	int64_t timeout_ms; /* for the whole exchange, name lookup included; 0: of a PUT, whose
			       sender looks after that */
	/* A longer body is an error, not a cut one. With on_part: of what waits to be eaten, to
	 * which up to 1.6 MB come at once; see `waits`. */
	size_t max_bytes;
	/* With on_part: when no more fits into max_bytes (64 KiB or more), nothing more is read
	 * until some of it is eaten. Who can eat no more for now asks for it by fetch_go_on(). */
	bool waits;
	/* It must not arrive twice (a code, a refresh token): on a kept connection that ends
	 * without an answer libcurl sends a POST again by itself, so it gets a connection of its
	 * own. */
	bool is_unrepeatable;
	bool is_once; /* nothing more will be asked there soon: no connection is kept */
	/* May this address be connected to? Asked for every new and every reused connection before
	 * a byte of the request is sent. Must not call back into the fetcher. NULL: any address.
	 * It is given `allow_arg`, or `arg` where that is NULL. */
	bool (*allow)(const struct sockaddr *addr, void *arg);
	void *allow_arg;
	/* Where it is connected to, as soon as it is: the answer may take long. As `allow`, which
	 * comes before it. NULL: nobody wants to know. */
	void (*on_peer)(const struct sockaddr_storage *peer, void *arg);
	/* The body of a 200 as it comes: what arrived and was not eaten before. Gives how many
	 * bytes of it are eaten; the rest comes again with what follows, and is the result's body
	 * in the end. May start and cancel fetches, this one too. NULL: all of it comes with the
	 * result. */
	size_t (*on_part)(struct str part, void *arg);
	/* Called exactly once, from the event loop and never from within fetch_start, unless the
	 * fetch is cancelled before. May start and cancel other fetches; must not free the fetcher.
	 */
	void (*done)(const struct fetch_result *result, void *arg);
	void *arg;
};

/* Gives a fetcher that borrows `base`, which must outlive it. */
struct fetcher *fetcher_new(struct event_base *base);
/* For servers with a short queue: at most `count` connections to one host and port; what is more
 * waits, within its own timeout, for one that comes free. Before the first fetch. */
void fetcher_limit_each_host(struct fetcher *fetcher, unsigned count);
/* Cancels what is under way, then frees. NULL is fine. */
void fetcher_free(struct fetcher *fetcher);

/* Borrowed by the caller for fetch_cancel; invalid as soon as `done` is called. */
struct fetch *fetch_start(struct fetcher *fetcher, const struct fetch_request *request);
/* Of one that waits: hands on what was not eaten, soon, and reads on. Of a PUT: there is more. */
void fetch_go_on(struct fetch *fetch);
/* `done` will not be called. Not from within `allow`, and not for the fetch whose `done` runs. */
void fetch_cancel(struct fetch *fetch);

#endif
