/* Owns the certificates and the material of the tests of revocation. */
#include "revocation_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CA_USAGE "critical,keyCertSign,cRLSign"
#define CA_BASIC "critical,CA:TRUE"

const char *const world_names[WHO] = { "Root", "CA", "TSU", "Responder", "CRL issuer", "Other CA",
	"Other root" };

static const struct {
	enum who issuer;
	struct make_extension extensions[4];
} makers[WHO] = {
	[ROOT] = { ROOT, { { "basicConstraints", CA_BASIC }, { "keyUsage", CA_USAGE },
				 { "subjectKeyIdentifier", "hash" } } },
	[CA] = { ROOT, { { "basicConstraints", CA_BASIC }, { "keyUsage", CA_USAGE },
			       { "subjectKeyIdentifier", "hash" } } },
	[TSU] = { CA, { { "keyUsage", "critical,digitalSignature" },
			      { "extendedKeyUsage", "critical,timeStamping" } } },
	[RESPONDER] = { CA, { { "keyUsage", "critical,digitalSignature" },
				    { "extendedKeyUsage", "OCSPSigning" } } },
	[CRL_ISSUER] = { ROOT, { { "keyUsage", "critical,cRLSign" } } },
	[OTHER_CA] = { ROOT, { { "basicConstraints", CA_BASIC }, { "keyUsage", CA_USAGE },
				     { "subjectKeyIdentifier", "hash" } } },
	[OTHER_ROOT] = { OTHER_ROOT, { { "basicConstraints", CA_BASIC }, { "keyUsage", CA_USAGE },
					     { "subjectKeyIdentifier", "hash" } } },
};

static X509 *make_one(const struct world *world, enum who who,
	const struct make_extension *extension, const char *sections)
{
	enum who issuer = makers[who].issuer;
	struct make_certificate how = {
		.common_name = world_names[who],
		.key = world->keys[who],
		.issuer = issuer == who ? NULL : world->certificates[issuer],
		.issuer_key = world->keys[issuer],
		.not_before = START,
		.not_after = START + 10 * YEAR,
		.sections = sections,
	};
	size_t count = 0;
	bool replaced = false;

	for (; count < 4 && makers[who].extensions[count].name != NULL; count++) {
		const struct make_extension *own = &makers[who].extensions[count];
		bool is_other = extension != NULL && strcmp(extension->name, own->name) == 0;

		how.extensions[count] = is_other ? *extension : *own;
		replaced = replaced || is_other;
	}
	if (extension != NULL && !replaced)
		how.extensions[count] = *extension;
	return make_certificate(&how);
}

static void add_certificate(struct world *world, enum who who)
{
	struct err err = { 0 };
	uint8_t *der = NULL;
	int len = i2d_X509(world->certificates[who], &der);
	struct bytes octets = { der, (size_t)len };

	assert_true(len > 0);
	if (who == ROOT || who == OTHER_ROOT)
		assert_true(material_add_anchor(world->material, octets, "test", &err));
	else
		assert_true(material_add(world->material, MATERIAL_CERTIFICATE, FROM_CALLER, octets,
			"test", NULL, &err));
	OPENSSL_free(der);
}

const struct material_item *world_item(const struct world *world, enum who who)
{
	const struct material_item *at;
	size_t walk = 0;

	while ((at = material_next(world->material, MATERIAL_CERTIFICATE, &walk)) != NULL)
		if (X509_cmp(at->certificate, world->certificates[who]) == 0)
			return at;
	fail_msg("no certificate of %s", world_names[who]);
	return NULL;
}

void world_clear(struct world *world)
{
	struct paths paths;

	material_clear(world->material);
	for (int who = 0; who < WHO; who++)
		add_certificate(world, (enum who)who);
	paths_find(world->material, world_item(world, TSU), NID_time_stamp, &paths);
	assert_int_equal(paths.count, 1);
	assert_true(paths.at[0].holds);
	world->path = paths.at[0];
	assert_int_equal(world->path.length, 3);
}

struct world *world_new(void)
{
	struct world *world = must_calloc(1, sizeof(*world));

	for (int who = 0; who < WHO; who++)
		world->keys[who] = make_key("P-256", 0);
	/* Each after its issuer. */
	for (int who = 0; who < WHO; who++)
		world->certificates[who] = make_one(world, (enum who)who, NULL, NULL);
	world->cache = material_cache_new();
	world->material = material_new(world->cache, NULL);
	world_clear(world);
	return world;
}

void world_free(struct world *world)
{
	material_free(world->material);
	material_cache_free(world->cache);
	for (int who = 0; who < WHO; who++) {
		EVP_PKEY_free(world->keys[who]);
		X509_free(world->certificates[who]);
	}
	free(world);
}

int world_start(void **state)
{
	*state = world_new();
	return 0;
}

int world_stop(void **state)
{
	world_free(*state);
	return 0;
}

void world_replace(struct world *world, enum who who, const struct make_extension *extension,
	const char *sections)
{
	X509_free(world->certificates[who]);
	world->certificates[who] = make_one(world, who, extension, sections);
	world_clear(world);
}

void world_give(struct world *world, enum material_kind kind, struct buf der)
{
	struct err err = { 0 };

	if (!material_add(world->material, kind, FROM_CALLER, buf_view(&der), "test", NULL, &err))
		fail_msg("%s", err.text);
	buf_free(&der);
}

struct make_crl world_crl(const struct world *world)
{
	return (struct make_crl){ .issuer = world->certificates[CA],
		.key = world->keys[CA],
		.this_update = THIS,
		.next_update = NEXT };
}

struct make_ocsp world_ocsp(const struct world *world)
{
	return (struct make_ocsp){ .signer = world->certificates[RESPONDER],
		.key = world->keys[RESPONDER],
		.answers = { { .certificate = world->certificates[TSU],
			.issuer = world->certificates[CA],
			.status = V_OCSP_CERTSTATUS_GOOD,
			.reason = -1,
			.this_update = THIS,
			.next_update = NEXT } } };
}

struct make_crl_entry world_entry(const struct world *world, int reason)
{
	return (struct make_crl_entry){
		.certificate = world->certificates[TSU], .date = THIS - DAY, .reason = reason
	};
}

void world_give_crl(struct world *world, const struct make_crl *how)
{
	world_give(world, MATERIAL_CRL, make_crl(how));
}

void world_give_ocsp(struct world *world, const struct make_ocsp *how)
{
	world_give(world, MATERIAL_OCSP, make_ocsp(how));
}

unsigned world_look(struct world *world, unsigned index)
{
	world->count = revocation_look(world->material, &world->path, index, world->found);
	return world->count;
}

const struct revocation *world_one(struct world *world, enum revocation_state state)
{
	assert_int_equal(world_look(world, 0), 1);
	if (world->found[0].state != state)
		fail_msg("state %d, not %d: %s", (int)world->found[0].state, (int)state,
			world->found[0].why);
	return &world->found[0];
}

void world_unusable(struct world *world, const char *why)
{
	const struct revocation *r = world_one(world, REVOCATION_UNUSABLE);

	if (strstr(r->why, why) == NULL)
		fail_msg("says \"%s\", not \"%s\"", r->why, why);
}
