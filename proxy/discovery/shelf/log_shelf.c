#define _GNU_SOURCE
#include "proxy/discovery/shelf/log_shelf.h"

#include "base/clock.h"
#include "base/files/folder.h"
#include "base/log/log.h"
#include "base/sbuf.h"
#include "base/text/json_text.h"
#include "base/text/json_value.h"
#include "proxy/discovery/kubernetes/kube_status.h"
#include "proxy/discovery/shelf/shelf_index.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	HEAD_MAX = 256 * 1024,
	FILE_MAX = HEAD_MAX + LOG_SHELF_TEXT,
	PART_LASTS_S = 600,
};

#define PART ".part"

struct log_shelf {
	int folder;
	int64_t keep_ms;
	uint64_t max_bytes;
	struct shelf_index index;
};

void shelf_record_clear(struct shelf_record *record)
{
	free(record->app_id);
	free(record->uid);
	free(record->driver);
	free(record->pod);
	free(record->events);
	free(record->problem);
	free(record->text);
	memset(record, 0, sizeof *record);
}

/* --- slots --- */

/* Of the pod that it was. */
static const char *namespace_of(const json_t *head)
{
	return json_value_string(
		json_object_get(json_object_get(head, "pod"), "metadata"), "namespace");
}

static void write_name_of(const json_t *head, char out[SHELF_NAME_SIZE])
{
	if (json_object_get(head, "driver"))
		shelf_name_write(SHELF_EXECUTOR, json_value_string(head, "uid"), out);
	else
		shelf_name_write(SHELF_DRIVER, json_value_string(head, "app"), out);
}

static struct shelf_slot *find(const struct log_shelf *shelf, enum shelf_kind kind, const char *id)
{
	char name[SHELF_NAME_SIZE];

	shelf_name_write(kind, id, name);
	return shelf_index_find(&shelf->index, name);
}

static void drop_file(struct log_shelf *shelf, struct shelf_slot *slot)
{
	if (unlinkat(shelf->folder, slot->name, 0) == -1 && errno != ENOENT)
		log_warn("discovery", "a kept log cannot be removed: %s", strerror(errno));
	shelf_index_drop(&shelf->index, slot);
}

static bool has_failed(const json_t *head)
{
	struct kube_status status;
	struct err err = {""};

	return kube_status_read(json_object_get(head, "pod"), &status, &err) == 0 &&
	       kube_status_has_failed(&status);
}

static struct shelf_slot *add_slot(
	struct log_shelf *shelf, const json_t *head, uint64_t bytes, int64_t touched_ms)
{
	struct shelf_slot *slot = mem_alloc(1, sizeof *slot);
	const char *driver = json_string_value(json_object_get(head, "driver"));

	slot->app_id = mem_strdup(json_value_string(head, "app"));
	slot->uid = mem_strdup(json_value_string(head, "uid"));
	slot->namespace = mem_strdup(namespace_of(head));
	slot->bytes = bytes;
	slot->touched_ms = touched_ms;
	if (driver) {
		slot->driver = mem_strdup(driver);
		slot->has_failed = has_failed(head);
	}
	write_name_of(head, slot->name);
	shelf_index_add(&shelf->index, slot);
	return slot;
}

static void make_room(struct log_shelf *shelf)
{
	const struct shelf_index *index = &shelf->index;

	while (index->bytes.taken > shelf->max_bytes)
		drop_file(shelf, shelf_index_first_to_go(index, &index->bytes));
	while (index->files.taken > LOG_SHELF_FILES)
		drop_file(shelf, shelf_index_first_to_go(index, &index->files));
}

/* --- files --- */

static bool read_all(int fd, off_t at, struct sbuf *out)
{
	char chunk[16 * 1024];
	ssize_t n;

	while ((n = pread(fd, chunk, sizeof chunk, at)) > 0 && !out->overflow) {
		sbuf_add(out, chunk, (size_t)n);
		at += n;
	}
	return n == 0 && !out->overflow;
}

/* NULL: the file is none of ours. `*head_len`: where the log begins. */
static json_t *read_head(int fd, size_t *head_len)
{
	char *head = mem_alloc(HEAD_MAX, 1);
	ssize_t n = pread(fd, head, HEAD_MAX, 0);
	ptrdiff_t end = n > 0 ? str_find_byte((struct str){head, (size_t)n}, '\n') : -1;
	struct err err = {""};
	json_t *json = NULL;

	if (end != -1)
		json = json_of_text((struct str){head, (size_t)end}, &err);
	*head_len = (size_t)(end + 1);
	free(head);
	return json;
}

