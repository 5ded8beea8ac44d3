#include "proxy/rewrite/link_memo.h"

#include "base/mem.h"

#include <stdlib.h>

enum {
	LINK_MAX = 40, /* bytes: "http://" and an authority */
	ORIGIN_MAX = 320,
	STRANGE_MAX = 64, /* links of another page, before that takes the memo over */
	ENTRIES_MIN = 256,
};

struct entry { /* a cache line */
	struct str with;
	uint16_t cut;
	uint8_t len;
	bool slash;
	char link[LINK_MAX];
};

struct link_memo {
	uint64_t epoch; /* another one for each page that takes it over */
	uint64_t snapshot;
	const char *mount;
	char origin[ORIGIN_MAX];
	struct entry *entries;
	size_t count, room;
};

struct link_memo *link_memo_new(void)
{
	return mem_alloc(1, sizeof(struct link_memo));
}

void link_memo_free(struct link_memo *memo)
{
	if (memo == NULL)
		return;
	free(memo->entries);
	free(memo);
}

static bool is_of(const struct link_memo *memo, const struct link_memo_key *key)
{
	return memo->epoch > 0 && memo->snapshot == key->snapshot && memo->mount == key->mount &&
	       strcmp(memo->origin, key->origin) == 0;
}

void link_memo_open(
	struct link_memo_reader *reader, struct link_memo *memo, const struct link_memo_key *key)
{
	*reader = (struct link_memo_reader){.memo = memo, .key = *key};
	if (memo && is_of(memo, key))
		reader->epoch = memo->epoch;
}

static bool is_mine(const struct link_memo_reader *reader)
{
	return reader->memo && reader->epoch > 0 && reader->epoch == reader->memo->epoch;
}

static uint64_t differ_at(const char *a, const char *b, size_t at)
{
	uint64_t x, y;

	memcpy(&x, a + at, sizeof x);
	memcpy(&y, b + at, sizeof y);
	return x ^ y;
}

/* Without a call: a master's page has thousands of links, of thirty bytes each. */
static bool is_same(const char *a, const char *b, size_t len)
{
	if (len < 8)
		return memcmp(a, b, len) == 0;
	uint64_t differ = differ_at(a, b, len - 8);
	for (size_t at = 0; at + 8 <= len; at += 8)
		differ |= differ_at(a, b, at);
	return differ == 0;
}

bool link_memo_find(struct link_memo_reader *reader, struct str link, struct link_edit *edit)
{
	if (!is_mine(reader) || reader->at >= reader->memo->count)
		return false;
	const struct entry *entry = &reader->memo->entries[reader->at];
	if (link.len != entry->len || !is_same(link.at, entry->link, link.len))
		return false;
	*edit = (struct link_edit){entry->cut, STR(""), entry->with, entry->slash};
	reader->at++;
	return true;
}

/* Once a response at most: two long pages that pass at the same time do not take it from each other
 * all the time. */
static bool take_over(struct link_memo_reader *reader)
{
	struct link_memo *memo = reader->memo;

	if (memo == NULL || reader->epoch > 0 || ++reader->strange < STRANGE_MAX)
		return false;
	if (!str_copy(str_of(reader->key.origin), memo->origin, sizeof memo->origin))
		return false;
	memo->snapshot = reader->key.snapshot;
	memo->mount = reader->key.mount;
	memo->count = 0;
	reader->epoch = ++memo->epoch;
	reader->at = 0;
	return true;
}

static struct entry *entry_at(struct link_memo *memo, size_t at)
{
	if (at == LINK_MEMO_MAX)
		return NULL;
	if (at == memo->room) {
		memo->room = memo->room ? 2 * memo->room : ENTRIES_MIN;
		memo->entries = mem_resize(memo->entries, memo->room, sizeof *memo->entries);
	}
	if (at == memo->count)
		memo->count++;
	return &memo->entries[at];
}

void link_memo_note(struct link_memo_reader *reader, struct str link, const struct link_edit *edit)
{
	if (link.len > LINK_MAX || edit->origin.len > 0 || edit->with.len == 0)
		return;
	if (!is_mine(reader) && !take_over(reader))
		return;
	struct entry *entry = entry_at(reader->memo, reader->at);
	if (entry == NULL)
		return;
	*entry =
		(struct entry){edit->with, (uint16_t)edit->cut, (uint8_t)link.len, edit->slash, ""};
	memcpy(entry->link, link.at, link.len);
	reader->at++;
}
