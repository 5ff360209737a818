/*
 * TSTInfo both ways.  Owns the form of genTime and accuracy; the decoder takes exactly what the
 * encoder can make, so what decodes is a TSTInfo of ours and encodes to the same bytes.
 */
#include "tsa/tsp/tstinfo.h"

#include "tsa/tsp/der.h"
#include "tsa/tsp/request.h"

enum {
	VERSION_1 = 1,
	MILLIS_TAG = DER_CONTEXT, /* [0] */
	MICROS_TAG = DER_CONTEXT | 1,
	TSA_TAG = DER_CONTEXT_CONSTRUCTED, /* [0] */
	EXTENSIONS_TAG = DER_CONTEXT_CONSTRUCTED | 1,
	MAX_SERIAL = 20, /* RFC 3161 2.4.2: up to 160 bits */
	MAX_DIGITS = 6, /* of a second's fraction: microseconds */
	MAX_THOUSANDTH = 999, /* P-19: millis and micros are 1..999 or absent */
	WHOLE_SECONDS = 14, /* YYYYMMDDhhmmss */
	SECONDS_A_DAY = 86400,
	MILLIS_DIGITS = 3,
};

/*
 * extensions [1] of a qualified time-stamp, whole: one Extension qcStatements
 * (1.3.6.1.5.5.7.1.3, RFC 3739 3.2.6), not critical, with one statement esi4-qtstStatement-1
 * (0.4.0.19422.1.1) without information (EN 319 422 9.1).
 */
static const uint8_t qualified_extensions[] = { 0xa1, 0x1b, DER_SEQUENCE, 0x19, DER_OID, 8, 0x2b,
	0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x03, DER_OCTET_STRING, 13, DER_SEQUENCE, 11,
	DER_SEQUENCE, 9, DER_OID, 7, 0x04, 0x00, 0x81, 0x97, 0x5e, 0x01, 0x01 };

static const uint64_t second_us = 1000000;
static const uint64_t end_of_9999_us = UINT64_C(253402300800) * 1000000;

/* Microseconds of the last digit of a fraction with so many digits. */
static uint64_t unit_us(unsigned digits)
{
	static const uint64_t units[MAX_DIGITS + 1] = { 1000000, 100000, 10000, 1000, 100, 10, 1 };

	return units[digits < MAX_DIGITS ? digits : MAX_DIGITS];
}

uint64_t tsp_time_cut(uint64_t time_us, unsigned digits)
{
	uint64_t cut_us = time_us - time_us % unit_us(digits);

	if (digits == MILLIS_DIGITS && cut_us % second_us != 0 &&
		cut_us % (10 * unit_us(digits)) == 0)
		cut_us -= unit_us(digits);
	return cut_us;
}

uint64_t tsp_time_resolution_us(unsigned digits)
{
	return digits == MILLIS_DIGITS ? 2 * unit_us(digits) : unit_us(digits);
}

struct tsp_accuracy tsp_accuracy_of_ms(uint32_t ms)
{
	return (struct tsp_accuracy){ .seconds = ms / 1000, .millis = (uint16_t)(ms % 1000) };
}

struct date {
	unsigned year;
	unsigned month; /* 1..12 */
	unsigned day; /* 1..31 */
};

/*
 * The proleptic Gregorian calendar in years that start on 1 March, so that the leap day ends a
 * year: 400 years have 146097 days, and 153 days are five months of 31 30 31 30 31.
 */
enum { DAYS_400_YEARS = 146097, DAYS_TO_1970 = 719468 }; /* from 1 March of year 0 */

static uint32_t days_of(struct date date)
{
	unsigned year = date.month > 2 ? date.year : date.year - 1;
	unsigned month = date.month > 2 ? date.month - 3 : date.month + 9;

	return year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + date.day -
	       1 - DAYS_TO_1970;
}

