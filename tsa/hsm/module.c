/* Owns the loaded module and the session in it. */
#include "tsa/hsm/module.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "tsa/hsm/rv.h"

/* The cast that POSIX blesses for dlsym and ISO C does not know. */
static CK_C_GetFunctionList entry_of(void *library)
{
	CK_C_GetFunctionList entry = NULL;
	void *symbol = dlsym(library, "C_GetFunctionList");

	memcpy(&entry, &symbol, sizeof(entry));
	return entry;
}

static bool load(struct hsm *hsm, const char *module, struct err *err)
{
	CK_C_GetFunctionList entry;
	CK_RV rv;

	if (module[0] != '/')
		return err_set(err, "module '%s': must be an absolute path", module);
	if (strlen(module) >= sizeof(hsm->module))
		return err_set(err, "module: path must be shorter than %zu bytes: has %zu",
			sizeof(hsm->module), strlen(module));
	(void)snprintf(hsm->module, sizeof(hsm->module), "%s", module);
	hsm->_library = dlopen(module, RTLD_NOW | RTLD_LOCAL);
	if (hsm->_library == NULL)
		return err_set(err, "module %s: cannot be loaded: %s", module, dlerror());
	entry = entry_of(hsm->_library);
	if (entry == NULL)
		return err_set(
			err, "module %s: is no PKCS#11 library: has no C_GetFunctionList", module);
	rv = entry(&hsm->call);
	if (rv != CKR_OK)
		return hsm_err_rv(err, rv, "module %s: C_GetFunctionList", module);
	return true;
}

bool hsm_open(struct hsm *hsm, const char *module, enum msg_failure *failure, struct err *err)
{
	/* What libp11 passes too: the module may start threads of its own. */
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
	CK_RV rv;

	*hsm = (struct hsm){ 0 };
	*failure = MSG_FAILURE_SETTING;
	if (!load(hsm, module, err))
		return false;
	rv = hsm->call->C_Initialize(&args);
	if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
		*failure = hsm_rv_failure(rv);
		return hsm_err_rv(err, rv, "module %s: C_Initialize", module);
	}
	hsm->_initialized = true;
	return true;
}

void hsm_close(struct hsm *hsm)
{
	if (hsm->has_session)
		(void)hsm->call->C_CloseSession(hsm->session);
	if (hsm->_initialized)
		(void)hsm->call->C_Finalize(NULL);
	*hsm = (struct hsm){ 0 };
}
