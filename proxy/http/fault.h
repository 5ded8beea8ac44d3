/*
 * proxy/http/fault.h - every way a request can end without its UI's answer: one row each.
 *
 * A row gives the status, the word in log lines and metrics, and the sentence a person reads. What
 * went wrong inside never reaches the client.
 */
#ifndef SPARKGATE_PROXY_HTTP_FAULT_H
#define SPARKGATE_PROXY_HTTP_FAULT_H

enum fault {
	FAULT_NONE,
	/* the request itself (guard) */
	FAULT_BAD_REQUEST,
	FAULT_BAD_TARGET,
	FAULT_BAD_HOST,
	FAULT_MISDIRECTED, /* the same over HTTP/2, where a browser may ask again elsewhere */
	FAULT_BAD_FRAMING,
	FAULT_METHOD,
	FAULT_BODY_TOO_LARGE,
	FAULT_LENGTH_REQUIRED,
	FAULT_QUOTA, /* there would be more of a person's than may be */
	FAULT_HEAD_TOO_LARGE,
	FAULT_REQUEST_TIMEOUT,
	FAULT_FLOOD, /* a connection of HTTP/2 on which too much brings nothing (S222-S224) */
	FAULT_CONTENT_TYPE, /* parameters that a server behind may read otherwise (S47) */
	/* who and whether */
	FAULT_UNAUTHENTICATED,
	FAULT_INVALID_TOKEN,
	FAULT_TWO_CREDENTIALS,
	FAULT_NO_ROLE,
	FAULT_FORBIDDEN,
	FAULT_CROSS_ORIGIN,
	FAULT_NEVER,
	FAULT_AHEAD, /* a browser asks before its person does (S89) */
	FAULT_ELSEWHERE,
	FAULT_NOT_TRUSTED, /* asks for an ingress, and is not one that is configured */
	FAULT_ENTER_STALE,
	FAULT_SCOPE,	       /* a token that is narrowed to other things */
	FAULT_SIGN_IN_STALE,   /* begun elsewhere, too long ago, or used */
	FAULT_SIGN_IN_REFUSED, /* the provider, or a check of what it said, says no */
	FAULT_SIGN_IN_DOWN,
	FAULT_TOO_MANY,
	FAULT_STORE_DOWN,
	FAULT_ISSUER_DOWN,     /* of a token that only its issuer can judge */
	FAULT_OWN_CREDENTIALS, /* the provider refuses the gateway's own client */
	/* where to */
	FAULT_NOT_FOUND,
	FAULT_GONE, /* the UI was there and is not any more */
	FAULT_NOT_READY,
	FAULT_STARTING,	  /* an application whose UI is not there yet */
	FAULT_NO_ADDRESS, /* a name that nobody here can resolve */
	FAULT_NO_UI,	  /* an application that has none */
	FAULT_CONFLICT,	  /* what is asked for is not done to a token in this state */
	/* the upstream */
	FAULT_UPSTREAM_CONNECT,
	FAULT_UPSTREAM_CERTIFICATE, /* TLS, but of somebody who is not trusted */
	FAULT_UPSTREAM_TLS,
	FAULT_UPSTREAM_TIMEOUT,
	FAULT_UPSTREAM_PROTOCOL,
	FAULT_KUBERNETES,    /* its API server refuses, or says something else */
	FAULT_STORAGE,	     /* an object storage refuses, or says something else */
	FAULT_STORAGE_DOWN,  /* it does not answer */
	FAULT_LAUNCH_DOWN,   /* a cluster is known to start nothing now */
	FAULT_UPSTREAM_DIED, /* after the head was sent: the client is cut */
	FAULT_BUSY,	     /* no connection within the deadline */
	FAULT_MEMORY,	     /* no more content is held for now (S57) */
	FAULT_CLIENT_LEFT,   /* never answered, only logged */
	FAULT_COUNT
};

struct fault_row {
	int status;	      /* 0: nobody is there to answer */
	const char *word;     /* log "reason" and metric label */
	const char *sentence; /* for the person */
};

const struct fault_row *fault_row(enum fault fault); /* never NULL */

#endif
