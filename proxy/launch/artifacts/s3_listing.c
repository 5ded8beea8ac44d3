#include "proxy/launch/artifacts/s3_listing.h"

#include "base/clock.h"
#include "base/text/xml_text.h"

#include <stdlib.h>

struct listing_reader {
	struct xml_reader xml;
	struct s3_listing *out;
	struct s3_object object; /* key NULL: not there yet */
	bool has_size, is_bad;
	struct str leaf; /* text of the element that is open */
};

void s3_listing_clear(struct s3_listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->objects[i].key);
	free(listing->objects);
	*listing = (struct s3_listing){NULL, 0, false};
}

static bool take_time(struct s3_object *object, struct str text)
{
	int64_t ms = clock_read(text);

	if (ms == -1)
		return false;
	clock_format(ms, object->modified);
	return true;
}

static bool take_key(struct s3_object *object, struct str text)
{
	char key[S3_KEY_SIZE];

	if (object->key || text.len == 0 || !xml_decode(text, key, sizeof key))
		return false;
	object->key = mem_strdup(key);
	return true;
}

static void end_of_member(struct listing_reader *r, struct str name)
{
	bool is_good = true;

	if (str_eq(name, STR("Key"))) {
		is_good = take_key(&r->object, r->leaf);
	} else if (str_eq(name, STR("Size"))) {
		is_good = !r->has_size && str_to_u64(r->leaf, &r->object.size);
		r->has_size = true;
	} else if (str_eq(name, STR("LastModified"))) {
		is_good = take_time(&r->object, r->leaf);
	}
	r->is_bad |= !is_good;
}

static void end_of_object(struct listing_reader *r)
{
	if (r->object.key == NULL || !r->has_size || r->out->count == S3_OBJECTS_MAX) {
		r->is_bad = true;
		return;
	}
	r->out->objects[r->out->count++] = r->object;
	r->object = (struct s3_object){.key = NULL};
	r->has_size = false;
}

static void end_of_element(struct listing_reader *r, struct str name)
{
	bool is_in_object = r->xml.depth >= 2 && str_eq(r->xml.open[1], STR("Contents"));

	if (r->xml.depth == 2 && is_in_object)
		end_of_member(r, name);
	else if (r->xml.depth == 1 && str_eq(name, STR("Contents")))
		end_of_object(r);
	else if (r->xml.depth == 1 && str_eq(name, STR("IsTruncated")))
		r->out->has_more = str_eq(r->leaf, STR("true"));
}

static void read_elements(struct listing_reader *r)
{
	enum xml_event event;
	struct str value;

	while (!r->is_bad && (event = xml_next(&r->xml, &value)) != XML_END) {
		if (event == XML_OPEN)
			r->leaf = STR("");
		else if (event == XML_TEXT)
			r->leaf = value;
		else if (event == XML_CLOSE)
			end_of_element(r, value);
		r->is_bad |= event == XML_BAD || (event == XML_OPEN && r->xml.depth == 1 &&
							 !str_eq(value, STR("ListBucketResult")));
	}
}

int s3_listing_read(struct str xml, struct s3_listing *out, struct err *err)
{
	struct listing_reader r = {.out = out};

	*out = (struct s3_listing){.objects = mem_alloc(S3_OBJECTS_MAX, sizeof *out->objects)};
	xml_begin(&r.xml, xml);
	read_elements(&r);
	free(r.object.key);
	if (!r.is_bad)
		return 0;
	s3_listing_clear(out);
	return err_set(err, "it is no list of objects");
}

void s3_error_code(struct str xml, char code[static S3_CODE_SIZE])
{
	struct xml_reader r;
	struct str value, text = STR("");
	enum xml_event event;

	code[0] = '\0';
	xml_begin(&r, xml);
	while ((event = xml_next(&r, &value)) < XML_END) {
		if (event == XML_TEXT)
			text = value;
		if (event == XML_CLOSE && r.depth == 1 && str_eq(value, STR("Code")) &&
			str_eq(r.open[0], STR("Error")) && str_is_token(text))
			(void)str_copy(text, code, S3_CODE_SIZE);
	}
}
