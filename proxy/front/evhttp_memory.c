#include "proxy/front/evhttp_memory.h"

#include "base/block.h"

static _Thread_local bool wipes;

void evhttp_memory_wipe(bool wanted)
{
	wipes = wanted;
}

void evhttp_memory_free(void *block)
{
	if (wipes)
		block_free_wiped(block);
	else
		block_free(block);
}
