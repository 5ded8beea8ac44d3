#define _GNU_SOURCE
#include "proxy/sockets/handover.h"

#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* It asks all that its configuration names, and goes on after a quarter of that. */
enum { READY_S = 60, PATH_LEN = 4096, PID_DIGITS = 10 };
#define DELETED	       " (deleted)"
#define PID_PREFIX     "LISTEN_PID="
#define PID_PREFIX_LEN (sizeof PID_PREFIX - 1)

extern char **environ;

struct handover {
	struct event *heard, *late;
	handover_on_end *on_end;
	void *arg;
	pid_t pid;
	int pipe; /* the end that is read */
};

/* What the child needs: all of it is made before fork(), for a child of a process with threads may
 * call little (signal-safety(7)). */
struct successor {
	char *program, *pid_text; /* the latter is in env */
	char *const *argv;
	char **env;
	int *fds; /* to be INHERIT_FIRST and on */
	int count;
};

/* --- in the child --- */

static void write_pid(char *at)
{
	unsigned long pid = (unsigned long)getpid();

	for (int i = PID_DIGITS - 1; i >= 0; i--, pid /= 10)
		at[i] = (char)('0' + pid % 10);
}

/* Above all that are wanted first: one's place may be another's number. */
static bool place_descriptors(const struct successor *s)
{
	int end = INHERIT_FIRST + s->count;

	for (int i = 0; i < s->count; i++) {
		s->fds[i] = fcntl(s->fds[i], F_DUPFD, end);
		if (s->fds[i] == -1)
			return false;
	}
	for (int i = 0; i < s->count; i++) {
		if (dup2(s->fds[i], INHERIT_FIRST + i) == -1)
			return false;
	}
	return syscall(SYS_close_range, (unsigned)end, ~0U, 0) == 0;
}

