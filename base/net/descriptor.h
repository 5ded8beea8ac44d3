/*
 * base/net/descriptor.h - descriptors closed where an event loop may still have something to tell
 * the kernel about them.
 *
 * libevent's epoll changelist (server threads use it) keeps what is to be changed until the loop
 * turns again. When a descriptor is closed before that, and its number is given to a new one in the
 * same turn, the change is made to the new one: it is edge-triggered if the old one was, and
 * whoever counts on being told again of what is left waits for ever. See proxy/HTTP.md.
 */
#ifndef SPARKGATE_BASE_NET_DESCRIPTOR_H
#define SPARKGATE_BASE_NET_DESCRIPTOR_H

struct event_base;

/* Closes `fd` when the loop has told the kernel that nobody waits for it: in its next turn. Its
 * events have been deleted, and the other side of a socket is told at once. `base` NULL: the loop
 * will not turn again, so at once. Its thread. */
void descriptor_close(struct event_base *base, int fd);

#endif
