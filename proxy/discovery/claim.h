/* proxy/discovery/claim.h - whose an application is: what its pods claim is settled once, in the
 * store. */
#ifndef SPARKGATE_PROXY_DISCOVERY_CLAIM_H
#define SPARKGATE_PROXY_DISCOVERY_CLAIM_H

#include "base/str.h"

struct app;
struct cluster;
struct kube_pod;

/* May a pod have this id at all? */
bool claim_may_name(const struct cluster *c, struct str id);
/* May this pod be taken for the application, as far as is known? */
bool claim_allows(struct app *a, const struct kube_pod *pod);
/* Before each snapshot: asks the store whose applications are, settles what can be settled, and
 * parts those from pods that are not theirs. */
void claim_settle(struct cluster *c);
/* Whose people may see it; "": of those who are limited to namespaces nobody. */
const char *claim_namespace(const struct app *a);
void claim_drop(struct app *a); /* its pod is none of its */
/* Every server of the cluster has been asked once, and has answered or failed. */
bool claim_all_are_asked(const struct cluster *c);
/* Whoever knows ids of applications and workers has told them once: an active master, the history
 * server, every namespace. */
bool claim_all_have_told(const struct cluster *c);
/* Everybody who could know better has been heard: its history server and every namespace. */
bool claim_is_complete(const struct cluster *c);

#endif
