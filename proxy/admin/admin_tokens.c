/* The admin listener's pages about tokens: listed, shown, made, changed; asked for by programs. */
#include "proxy/admin/admin_pages.h"

#include "auth/device/device_desk.h"
#include "auth/policy/scope_doubt.h"
#include "auth/token/audit.h"
#include "base/clock.h"
#include "conf/values/values_units.h"
#include "proxy/admin/token_cursor.h"
#include "proxy/pages/admin/page_device.h"
#include "proxy/pages/page_tokens.h"
#include "proxy/web/web_fault.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAGE_TOKENS = 50, TTL_MAX = 24, WORD_MAX = 16 };

/* Who may nothing here is told why. */
static void refuse_token_page(struct web_call *call, enum token_outcome outcome)
{
	admin_refuse(call, outcome,
		outcome == TOKEN_FORBIDDEN
			? token_manager_why_not(admin_token_rules(call), call->who)
			: NULL);
}

/* --- the list --- */

struct listing {
	struct store_token tokens[PAGE_TOKENS];
	size_t count;
	char owner[STORE_SUBJECT], cursor[TOKEN_CURSOR_MAX], show[WORD_MAX], next[TOKEN_CURSOR_MAX];
};

static bool read_list_query(
	struct web_call *call, struct listing *listing, struct store_token_query *query)
{
	bool is_fine = web_field(call, "owner", listing->owner, sizeof listing->owner) &&
		       web_field(call, "cursor", listing->cursor, sizeof listing->cursor) &&
		       web_field(call, "show", listing->show, sizeof listing->show);

	if (listing->owner[0] && call->who->role == ROLE_ADMIN)
		query->subject = listing->owner;
	if (strcmp(listing->show, "living") == 0)
		query->alive_at = clock_wall_s();
	return is_fine && (listing->cursor[0] == '\0' || token_cursor_read(listing->cursor, query));
}

static void add_to_listing(void *arg, const struct store_token *token)
{
	struct listing *listing = arg;

	listing->tokens[listing->count++] = *token;
}

static void serve_listing(struct web_call *call, struct listing *listing)
{
	const struct page_token_form form = {.conf = call->conf,
		.client_name = "",
		.user = "",
		.type = "",
		.access_ttl = "",
		.refresh_ttl = "",
		.scope = "",
		.note = ""};
	struct page_view view = call->site->view(call);
	struct sbuf page;

	sbuf_init(&page, PAGE_MAX);
	page_tokens(&page, &view,
		&(struct page_tokens){.tokens = listing->tokens,
			.count = listing->count,
			.owner = listing->owner,
			.is_living = strcmp(listing->show, "living") == 0,
			.is_later = listing->cursor[0] != '\0',
			.next = listing->next[0] ? listing->next : NULL,
			.now = clock_wall_s(),
			.form = &form});
	web_html(call, 200, &page, NULL, FAULT_NONE);
	sbuf_clear(&page);
}

void admin_tokens_list(struct web_call *call)
{
	struct listing *listing = mem_alloc(1, sizeof *listing);
	struct store_token_query query = {.limit = PAGE_TOKENS};
	enum token_outcome outcome = TOKEN_INVALID;
	int count = 0;

	if (read_list_query(call, listing, &query))
		outcome = token_manager_list(admin_token_rules(call), call->who, &query,
			add_to_listing, listing, &count);
	if (outcome == TOKEN_DONE && listing->count == PAGE_TOKENS)
		token_cursor_write(&listing->tokens[PAGE_TOKENS - 1], listing->next);
	if (outcome == TOKEN_DONE)
		serve_listing(call, listing);
	else
		refuse_token_page(call, outcome);
	free(listing);
}

/* --- making one --- */

struct sent_form { /* the form as it came */
	char client_name[STORE_CLIENT], user[STORE_SUBJECT], type[WORD_MAX];
	char access_ttl[TTL_MAX], refresh_ttl[TTL_MAX], scope[STORE_SCOPE], note[STORE_NOTE];
};

