#include "proxy/launch/operator/operator_answer.h"

#include "base/text/json_text.h"

#include <stdio.h>

enum { SAID_SHOWN = 300 };

/* One line of what can be seen: webhooks of others write it. */
static void write_said(const json_t *status, char out[static SAID_SHOWN + 1])
{
	const char *message = json_string_value(json_object_get(status, "message"));
	struct str rest = str_of(message ? message : "");
	size_t at = 0;

	rest.len = str_fit_chars(rest, SAID_SHOWN);
	for (; rest.len > 0; rest = str_from(rest, 1))
		out[at++] = str_span_printable(str_range(rest.at, rest.at + 1)) ? *rest.at : ' ';
	out[at] = '\0';
}

static bool says(const char *text, const char *words)
{
	return str_find(str_of(text), str_of(words)) != -1;
}

/* Of a namespace that is on its way out Kubernetes also says that it is forbidden. */
static bool is_terminating(const json_t *status, const char *said)
{
	const json_t *details = json_object_get(status, "details");
	const json_t *causes = json_object_get(details, "causes");
	const json_t *reason = json_object_get(json_array_get(causes, 0), "reason");
	const char *text = json_string_value(reason);

	return (text && strcmp(text, "NamespaceTerminating") == 0) ||
	       says(said, "because it is being terminated");
}

static void say(struct operator_result *out, enum operator_end end, const char *text)
{
	out->end = end;
	snprintf(out->why, sizeof out->why, "%s", text);
}

/* With what the API server said. */
static void quote(
	struct operator_result *out, enum operator_end end, const char *text, const char *said)
{
	out->end = end;
	snprintf(out->why, sizeof out->why, "%s: %s", text, said);
}

static int group_len(const struct operator_deed *deed)
{
	return (int)strcspn(deed->group, "/");
}

static void lack_right(const struct operator_deed *deed, struct operator_result *out)
{
	out->end = OPERATOR_LACKS;
	snprintf(out->why, sizeof out->why,
		"The API server does not allow it (403): the role of the gateway\xe2\x80\x99s "
		"account "
		"in the namespace %.64s lacks the verb %s of %s%s%.*s.",
		deed->namespace, deed->verb, deed->resources, deed->group[0] ? "." : "",
		group_len(deed), deed->group);
}

static void read_forbidden(const struct operator_deed *deed, const json_t *status, const char *said,
	struct operator_result *out)
{
	if (is_terminating(status, said))
		say(out, OPERATOR_LACKS, "The namespace is being deleted.");
	else if (says(said, "exceeded quota"))
		quote(out, OPERATOR_FULL, "A quota of the namespace is used up", said);
	else if (says(said, " cannot ") || said[0] == '\0')
		lack_right(deed, out);
	else
		quote(out, OPERATOR_INVALID, "The API server does not take it", said);
}

/* A path that it does not know has no `details` with a name. */
static void read_missing(
	const struct operator_deed *deed, const json_t *status, struct operator_result *out)
{
	const char *kind =
		json_string_value(json_object_get(json_object_get(status, "details"), "kind"));

	out->end = OPERATOR_LACKS;
	if (kind && strcmp(kind, "namespaces") == 0)
		snprintf(out->why, sizeof out->why, "The cluster has no namespace %.64s.",
			deed->namespace);
	else
		snprintf(out->why, sizeof out->why,
			"The cluster does not know SparkApplications (%s): their operator is not "
			"installed.",
			deed->group);
}

static void read_other(int status, const char *said, struct operator_result *out)
{
	char text[64];

	snprintf(text, sizeof text, "The API server answers with status %d", status);
	if (status == 400 || status == 413 || status == 422)
		quote(out, OPERATOR_INVALID, "The API server does not take it", said);
	else if (says(said, "failed calling webhook"))
		quote(out, OPERATOR_BUSY, "A webhook does not answer", said);
	else
		quote(out, OPERATOR_SILENT, text, said);
}

void operator_answer_read(const struct operator_deed *deed, const struct fetch_result *answer,
	struct operator_result *out)
{
	char said[SAID_SHOWN + 1] = "";
	struct err err = {""};
	json_t *status = answer->status ? json_of_text(answer->body, &err) : NULL;

	write_said(status, said);
	if (answer->status == 0) {
		out->end = OPERATOR_SILENT;
		snprintf(out->why, sizeof out->why, "The API server does not answer: %.300s.",
			answer->error);
	} else if (answer->status == 401) {
		say(out, OPERATOR_LACKS,
			"The API server does not take the gateway\xe2\x80\x99s account (401).");
	} else if (answer->status == 403) {
		read_forbidden(deed, status, said, out);
	} else if (answer->status == 404) {
		read_missing(deed, status, out);
	} else if (answer->status == 429) {
		say(out, OPERATOR_BUSY,
			"The API server has too much to do (429). Try again in a few seconds.");
	} else {
		read_other(answer->status, said, out);
	}
	json_decref(status);
}
