/*
 * proxy/launch/artifacts/s3.h - the questions that an object storage is asked: put, list, delete.
 *
 * S3's REST API, with the bucket in the path, signed with Signature 4 (base/net/fetch.h). What
 * comes back is the fetch's; s3_read() says what it means. One thread: the fetcher's.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_ARTIFACTS_S3_H
#define SPARKGATE_PROXY_LAUNCH_ARTIFACTS_S3_H

#include "base/net/fetch.h"
#include "base/sbuf.h"
#include "conf/conf.h"
#include "proxy/launch/artifacts/s3_listing.h"

enum s3_outcome {
	S3_DONE,
	S3_REFUSED, /* it does not let the gateway's own key in, or has no such bucket */
	S3_DOWN,    /* it does not answer, or has trouble of its own */
	S3_ODD,	    /* anything else */
};

struct s3_reason {
	char text[256]; /* "AccessDenied (403)": for the log */
};

struct s3_call {
	const struct conf_cluster *cluster; /* whose storage; borrows during the call */
	void (*done)(const struct fetch_result *result, void *arg);
	void *arg;
};

/* Objects whose keys begin with `prefix`, but none in folders below; `max` of them, at most
 * S3_OBJECTS_MAX. */
struct fetch *s3_list(
	struct fetcher *fetcher, const struct s3_call *call, const char *prefix, unsigned max);
/* The content is `length` bytes, in chunks: `read` gives what an aws_chunks.h has written. */
struct fetch *s3_put(struct fetcher *fetcher, const struct s3_call *call, const char *key,
	uint64_t length, size_t (*read)(char *room, size_t size, void *arg));
struct fetch *s3_delete(struct fetcher *fetcher, const struct s3_call *call, const char *key);

enum s3_outcome s3_read(const struct fetch_result *result, struct s3_reason *reason);
/* The key in the bucket below which all of ours are: "" or "pre/fix/". */
void s3_add_prefix(const struct conf_cluster *cluster, struct sbuf *out);

#endif