/* NULL, or what is wrong with it. */
static const char *read_sent(struct web_call *call, struct sent_form *sent)
{
	const struct {
		const char *name;
		char *out;
		size_t size;
		const char *fault;
	} fields[] = {
		{"client_name", sent->client_name, sizeof sent->client_name,
			"The client name is too long or malformed."},
		{"user", sent->user, sizeof sent->user,
			"The person's ID is too long or malformed."},
		{"token_type", sent->type, sizeof sent->type, "Choose the type user or admin."},
		{"access_ttl", sent->access_ttl, sizeof sent->access_ttl,
			"Enter the access token's life, such as 30m, 12h or 7d."},
		{"refresh_ttl", sent->refresh_ttl, sizeof sent->refresh_ttl,
			"Enter the refresh token's life, such as 12h or 7d, or 0 for none."},
		{"scope", sent->scope, sizeof sent->scope, "The scope is too long or malformed."},
		{"note", sent->note, sizeof sent->note, "The note is too long or malformed."},
	};
	const char *fault = NULL;

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (!web_field(call, fields[i].name, fields[i].out, fields[i].size) && !fault)
			fault = fields[i].fault;
	}
	return fault;
}

/* "": the default, which is 0. */
static bool read_form_ttl(const char *text, int64_t *seconds)
{
	int64_t ms = 0;

	*seconds = 0;
	if (text[0] == '\0')
		return true;
	if (values_parse_duration(text, &ms) == -1 || ms < 1000)
		return false;
	*seconds = ms / 1000;
	return true;
}

static const char *read_token_form(const struct sent_form *sent, struct token_request *request)
{
	bool is_admin = strcmp(sent->type, role_name(ROLE_ADMIN)) == 0;

	*request = (struct token_request){.client_name = sent->client_name,
		.user = sent->user[0] ? sent->user : NULL,
		.note = sent->note[0] ? sent->note : NULL,
		.scope = sent->scope[0] ? sent->scope : NULL,
		.role = is_admin ? ROLE_ADMIN : ROLE_USER};
	if (sent->client_name[0] == '\0')
		return "Enter a client name.";
	if (sent->type[0] && !is_admin && strcmp(sent->type, role_name(ROLE_USER)) != 0)
		return "Choose the type user or admin.";
	if (!read_form_ttl(sent->access_ttl, &request->access_ttl))
		return "Enter the access token's life, such as 30m, 12h or 7d.";
	if (strcmp(sent->refresh_ttl, "0") == 0)
		request->refresh_ttl = -1;
	else if (!read_form_ttl(sent->refresh_ttl, &request->refresh_ttl))
		return "Enter the refresh token's life, such as 12h or 7d, or 0 for none.";
	return NULL;
}

static void serve_token_form(
	struct web_call *call, int status, const struct sent_form *sent, const char *problem)
{
	const struct page_token_form form = {call->conf, sent->client_name, sent->user, sent->type,
		sent->access_ttl, sent->refresh_ttl, sent->scope, sent->note, problem};
	struct page_view view = call->site->view(call);
	struct sbuf page;

	sbuf_init(&page, PAGE_MAX);
	page_token_form(&page, &view, &form);
	web_html(call, status, &page, NULL, FAULT_NONE);
	sbuf_clear(&page);
}

static void serve_made(struct web_call *call, const struct store_token *record,
	const struct token_secrets *secrets)
{
	struct page_view view = call->site->view(call);
	char *doubt = scope_doubt(call->conf, call->who, str_of(record->scope));
	struct sbuf page;

	sbuf_init_secret(&page, PAGE_MAX);
	page_token_made(&page, &view,
		&(struct page_token_made){record, secrets, &call->conf->server, doubt});
	free(doubt);
	web_html(call, 201, &page, NULL, FAULT_NONE);
	sbuf_clear(&page);
}

