/* Owns the items of a material and finds them by hash and by name. */
#include "material.h"

#include <stdlib.h>

#include "material_part.h"

static const char *const kind_names[] = { "certificate", "CRL", "OCSP response" };

struct material *material_new(struct material_cache *cache, const struct material *base)
{
	struct material *material = must_calloc(1, sizeof(*material));
	unsigned below = 0;

	for (const struct material *at = base; at != NULL; at = at->base)
		below++;
	if (below >= MATERIAL_MAX_BASES)
		abort();
	material->cache = cache;
	material->base = base;
	return material;
}

static void held_free(struct held *held)
{
	parsed_release(held->parsed);
	free(held->source);
	free(held);
}

void material_clear(struct material *material)
{
	for (int kind = 0; kind < MATERIAL_KINDS; kind++) {
		struct shelf *shelf = &material->shelves[kind];

		for (uint32_t i = 0; i < shelf->by_hash.count; i++)
			held_free(shelf->at[i]);
		table_clear(&shelf->by_hash);
		table_clear(&shelf->by_name);
		shelf->from_token = 0;
	}
	(void)memset(material->certificates, 0, sizeof(material->certificates));
	material_poe_clear(material);
}

void material_free(struct material *material)
{
	if (material == NULL)
		return;
	material_clear(material);
	for (int kind = 0; kind < MATERIAL_KINDS; kind++) {
		free(material->shelves[kind].at);
		table_free(&material->shelves[kind].by_hash);
		table_free(&material->shelves[kind].by_name);
	}
	free(material->poes);
	table_free(&material->poe_table);
	free(material->insides);
	table_free(&material->inside_table);
	free(material);
}

static struct held *find_on(const struct shelf *shelf, const uint8_t sha256[MATERIAL_HASH])
{
	uint32_t i = table_first(&shelf->by_hash, hash_start(sha256));

	while (i != TABLE_NONE && memcmp(shelf->at[i]->item.sha256, sha256, MATERIAL_HASH) != 0)
		i = table_next(&shelf->by_hash, i);
	return i == TABLE_NONE ? NULL : shelf->at[i];
}

static struct held *find_below(const struct material *material, enum material_kind kind,
	const uint8_t sha256[MATERIAL_HASH])
{
	struct held *held = NULL;

	for (; material != NULL && held == NULL; material = material->base)
		held = find_on(&material->shelves[kind], sha256);
	return held;
}

const struct material_item *material_find(
	const struct material *material, const uint8_t sha256[MATERIAL_HASH])
{
	const struct held *held = NULL;

	for (int kind = 0; kind < MATERIAL_KINDS && held == NULL; kind++)
		held = find_below(material, (enum material_kind)kind, sha256);
	return held == NULL ? NULL : &held->item;
}

/* What paths are found is another question once a certificate or an anchor is new. */
static void note_certificate(struct material *material, const struct material_item *item)
{
	uint8_t what[MATERIAL_HASH + 1];

	(void)memcpy(what, item->sha256, MATERIAL_HASH);
	what[MATERIAL_HASH] = item->is_anchor;
	cache_sha256(material->cache, (struct bytes){ material->certificates, MATERIAL_HASH },
		(struct bytes){ what, sizeof(what) }, material->certificates);
}

static struct held *put_on(struct shelf *shelf, struct parsed *parsed, enum material_from from,
	bool is_anchor, const char *source)
{
	struct held *held = must_calloc(1, sizeof(*held));
	uint32_t place = table_add(&shelf->by_hash, hash_start(parsed->sha256));

	held->parsed = parsed;
	held->source = must_strdup(source);
	held->item = (struct material_item){
		.kind = parsed->kind,
		.from = from,
		.is_anchor = is_anchor,
		.certificate = parsed->certificate,
		.crl = parsed->crl,
		.ocsp = parsed->ocsp,
		.der = buf_view(&parsed->der),
		.source = held->source,
	};
	(void)memcpy(held->item.sha256, parsed->sha256, MATERIAL_HASH);
	(void)table_add(&shelf->by_name, parsed->name);
	shelf->at = table_grown(shelf->at, place, sizeof(struct held *));
	shelf->at[place] = held;
	shelf->from_token += from == FROM_TOKEN;
	return held;
}

static bool has_room(const struct material *material, enum material_kind kind,
	enum material_from from, struct err *err)
{
	const struct shelf *shelf = &material->shelves[kind];
	bool is_certificate = kind == MATERIAL_CERTIFICATE;
	uint32_t most = is_certificate ? MATERIAL_MAX_CERTIFICATES : MATERIAL_MAX_REVOCATIONS;
	uint32_t most_carried =
		is_certificate ? MATERIAL_MAX_TOKEN_CERTIFICATES : MATERIAL_MAX_TOKEN_REVOCATIONS;
	uint32_t count = is_certificate ? shelf->by_hash.count
					: material->shelves[MATERIAL_CRL].by_hash.count +
						  material->shelves[MATERIAL_OCSP].by_hash.count;

	if (from == FROM_TOKEN && shelf->from_token >= most_carried)
		return err_set(err, "%s: a token may carry %u, this one has more", kind_names[kind],
			(unsigned)most_carried);
	if (count >= most)
		return err_set(err, "%s: at most %u are held, there are more", kind_names[kind],
			(unsigned)most);
	return true;
}

static bool is_too_long(enum material_kind kind, enum material_from from, size_t len)
{
	return len > (kind == MATERIAL_CRL && from == FROM_CALLER ? (size_t)MATERIAL_MAX_CRL
								  : (size_t)MATERIAL_MAX_OBJECT);
}

