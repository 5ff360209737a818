/* Owns nothing. */
#include "moment.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ber.h"
#include "tsa/tsp/der.h"

enum { DIGITS_OF_MICROS = 6, EPOCH_YEAR = 1900, PIVOT = 50 /* RFC 5280 4.1.2.5.1 */ };

/* Takes n decimal digits; -1 if they are not there. */
static int take_digits(struct bytes *rest, size_t n)
{
	int value = 0;

	if (rest->len < n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (rest->at[i] < '0' || rest->at[i] > '9')
			return -1;
		value = 10 * value + (rest->at[i] - '0');
	}
	rest->at += n;
	rest->len -= n;
	return value;
}

static bool next_is(const struct bytes *rest, const char *any_of)
{
	return rest->len > 0 && rest->at[0] != '\0' && strchr(any_of, rest->at[0]) != NULL;
}

static void skip(struct bytes *rest)
{
	rest->at++;
	rest->len--;
}

static void take_fraction(struct bytes *rest, struct moment *m)
{
	bool last_is_zero = true;

	if (rest->at[0] == ',')
		m->flaw = "the fraction follows a comma";
	skip(rest);
	for (uint32_t unit = 100000; next_is(rest, "0123456789"); unit /= 10, m->digits++) {
		m->micros += (uint32_t)(rest->at[0] - '0') * unit;
		last_is_zero = rest->at[0] == '0';
		skip(rest);
	}
	if (m->digits == 0)
		m->flaw = "there is a point without a fraction";
	else if (last_is_zero)
		m->flaw = "the fraction ends in a zero";
}

/* Z, +hhmm, -hhmm or nothing; the seconds to take away. -1 and a flaw if it is none. */
static bool take_zone(struct bytes *rest, struct moment *m, int *offset)
{
	int hours, minutes, sign;

	*offset = 0;
	if (rest->len == 1 && rest->at[0] == 'Z')
		return true;
	m->flaw = "it does not end in Z";
	if (rest->len == 0)
		return true;
	if (!next_is(rest, "+-"))
		return false;
	sign = rest->at[0] == '-' ? -1 : 1;
	skip(rest);
	hours = take_digits(rest, 2);
	minutes = rest->len == 0 ? 0 : take_digits(rest, 2);
	*offset = sign * (hours * 3600 + minutes * 60);
	return hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60 && rest->len == 0;
}

static struct moment unreadable(const char *flaw)
{
	return (struct moment){ .flaw = flaw };
}

/* timegm() takes any day and hour: what it changes was no date. */
static bool is_date(const struct tm *tm, int64_t *seconds)
{
	struct tm copy = *tm;

	*seconds = timegm(&copy);
	return copy.tm_mday == tm->tm_mday && copy.tm_mon == tm->tm_mon &&
	       copy.tm_hour == tm->tm_hour && copy.tm_min == tm->tm_min &&
	       copy.tm_sec == tm->tm_sec;
}

static struct moment read_after_year(struct bytes rest, int year)
{
	struct moment m = { .readable = true };
	struct tm tm = { .tm_year = year - EPOCH_YEAR };
	int offset;

	tm.tm_mon = take_digits(&rest, 2) - 1;
	tm.tm_mday = take_digits(&rest, 2);
	tm.tm_hour = take_digits(&rest, 2);
	if (year < 0 || tm.tm_mon < 0 || tm.tm_mday < 0 || tm.tm_hour < 0)
		return unreadable("it is not YYYYMMDDhhmmss[.s...]Z");
	if (next_is(&rest, "0123456789"))
		tm.tm_min = take_digits(&rest, 2);
	if (next_is(&rest, "0123456789"))
		tm.tm_sec = take_digits(&rest, 2);
	else
		m.flaw = "there are no seconds";
	if (tm.tm_min < 0 || tm.tm_sec < 0)
		return unreadable("it is not YYYYMMDDhhmmss[.s...]Z");
	if (next_is(&rest, ".,"))
		take_fraction(&rest, &m);
	if (!take_zone(&rest, &m, &offset))
		return unreadable("what follows the seconds is no fraction and no Z");
	if (!is_date(&tm, &m.seconds))
		return unreadable("there is no such date or time of day");
	m.seconds -= offset;
	return m;
}

struct moment moment_of(struct bytes content)
{
	int year = take_digits(&content, 4);

	return read_after_year(content, year);
}

struct moment moment_of_signing_time(uint8_t tag, struct bytes content)
{
	struct moment m;
	int year;

	if (tag == BER_UTC_TIME) {
		year = take_digits(&content, 2);
		m = read_after_year(content, year < 0 ? -1 : year + (year < PIVOT ? 2000 : 1900));
	} else if (tag == DER_GENERALIZED_TIME) {
		year = take_digits(&content, 4);
		m = read_after_year(content, year);
		if (m.flaw == NULL && year >= 1950 && year < 2050)
			m.flaw = "a year from 1950 to 2049 is GeneralizedTime";
	} else {
		return unreadable("it is neither UTCTime nor GeneralizedTime");
	}
	if (m.flaw == NULL && m.digits > 0)
		m.flaw = "it has a fraction";
	return m;
}

void moment_text(const struct moment *moment, char out[MOMENT_TEXT])
{
	time_t t = (time_t)moment->seconds;
	struct tm tm;
	size_t len = 0;
	int digits = moment->digits > DIGITS_OF_MICROS ? DIGITS_OF_MICROS : (int)moment->digits;

	if (moment->readable && gmtime_r(&t, &tm) != NULL)
		len = strftime(out, MOMENT_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	if (len == 0) {
		(void)snprintf(out, MOMENT_TEXT, "unreadable");
		return;
	}
	if (digits > 0) {
		(void)snprintf(out + len, MOMENT_TEXT - len, ".%06u", moment->micros);
		len += 1 + (size_t)digits;
	}
	(void)snprintf(out + len, MOMENT_TEXT - len, "Z");
}
