/*
 * tsa-key: the keys of TSUs in PKCS#11 tokens.  PINs come from files only: arguments and
 * environment can be read by others (R26).
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "key.h"

struct command {
	const char *name;
	key_command *run;
};

static const struct command commands[] = {
	{ "init", key_init },
	{ "generate", key_generate },
	{ "public", key_public },
};

static const char help[] =
	"usage: tsa-key init     --module LIBRARY --label LABEL --so-pin-file FILE --pin-file FILE\n"
	"       tsa-key generate --module LIBRARY --key URI --pin-file FILE --type TYPE\n"
	"                        [--public-key FILE]\n"
	"       tsa-key public   --module LIBRARY --key URI --pin-file FILE [--public-key FILE]\n"
	"       tsa-key --help | --version\n"
	"\n"
	"  init      initialise a new token in a free slot; refuses a label that is taken\n"
	"  generate  make a key pair in a token; refuses a label that is taken\n"
	"  public    write the public key of a key in a token, as PEM\n"
	"\n"
	"  --module LIBRARY     PKCS#11 library, an absolute path\n"
	"  --label LABEL        of the new token\n"
	"  --key URI            RFC 7512: pkcs11:token=LABEL;object=LABEL\n"
	"  --pin-file FILE      holds the user PIN; mode 0400 or 0600\n"
	"  --so-pin-file FILE   holds the security officer's PIN; mode 0400 or 0600\n"
	"  --type TYPE          rsa3072, rsa4096, p256 or p384\n"
	"  --public-key FILE    where the public key goes (public: else to standard output)\n"
	"\n"
	"Exit status: 0 done, 1 refused or no such key, 3 could not run.\n";

static enum key_status run(int argc, char **argv, struct err *err)
{
	struct key_options options;

	if (argc < 2) {
		err_set(err, "a command is required, see --help");
		return KEY_CANNOT_RUN;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		if (key_options_read(argc - 1, argv + 1, &options, err) != KEY_DONE)
			return KEY_CANNOT_RUN;
		return commands[i].run(&options, err);
	}
	err_set(err, "%s: is no command, see --help", argv[1]);
	return KEY_CANNOT_RUN;
}

static bool asks_for(int argc, char **argv, const char *option)
{
	return argc == 2 && strcmp(argv[1], option) == 0;
}

int main(int argc, char **argv)
{
	enum key_status status = KEY_DONE;
	struct err err = { 0 };

	if (asks_for(argc, argv, "--help"))
		(void)fputs(help, stdout);
	else if (asks_for(argc, argv, "--version"))
		(void)puts("tsa-key " TSA_VERSION);
	else
		status = run(argc, argv, &err);
	if (status != KEY_DONE)
		(void)fprintf(stderr, "tsa-key: %s\n", err.text);
	if (fflush(stdout) != 0 && status == KEY_DONE)
		status = KEY_CANNOT_RUN;
	/* Modules crash in their exit handlers, which would change the status. */
	_exit((int)status);
}
