/*
 * proxy/discovery/read_lists.h - reads the view, modify and admin lists that applications were made
 * with, if some role opens applications to those who stand in them.
 *
 * Of one that runs, its driver's word counts, once that has said who it is and whose pod it is is
 * settled (S73); of one that has ended, its event log's if there is one only. The first word is
 * kept: only a driver's replaces a log's. Paced, newest first: a history server reads a whole event
 * log for each answer. Keeper thread.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_READ_LISTS_H
#define SPARKGATE_PROXY_DISCOVERY_READ_LISTS_H

#include "auth/policy/access.h"

struct app;
struct cluster;
struct discovery;

void read_lists_start(struct discovery *d); /* once, before any cluster */
void read_lists_use(struct discovery *d, bool is_wanted);
void read_lists_cancel(struct cluster *c); /* the cluster, or its history server, goes */
void read_lists_stop(struct discovery *d);
/* History has listed it: lists of its log go if there are several by now. True: they have gone. */
bool read_lists_doubt(struct app *a);
/* NULL: not known, so they let nobody in. */
const struct access_lists *read_lists_of(const struct app *a);

#endif
