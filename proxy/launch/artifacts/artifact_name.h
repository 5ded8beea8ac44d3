/*
 * proxy/launch/artifacts/artifact_name.h - how artifacts are called, and where each person's stand.
 *
 * `etl.py` is one's own; `shared/team/lib.jar` stands in a folder that a profile shares. In the
 * object storage everybody has a folder: what Spark calls them, with each byte but letters, digits,
 * "_", "-" and inner "." written as "~" and two digits, so that no two people share one (S125).
 * Pure.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_ARTIFACTS_ARTIFACT_NAME_H
#define SPARKGATE_PROXY_LAUNCH_ARTIFACTS_ARTIFACT_NAME_H

#include "auth/policy/identity.h"
#include "base/sbuf.h"

enum {
	ARTIFACT_NAME_MAX = 128,  /* bytes of one segment */
	ARTIFACT_OWNER_MAX = 256, /* of a person's folder, spelled; longer ones are a digest */
	ARTIFACT_KEY_MAX = 1024,
};

struct artifact_name {	   /* borrows */
	struct str shared; /* "team"; at == NULL: one's own */
	struct str file;   /* the last segment */
};

/* Reads "etl.py" or "shared/team/lib.jar". False: no artifact is called so (S126). */
MUST_CHECK bool artifact_name_read(struct str text, struct artifact_name *out);
/* One segment: letters, digits, ".", "_", "-", not "." first. */
bool artifact_is_segment(struct str text);
/* Adds "ann/" or "shared/team/": below the storage's own prefix. */
void artifact_add_folder(
	struct sbuf *out, const struct artifact_name *name, const struct identity *who);
/* The same with the file. */
void artifact_add_key(
	struct sbuf *out, const struct artifact_name *name, const struct identity *who);

#endif
