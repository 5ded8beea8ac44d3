/* proxy/process/explain_rows.h - each row of auth.roles by itself: what it opens to whom. */
#ifndef SPARKGATE_PROXY_PROCESS_EXPLAIN_ROWS_H
#define SPARKGATE_PROXY_PROCESS_EXPLAIN_ROWS_H

#include "auth/policy/grants.h"
#include "proxy/process/explain_world.h"

struct explain_row {
	char *title;	  /* owned: "auth.roles.custom[0] (analysts)" */
	const char *role; /* the name that opens it: the one held, else the row's first */
	bool is_held;
	unsigned rights;  /* to what the request is about; 0: it is not even there */
	unsigned if_held; /* the same, if the role were theirs */
	unsigned at_best; /* ... of an application with the most fitting user, name, namespace and
			     lists that nobody said */
	const char *why;  /* of an application */
	const struct conf_role *custom; /* NULL: of admin, user or limited */
};
struct explain_rows {
	struct explain_row *at;
	size_t count;
};

void explain_rows_init(struct explain_rows *rows, const struct conf *conf,
	const struct explain_world *world, const struct grants *grants,
	const struct explain_app *app);
void explain_rows_clear(struct explain_rows *rows);

#endif
