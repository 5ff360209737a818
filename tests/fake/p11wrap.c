/*
 * A PKCS#11 module around another: forwards everything to the library that P11WRAP_MODULE names,
 * and appends one line for each C_Login, with its user type and return value, to the file that
 * P11WRAP_LOG names:
 *   C_Login user=1 rv=0x000000a0
 * SoftHSM never locks, so tests count attempts here (R20).  From the n-th C_Sign on, with n in
 * P11WRAP_SIGN_FROM (counting from 1), P11WRAP_SIGN says what goes wrong: "corrupt" flips a bit of
 * the signature, a number is returned instead of signing.
 *
 * The function list is the module's own with single entries replaced: what a later test wants to
 * see or to break gets one more entry.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

/* Mutable, as PKCS#11 has no handle that could carry them. */
static CK_FUNCTION_LIST real;
static CK_FUNCTION_LIST wrapped;
static unsigned long sign_calls;

static void log_login(CK_USER_TYPE user, CK_RV rv)
{
	const char *path = getenv("P11WRAP_LOG");
	char line[80];
	int n;
	int fd;

	if (path == NULL)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		abort();
	n = snprintf(line, sizeof(line), "C_Login user=%lu rv=0x%08lx\n", user, rv);
	if (write(fd, line, (size_t)n) != n)
		abort();
	(void)close(fd);
}

static CK_RV wrapped_login(
	CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG pin_len)
{
	CK_RV rv = real.C_Login(session, user, pin, pin_len);

	log_login(user, rv);
	return rv;
}

static CK_RV wrapped_sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len,
	CK_BYTE *signature, CK_ULONG *signature_len)
{
	const char *from = getenv("P11WRAP_SIGN_FROM");
	const char *what = getenv("P11WRAP_SIGN");
	CK_RV rv;

	sign_calls++;
	if (from == NULL || what == NULL || sign_calls < strtoul(from, NULL, 10))
		return real.C_Sign(session, data, data_len, signature, signature_len);
	if (strcmp(what, "corrupt") != 0)
		return strtoul(what, NULL, 0);
	rv = real.C_Sign(session, data, data_len, signature, signature_len);
	if (rv == CKR_OK)
		signature[*signature_len / 2] ^= 1;
	return rv;
}

/* The whole of PKCS#11 v2.40 is behind this one symbol. */
CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	const char *path = getenv("P11WRAP_MODULE");
	CK_C_GetFunctionList entry = NULL;
	CK_FUNCTION_LIST *inner = NULL;
	void *library;
	void *symbol;
	CK_RV rv;

	if (path == NULL)
		return CKR_GENERAL_ERROR;
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		return CKR_GENERAL_ERROR;
	symbol = dlsym(library, "C_GetFunctionList");
	memcpy(&entry, &symbol, sizeof(entry));
	if (entry == NULL)
		return CKR_GENERAL_ERROR;
	rv = entry(&inner);
	if (rv != CKR_OK)
		return rv;
	real = *inner;
	wrapped = *inner;
	wrapped.C_Login = wrapped_login;
	wrapped.C_Sign = wrapped_sign;
	*list = &wrapped;
	return CKR_OK;
}
