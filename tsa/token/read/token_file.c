/* Response, ContentInfo and SignedData; TSTInfo is in tst_part.c. Owns what the struct owns. */
#include "token_part.h"

#include "oid.h"
#include "tsa/tsp/der.h"

enum { CONTEXT_0 = DER_CONTEXT_CONSTRUCTED, CONTEXT_1 = DER_CONTEXT_CONSTRUCTED | 1 };

/* OCTET STRING, primitive or constructed. */
static const struct ber_node *take_octets(struct ber_walk *walk)
{
	const struct ber_node *node = ber_take_if(walk, DER_OCTET_STRING);

	return node != NULL ? node : ber_take(walk, DER_OCTET_STRING | BER_CONSTRUCTED);
}

static unsigned count_inside(const struct ber *tree, const struct ber_node *set)
{
	struct ber_walk walk = ber_inside(tree, set);
	unsigned count = 0;

	while (ber_next(&walk) != NULL)
		count++;
	return count;
}

static void read_signer(const struct ber *tree, const struct ber_node *info, struct cms_part *cms)
{
	struct ber_walk walk = ber_inside(tree, info);
	struct signer_part *s = &cms->signer;

	s->version = ber_take(&walk, DER_INTEGER);
	s->sid = ber_peek(&walk);
	if (s->sid != NULL && (s->sid->tag & ~BER_CONSTRUCTED) == DER_CONTEXT)
		(void)ber_next(&walk);
	else
		s->sid = ber_take(&walk, DER_SEQUENCE);
	s->digest_algorithm = ber_take(&walk, DER_SEQUENCE);
	s->signed_attrs = ber_take_if(&walk, CONTEXT_0);
	s->signature_algorithm = ber_take(&walk, DER_SEQUENCE);
	s->signature = take_octets(&walk);
	s->unsigned_attrs = ber_take_if(&walk, CONTEXT_1);
	cms->has_signer = ber_finished(&walk);
}

/* EncapsulatedContentInfo */
static bool read_content(
	const struct ber *tree, const struct ber_node *encapsulated, struct cms_part *cms)
{
	struct ber_walk walk = ber_inside(tree, encapsulated);
	const struct ber_node *wrapper;
	struct ber_walk inner;

	cms->content_type = ber_take(&walk, DER_OID);
	wrapper = ber_take_if(&walk, CONTEXT_0);
	if (wrapper != NULL) {
		inner = ber_inside(tree, wrapper);
		cms->content_node = take_octets(&inner);
		if (!ber_finished(&inner))
			return false;
	}
	return ber_finished(&walk) &&
	       (cms->content_node == NULL || ber_octets(tree, cms->content_node, &cms->content));
}

static bool read_signed_data(
	const struct ber *tree, const struct ber_node *data, struct cms_part *cms)
{
	struct ber_walk walk = ber_inside(tree, data);
	struct ber_walk infos;
	unsigned attributes;

	cms->version = ber_take(&walk, DER_INTEGER);
	cms->digest_algorithms = ber_take(&walk, DER_SET);
	if (walk.failed)
		return err_set(&cms->broken, "version and digestAlgorithms were to come first");
	if (!read_content(tree, ber_take(&walk, DER_SEQUENCE), cms))
		return err_set(&cms->broken, "encapContentInfo is malformed");
	cms->certificates = ber_take_if(&walk, CONTEXT_0);
	cms->crls = ber_take_if(&walk, CONTEXT_1);
	cms->signer_infos = ber_take(&walk, DER_SET);
	if (!ber_finished(&walk))
		return err_set(&cms->broken, "signerInfos was to be the last and is not");
	cms->signer_count = count_inside(tree, cms->signer_infos);
	infos = ber_inside(tree, cms->signer_infos);
	if (cms->signer_count > 0)
		read_signer(tree, ber_next(&infos), cms);
	if (cms->signer_count > 0 && !cms->has_signer)
		return err_set(&cms->broken, "SignerInfo is malformed");
	/* Each is held against each, and that for each certificate. */
	attributes = count_inside(tree, cms->signer.signed_attrs);
	return attributes <= TOKEN_MAX_ATTRIBUTES ||
	       err_set(&cms->broken, "at most %d signed attributes: there are %u",
		       TOKEN_MAX_ATTRIBUTES, attributes);
}

