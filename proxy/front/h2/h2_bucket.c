#include "proxy/front/h2/h2_bucket.h"

enum { DROP = 1000 };

static void add_drops(struct h2_bucket *bucket, const struct h2_bucket_size *size, int64_t drops)
{
	int64_t full = (int64_t)size->burst * DROP;

	bucket->drops = drops < full - bucket->drops ? bucket->drops + drops : full;
}

void h2_bucket_fill(struct h2_bucket *bucket, const struct h2_bucket_size *size, int64_t now_ms)
{
	*bucket = (struct h2_bucket){(int64_t)size->burst * DROP, now_ms};
}

bool h2_bucket_take(struct h2_bucket *bucket, const struct h2_bucket_size *size, int64_t now_ms)
{
	add_drops(bucket, size, (now_ms - bucket->at_ms) * size->a_second);
	bucket->at_ms = now_ms;
	if (bucket->drops < DROP)
		return false;
	bucket->drops -= DROP;
	return true;
}

void h2_bucket_give(struct h2_bucket *bucket, const struct h2_bucket_size *size, unsigned drops)
{
	add_drops(bucket, size, (int64_t)drops * DROP);
}