/* libevent's handlers would tell the parent of the child's signals. */
static void forget_signals(void)
{
	static const int ours[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR2, SIGPIPE};
	sigset_t none;

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		signal(ours[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become(const struct successor *s)
{
	bool is_placed = place_descriptors(s);
	char said[2] = {'E', 0};

	write_pid(s->pid_text);
	forget_signals();
	if (is_placed)
		execve(s->program, s->argv, s->env);
	said[1] = (char)errno;
	(void)!write(
		is_placed ? INHERIT_FIRST + s->count - 1 : s->fds[s->count - 1], said, sizeof said);
	_exit(127);
}

/* --- before it --- */

char *handover_program(const char *argument)
{
	char path[PATH_LEN];
	ssize_t len;

	if (argument && strchr(argument, '/'))
		return mem_strdup(argument);
	len = readlink("/proc/self/exe", path, sizeof path);
	struct str link = {path, len > 0 ? (size_t)len : 0};
	if (str_ends(link, STR(DELETED))) /* another file stands there now */
		link.len -= sizeof DELETED - 1;
	return mem_strndup(link.at, link.len);
}

/* Of what is the old process's alone. */
static bool is_left_out(const char *variable)
{
	static const char *const own[] = {
		"LISTEN_PID=", "LISTEN_FDS=", "LISTEN_FDNAMES=", "WATCHDOG_PID="};

	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		if (str_starts(str_of(variable), str_of(own[i])))
			return true;
	}
	return false;
}

static char *names_text(const struct inherit_socket *sockets, size_t count)
{
	char *text = mem_strdup("LISTEN_FDNAMES=");

	for (size_t i = 0; i < count; i++) {
		char *longer = mem_printf("%s%s:", text, inherit_name(sockets[i].use));
		free(text);
		text = longer;
	}
	char *all = mem_printf("%s%s", text, inherit_name(INHERIT_HANDOVER));
	free(text);
	return all;
}

static void fill_env(struct successor *s, const struct inherit_socket *sockets, size_t count)
{
	size_t many = 0, n = 0;

	while (environ[many])
		many++;
	s->env = mem_alloc(many + 4, sizeof(char *));
	for (size_t i = 0; i < many; i++) {
		if (!is_left_out(environ[i]))
			s->env[n++] = mem_strdup(environ[i]);
	}
	s->env[n] = mem_strdup(PID_PREFIX "0000000000");
	s->pid_text = s->env[n++] + PID_PREFIX_LEN;
	s->env[n++] = mem_printf("LISTEN_FDS=%zu", count + 1);
	s->env[n++] = names_text(sockets, count);
}

static void successor_clear(struct successor *s)
{
	for (char **at = s->env; *at; at++)
		free(*at);
	free(s->env);
	free(s->program);
	free(s->fds);
}

static struct successor successor_of(
	char *const *argv, const struct inherit_socket *sockets, size_t count, int word)
{
	struct successor s = {.program = handover_program(argv[0]),
		.argv = argv,
		.fds = mem_alloc(count + 1, sizeof(int)),
		.count = (int)count + 1};

	fill_env(&s, sockets, count);
	for (size_t i = 0; i < count; i++)
		s.fds[i] = sockets[i].fd;
	s.fds[count] = word;
	return s;
}

/* --- its word --- */

/* It is ours, so it stays until it is waited for. */
static void end_child(const struct handover *h, char *why, size_t size)
{
	int status = 0;

	kill(h->pid, SIGKILL);
	waitpid(h->pid, &status, 0);
	if (WIFEXITED(status))
		snprintf(why, size, "it ended with status %d", WEXITSTATUS(status));
	else
		snprintf(why, size, "it was ended by signal %d", WTERMSIG(status));
}

static void on_word(int fd, short what, void *arg)
{
	struct handover *h = arg;
	char said[2] = {0}, why[160];
	ssize_t n = what & EV_TIMEOUT ? 0 : read(fd, said, sizeof said);

	event_del(h->heard);
	event_del(h->late);
	if (n > 0 && said[0] == 'R') {
		pid_t pid = h->pid;
		h->pid = 0;
		h->on_end(h->arg, (int)pid, NULL);
		return;
	}
	end_child(h, why, sizeof why);
	h->pid = 0;
	if (what & EV_TIMEOUT)
		snprintf(why, sizeof why, "it was not ready within %d s", READY_S);
	else if (n == 2)
		snprintf(why, sizeof why, "the program cannot be run: %s", strerror(said[1]));
	h->on_end(h->arg, 0, why);
}

static struct handover *handover_new(struct event_base *base, pid_t pid, int fd)
{
	struct handover *h = mem_alloc(1, sizeof *h);

	h->pid = pid;
	h->pipe = fd;
	h->heard = event_new(base, fd, EV_READ, on_word, h);
	h->late = event_new(base, -1, 0, on_word, h);
	event_add(h->heard, NULL);
	event_add(h->late, &(struct timeval){.tv_sec = READY_S});
	return h;
}

/* No signal reaches the child before its handlers are its own. */
static pid_t fork_quietly(const struct successor *s)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0)
		become(s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid;
}

struct handover *handover_start(struct event_base *base, char *const *argv,
	const struct inherit_socket *sockets, size_t count, handover_on_end *on_end, void *arg,
	struct err *err)
{
	int ends[2];

	if (count >= INHERIT_MAX || pipe2(ends, O_CLOEXEC) == -1) {
		(void)err_set(err, "no pipe: %s", strerror(errno));
		return NULL;
	}
	struct successor s = successor_of(argv, sockets, count, ends[1]);
	pid_t pid = fork_quietly(&s);
	int code = errno;
	successor_clear(&s);
	close(ends[1]);
	if (pid == -1) {
		close(ends[0]);
		(void)err_set(err, "no process: %s", strerror(code));
		return NULL;
	}
	struct handover *h = handover_new(base, pid, ends[0]);
	h->on_end = on_end;
	h->arg = arg;
	return h;
}

bool handover_is_waiting(const struct handover *h)
{
	return h && h->pid != 0;
}

void handover_free(struct handover *h)
{
	char why[64];

	if (h == NULL)
		return;
	if (h->pid)
		end_child(h, why, sizeof why);
	event_free(h->heard);
	event_free(h->late);
	close(h->pipe);
	free(h);
}
