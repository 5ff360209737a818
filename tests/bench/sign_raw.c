/*
 * tsa-sign-raw: how fast the token itself signs, with nothing around it: C_SignInit and C_Sign in a
 * loop, in one process or several, called directly on the module (hsm/module.h).  Mechanism and
 * data are those that reach the token in the service: CKM_RSA_PKCS over the DigestInfo of a
 * SHA-256, CKM_ECDSA over the SHA-256.  Between two slices its processes wait in read(2), so that
 * slices of the service can stand between them.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tsa/core/bytes.h"
#include "tsa/hsm/login.h"
#include "tsa/hsm/object.h"
#include "tsa/hsm/rv.h"
#include "tsa/hsm/token.h"

enum {
	EXIT_COULD_NOT_RUN = 3,
	MAX_PROCESSES = 16,
	MAX_SLICE_MS = 600000,
	MAX_SIGNATURE = 1024,
	MAX_TIMES = 1 << 21, /* signatures of one slice in one process */
	DIGEST_LEN = 32,
};

static const char help[] =
	"usage: tsa-sign-raw --module FILE --pin-file FILE --key pkcs11:URI [--processes N]\n"
	"Says how fast a PKCS#11 token signs. Starts N processes (2), each with a session of its\n"
	"own, says \"ready\", then reads lines \"PROCESSES MILLISECONDS\" and prints one line for each:\n"
	"  processes=2 signatures=N per_second=N cpu_us=N p50_us=N p99_us=N\n"
	"cpu_us is the processor time of one signature. Ends when standard input does.\n"
	"Exit status: 0, 3 could not run.\n";

/* RFC 8017 9.2, note 1: what stands before a SHA-256 in a DigestInfo. */
static const uint8_t sha256_info[] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };

struct options {
	const char *module;
	const char *pin_file;
	const char *key;
	unsigned processes;
};

/* What a worker says about a slice. */
struct slice {
	uint64_t signatures;
	uint64_t wall_ns;
	uint64_t cpu_ns;
	uint64_t p50_ns;
	uint64_t p99_ns;
};

struct worker {
	struct hsm hsm;
	struct hsm_key key;
	CK_MECHANISM mechanism;
	uint8_t data[sizeof(sha256_info) + DIGEST_LEN];
	size_t data_len;
	uint32_t *times; /* MAX_TIMES, nanoseconds */
};

static _Noreturn void fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "tsa-sign-raw: %s: %s\n", what, why);
	_exit(EXIT_COULD_NOT_RUN);
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void open_key(struct worker *w, const struct options *o)
{
	enum msg_failure failure;
	struct err err = { 0 };
	struct hsm_pin pin;
	struct hsm_uri *uri = hsm_uri_parse(o->key, &err);

	if (uri == NULL || !hsm_pin_read(o->pin_file, &pin, &err) ||
		!hsm_open(&w->hsm, o->module, &failure, &err) ||
		!hsm_find_token(&w->hsm, uri, &failure, &err) ||
		!hsm_open_session(&w->hsm, false, &failure, &err) ||
		!hsm_login(&w->hsm, &pin, &failure, &err) ||
		!hsm_find_key(&w->hsm, uri, &w->key, &failure, &err))
		fail(o->key, err.text);
	hsm_uri_free(uri);
}

static void prepare(struct worker *w)
{
	w->mechanism.mechanism = w->key.type == CKK_RSA ? CKM_RSA_PKCS : CKM_ECDSA;
	if (w->key.type == CKK_RSA) {
		memcpy(w->data, sha256_info, sizeof(sha256_info));
		w->data_len = sizeof(sha256_info);
	}
	for (size_t i = 0; i < DIGEST_LEN; i++)
		w->data[w->data_len++] = (uint8_t)(i * 37 + 11);
	w->times = must_calloc(MAX_TIMES, sizeof(*w->times));
}

static void sign_once(struct worker *w)
{
	CK_FUNCTION_LIST *call = w->hsm.call;
	uint8_t signature[MAX_SIGNATURE];
	CK_ULONG len = sizeof(signature);
	struct err err = { 0 };
	CK_RV rv;

	w->data[w->data_len - 1]++; /* never twice the same */
	rv = call->C_SignInit(w->hsm.session, &w->mechanism, w->key.handle);
	if (rv == CKR_OK)
		rv = call->C_Sign(w->hsm.session, w->data, w->data_len, signature, &len);
	if (rv == CKR_OK)
		return;
	hsm_err_rv(&err, rv, "C_Sign");
	fail("signature", err.text);
}

