/*
 * Looks into a libpq connection string for a password: it belongs into a passfile, which only
 * tsa-ledger reads (R23).  tsad does not link libpq; what this reads otherwise than libpq does
 * would be refused by libpq.
 */
#include "tsa/authority/config_part.h"

#include <string.h>
#include <strings.h>

enum { MAX_KEYWORD = 64 };

static bool refuse_password(const char *keyword, struct err *err)
{
	if (strcasecmp(keyword, "password") != 0 && strcasecmp(keyword, "sslpassword") != 0)
		return true;
	return err_set(
		err, "holds %s: name a passfile instead, which only its user can read", keyword);
}

static int hex_value(char c)
{
	const char *digits = "0123456789abcdef0123456789ABCDEF";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)((at - digits) % 16);
}

/* A URI's keyword without its %-encoding; longer ones are cut, as no keyword is that long. */
static void decode_keyword(const char *at, size_t len, char out[MAX_KEYWORD])
{
	size_t used = 0;

	for (size_t i = 0; i < len && used + 1 < MAX_KEYWORD; i++) {
		char c = at[i];

		if (c == '%' && len - i > 2 && hex_value(at[i + 1]) >= 0 &&
			hex_value(at[i + 2]) >= 0) {
			c = (char)(hex_value(at[i + 1]) * 16 + hex_value(at[i + 2]));
			i += 2;
		}
		out[used++] = c;
	}
	out[used] = '\0';
}

/* postgresql://[user[:password]@][host][,...][/dbname][?keyword=value[&...]] */
static bool check_uri(const char *at, struct err *err)
{
	size_t authority_len = strcspn(at, "/?");
	const char *user_end = memchr(at, '@', authority_len);
	const char *query = strchr(at, '?');

	if (user_end != NULL && memchr(at, ':', (size_t)(user_end - at)) != NULL)
		return err_set(err, "holds a password: name a passfile instead");
	while (query != NULL) {
		char keyword[MAX_KEYWORD];

		query++;
		decode_keyword(query, strcspn(query, "=&"), keyword);
		if (!refuse_password(keyword, err))
			return false;
		query = strchr(query, '&');
	}
	return true;
}

/* The end of a value that starts at at: in single quotes or up to a blank. NULL if it has none. */
static const char *skip_value(const char *at)
{
	if (*at != '\'')
		return at + strcspn(at, " \t");
	at = strchr(at + 1, '\'');
	return at == NULL ? NULL : at + 1;
}

/* keyword = value ... */
static bool check_keywords(const char *at, struct err *err)
{
	for (at += strspn(at, " \t"); *at != '\0'; at += strspn(at, " \t")) {
		char keyword[MAX_KEYWORD] = "";
		size_t len = strcspn(at, "= \t");

		if (len == 0 || len >= sizeof(keyword))
			return err_set(err, "is no libpq connection string: keyword expected");
		memcpy(keyword, at, len);
		at += len;
		at += strspn(at, " \t");
		if (*at != '=')
			return err_set(
				err, "is no libpq connection string: no = after \"%s\"", keyword);
		at++;
		at = skip_value(at + strspn(at, " \t"));
		if (at == NULL)
			return err_set(err, "is no libpq connection string: a quote does not end");
		if (!refuse_password(keyword, err))
			return false;
	}
	return true;
}

bool config_value_database(const char *value, struct err *err)
{
	static const char *const schemes[] = { "postgresql://", "postgres://" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncmp(value, schemes[i], strlen(schemes[i])) == 0)
			return check_uri(value + strlen(schemes[i]), err);
	return check_keywords(value, err);
}
