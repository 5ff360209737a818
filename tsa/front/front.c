/* What every part of the front asks for: the time, to count, to stop. */
#include "tsa/front/front.h"

#include <event2/event.h>

#include "tsa/core/log.h"
#include "tsa/front/admit.h"

uint64_t front_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void front_count(struct front *front, enum msg_count kind)
{
	front->counts.count[kind]++;
	front->counted = true;
}

void front_drain(struct front *front)
{
	if (front->draining)
		return;
	front->draining = true;
	front->drain_until_ms = front_now_ms() + FRONT_DRAIN_MS;
	log_event(LOG_LEVEL_INFO, "draining", NULL, "connections=%u waiting=%u", front->admit.count,
		front->exchanges.count);
	admit_stop(front);
	if (front->admit.count == 0)
		(void)event_base_loopbreak(front->base);
}
