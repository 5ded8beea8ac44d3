/* proxy/pages/launch/page_launch_form.c - the form for a new application. It works without a
 * script: what may be chosen stands in it. */
#include "proxy/pages/launch/page_launch.h"

#include "proxy/pages/launch/launch_parts.h"

enum { OPTION_MAX = 4096 };

/* One line of the form; all of it but the value is ours. */
struct field {
	const char *name, *label, *hint;
	size_t max;  /* characters */
	size_t rows; /* 0: one line */
	bool is_required, is_whole;
};

static void write_label(struct sbuf *out, const struct field *field)
{
	sbuf_printf(out, "<div class=\"field%s\"><label for=\"%s\">%s</label>",
		field->is_whole ? " whole" : "", field->name, field->label);
}

static void write_hint(struct sbuf *out, const struct field *field)
{
	sbuf_printf(
		out, "<p class=\"hint\" id=\"%s-hint\">%s</p></div>\n", field->name, field->hint);
}

static void write_input(struct sbuf *out, const struct field *field, const char *value)
{
	write_label(out, field);
	sbuf_printf(out,
		"<%s id=\"%s\" name=\"%s\" maxlength=\"%zu\" autocomplete=\"off\" "
		"spellcheck=\"false\" autocapitalize=\"none\" aria-describedby=\"%s-hint\"%s",
		field->rows ? "textarea" : "input", field->name, field->name, field->max,
		field->name, field->is_required ? " required" : "");
	if (field->rows) {
		/* HTML drops a line's end at the very beginning. */
		sbuf_printf(out, " rows=\"%zu\">\n", field->rows);
		sbuf_html(out, str_of(value));
		sbuf_puts(out, "</textarea>");
	} else {
		sbuf_puts(out, " value=\"");
		sbuf_html(out, str_of(value));
		sbuf_puts(out, "\">");
	}
}

static void write_field(struct sbuf *out, const struct field *field, const char *value)
{
	write_input(out, field, value);
	write_hint(out, field);
}

/* --- what may be chosen --- */

static void write_size(struct sbuf *out, const json_t *process)
{
	long long cores = json_integer_value(json_object_get(process, "cores"));

	sbuf_printf(out, cores == 1 ? "%lld core and " : "%lld cores and ", cores);
	part_text(out, json_value_string(process, "memory"), PART_CLIP);
}

static void write_profile(struct sbuf *out, const json_t *profile, const char *chosen)
{
	char *value = mem_printf(
		"%s/%s", json_value_string(profile, "cluster"), json_value_string(profile, "name"));

	sbuf_puts(out, "<option value=\"");
	sbuf_html(out, str_of(value));
	sbuf_printf(out, "\"%s>", strcmp(value, chosen) == 0 ? " selected" : "");
	free(value);
	part_text(out, json_value_string(profile, "cluster"), PART_CLIP);
	sbuf_puts(out, ": ");
	part_text(out, json_value_string(profile, "name"), PART_CLIP);
	sbuf_puts(out, " \xe2\x80\x93 driver ");
	write_size(out, json_object_get(profile, "driver"));
	sbuf_printf(out, ", up to %lld executors of ",
		(long long)json_integer_value(json_object_get(profile, "executors")));
	write_size(out, json_object_get(profile, "executor"));
	sbuf_printf(out, ", %lld at a time</option>\n",
		(long long)json_integer_value(json_object_get(profile, "running")));
}

static void write_profiles(struct sbuf *out, const struct page_launch_form *form)
{
	static const struct field field = {"profile", "Cluster and profile",
		"A profile is a limit: an application may have this much, or less.", 0, 0, true,
		true};

	write_label(out, &field);
	sbuf_puts(out, "<select id=\"profile\" name=\"profile\" required "
		       "aria-describedby=\"profile-hint\">\n");
	for (size_t i = 0; i < json_array_size(form->profiles) && part_has_room(out, OPTION_MAX);
		i++)
		write_profile(out, json_array_get(form->profiles, i),
			json_value_string(form->values, "profile"));
	sbuf_puts(out, "</select>");
	write_hint(out, &field);
}

/* To the lists of files, a cluster each; profiles of one stand together. */
static void write_storages(
	struct sbuf *out, const struct page_view *view, const struct page_launch_form *form)
{
	const char *last = "";

	for (size_t i = 0; i < json_array_size(form->profiles) && part_has_room(out, OPTION_MAX);
		i++) {
		const json_t *profile = json_array_get(form->profiles, i);
		const char *cluster = json_value_string(profile, "cluster");

		if (!json_is_true(json_object_get(profile, "artifacts")) ||
			strcmp(cluster, last) == 0)
			continue;
		last = cluster;
		sbuf_puts(out, " <a href=\"");
		part_path(out, view->base);
		sbuf_puts(out, "/artifacts?cluster=");
		sbuf_urlencode(out, str_of(cluster));
		sbuf_puts(out, "\">");
		part_text(out, cluster, PART_CLIP);
		sbuf_puts(out, "</a>");
	}
}

static void write_artifact(
	struct sbuf *out, const struct page_view *view, const struct page_launch_form *form)
{
	static const struct field field = {"artifact", "Artifact",
		"A jar or Python file that you have uploaded before. Your files:", 512, 0, false,
		false};

