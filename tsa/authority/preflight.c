#include "tsa/authority/preflight.h"

#include "tsa/authority/privilege.h"
#include "tsa/authority/reach.h"
#include "tsa/authority/timesrc.h"
#include "tsa/core/log.h"

bool preflight_clock(struct err *err)
{
	struct clock_reading reading;

	if (timesrc_read(&reading))
		return (reading.time_us >= CLOCK_EARLIEST_US &&
			       reading.time_us < CLOCK_LATEST_US) ||
		       err_set(err,
			       "clock: the year must be 2026 to 2045: it is %.0f days after 1970",
			       (double)reading.time_us / 86400e6);
	return err_sys(err, "clock: adjtimex must be permitted (ProtectClock=no, no seccomp "
			    "profile that forbids it)");
}

bool preflight_unprivileged(const struct config *config, struct err *err)
{
	return privilege_drop(config->user, err) && reach_check(config, reach_keep_first, err);
}

void preflight_warn(const struct config *config)
{
	if (config->clock == CONFIG_CLOCK_UNCHECKED)
		log_event(LOG_LEVEL_WARNING, "clock_unchecked",
			"clock = unchecked: for demonstrations only, nothing guards the time of these "
			"tokens",
			"%s", "");
	for (size_t i = 0; i < config->tsu_count; i++) {
		if (config->tsus[i].allow_software_key)
			log_event(LOG_LEVEL_WARNING, "software_key",
				"the key of this TSU is not kept in hardware", "tsu=%s",
				config->tsus[i].name);
	}
}
