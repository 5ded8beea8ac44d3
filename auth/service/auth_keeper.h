/*
 * auth/service/auth_keeper.h - requests to the keeper: sent from a server thread, worked on there,
 * and brought back.
 *
 * Each kind has a struct of its own that begins with a struct keeper_request.
 */
#ifndef SPARKGATE_AUTH_SERVICE_AUTH_KEEPER_H
#define SPARKGATE_AUTH_SERVICE_AUTH_KEEPER_H

#include "auth/service/auth_int.h"

enum { AUTH_REASON = 160 };

/* How answers find back to a server thread, or find it gone. */
struct return_address *auth_keeper_address_new(struct auth *auth, struct inbox *reply);
/* No answer will reach the server thread any more. */
void auth_keeper_address_close(struct return_address *address);

struct keeper_request {
	struct task task;
	size_t size;			/* of the whole struct */
	struct auth_service *service;	/* a reference */
	struct return_address *address; /* a reference */
	struct auth_pending *pending;	/* the server thread's; not for the keeper */
	enum auth_site site;
	void (*work)(struct keeper_request *request); /* keeper; ends in auth_keeper_return() */
	/* Server thread, unless it is gone by then. */
	void (*done)(struct auth_pending *pending, struct keeper_request *request);
	void (*clear)(struct keeper_request *request); /* frees what is its kind's; or NULL */
	/* the answer */
	enum auth_status status;
	char reason[AUTH_REASON];
	struct identity *who; /* the receiver's, or NULL */
};

/* Gives one of `size` zeroed bytes; the whole of it is overwritten at its end. */
struct keeper_request *auth_keeper_new(struct auth_pending *pending, size_t size);
void auth_keeper_send(struct keeper_request *request);	 /* to the keeper */
void auth_keeper_return(struct keeper_request *request); /* from the keeper to the server thread */
void auth_keeper_say(struct keeper_request *request, enum auth_status status, const char *reason);
/* Says and returns. */
void auth_keeper_answer(
	struct keeper_request *request, enum auth_status status, const char *reason);

#endif