void admin_tokens_create(struct web_call *call)
{
	struct sent_form sent;
	struct token_request request = {.client_name = NULL};
	struct token_secrets secrets = {NULL, NULL, NULL};
	struct store_token record;
	struct err err = {""};
	const char *fault = read_sent(call, &sent);

	if (fault == NULL)
		fault = read_token_form(&sent, &request);
	enum token_outcome outcome = fault ? TOKEN_INVALID
					   : token_manager_create(admin_token_rules(call),
						     call->who, &request, &record, &secrets, &err);
	switch (outcome) {
	case TOKEN_DONE:
		serve_made(call, &record, &secrets);
		break;
	case TOKEN_INVALID:
		serve_token_form(call, 400, &sent, fault ? fault : err.text);
		break;
	case TOKEN_FORBIDDEN:
		serve_token_form(call, 403, &sent, err.text);
		break;
	case TOKEN_CONFLICT:
		serve_token_form(call, 409, &sent, err.text);
		break;
	default:
		refuse_token_page(call, outcome);
	}
	token_secrets_clear(&secrets);
}

/* --- one of them --- */

static void serve_token(struct web_call *call, int status, struct page_token it)
{
	struct page_view view = call->site->view(call);
	struct sbuf page;

	it.now = clock_wall_s();
	sbuf_init(&page, PAGE_MAX);
	page_token(&page, &view, &it);
	web_html(call, status, &page, NULL, FAULT_NONE);
	sbuf_clear(&page);
}

void admin_tokens_show(struct web_call *call)
{
	struct store_token token;
	char changed[WORD_MAX];
	enum token_outcome outcome = token_manager_get(
		admin_token_rules(call), call->who, str_of(call->token_id), &token);

	if (outcome != TOKEN_DONE) {
		refuse_token_page(call, outcome);
		return;
	}
	bool is_changed = web_field(call, "changed", changed, sizeof changed) && changed[0];
	serve_token(call, 200, (struct page_token){.token = &token, .is_changed = is_changed});
}

/* Back to its page, which says what it is now. */
static void redirect_to_token(struct web_call *call)
{
	struct sbuf location;

	sbuf_init(&location, WEB_FIELD_MAX);
	sbuf_printf(&location, "%s/tokens/%s?changed=1", call->conf->admin.base, call->token_id);
	web_redirect(call, 303, sbuf_str(&location), NULL);
	sbuf_clear(&location);
}

/* `verb` can be asked for twice where the last administrator's token is concerned (S35). */
static void change_token_page(struct web_call *call, enum token_state state, const char *verb)
{
	struct store_token token;
	struct err err = {""};
	char force[WORD_MAX];
	bool is_forced = web_field(call, "force", force, sizeof force) && strcmp(force, "1") == 0;
	enum token_outcome outcome = token_manager_set_state(admin_token_rules(call), call->who,
		str_of(call->token_id), state, is_forced, &token, &err);

	if (outcome == TOKEN_DONE)
		redirect_to_token(call);
	else if (outcome == TOKEN_CONFLICT && token.state == STATE_REVOKED)
		serve_token(call, 409,
			(struct page_token){
				.token = &token, .problem = "A revoked token stays revoked."});
	else if (outcome == TOKEN_CONFLICT)
		serve_token(call, 409,
			(struct page_token){.token = &token,
				.problem = "This is the last active administrator token. Nothing "
					   "has been changed.",
				.force = verb});
	else
		refuse_token_page(call, outcome);
}

void admin_tokens_revoke(struct web_call *call)
{
	change_token_page(call, STATE_REVOKED, "revoke");
}

void admin_tokens_disable(struct web_call *call)
{
	change_token_page(call, STATE_DISABLED, "disable");
}

void admin_tokens_enable(struct web_call *call)
{
	change_token_page(call, STATE_ACTIVE, "enable");
}

/* --- a program asks for a token of who is signed in here (RFC 8628) --- */

/* On the public site a driver's page could press these buttons (S0, S135). */

enum { TYPED_MAX = 64 };

