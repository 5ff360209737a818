/* Owns nothing; changes who this process is and what it may. */
#include "tsa/authority/privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tsa/core/log.h"
#include "tsa/core/sandbox.h"

/* The bounding set first: leaving it needs a capability. Unprivileged, there is nothing to do. */
static void drop_bounding_set(void)
{
	for (unsigned long cap = 0; cap < 64; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0)
			return;
	}
}

/* The entry lives until the next look into the user database. */
static const struct passwd *find_user(const char *name, struct err *err)
{
	const struct passwd *user;

	errno = 0;
	user = getpwnam(name);
	if (user == NULL) {
		(void)err_set(err,
			"[tsad] user: R11: started as root, all roles run as this user, who must "
			"exist: \"%s\" does not",
			name);
		return NULL;
	}
	if (user->pw_uid == 0 || user->pw_gid == 0) {
		(void)err_set(err,
			"[tsad] user: R11: must be neither root nor of root's group: \"%s\" is",
			name);
		return NULL;
	}
	return user;
}

/* Nothing of root is left, and it does not come back. */
static bool is_for_good(uid_t uid, gid_t gid, struct err *err)
{
	uid_t uids[3];
	gid_t gids[3];

	if (getresuid(&uids[0], &uids[1], &uids[2]) != 0 ||
		getresgid(&gids[0], &gids[1], &gids[2]) != 0)
		return err_sys(err, "tsad: who it runs as");
	for (int i = 0; i < 3; i++) {
		if (uids[i] != uid || gids[i] != gid)
			return err_set(err,
				"tsad: R11: must be user %u and group %u only: is %u, "
				"%u as well",
				(unsigned)uid, (unsigned)gid, (unsigned)uids[i], (unsigned)gids[i]);
	}
	if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0 || setegid(0) == 0)
		return err_set(err, "tsad: R11: root must be gone for good: it came back");
	return true;
}

static bool become(const char *name, struct err *err)
{
	const struct passwd *user = find_user(name, err);
	uid_t uid;
	gid_t gid;

	if (user == NULL)
		return false;
	uid = user->pw_uid;
	gid = user->pw_gid;
	if (setenv("HOME", user->pw_dir, 1) != 0 || setenv("USER", name, 1) != 0 ||
		setenv("LOGNAME", name, 1) != 0)
		return err_sys(err, "tsad: environment of user %s", name);
	if (initgroups(name, gid) != 0 || setresgid(gid, gid, gid) != 0 ||
		setresuid(uid, uid, uid) != 0)
		return err_sys(err, "tsad: becoming user %s", name);
	if (!is_for_good(uid, gid, err))
		return false;
	log_event(LOG_LEVEL_INFO, "running_as", NULL, "user=%s uid=%u gid=%u", name, (unsigned)uid,
		(unsigned)gid);
	return true;
}

bool privilege_drop(const char *user, struct err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[2] = { { 0, 0, 0 }, { 0, 0, 0 } };

	drop_bounding_set();
	if (geteuid() == 0 && !become(user, err))
		return false;
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &header, none) != 0)
		return err_sys(err, "tsad: giving up capabilities");
	return sandbox_base(err);
}
