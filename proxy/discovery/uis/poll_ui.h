/* proxy/discovery/uis/poll_ui.h - other UIs of the configuration: only their address is wanted, so
 * any answer will do. */
#ifndef SPARKGATE_PROXY_DISCOVERY_UIS_POLL_UI_H
#define SPARKGATE_PROXY_DISCOVERY_UIS_POLL_UI_H

struct cluster;
struct conf_ui;
struct ui;

struct ui *ui_new(struct cluster *c, const struct conf_ui *conf);
void ui_free(struct ui *ui);
void ui_poll(struct ui *ui);

#endif