	write_input(out, &field, json_value_string(form->values, field.name));
	sbuf_printf(out, "<p class=\"hint\" id=\"%s-hint\">%s", field.name, field.hint);
	write_storages(out, view, form);
	sbuf_puts(out, "</p></div>\n");
}

/* Whether any of the profiles has this: "artifacts", a storage; "files", they travel with the
 * launch. */
static bool has_any(const json_t *profiles, const char *what)
{
	for (size_t i = 0; i < json_array_size(profiles); i++) {
		if (json_is_true(json_object_get(json_array_get(profiles, i), what)))
			return true;
	}
	return false;
}

static bool takes_files(const json_t *profiles)
{
	return has_any(profiles, "artifacts") || has_any(profiles, "files");
}

/* --- the form --- */

static void write_all(struct sbuf *out, const struct page_launch_form *form,
	const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		write_field(out, &fields[i], json_value_string(form->values, fields[i].name));
}

static void write_program(
	struct sbuf *out, const struct page_view *view, const struct page_launch_form *form)
{
	static const struct field name = {
		"name", "Name", "Shown in Spark and in lists.", 128, 0, true, false};
	static const struct field fields[] = {
		{"resource", "Address of the program",
			"A jar or Python file, such as <code>s3a://apps/etl.py</code>.", 1024, 0,
			false, false},
		{"main_class", "Main class", "Of a jar. Empty for a Python file.", 255, 0, false,
			false},
		{"arguments", "Arguments", "One a line, in this order.", 32768, 3, false, true},
	};

	write_field(out, &name, json_value_string(form->values, name.name));
	if (has_any(form->profiles, "artifacts"))
		write_artifact(out, view, form);
	write_all(out, form, fields, ARRAY_LEN(fields));
}

static void write_sizes(struct sbuf *out, const struct page_launch_form *form)
{
	static const char empty[] = "Empty: as much as the profile allows.",
			  memory[] = "Such as 512m or 4g.";
	static const struct field fields[] = {
		{"executors", "Executors", empty, 6, 0, false, false},
		{"executor_cores", "Cores of each executor", empty, 6, 0, false, false},
		{"executor_memory", "Memory of each executor", memory, 12, 0, false, false},
		{"driver_cores", "Cores of the driver", empty, 6, 0, false, false},
		{"driver_memory", "Memory of the driver", memory, 12, 0, false, false},
	};

	write_all(out, form, fields, ARRAY_LEN(fields));
}

static void write_settings(struct sbuf *out, const struct page_launch_form *form)
{
	static const struct field fields[] = {
		{"environment", "Environment",
			"Variables of the driver: <code>NAME=value</code>, one a line.", 32768, 3,
			false, true},
		{"conf", "Configuration of Spark",
			"<code>spark.sql.shuffle.partitions=20</code>, one a line. A profile "
			"allows some keys only.",
			32768, 3, false, true},
	};

	write_all(out, form, fields, ARRAY_LEN(fields));
}

/* The last field: whoever reads the form knows by then what the file is for. */
static void write_upload(struct sbuf *out, const struct page_launch_form *form)
{
	static const struct field field = {"file", "Upload a file",
		"A jar or Python file of this computer, in place of an artifact or an address. It "
		"becomes an artifact of its name, where the cluster has a storage; else it may "
		"have 1 MiB, and travels with the launch.",
		0, 0, false, true};

	if (!takes_files(form->profiles))
		return;
	write_label(out, &field);
	sbuf_puts(out, "<input type=\"file\" id=\"file\" name=\"file\" accept=\".jar,.py\" "
		       "aria-describedby=\"file-hint\">");
	write_hint(out, &field);
}

static void open_form(
	struct sbuf *out, const struct page_view *view, const struct page_launch_form *form)
{
	bool has_upload = takes_files(form->profiles);

	sbuf_printf(out,
		"<section class=\"panel new\"><form class=\"fields\" method=\"post\"%s "
		"action=\"",
		has_upload ? " enctype=\"multipart/form-data\"" : "");
	part_path(out, view->base);
	sbuf_puts(out, has_upload ? "/applications/upload\">" : "/applications\">");
	part_form_token(out, view);
	sbuf_printf(out, "<input type=\"hidden\" name=\"key\" value=\"%s\">\n", form->key);
}

void page_launch_form(
	struct sbuf *out, const struct page_view *view, const struct page_launch_form *form)
{
	launch_open(out, view, "New application", "/applications", "All applications");
	sbuf_puts(out, "<div class=\"head\"><h1>New application</h1></div>\n");
	if (json_array_size(form->profiles) == 0) {
		launch_notice(out, "warn",
			"No profile is for you, so you cannot launch anything here. An "
			"administrator assigns profiles by roles.");
		part_close(out, view);
		return;
	}
	open_form(out, view, form);
	launch_notice(out, "bad", form->problem);
	write_profiles(out, form);
	write_program(out, view, form);
	write_sizes(out, form);
	write_settings(out, form);
	write_upload(out, form);
	sbuf_puts(
		out, "<div class=\"field whole\"><button>Launch</button></div></form></section>\n");
	part_close(out, view);
}
