/*
 * Which CRL or OCSP response is information about a certificate at genTime: longterm.md 1.4, in
 * the order of its rules.  What revocation_look() found of rule 1 is taken as it is.
 */
#include "model_part.h"

#include <stdio.h>

/* When the keys above an object were all valid. */
struct window {
	int64_t from;
	int64_t to;
	const struct material_item *first_to_end;
};

static void narrow(struct window *window, const struct material_item *certificate)
{
	if (path_not_before(certificate) > window->from)
		window->from = path_not_before(certificate);
	if (path_not_after(certificate) < window->to) {
		window->to = path_not_after(certificate);
		window->first_to_end = certificate;
	}
}

/* The signer's own path, or the rest of the certificate's. */
static struct window window_of(
	const struct judgement *j, unsigned index, const struct revocation *about)
{
	const struct path *path = &j->checked->path;
	struct window window = { .from = INT64_MIN, .to = INT64_MAX };

	narrow(&window, about->signer);
	for (unsigned i = 0; i < about->signer_path.length; i++)
		narrow(&window, about->signer_path.at[i]);
	if (about->signer_path.length == 0)
		for (unsigned i = index + 1; i < path->length; i++)
			narrow(&window, path->at[i]);
	return window;
}

int64_t usable_poe(const struct judgement *j, const struct material_item *object, const char **from)
{
	int64_t poe = material_poe(j->material, object->sha256, from);

	if (poe <= j->policy->at)
		return poe;
	if (from != NULL)
		*from = NULL;
	return j->policy->at;
}

/* The time at which an object's signature has to be good. */
static int64_t time_of(const struct judgement *j, const struct revocation *about)
{
	switch (j->model) {
	case MODEL_GENTIME:
		return about->this_update;
	case MODEL_PAST:
		return usable_poe(j, about->object, NULL);
	case MODEL_CURRENT:
		break;
	}
	return j->policy->at;
}

/* Rule 4 with 1.5 (a): known to exist while its signer was valid and before control. */
static enum usable check_proof(const struct judgement *j, const struct window *window,
	const struct revocation *about, char why[160])
{
	int64_t poe = usable_poe(j, about->object, NULL);
	char known[MODEL_TIME];
	char end[MODEL_TIME];

	(void)model_time(poe, known);
	if (about->this_update > poe) {
		(void)snprintf(why, 160,
			"EN 319 102-1 5.6.2.2: issued by control time: thisUpdate is after %s",
			known);
		return USABLE_NOT_PROVED;
	}
	if (poe > window->to) {
		char name[MODEL_NAME];

		(void)snprintf(why, 160, "its signer was valid when it is known to exist: %s, %s",
			known, model_name(window->first_to_end, name));
		return USABLE_NOT_PROVED;
	}
	if (poe > j->control) {
		(void)snprintf(why, 160,
			"EN 319 102-1 5.6.2.2: known to exist by %s: it is since %s",
			model_time(j->control, end), known);
		return USABLE_NOT_PROVED;
	}
	return USABLE;
}

/* Rules 4 and 5. */
enum usable usable_as_revoked(
	const struct judgement *j, unsigned index, const struct revocation *about, char why[160])
{
	struct window window;
	const struct path *above = &about->signer_path;
	int64_t time = time_of(j, about);

	if (about->signer == NULL) {
		(void)snprintf(why, 160, "its signer's certificate is at hand: it is not");
		return USABLE_NOT_AT_ALL;
	}
	window = window_of(j, index, about);
	if (about->this_update < window.from ||
		(j->model != MODEL_PAST && about->this_update > window.to)) {
		(void)snprintf(why, 160, "its signer was valid at thisUpdate: it was not");
		return USABLE_NOT_SIGNER;
	}
	if (j->model == MODEL_PAST && check_proof(j, &window, about, why) != USABLE)
		return USABLE_NOT_PROVED;
	if (!algorithms_hold(j->policy->algorithms, about->object, about->signer, time, why))
		return USABLE_NOT_CRYPTO;
	for (unsigned i = 0; i + 1 < above->length; i++)
		if (!algorithms_hold(
			    j->policy->algorithms, above->at[i], above->at[i + 1], time, why))
			return USABLE_NOT_CRYPTO;
	why[0] = '\0';
	return USABLE;
}

enum usable usable_for(
	const struct judgement *j, unsigned index, const struct revocation *about, char why[160])
{
	int64_t end = path_not_after(j->checked->path.at[index]);
	char time[MODEL_TIME];

	if (about->state == REVOCATION_UNUSABLE)
		return USABLE_NOT_AT_ALL;
	if (about->this_update < j->gen_time_up) {
		(void)snprintf(why, 160, "issued at or after genTime: thisUpdate is %s",
			model_time(about->this_update, time));
		return USABLE_NOT_EARLY;
	}
	if (about->this_update > end && about->keeps_since > end) {
		(void)snprintf(why, 160,
			"RFC 5280 3.3: issued after the certificate's end (%s): it says nothing about "
			"expired ones",
			model_time(end, time));
		return USABLE_NOT_LATE;
	}
	return usable_as_revoked(j, index, about, why);
}
