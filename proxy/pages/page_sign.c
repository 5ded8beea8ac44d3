/* proxy/pages/page_sign.c - the pages about who one is: signing in and out, and why it did not
 * work. */
#include "conf/providers.h"
#include "proxy/pages/page_card.h"
#include "proxy/pages/page_parts.h"

/* --- signing in --- */

static void write_login_problem(struct sbuf *out, const char *problem)
{
	if (problem == NULL)
		return;
	sbuf_puts(out, "<p class=\"notice bad\" role=\"alert\" id=\"problem\">");
	part_text(out, problem, 512);
	sbuf_puts(out, "</p>\n");
}

static void write_silent(struct sbuf *out, const struct page_view *view,
	const struct page_sign_in *offer, size_t index)
{
	const struct card_sign_in to = {offer->next, false, "Reload", NULL};

	sbuf_printf(out,
		"<button class=\"wide\" type=\"button\" disabled "
		"aria-describedby=\"silent-%zu\">",
		index);
	part_text(out, offer->providers[index].label, 100);
	sbuf_printf(out,
		"</button>\n<p class=\"notice warn\" id=\"silent-%zu\">The identity "
		"provider does not answer. Try again in a few seconds. ",
		index);
	card_sign_in(out, "soft", view, &to);
	sbuf_puts(out, "</p>\n");
}

static void write_providers(
	struct sbuf *out, const struct page_view *view, const struct page_sign_in *offer)
{
	for (size_t i = 0; i < offer->count; i++) {
		const struct page_provider *provider = &offer->providers[i];
		const struct card_sign_in to = {offer->next, true, provider->label, provider->name};

		if (provider->state != AUTH_PROVIDER_READY) {
			write_silent(out, view, offer, i);
			continue;
		}
		card_sign_in(out, "button wide", view, &to);
		sbuf_putc(out, '\n');
	}
}

static bool has_ready(const struct page_sign_in *offer)
{
	for (size_t i = 0; i < offer->count; i++) {
		if (offer->providers[i].state == AUTH_PROVIDER_READY)
			return true;
	}
	return false;
}

static void write_hidden(struct sbuf *out, const char *name, struct str value)
{
	sbuf_printf(out, "<input type=\"hidden\" name=\"%s\" value=\"", name);
	sbuf_html(out, value);
	sbuf_puts(out, "\">");
}

static void begin_form(struct sbuf *out, const struct page_view *view)
{
	sbuf_puts(out, "<form class=\"sign-in\" method=\"post\" action=\"");
	sbuf_html(out, str_of(view->base));
	sbuf_puts(out, "/_gate/login\">");
}

static void write_token_form(
	struct sbuf *out, const struct page_view *view, const struct page_sign_in *offer)
{
	bool is_folded = has_ready(offer) && !offer->problem;

	begin_form(out, view);
	write_hidden(out, "next", offer->next);
	sbuf_printf(out,
		"\n<label for=\"token\">Access token</label>\n"
		"<input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"off\" "
		"required%s spellcheck=\"false\" autocapitalize=\"none\"%s>\n"
		"<button%s>Sign in</button></form>\n",
		is_folded ? "" : " autofocus",
		offer->problem ? " aria-invalid=\"true\" aria-describedby=\"problem\"" : "",
		offer->count == 0 ? "" : " class=\"quiet\"");
}

static void write_token_help(struct sbuf *out, bool has_provider)
{
	sbuf_puts(out, "<div class=\"help\"><h2>Where do I get a token?</h2>\n"
		       "<p>Ask an administrator of this gateway. On its machine, this command "
		       "creates one:</p>\n"
		       "<pre><code>sparkgate token create <span>--config <i>FILE</i></span> "
		       "<span>--client-name <i>NAME</i></span></code></pre>\n");
	if (!has_provider)
		sbuf_puts(out, "<p>At its first start, the gateway prints a one-time link that "
			       "signs the administrator in without a token.</p>");
	sbuf_puts(out, "</div>\n");
}

