/*
 * base/log/log_text.h - a log line for eyes: "09:30:01 warn  discovery: cluster a: ..." and what
 * belongs to it as key=value; of a request only who asked for what and what became of it.
 */
#ifndef SPARKGATE_BASE_LOG_LOG_TEXT_H
#define SPARKGATE_BASE_LOG_LOG_TEXT_H

#include "base/log/log.h"
#include "base/sbuf.h"

/* Adds the line with its end; nothing for a routine record. What a client chose cannot move
 * the cursor (S40). */
void log_text_write(struct sbuf *out, const struct log_record *record);

#endif
