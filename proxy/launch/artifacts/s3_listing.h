/*
 * proxy/launch/artifacts/s3_listing.h - what S3 answers: which objects there are, or what it has
 * against a request.
 *
 * Pure.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_ARTIFACTS_S3_LISTING_H
#define SPARKGATE_PROXY_LAUNCH_ARTIFACTS_S3_LISTING_H

#include "base/err.h"
#include "base/str.h"

enum { S3_OBJECTS_MAX = 1000, S3_KEY_SIZE = 1025, S3_TIME_SIZE = 32, S3_CODE_SIZE = 64 };

struct s3_object {
	char *key;
	uint64_t size;
	char modified[S3_TIME_SIZE]; /* "2026-11-28T10:00:00.000Z" */
};

struct s3_listing { /* of ListObjectsV2, in the order of their keys */
	struct s3_object *objects;
	size_t count;
	bool has_more;
};

/* Gives; with a reason, and nothing to clear, when it is no listing. */
MUST_CHECK int s3_listing_read(struct str xml, struct s3_listing *out, struct err *err);
void s3_listing_clear(struct s3_listing *listing);
/* The code of an error, such as "AccessDenied"; "" when it is none that can be shown. */
void s3_error_code(struct str xml, char code[static S3_CODE_SIZE]);

#endif
