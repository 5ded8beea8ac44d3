/*
 * base/budget.h - how many bytes all threads together may hold of one kind.
 *
 * Whoever is about to hold some takes them first, and gives them back. One counter: asked once or
 * a few times for what is held, never for each byte.
 */
#ifndef SPARKGATE_BASE_BUDGET_H
#define SPARKGATE_BASE_BUDGET_H

#include "base/mem.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct budget {
	_Atomic size_t used; /* bytes */
	size_t max;
};

void budget_init(struct budget *budget, size_t max);
/* False when there is not so much left: nothing was taken. Any thread. */
MUST_CHECK bool budget_take(struct budget *budget, size_t bytes);
void budget_give(struct budget *budget, size_t bytes);

struct budget_share {	   /* of one holder, which may take several times; zeroed: nothing */
	struct budget *of; /* NULL: nobody bounds it */
	size_t bytes;
};
/* As budget_take(). One thread at a time. */
MUST_CHECK bool budget_share_take(struct budget_share *share, size_t bytes);
void budget_share_give(struct budget_share *share); /* all of it; it is nobody's then */

size_t budget_used(const struct budget *budget); /* for metrics and tests */

#endif
