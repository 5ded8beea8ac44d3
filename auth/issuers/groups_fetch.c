#include "auth/issuers/groups_fetch.h"

#include "base/clock.h"

#include <stdlib.h>

/* Of Microsoft Graph: groups that are for mail only count, too. */
static const char action_body[] = "{\"securityEnabledOnly\":false}";

struct groups_fetch {
	struct groups_request request; /* its texts are its own: */
	char *address, *token, *path, *ca_file;
	struct fetch *under_way;
	struct groups_found found;
	int64_t deadline_ms; /* monotonic */
	size_t bytes;
	unsigned pages;
};

static void groups_fetch_free(struct groups_fetch *fetch)
{
	free(fetch->address);
	secret_free(fetch->token);
	free(fetch->path);
	free(fetch->ca_file);
	groups_found_clear(&fetch->found);
	free(fetch);
}

void groups_fetch_cancel(struct groups_fetch *fetch)
{
	if (fetch == NULL)
		return;
	if (fetch->under_way)
		fetch_cancel(fetch->under_way);
	groups_fetch_free(fetch);
}

/* The one way out. */
static void finish_groups(struct groups_fetch *fetch, const struct groups_answer *answer)
{
	fetch->request.done(fetch->request.arg, answer);
	groups_fetch_free(fetch);
}

static void give_up(struct groups_fetch *fetch, const char *reason)
{
	finish_groups(fetch, &(struct groups_answer){.reason = reason});
}

/* As if the claim had been there: a dot in the path stands for itself. */
static void give_names(struct groups_fetch *fetch)
{
	json_t *claims = json_object();

	json_object_set(claims, fetch->path, fetch->found.names);
	finish_groups(fetch, &(struct groups_answer){.claims = claims});
	json_decref(claims);
}

static void ask_page(struct groups_fetch *fetch, const char *address);

/* NULL, or why there is no further page to be asked for. */
static const char *fault_of_next(const struct groups_fetch *fetch)
{
	if (!groups_source_is_same_origin(str_of(fetch->found.next), fetch->address))
		return "the next page there is on another server";
	if (fetch->pages == GROUPS_PAGES_MAX || fetch->bytes > GROUPS_ALL_BYTES)
		return "there are too many pages";
	return clock_mono_ms() < fetch->deadline_ms ? NULL : "the answer there takes too long";
}

static void take_page(struct groups_fetch *fetch, struct str body)
{
	struct err err = {""};

	fetch->bytes += body.len;
	if (groups_source_page(body, fetch->path, &fetch->found, &err) == -1) {
		give_up(fetch, err.text);
		return;
	}
	const char *fault = fetch->found.next ? fault_of_next(fetch) : NULL;
	if (fault) {
		give_up(fetch, fault);
	} else if (fetch->found.next) {
		char *next = fetch->found.next;

		fetch->found.next = NULL;
		ask_page(fetch, next);
		free(next);
	} else {
		give_names(fetch);
	}
}

static void on_page(const struct fetch_result *result, void *arg)
{
	struct groups_fetch *fetch = arg;
	struct err why;

	fetch->under_way = NULL;
	if (result->status == 0) {
		give_up(fetch, "the server there does not answer");
	} else if (result->status != 200) {
		err_set(&why, "the server there answers with status %d", result->status);
		give_up(fetch, why.text);
	} else if (str_starts_nocase(str_of(result->content_type), STR("application/jwt"))) {
		finish_groups(
			fetch, &(struct groups_answer){.token = str_cut_line_end(result->body)});
	} else {
		take_page(fetch, result->body);
	}
}

static void ask_page(struct groups_fetch *fetch, const char *address)
{
	bool is_action = groups_source_is_action(address);
	char *header = mem_printf("Authorization: Bearer %s", fetch->token);
	const char *const headers[] = {header, "Accept: application/json, application/jwt",
		is_action ? "Content-Type: application/json" : NULL, NULL};
	int64_t left_ms = fetch->deadline_ms - clock_mono_ms();

	fetch->pages++;
	fetch->under_way =
		fetch_start(fetch->request.fetcher, &(struct fetch_request){.url = address,
							    .headers = headers,
							    .post = is_action ? action_body : NULL,
							    .ca_file = fetch->ca_file,
							    .timeout_ms = left_ms > 1 ? left_ms : 1,
							    .max_bytes = GROUPS_PAGE_BYTES,
							    .done = on_page,
							    .arg = fetch});
	secret_free(header);
}

struct groups_fetch *groups_fetch_start(const struct groups_request *request, struct err *err)
{
	const char *own = request->source->access_token, *token = own ? own : request->token;
	char *address =
		groups_source_address(request->source, request->issuer, request->configured, err);
	struct groups_fetch *fetch;

	if (address == NULL || token == NULL) {
		if (address)
			err_set(err, "the provider gave no access token to ask with");
		free(address);
		return NULL;
	}
	fetch = mem_alloc(1, sizeof *fetch);
	fetch->request = *request;
	fetch->address = address;
	fetch->token = mem_strdup(token);
	fetch->path = mem_strdup(request->path);
	fetch->ca_file = mem_strdup(request->ca_file);
	fetch->deadline_ms = clock_mono_ms() + request->timeout_ms;
	ask_page(fetch, fetch->address);
	return fetch;
}
