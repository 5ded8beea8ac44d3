/* The object storage of a cluster: whether it lists, with the gateway's own key. Nothing is
 * written. */
#include "proxy/doctor/doctor_int.h"
#include "proxy/launch/artifacts/s3.h"

#include <event2/event.h>

enum { WHAT_LEN = 400 };

struct listing {
	struct doctor *doctor;
	enum s3_outcome outcome;
	struct s3_reason reason;
};

static void on_listing(const struct fetch_result *result, void *arg)
{
	struct listing *listing = arg;

	listing->outcome = s3_read(result, &listing->reason);
	event_base_loopbreak(listing->doctor->base);
}

void doctor_try_s3(struct doctor *d, const struct conf_cluster *cluster)
{
	struct listing listing = {.doctor = d};
	const struct s3_call call = {cluster, on_listing, &listing};
	char what[WHAT_LEN], origin[288];

	url_origin(&cluster->launch.artifacts.s3, origin);
	snprintf(what, sizeof what, "object storage of %s, %.250s", cluster->name, origin);
	(void)s3_list(d->fetcher, &call, "", 1);
	doctor_wait(d);
	if (listing.outcome == S3_DONE)
		doctor_fine(d, what, "it lists the bucket");
	else if (listing.outcome == S3_REFUSED)
		doctor_wrong(d, what,
			"look at the bucket in launch.artifacts.s3, and at access_key_file and "
			"secret_key_file",
			"%s", listing.reason.text);
	else
		doctor_wrong(d, what, "look at launch.artifacts.s3 and its ca_file", "%s",
			listing.reason.text);
}
