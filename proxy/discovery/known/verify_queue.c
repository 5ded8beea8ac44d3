#include "proxy/discovery/known/verify_queue.h"

#include "base/clock.h"
#include "base/net/fetch.h"
#include "proxy/discovery/known/cluster.h"

#include <event2/event.h>
#include <stdlib.h>

enum {
	CHECKS_MAX = 128,    /* at once */
	CHECKS_PACE_MS = 50, /* at most CHECKS_PER_PACE begin in so long: 3,000 a second */
	CHECKS_PER_PACE = 150,
	RETRY_FIRST_MS = 500,
	RETRY_LAST_MS = 60000,
	TICK_MS = 250,
	STARTING_MS = 120000,
	STARTING_TRIES = 200, /* clocks may differ */
};

static struct verify_queue *queue_of(const struct known_ui *ui)
{
	return &ui->cluster->discovery->checks;
}

static struct known_ui_list *list_of(struct known_ui *ui)
{
	struct verify_queue *q = queue_of(ui);

	return ui->queue == QUEUE_FRESH ? &q->fresh : &q->waiting;
}

static void move_to(struct known_ui *ui, enum known_ui_queue queue)
{
	if (ui->queue != QUEUE_NONE)
		TAILQ_REMOVE(list_of(ui), ui, queued);
	ui->queue = queue;
	if (queue != QUEUE_NONE)
		TAILQ_INSERT_TAIL(list_of(ui), ui, queued);
}

void verify_queue_began(struct known_ui *ui, struct fetch *fetch)
{
	ui->fetch = fetch;
	queue_of(ui)->checking++;
	queue_of(ui)->begun++;
}

void verify_queue_ended(struct known_ui *ui)
{
	ui->fetch = NULL;
	queue_of(ui)->checking--;
}

void verify_queue_remove(struct known_ui *ui)
{
	move_to(ui, QUEUE_NONE);
	if (ui->fetch) {
		fetch_cancel(ui->fetch);
		verify_queue_ended(ui);
	}
}

void verify_queue_add(struct known_ui *ui)
{
	verify_queue_remove(ui);
	ui->tries = 0;
	if (ui->kind == KNOWN_UI_WORKER)
		ui->via_master = false;
	move_to(ui, QUEUE_FRESH);
	verify_queue_pump(queue_of(ui));
}

static bool is_in_pace(struct verify_queue *q)
{
	const struct timeval pace = {0, CHECKS_PACE_MS * 1000};
	int64_t now = clock_mono_ms();

	if (now - q->pace_ms >= CHECKS_PACE_MS) {
		q->pace_ms = now;
		q->begun = 0;
	}
	if (q->begun < CHECKS_PER_PACE)
		return true;
	if (!event_pending(q->pace_timer, EV_TIMEOUT, NULL))
		event_add(q->pace_timer, &pace);
	return false;
}

void verify_queue_pump(struct verify_queue *q)
{
	while (q->checking < CHECKS_MAX && !TAILQ_EMPTY(&q->fresh) && is_in_pace(q)) {
		struct known_ui *ui = TAILQ_FIRST(&q->fresh);
		move_to(ui, QUEUE_NONE);
		q->check(ui);
	}
}

bool verify_queue_is_starting(const struct known_ui *ui)
{
	const struct app *a = (const struct app *)ui;

	return ui->kind == KNOWN_UI_APP && a->watch && ui->tries < STARTING_TRIES &&
	       a->started_ms > clock_wall_ms() - STARTING_MS;
}

static void tick_soon(struct verify_queue *q)
{
	const struct timeval tick = {0, TICK_MS * 1000};

	if (!event_pending(q->retry_timer, EV_TIMEOUT, NULL))
		event_add(q->retry_timer, &tick);
}

void verify_queue_retry(struct known_ui *ui)
{
	/* Until it is there it is asked at an even pace. */
	unsigned shift = verify_queue_is_starting(ui) ? 0 : ui->tries < 7 ? ui->tries : 7;
	int64_t wait = (int64_t)RETRY_FIRST_MS << shift;

	ui->tries++;
	ui->due_ms = clock_mono_ms() + (wait < RETRY_LAST_MS ? wait : RETRY_LAST_MS);
	move_to(ui, QUEUE_WAITING);
	tick_soon(queue_of(ui));
}

static void on_retry_timer(evutil_socket_t fd, short what, void *arg)
{
	struct verify_queue *q = arg;
	int64_t now = clock_mono_ms();
	struct known_ui *ui, *next;

	(void)fd, (void)what;
	for (ui = TAILQ_FIRST(&q->waiting); ui; ui = next) {
		next = TAILQ_NEXT(ui, queued);
		if (now >= ui->due_ms)
			move_to(ui, QUEUE_FRESH);
	}
	verify_queue_pump(q);
	if (!TAILQ_EMPTY(&q->waiting))
		tick_soon(q);
}

static void on_pace_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	verify_queue_pump(arg);
}

void verify_queue_init(
	struct verify_queue *q, struct event_base *base, void (*check)(struct known_ui *ui))
{
	q->check = check;
	TAILQ_INIT(&q->fresh);
	TAILQ_INIT(&q->waiting);
	q->retry_timer = evtimer_new(base, on_retry_timer, q);
	q->pace_timer = evtimer_new(base, on_pace_timer, q);
	if (q->retry_timer == NULL || q->pace_timer == NULL)
		abort();
}

void verify_queue_clear(struct verify_queue *q)
{
	event_free(q->retry_timer);
	event_free(q->pace_timer);
}