static const struct device_desk *device_rules(struct web_call *call)
{
	const struct device_desk *desk = auth_service_devices(admin_call_of(call)->admin->service);

	audit_come_from(web_client(call), call->id);
	return desk;
}

static void serve_page(struct web_call *call, int status, const struct page_device *about)
{
	struct page_view view = call->site->view(call);
	struct sbuf page;

	sbuf_init(&page, PAGE_MAX);
	page_device(&page, &view, about);
	web_html(call, status, &page, NULL, FAULT_NONE);
	sbuf_clear(&page);
}

/* The form to type a code into, with why the last one was no good. */
static void serve_form(struct web_call *call, enum device_outcome outcome, const char *typed)
{
	static const struct {
		int status;
		const char *problem;
	} rows[] = {[DEVICE_DONE] = {200, NULL},
		[DEVICE_UNKNOWN] = {404,
			"No program waits with this code. It may be mistyped, used "
			"or too old: start the sign-in again."},
		[DEVICE_MANY] = {429, "Too many codes were tried. Wait a minute."}};

	if (outcome == DEVICE_UNAVAILABLE)
		web_fault(call, FAULT_STORE_DOWN, NULL);
	else
		serve_page(call, rows[outcome].status,
			&(struct page_device){.kind = PAGE_DEVICE_FORM,
				.problem = rows[outcome].problem,
				.typed = typed});
}

static void serve_question(struct web_call *call, int status,
	const struct device_question *question, const char *problem)
{
	serve_page(call, status,
		&(struct page_device){.kind = PAGE_DEVICE_QUESTION,
			.question = question,
			.conf = call->conf,
			.client = web_client(call),
			.problem = problem});
}

/* Whether they may have tokens at all. False: refused, and answered. */
static bool may_have_tokens(struct web_call *call)
{
	const char *why = token_manager_why_not(admin_token_rules(call), call->who);

	if (why)
		web_fault(call, FAULT_FORBIDDEN, why);
	return why == NULL;
}

/* The code in the form's or query's field. False: answered. Gives what it is of, for free(). */
static bool find_question(struct web_call *call, struct device_question **out)
{
	char typed[TYPED_MAX];

	*out = NULL;
	if (!web_field(call, "user_code", typed, sizeof typed))
		snprintf(typed, sizeof typed, "?");
	if (typed[0] == '\0') {
		serve_form(call, DEVICE_DONE, "");
		return false;
	}
	*out = mem_alloc(1, sizeof **out);
	enum device_outcome outcome =
		device_find(device_rules(call), call->who, str_of(typed), *out);
	if (outcome != DEVICE_DONE)
		serve_form(call, outcome, typed);
	return outcome == DEVICE_DONE;
}

void admin_device_show(struct web_call *call)
{
	struct device_question *question = NULL;

	if (!may_have_tokens(call))
		return;
	if (find_question(call, &question))
		serve_question(call, 200, question, NULL);
	free(question);
}

static void decide(struct web_call *call, struct device_question *question, bool is_allowed)
{
	struct err err = {""};
	enum device_outcome outcome =
		device_decide(device_rules(call), call->who, question, is_allowed, &err);

	if (outcome == DEVICE_DONE)
		serve_page(call, 200,
			&(struct page_device){
				.kind = is_allowed ? PAGE_DEVICE_ALLOWED : PAGE_DEVICE_DENIED,
				.question = question});
	else if (outcome == DEVICE_REFUSED)
		serve_question(call, 403, question, err.text);
	else
		serve_form(call, outcome, "");
}

void admin_device_decide(struct web_call *call)
{
	struct device_question *question = NULL;
	char answer[WORD_MAX];

	if (!may_have_tokens(call))
		return;
	if (!web_field(call, "answer", answer, sizeof answer) ||
		(strcmp(answer, "allow") != 0 && strcmp(answer, "deny") != 0)) {
		web_fault(call, FAULT_BAD_REQUEST, "answer: expected allow or deny");
		return;
	}
	if (find_question(call, &question))
		decide(call, question, strcmp(answer, "allow") == 0);
	free(question);
}
