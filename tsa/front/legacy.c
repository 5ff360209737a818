/* Owns the words for those who send it. */
#include "tsa/front/legacy.h"

#include "tsa/front/base64.h"
#include "tsa/tsp/der.h"
#include "tsa/tsp/request.h"

const char legacy_text[] =
	"legacy Authenticode time-stamp request: only RFC 3161 is served at this address.\n"
	"Use the RFC 3161 switch of your tool with the same URL:\n"
	"  signtool:      /tr URL /td sha256   instead of /t URL\n"
	"  osslsigncode:  -ts URL              instead of -t URL\n"
	"  jsign:         --tsmode RFC3161     beside --tsaurl URL\n"
	"  signcode:      (Mono) knows only this form: use osslsigncode -ts URL\n"
	"  Set-AuthenticodeSignature: (PowerShell) knows only this form: use signtool\n";

/* 1.3.6.1.4.1.311.3.2.1, SPC_TIME_STAMP_REQUEST_OBJID */
static const uint8_t spc_time_stamp_request[] = { 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x03,
	0x02, 0x01 };

static bool is_structure(struct bytes der)
{
	struct der d = { .rest = der };
	struct der fields = der_enter(&d, DER_SEQUENCE);
	struct bytes oid = der_take_oid(&fields);
	const struct bytes wanted = { spc_time_stamp_request, sizeof(spc_time_stamp_request) };

	return der_finished(&d) && !fields.failed && bytes_equal(oid, wanted) &&
	       der_next_is(&fields, DER_SEQUENCE);
}

static struct bytes without_tail(struct bytes body)
{
	while (body.len > 0 && (body.at[body.len - 1] == '\0' || body.at[body.len - 1] == '\r' ||
				       body.at[body.len - 1] == '\n'))
		body.len--;
	return body;
}

bool legacy_is(struct bytes body)
{
	uint8_t der[TSP_MAX_REQUEST];
	size_t len;

	if (body.len > TSP_MAX_REQUEST)
		return false;
	/* The bytes themselves may well end in a zero that belongs to them. */
	if (is_structure(body))
		return true;
	body = without_tail(body);
	return base64_decode(body, der, sizeof(der), &len) &&
	       is_structure((struct bytes){ der, len });
}
