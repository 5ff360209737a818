/* Owns nothing: the caller's struct holds what was opened. */
#include "tsa/authority/listeners.h"

#include <unistd.h>

#include "tsa/authority/activation.h"
#include "tsa/core/log.h"

static bool bind_all(struct listeners *l, struct activation *given,
	const char (*addresses)[MSG_MAX_PATH], size_t count, const char *label, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		char bound[MSG_MAX_PATH];
		int fd = listen_on(
			given, label, addresses[i], &l->file[l->count], bound, sizeof(bound), err);

		if (fd < 0)
			return false;
		l->fd[l->count++] = fd;
		log_event(LOG_LEVEL_INFO, "listening", NULL, "address=%s front=%s", bound, label);
	}
	return true;
}

bool listeners_bind(const struct config *config, struct listeners *clients, struct listeners *admin,
	struct err *err)
{
	struct activation given;
	bool ok = activation_read(&given, err) &&
		  bind_all(clients, &given, config->listen, config->listen_count, "clients", err) &&
		  bind_all(admin, &given, &config->admin, config->admin[0] == '\0' ? 0 : 1, "admin",
			  err) &&
		  activation_done(&given, err);

	activation_close(&given);
	return ok;
}

void listeners_close(struct listeners *l)
{
	for (size_t i = 0; i < l->count; i++) {
		(void)close(l->fd[i]);
		listen_unlink(&l->file[i]);
	}
	l->count = 0;
}
