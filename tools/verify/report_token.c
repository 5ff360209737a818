/* The token and its signer in the report. */
#include "report_part.h"

#include <stdio.h>

#include <openssl/x509v3.h>

#include "show_part.h"
#include "text.h"
#include "tsa/token/read/ess.h"

static json_t *json_digest(const struct ber_node *oid)
{
	char dotted[OID_TEXT];
	const char *name;

	if (oid == NULL)
		return json_null();
	oid_text(oid->content, dotted);
	name = oid_name(dotted);
	return report_json_text(name == NULL ? dotted : name);
}

static json_t *json_imprint(const struct token_facts *facts)
{
	static const char *const names[] = {
		[TOKEN_DATA_NOT_GIVEN] = "not-given",
		[TOKEN_DATA_MATCHED] = "matched",
		[TOKEN_DATA_MISMATCH] = "mismatch",
	};
	const struct tst_part *tst = &facts->file.tst;
	json_t *object = json_object();

	text_set(object, "alg", json_digest(tst->digest));
	text_set(object, "value", text_hex(tst->hashed->content));
	text_set(object, "data", json_string(names[facts->data]));
	return object;
}

static void set_tst(json_t *object, const struct token_facts *facts)
{
	const struct tst_part *tst = &facts->file.tst;
	char dotted[OID_TEXT], time[MOMENT_TEXT];

	moment_text(&tst->moment, time);
	text_set(object, "genTime", tst->moment.readable ? report_json_text(time) : json_null());
	text_set(object, "accuracy",
		facts->accuracy_us < 0 ? json_null() : json_real((double)facts->accuracy_us / 1e6));
	text_set(object, "ordering",
		json_boolean(tst->ordering != NULL && tst->ordering->content.len == 1 &&
			     tst->ordering->content.at[0] != 0));
	text_set(object, "serial", show_serial(tst->serial->content));
	oid_text(tst->policy->content, dotted);
	text_set(object, "policyOid", report_json_text(dotted));
	text_set(object, "nonce",
		tst->nonce == NULL ? json_null() : show_serial(tst->nonce->content));
	text_set(object, "imprint", json_imprint(facts));
}

json_t *report_json_token(const struct token_facts *facts)
{
	const struct token_file *file = &facts->file;
	json_t *object = json_object();
	struct ber_flaws flaws = { 0 };

	if (file->kind == TOKEN_NEITHER || !file->cms.decoded) {
		text_set(object, "form", json_null());
		return object;
	}
	ber_strict(&file->tree, 0, (uint32_t)file->tree.count, &flaws);
	text_set(object, "form", json_string(file->kind == TOKEN_BARE ? "token" : "response"));
	text_set(object, "sha256", report_json_hash(facts->sha256));
	text_set(object, "encoding", json_string(flaws.count == 0 ? "DER" : "BER"));
	if (file->tst.decoded)
		set_tst(object, facts);
	return object;
}

static void set_eku(json_t *object, X509 *certificate)
{
	int critical = -1;
	EXTENDED_KEY_USAGE *usage =
		X509_get_ext_d2i(certificate, NID_ext_key_usage, &critical, NULL);
	json_t *names = json_array();

	for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++) {
		const ASN1_OBJECT *oid = sk_ASN1_OBJECT_value(usage, i);
		char dotted[OID_TEXT];

		(void)OBJ_obj2txt(dotted, sizeof(dotted), oid, 1);
		text_add(names, report_json_text(OBJ_obj2nid(oid) == NID_undef
							 ? dotted
							 : OBJ_nid2sn(OBJ_obj2nid(oid))));
	}
	EXTENDED_KEY_USAGE_free(usage);
	text_set(object, "eku", names);
	text_set(object, "ekuCritical", json_boolean(critical == 1));
}

static json_t *json_ess(const struct token_facts *facts)
{
	json_t *all = json_array();

	for (int v2 = 0; v2 <= 1; v2++) {
		struct ess_id id;
		struct err found = { 0 };
		enum ess_state state = ess_get(&facts->file, v2 == 1, 0, &id);
		json_t *one;

		if (state == ESS_ABSENT)
			continue;
		one = json_object();
		text_set(one, "v", json_integer(v2 + 1));
		if (state == ESS_THERE) {
			const char *name = oid_name(id.algorithm);

			text_set(one, "alg", report_json_text(name == NULL ? id.algorithm : name));
		}
		text_set(one, "match",
			json_boolean(
				state == ESS_THERE &&
				ess_is(&facts->file, &id, facts->signer->certificate, &found)));
		text_add(all, one);
	}
	return all;
}

static json_t *json_signature(const struct token_facts *facts)
{
	char scheme[32], both[64];

	algorithms_signature_name(
		facts->signature_scheme, X509_get0_pubkey(facts->signer->certificate), scheme);
	(void)snprintf(both, sizeof(both), "%s/%s", scheme,
		facts->signature_digest == NID_undef ? "-" : OBJ_nid2ln(facts->signature_digest));
	return report_json_text(both);
}

json_t *report_json_signer(const struct token_facts *facts)
{
	const struct material_item *signer = facts->signer;
	json_t *object;

	if (signer == NULL)
		return json_null();
	object = json_object();
	text_set(object, "subject", report_json_name(X509_get_subject_name(signer->certificate)));
	text_set(object, "issuer", report_json_name(X509_get_issuer_name(signer->certificate)));
	text_set(object, "sha256", report_json_hash(signer->sha256));
	text_set(object, "notBefore", report_json_time(path_not_before(signer)));
	text_set(object, "notAfter", report_json_time(path_not_after(signer)));
	text_set(object, "embedded", json_boolean(facts->signer_is_embedded));
	set_eku(object, signer->certificate);
	text_set(object, "ess", json_ess(facts));
	text_set(object, "signature", json_signature(facts));
	return object;
}