static int compare_times(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static struct slice sign_for(struct worker *w, uint32_t ms)
{
	struct slice s = { 0 };
	uint64_t cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	uint64_t start = now_ns(CLOCK_MONOTONIC);
	uint64_t before = start;

	while (before - start < (uint64_t)ms * 1000000 && s.signatures < MAX_TIMES) {
		uint64_t after;

		sign_once(w);
		after = now_ns(CLOCK_MONOTONIC);
		w->times[s.signatures++] =
			after - before > UINT32_MAX ? UINT32_MAX : (uint32_t)(after - before);
		before = after;
	}
	s.wall_ns = before - start;
	s.cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	qsort(w->times, s.signatures, sizeof(*w->times), compare_times);
	s.p50_ns = w->times[s.signatures / 2];
	s.p99_ns = w->times[s.signatures * 99 / 100];
	return s;
}

/* A worker's life: opens the key, says 0, and answers each time in milliseconds with a slice. */
static _Noreturn void work(const struct options *o, int channel)
{
	struct worker w = { 0 };
	uint32_t ms = 0;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	open_key(&w, o);
	prepare(&w);
	sign_once(&w);
	if (send(channel, &ms, sizeof(ms), MSG_NOSIGNAL) != sizeof(ms))
		_exit(EXIT_COULD_NOT_RUN);
	while (recv(channel, &ms, sizeof(ms), 0) == sizeof(ms)) {
		struct slice s = sign_for(&w, ms);

		if (send(channel, &s, sizeof(s), MSG_NOSIGNAL) != sizeof(s))
			break;
	}
	_exit(0); /* modules crash in their exit handlers */
}

/* The module is loaded after fork; one after the other, as the service's signers start. */
static int start_worker(const struct options *o)
{
	uint32_t ready;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		fail("socketpair", strerror(errno));
	pid = fork();
	if (pid < 0)
		fail("fork", strerror(errno));
	if (pid == 0) {
		(void)close(pair[0]);
		work(o, pair[1]);
	}
	(void)close(pair[1]);
	if (recv(pair[0], &ready, sizeof(ready), 0) != sizeof(ready))
		_exit(EXIT_COULD_NOT_RUN); /* the worker has said why */
	return pair[0];
}

static void run_slice(const int *channels, unsigned processes, uint32_t ms)
{
	double per_second = 0, cpu_us = 0, p50_us = 0, p99_us = 0;
	uint64_t signatures = 0;

	for (unsigned i = 0; i < processes; i++) {
		if (send(channels[i], &ms, sizeof(ms), MSG_NOSIGNAL) != sizeof(ms))
			fail("worker", "is gone");
	}
	for (unsigned i = 0; i < processes; i++) {
		struct slice s;

		if (recv(channels[i], &s, sizeof(s), 0) != sizeof(s))
			fail("worker", "is gone");
		signatures += s.signatures;
		per_second += (double)s.signatures * 1e9 / (double)s.wall_ns;
		cpu_us += (double)s.cpu_ns / 1000;
		p50_us += (double)s.p50_ns / 1000 / processes;
		p99_us += (double)s.p99_ns / 1000 / processes;
	}
	(void)printf("processes=%u signatures=%" PRIu64
		     " per_second=%.1f cpu_us=%.1f p50_us=%.1f p99_us=%.1f\n",
		processes, signatures, per_second, cpu_us / (double)signatures, p50_us, p99_us);
	(void)fflush(stdout);
}

static void serve(const int *channels, unsigned most)
{
	char line[64];

	(void)puts("ready");
	(void)fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		unsigned processes = 0, ms = 0;
		char rest;

		if (sscanf(line, "%u %u%c", &processes, &ms, &rest) != 3 || rest != '\n' ||
			processes == 0 || processes > most || ms == 0 || ms > MAX_SLICE_MS)
			fail("line", "must be PROCESSES MILLISECONDS");
		run_slice(channels, processes, ms);
	}
}

static void read_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "module", required_argument, NULL, 'm' },
		{ "pin-file", required_argument, NULL, 'p' },
		{ "key", required_argument, NULL, 'k' },
		{ "processes", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'm':
			o->module = optarg;
			break;
		case 'p':
			o->pin_file = optarg;
			break;
		case 'k':
			o->key = optarg;
			break;
		case 'n':
			o->processes = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'h':
			(void)fputs(help, stdout);
			exit(0);
		case 'v':
			(void)puts("tsa-sign-raw " TSA_VERSION);
			exit(0);
		default:
			exit(EXIT_COULD_NOT_RUN);
		}
	}
	if (optind != argc || o->module == NULL || o->pin_file == NULL || o->key == NULL)
		fail("command line", "needs --module, --pin-file and --key");
	if (o->processes == 0 || o->processes > MAX_PROCESSES)
		fail("--processes", "must be 1 to 16");
}

int main(int argc, char **argv)
{
	struct options o = { .processes = 2 };
	int channels[MAX_PROCESSES];

	read_options(argc, argv, &o);
	for (unsigned i = 0; i < o.processes; i++)
		channels[i] = start_worker(&o);
	serve(channels, o.processes);
	return 0;
}