static int open_slot(const struct log_shelf *shelf, const char *name)
{
	return openat(shelf->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* False: it is not what its name says. */
static bool take_file(struct log_shelf *shelf, const char *name)
{
	char expected[SHELF_NAME_SIZE];
	int fd = open_slot(shelf, name);
	json_t *head = NULL;
	struct stat st;
	size_t head_len;
	bool is_ours = false;

	if (fd == -1)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_MAX)
		head = read_head(fd, &head_len);
	if (head) {
		write_name_of(head, expected);
		is_ours = strcmp(name, expected) == 0;
	}
	if (is_ours)
		(void)add_slot(
			shelf, head, (uint64_t)st.st_size, (int64_t)st.st_mtim.tv_sec * 1000);
	json_decref(head);
	close(fd);
	return is_ours;
}

/* What was being written when a process ended, perhaps another one's. */
static void drop_part(const struct log_shelf *shelf, const char *name)
{
	struct stat st;

	if (str_ends(str_of(name), STR(PART)) &&
		fstatat(shelf->folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		st.st_mtim.tv_sec + PART_LASTS_S < clock_wall_s())
		(void)unlinkat(shelf->folder, name, 0);
}

static void look_around(struct log_shelf *shelf)
{
	DIR *dir = fdopendir(dup(shelf->folder));
	struct dirent *entry;

	if (dir == NULL)
		return;
	rewinddir(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (shelf_name_is(entry->d_name) && !take_file(shelf, entry->d_name))
			log_warn("discovery", "%.64s is no log that was kept here", entry->d_name);
		drop_part(shelf, entry->d_name);
	}
	closedir(dir);
}

/* With those above it. */
static int make_folder(const char *folder, struct err *err)
{
	char *path = mem_printf("%s/", folder);
	int result = folder_make_above(path, err);

	free(path);
	return result;
}

struct log_shelf *log_shelf_open(
	const char *folder, int64_t keep_ms, uint64_t max_bytes, struct err *err)
{
	struct log_shelf *shelf;
	int fd;

	if (make_folder(folder, err) == -1)
		return NULL;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == -1) {
		err_set(err, "%.200s: %s", folder, strerror(errno));
		if (fd != -1)
			close(fd);
		return NULL;
	}
	shelf = mem_alloc(1, sizeof *shelf);
	shelf->folder = fd;
	shelf->keep_ms = keep_ms;
	shelf->max_bytes = max_bytes;
	shelf_index_init(&shelf->index);
	look_around(shelf);
	log_shelf_sweep(shelf);
	return shelf;
}

void log_shelf_free(struct log_shelf *shelf)
{
	if (shelf == NULL)
		return;
	shelf_index_clear(&shelf->index);
	close(shelf->folder);
	free(shelf);
}

/* --- in --- */

static json_t *head_of(const struct shelf_record *record)
{
	struct err err = {""};
	json_t *head = json_object();

	json_object_set_new(head, "app", json_string(record->app_id));
	json_object_set_new(head, "uid", json_string(record->uid));
	if (record->driver)
		json_object_set_new(head, "driver", json_string(record->driver));
	json_object_set_new(head, "problem", json_string(record->problem));
	json_object_set_new(head, "pod", json_of_text(str_of(record->pod), &err));
	if (record->events)
		json_object_set_new(head, "events", json_of_text(str_of(record->events), &err));
	return head;
}

static bool write_all(int fd, struct str bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.at, bytes.len);
		if (n <= 0)
			return false;
		bytes = str_from(bytes, (size_t)n);
	}
	return true;
}

static int write_file(const struct log_shelf *shelf, const char *name, struct str head,
	struct str text, struct err *err)
{
	char part[SHELF_NAME_SIZE + 32];
	int result = -1, fd;

