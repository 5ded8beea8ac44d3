/*
 * proxy/guard/guard.h - what the reader cannot know: whether the parsed request is for us and reads
 * one way (S5, S6).
 *
 * Pure. The grammar and framing of the bytes were judged before, by the request reader.
 */
#ifndef SPARKGATE_PROXY_GUARD_GUARD_H
#define SPARKGATE_PROXY_GUARD_GUARD_H

#include "base/text/url.h"
#include "conf/conf.h"
#include "proxy/http/fault.h"
#include "proxy/http/front_request.h"

/* `port` is the one really listened on. On FAULT_NONE `*target` borrows from the request, as does
 * `*label`, of an application's own host (at == NULL: the public host); else err says more. */
MUST_CHECK enum fault guard_check(const struct conf_listen *conf, unsigned port,
	const struct front_request *req, struct str *label, struct target *target, struct err *err);
/* The value of the field if there is exactly one of that name; else at == NULL. */
struct str guard_single_field(const struct front_request *req, enum field id);
/* At least one: what is refused where it is seen must not pass because it is there twice. */
bool guard_has_field(const struct front_request *req, enum field id);
/* Whether a person looks at the answer: not a program, not a script of a page (Sec-Fetch-Mode,
 * X-Requested-With, Accept). Nobody else is sent a page or to sign in. */
bool guard_wants_page(const struct front_request *req);
bool guard_is_navigation(const struct front_request *req); /* the same, and nothing was sent */
bool guard_is_safe(const struct front_request *req);	   /* its method changes nothing */
/* A page of another origin asks for this, and not to be left for it: something to load, to show in
 * a frame, or to send. Only as far as browsers say so. */
bool guard_is_foreign(const struct front_request *req);
/* A browser asks ahead of its person, who may never look: prefetch, prerender, preview (S89). */
bool guard_is_ahead(const struct front_request *req);
/* What is loaded into a page, or asked for by its script, is not gone to by a person: an <img>, a
 * frame, fetch(). Only as far as browsers say so. */
bool guard_is_loaded(const struct front_request *req);
/* Did a page of this origin send it? Sec-Fetch-Site, else Origin, else Referer (S45). */
enum guard_origin { ORIGIN_SAME, ORIGIN_OTHER, ORIGIN_UNKNOWN };
enum guard_origin guard_origin_of(const struct front_request *req, const char *origin);
/* No page at all did: an address was typed, or a bookmark opened, as far as browsers say so. */
bool guard_is_by_hand(const struct front_request *req);
/* The target of the page of this origin that the request comes from; at == NULL: it names none. */
struct str guard_referer_here(const struct front_request *req, const char *origin);

#endif
