/*
 * tsa-no-landlock PROGRAM [ARGUMENTS]: runs it on a kernel that has no landlock, as far as it and
 * its children can tell.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <seccomp.h>

enum { EXIT_CANNOT_RUN = 3 };

int main(int argc, char **argv)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (argc < 2 || filter == NULL ||
		seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset),
			0) != 0 ||
		seccomp_load(filter) != 0) {
		(void)fputs("tsa-no-landlock: needs a program and seccomp\n", stderr);
		return EXIT_CANNOT_RUN;
	}
	seccomp_release(filter);
	(void)execv(argv[1], argv + 1);
	perror(argv[1]);
	return EXIT_CANNOT_RUN;
}
