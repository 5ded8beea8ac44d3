/*
 * auth/policy/spark_page.h - the pages of Spark's UIs that only show something, of every version.
 *
 * Default deny: Spark gets pages with every release, and up to 4.2 those that end something did so
 * by GET (T42). A path that is not here may be one of these (S91). Pure.
 */
#ifndef SPARKGATE_AUTH_POLICY_SPARK_PAGE_H
#define SPARKGATE_AUTH_POLICY_SPARK_PAGE_H

#include "base/str.h"

/* `path` as of reading.h: decoded, without empty segments, a last slash and a query. */
bool spark_page_is_known(struct str path);

#endif
