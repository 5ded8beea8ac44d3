/* Forms in parts: the same parts and bytes come of a form given at once and byte by byte, and what
 * is handed on is no more than was given. The first byte is how long the pieces are. */
#include "proxy/http/multipart.h"

#include "base/sbuf.h"

#include <assert.h>

enum { MOST = 256 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_event(
	struct sbuf *out, const struct multipart *m, enum multipart_event event, struct str data)
{
	if (event == MULTIPART_DATA) {
		assert(data.len > 0);
		sbuf_add_str(out, data);
	} else if (event == MULTIPART_PART) {
		assert(m->name[0] && strlen(m->name) <= MULTIPART_NAME_MAX);
		assert(m->is_file || m->file_name[0] == '\0');
		sbuf_printf(out, "\n%s %d %s\n", m->name, m->is_file, m->file_name);
	} else if (event != MULTIPART_MORE) {
		sbuf_printf(out, "\n%d", event);
	}
}

static void read_form(struct str form, size_t step, struct sbuf *out)
{
	enum multipart_event event = MULTIPART_MORE;
	struct multipart m;
	size_t idle = 0;

	assert(multipart_begin(&m, STR("multipart/form-data; boundary=b")));
	while (form.len > 0 && event != MULTIPART_BAD) {
		size_t len = form.len < step ? form.len : step, used = len + 1;
		struct str data = {NULL, 0};
		event = multipart_take(&m, (struct str){form.at, len}, &used, &data);
		assert(used <= len);
		idle = used > 0 ? 0 : idle + 1;
		assert(idle <= 1 || event == MULTIPART_BAD);
		add_event(out, &m, event, data);
		form = str_from(form, used);
	}
	assert(!out->overflow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sbuf whole, pieces;
	struct multipart m;

	if (size == 0 || size > MOST / 4)
		return 0;
	struct str form = {(const char *)data + 1, size - 1};
	if (multipart_begin(&m, form)) /* as a field's value */
		assert(multipart_tail(&m) <= MULTIPART_BOUNDARY_MAX + 8);
	sbuf_init(&whole, MOST);
	sbuf_init(&pieces, MOST);
	read_form(form, form.len + 1, &whole);
	read_form(form, data[0] % 16 + 1, &pieces);
	assert(str_eq(sbuf_str(&whole), sbuf_str(&pieces)));
	sbuf_clear(&whole);
	sbuf_clear(&pieces);
	return 0;
}
