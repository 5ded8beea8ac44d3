/*
 * proxy/http/h1.h - HTTP/1.1 on the wire (RFC 9112): response heads and content framing.
 *
 * Pure functions: no sockets, no clocks. Strict: what two readers could frame differently is
 * refused.
 */
#ifndef SPARKGATE_PROXY_HTTP_H1_H
#define SPARKGATE_PROXY_HTTP_H1_H

#include "base/mem.h"
#include "base/str.h"
#include "proxy/http/field.h"

enum { H1_FIELDS_MAX = 100, H1_HEAD_MAX = 64 * 1024 };

struct h1_field {
	struct str name, value; /* value trimmed of OWS */
	struct field_kind kind; /* of the name */
};

/* The only way to make one: a field whose kind was not looked up would go by no rule. */
static inline struct h1_field h1_field_of(struct str name, struct str value)
{
	return (struct h1_field){name, value, field_kind_of(name)};
}

enum h1_framing { H1_NO_CONTENT, H1_LENGTH, H1_CHUNKED, H1_UNTIL_CLOSE };

struct h1_response { /* borrows from the parsed bytes */
	int status;
	bool http_1_0;
	struct str reason;
	struct h1_field fields[H1_FIELDS_MAX];
	size_t fields_count;
	size_t head_len; /* bytes of the head with its empty line */
	enum h1_framing framing;
	uint64_t length; /* H1_LENGTH */
	bool keep_alive; /* may be pooled after the content */
};

enum h1_result { H1_MORE, H1_DONE, H1_BAD };
/* `bytes` from the start of the head. H1_MORE: not complete yet (H1_BAD once H1_HEAD_MAX is
 * passed). `is_head`: the request was HEAD. */
MUST_CHECK enum h1_result h1_parse_response(
	struct str bytes, bool is_head, struct h1_response *out);
/* Does a Connection field list the token, in any case (RFC 9110 §7.6.1)? Of requests and responses.
 */
bool h1_connection_has(const struct h1_field *fields, size_t count, struct str token);
/* A tab behind a length or a coding, `whole` being the value with the spaces around it: RFC 9110
 * §5.6.3 allows it, and not everybody reads it (S1). Of requests and responses. */
bool h1_is_odd_framing(const struct h1_field *field, struct str whole);
/* The first such field, or an empty str with at == NULL. Of requests and responses. */
struct str h1_find(const struct h1_field *fields, size_t count, enum field id);
struct str h1_field(const struct h1_response *head, enum field id);

struct h1_content { /* where in the content we are; init from a head */
	enum h1_framing framing;
	uint64_t left; /* of the length or the chunk */
	int step;      /* private */
	uint64_t line; /* private: bytes of the chunk line or trailers so far */
};
void h1_content_init(struct h1_content *c, const struct h1_response *head);
/*
 * Looks at `bytes` and says what comes next: `*skip` framing bytes to drop, then `*take` content
 * bytes to hand on. H1_MORE: call again after consuming skip + take (both may be 0 when bytes run
 * out); H1_DONE: after them the content is complete; H1_BAD: cut.
 */
MUST_CHECK enum h1_result h1_content_next(
	struct h1_content *c, struct str bytes, size_t *skip, size_t *take);

#endif
