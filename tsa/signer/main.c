/*
 * tsa-signer: holds one session and one private key of a token, and signs TSTInfos that tsad
 * sends.  A plain blocking loop: read, sign, check, answer.  Never opens a socket, knows nothing
 * of clients; a token that hangs it costs this process, which tsad kills and starts again.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tsa/core/ipc.h"
#include "tsa/core/log.h"
#include "tsa/core/msg.h"
#include "tsa/core/sandbox.h"
#include "tsa/signer/key.h"
#include "tsa/signer/prove.h"
#include "tsa/signer/sign.h"

enum { EXIT_FAILED = 1, EXIT_CANNOT_RUN = 3, MAX_DESCRIPTORS = 1024 };

struct process {
	struct ipc *ipc;
	struct signer_key key;
	struct signer signer;
	uint8_t in[IPC_MAX_MESSAGE];
	uint8_t out[IPC_MAX_MESSAGE];
};

/* Nothing waits for us any more once the channel is gone (R12). */
static void send_message(struct process *p, const struct msg *m)
{
	if (ipc_send_wait(p->ipc, msg_encode(m, p->out)) != IPC_OK)
		_exit(EXIT_SUCCESS);
}

static void copy_text(char *to, const char *text)
{
	size_t len = strnlen(text, MSG_MAX_TEXT - 1);

	memcpy(to, text, len);
	to[len] = '\0';
}

static _Noreturn void fail(struct process *p, enum msg_failure failure, const struct err *err)
{
	struct msg m = { .type = MSG_FAILED, .failed.failure = (uint8_t)failure };

	copy_text(m.failed.text, err->text);
	send_message(p, &m);
	_exit(EXIT_FAILED);
}

static struct bytes receive(struct process *p)
{
	struct bytes message;
	enum ipc_result result = ipc_recv(p->ipc, p->in, true, &message);

	/* The end of the channel is the order to stop; vendor modules crash in their exit handlers.
	 */
	if (result == IPC_CLOSED)
		_exit(EXIT_SUCCESS);
	if (result != IPC_OK)
		BUG("channel: receiving: %s", strerror(errno));
	return message;
}

static void receive_setup(struct process *p, struct msg *m)
{
	struct bytes message = receive(p);
	struct err err = { 0 };

	if (!msg_check_version(message, MSG_SETUP_SIGNER, "tsa-signer", &err))
		fail(p, MSG_FAILURE_VERSION, &err);
	if (!msg_decode(message, m) || m->type != MSG_SETUP_SIGNER)
		BUG("the first message is no SETUP_SIGNER");
	if (tsp_digest_name((enum tsp_digest)m->setup_signer.digest) == NULL)
		BUG("SETUP_SIGNER: digest number %u", m->setup_signer.digest);
}

/* Opens and proves everything before the first word to tsad; the certificate is not kept. */
static bool start(struct process *p, const struct msg_setup_signer *setup,
	enum msg_failure *failure, struct err *err)
{
	const struct token_options options = { .signing_time = setup->signing_time != 0,
		.algorithm_protection = setup->algorithm_protection != 0 };
	const uint8_t *der = setup->certificate.at;
	X509 *certificate = d2i_X509(NULL, &der, (long)setup->certificate.len);
	bool ok = false;

	p->signer = (struct signer){ .key = &p->key,
		.digest = (enum tsp_digest)setup->digest,
		.self_check = setup->self_check };
	*failure = MSG_FAILURE_KEY;
	if (certificate == NULL || (p->signer.certified = X509_get_pubkey(certificate)) == NULL) {
		err_openssl(err, "signer %s: certificate: must be X.509 with a key that is known",
			setup->tsu);
		goto out;
	}
	p->signer.parts = token_parts_new(
		setup->certificate, (struct bytes){ 0 }, p->signer.digest, options, err);
	if (p->signer.parts == NULL) {
		err_while(err, "signer %s: certificate", setup->tsu);
		goto out;
	}
	if (!signer_key_open(&p->key, setup, failure, err))
		goto out;
	ok = signer_prove(&p->key, p->signer.certified, p->signer.digest, failure, err);
	if (!ok)
		err_while(err, "signer %s: key %.160s", setup->tsu, setup->key);
out:
	X509_free(certificate);
	return ok;
}

