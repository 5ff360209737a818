/* Owns nothing; the table of return codes. */
#include "tsa/hsm/rv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

struct code {
	CK_RV rv;
	const char *name;
	enum msg_failure failure;
};

/* PKCS#11 v2.40 5.1; only codes that an operation of ours may meet. */
static const struct code codes[] = {
	{ CKR_SLOT_ID_INVALID, "CKR_SLOT_ID_INVALID", MSG_FAILURE_DEVICE },
	{ CKR_GENERAL_ERROR, "CKR_GENERAL_ERROR", MSG_FAILURE_DEVICE },
	{ CKR_FUNCTION_FAILED, "CKR_FUNCTION_FAILED", MSG_FAILURE_DEVICE },
	{ CKR_HOST_MEMORY, "CKR_HOST_MEMORY", MSG_FAILURE_DEVICE },
	{ CKR_CANT_LOCK, "CKR_CANT_LOCK", MSG_FAILURE_SETTING },
	{ CKR_ARGUMENTS_BAD, "CKR_ARGUMENTS_BAD", MSG_FAILURE_OTHER },
	{ CKR_ATTRIBUTE_SENSITIVE, "CKR_ATTRIBUTE_SENSITIVE", MSG_FAILURE_KEY },
	{ CKR_ATTRIBUTE_TYPE_INVALID, "CKR_ATTRIBUTE_TYPE_INVALID", MSG_FAILURE_KEY },
	{ CKR_ATTRIBUTE_VALUE_INVALID, "CKR_ATTRIBUTE_VALUE_INVALID", MSG_FAILURE_KEY },
	{ CKR_ATTRIBUTE_READ_ONLY, "CKR_ATTRIBUTE_READ_ONLY", MSG_FAILURE_KEY },
	{ CKR_BUFFER_TOO_SMALL, "CKR_BUFFER_TOO_SMALL", MSG_FAILURE_OTHER },
	{ CKR_CRYPTOKI_NOT_INITIALIZED, "CKR_CRYPTOKI_NOT_INITIALIZED", MSG_FAILURE_DEVICE },
	{ CKR_DATA_LEN_RANGE, "CKR_DATA_LEN_RANGE", MSG_FAILURE_KEY },
	{ CKR_DEVICE_ERROR, "CKR_DEVICE_ERROR", MSG_FAILURE_DEVICE },
	{ CKR_DEVICE_MEMORY, "CKR_DEVICE_MEMORY", MSG_FAILURE_DEVICE },
	{ CKR_DEVICE_REMOVED, "CKR_DEVICE_REMOVED", MSG_FAILURE_DEVICE },
	{ CKR_FUNCTION_CANCELED, "CKR_FUNCTION_CANCELED", MSG_FAILURE_DEVICE },
	{ CKR_FUNCTION_NOT_SUPPORTED, "CKR_FUNCTION_NOT_SUPPORTED", MSG_FAILURE_SETTING },
	{ CKR_KEY_FUNCTION_NOT_PERMITTED, "CKR_KEY_FUNCTION_NOT_PERMITTED", MSG_FAILURE_KEY },
	{ CKR_KEY_HANDLE_INVALID, "CKR_KEY_HANDLE_INVALID", MSG_FAILURE_DEVICE },
	{ CKR_KEY_SIZE_RANGE, "CKR_KEY_SIZE_RANGE", MSG_FAILURE_KEY },
	{ CKR_KEY_TYPE_INCONSISTENT, "CKR_KEY_TYPE_INCONSISTENT", MSG_FAILURE_KEY },
	{ CKR_MECHANISM_INVALID, "CKR_MECHANISM_INVALID", MSG_FAILURE_KEY },
	{ CKR_MECHANISM_PARAM_INVALID, "CKR_MECHANISM_PARAM_INVALID", MSG_FAILURE_KEY },
	{ CKR_OBJECT_HANDLE_INVALID, "CKR_OBJECT_HANDLE_INVALID", MSG_FAILURE_DEVICE },
	{ CKR_OPERATION_ACTIVE, "CKR_OPERATION_ACTIVE", MSG_FAILURE_DEVICE },
	{ CKR_OPERATION_NOT_INITIALIZED, "CKR_OPERATION_NOT_INITIALIZED", MSG_FAILURE_DEVICE },
	{ CKR_PIN_INCORRECT, "CKR_PIN_INCORRECT", MSG_FAILURE_PIN },
	{ CKR_PIN_INVALID, "CKR_PIN_INVALID", MSG_FAILURE_PIN },
	{ CKR_PIN_LEN_RANGE, "CKR_PIN_LEN_RANGE", MSG_FAILURE_PIN },
	{ CKR_PIN_EXPIRED, "CKR_PIN_EXPIRED", MSG_FAILURE_PIN },
	{ CKR_PIN_LOCKED, "CKR_PIN_LOCKED", MSG_FAILURE_PIN },
	{ CKR_PIN_TOO_WEAK, "CKR_PIN_TOO_WEAK", MSG_FAILURE_PIN },
	{ CKR_SESSION_CLOSED, "CKR_SESSION_CLOSED", MSG_FAILURE_DEVICE },
	{ CKR_SESSION_COUNT, "CKR_SESSION_COUNT", MSG_FAILURE_DEVICE },
	{ CKR_SESSION_EXISTS, "CKR_SESSION_EXISTS", MSG_FAILURE_OTHER },
	{ CKR_SESSION_HANDLE_INVALID, "CKR_SESSION_HANDLE_INVALID", MSG_FAILURE_DEVICE },
	{ CKR_SESSION_READ_ONLY, "CKR_SESSION_READ_ONLY", MSG_FAILURE_OTHER },
	{ CKR_TEMPLATE_INCOMPLETE, "CKR_TEMPLATE_INCOMPLETE", MSG_FAILURE_KEY },
	{ CKR_TEMPLATE_INCONSISTENT, "CKR_TEMPLATE_INCONSISTENT", MSG_FAILURE_KEY },
	{ CKR_TOKEN_NOT_PRESENT, "CKR_TOKEN_NOT_PRESENT", MSG_FAILURE_DEVICE },
	{ CKR_TOKEN_NOT_RECOGNIZED, "CKR_TOKEN_NOT_RECOGNIZED", MSG_FAILURE_DEVICE },
	{ CKR_TOKEN_WRITE_PROTECTED, "CKR_TOKEN_WRITE_PROTECTED", MSG_FAILURE_SETTING },
	{ CKR_USER_ALREADY_LOGGED_IN, "CKR_USER_ALREADY_LOGGED_IN", MSG_FAILURE_OTHER },
	{ CKR_USER_NOT_LOGGED_IN, "CKR_USER_NOT_LOGGED_IN", MSG_FAILURE_DEVICE },
	{ CKR_USER_PIN_NOT_INITIALIZED, "CKR_USER_PIN_NOT_INITIALIZED", MSG_FAILURE_SETTING },
};

static const struct code *code_of(CK_RV rv)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i].rv == rv)
			return &codes[i];
	}
	return NULL;
}

enum msg_failure hsm_rv_failure(CK_RV rv)
{
	const struct code *code = code_of(rv);

	return code == NULL ? MSG_FAILURE_OTHER : code->failure;
}

bool hsm_err_append(struct err *err, const char *fmt, ...)
{
	size_t used = strlen(err->text);
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(err->text + used, sizeof(err->text) - used, fmt, args);
	va_end(args);
	return false;
}

bool hsm_err_rv(struct err *err, CK_RV rv, const char *fmt, ...)
{
	const struct code *code = code_of(rv);
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	return hsm_err_append(err, ": %s (0x%lx)", code == NULL ? "unknown CKR" : code->name, rv);
}

bool hsm_err_openssl(struct err *err, const char *fmt, ...)
{
	unsigned long last = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(last);
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	ERR_clear_error();
	return hsm_err_append(err, ": %s (%lx)", reason == NULL ? "no reason given" : reason, last);
}