static struct date date_of(uint32_t days)
{
	uint32_t since_0 = days + DAYS_TO_1970;
	uint32_t cycle = since_0 / DAYS_400_YEARS;
	uint32_t in_cycle = since_0 % DAYS_400_YEARS;
	uint32_t year = (in_cycle - in_cycle / 1460 + in_cycle / 36524 - in_cycle / 146096) / 365;
	uint32_t in_year = in_cycle - (365 * year + year / 4 - year / 100);
	uint32_t month = (5 * in_year + 2) / 153;
	struct date date = {
		.year = year + 400 * cycle,
		.month = month < 10 ? month + 3 : month - 9,
		.day = in_year - (153 * month + 2) / 5 + 1,
	};

	if (date.month <= 2)
		date.year++;
	return date;
}

static void put_digits(char *at, unsigned count, uint32_t v)
{
	while (count-- > 0) {
		at[count] = (char)('0' + v % 10);
		v /= 10;
	}
}

/* P-18: seconds always; fraction without trailing zeros, none when it is zero; "Z". */
size_t tsp_time_text(uint64_t time_us, char out[TSP_TIME_TEXT])
{
	uint64_t seconds = time_us / second_us;
	uint32_t fraction = (uint32_t)(time_us % second_us);
	uint32_t in_day = (uint32_t)(seconds % SECONDS_A_DAY);
	struct date date = date_of((uint32_t)(seconds / SECONDS_A_DAY));
	size_t len = WHOLE_SECONDS;

	put_digits(out, 4, date.year);
	put_digits(out + 4, 2, date.month);
	put_digits(out + 6, 2, date.day);
	put_digits(out + 8, 2, in_day / 3600);
	put_digits(out + 10, 2, in_day / 60 % 60);
	put_digits(out + 12, 2, in_day % 60);
	if (fraction != 0) {
		out[len] = '.';
		put_digits(out + len + 1, MAX_DIGITS, fraction);
		len += 1 + MAX_DIGITS;
		while (out[len - 1] == '0')
			len--;
	}
	out[len] = 'Z';
	return len + 1;
}

/* The value of count decimal digits; past any valid value if one is no digit. */
static uint32_t get_digits(const uint8_t *at, size_t count)
{
	uint32_t v = 0;

	for (size_t i = 0; i < count; i++) {
		if (at[i] < '0' || at[i] > '9')
			return UINT32_MAX;
		v = v * 10 + (at[i] - (uint32_t)'0');
	}
	return v;
}

/* ".5": a fraction is there only if it has a digit and does not end in zero (P-18). */
static bool parse_fraction(struct bytes text, uint64_t *us, unsigned *digits)
{
	uint32_t v;

	*us = 0;
	*digits = 0;
	if (text.len == 0)
		return true;
	if (text.at[0] != '.' || text.len < 2 || text.len > 1 + MAX_DIGITS ||
		text.at[text.len - 1] == '0')
		return false;
	*digits = (unsigned)text.len - 1;
	v = get_digits(text.at + 1, *digits);
	*us = v * unit_us(*digits);
	return v != UINT32_MAX;
}

/* GeneralizedTime of P-18, years 1970..9999, no leap second: none is ever issued. */
static bool parse_time(struct bytes text, uint64_t *time_us, unsigned *digits)
{
	struct date date;
	struct date real;
	uint32_t hour, minute, second, in_day;
	uint32_t days;
	uint64_t fraction;

	if (text.len < WHOLE_SECONDS + 1 || text.len > TSP_TIME_TEXT ||
		text.at[text.len - 1] != 'Z')
		return false;
	date.year = get_digits(text.at, 4);
	date.month = get_digits(text.at + 4, 2);
	date.day = get_digits(text.at + 6, 2);
	hour = get_digits(text.at + 8, 2);
	minute = get_digits(text.at + 10, 2);
	second = get_digits(text.at + 12, 2);
	text = (struct bytes){ text.at + WHOLE_SECONDS, text.len - WHOLE_SECONDS - 1 };
	if (date.year < 1970 || date.year > 9999 || date.month < 1 || date.month > 12 ||
		date.day < 1 || date.day > 31 || hour > 23 || minute > 59 || second > 59 ||
		!parse_fraction(text, &fraction, digits))
		return false;
	days = days_of(date);
	real = date_of(days); /* 31 April would come back as 1 May */
	if (real.day != date.day)
		return false;
	in_day = hour * 3600 + minute * 60 + second;
	*time_us = ((uint64_t)days * SECONDS_A_DAY + in_day) * second_us + fraction;
	return true;
}

