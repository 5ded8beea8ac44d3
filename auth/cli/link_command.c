#include "auth/cli/link_command.h"

#include "auth/cli/command.h"
#include "auth/session/sign_in_link.h"
#include "auth/token/audit.h"
#include "auth/token/issue.h"
#include "base/clock.h"

#include <stdlib.h>

/* A script gets the link alone: it is the whole answer. */
static int print_link(const struct command *command, const char *url)
{
	int minutes = LINK_SECONDS / 60;
	int result;

	if (command->json)
		result = fprintf(command->out, "{\"link\": \"%s\", \"expires_in\": %d}\n", url,
			LINK_SECONDS);
	else
		result = fprintf(command->out, "%s\n", url);
	fprintf(stderr, "It works once, within %d minutes; an older link works no more.\n",
		minutes);
	return result < 0 || fflush(command->out) != 0 ? -1 : 0;
}

static int make_link(struct command *command)
{
	unsigned char hash[DIGEST_LEN];
	char site[STORE_ISSUER], account[STORE_SUBJECT];
	int64_t now = clock_wall_s();

	if (command_find_issuer(command, site) == -1)
		return COMMAND_REFUSED;
	char *url = sign_in_link_at(site, hash);
	int result = command->store->ops->link_add(command->store, hash, now, now + LINK_SECONDS);
	if (result == -1) {
		(void)err_set(&command->err, "the store cannot be written");
	} else {
		command_name_account(account, sizeof account);
		command_await_log(command);
		audit_link(account);
		result = print_link(command, url);
	}
	secret_free(url);
	return result == 0 ? COMMAND_FINE : COMMAND_REFUSED;
}

static const char usage[] =
	"usage: sparkgate link [--config FILE|--data DIR] [--json]\n"
	"\n"
	"Prints a new sign-in link for the administrator. It works once, within 10 minutes.\n"
	"\n"
	"  --config FILE        the gateway's configuration: its store and its address\n"
	"  --data DIR           the folder of a gateway that runs without a configuration;\n"
	"                       without either, where such a gateway keeps it by default\n"
	"  --json               JSON\n";

static const struct command_verb verbs[] = {
	{.name = "link", .bit = 1, .usage = usage, .run = make_link}};
static const struct command_kind kind = {.name = "link", .usage = usage, .verbs = verbs};

int link_command_run(int argc, char **argv, FILE *out, FILE *err)
{
	struct command command = {.out = out};

	return command_run_verb(&kind, &verbs[0], &command, argc, argv, err);
}

int link_command(int argc, char **argv)
{
	return link_command_run(argc, argv, stdout, stderr);
}