void page_login(struct sbuf *out, const struct page_view *view, const struct page_sign_in *offer)
{
	struct page_view nobody = part_as_nobody(view);
	bool has_provider = offer->count > 0;

	card_open(out, &nobody,
		view->site == AUTH_SITE_ADMIN ? "Sign in to manage tokens" : "Sign in", NULL);
	write_login_problem(out, offer->problem);
	write_providers(out, &nobody, offer);
	if (has_provider)
		sbuf_printf(out,
			"<details class=\"other\"%s><summary>Use an access token</summary>\n",
			offer->problem || !has_ready(offer) ? " open" : "");
	write_token_form(out, &nobody, offer);
	/* The one-time link leads to the other site. */
	write_token_help(out, has_provider || view->site == AUTH_SITE_ADMIN);
	if (has_provider)
		sbuf_puts(out, "</details>\n");
	part_script(out, &nobody, PAGE_STATIC_SIGN_IN);
	card_close(out, &nobody);
}

void page_link(struct sbuf *out, const struct page_view *view, struct str secret, struct str next)
{
	struct page_view nobody = part_as_nobody(view);

	card_open(out, &nobody, "Sign in as administrator", NULL);
	card_text(out, "This link works once, within ten minutes after it was made.");
	begin_form(out, view);
	write_hidden(out, "link", secret);
	write_hidden(out, "next", next);
	sbuf_puts(out, "<button>Sign in</button></form>\n");
	card_close(out, &nobody);
}

void page_not_signed_in(
	struct sbuf *out, const struct page_view *view, const struct page_refusal *refusal)
{
	card_open_fault(out, view, refusal->fault);
	card_text(out, refusal->sentence);
	if (refusal->said && refusal->said[0]) {
		sbuf_puts(out, "<p class=\"said\">It says: <q>");
		part_text(out, refusal->said, 255);
		sbuf_puts(out, "</q></p>\n");
	}
	sbuf_puts(out, "<div class=\"actions\">");
	card_sign_in(out, "button", view,
		&(struct card_sign_in){refusal->next, refusal->at_provider,
			refusal->at_provider ? "Start again" : "Sign in", refusal->provider});
	if (refusal->at_provider)
		card_sign_in(out, "button quiet", view,
			&(struct card_sign_in){
				refusal->next, false, "Other ways to sign in", NULL});
	if (view->who && view->who->role != ROLE_NONE)
		card_link(out, "button quiet", view->base, "/", "Home");
	sbuf_puts(out, "</div>\n");
	card_request_id(out, view);
	card_close(out, view);
}

void page_ended(struct sbuf *out, const struct page_view *view, struct str next)
{
	card_open(out, view, "You are not signed in", "Error 401");
	card_text(out, "Your session has ended. Your request was not carried out. Sign in, then "
		       "send it again.");
	sbuf_puts(out, "<div class=\"actions\">");
	card_sign_in(out, "button", view, &(struct card_sign_in){next, false, "Sign in", NULL});
	sbuf_puts(out, "</div>\n");
	card_request_id(out, view);
	card_close(out, view);
}

/* --- signing out --- */

void page_logout(struct sbuf *out, const struct page_view *view)
{
	card_open(out, view, "Sign out?", NULL);
	sbuf_puts(out,
		"<p><b>Sign out</b> ends your session in this browser. <b>Sign out everywhere</b> "
		"ends all your sessions, on all devices. Your access tokens stay valid, unless the "
		"identity provider also signs you out.</p>\n"
		"<form class=\"actions\" method=\"post\" action=\"");
	sbuf_html(out, str_of(view->base));
	sbuf_puts(out, "/_gate/logout\">");
	part_form_token(out, view);
	sbuf_puts(out, "<button>Sign out</button><button class=\"quiet\" name=\"everywhere\" "
		       "value=\"1\">Sign out "
		       "everywhere</button>");
	card_link(out, "button quiet", view->base, "/", "Stay signed in");
	sbuf_puts(out, "</form>\n");
	card_close(out, view);
}

void page_signed_out(
	struct sbuf *out, const struct page_view *view, const struct page_farewell *farewell)
{
	struct page_view nobody = part_as_nobody(view);

	card_open(out, &nobody, "You are signed out", NULL);
	card_text(out, farewell->sentence);
	if (farewell->location) {
		sbuf_puts(out, "<p class=\"waiting\" role=\"status\">You are being signed out at "
			       "the identity provider, too.</p>\n"
			       "<div class=\"actions\"><a class=\"button\" href=\"");
		sbuf_html(out, str_of(farewell->location));
		sbuf_puts(out, "\">Continue</a></div>\n");
	} else {
		sbuf_puts(out, "<div class=\"actions\">");
		card_link(out, "button", view->base, "/_gate/login", "Sign in again");
		sbuf_puts(out, "</div>\n");
	}
	card_close(out, &nobody);
}

