/*
 * The configuration (design D1, section 5; R23): OpenSSL's file syntax, read by tsad and tools
 * only, through one table of settings.  All findings are reported in one run.
 */
#ifndef TSA_AUTHORITY_CONFIG_H
#define TSA_AUTHORITY_CONFIG_H

#include "tsa/core/err.h"
#include "tsa/core/msg.h"
#include "tsa/token/build.h"
#include "tsa/token/profile.h"
#include "tsa/tsp/alg.h"

enum config_clock { CONFIG_CLOCK_KERNEL, CONFIG_CLOCK_UNCHECKED };
/* A listener that starts so is a Unix socket. */
#define CONFIG_UNIX "unix:"
/* When a token may be answered (D4): once the journal has it, or PostgreSQL as well. */
enum config_ack { CONFIG_ACK_JOURNAL, CONFIG_ACK_LEDGER };
enum config_purpose { CONFIG_RELEASE, CONFIG_TEST };

enum {
	CONFIG_MAX_LANES = 64,
	CONFIG_MAX_TSUS = 64,
	CONFIG_MAX_LISTENERS = 8,
	CONFIG_MAX_USER = 64,
	CONFIG_MAX_FILES = 64, /* R21 */
	CONFIG_MAX_PAST = 256, /* TSUs that sign no more (R21) */
	CONFIG_MAX_PUBLISHED = 262144, /* bytes of each (R21) */
	CONFIG_MAX_PEM = 262144, /* certificates of all TSUs: /tsu lists them in MSG_MAX_FILE */
};

struct config_tsu {
	char name[MSG_MAX_NAME];
	char key[MSG_MAX_URI];
	char module[MSG_MAX_PATH];
	char pin_file[MSG_MAX_PATH];
	char certificate_file[MSG_MAX_PATH];
	bool allow_software_key;
	bool tsa_name; /* TSTInfo names the certificate's subject (P-21) */
	struct token_options options; /* of its signed attributes */
	bool include_root; /* a self-signed certificate at the end of the file is in chain */
	uint32_t accuracy_ms;
	uint32_t lanes;
	uint32_t self_check;
	int64_t activate_at; /* seconds since 1970; 0: from the beginning */
	bool superseded; /* in each of its lists another one was activated after it, before now */
	size_t endpoint; /* index of the one endpoint it belongs to (R17) */
	/* from the certificate file */
	struct buf certificate; /* DER of the leaf */
	struct buf chain; /* DER of those that follow it in tokens, one after the other */
	struct buf pem; /* leaf, then chain, as PEM */
	uint8_t cert_sha256[MSG_HASH];
	uint8_t chain_sha256[MSG_HASH];
	enum tsp_digest digest; /* of its tokens' signatures */
	int64_t sign_until; /* seconds since 1970: notAfter, privateKeyUsagePeriod, csbr's 15 months
			     */
	int64_t not_before;
};

/* TSUs that follow each other: the one activated last signs (R17). */
struct config_list {
	size_t tsus[CONFIG_MAX_TSUS]; /* indexes, by activate_at ascending */
	size_t count;
};

struct config_endpoint {
	char name[MSG_MAX_NAME];
	char path[MSG_MAX_PATH];
	enum config_purpose purpose;
	enum profile profile;
	size_t tsus[CONFIG_MAX_TSUS]; /* of all its lists, by activate_at ascending */
	size_t tsu_count;
	struct config_list lists[TSP_DIGESTS]; /* tsus.NAME by digest; first: tsus */
	struct msg_oid policies[MSG_MAX_POLICIES]; /* the first is the default */
	uint8_t policy_count;
	uint32_t digests; /* bit n: digest number n of tsp/alg.h */
	unsigned digits; /* of genTime's fraction: 0, 3, 6 */
	bool qualified; /* tokens say that they are qualified (T-05) */
};

/* A TSU that signs no more and is in no list: only published (R21). */
struct config_past {
	struct buf certificate; /* DER */
	struct buf pem; /* it, then its issuers, as PEM */
	uint8_t cert_sha256[MSG_HASH];
};

/* A file that the front serves (R21). */
struct config_file {
	char path[MSG_MAX_PATH]; /* URL path */
	char type[MSG_MAX_PATH];
	struct buf content;
};

struct config {
	unsigned more_holders; /* beside the one that read it */
	char listen[CONFIG_MAX_LISTENERS]
		   [MSG_MAX_PATH]; /* address:port or [v6]:port, port 0: any; unix:/path */
	size_t listen_count;
	char admin[MSG_MAX_PATH]; /* empty: none */
	char user[CONFIG_MAX_USER]; /* whom tsad becomes if it was started as root (R11) */
	char journal[MSG_MAX_PATH];
	char database[MSG_MAX_URI]; /* empty: journal only */
	enum config_ack ack; /* ledger only with a database */
	enum config_clock clock;
	uint32_t clock_slack_ms;
	uint32_t max_unshipped_age_s;
	uint32_t max_connections;
	uint32_t rate_limit; /* requests a second of one client address; 0: none */
	char publish[MSG_MAX_PATH]; /* folder of the published files; empty: none */
	struct config_endpoint endpoints[MSG_MAX_ENDPOINTS];
	size_t endpoint_count;
	struct config_tsu tsus[CONFIG_MAX_TSUS];
	size_t tsu_count;
	char past_file[MSG_MAX_PATH]; /* empty: none */
	struct config_past *past;
	size_t past_count;
	struct config_file *files; /* published */
	size_t file_count;
	uint8_t sha256[MSG_HASH]; /* of the file's bytes */
};

/*
 * Called once a finding, "FILE: [section] key: rule: finding". A warning does not keep the
 * configuration from being used.
 */
typedef void config_finding(void *arg, bool warning, const char *text);

/*
 * Reads path, every file it names (certificates, past, publish) and checks all of it, profiles and
 * purposes (D7, D9) included, at the time now (seconds since 1970). Opens no key and no PIN.
 * NULL after at least one finding that is no warning. The caller frees with config_free.
 */
struct config *config_read(const char *path, int64_t now, config_finding *report, void *arg);

/*
 * As config_read, for a service that runs: judge gets what was read as well, in the same run and
 * even if it is no good, to compare it with what is in force. What it finds is its own.
 */
typedef void config_judge(void *arg, const struct config *next);
struct config *config_read_next(
	const char *path, int64_t now, config_finding *report, config_judge *judge, void *arg);
/*
 * The TSUs that answer imprints of a digest at an endpoint which accepts it: those of the digest's
 * own list, or of the list for all others.
 */
const struct config_list *config_list_of(
	const struct config_endpoint *endpoint, enum tsp_digest digest);
/* One holder more: each gives it back with config_free. */
struct config *config_hold(struct config *config);
/* Gives it back; the last holder frees. Takes NULL. */
void config_free(struct config *config);

#endif