/*
 * Keeps PIN and session keys out of swap where the limit allows all of it; under a small limit
 * MCL_FUTURE would make later allocations of the module fail.
 */
static void lock_memory(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY)
		(void)mlockall(MCL_CURRENT | MCL_FUTURE);
}

/*
 * What a module that runs wild can take of the machine: descriptors. More would not serve one that
 * uses select() either. Its memory and its threads are its vendor's business.
 */
static bool limit_descriptors(struct err *err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return err_sys(err, "signer: RLIMIT_NOFILE");
	if (limit.rlim_max > MAX_DESCRIPTORS)
		limit = (struct rlimit){ MAX_DESCRIPTORS, MAX_DESCRIPTORS };
	return setrlimit(RLIMIT_NOFILE, &limit) == 0 || err_sys(err, "signer: RLIMIT_NOFILE");
}

static void answer(struct process *p, const struct msg_sign *sign)
{
	struct signature made;
	struct msg m = { .type = MSG_SIGNED, .signature.job = sign->job };
	enum msg_failure failure = MSG_FAILURE_OTHER;
	struct err err = { 0 };

	if (signer_sign(&p->signer, sign->tstinfo, &made, &failure, &err)) {
		m.signature.signed_attrs = made.attrs;
		m.signature.signature = made.signature;
		send_message(p, &m);
		return;
	}
	/* Session and device do not come back in this process: tsad starts a fresh one. */
	m = (struct msg){ .type = MSG_SIGN_FAILED,
		.sign_failed = { .job = sign->job, .failure = (uint8_t)failure } };
	copy_text(m.sign_failed.text, err.text);
	send_message(p, &m);
	_exit(EXIT_FAILED);
}

static _Noreturn void serve(struct process *p)
{
	struct msg m;

	for (;;) {
		struct bytes message = receive(p);

		if (!msg_decode(message, &m) || m.type != MSG_SIGN)
			BUG("a message of %zu bytes is no SIGN", message.len);
		answer(p, &m.sign);
	}
}

static _Noreturn void run(void)
{
	struct process p = { .ipc = ipc_new(IPC_CHILD_FD, 0) };
	struct msg m;
	enum msg_failure failure = MSG_FAILURE_OTHER;
	struct err err = { 0 };

	if (!sandbox_base(&err) || !limit_descriptors(&err))
		fail(&p, MSG_FAILURE_OTHER, &err);
	lock_memory();
	receive_setup(&p, &m);
	if (!start(&p, &m.setup_signer, &failure, &err))
		fail(&p, failure, &err);
	m = (struct msg){ .type = MSG_SIGNER_READY };
	copy_text(m.signer_ready.token, p.key.where);
	send_message(&p, &m);
	serve(&p);
}

static bool has_channel(void)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(IPC_CHILD_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_SEQPACKET;
}

static void print_help(void)
{
	(void)puts(
		"usage: tsa-signer [--help | --version]\n"
		"\n"
		"Signs the time-stamps of one TSU with its key in a PKCS#11 token. Is started by\n"
		"tsad, which gives it its settings over a channel; see tsa-signer(8) and tsad(8).");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	log_open("signer", LOG_LEVEL_INFO);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'h':
			print_help();
			return EXIT_SUCCESS;
		case 'v':
			(void)puts("tsa-signer " TSA_VERSION);
			return EXIT_SUCCESS;
		default:
			return EXIT_CANNOT_RUN;
		}
	}
	if (optind != argc || !has_channel()) {
		(void)fputs("tsa-signer: is started by tsad, see tsad(8)\n", stderr);
		return EXIT_CANNOT_RUN;
	}
	run();
}
