/*
 * proxy/discovery/kubernetes/kube_json.h - objects as a Kubernetes API server tells of them, one at
 * a time, read strictly; and what a pod says.
 *
 * Labels and ports were chosen by whoever made the pod; its address, phase and times are the
 * cluster's own. Nothing here is bigger than one object: a list is cut into its items while it
 * arrives. Pure; parsed values borrow from the document they keep.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_JSON_H
#define SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_JSON_H

#include "base/err.h"
#include "base/sbuf.h"

#include <jansson.h>
#include <sys/socket.h>

enum {
	KUBE_OBJECT_MAX = 2 * 1024 * 1024, /* etcd takes 1.5 MiB */
	KUBE_VERSION_MAX = 128,		   /* of a resourceVersion, with its NUL */
	KUBE_CONTINUE_MAX = 4096,
};

int64_t kube_time(const json_t *object, const char *key); /* wall; 0: it is none */

struct kube_object { /* what every object of a namespace says; none of the texts is "" */
	const json_t *json;
	const char *namespace, *name, *uid;
	int64_t created_ms; /* wall; 0: unknown */
};

/* What a driver's pod may belong to, by the letter that keys of resources have (kube_resource.h).
 */
enum kube_owner {
	KUBE_OWNER_NONE,
	KUBE_OWNER_KUBEFLOW = 'k',
	KUBE_OWNER_APACHE = 'a',
	KUBE_OWNER_SCHEDULE = 's',
	KUBE_OWNER_CONNECT = 'c',
};

enum kube_type { KUBE_ADDED, KUBE_MODIFIED, KUBE_DELETED, KUBE_BOOKMARK, KUBE_ERROR };

struct kube_event {
	json_t *json; /* what the strings borrow from */
	enum kube_type type;
	struct kube_object object; /* of the first three */
	const char *version;	   /* where to go on from; "" when ERROR */
	int code;		   /* of ERROR: as of HTTP; 410: the version is too old */
	const char *message;	   /* of ERROR */
};

/* One line of a watch. */
MUST_CHECK int kube_event_parse(struct str line, struct kube_event *out, struct err *err);
void kube_event_clear(struct kube_event *event);

/* One item of a list; `*json` is what its strings borrow from, to be dropped. */
MUST_CHECK int kube_item_parse(
	struct str text, json_t **json, struct kube_object *out, struct err *err);

/* A list on its way in. */
struct kube_list {
	struct sbuf frame; /* all but the items */
	struct sbuf item;
	size_t items, too_long;
	unsigned depth;
	bool in_string, is_escaped, in_items;
	char key[8]; /* the last member's name at the top, cut */
	size_t key_len;
};

void kube_list_init(struct kube_list *list);
void kube_list_clear(struct kube_list *list);
/* Calls on_item with each item that is complete now. -1: that is no list, or it is too long. */
MUST_CHECK int kube_list_feed(struct kube_list *list, struct str bytes,
	void (*on_item)(struct str item, void *arg), void *arg);
/* At the end: where to watch from, and what the next page is asked for with ("": it was the last).
 */
MUST_CHECK int kube_list_finish(const struct kube_list *list, char version[static KUBE_VERSION_MAX],
	char more[static KUBE_CONTINUE_MAX], struct err *err);

#endif
