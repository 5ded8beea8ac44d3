/*
 * proxy/discovery/pods/ask_rights.h - asks the API server whether the gateway's account may read
 * logs and events of pods, before anybody wants one: what it lacks is said at the start.
 *
 * Every account may ask what it may do itself (SelfSubjectAccessReview); nothing is made by that.
 * Where nobody answers, a refusal is said when it happens. One list for each cluster; the keeper's
 * thread.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_PODS_ASK_RIGHTS_H
#define SPARKGATE_PROXY_DISCOVERY_PODS_ASK_RIGHTS_H

struct cluster;

/* Once for each namespace; "*": all. */
void ask_rights_of(struct cluster *c, const char *namespace);
void ask_rights_end(struct cluster *c); /* what was asked is forgotten */

#endif