/* Not a word of err if it is there already. */
static struct held *add(struct material *material, enum material_kind kind, enum material_from from,
	bool is_anchor, struct bytes der, const char *source, struct err *err)
{
	uint8_t sha256[MATERIAL_HASH];
	struct parsed *parsed;
	struct held *held;

	if (is_too_long(kind, from, der.len)) {
		(void)err_set(
			err, "%s: has %zu octets, more than are read", kind_names[kind], der.len);
		return NULL;
	}
	cache_sha256(material->cache, der, (struct bytes){ 0 }, sha256);
	held = find_below(material, kind, sha256);
	if (held != NULL && (held->item.is_anchor || !is_anchor))
		return held;
	held = find_on(&material->shelves[kind], sha256);
	if (held == NULL) {
		if (!has_room(material, kind, from, err))
			return NULL;
		parsed = cache_parse(material->cache, kind, der, sha256, err);
		if (parsed == NULL)
			return NULL;
		held = put_on(&material->shelves[kind], parsed, from, is_anchor, source);
	}
	held->item.is_anchor = is_anchor;
	if (kind == MATERIAL_CERTIFICATE)
		note_certificate(material, &held->item);
	return held;
}

/* The caller gives what was known from a token: it is the caller's from now on. */
static void give(struct material *material, struct held *held, const char *source)
{
	struct shelf *shelf = &material->shelves[held->item.kind];

	if (held->item.from == FROM_CALLER || find_on(shelf, held->item.sha256) != held)
		return;
	held->item.from = FROM_CALLER;
	shelf->from_token--;
	free(held->source);
	held->source = must_strdup(source);
	held->item.source = held->source;
}

/* A response brings the certificates that its signer is to be found among: RFC 6960 4.2.1. */
static void add_responders(struct material *material, const struct material_item *response,
	enum material_from from, const char *source)
{
	const STACK_OF(X509) *certificates = OCSP_resp_get0_certs(response->ocsp);
	struct err err;

	for (int i = 0; i < sk_X509_num(certificates) && i < MATERIAL_MAX_RESPONDERS; i++) {
		const struct material_item *item;
		uint8_t *der = NULL;
		int len = i2d_X509(sk_X509_value(certificates, i), &der);

		if (len > 0 && material_add(material, MATERIAL_CERTIFICATE, from,
				       (struct bytes){ der, (size_t)len }, source, &item, &err))
			material_add_inside(material, item->sha256, response->sha256);
		OPENSSL_free(der);
	}
}

bool material_add(struct material *material, enum material_kind kind, enum material_from from,
	struct bytes der, const char *source, const struct material_item **item, struct err *err)
{
	struct held *held = add(material, kind, from, false, der, source, err);

	if (held == NULL)
		return false;
	if (from == FROM_CALLER)
		give(material, held, source);
	if (kind == MATERIAL_OCSP)
		add_responders(material, &held->item, from, source);
	if (item != NULL)
		*item = &held->item;
	return true;
}

bool material_add_anchor(
	struct material *material, struct bytes der, const char *source, struct err *err)
{
	struct held *held =
		add(material, MATERIAL_CERTIFICATE, FROM_CALLER, true, der, source, err);

	if (held == NULL)
		return err_while(err, "trust anchor");
	give(material, held, source);
	return true;
}

/*
 * A walk's *at: which material, counted from the first, in the high half, and in the low half the
 * next place there; of a walk by name one more, 0 before the first.
 */
static const struct material *walk_start(const struct material *material, size_t *at)
{
	for (size_t level = *at >> 32; level > 0 && material != NULL; level--)
		material = material->base;
	return material;
}

static const struct material *walk_below(const struct material *material, size_t *at)
{
	*at = ((*at >> 32) + 1) << 32;
	return material->base;
}

const struct material_item *material_next(
	const struct material *material, enum material_kind kind, size_t *at)
{
	material = walk_start(material, at);
	while (material != NULL) {
		const struct shelf *shelf = &material->shelves[kind];

		if ((uint32_t)*at < shelf->by_hash.count)
			return &shelf->at[(uint32_t)(*at)++]->item;
		material = walk_below(material, at);
	}
	return NULL;
}

static const X509_NAME *name_of(const struct material_item *item)
{
	return item->kind == MATERIAL_CERTIFICATE ? X509_get_subject_name(item->certificate)
						  : X509_CRL_get_issuer(item->crl);
}

static const struct material_item *next_of_name(
	const struct material *material, enum material_kind kind, const X509_NAME *name, size_t *at)
{
	uint64_t hash;

	material = walk_start(material, at);
	/* Costs as much as all the rest: taken over from the one that was given last. */
	hash = (uint32_t)*at == 0 || material == NULL
		       ? name_hash(name)
		       : material->shelves[kind].by_name.entries[(uint32_t)*at - 1].hash;
	while (material != NULL) {
		const struct shelf *shelf = &material->shelves[kind];
		uint32_t place = (uint32_t)*at == 0
					 ? table_first(&shelf->by_name, hash)
					 : table_next(&shelf->by_name, (uint32_t)*at - 1);

		while (place != TABLE_NONE &&
			X509_NAME_cmp(name_of(&shelf->at[place]->item), name) != 0)
			place = table_next(&shelf->by_name, place);
		if (place != TABLE_NONE) {
			*at = (*at & ~(size_t)UINT32_MAX) | (place + 1);
			return &shelf->at[place]->item;
		}
		material = walk_below(material, at);
	}
	return NULL;
}

const struct material_item *material_next_named(
	const struct material *material, const X509_NAME *name, size_t *at)
{
	return next_of_name(material, MATERIAL_CERTIFICATE, name, at);
}

const struct material_item *material_next_crl(
	const struct material *material, const X509_NAME *name, size_t *at)
{
	return next_of_name(material, MATERIAL_CRL, name, at);
}
