/*
 * proxy/front/h2/h2_bucket.h - how often somebody may do what costs us and brings nothing.
 *
 * A bucket is born full; what is done takes a drop, and time or good work brings some back. Pure.
 */
#ifndef SPARKGATE_PROXY_FRONT_H2_H2_BUCKET_H
#define SPARKGATE_PROXY_FRONT_H2_H2_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct h2_bucket {
	int64_t drops; /* in thousandths */
	int64_t at_ms; /* monotonic: when they were counted */
};

struct h2_bucket_size {
	unsigned burst;	   /* drops of a full one */
	unsigned a_second; /* come back */
};

void h2_bucket_fill(struct h2_bucket *bucket, const struct h2_bucket_size *size, int64_t now_ms);
/* False: it is empty. */
bool h2_bucket_take(struct h2_bucket *bucket, const struct h2_bucket_size *size, int64_t now_ms);
/* Good work was done. */
void h2_bucket_give(struct h2_bucket *bucket, const struct h2_bucket_size *size, unsigned drops);

#endif
