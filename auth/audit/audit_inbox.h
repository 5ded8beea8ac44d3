/*
 * auth/audit/audit_inbox.h - audit lines on their way into the store (S77).
 *
 * Whoever writes an audit line puts its event here, whatever the thread, and waits for nothing. The
 * process's own connection takes events out in batches: the keeper's every quarter of a second, a
 * command's before it ends. What comes while the store is silent waits, AUDIT_INBOX_EVENTS of them;
 * what does not fit is counted, and stands in the log alone. So do events of nobody beyond
 * AUDIT_STRANGERS a minute: who has not signed in must not push out what others did. One for the
 * process; any thread.
 */
#ifndef SPARKGATE_AUTH_AUDIT_AUDIT_INBOX_H
#define SPARKGATE_AUTH_AUDIT_AUDIT_INBOX_H

#include "auth/store/store.h"

enum {
	AUDIT_INBOX_EVENTS = 4096,
	AUDIT_INBOX_BYTES = 4 * 1024 * 1024,
	AUDIT_STRANGERS = 60,
};

/* From now on each audit line becomes an event here, until audit_inbox_close(), which forgets what
 * nobody took. */
void audit_inbox_open(void);
void audit_inbox_close(void);
/* Writes what there is. -1: the store failed, and what is left waits for the next time. The
 * thread that owns the store. */
int audit_inbox_save(struct store *store);
/* Events that were not kept: there was no room, or nobody did them too often. */
struct audit_inbox_counts {
	uint64_t full, strangers;
};
struct audit_inbox_counts audit_inbox_lost(void);

#endif
