/*
 * A TimeStampResp or a bare TimeStampToken of any TSA, taken apart: what stands where, with the
 * bytes as they came.  Judges nothing but whether it can be read.
 */
#ifndef TSA_TOKEN_READ_TOKEN_FILE_H
#define TSA_TOKEN_READ_TOKEN_FILE_H

#include "ber.h"
#include "moment.h"

enum token_form { TOKEN_NEITHER, TOKEN_RESPONSE, TOKEN_BARE };

enum { TOKEN_MAX_ATTRIBUTES = 256 }; /* signed ones; other TSAs' tokens have up to ten */

/* PKIStatusInfo (RFC 3161 2.4.2). */
struct reply_part {
	int64_t status;
	bool has_status; /* it is there and fits */
	const struct ber_node *texts; /* SEQUENCE of statusString; NULL: absent */
	const struct ber_node *fail_info; /* BIT STRING; NULL: absent */
	const struct ber_node *token; /* NULL: absent */
};

/* The first SignerInfo (RFC 5652 5.3). */
struct signer_part {
	const struct ber_node *version;
	const struct ber_node *sid; /* SEQUENCE, or [0] for a subjectKeyIdentifier */
	const struct ber_node *digest_algorithm;
	const struct ber_node *signed_attrs; /* NULL: absent */
	const struct ber_node *signature_algorithm;
	const struct ber_node *signature;
	const struct ber_node *unsigned_attrs; /* NULL: absent */
};

/* ContentInfo and SignedData (RFC 5652 3, 5.1). */
struct cms_part {
	bool decoded; /* all below is there but what may be NULL */
	struct err broken; /* else where it stopped */
	const struct ber_node *whole;
	const struct ber_node *type;
	const struct ber_node *version;
	const struct ber_node *digest_algorithms;
	const struct ber_node *content_type;
	const struct ber_node *content_node; /* OCTET STRING; NULL: absent */
	const struct ber_node *certificates; /* NULL: absent */
	const struct ber_node *crls; /* NULL: absent */
	const struct ber_node *signer_infos;
	unsigned signer_count;
	bool has_signer; /* the first SignerInfo could be read */
	struct signer_part signer;
	struct buf content; /* octets of eContent */
};

/* TSTInfo (RFC 3161 2.4.2). */
struct tst_part {
	bool decoded;
	struct err broken;
	struct ber tree;
	const struct ber_node *version;
	const struct ber_node *policy;
	const struct ber_node *imprint; /* SEQUENCE */
	const struct ber_node *digest; /* OID */
	const struct ber_node *digest_params; /* NULL: absent */
	const struct ber_node *hashed;
	const struct ber_node *serial;
	const struct ber_node *gen_time;
	const struct ber_node *accuracy; /* NULL: absent; so the next ones */
	const struct ber_node *accuracy_seconds;
	const struct ber_node *accuracy_millis;
	const struct ber_node *accuracy_micros;
	const struct ber_node *ordering;
	const struct ber_node *nonce;
	const struct ber_node *tsa; /* [0] around the GeneralName */
	const struct ber_node *extensions;
	struct moment moment; /* of genTime */
};

struct token_file {
	enum token_form kind;
	struct err broken; /* why it is neither */
	struct ber tree;
	struct reply_part reply; /* of a response */
	struct cms_part cms;
	struct tst_part tst;
};

/*
 * Takes in (borrowed until token_file_wipe) apart as far as it goes; what goes no further says so
 * in its part's err. token_file_wipe() always.
 */
void token_file_read(struct bytes in, struct token_file *file);
void token_file_wipe(struct token_file *file);

/*
 * The attribute of that type among signed_attrs or unsigned_attrs (may be NULL): its SET of
 * values, NULL if there is none or it is malformed. *count: how many attributes of that type.
 */
const struct ber_node *token_attribute(
	const struct ber *tree, const struct ber_node *attrs, const char *oid, unsigned *count);
/* The one value of the one attribute of that type; NULL if there is not exactly one of both. */
const struct ber_node *token_attribute_value(
	const struct ber *tree, const struct ber_node *attrs, const char *oid);
/* The OID of an AlgorithmIdentifier; NULL if it is none. */
const struct ber_node *token_algorithm(const struct ber *tree, const struct ber_node *algorithm);

#endif
