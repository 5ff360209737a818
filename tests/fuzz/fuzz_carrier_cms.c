/*
 * CMS and PKCS #7 signatures: whatever comes, what is found is whole, and each countersignature is
 * judged; none may pass, as no trust anchor is given.
 */
#include <stdint.h>
#include <stdlib.h>

#include "carrier_whole.h"
#include "tsa/token/check/countersignature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_certificates(const struct carrier *carrier, struct material *material)
{
	enum carrier_beside what;
	struct bytes der;

	for (unsigned i = 0; i < carrier_signature_count(carrier); i++) {
		unsigned document = carrier_signature(carrier, i)->document;
		size_t at = 0;

		while (carrier_beside(carrier, document, &at, &what, &der)) {
			struct err ignored = { 0 };

			if (what == CARRIER_CERTIFICATE)
				(void)!material_add(material, MATERIAL_CERTIFICATE, FROM_TOKEN, der,
					"signature", NULL, &ignored);
		}
	}
}

static void judge(const struct carrier *carrier, struct material *material,
	const struct check_policy *policy, struct checked *checked)
{
	for (unsigned i = 0; i < carrier_stamp_count(carrier); i++) {
		const struct carrier_stamp *stamp = carrier_stamp(carrier, i);

		if (stamp->kind != CARRIER_COUNTERSIGNATURE)
			continue;
		countersignature_check(stamp->octets,
			carrier_signature(carrier, stamp->signature)->value, policy, material,
			checked);
		if (checked->verdict.status == CHECK_PASSED || checked->proved)
			abort();
		checked_wipe(checked);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct carrier *carrier = carrier_open_whole((struct bytes){ data, size });
	struct material_cache *cache;
	struct material *material;
	struct checked *checked;
	struct check_policy policy = { .model = MODEL_PAST, .at = 1900000000 };
	struct algorithms *algorithms;

	if (carrier == NULL)
		return 0;
	if (carrier_stamp_count(carrier) > 0) {
		cache = material_cache_new();
		material = material_new(cache, NULL);
		checked = must_calloc(1, sizeof(*checked));
		algorithms = algorithms_default();
		policy.algorithms = algorithms;
		add_certificates(carrier, material);
		judge(carrier, material, &policy, checked);
		algorithms_free(algorithms);
		free(checked);
		material_free(material);
		material_cache_free(cache);
	}
	carrier_free(carrier);
	return 0;
}
