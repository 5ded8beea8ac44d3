/*
 * base/log/journal.h - whether standard error is read by systemd's journal, and how a line tells it
 * how much it matters: a prefix <N> with the number of syslog's priority (sd-daemon(3)).
 *
 * The journal takes the prefix off. Whoever else reads standard error never sees one.
 */
#ifndef SPARKGATE_BASE_LOG_JOURNAL_H
#define SPARKGATE_BASE_LOG_JOURNAL_H

enum journal_priority {
	JOURNAL_ERR = 3,
	JOURNAL_WARNING,
	JOURNAL_NOTICE,
	JOURNAL_INFO,
	JOURNAL_DEBUG
};

/* Compares standard error with JOURNAL_STREAM, its "device:inode" as the manager gave it to us
 * (systemd.exec(5)). Before there are threads; until then it is not the journal. */
void journal_look(void);
/* "<4>", or "" where standard error is not the journal. Any thread. */
const char *journal_prefix(enum journal_priority priority);

#endif
