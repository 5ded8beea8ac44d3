/*
 * conf/values/values.h - the types of configuration values: how each is read, written back and
 * freed.
 *
 * A row of the keyword table (conf/values/keywords.h) points at one of these and says where its
 * field is.
 */
#ifndef SPARKGATE_CONF_VALUES_VALUES_H
#define SPARKGATE_CONF_VALUES_VALUES_H

#include "base/err.h"
#include "base/sbuf.h"
#include "base/str.h"

struct keyword;

struct value_type {
	/* Reads `text` into the row's field. -1 with what was expected in `expected`, as the end of
	 * the sentence "got ..., expected ...". Gives memory only that `clear` frees. */
	int (*parse)(
		const struct keyword *row, const char *text, void *field, struct err *expected);
	/* Adds the field as YAML; false when there is nothing to write. */
	bool (*format)(const struct keyword *row, const void *field, struct sbuf *out);
	void (*clear)(void *field); /* frees what the field holds; NULL when it holds no memory */
};

/* A control character is in it, or one of Unicode's that ends a line or cannot be seen: such a text
 * looks like another, and YAML reads it back as another. */
bool values_has_control(const char *text);

extern const struct value_type value_string; /* char *; at least one printable character */
extern const struct value_type
	value_words;			   /* char *; the same, with spaces inside: others' names */
extern const struct value_type value_name; /* char *; a cluster's or UI's name */
extern const struct value_type value_choice; /* int; index into the row's choices */
extern const struct value_type value_fixed;  /* no field; one of the row's choices, all the same */
extern const struct value_type value_choice_name; /* char *; one of the row's choices */
extern const struct value_type value_bool;	  /* bool; true or false */
extern const struct value_type value_count;	  /* unsigned; min..max */
extern const struct value_type value_threads;	  /* unsigned; "auto" is one for each processor */
extern const struct value_type value_size;	  /* size_t, bytes; "16KiB" */
extern const struct value_type value_ms;      /* int64_t, milliseconds; "30s"; min and max in ms */
extern const struct value_type value_seconds; /* int64_t, seconds; "12h"; min and max in seconds */
extern const struct value_type value_url;     /* struct url; absent: an empty host */
extern const struct value_type value_app_origins; /* struct url; "{id}." before its host */
extern const struct value_type value_issuer;	  /* char *; https, but on loopback */
extern const struct value_type value_listen;	  /* struct conf_listen: text, addr, addr_len */
extern const struct value_type value_cidr;	  /* struct cidr */
extern const struct value_type value_store;	  /* struct conf: store_kind, store_path, redis */
extern const struct value_type value_host;	  /* char *; a host's name or address */
extern const struct value_type value_gelf;	  /* struct conf_endpoint; absent: host NULL */
extern const struct value_type value_scope;	  /* char *; a scope of RFC 6749 */
extern const struct value_type value_cluster; /* char *; of a cluster, also of one that is found */
extern const struct value_type value_namespace;	      /* char *; of Kubernetes, or "*" */
extern const struct value_type value_selector;	      /* char *; of Kubernetes' labels */
extern const struct value_type value_identity_header; /* char *; a field's name */
extern const struct value_type value_cookie_name;     /* char *; "sparkgate", "sparkgate_NAME" */
extern const struct value_type value_ui_name;	      /* char *; as value_name, one '*' too */
extern const struct value_type value_ui_url;	      /* struct url; one '*' in its host, too */
extern const struct value_type value_authority;	      /* char *; "host" or "host:port" */
extern const struct value_type value_application;     /* char *; a pattern, "own", "acl" */
extern const struct value_type value_memory;	  /* unsigned, MiB; "512m", "4g", as Spark has it */
extern const struct value_type value_pair;	  /* struct conf_pair; "key=value" */
extern const struct value_type value_spark_key;	  /* char *; a pattern of keys of Spark's */
extern const struct value_type value_resource;	  /* char *; a pattern of URIs */
extern const struct value_type value_folder_name; /* char *; of artifacts */
extern const struct value_type value_log_target;  /* struct conf_endpoint; "gelf://host:port" */
extern const struct value_type value_label;	  /* char *; a few words for people */

#endif