	snprintf(part, sizeof part, "%s.%d" PART, name, (int)getpid());
	fd = openat(
		shelf->folder, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return err_set(err, "%s", strerror(errno));
	if (write_all(fd, head) && write_all(fd, STR("\n")) && write_all(fd, text) &&
		renameat(shelf->folder, part, shelf->folder, name) == 0)
		result = 0;
	else
		err_set(err, "%s", strerror(errno));
	close(fd);
	if (result == -1)
		(void)unlinkat(shelf->folder, part, 0);
	return result;
}

/* Of which there are not too many then. */
static void add_written(struct log_shelf *shelf, const json_t *head, uint64_t bytes)
{
	const struct shelf_slot *slot = add_slot(shelf, head, bytes, clock_wall_ms());
	struct shelf_slot *other = NULL;

	if (slot->driver)
		other = shelf_index_executor_too_many(&shelf->index, slot, SHELF_EXECUTORS_EACH);
	if (other)
		drop_file(shelf, other);
	make_room(shelf);
}

int log_shelf_put(struct log_shelf *shelf, const struct shelf_record *record, struct err *err)
{
	json_t *json = head_of(record);
	char name[SHELF_NAME_SIZE], *head = json_text(json);
	struct str text = {record->text, record->text_len};
	int result;

	if (head == NULL || strlen(head) >= HEAD_MAX) {
		free(head);
		json_decref(json);
		return err_set(err, "what its pod says is too long");
	}
	if (text.len > LOG_SHELF_TEXT)
		text = str_from(text, text.len - LOG_SHELF_TEXT);
	write_name_of(json, name);
	result = write_file(shelf, name, str_of(head), text, err);
	if (result == 0)
		add_written(shelf, json, strlen(head) + 1 + text.len);
	free(head);
	json_decref(json);
	return result;
}

static void touch(struct log_shelf *shelf, struct shelf_slot *slot)
{
	if (slot == NULL)
		return;
	(void)utimensat(shelf->folder, slot->name, NULL, AT_SYMLINK_NOFOLLOW);
	shelf_index_touch(&shelf->index, slot, clock_wall_ms());
}

void log_shelf_touch(struct log_shelf *shelf, const char *app_id)
{
	touch(shelf, find(shelf, SHELF_DRIVER, app_id));
}

void log_shelf_touch_executor(struct log_shelf *shelf, const char *uid)
{
	touch(shelf, find(shelf, SHELF_EXECUTOR, uid));
}

void log_shelf_sweep(struct log_shelf *shelf)
{
	int64_t oldest = clock_wall_ms() - shelf->keep_ms;
	struct shelf_slot *slot;

	while ((slot = TAILQ_FIRST(&shelf->index.by_age)) != NULL && slot->touched_ms < oldest)
		drop_file(shelf, slot);
	make_room(shelf);
}

/* --- out --- */

bool log_shelf_has(const struct log_shelf *shelf, const char *app_id, const char *uid)
{
	const struct shelf_slot *slot = find(shelf, SHELF_DRIVER, app_id);

	return slot && strcmp(slot->uid, uid) == 0;
}

bool log_shelf_has_executor(const struct log_shelf *shelf, const char *uid)
{
	return find(shelf, SHELF_EXECUTOR, uid) != NULL;
}

size_t log_shelf_executors(const struct log_shelf *shelf, const char *namespace, const char *app_id,
	const char *driver, const char *uids[static SHELF_EXECUTORS_EACH])
{
	const struct shelf_slot *slot;
	size_t count = 0;

	TAILQ_FOREACH(slot, &shelf->index.by_age, by_age)
	{
		if (count < SHELF_EXECUTORS_EACH &&
			shelf_slot_is_executor_of(slot, namespace, app_id, driver))
			uids[count++] = slot->uid;
	}
	return count;
}

static void take_head(const json_t *head, struct shelf_record *out)
{
	out->app_id = mem_strdup(json_value_string(head, "app"));
	out->uid = mem_strdup(json_value_string(head, "uid"));
	if (json_object_get(head, "driver"))
		out->driver = mem_strdup(json_value_string(head, "driver"));
	out->problem = mem_strdup(json_value_string(head, "problem"));
	out->pod = json_text(json_object_get(head, "pod"));
	out->events = json_text(json_object_get(head, "events"));
}

static bool read_record(int fd, size_t max, struct shelf_record *out)
{
	struct stat st;
	size_t at;
	json_t *head = fstat(fd, &st) == 0 ? read_head(fd, &at) : NULL;
	struct sbuf text;
	bool is_read;

	if (head == NULL)
		return false;
	take_head(head, out);
	json_decref(head);
	if ((size_t)st.st_size > max && (size_t)st.st_size - max > at)
		at = (size_t)st.st_size - max;
	sbuf_init(&text, FILE_MAX);
	sbuf_add(&text, "", 0);
	is_read = read_all(fd, (off_t)at, &text);
	out->text_len = text.len;
	out->text = sbuf_take(&text);
	return is_read && out->pod;
}

static bool read_slot(const struct log_shelf *shelf, const struct shelf_slot *slot, size_t max,
	struct shelf_record *out)
{
	int fd = slot ? open_slot(shelf, slot->name) : -1;
	bool is_read = false;

	memset(out, 0, sizeof *out);
	if (fd == -1)
		return false;
	is_read = read_record(fd, max, out) && strcmp(out->uid, slot->uid) == 0;
	close(fd);
	if (!is_read)
		shelf_record_clear(out);
	return is_read;
}

bool log_shelf_read(
	struct log_shelf *shelf, const char *app_id, size_t max, struct shelf_record *out)
{
	return read_slot(shelf, find(shelf, SHELF_DRIVER, app_id), max, out);
}

bool log_shelf_read_executor(
	struct log_shelf *shelf, const char *uid, size_t max, struct shelf_record *out)
{
	return read_slot(shelf, find(shelf, SHELF_EXECUTOR, uid), max, out);
}

size_t log_shelf_count(const struct log_shelf *shelf)
{
	return HASH_COUNT(shelf->index.slots);
}

void log_shelf_each(struct log_shelf *shelf, void (*each)(const char *app_id, void *arg), void *arg)
{
	size_t count = HASH_COUNT(shelf->index.slots), n = 0;
	char **ids = mem_alloc(count + 1, sizeof *ids);

	for (struct shelf_slot *slot = shelf->index.slots; slot; slot = slot->hh.next) {
		if (slot->driver == NULL)
			ids[n++] = mem_strdup(slot->app_id);
	}
	for (size_t i = 0; i < n; i++) {
		each(ids[i], arg);
		free(ids[i]);
	}
	free(ids);
}