/* P-17: not zero, and its INTEGER, sign octet included, within 160 bits. */
static bool serial_fits(struct bytes magnitude)
{
	while (magnitude.len > 0 && magnitude.at[0] == 0) {
		magnitude.at++;
		magnitude.len--;
	}
	return magnitude.len > 0 &&
	       magnitude.len + (magnitude.at[0] >= 0x80 ? 1U : 0U) <= MAX_SERIAL;
}

/* What the encoder could only turn into something that is no TSTInfo. */
static bool can_encode(const struct tsp_tstinfo *info)
{
	return info->policy.len > 0 && info->imprint.len > 0 &&
	       info->imprint.len == tsp_digest_len(info->digest) && serial_fits(info->serial) &&
	       info->time_us < end_of_9999_us && info->digits <= MAX_DIGITS &&
	       info->time_us % unit_us(info->digits) == 0 &&
	       info->tsa_name.len <= TSP_MAX_TSA_NAME && info->accuracy.millis <= MAX_THOUSANDTH &&
	       info->accuracy.micros <= MAX_THOUSANDTH;
}

static struct bytes qualified(void)
{
	return (struct bytes){ qualified_extensions, sizeof(qualified_extensions) };
}

static void put_tsa(struct der_out *d, struct bytes name)
{
	if (name.len > 0)
		der_put(d, TSA_TAG, name);
}

/* A part that is zero is left out; so is the whole when nothing is claimed (P-19). */
static void put_accuracy(struct der_out *d, struct tsp_accuracy accuracy)
{
	size_t mark = der_out_mark(d);

	if (accuracy.micros != 0)
		der_put_u64(d, MICROS_TAG, accuracy.micros);
	if (accuracy.millis != 0)
		der_put_u64(d, MILLIS_TAG, accuracy.millis);
	if (accuracy.seconds != 0)
		der_put_u64(d, DER_INTEGER, accuracy.seconds);
	if (der_out_mark(d) != mark)
		der_put_header(d, DER_SEQUENCE, mark);
}

static void put_time(struct der_out *d, uint64_t time_us)
{
	char text[TSP_TIME_TEXT];
	size_t len = tsp_time_text(time_us, text);

	der_put(d, DER_GENERALIZED_TIME, (struct bytes){ (const uint8_t *)text, len });
}

/* P-16: the same value as in the request, parameters included. */
static void put_imprint(struct der_out *d, const struct tsp_tstinfo *info)
{
	size_t imprint = der_out_mark(d);
	size_t algorithm;

	der_put(d, DER_OCTET_STRING, info->imprint);
	algorithm = der_out_mark(d);
	if (info->null_params)
		der_put_null(d);
	der_put_oid(d, tsp_digest_oid(info->digest));
	der_put_header(d, DER_SEQUENCE, algorithm);
	der_put_header(d, DER_SEQUENCE, imprint);
}

struct bytes tsp_tstinfo_encode(const struct tsp_tstinfo *info, uint8_t *buf, size_t cap)
{
	struct der_out d = der_out_on(buf, cap);
	size_t mark = der_out_mark(&d);

	if (!can_encode(info))
		return (struct bytes){ 0 };
	if (info->qualified)
		der_put_raw(&d, qualified());
	put_tsa(&d, info->tsa_name);
	if (info->nonce.len > 0)
		der_put(&d, DER_INTEGER, info->nonce);
	put_accuracy(&d, info->accuracy);
	put_time(&d, info->time_us);
	der_put_unsigned(&d, DER_INTEGER, info->serial);
	put_imprint(&d, info);
	der_put_oid(&d, info->policy);
	der_put_u64(&d, DER_INTEGER, VERSION_1);
	der_put_header(&d, DER_SEQUENCE, mark);
	return der_out_view(&d);
}

