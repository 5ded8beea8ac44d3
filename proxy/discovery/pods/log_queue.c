#include "proxy/discovery/pods/log_queue.h"

void log_queue_init(struct log_queue *q, uint64_t at_once_max, uint64_t waiting_max)
{
	*q = (struct log_queue){.at_once_max = at_once_max, .waiting_max = waiting_max};
	TAILQ_INIT(&q->waiting);
	TAILQ_INIT(&q->reading);
}

static void clear_list(struct log_read_list *list)
{
	struct log_read *r;

	while ((r = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, r, link);
		log_read_free(r);
	}
}

void log_queue_clear(struct log_queue *q)
{
	clear_list(&q->waiting);
	clear_list(&q->reading);
	namespace_shares_clear(&q->waiting_shares);
	namespace_shares_clear(&q->reading_shares);
}

bool log_queue_add(struct log_queue *q, struct log_read *r, const struct conf_kubernetes *conf)
{
	if (!namespace_shares_have_room(&q->waiting_shares, r->namespace, q->waiting_max, conf))
		return false;
	TAILQ_INSERT_TAIL(&q->waiting, r, link);
	namespace_shares_take(&q->waiting_shares, r->namespace, 1);
	return true;
}

static void move_to_reading(struct log_queue *q, struct log_read *r)
{
	TAILQ_REMOVE(&q->waiting, r, link);
	namespace_shares_give(&q->waiting_shares, r->namespace, 1);
	TAILQ_INSERT_TAIL(&q->reading, r, link);
	namespace_shares_take(&q->reading_shares, r->namespace, 1);
}

struct log_read *log_queue_next(struct log_queue *q, const struct conf_kubernetes *conf)
{
	struct log_read *r;

	if (q->reading_shares.taken >= q->at_once_max)
		return NULL;
	TAILQ_FOREACH(r, &q->waiting, link)
	{
		if (!namespace_shares_have_room(
			    &q->reading_shares, r->namespace, q->at_once_max, conf))
			continue;
		move_to_reading(q, r);
		return r;
	}
	return NULL;
}

void log_queue_read_next(struct log_queue *q, const struct conf_kubernetes *conf, bool have_waited)
{
	struct log_read *r;

	if (q->is_starting)
		return;
	q->is_starting = true;
	while ((r = log_queue_next(q, conf)) != NULL) {
		r->has_waited = have_waited;
		log_read_start(r);
	}
	q->is_starting = false;
}

void log_queue_end(struct log_queue *q, struct log_read *r)
{
	TAILQ_REMOVE(&q->reading, r, link);
	namespace_shares_give(&q->reading_shares, r->namespace, 1);
	log_read_free(r);
}

struct log_read *log_queue_find(const struct log_queue *q, const char *uid)
{
	const struct log_read_list *lists[] = {&q->reading, &q->waiting};
	struct log_read *r;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		TAILQ_FOREACH(r, lists[i], link)
		{
			if (strcmp(r->uid, uid) == 0)
				return r;
		}
	}
	return NULL;
}

size_t log_queue_count_of(const struct log_queue *q, const char *driver)
{
	const struct log_read_list *lists[] = {&q->reading, &q->waiting};
	const struct log_read *r;
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		TAILQ_FOREACH(r, lists[i], link)
		{
			count += r->driver && strcmp(r->driver, driver) == 0;
		}
	}
	return count;
}
