/*
 * base/text/crc32c.h - CRC-32C (Castagnoli; RFC 3385), by which an object storage sees whether what
 * came is what was sent. No protection against anybody. Any thread.
 */
#ifndef SPARKGATE_BASE_TEXT_CRC32C_H
#define SPARKGATE_BASE_TEXT_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from what came before: 0 at first. */
uint32_t crc32c_add(uint32_t crc, const void *bytes, size_t len);
/* The same without the processor's own instruction. */
uint32_t crc32c_add_plain(uint32_t crc, const void *bytes, size_t len);

#endif
