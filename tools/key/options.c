/* Owns nothing; which options each subcommand takes. */
#include "key.h"

#include <stddef.h>
#include <string.h>

enum { MAX_OPTIONS = 6 };

struct option_name {
	const char *name;
	size_t offset; /* in struct key_options */
};

static const struct option_name names[] = {
	{ "module", offsetof(struct key_options, module) },
	{ "label", offsetof(struct key_options, label) },
	{ "so-pin-file", offsetof(struct key_options, so_pin_file) },
	{ "pin-file", offsetof(struct key_options, pin_file) },
	{ "key", offsetof(struct key_options, key) },
	{ "type", offsetof(struct key_options, type) },
	{ "public-key", offsetof(struct key_options, public_key) },
};

enum { NAMES = sizeof(names) / sizeof(names[0]) };

/* NULL ends a list. */
static const struct {
	const char *command;
	const char *required[MAX_OPTIONS];
	const char *optional[MAX_OPTIONS];
} commands[] = {
	{ "init", { "module", "label", "so-pin-file", "pin-file" }, { NULL } },
	{ "generate", { "module", "key", "pin-file", "type" }, { "public-key" } },
	{ "public", { "module", "key", "pin-file" }, { "public-key" } },
};

static const char **value_of(struct key_options *options, size_t i)
{
	return (const char **)((char *)options + names[i].offset);
}

static bool in_list(const char *const list[MAX_OPTIONS], const char *name)
{
	for (size_t i = 0; i < MAX_OPTIONS && list[i] != NULL; i++) {
		if (strcmp(list[i], name) == 0)
			return true;
	}
	return false;
}

static enum key_status check(size_t command, struct key_options *options, struct err *err)
{
	for (size_t i = 0; i < NAMES; i++) {
		bool given = *value_of(options, i) != NULL;
		bool required = in_list(commands[command].required, names[i].name);

		if (given && !required && !in_list(commands[command].optional, names[i].name)) {
			err_set(err, "%s: does not take --%s", commands[command].command,
				names[i].name);
			return KEY_CANNOT_RUN;
		}
		if (!given && required) {
			err_set(err, "%s: --%s is required: is not given",
				commands[command].command, names[i].name);
			return KEY_CANNOT_RUN;
		}
	}
	return KEY_DONE;
}

/* Index of the option that word is: "--key" or "--key=..."; NAMES if it is none. */
static size_t option_of(const char *word)
{
	size_t len;

	if (strncmp(word, "--", 2) != 0)
		return NAMES;
	len = strcspn(word + 2, "=");
	for (size_t i = 0; i < NAMES; i++) {
		if (strlen(names[i].name) == len && strncmp(word + 2, names[i].name, len) == 0)
			return i;
	}
	return NAMES;
}

/*
 * Not getopt_long(), which takes --pin for --pin-file: then a PIN would stand in an argument, and
 * in the message that says that there is no such file.
 */
static enum key_status parse(int argc, char **argv, struct key_options *options, struct err *err)
{
	for (int i = 1; i < argc; i++) {
		size_t option = option_of(argv[i]);
		const char *value = strchr(argv[i], '=');

		if (option == NAMES) {
			err_set(err, "%s: %.*s: is no option, see --help", argv[0],
				(int)strcspn(argv[i], "="), argv[i]);
			return KEY_CANNOT_RUN;
		}
		value = value != NULL ? value + 1 : argv[++i];
		if (value == NULL) {
			err_set(err, "%s: --%s: needs a value", argv[0], names[option].name);
			return KEY_CANNOT_RUN;
		}
		if (*value_of(options, option) != NULL) {
			err_set(err, "%s: --%s: is given twice", argv[0], names[option].name);
			return KEY_CANNOT_RUN;
		}
		*value_of(options, option) = value;
	}
	return KEY_DONE;
}

enum key_status key_options_read(
	int argc, char **argv, struct key_options *options, struct err *err)
{
	*options = (struct key_options){ 0 };
	if (parse(argc, argv, options, err) != KEY_DONE)
		return KEY_CANNOT_RUN;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].command, argv[0]) == 0)
			return check(i, options, err);
	}
	err_set(err, "%s: is no command, see --help", argv[0]);
	return KEY_CANNOT_RUN;
}
