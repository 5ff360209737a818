/* Owns the child and its channel. */
#include "tests/fake/signer_role.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/x509.h>

#include "tsa/tsp/tstinfo.h"

enum { ANSWER_MS = 30000 };

/* In the child: the channel at IPC_CHILD_FD, standard error in a file, argv[0] only. */
static _Noreturn void become_signer(const struct softhsm *softhsm, int channel)
{
	char *argv[] = { (char[]){ "tsa-signer" }, NULL };
	int log = open(softhsm_path(softhsm, "signer.log"), O_WRONLY | O_CREAT | O_APPEND, 0600);

	if (log < 0 || dup2(log, STDERR_FILENO) < 0 || dup2(channel, IPC_CHILD_FD) < 0 ||
		fcntl(IPC_CHILD_FD, F_SETFD, 0) != 0)
		_exit(99);
	(void)execv(TSA_TEST_SIGNER, argv);
	_exit(99);
}

struct role *role_start(const struct softhsm *softhsm)
{
	struct role *role = must_calloc(1, sizeof(*role));
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	role->pid = fork();
	assert_true(role->pid >= 0);
	if (role->pid == 0)
		become_signer(softhsm, pair[1]);
	assert_int_equal(close(pair[1]), 0);
	role->ipc = ipc_new(pair[0], 0);
	return role;
}

void role_send(struct role *role, const struct msg *m)
{
	assert_int_equal(ipc_send_wait(role->ipc, msg_encode(m, role->out)), IPC_OK);
}

enum ipc_result role_receive(struct role *role, struct msg *m)
{
	struct pollfd p = { .fd = ipc_fd(role->ipc), .events = POLLIN };
	struct bytes message;
	enum ipc_result result;

	if (poll(&p, 1, ANSWER_MS) != 1)
		fail_msg("tsa-signer says nothing");
	result = ipc_recv(role->ipc, role->in, false, &message);
	if (result == IPC_OK)
		assert_true(msg_decode(message, m));
	return result;
}

void role_must_be_ready(struct role *role, const struct msg *setup)
{
	struct msg m = { 0 };

	role_send(role, setup);
	assert_int_equal(role_receive(role, &m), IPC_OK);
	if (m.type == MSG_FAILED)
		fail_msg("%s", m.failed.text);
	assert_int_equal(m.type, MSG_SIGNER_READY);
}

int role_end(struct role *role)
{
	int status = 0;

	ipc_free(role->ipc);
	assert_int_equal(waitpid(role->pid, &status, 0), role->pid);
	free(role);
	return status;
}

/* DER certificate for a public key, signed by a key of no importance. The caller frees *der. */
static struct bytes certificate_for(EVP_PKEY *public, uint8_t **der)
{
	EVP_PKEY *ca = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	int len;

	assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 7), 1);
	assert_int_equal(X509_NAME_add_entry_by_txt(
				 name, "CN", MBSTRING_ASC, (const unsigned char *)"TSU", -1, -1, 0),
		1);
	assert_int_equal(X509_set_issuer_name(x, name), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), -60));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 3600));
	assert_int_equal(X509_set_pubkey(x, public), 1);
	assert_true(X509_sign(x, ca, EVP_sha256()) > 0);
	*der = NULL;
	len = i2d_X509(x, der);
	assert_true(len > 0);
	X509_free(x);
	EVP_PKEY_free(ca);
	return (struct bytes){ *der, (size_t)len };
}

struct msg role_setup(
	const struct softhsm *softhsm, const char *label, EVP_PKEY *public, uint8_t **der)
{
	struct msg m = { .type = MSG_SETUP_SIGNER };
	struct msg_setup_signer *s = &m.setup_signer;

	s->version = MSG_VERSION;
	(void)snprintf(s->tsu, sizeof(s->tsu), "tsu1");
	(void)snprintf(s->module, sizeof(s->module), "%s", TSA_TEST_P11WRAP);
	(void)snprintf(s->key, sizeof(s->key), "pkcs11:token=tsa;object=%s", label);
	(void)snprintf(s->pin_file, sizeof(s->pin_file), "%s", softhsm->pin_file);
	s->digest = TSP_SHA256;
	s->self_check = 1;
	s->certificate = certificate_for(public, der);
	return m;
}

struct bytes role_tstinfo(uint8_t *buf, uint32_t counter)
{
	/* 2.23.140.1.4.2 */
	static const uint8_t policy[] = { 0x67, 0x81, 0x0c, 0x01, 0x04, 0x02 };
	static const uint8_t imprint[32] = { 1, 2, 3 };
	uint8_t serial[TSP_SERIAL_LEN] = { 0x11 };
	struct tsp_tstinfo info = { .policy = { policy, sizeof(policy) },
		.digest = TSP_SHA256,
		.imprint = { imprint, sizeof(imprint) },
		.serial = { serial, sizeof(serial) },
		.time_us = UINT64_C(1795500000123000),
		.digits = 3,
		.accuracy = { .seconds = 1 } };

	serial[TSP_SERIAL_LEN - 2] = (uint8_t)(counter >> 8);
	serial[TSP_SERIAL_LEN - 1] = (uint8_t)counter;
	return tsp_tstinfo_encode(&info, buf, TSP_MAX_TSTINFO);
}

unsigned role_logins(const struct softhsm *softhsm, const char *text)
{
	char line[80];
	unsigned n = 0;
	FILE *f = fopen(softhsm_path(softhsm, "p11.log"), "r");

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, text) != NULL;
	(void)fclose(f);
	return n;
}

bool role_log_has(const struct softhsm *softhsm, const char *text)
{
	char log[8192] = "";
	FILE *f = fopen(softhsm_path(softhsm, "signer.log"), "r");

	assert_non_null(f);
	assert_true(fread(log, 1, sizeof(log) - 1, f) < sizeof(log) - 1);
	assert_int_equal(fclose(f), 0);
	return strstr(log, text) != NULL;
}
