/*
 * Linked into a role's own program (never one that is installed): the role runs as it is, confines
 * itself, and then tries one thing that it may not.  The linker leads sandbox_* and the sending of
 * messages here (--wrap), so that not a line of the role is another.
 *
 * What is tried, and after which message to tsad, stands in the file "breakout" beside the
 * program: "read_file 1".  It is read before the role confines itself, and removed, so that the
 * next process of the role is an honest one.  Without it nothing is tried.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/breakout/attempts.h"
#include "tsa/core/ipc.h"
#include "tsa/core/log.h"
#include "tsa/core/sandbox.h"

/* The one plan of this process; a test program may have state of its own. */
static struct {
	const struct attempt *attempt;
	unsigned messages; /* to be sent before */
	int fd;
} plan;

bool __real_ipc_send(struct ipc *ipc, struct bytes message);
bool __wrap_ipc_send(struct ipc *ipc, struct bytes message);
enum ipc_result __real_ipc_send_wait(struct ipc *ipc, struct bytes message);
enum ipc_result __wrap_ipc_send_wait(struct ipc *ipc, struct bytes message);
bool __real_sandbox_front(bool *landlocked, struct err *err);
bool __wrap_sandbox_front(bool *landlocked, struct err *err);
bool __real_sandbox_journal(int directory, bool *landlocked, struct err *err);
bool __wrap_sandbox_journal(int directory, bool *landlocked, struct err *err);
bool __real_sandbox_ledger(const struct sandbox_ledger *needs, bool *landlocked, struct err *err);
bool __wrap_sandbox_ledger(const struct sandbox_ledger *needs, bool *landlocked, struct err *err);

static void read_plan(void)
{
	char path[PATH_MAX];
	char name[64];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - sizeof("breakout"));
	char *slash;
	FILE *file;

	plan.attempt = NULL;
	path[len < 0 ? 0 : len] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL)
		return;
	memcpy(slash + 1, "breakout", sizeof("breakout"));
	file = fopen(path, "re");
	if (file == NULL)
		return;
	if (fscanf(file, "%63s %u", name, &plan.messages) == 2)
		plan.attempt = attempt_by_name(name);
	(void)fclose(file);
	if (plan.attempt == NULL || unlink(path) != 0)
		BUG("%s: must be \"ATTEMPT MESSAGES\" and removable", path);
	plan.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static void try_it(void)
{
	const struct attempt *attempt = plan.attempt;
	int result;

	if (attempt == NULL || plan.messages == 0 || --plan.messages > 0)
		return;
	plan.attempt = NULL;
	result = attempt->make(plan.fd);
	log_event(LOG_LEVEL_WARNING, "breakout", NULL, "attempt=%s result=%s", attempt->name,
		result == 0 ? "success" : strerrorname_np(result));
}

bool __wrap_sandbox_front(bool *landlocked, struct err *err)
{
	read_plan();
	return __real_sandbox_front(landlocked, err);
}

bool __wrap_sandbox_journal(int directory, bool *landlocked, struct err *err)
{
	read_plan();
	return __real_sandbox_journal(directory, landlocked, err);
}

bool __wrap_sandbox_ledger(const struct sandbox_ledger *needs, bool *landlocked, struct err *err)
{
	read_plan();
	return __real_sandbox_ledger(needs, landlocked, err);
}

bool __wrap_ipc_send(struct ipc *ipc, struct bytes message)
{
	bool sent = __real_ipc_send(ipc, message);

	try_it();
	return sent;
}

enum ipc_result __wrap_ipc_send_wait(struct ipc *ipc, struct bytes message)
{
	enum ipc_result sent = __real_ipc_send_wait(ipc, message);

	try_it();
	return sent;
}
