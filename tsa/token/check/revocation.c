/* What all objects together say about one certificate.  Owns nothing. */
#include "revocation.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "revocation_part.h"

enum { ABOUT_A_SIGNER = 4 }; /* results kept about the signer of an object */

bool revocation_seconds(const ASN1_TIME *time, int64_t *out)
{
	struct tm tm;

	*out = INT64_MAX;
	if (time == NULL || ASN1_TIME_to_tm(time, &tm) != 1)
		return false;
	*out = timegm(&tm);
	return true;
}

bool revocation_is_oid(X509_EXTENSION *extension, const char *dotted)
{
	char text[80];
	int len = OBJ_obj2txt(text, sizeof(text), X509_EXTENSION_get_object(extension), 1);

	return len > 0 && (size_t)len < sizeof(text) && strcmp(text, dotted) == 0;
}

void revocation_unusable(struct revocation *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(r->why, sizeof(r->why), format, args);
	va_end(args);
	r->state = REVOCATION_UNUSABLE;
}

void revocation_set_since(struct revocation *r)
{
	r->since =
		r->invalidity_date < r->revocation_date ? r->invalidity_date : r->revocation_date;
}

/* True if a says less than b: it goes first when there is no room. */
static bool says_less(const struct revocation *a, const struct revocation *b)
{
	static const int rank[] = {
		[REVOCATION_UNUSABLE] = 0, [REVOCATION_GOOD] = 1, [REVOCATION_REVOKED] = 2
	};

	if (rank[a->state] != rank[b->state])
		return rank[a->state] < rank[b->state];
	if (a->object->from != b->object->from)
		return a->object->from == FROM_TOKEN;
	return a->this_update < b->this_update;
}

void revocation_put(struct revocation_list *list, const struct revocation *r)
{
	unsigned least = 0;

	if (list->count < list->max) {
		list->out[list->count++] = *r;
		return;
	}
	for (unsigned i = 1; i < list->count; i++)
		if (says_less(&list->out[i], &list->out[least]))
			least = i;
	if (says_less(&list->out[least], r))
		list->out[least] = *r;
}

static int newest_first(const void *a, const void *b)
{
	const struct revocation *left = a;
	const struct revocation *right = b;

	if (left->this_update != right->this_update)
		return left->this_update > right->this_update ? -1 : 1;
	return says_less(left, right) - says_less(right, left);
}

/* An end that was planned leaves what was signed before it as it was: RFC 3161 4 item 1. */
static bool is_planned(int reason)
{
	return reason == REASON_UNSPECIFIED || reason == REASON_AFFILIATION_CHANGED ||
	       reason == REASON_SUPERSEDED || reason == REASON_CESSATION;
}

static bool is_on(const struct path *path, const struct material_item *certificate)
{
	for (unsigned i = 0; i < path->length; i++)
		if (path->at[i] == certificate)
			return true;
	return false;
}

static unsigned look(const struct revocation_case *c, struct revocation *out, unsigned max)
{
	struct revocation_list list = { .out = out, .max = max };

	revocation_look_crls(c, &list);
	revocation_look_ocsp(c, &list);
	qsort(out, list.count, sizeof(out[0]), newest_first);
	return list.count;
}

/*
 * Is one of those who stand behind the object's signature revoked?  Only what their issuers' own
 * keys signed is asked, so this ends. A certificate of the main path is judged there.
 */
static void check_signers(const struct revocation_case *c, struct revocation *r)
{
	struct revocation about[ABOUT_A_SIGNER];

	for (unsigned i = 0; i + 1 < r->signer_path.length; i++) {
		const struct revocation_case signer = {
			.material = c->material,
			.path = &r->signer_path,
			.subject = r->signer_path.at[i],
			.issuer = r->signer_path.at[i + 1],
			.direct_only = true,
		};
		unsigned count;

		if (is_on(c->path, signer.subject))
			return; /* so is all that follows */
		count = look(&signer, about, ABOUT_A_SIGNER);
		for (unsigned k = 0; k < count; k++) {
			if (about[k].state != REVOCATION_REVOKED ||
				about[k].reason == REASON_REMOVE_FROM_CRL)
				continue;
			if (is_planned(about[k].reason) && r->this_update < about[k].since)
				continue;
			revocation_unusable(r, "RFC 5280 6.3.3 f: the certificate of its signer is "
					       "revoked");
			return;
		}
	}
}

unsigned revocation_look(const struct material *material, const struct path *path, unsigned index,
	struct revocation out[REVOCATION_MAX])
{
	const struct revocation_case c = {
		.material = material,
		.path = path,
		.subject = path->at[index],
		.issuer = path->at[index + 1],
	};
	unsigned count = look(&c, out, REVOCATION_MAX);

	for (unsigned i = 0; i < count; i++)
		if (out[i].state != REVOCATION_UNUSABLE)
			check_signers(&c, &out[i]);
	return count;
}

const char *revocation_reason_name(int reason, char room[16])
{
	static const char *const names[] = { "unspecified", "keyCompromise", "cACompromise",
		"affiliationChanged", "superseded", "cessationOfOperation", "certificateHold", NULL,
		"removeFromCRL", "privilegeWithdrawn", "aACompromise" };

	if (reason == REASON_ABSENT)
		return "absent";
	if (reason >= 0 && (size_t)reason < sizeof(names) / sizeof(names[0]) &&
		names[reason] != NULL)
		return names[reason];
	(void)snprintf(room, 16, "%d", reason);
	return room;
}
