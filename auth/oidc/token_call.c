#include "auth/oidc/token_call.h"

#include "auth/oidc/oidc_answer.h"
#include "base/log/log.h"

#include <stdlib.h>

struct token_call {
	struct token_call_request request;
	char *form; /* secret */
	struct fetch *under_way;
	enum client_way way;
	unsigned tried; /* ways, bits 1u << way */
};

static void token_call_free(struct token_call *call)
{
	secret_free(call->form);
	free(call);
}

void token_call_cancel(struct token_call *call)
{
	if (call == NULL)
		return;
	if (call->under_way)
		fetch_cancel(call->under_way);
	token_call_free(call);
}

static bool is_unknown_client(const struct fetch_result *result)
{
	struct oidc_answer answer;
	struct err why;
	bool is_unknown = false;

	if (result->status == 0 || result->status >= 500)
		return false;
	if (oidc_answer_parse(result->body, &answer, &why) == -1)
		return result->status == 401;
	is_unknown = client_auth_is_refused(answer.error);
	oidc_answer_clear(&answer);
	return is_unknown;
}

static void send_form(struct token_call *call);

/* Whether the answer is not the last one: the form is on its way again. */
static bool is_sent_again(struct token_call *call, const struct fetch_result *result)
{
	struct client_ways *ways = call->request.ways;
	const char *issuer = call->request.provider->issuer;

	if (call->tried == 0)
		return false;
	if (is_unknown_client(result)) {
		if (client_ways_next(ways, &call->tried, &call->way)) {
			send_form(call);
			return true;
		}
		log_err("provider",
			"%s refuses the gateway's own client id or secret: look at "
			"auth.oidc.client_id (%s) and client_secret_file",
			issuer, call->request.conf->client_id);
	} else if (result->status == 200 && client_ways_worked(ways, call->way, call->tried)) {
		log_info("provider", "%s takes the client secret in another way: %s", issuer,
			client_way_name(call->way));
	}
	return false;
}

static void on_token_answer(const struct fetch_result *result, void *arg)
{
	struct token_call *call = arg;

	call->under_way = NULL;
	if (is_sent_again(call, result))
		return;
	call->request.done(result, call->request.arg);
	token_call_free(call);
}

/* Who it is goes behind what is asked for; a public client has only its name. */
static void add_client(struct token_call *call, struct sbuf *form)
{
	const struct conf_oidc *conf = call->request.conf;

	if (conf->client_secret.value) {
		client_auth_add(form, call->way, conf->client_id, conf->client_secret.value);
	} else {
		sbuf_puts(form, "&client_id=");
		sbuf_urlencode(form, str_of(conf->client_id));
	}
}

static void send_form(struct token_call *call)
{
	const struct conf_oidc *conf = call->request.conf;
	const char *secret = conf->client_secret.value;
	char *header = secret ? client_auth_header(call->way, conf->client_id, secret) : NULL;
	const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded",
		"Accept: application/json", header, NULL};
	struct sbuf form;

	sbuf_init_secret(&form, TOKEN_FORM_MAX);
	sbuf_puts(&form, call->form);
	add_client(call, &form);
	call->under_way = fetch_start(
		call->request.fetcher, &(struct fetch_request){
					       .url = call->request.provider->token_endpoint,
					       .headers = headers,
					       .post = form.at,
					       .is_unrepeatable = true,
					       .ca_file = conf->ca_file,
					       .timeout_ms = call->request.timeout_ms,
					       .max_bytes = TOKEN_ANSWER_MAX,
					       .done = on_token_answer,
					       .arg = call,
				       });
	secret_free(header);
	sbuf_clear(&form);
}

struct token_call *token_call_start(const struct token_call_request *request, struct sbuf *form)
{
	struct token_call *call = mem_alloc(1, sizeof *call);

	call->request = *request;
	call->form = sbuf_take(form);
	if (request->conf->client_secret.value &&
		!client_ways_next(request->ways, &call->tried, &call->way))
		abort(); /* client_ways_set() leaves one at least */
	send_form(call);
	return call;
}