static bool take_imprint(struct der *fields, struct tsp_tstinfo *info)
{
	struct der imprint = der_enter(fields, DER_SEQUENCE);
	struct der algorithm = der_enter(&imprint, DER_SEQUENCE);

	info->digest = tsp_digest_by_oid(der_take_oid(&algorithm));
	info->null_params = der_next_is(&algorithm, DER_NULL);
	if (info->null_params && der_take(&algorithm, DER_NULL).len != 0)
		return false;
	info->imprint = der_take(&imprint, DER_OCTET_STRING);
	return der_finished(&algorithm) && der_finished(&imprint) &&
	       info->digest != TSP_DIGEST_NONE && info->imprint.len == tsp_digest_len(info->digest);
}

/* The positive content octets of ours: not zero, not negative, at most 160 bits (P-17). */
static bool take_serial(struct der *fields, struct tsp_tstinfo *info)
{
	struct bytes serial = der_take_integer(fields);

	info->serial = serial;
	return serial.len > 0 && serial.len <= MAX_SERIAL && serial.at[0] < 0x80 &&
	       !(serial.len == 1 && serial.at[0] == 0);
}

/* One part of accuracy: absent, or from 1 to max. */
static uint32_t take_part(struct der *d, uint8_t tag, uint64_t max)
{
	uint64_t v;

	if (!der_next_is(d, tag))
		return 0;
	v = der_take_u64(d, tag);
	if (v < 1 || v > max) {
		d->failed = true;
		return 0;
	}
	return (uint32_t)v;
}

static bool take_accuracy(struct der *fields, struct tsp_tstinfo *info)
{
	struct der d;
	bool empty;

	if (!der_next_is(fields, DER_SEQUENCE))
		return true;
	d = der_enter(fields, DER_SEQUENCE);
	empty = d.rest.len == 0;
	info->accuracy.seconds = take_part(&d, DER_INTEGER, UINT32_MAX);
	info->accuracy.millis = (uint16_t)take_part(&d, MILLIS_TAG, MAX_THOUSANDTH);
	info->accuracy.micros = (uint16_t)take_part(&d, MICROS_TAG, MAX_THOUSANDTH);
	return !empty && der_finished(&d);
}

static bool take_nonce(struct der *fields, struct tsp_tstinfo *info)
{
	if (!der_next_is(fields, DER_INTEGER))
		return true;
	info->nonce = der_take_integer(fields);
	return info->nonce.len > 0 && info->nonce.len <= TSP_MAX_NONCE;
}

/* tsa [0] GeneralName: a CHOICE, so the tag is explicit and holds one element with its own. */
static bool take_tsa(struct der *fields, struct tsp_tstinfo *info)
{
	struct der d;
	uint8_t tag;

	if (!der_next_is(fields, TSA_TAG))
		return true;
	d = der_enter(fields, TSA_TAG);
	info->tsa_name = d.rest;
	(void)der_take_any(&d, &tag);
	return der_finished(&d) && (tag & 0xc0) == DER_CONTEXT &&
	       info->tsa_name.len <= TSP_MAX_TSA_NAME;
}

/* The one extension that the encoder writes; it is the last field. */
static bool take_extensions(struct der *fields, struct tsp_tstinfo *info)
{
	if (fields->rest.len == 0)
		return true;
	info->qualified = bytes_equal(fields->rest, qualified());
	(void)der_take(fields, EXTENSIONS_TAG);
	return info->qualified;
}

bool tsp_tstinfo_decode(struct bytes der, struct tsp_tstinfo *info)
{
	struct der d = { .rest = der };
	struct der fields = der_enter(&d, DER_SEQUENCE);

	*info = (struct tsp_tstinfo){ 0 };
	if (!der_finished(&d) || der_take_u64(&fields, DER_INTEGER) != VERSION_1)
		return false;
	info->policy = der_take_oid(&fields);
	if (info->policy.len > TSP_MAX_OID || !take_imprint(&fields, info) ||
		!take_serial(&fields, info))
		return false;
	if (!parse_time(der_take(&fields, DER_GENERALIZED_TIME), &info->time_us, &info->digits))
		return false;
	return take_accuracy(&fields, info) && take_nonce(&fields, info) &&
	       take_tsa(&fields, info) && take_extensions(&fields, info) && der_finished(&fields);
}
