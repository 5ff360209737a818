/* Owns nothing; asks the kernel what this user may. */
#include "tsa/authority/reach.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tsa/core/log.h"

struct reach {
	config_finding *report;
	void *arg;
	char user[64];
	bool good;
};

static void name_user(struct reach *r)
{
	const struct passwd *user = getpwuid(geteuid());

	if (user != NULL)
		(void)snprintf(r->user, sizeof(r->user), "%s", user->pw_name);
	else
		(void)snprintf(r->user, sizeof(r->user), "%u", (unsigned)geteuid());
}

/* The first folder on the way that may not be entered, else the path itself. */
static void find_obstacle(const char *path, char out[PATH_MAX])
{
	for (const char *slash = strchr(path + 1, '/'); slash != NULL;
		slash = strchr(slash + 1, '/')) {
		(void)snprintf(out, PATH_MAX, "%.*s", (int)(slash - path), path);
		if (access(out, X_OK) != 0)
			return;
	}
	(void)snprintf(out, PATH_MAX, "%s", path);
}

/* Only what permissions forbid: what is not there is the business of who opens it. */
static void look(struct reach *r, const char *what, const char *path, int mode, bool warning)
{
	char obstacle[PATH_MAX];
	char text[2 * PATH_MAX];
	struct stat st;

	if (path[0] != '/' || access(path, mode) == 0 || errno != EACCES)
		return;
	if ((mode & X_OK) != 0 && stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		return;
	find_obstacle(path, obstacle);
	(void)snprintf(text, sizeof(text), "%s %s: user %s must be able to %s: %s: %s", what, path,
		r->user, (mode & W_OK) != 0 ? "read and write it" : "read it", obstacle,
		strerror(EACCES));
	r->report(r->arg, warning, text);
	r->good = r->good && warning;
}

static void look_at_pin(struct reach *r, const char *pin_file)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_MAX];

	if (pin_file[0] == '/')
		(void)snprintf(path, sizeof(path), "%s", pin_file);
	else if (directory == NULL || pin_file[0] == '\0' ||
		 snprintf(path, sizeof(path), "%s/%s", directory, pin_file) >= (int)sizeof(path))
		return;
	look(r, "pin_file", path, R_OK, false);
}

/* The value of "directories.tokendir = PATH" in a line. */
static char *token_folder(char *line)
{
	static const char key[] = "directories.tokendir";
	char *at = line + strspn(line, " \t");

	if (strncmp(at, key, sizeof(key) - 1) != 0)
		return NULL;
	at += sizeof(key) - 1;
	at += strspn(at, " \t=");
	at[strcspn(at, " \t\r\n")] = '\0';
	return at;
}

/* As SoftHSM looks for it: the environment, the user's own, the machine's. */
static void find_softhsm_conf(char path[PATH_MAX])
{
	const char *home = getenv("HOME");
	const char *conf = getenv("SOFTHSM2_CONF");

	(void)snprintf(
		path, PATH_MAX, "%s/.config/softhsm2/softhsm2.conf", home == NULL ? "" : home);
	if (conf != NULL)
		(void)snprintf(path, PATH_MAX, "%s", conf);
	else if (access(path, F_OK) != 0)
		(void)snprintf(path, PATH_MAX, "/etc/softhsm/softhsm2.conf");
}

/* SoftHSM says of a token that it cannot read only that there is none. */
static void look_at_softhsm(struct reach *r)
{
	char line[PATH_MAX + 64];
	char path[PATH_MAX];
	FILE *file;

	find_softhsm_conf(path);
	look(r, "SoftHSM's configuration", path, R_OK, false);
	file = fopen(path, "re");
	if (file == NULL)
		return;
	while (fgets(line, sizeof(line), file) != NULL) {
		const char *folder = token_folder(line);

		if (folder != NULL)
			look(r, "SoftHSM's token directory", folder, R_OK | W_OK | X_OK, false);
	}
	(void)fclose(file);
}

bool reach_check(const struct config *config, config_finding *report, void *arg)
{
	struct reach r = { .report = report, .arg = arg, .good = true };
	bool softhsm = false;

	name_user(&r);
	look(&r, "journal", config->journal, R_OK | W_OK | X_OK, false);
	for (size_t i = 0; i < config->tsu_count; i++) {
		const struct config_tsu *tsu = &config->tsus[i];

		if (tsu->superseded)
			continue;
		look_at_pin(&r, tsu->pin_file);
		look(&r, "module", tsu->module, R_OK, false);
		look(&r, "certificate", tsu->certificate_file, R_OK, true);
		softhsm = softhsm || strstr(tsu->module, "softhsm") != NULL;
	}
	if (softhsm)
		look_at_softhsm(&r);
	look(&r, "publish", config->publish, R_OK | X_OK, true);
	look(&r, "past", config->past_file, R_OK, true);
	return r.good;
}

void reach_keep_first(void *arg, bool warning, const char *text)
{
	struct err *err = arg;

	if (warning)
		log_event(LOG_LEVEL_WARNING, "config", text, "%s", "");
	else if (err->text[0] == '\0')
		(void)err_set(err, "%s", text);
}
