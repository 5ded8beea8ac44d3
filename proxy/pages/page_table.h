/*
 * proxy/pages/page_table.h - the tables of the home pages: applications, workers, and the way
 * between pages.
 *
 * A row is bounded because every value in it is clipped; how many rows there are is the caller's to
 * bound.
 */
#ifndef SPARKGATE_PROXY_PAGES_PAGE_TABLE_H
#define SPARKGATE_PROXY_PAGES_PAGE_TABLE_H

#include "proxy/pages/page_query.h"

enum { TABLE_ROW_MAX = 16 * 1024 }; /* bytes one row can take at most */

struct page_table {
	struct sbuf *out;
	bool with_cluster;	    /* a column that says which */
	int64_t now_ms;		    /* wall; for how long something has been running */
	const struct identity *who; /* looks at it; NULL: nobody */
};

/* `caption` is text of ours, for those who hear the page. */
void page_table_open(const struct page_table *t, const char *caption);
void page_table_row(
	const struct page_table *t, const struct cluster_info *cluster, const struct app_info *app);
void page_table_close(const struct page_table *t);
void page_table_workers(
	struct sbuf *out, const struct cluster_info *cluster, size_t from, size_t count);
/* "51–100 of 10,000" and links to the pages around; `path` has no slash at its end. Nothing when
 * all fits. */
void page_table_pager(
	struct sbuf *out, const char *path, const struct page_query *query, size_t total);
/* How many pages `total` rows are: at least one. */
size_t page_table_pages(size_t total);

#endif
