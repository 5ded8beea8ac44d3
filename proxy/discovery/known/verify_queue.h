/*
 * proxy/discovery/known/verify_queue.h - whose turn it is to be asked who they are.
 *
 * So many at once, and so many in a moment: a whole estate that appears at once is not asked at
 * once, for the keeper has other work, and so have the name servers.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_KNOWN_VERIFY_QUEUE_H
#define SPARKGATE_PROXY_DISCOVERY_KNOWN_VERIFY_QUEUE_H

#include "proxy/discovery/known/known_ui.h"

struct event;
struct event_base;

struct verify_queue {
	void (*check)(struct known_ui *ui); /* begins one, which may end at once */
	struct known_ui_list fresh, waiting;
	unsigned checking;
	unsigned begun; /* checks since pace_ms */
	int64_t pace_ms;
	struct event *retry_timer, *pace_timer;
};

void verify_queue_init(
	struct verify_queue *q, struct event_base *base, void (*check)(struct known_ui *ui));
void verify_queue_clear(struct verify_queue *q); /* nobody is in it */

void verify_queue_add(struct known_ui *ui);    /* it is checked (again), soon */
void verify_queue_remove(struct known_ui *ui); /* no check any more */
/* A driver's UI comes up some seconds after its pod. */
bool verify_queue_is_starting(const struct known_ui *ui);
void verify_queue_retry(struct known_ui *ui); /* later, and later each time */

void verify_queue_began(struct known_ui *ui, struct fetch *fetch); /* its check asks somebody */
void verify_queue_ended(struct known_ui *ui);	/* ... who has answered, or never will */
void verify_queue_pump(struct verify_queue *q); /* whoever's turn it is */

#endif
