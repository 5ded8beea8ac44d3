/*
 * proxy/launch/artifacts/artifact_ledger.h - uploads under way of the whole process, by folder:
 * what is not in the storage's list yet counts against a quota all the same (S127).
 *
 * Bounded: so many uploads at once, and fewer of one folder. Any thread.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_ARTIFACTS_ARTIFACT_LEDGER_H
#define SPARKGATE_PROXY_LAUNCH_ARTIFACTS_ARTIFACT_LEDGER_H

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

enum { ARTIFACT_UPLOADS = 64, ARTIFACT_UPLOADS_EACH = 4 };

struct artifact_ledger;
struct artifact_entry;

struct artifact_under_way {
	uint64_t bytes;
	unsigned count;
};

struct artifact_ledger *artifact_ledger_new(void);
void artifact_ledger_free(struct artifact_ledger *ledger); /* no entry is left */
/* `folder` is copied; `others` is what was under way there before this one. Of two that begin at
 * once each is before the other in one ledger only, so that never both are let in by a quota that
 * has room for one. NULL: there are too many. Gives. */
MUST_CHECK struct artifact_entry *artifact_ledger_enter(struct artifact_ledger *ledger,
	const char *folder, uint64_t bytes, struct artifact_under_way *others);
void artifact_ledger_leave(struct artifact_entry *entry); /* NULL is fine */

#endif