static void read_token(struct token_file *file, const struct ber_node *token)
{
	const struct ber *tree = &file->tree;
	struct cms_part *cms = &file->cms;
	struct ber_walk walk = ber_inside(tree, token);
	struct ber_walk wrapped;

	cms->whole = token;
	cms->type = ber_take(&walk, DER_OID);
	wrapped = ber_inside(tree, ber_take(&walk, CONTEXT_0));
	if (!ber_finished(&walk)) {
		err_set(&cms->broken, "it is no ContentInfo");
		return;
	}
	cms->decoded = read_signed_data(tree, ber_take(&wrapped, DER_SEQUENCE), cms);
	if (cms->decoded && !ber_finished(&wrapped))
		cms->decoded = err_set(&cms->broken, "something follows SignedData");
	if (cms->decoded && cms->content_node != NULL)
		tst_read(buf_view(&cms->content), &file->tst);
}

/* TimeStampResp: SEQUENCE { PKIStatusInfo, [token] } */
static bool read_response(struct token_file *file)
{
	struct ber_walk walk = ber_inside(&file->tree, file->tree.nodes);
	struct ber_walk info = ber_inside(&file->tree, ber_take(&walk, DER_SEQUENCE));
	const struct ber_node *status = ber_take(&info, DER_INTEGER);

	if (status == NULL)
		return false;
	file->reply.has_status = ber_number(status->content, &file->reply.status);
	file->reply.texts = ber_take_if(&info, DER_SEQUENCE);
	file->reply.fail_info = ber_take_if(&info, DER_BIT_STRING);
	if (!ber_finished(&info))
		return err_set(&file->broken, "PKIStatusInfo is malformed");
	file->reply.token = ber_take_if(&walk, DER_SEQUENCE);
	if (!ber_finished(&walk))
		return err_set(&file->broken, "what follows PKIStatusInfo is not one ContentInfo");
	return true;
}

void token_file_read(struct bytes in, struct token_file *file)
{
	struct ber_walk walk;
	const struct ber_node *first;

	*file = (struct token_file){ .kind = TOKEN_NEITHER };
	if (!ber_parse(in, &file->tree, &file->broken))
		return;
	walk = ber_inside(&file->tree, file->tree.nodes);
	first = ber_peek(&walk);
	if (file->tree.nodes[0].tag != DER_SEQUENCE || first == NULL) {
		err_set(&file->broken, "it is no SEQUENCE with something in it");
	} else if (first->tag == DER_OID) {
		file->kind = TOKEN_BARE;
		read_token(file, file->tree.nodes);
	} else if (read_response(file)) {
		file->kind = TOKEN_RESPONSE;
		if (file->reply.token != NULL)
			read_token(file, file->reply.token);
	} else if (file->broken.text[0] == '\0') {
		err_set(&file->broken, "it begins with neither PKIStatusInfo nor a content type");
	}
}

void token_file_wipe(struct token_file *file)
{
	ber_free(&file->tree);
	ber_free(&file->tst.tree);
	buf_free(&file->cms.content);
}

const struct ber_node *token_attribute(
	const struct ber *tree, const struct ber_node *attrs, const char *oid, unsigned *count)
{
	struct ber_walk walk = ber_inside(tree, attrs);
	const struct ber_node *values = NULL;

	*count = 0;
	for (const struct ber_node *attr; (attr = ber_next(&walk)) != NULL;) {
		struct ber_walk parts = ber_inside(tree, attr);

		if (!oid_is(ber_take(&parts, DER_OID), oid))
			continue;
		if ((*count)++ == 0)
			values = ber_take(&parts, DER_SET);
	}
	return values;
}

const struct ber_node *token_attribute_value(
	const struct ber *tree, const struct ber_node *attrs, const char *oid)
{
	unsigned count;
	struct ber_walk values = ber_inside(tree, token_attribute(tree, attrs, oid, &count));
	const struct ber_node *value = ber_next(&values);

	return count == 1 && ber_finished(&values) ? value : NULL;
}

const struct ber_node *token_algorithm(const struct ber *tree, const struct ber_node *algorithm)
{
	struct ber_walk walk = ber_inside(tree, algorithm);

	return ber_take(&walk, DER_OID);
}
