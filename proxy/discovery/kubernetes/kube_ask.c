#include "proxy/discovery/kubernetes/kube_ask.h"

#include "proxy/discovery/kubernetes/kube_access.h"

#include <stdlib.h>

enum { LABEL_MAX = 63 };

static bool is_edge(char c)
{
	return str_is_alnum(c);
}

static bool is_made_of(struct str text, size_t max, const char *marks)
{
	if (text.len == 0 || text.len > max || !is_edge(text.at[0]) ||
		!is_edge(text.at[text.len - 1]))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		if (!str_is_alnum(c) && (c == '\0' || strchr(marks, c) == NULL))
			return false;
	}
	return true;
}

bool kube_is_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.at[i] >= 'A' && name.at[i] <= 'Z')
			return false;
	}
	return is_made_of(name, KUBE_NAME_MAX - 1, "-.");
}

bool kube_is_label(struct str value)
{
	return is_made_of(value, LABEL_MAX, "-._");
}

void kube_path_of_kind(struct sbuf *out, const char *api, const char *namespace, const char *plural)
{
	sbuf_reset(out);
	sbuf_puts(out, api);
	sbuf_puts(out, "/namespaces/");
	sbuf_urlencode(out, str_of(namespace));
	sbuf_putc(out, '/');
	sbuf_puts(out, plural);
}

void kube_path_of_named(struct sbuf *out, const char *api, const char *namespace,
	const char *plural, const char *name)
{
	kube_path_of_kind(out, api, namespace, plural);
	sbuf_puts(out, "?limit=1");
	kube_path_add_name(out, name);
}

void kube_path_of_one(struct sbuf *out, const char *api, const char *namespace, const char *plural,
	const char *name)
{
	kube_path_of_kind(out, api, namespace, plural);
	sbuf_putc(out, '/');
	sbuf_urlencode(out, str_of(name));
}

static void write_folder(struct sbuf *out, const char *namespace, const char *what)
{
	kube_path_of_kind(out, "/api/v1", namespace, what);
}

/* By a list of one: `get` is a right of its own. */
void kube_path_of_pod(struct sbuf *out, const char *namespace, const char *pod)
{
	write_folder(out, namespace, "pods?limit=1");
	kube_path_add_name(out, pod);
}

void kube_path_of_executors(
	struct sbuf *out, const char *namespace, const char *app_id, unsigned limit)
{
	write_folder(out, namespace, "pods");
	sbuf_printf(out, "?limit=%u&labelSelector=spark-role%%3Dexecutor%%2Cspark-app-selector%%3D",
		limit);
	sbuf_urlencode(out, str_of(app_id));
}

void kube_path_of_log(struct sbuf *out, const struct kube_log_wish *wish)
{
	write_folder(out, wish->namespace, "pods/");
	sbuf_urlencode(out, str_of(wish->pod));
	sbuf_printf(out, "/log?follow=%s", wish->follow ? "true" : "false");
	if (wish->container[0]) {
		sbuf_puts(out, "&container=");
		sbuf_urlencode(out, str_of(wish->container));
	}
	if (wish->tail_lines)
		sbuf_printf(out, "&tailLines=%u", wish->tail_lines);
}

void kube_path_of_events(struct sbuf *out, const char *namespace, const char *uid, unsigned limit)
{
	write_folder(out, namespace, "events");
	sbuf_printf(out, "?limit=%u&fieldSelector=involvedObject.kind%%3DPod", limit);
	if (uid) {
		sbuf_puts(out, "%2CinvolvedObject.uid%3D");
		sbuf_urlencode(out, str_of(uid));
	}
}

void kube_path_of_events_about(
	struct sbuf *out, const char *namespace, const char *kind, const char *name, unsigned limit)
{
	write_folder(out, namespace, "events");
	sbuf_printf(out, "?limit=%u&fieldSelector=involvedObject.kind%%3D%s", limit, kind);
	sbuf_puts(out, "%2CinvolvedObject.name%3D");
	sbuf_urlencode(out, str_of(name));
}

void kube_path_add_name(struct sbuf *out, const char *pod)
{
	sbuf_puts(out, "&fieldSelector=metadata.name%3D");
	sbuf_urlencode(out, str_of(pod));
}

void kube_path_add_continue(struct sbuf *out, const char *more)
{
	sbuf_puts(out, "&continue=");
	sbuf_urlencode(out, str_of(more));
}

static struct fetch *ask(struct fetcher *fetcher, const struct kube_access *access,
	const char *path, const char *accept, const struct fetch_request *request)
{
	const char *headers[] = {accept, access->authorization, NULL};
	struct fetch_request asked = *request;
	char *url = mem_printf("%s%s", access->server, path);

	asked.url = url;
	asked.headers = headers;
	asked.ca = access->ca;
	asked.certificate = access->certificate;
	asked.key = access->key;
	struct fetch *fetch = fetch_start(fetcher, &asked);
	free(url);
	return fetch;
}

struct fetch *kube_ask(struct fetcher *fetcher, const struct kube_access *access, const char *path,
	const struct fetch_request *request)
{
	return ask(fetcher, access, path, "Accept: application/json, text/plain, */*", request);
}

struct fetch *kube_ask_objects(struct fetcher *fetcher, const struct kube_access *access,
	const char *path, const struct fetch_request *request)
{
	return ask(fetcher, access, path, "Accept: application/json", request);
}

struct fetch *kube_change(struct fetcher *fetcher, const struct kube_access *access,
	const char *method, const char *path, const struct fetch_request *request)
{
	const char *headers[] = {"Accept: application/json", "Content-Type: application/json",
		access->authorization, NULL};
	struct fetch_request asked = *request;
	char *url = mem_printf("%s%s", access->server, path);

	asked.url = url;
	asked.method = method;
	asked.headers = headers;
	asked.ca = access->ca;
	asked.certificate = access->certificate;
	asked.key = access->key;
	struct fetch *fetch = fetch_start(fetcher, &asked);
	free(url);
	return fetch;
}
