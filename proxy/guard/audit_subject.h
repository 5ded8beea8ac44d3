/*
 * proxy/guard/audit_subject.h - what an audited request is about: the application, job, stage,
 * driver, submission or executor that is named in its path, query, form or JSON (S66; T42, T43,
 * T48).
 *
 * For the log only: nothing is decided by it. Where several values are given for one, all are kept,
 * as far as they fit. Pure.
 */
#ifndef SPARKGATE_PROXY_GUARD_AUDIT_SUBJECT_H
#define SPARKGATE_PROXY_GUARD_AUDIT_SUBJECT_H

#include "base/log/log.h"

enum audit_subject_kind {
	ABOUT_APP,
	ABOUT_JOB,
	ABOUT_STAGE,
	ABOUT_DRIVER,
	ABOUT_SUBMISSION,
	ABOUT_EXECUTOR,
	ABOUT_COUNT
};
enum { ABOUT_SIZE = 129, ABOUT_REASON_SIZE = 801, ABOUT_FIELDS = ABOUT_COUNT + 2 };

struct audit_subject {
	char ids[ABOUT_COUNT][ABOUT_SIZE]; /* "": not named */
	char app_name[ABOUT_SIZE];
	char reason[ABOUT_REASON_SIZE]; /* that somebody typed in; "": none */
};

/* Keeps `id` as well. */
void audit_subject_add(struct audit_subject *about, enum audit_subject_kind kind, struct str id);
/* What the path below a UI's mount names. */
void audit_subject_read_path(struct audit_subject *about, struct str path);
/* What a query or a form names; the path says what its `id` is. */
void audit_subject_read_params(struct audit_subject *about, struct str path, struct str params);
/* What the REST submission server is told, or says. */
void audit_subject_read_json(struct audit_subject *about, struct str json);
/* Cut to what fits. */
void audit_subject_set_reason(struct audit_subject *about, struct str reason);
/* Field lines of what is named, into `out`, which has room for ABOUT_FIELDS; gives how many. They
 * borrow from `about`. */
size_t audit_subject_fields(const struct audit_subject *about, struct log_field *out);

#endif
