/* proxy/discovery/poll_history.h - reads a history server's list: all of it now and then, what is
 * new in between. */
#ifndef SPARKGATE_PROXY_DISCOVERY_POLL_HISTORY_H
#define SPARKGATE_PROXY_DISCOVERY_POLL_HISTORY_H

struct cluster;
struct history;
struct url;

/* `slot` is below CONF_HISTORIES, and no other's of this cluster. */
struct history *history_new(struct cluster *c, const struct url *url, unsigned slot);
void history_free(struct history *h);
void history_poll(struct history *h);

#endif
