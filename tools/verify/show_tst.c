/* Status and TSTInfo.  Owns nothing. */
#include "show_part.h"

#include <stdio.h>

#include "text.h"
#include "tsa/token/read/oid.h"
#include "tsa/tsp/der.h"
#include "tsa/tsp/request.h"

enum { MAX_SHOWN_EXTENSION = 256, MAX_SHOWN_BITS = 64 };

static json_t *show_texts(const struct ber *tree, const struct ber_node *texts)
{
	struct ber_walk walk = ber_inside(tree, texts);
	json_t *all = json_array();

	for (const struct ber_node *node; (node = ber_next(&walk)) != NULL;)
		text_add(all, text_json(node->content));
	return all;
}

/* "badAlg (bit 0)"; RFC 3161 has none past bit 25. */
static json_t *show_fail_info(const struct ber_node *info)
{
	json_t *all = json_array();

	for (size_t i = 8; i < 8 * info->content.len && i < 8 + MAX_SHOWN_BITS; i++) {
		char text[48];

		if ((info->content.at[i / 8] & 0x80U >> i % 8) == 0)
			continue;
		(void)snprintf(text, sizeof(text), "%s (bit %zu)",
			tsp_failure_name((enum tsp_failure)(i - 8)), i - 8);
		text_add(all, json_string(text));
	}
	return all;
}

json_t *show_reply(const struct token_file *file)
{
	static const char *const names[] = { "granted", "grantedWithMods", "rejection", "waiting",
		"revocationWarning", "revocationNotification" };
	const struct reply_part *reply = &file->reply;
	json_t *shown = json_object();

	text_set(shown, "status", reply->has_status ? json_integer(reply->status) : json_null());
	if (reply->has_status && reply->status >= 0 &&
		(size_t)reply->status < sizeof(names) / sizeof(names[0]))
		text_set(shown, "statusName", json_string(names[reply->status]));
	if (reply->texts != NULL)
		text_set(shown, "statusString", show_texts(&file->tree, reply->texts));
	if (reply->fail_info != NULL)
		text_set(shown, "failInfo", show_fail_info(reply->fail_info));
	text_set(shown, "token", json_boolean(reply->token != NULL));
	return shown;
}

static json_t *show_imprint(const struct tst_part *tst)
{
	json_t *shown = json_object();

	text_set(shown, "digest", show_oid(tst->digest));
	text_set(shown, "parameters",
		json_string(tst->digest_params == NULL            ? "absent"
			    : tst->digest_params->tag == DER_NULL ? "NULL"
								  : "something else"));
	text_set(shown, "value", text_hex(tst->hashed->content));
	return shown;
}

static json_t *show_accuracy(const struct tst_part *tst)
{
	json_t *shown;

	if (tst->accuracy == NULL)
		return json_null();
	shown = json_object();
	if (tst->accuracy_seconds != NULL)
		text_set(shown, "seconds", show_integer(tst->accuracy_seconds));
	if (tst->accuracy_millis != NULL)
		text_set(shown, "millis", show_integer(tst->accuracy_millis));
	if (tst->accuracy_micros != NULL)
		text_set(shown, "micros", show_integer(tst->accuracy_micros));
	return shown;
}

static json_t *show_extensions(const struct tst_part *tst)
{
	struct ber_walk walk = ber_inside(&tst->tree, tst->extensions);
	json_t *all = json_array();

	for (const struct ber_node *node; (node = ber_next(&walk)) != NULL;) {
		struct ber_walk parts = ber_inside(&tst->tree, node);
		json_t *shown = json_object();
		const struct ber_node *critical, *value;

		text_set(shown, "type", show_oid(ber_take(&parts, DER_OID)));
		critical = ber_take_if(&parts, DER_BOOLEAN);
		text_set(shown, "critical",
			json_boolean(critical != NULL && critical->content.len == 1 &&
				     critical->content.at[0] != 0));
		value = ber_take(&parts, DER_OCTET_STRING);
		if (value != NULL && value->content.len <= MAX_SHOWN_EXTENSION)
			text_set(shown, "value", text_hex(value->content));
		else if (value != NULL)
			text_set(shown, "length", json_integer((json_int_t)value->content.len));
		text_add(all, shown);
	}
	return all;
}

json_t *show_tst(const struct tst_part *tst)
{
	json_t *shown = json_object();

	if (!tst->decoded) {
		text_set(shown, "broken", text_json(bytes_of_text(tst->broken.text)));
		return shown;
	}
	text_set(shown, "version", show_integer(tst->version));
	text_set(shown, "policy", show_oid(tst->policy));
	text_set(shown, "messageImprint", show_imprint(tst));
	text_set(shown, "serialNumber", show_serial(tst->serial->content));
	text_set(shown, "genTime", show_moment(&tst->moment));
	text_set(shown, "genTimeAsWritten", text_json(tst->gen_time->content));
	text_set(shown, "accuracy", show_accuracy(tst));
	text_set(shown, "ordering",
		json_boolean(tst->ordering != NULL && tst->ordering->content.len == 1 &&
			     tst->ordering->content.at[0] != 0));
	text_set(shown, "nonce",
		tst->nonce == NULL ? json_null() : show_serial(tst->nonce->content));
	text_set(shown, "tsa",
		tst->tsa == NULL ? json_null() : show_general_name(tst->tsa->content));
	if (tst->extensions != NULL)
		text_set(shown, "extensions", show_extensions(tst));
	return shown;
}
