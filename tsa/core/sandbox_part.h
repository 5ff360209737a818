/*
 * What the profiles of sandbox.h are made of: rows of system calls and of paths, and the two
 * functions that turn them into a seccomp filter and a landlock ruleset.  Only the profiles and
 * their test include this.
 */
#ifndef TSA_CORE_SANDBOX_PART_H
#define TSA_CORE_SANDBOX_PART_H

#include <stddef.h>
#include <stdint.h>

#include <seccomp.h>

#include "tsa/core/err.h"

/* gcc and clang each have their own word for -fsanitize=address. */
#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_SANITIZED
#endif
#endif

/* A call that is allowed only with these arguments. */
struct sandbox_condition {
	int call;
	unsigned count;
	struct scmp_arg_cmp arg[2];
};

/*
 * An allow-list. Every profile has besides it what each role needs: reading and writing what is
 * open, waiting for one's log and channel, heap, clock, exit, abort(). The rest kills.
 */
struct sandbox_filter {
	const int *allowed;
	size_t allowed_count;
	const struct sandbox_condition *conditions;
	size_t condition_count;
	const int *refused; /* with EPERM: what libraries ask for and can do without */
	size_t refused_count;
	const struct sandbox_condition *refused_if; /* with EPERM as well */
	size_t refused_if_count;
};

/* An int that the kernel is given in a 64-bit register. */
#define SANDBOX_INT(number, value)                                                                 \
	{                                                                                          \
		number, SCMP_CMP_MASKED_EQ, UINT32_MAX, (scmp_datum_t)(value)                      \
	}
#define SANDBOX_COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* No way back; needs no_new_privs. Fails if the kernel or libseccomp refuses. */
MUST_CHECK bool sandbox_seccomp(const struct sandbox_filter *filter, struct err *err);

/* Rights of landlock by their bits, as in <linux/landlock.h>. */
enum {
	LANDLOCK_WRITE_FILE = 1 << 1,
	LANDLOCK_READ_FILE = 1 << 2,
	LANDLOCK_READ_DIR = 1 << 3,
	LANDLOCK_REMOVE_FILE = 1 << 5,
	LANDLOCK_MAKE_REG = 1 << 8,
	LANDLOCK_TRUNCATE = 1 << 14,
};

/* What stays in reach beneath a path; a file gets the rights that a file can have. */
struct landlock_path {
	const char *path; /* NULL: fd */
	int fd;
	uint64_t rights;
};

struct landlock_reach {
	const struct landlock_path *paths;
	size_t path_count;
	const uint16_t *connect; /* TCP ports */
	size_t connect_count;
	bool connect_any;
	bool abstract_sockets; /* of processes outside */
};

/*
 * Leaves of the file system, of TCP (ABI 4) and of others' abstract sockets and signals (ABI 6)
 * what reach says, NULL: nothing. A path that is not there, or that this user cannot reach, is
 * left out. *landlocked is false, and nothing done, if this kernel has no landlock.
 */
MUST_CHECK bool sandbox_landlock(
	const struct landlock_reach *reach, bool *landlocked, struct err *err);

/* The kernel's struct landlock_ruleset_attr as of ABI 6; a kernel takes the part it knows. */
struct landlock_rights {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

/* All rights of this ABI; *size is how much of the struct the kernel knows. */
struct landlock_rights sandbox_landlock_all(long abi, size_t *size);
/* 0: this kernel has none. */
long sandbox_landlock_abi(void);

#endif
