/*
 * tsa-journal: files of its directory, its channel and its log.  Landlock leaves that directory
 * and nothing else; the allow-list has no socket, no program and no process.
 */
#include "tsa/core/sandbox.h"

#include <sys/mman.h>

#include "tsa/core/sandbox_part.h"

static const int allowed[] = {
	/* segments, spares, certificates, the instance: open, read, write, sync */
	SCMP_SYS(openat),
	SCMP_SYS(pread64),
	SCMP_SYS(pwrite64),
	SCMP_SYS(fsync),
	SCMP_SYS(fdatasync),
	/* a spare becomes a segment, a partial file a whole one; a spoilt spare goes */
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2), /* renameat() where the kernel has no other */
	SCMP_SYS(unlinkat),
	/* what is there, how long it is, how full the disk is */
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(fstatfs),
	SCMP_SYS(getdents64),
	/* may it be read? faccessat is access() where the kernel has no other */
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	/* qsort() of more than a hundred segments asks how much memory there is */
	SCMP_SYS(sysinfo),
};

static const struct sandbox_condition conditions[] = {
	/* heap; no file is mapped, no memory becomes executable */
	{ SCMP_SYS(mmap), 2,
		{ { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 },
			{ 3, SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS } } },
	{ SCMP_SYS(mprotect), 1, { { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } } },
};

static const int refused[] = {
	/* a sanitizer's report is printed without names if it cannot read our program */
	SCMP_SYS(readlink),
};

bool sandbox_journal(int directory, bool *landlocked, struct err *err)
{
	static const struct sandbox_filter filter = {
		.allowed = allowed,
		.allowed_count = SANDBOX_COUNT(allowed),
		.conditions = conditions,
		.condition_count = SANDBOX_COUNT(conditions),
		.refused = refused,
		.refused_count = SANDBOX_COUNT(refused),
	};
	/* Renaming within a directory needs the rights to remove and to make. */
	const struct landlock_path path = { NULL, directory,
		LANDLOCK_READ_FILE | LANDLOCK_READ_DIR | LANDLOCK_WRITE_FILE | LANDLOCK_TRUNCATE |
			LANDLOCK_MAKE_REG | LANDLOCK_REMOVE_FILE };
	const struct landlock_reach reach = { .paths = &path, .path_count = 1 };

	return sandbox_landlock(&reach, landlocked, err) && sandbox_seccomp(&filter, err);
}