/* --- signed in, and not let in --- */

enum { ROLES_SHOWN = 20 }; /* of a kind */

/* A name that a role may come by; "sub:…" are persons, who are nobody else's business. Gives how
 * many it wrote. */
struct roles_page { /* borrowed: whose roles are named */
	const struct conf *conf;
	struct str issuer;
};

static size_t write_role(
	struct sbuf *out, const struct roles_page *page, const char *said, const char *opens)
{
	const char *name = conf_role_of(page->conf, page->issuer, said);

	if (name == NULL || str_starts(str_of(name), STR("sub:")))
		return 0;
	sbuf_puts(out, "<li><code>");
	part_text(out, name, PART_CLIP);
	sbuf_printf(out, "</code> %s</li>\n", opens);
	return 1;
}

static size_t write_roles(struct sbuf *out, const struct roles_page *page,
	const struct conf_names *names, const char *opens)
{
	size_t shown = 0;

	for (size_t i = 0; i < names->count && shown < ROLES_SHOWN; i++)
		shown += write_role(out, page, names->at[i], opens);
	return shown;
}

/* Several rows may be of one role. */
static bool is_repeated(const struct conf *conf, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (strcmp(conf->roles_custom[i].role, conf->roles_custom[index].role) == 0)
			return true;
	}
	return false;
}

static size_t write_custom_roles(struct sbuf *out, const struct roles_page *page)
{
	const struct conf *conf = page->conf;
	static const char opens[] = "opens some applications";
	size_t shown = 0;

	for (size_t i = 0; i < conf->roles_custom_count && shown < ROLES_SHOWN; i++)
		shown += is_repeated(conf, i)
				 ? 0
				 : write_role(out, page, conf->roles_custom[i].role, opens);
	for (size_t i = 0; i < conf->roles_limited_count && shown < ROLES_SHOWN; i++)
		shown += write_role(out, page, conf->roles_limited[i].role, opens);
	return shown;
}

static void write_fact(struct sbuf *out, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	sbuf_printf(out, "<dt>%s</dt><dd><bdi>", name);
	part_text(out, value, 255);
	sbuf_puts(out, "</bdi></dd>\n");
}

static void write_wanted_roles(struct sbuf *out, const struct roles_page *page)
{
	const struct conf *conf = page->conf;
	struct sbuf roles;
	size_t count;

	sbuf_init(&roles, 64 * 1024);
	count = write_roles(&roles, page, &conf->roles_user, "may view everything");
	count += write_roles(
		&roles, page, &conf->roles_admin, "may view everything and stop applications");
	count += write_custom_roles(&roles, page);
	if (count == 0) {
		card_text(out, "Ask an administrator to give you access, then sign in again.");
	} else {
		card_text(out, "Ask an administrator for one of these roles, then sign in again:");
		sbuf_puts(out, "<ul class=\"roles\">\n");
		sbuf_add_str(out, sbuf_str(&roles));
		sbuf_puts(out, "</ul>\n");
	}
	sbuf_clear(&roles);
}

void page_no_role(struct sbuf *out, const struct page_view *view, const struct conf *conf,
	const json_t *missing)
{
	const struct identity *who = view->who;

	card_open_fault(out, view, FAULT_NO_ROLE);
	for (size_t i = 0; i < json_array_size(missing); i++)
		card_text(out, json_string_value(json_array_get(missing, i)));
	write_wanted_roles(out, &(struct roles_page){conf, str_of(who->issuer)});
	sbuf_puts(out, "<dl class=\"facts\">\n");
	write_fact(out, "Signed in as", who->name[0] ? who->name : who->subject);
	if (who->name[0] && strcmp(who->name, who->subject) != 0)
		write_fact(out, "Id", who->subject);
	write_fact(out, "Account from", who->issuer);
	sbuf_puts(out, "</dl>\n<div class=\"actions\">");
	card_link(out, "button", view->base, "/whoami", "What is missing");
	card_change_account(out, view);
	sbuf_puts(out, "</div>\n");
	card_request_id(out, view);
	card_close(out, view);
}
