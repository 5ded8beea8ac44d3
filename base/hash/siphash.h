/*
 * base/hash/siphash.h - SipHash-2-4: the hash for tables whose keys somebody else chooses.
 *
 * Worker ids, application names and addresses are chosen by whoever registers with a master; with a
 * key nobody knows, they cannot be chosen to collide.
 */
#ifndef SPARKGATE_BASE_HASH_SIPHASH_H
#define SPARKGATE_BASE_HASH_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t siphash(const unsigned char key[static 16], const void *bytes, size_t len);
/* With a random key made once per process. Any thread. */
uint64_t siphash_secret(const void *bytes, size_t len);

#endif
