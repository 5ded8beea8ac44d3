/*
 * conf/load/kubeconfig.h - the way to a Kubernetes API server, out of a kubeconfig file.
 *
 * A strict subset: the current context's server (https, but on loopback), its authorities, and a
 * token or a client's certificate, each in the file or in one of its own. What would run programs,
 * send passwords, act as somebody else, trust anybody or go through a proxy is refused by name.
 */
#ifndef SPARKGATE_CONF_LOAD_KUBECONFIG_H
#define SPARKGATE_CONF_LOAD_KUBECONFIG_H

#include "base/err.h"
#include "base/text/url.h"

enum { KUBE_NAMESPACE_MAX = 64 };

struct kubeconfig { /* NULL where there is none; a value and its file are never both given */
	struct url server;
	char namespace[KUBE_NAMESPACE_MAX]; /* of the context; "default" when it names none */
	char *ca_file, *ca_data;	    /* data is base64 of PEM */
	char *token, *token_file;
	char *certificate_file, *certificate_data;
	char *key_file, *key_data;
};

/* Reads a file that others may not read. -1 and `file:line:column: key "x": ...`, or why the file
 * cannot be used. Files that it names are not opened; their paths are absolute. */
MUST_CHECK int kubeconfig_load(const char *file, struct kubeconfig *out, struct err *err);
/* The same of a text; `file` is for messages and for paths that are relative to it. */
MUST_CHECK int kubeconfig_parse(
	const char *file, struct str text, struct kubeconfig *out, struct err *err);
void kubeconfig_clear(struct kubeconfig *k); /* wipes what is secret */

#endif
