/*
 * proxy/front/evhttp_memory.h - what evhttp copies of a head is wiped before its memory is used
 * again (S69).
 *
 * It copies each line and each field, and frees them where nobody sees it: what libevent frees on
 * this thread while evhttp has a head in hand, or lets go of one, is overwritten.
 */
#ifndef SPARKGATE_PROXY_FRONT_EVHTTP_MEMORY_H
#define SPARKGATE_PROXY_FRONT_EVHTTP_MEMORY_H

#include <stdbool.h>

/* From now on, on this thread. */
void evhttp_memory_wipe(bool wanted);
/* For event_set_mem_functions(), with block_malloc() and block_realloc(). */
void evhttp_memory_free(void *block);

#endif
