/* TSTInfo (RFC 3161 2.4.2) of any TSA.  Owns nothing. */
#include "token_part.h"

#include "tsa/tsp/der.h"

static bool read_imprint(struct tst_part *tst)
{
	struct ber_walk walk = ber_inside(&tst->tree, tst->imprint);
	struct ber_walk algorithm = ber_inside(&tst->tree, ber_take(&walk, DER_SEQUENCE));

	tst->digest = ber_take(&algorithm, DER_OID);
	tst->digest_params = ber_next(&algorithm);
	tst->hashed = ber_take(&walk, DER_OCTET_STRING);
	return ber_finished(&algorithm) && ber_finished(&walk);
}

static bool read_accuracy(struct tst_part *tst)
{
	struct ber_walk walk = ber_inside(&tst->tree, tst->accuracy);

	tst->accuracy_seconds = ber_take_if(&walk, DER_INTEGER);
	tst->accuracy_millis = ber_take_if(&walk, DER_CONTEXT);
	tst->accuracy_micros = ber_take_if(&walk, DER_CONTEXT | 1);
	return ber_finished(&walk);
}

/* Everything behind serialNumber; genTime must be GeneralizedTime. */
static bool read_fields(struct ber_walk *walk, struct tst_part *tst)
{
	tst->gen_time = ber_take(walk, DER_GENERALIZED_TIME);
	if (tst->gen_time == NULL)
		return err_set(&tst->broken, "genTime is no GeneralizedTime");
	tst->moment = moment_of(tst->gen_time->content);
	tst->accuracy = ber_take_if(walk, DER_SEQUENCE);
	if (tst->accuracy != NULL && !read_accuracy(tst))
		return err_set(&tst->broken, "accuracy is malformed");
	tst->ordering = ber_take_if(walk, DER_BOOLEAN);
	tst->nonce = ber_take_if(walk, DER_INTEGER);
	tst->tsa = ber_take_if(walk, DER_CONTEXT_CONSTRUCTED);
	tst->extensions = ber_take_if(walk, DER_CONTEXT_CONSTRUCTED | 1);
	return ber_finished(walk) ||
	       err_set(&tst->broken, "after genTime there is a field out of its place");
}

void tst_read(struct bytes in, struct tst_part *tst)
{
	struct ber_walk walk;

	if (!ber_parse(in, &tst->tree, &tst->broken))
		return;
	if (tst->tree.nodes[0].tag != DER_SEQUENCE) {
		err_set(&tst->broken, "it is no SEQUENCE");
		return;
	}
	walk = ber_inside(&tst->tree, tst->tree.nodes);
	tst->version = ber_take(&walk, DER_INTEGER);
	tst->policy = ber_take(&walk, DER_OID);
	tst->imprint = ber_take(&walk, DER_SEQUENCE);
	if (walk.failed || !read_imprint(tst)) {
		err_set(&tst->broken, "version, policy and messageImprint were to come first");
		return;
	}
	tst->serial = ber_take(&walk, DER_INTEGER);
	if (walk.failed)
		err_set(&tst->broken, "serialNumber was to follow messageImprint");
	else
		tst->decoded = read_fields(&walk, tst);
}
