/* Values of the configuration, one function a kind.  Pure: no file, no clock. */
#include "tsa/authority/config_part.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "tsa/tsp/der.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Decimal digits alone, at most 10 of them, without leading zeros; -1 for anything else. */
static int64_t decimal(const char *at, size_t len)
{
	int64_t v = 0;

	if (len == 0 || len > 10 || (len > 1 && at[0] == '0'))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(at[i]))
			return -1;
		v = 10 * v + (at[i] - '0');
	}
	return v;
}

bool config_value_integer(
	const char *value, uint32_t min, uint32_t max, uint32_t *out, struct err *err)
{
	int64_t v = decimal(value, strlen(value));

	if (v < min || v > max)
		return err_set(err, "is a number from %u to %u: found \"%.40s\"", min, max, value);
	*out = (uint32_t)v;
	return true;
}

/* One element from at to end, into items. */
static bool add_item(struct config_items *items, const char *at, const char *end, struct err *err)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	while (at < end && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (at == end)
		return err_set(err, "list: an element is empty");
	if (items->count == CONFIG_MAX_ITEMS)
		return err_set(err, "list: more than %d elements", CONFIG_MAX_ITEMS);
	if ((size_t)(end - at) >= MSG_MAX_PATH)
		return err_set(err, "list: an element is longer than %d bytes", MSG_MAX_PATH - 1);
	(void)snprintf(items->at[items->count], MSG_MAX_PATH, "%.*s", (int)(end - at), at);
	for (size_t i = 0; i < items->count; i++)
		if (strcmp(items->at[i], items->at[items->count]) == 0)
			return err_set(err, "list: \"%.100s\" is there twice", items->at[i]);
	items->count++;
	return true;
}

bool config_value_list(const char *value, struct config_items *items, struct err *err)
{
	const char *comma;

	items->count = 0;
	while ((comma = strchr(value, ',')) != NULL) {
		if (!add_item(items, value, comma, err))
			return false;
		value = comma + 1;
	}
	return add_item(items, value, value + strlen(value), err);
}

/* All of pattern's 0 stand for a digit, its other characters for themselves. */
static bool looks_like(const char *value, const char *pattern)
{
	if (strlen(value) != strlen(pattern))
		return false;
	for (; *pattern != '\0'; pattern++, value++)
		if (*pattern == '0' ? !is_digit(*value) : *value != *pattern)
			return false;
	return true;
}

/* Digits that are known to be there. */
static int number_at(const char *at, int len)
{
	int v = 0;

	for (int i = 0; i < len; i++)
		v = 10 * v + (at[i] - '0');
	return v;
}

