/*
 * The time-stamp of Authenticode before RFC 3161: a PKCS #9 countersignature (RFC 5652 11.4), a
 * SignerInfo over the octets of a signature, with a signingTime.  It is no token: nothing but its
 * signer's clock stands behind the time, and there is no policy, serial number or accuracy.
 */
#ifndef TSA_TOKEN_CHECK_COUNTERSIGNATURE_H
#define TSA_TOKEN_CHECK_COUNTERSIGNATURE_H

#include "model.h"

/*
 * Checks it as what it is (lines CS-01 to CS-05), its certificate as that of a time-stamping
 * authority (V-10, V-11), and then by the model that policy names, with signingTime for genTime.
 * covered are the octets of the signature; the signer is looked for in material. checked is as
 * after check_token(), but facts.file is empty apart from tst.moment. Both inputs live until
 * checked_wipe().
 */
void countersignature_check(struct bytes signer_info, struct bytes covered,
	const struct check_policy *policy, struct material *material, struct checked *checked);

#endif
