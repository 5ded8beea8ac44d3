/* proxy/discovery/poll_master.h - asks a master of a cluster; the one that is ALIVE is followed. */
#ifndef SPARKGATE_PROXY_DISCOVERY_POLL_MASTER_H
#define SPARKGATE_PROXY_DISCOVERY_POLL_MASTER_H

struct cluster;
struct master;
struct url;

struct master *master_new(struct cluster *c, const struct url *url);
void master_free(struct master *m);
void master_poll(struct master *m);

#endif