bool config_value_time(const char *value, int64_t *out, struct err *err)
{
	if (looks_like(value, "0000-00-00T00:00:00Z")) {
		struct tm tm = {
			.tm_year = number_at(value, 4) - 1900,
			.tm_mon = number_at(value + 5, 2) - 1,
			.tm_mday = number_at(value + 8, 2),
			.tm_hour = number_at(value + 11, 2),
			.tm_min = number_at(value + 14, 2),
			.tm_sec = number_at(value + 17, 2),
		};
		time_t t = timegm(&tm);
		char again[32];

		/* timegm makes 2 March of 30 February: what does not come back is no date. */
		if (t >= 0 && strftime(again, sizeof(again), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0 &&
			strcmp(again, value) == 0) {
			*out = t;
			return true;
		}
	}
	return err_set(
		err, "is a time in UTC such as 2026-12-01T00:00:00Z: found \"%.40s\"", value);
}

bool config_value_listener(const char *value, struct err *err)
{
	const char *colon = strrchr(value, ':');
	size_t host_len = colon == NULL ? 0 : (size_t)(colon - value);
	bool is_v6 = host_len > 2 && value[0] == '[' && value[host_len - 1] == ']';
	uint8_t address[sizeof(struct in6_addr)];
	char host[INET6_ADDRSTRLEN];
	int64_t port = colon == NULL ? -1 : decimal(colon + 1, strlen(colon + 1));

	if (is_v6) {
		value++;
		host_len -= 2;
	}
	if (port < 0 || port > UINT16_MAX || host_len == 0 || host_len >= sizeof(host))
		return err_set(err,
			"is an address and a port, 127.0.0.1:3161 or [::1]:3161: found \"%.100s\"",
			value);
	memcpy(host, value, host_len);
	host[host_len] = '\0';
	if (inet_pton(is_v6 ? AF_INET6 : AF_INET, host, address) != 1)
		return err_set(
			err, "\"%s\" is no numeric %s address", host, is_v6 ? "IPv6" : "IPv4");
	return true;
}

bool config_value_unix(const char *value, struct err *err)
{
	const char *path = value + sizeof(CONFIG_UNIX) - 1;
	struct sockaddr_un address;

	if (path[0] != '/' || path[strlen(path) - 1] == '/')
		return err_set(
			err, "is unix: and the whole path of a socket: found \"%.100s\"", value);
	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(err, "a socket's path has at most %zu bytes: found %zu",
			sizeof(address.sun_path) - 1, strlen(path));
	return true;
}

bool config_value_oid(const char *value, struct msg_oid *oid, struct err *err)
{
	size_t len = der_oid_from_text(value, oid->at, sizeof(oid->at));

	if (len == 0)
		return err_set(err, "\"%.100s\" is no OBJECT IDENTIFIER of at most %d octets",
			value, MSG_MAX_OID);
	oid->len = (uint8_t)len;
	return true;
}

bool config_value_url_path(const char *value, struct err *err)
{
	/* RFC 3986 3.3, without what needs %-encoding. */
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
	/* What the front answers itself. */
	static const char *const taken[] = { "/tsu", "/tsu.pem" };

	if (value[0] != '/')
		return err_set(err, "path: starts with /: found \"%.100s\"", value);
	if (strlen(value) >= MSG_MAX_PATH || value[strspn(value, allowed)] != '\0' ||
		strstr(value, "//") != NULL || strstr(value, "/.") != NULL)
		return err_set(err, "path: letters, digits and -._~ between single /, no segment "
				    "that starts with a dot");
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (strcmp(value, taken[i]) == 0)
			return err_set(err, "path: %s is answered by the service itself", value);
	if (strncmp(value, "/api/", 5) == 0)
		return err_set(err, "path: /api/ is kept for the service itself");
	return true;
}

bool config_value_pkcs11(const char *value, struct err *err)
{
	static const char *const refused[] = { "pin-", "pinfile=", "module-" };

	for (const char *at = strpbrk(value, ":;?&"); at != NULL; at = strpbrk(at, ";?&")) {
		at++;
		for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
			if (strncmp(at, refused[i], strlen(refused[i])) == 0)
				return err_set(err,
					"D6: %.*s: the PIN and the module have settings of their own, "
					"pin_file and module",
					(int)strcspn(at, "="), at);
	}
	return true;
}

bool config_value_name(const char *value, struct err *err)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	if (strlen(value) >= MSG_MAX_NAME || value[strspn(value, allowed)] != '\0')
		return err_set(err,
			"\"%.100s\" is no section's name: at most %d letters, digits, _ and -",
			value, MSG_MAX_NAME - 1);
	if (strcmp(value, "tsad") == 0 || strcmp(value, "default") == 0)
		return err_set(err, "[%s] has a meaning of its own", value);
	return true;
}

bool config_value_path(
	const char *folder, const char *value, char *out, size_t cap, struct err *err)
{
	int len = value[0] == '/' ? snprintf(out, cap, "%s", value)
				  : snprintf(out, cap, "%s/%s", folder, value);

	if (len < 0 || (size_t)len >= cap)
		return err_set(err, "path: more than %zu bytes", cap - 1);
	return true;
}
