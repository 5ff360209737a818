/* tsa-key init: a new token in a free slot. */
#include "key.h"

#include <stdio.h>

#include "tsa/hsm/init.h"

enum key_status key_init(const struct key_options *options, struct err *err)
{
	enum msg_failure failure = MSG_FAILURE_SETTING;
	struct hsm hsm = { 0 };
	struct hsm_pin officer = { 0 };
	struct hsm_pin user = { 0 };
	char about[MSG_MAX_TEXT];
	bool ok;

	ok = hsm_pin_read(options->so_pin_file, &officer, err) &&
	     hsm_pin_read(options->pin_file, &user, err) &&
	     hsm_open(&hsm, options->module, &failure, err) &&
	     hsm_init_token(&hsm, options->label, &officer, &user, &failure, err);
	hsm_pin_wipe(&officer);
	hsm_pin_wipe(&user);
	if (ok) {
		hsm_describe_token(&hsm, about, sizeof(about));
		(void)printf("token '%s': initialised: %s\n", options->label, about);
	} else {
		err_while(err, "token '%s'", options->label);
	}
	hsm_close(&hsm);
	return ok ? KEY_DONE : key_status_of(failure);
}
