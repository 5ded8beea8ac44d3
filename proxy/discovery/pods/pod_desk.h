/* proxy/discovery/pods/pod_desk.h - answers on the keeper what requests want to know of an
 * application's driver pod. It judges nobody: who asks was judged before. */
#ifndef SPARKGATE_PROXY_DISCOVERY_PODS_POD_DESK_H
#define SPARKGATE_PROXY_DISCOVERY_PODS_POD_DESK_H

struct discovery;
struct pod_question;

/* Fills question->answer. Reads small files (the account's, and what was kept). */
void pod_desk_answer(struct discovery *d, struct pod_question *question);

#endif
