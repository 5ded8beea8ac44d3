/* proxy/discovery/known/verify_ui.h - nobody is sent to a UI before it is fenced in and has said
 * who it is (S7). */
#ifndef SPARKGATE_PROXY_DISCOVERY_KNOWN_VERIFY_UI_H
#define SPARKGATE_PROXY_DISCOVERY_KNOWN_VERIFY_UI_H

struct cluster;
struct known_ui;

void verify_ui_check(struct known_ui *ui);	  /* the queue's: begins to ask it */
void verify_ui_refence(struct cluster *c);	  /* the fence changed */
void verify_ui_through_master(struct cluster *c); /* another master is followed */

#endif
