/*
 * Landlock: owns the ruleset while it is made.  Not from <linux/landlock.h>: Debian 12's header
 * ends at ABI 2.  A right that is not listed as handled stays allowed, so all that a kernel knows
 * are listed.
 */
#include "tsa/core/sandbox_part.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	GET_ABI = 1, /* flag of landlock_create_ruleset */
	RULE_PATH_BENEATH = 1,
	RULE_NET_PORT = 2,
	FS_ABI_1 = 13, /* rights by number: execute .. make_sym */
	CONNECT_TCP = 1 << 1,
	NET_RIGHTS = 2, /* bind_tcp, connect_tcp */
	SCOPE_ABSTRACT = 1 << 0,
	SCOPE_RIGHTS = 2, /* abstract Unix sockets, signals to outside */
};

struct rule_path {
	uint64_t rights;
	int32_t fd;
} __attribute__((packed));

struct rule_port {
	uint64_t rights;
	uint64_t port;
};

static uint64_t first_bits(unsigned count)
{
	return (UINT64_C(1) << count) - 1;
}

struct landlock_rights sandbox_landlock_all(long abi, size_t *size)
{
	struct landlock_rights all = { .fs = first_bits(FS_ABI_1) };

	*size = offsetof(struct landlock_rights, net);
	if (abi >= 2)
		all.fs = first_bits(14); /* refer */
	if (abi >= 3)
		all.fs = first_bits(15); /* truncate */
	if (abi >= 4) {
		all.net = first_bits(NET_RIGHTS);
		*size = offsetof(struct landlock_rights, scoped);
	}
	if (abi >= 5)
		all.fs = first_bits(16); /* ioctl_dev */
	if (abi >= 6) {
		all.scoped = first_bits(SCOPE_RIGHTS);
		*size = sizeof(all);
	}
	return all;
}

long sandbox_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, GET_ABI);

	return abi < 0 && (errno == ENOSYS || errno == EOPNOTSUPP) ? 0 : abi;
}

/* Adds the path that fd stands for. */
static bool add_fd(long ruleset, int fd, uint64_t rights, const char *path, struct err *err)
{
	const uint64_t of_files = LANDLOCK_WRITE_FILE | LANDLOCK_READ_FILE | LANDLOCK_TRUNCATE;
	struct rule_path rule = { .rights = rights, .fd = fd };
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_sys(err, "sandbox: %s", path);
	if (!S_ISDIR(st.st_mode))
		rule.rights &= of_files;
	if (rule.rights != 0 &&
		syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) != 0)
		return err_sys(err, "sandbox: landlock_add_rule of %s", path);
	return true;
}

static bool add_path(
	long ruleset, const struct landlock_path *path, uint64_t handled, struct err *err)
{
	bool ok;
	int fd;

	if (path->path == NULL)
		return add_fd(ruleset, path->fd, path->rights & handled, "a folder", err);
	fd = open(path->path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return true; /* whoever needs it will say so */
	ok = add_fd(ruleset, fd, path->rights & handled, path->path, err);
	(void)close(fd);
	return ok;
}

static bool add_rules(long ruleset, const struct landlock_reach *reach,
	const struct landlock_rights *handled, struct err *err)
{
	for (size_t i = 0; i < reach->path_count; i++) {
		if (!add_path(ruleset, &reach->paths[i], handled->fs, err))
			return false;
	}
	for (size_t i = 0; i < reach->connect_count && (handled->net & CONNECT_TCP) != 0; i++) {
		const struct rule_port rule = { CONNECT_TCP, reach->connect[i] };

		if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) != 0)
			return err_sys(err, "sandbox: landlock_add_rule of port %u",
				(unsigned)reach->connect[i]);
	}
	return true;
}

bool sandbox_landlock(const struct landlock_reach *reach, bool *landlocked, struct err *err)
{
	static const struct landlock_reach nothing = { 0 };
	const long abi = sandbox_landlock_abi();
	struct landlock_rights handled;
	size_t size;
	long ruleset;

	*landlocked = false;
	if (abi == 0)
		return true;
	if (abi < 0)
		return err_sys(err, "sandbox: landlock version");
	if (reach == NULL)
		reach = &nothing;
	handled = sandbox_landlock_all(abi, &size);
	if (reach->connect_any)
		handled.net &= ~(uint64_t)CONNECT_TCP;
	if (reach->abstract_sockets)
		handled.scoped &= ~(uint64_t)SCOPE_ABSTRACT;
	ruleset = syscall(SYS_landlock_create_ruleset, &handled, size, 0);
	if (ruleset < 0)
		return err_sys(err, "sandbox: landlock_create_ruleset of ABI %ld", abi);
	if (add_rules(ruleset, reach, &handled, err)) {
		*landlocked = syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
		if (!*landlocked)
			(void)err_sys(err, "sandbox: landlock_restrict_self");
	}
	(void)close((int)ruleset);
	return *landlocked;
}
