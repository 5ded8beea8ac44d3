/*
 * tests/support/fake_master.h - a Spark master for tests: its /json/ and application pages from
 * rows set here.
 *
 * Heartbeats and durations change at every poll, as a real master's do. Any thread.
 */
#ifndef SPARKGATE_TESTS_FAKE_MASTER_H
#define SPARKGATE_TESTS_FAKE_MASTER_H

#include "tests/support/fake_http.h"

struct fake_master;

struct fake_master *fake_master_start(const char *status); /* on 127.0.0.1; "ALIVE", "STANDBY" */
void fake_master_stop(struct fake_master *m);
const char *fake_master_url(const struct fake_master *m);	 /* "http://127.0.0.1:1234" */
struct fake_http *fake_master_http(const struct fake_master *m); /* to break it */

void fake_master_status(struct fake_master *m, const char *status);
/* Each adds a row or changes the one of this id; a NULL state takes it away. */
void fake_master_worker(
	struct fake_master *m, const char *id, const char *web_ui, const char *state);
/* RUNNING and WAITING are active, anything else is completed. `href` NULL: its page has no link. */
void fake_master_app(struct fake_master *m, const char *id, const char *name, const char *href,
	const char *state);
void fake_master_user(struct fake_master *m, const char *id, const char *user); /* "u" at first */
void fake_master_driver(
	struct fake_master *m, const char *id, const char *worker, const char *state);

#endif
