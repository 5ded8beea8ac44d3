/* proxy/discovery/publish_registry.h - what discovery knows, copied into a registry. Linear in what
 * is known of the clusters that changed. */
#ifndef SPARKGATE_PROXY_DISCOVERY_PUBLISH_REGISTRY_H
#define SPARKGATE_PROXY_DISCOVERY_PUBLISH_REGISTRY_H

struct discovery;
struct registry;

/* Copies the clusters that changed since the last one, and shares the others with it. Gives. */
struct registry *publish_registry_build(struct discovery *d);

#endif
