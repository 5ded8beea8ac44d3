/* Folders that root makes for somebody else: theirs, and nothing besides. */
#include "base/files/folder.h"

#include "base/mem.h"
#include "tests/support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SOMEBODY = 12345, TRIES = 2000, SECONDS = 5, DETOUR = 4000 };

struct place {
	char *root, far[440], way[440], theirs[440], roots[440], roots_folder[460];
};

/* A link to where it stands, which the kernel takes a while to follow: so there is time for the way
 * behind it to be turned. */
static void make_detour(const struct place *p)
{
	char target[DETOUR + 1];

	for (size_t i = 0; i < DETOUR; i++)
		target[i] = i % 2 ? '/' : '.';
	target[DETOUR] = '\0';
	assert_int_equal(symlink(target, p->far), 0);
}

static void make_place(struct place *p)
{
	p->root = scratch_new();
	snprintf(p->far, sizeof p->far, "%s/far", p->root);
	snprintf(p->way, sizeof p->way, "%s/way", p->root);
	snprintf(p->theirs, sizeof p->theirs, "%s/theirs", p->root);
	snprintf(p->roots, sizeof p->roots, "%s/roots", p->root);
	snprintf(p->roots_folder, sizeof p->roots_folder, "%s/data", p->roots);
	assert_int_equal(mkdir(p->theirs, 0700), 0);
	assert_int_equal(mkdir(p->roots, 0700), 0);
	assert_int_equal(mkdir(p->roots_folder, 0700), 0);
	assert_int_equal(symlink("theirs", p->way), 0);
	make_detour(p);
}

/* As the folder's owner would, until it is killed or alone. */
static pid_t turn_the_way(const struct place *p)
{
	static const char *const targets[] = {"roots", "theirs"};
	char next[440];
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	snprintf(next, sizeof next, "%s/next", p->root);
	for (unsigned i = 0; getppid() == parent; i++) {
		if (symlink(targets[i % 2], next) == -1 || rename(next, p->way) == -1)
			break;
	}
	_exit(1);
}

static void end(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static uid_t owner_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_uid;
}

static void s203_folder_of_roots_is_given_to_nobody_who_turns_the_way_to_it(void **state)
{
	struct place p;
	struct err err;
	unsigned roots = 0, theirs = 0;
	time_t until = time(NULL) + SECONDS;

	(void)state;
	if (geteuid() != 0)
		skip();
	make_place(&p);
	assert_int_equal(chown(p.theirs, SOMEBODY, SOMEBODY), 0);
	int folder = open(p.theirs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *path = mem_printf("%s/far/far/far/way/data/state.db", p.root);
	pid_t pid = turn_the_way(&p);
	for (int i = 0; i < TRIES && roots == 0 && time(NULL) < until; i++) {
		assert_int_equal(folder_make_above(path, &err), 0);
		roots += owner_of(p.roots_folder) != 0;
		theirs += unlinkat(folder, "data", AT_REMOVEDIR) == 0;
	}
	end(pid);
	assert_int_equal(roots, 0);
	assert_true(theirs > 0);
	free(path);
	close(folder);
	scratch_free(p.root);
}

static void folders_are_made_whatever_slashes_a_path_has(void **state)
{
	struct place p;
	struct err err;
	char *path, *made;

	(void)state;
	make_place(&p);
	path = mem_printf("%s//data//deep/state.db", p.theirs);
	made = mem_printf("%s/data/deep", p.theirs);
	assert_int_equal(folder_make_above(path, &err), 0);
	assert_int_equal(rmdir(made), 0);
	free(path);
	free(made);
	scratch_free(p.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s203_folder_of_roots_is_given_to_nobody_who_turns_the_way_to_it),
		cmocka_unit_test(folders_are_made_whatever_slashes_a_path_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
