#include "base/budget.h"

void budget_init(struct budget *budget, size_t max)
{
	atomic_init(&budget->used, 0);
	budget->max = max;
}

bool budget_take(struct budget *budget, size_t bytes)
{
	size_t used = atomic_load_explicit(&budget->used, memory_order_relaxed);

	do {
		if (bytes > budget->max || used > budget->max - bytes)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		&budget->used, &used, used + bytes, memory_order_relaxed, memory_order_relaxed));
	return true;
}

void budget_give(struct budget *budget, size_t bytes)
{
	atomic_fetch_sub_explicit(&budget->used, bytes, memory_order_relaxed);
}

bool budget_share_take(struct budget_share *share, size_t bytes)
{
	if (share->of && !budget_take(share->of, bytes))
		return false;
	share->bytes += bytes;
	return true;
}

void budget_share_give(struct budget_share *share)
{
	if (share->of)
		budget_give(share->of, share->bytes);
	*share = (struct budget_share){NULL, 0};
}

size_t budget_used(const struct budget *budget)
{
	return atomic_load_explicit(&budget->used, memory_order_relaxed);
}
