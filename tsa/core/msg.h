/*
 * The closed set of messages between tsad and its children: this header is the protocol's
 * document.  One datagram on a SOCK_SEQPACKET channel (ipc.h) is one message: a u8 type, then
 * the fields of its struct in the order they stand here, integers big-endian, texts and byte
 * strings as a u32 length and the bytes.  A message ends exactly where its fields end.
 *
 *   tsad -> front     SETUP_FRONT, ENDPOINT*, FILE*, TABLES_DONE, then TOKEN REFUSED BUSY
 *                     STATUS_REPLY; at a reload tables again; DRAIN
 *   front -> tsad     READY after each TABLES_DONE: the first once it is confined and listens, and
 *                     each time before what was made with those tables; ISSUE, STATUS, COUNTS
 *   tsad -> signer    SETUP_SIGNER, then SIGN; at most one SIGN is out
 *   signer -> tsad    SIGNER_READY (key proven), SIGNED, SIGN_FAILED
 *   tsad -> journal   SETUP_JOURNAL, then TSU_FILE, RECORD
 *   journal -> tsad   LEASE_TREE, LEASE_LEAVES* (only when asked to recover), JOURNAL_READY,
 *                     DURABLE, DISK
 *   tsad -> ledger    SETUP_LEDGER, then DURABLE
 *   ledger -> tsad    READY, SHIPPED, DATABASE, INCIDENT
 *   any child -> tsad FAILED, after which it exits
 *
 * The first message to every child is its SETUP and starts with MSG_VERSION; a child that was
 * built for another version answers FAILED.  End of file on the channel is the order to stop.
 * A message that does not decode, or comes when it may not, is a bug of ours: the receiver
 * aborts (a child) or kills the child (tsad).
 */
#ifndef TSA_CORE_MSG_H
#define TSA_CORE_MSG_H

#include "tsa/core/bytes.h"
#include "tsa/core/err.h"

enum { MSG_VERSION = 3 };

/* Longest values, in bytes; a text's includes its terminating zero. */
enum {
	MSG_MAX_TEXT = 400, /* words for a person */
	MSG_MAX_NAME = 64, /* a section of the configuration */
	MSG_MAX_PATH = 256, /* file names, URL paths, media types */
	MSG_MAX_URI = 1024, /* pkcs11: URI, libpq connection string */
	MSG_MAX_OID = 32, /* content octets of an OBJECT IDENTIFIER */
	MSG_MAX_POLICIES = 16, /* policies of one endpoint */
	MSG_MAX_ENDPOINTS = 32, /* endpoints of one service */
	MSG_MAX_DIGEST = 64, /* an imprint (SHA-512) */
	MSG_MAX_NONCE = 64, /* content octets of the nonce INTEGER */
	MSG_MAX_TSTINFO = 2048, /* DER TSTInfo */
	MSG_MAX_SIGNED_ATTRS = 4096, /* DER SET OF signed attributes */
	MSG_MAX_SIGNATURE = 1024, /* RSA-8192 */
	MSG_MAX_CERTIFICATE = 16384, /* one DER certificate */
	MSG_MAX_TOKEN = 49152, /* DER TimeStampToken with its certificates */
	MSG_MAX_BODY = 16384, /* body of a record */
	MSG_MAX_PART = 49152, /* part of a file */
	MSG_MAX_FILE = 1048576, /* a file for the front in all its parts */
	MSG_MAX_FILES = 68, /* published ones (R21) and the pages that tsad makes */
	MSG_MAX_STATUS = 49152, /* text of a status page */
	MSG_MAX_PEM = 60000, /* certificates of one TSU */
	MSG_HASH = 32, /* SHA-256 */
	MSG_MAX_TREE = 32, /* hashes of a lease's tree: one for each bit of its size */
	/* Leaves in one LEASE_LEAVES: few, since struct msg, made for every message, holds them. */
	MSG_MAX_LEAVES = 32,
};

enum msg_type {
	MSG_SETUP_FRONT = 1,
	MSG_ENDPOINT,
	MSG_FILE,
	MSG_TABLES_DONE,
	MSG_ISSUE,
	MSG_TOKEN,
	MSG_REFUSED,
	MSG_BUSY,
	MSG_STATUS,
	MSG_STATUS_REPLY,
	MSG_DRAIN,
	MSG_SETUP_SIGNER,
	MSG_SIGNER_READY,
	MSG_SIGN,
	MSG_SIGNED,
	MSG_SIGN_FAILED,
	MSG_SETUP_JOURNAL,
	MSG_JOURNAL_READY,
	MSG_LEASE_TREE,
	MSG_LEASE_LEAVES,
	MSG_TSU_FILE,
	MSG_RECORD,
	MSG_DURABLE,
	MSG_DISK,
	MSG_SETUP_LEDGER,
	MSG_SHIPPED,
	MSG_DATABASE,
	MSG_READY,
	MSG_FAILED,
	MSG_INCIDENT,
	MSG_COUNTS,
	MSG_TYPES, /* one past the last */
};

/* Why a child cannot go on; decides what tsad does about it. */
enum msg_failure {
	MSG_FAILURE_OTHER, /* start it again, with back-off */
	MSG_FAILURE_VERSION, /* not of this build: stop */
	MSG_FAILURE_SETTING, /* what the configuration asks cannot be had: stop at start */
	MSG_FAILURE_PIN, /* CKR_PIN_*: never try this PIN again; exit 78 at start */
	MSG_FAILURE_KEY, /* key, certificate or their rules do not fit: stop at start */
	MSG_FAILURE_DEVICE, /* token or HSM gone, session lost */
	MSG_FAILURE_DISK, /* the journal cannot be written now */
	MSG_FAILURE_LOCKED, /* another process has the journal */
	MSG_FAILURE_CORRUPT, /* the journal is damaged before its last frame: stop */
	MSG_FAILURE_CONFLICT, /* another record stands under the same key: stop, exit 78 */
	MSG_FAILURES, /* one past the last */
};

/* Which listener a front serves. */
enum msg_front { MSG_FRONT_CLIENTS, MSG_FRONT_ADMIN, MSG_FRONTS };

/* What the admin front asks for. */
enum msg_status { MSG_STATUS_LIVE, MSG_STATUS_READY, MSG_STATUS_METRICS, MSG_STATUS_KINDS };

/* Answers that a front gives by itself, for the metrics. */
enum msg_count {
	MSG_COUNT_REFUSED, /* an RFC 3161 refusal, or its like in JSON */
	MSG_COUNT_LEGACY, /* 400: Authenticode before RFC 3161 */
	MSG_COUNT_LIMITED, /* 429 */
	MSG_COUNT_OVERLOAD, /* 503 */
	MSG_COUNT_FAULTY, /* another 4xx or 5xx: not HTTP as it is served here */
	MSG_COUNT_KINDS,
};

/* What a record is (ledger entry byte 1, column record.kind); these numbers are for ever. */
enum record_kind {
	RECORD_TOKEN = 0,
	RECORD_VOID = 1,
	RECORD_LEASE_OPEN = 2,
	RECORD_LEASE_CLOSE = 3,
	RECORD_CLOCK = 4,
	RECORD_CEREMONY = 5,
	RECORD_ANCHOR = 6,
	RECORD_CONFIG = 7,
	RECORD_INCIDENT = 8,
	RECORD_SHARD_LINK = 9,
	RECORD_EXPORT = 10,
	RECORD_KINDS,
};

struct msg_oid {
	uint8_t len; /* 0: none */
	uint8_t at[MSG_MAX_OID];
};

struct msg_setup_front {
	uint32_t version;
	uint8_t front; /* enum msg_front */
	uint8_t listeners; /* descriptors from IPC_FIRST_LISTENER_FD on */
	uint32_t start_nonce; /* upper half of every request id of this process */
	uint32_t max_connections;
	uint32_t rate_limit; /* requests a second of one client address; 0: none */
};

/* One endpoint: a URL path and what it grants. */
struct msg_endpoint {
	uint8_t index; /* as ISSUE names it */
	uint8_t first_release; /* 1: it is also served at /api/v1/timestamp (R21) */
	char path[MSG_MAX_PATH];
	uint32_t digests; /* bit n: the digest with number n of tsp/alg.h is accepted */
	uint8_t policy_count;
	struct msg_oid policy[MSG_MAX_POLICIES]; /* the first is the default */
};

/* Part of a file that the front serves to GET; parts come in order, offset 0 starts a file. */
struct msg_file {
	char path[MSG_MAX_PATH]; /* URL path */
	char type[MSG_MAX_PATH]; /* media type */
	uint32_t offset;
	uint32_t total;
	struct bytes part;
};

/* A TimeStampReq that decoded and that the endpoint's table allows. */
struct msg_issue {
	uint64_t id; /* start_nonce << 32 | counter; never reused */
	uint8_t endpoint;
	uint8_t digest; /* number of tsp/alg.h */
	uint8_t null_params; /* 1: AlgorithmIdentifier had NULL parameters, 0: absent */
	uint8_t cert_req;
	struct msg_oid policy; /* none: the endpoint's default */
	struct bytes imprint;
	struct bytes nonce; /* content octets of the INTEGER as sent; empty: none */
};

struct msg_token {
	uint64_t id;
	struct bytes token; /* DER TimeStampToken; the front puts the TimeStampResp around it */
};

struct msg_refused {
	uint64_t id;
	uint8_t fail_info; /* bit number of PKIFailureInfo */
	char text[MSG_MAX_TEXT];
};

struct msg_busy {
	uint64_t id;
	uint8_t retry_after_s;
};

struct msg_status_ask {
	uint64_t id;
	uint8_t what; /* enum msg_status */
};

struct msg_status_reply {
	uint64_t id;
	uint8_t good; /* 1: HTTP 200, 0: HTTP 503 */
	struct bytes text;
};

struct msg_setup_signer {
	uint32_t version;
	char tsu[MSG_MAX_NAME];
	char module[MSG_MAX_PATH]; /* PKCS#11 library; empty for a file: key */
	char key[MSG_MAX_URI]; /* pkcs11: or file: URI */
	char pin_file[MSG_MAX_PATH]; /* opened by the signer; empty: none */
	uint8_t digest; /* number of tsp/alg.h, of attributes and signature */
	uint32_t self_check; /* check every n-th own signature; 0 never */
	uint8_t allow_software_key;
	uint8_t signing_time; /* 1: signed attribute signingTime */
	uint8_t algorithm_protection; /* 1: signed attribute CMSAlgorithmProtection */
	struct bytes certificate; /* DER, the TSU's */
};

struct msg_signer_ready {
	char token[MSG_MAX_TEXT]; /* manufacturer, model, serial and firmware, for the log */
};

struct msg_sign {
	uint64_t job;
	struct bytes tstinfo; /* DER */
};

struct msg_signed {
	uint64_t job;
	struct bytes signed_attrs; /* DER SET OF, with the universal tag 0x31 that was signed */
	struct bytes signature;
};

struct msg_sign_failed {
	uint64_t job;
	uint8_t failure; /* enum msg_failure */
	char text[MSG_MAX_TEXT];
};

struct msg_setup_journal {
	uint32_t version;
	char directory[MSG_MAX_PATH];
	uint8_t recover; /* 1: also report the tree of a lease that was not closed */
};

struct msg_journal_ready {
	uint32_t instance; /* serial bits 64..95, of this directory */
	uint64_t last_seq; /* 0: the journal is empty */
	uint32_t last_lease;
	uint8_t lease_open; /* 1: last_lease has no lease-close */
	uint64_t last_time_us; /* greatest genTime of the last segment's tokens */
	uint8_t closed_root[MSG_HASH]; /* root and count of last_lease if it was closed */
	uint32_t closed_count;
};

/* The dense part of an unclosed lease: counters 0 .. size-1, as the hashes of full subtrees. */
struct msg_lease_tree {
	uint32_t lease;
	uint32_t size;
	uint8_t hash_count; /* one for each bit set in size, largest subtree first */
	uint8_t hash[MSG_MAX_TREE][MSG_HASH];
};

/* Leaves of the same lease beyond the dense part, in journal order. */
struct msg_lease_leaves {
	uint16_t count;
	struct {
		uint32_t ctr;
		uint8_t leaf[MSG_HASH];
	} leaf[MSG_MAX_LEAVES];
};

/* A TSU's certificates, kept in the journal directory before its first record. */
struct msg_tsu_file {
	uint8_t cert_sha256[MSG_HASH];
	uint8_t chain_sha256[MSG_HASH];
	struct bytes pem; /* the TSU's certificate, then its intermediates */
};

/* One record, complete; tsa-journal only frames it. */
struct msg_record {
	uint64_t seq; /* journal order, contiguous from 1 */
	uint32_t lease;
	uint32_t ctr;
	uint8_t kind; /* enum record_kind */
	uint8_t flags; /* bit 0: certReq */
	uint64_t time_us; /* token: genTime; else event time; microseconds since 1970 */
	uint32_t tsu_id; /* first 31 bits of SHA-256(certificate); 0: none */
	int32_t bound_us; /* bound of the clock's error; -1: the clock was not checked */
	uint8_t leaf_hash[MSG_HASH];
	struct bytes body;
};

/* All up to seq is on disk. */
struct msg_durable {
	uint64_t seq;
};

struct msg_disk {
	uint8_t used_percent;
	uint8_t spare_segments;
};

struct msg_setup_ledger {
	uint32_t version;
	char database[MSG_MAX_URI]; /* libpq connection string */
	char directory[MSG_MAX_PATH]; /* the journal's, read only */
	uint32_t instance;
	uint8_t awaited; /* 1: tokens wait for SHIPPED (ack = ledger) */
};

/*
 * All up to seq is committed in PostgreSQL; where tokens wait for it, also on the standbys that
 * the server waits for.  Less than before when the database was restored from a backup.
 */
struct msg_shipped {
	uint64_t seq;
};

struct msg_database {
	uint8_t connected;
	char text[MSG_MAX_TEXT]; /* why not; or the server's version */
};

/*
 * The journal was put back to an older copy (R8): the database has records of this node that it
 * has not, and it has no record that says so.  Ends are one more than the greatest counter.
 */
struct msg_incident {
	uint32_t lease; /* the newest lease that both know; 0: none */
	uint32_t journal_end; /* of that lease */
	uint32_t database_end;
	uint32_t newer_lease; /* the newest one, if only the database knows it; 0: none */
};

struct msg_ready {
	uint32_t version;
};

/* Since the last one. */
struct msg_counts {
	uint32_t count[MSG_COUNT_KINDS];
};

struct msg_failed {
	uint8_t failure; /* enum msg_failure */
	char text[MSG_MAX_TEXT];
};

struct msg {
	enum msg_type type;
	union {
		struct msg_setup_front setup_front;
		struct msg_endpoint endpoint;
		struct msg_file file;
		struct msg_issue issue;
		struct msg_token token;
		struct msg_refused refused;
		struct msg_busy busy;
		struct msg_status_ask status;
		struct msg_status_reply status_reply;
		struct msg_setup_signer setup_signer;
		struct msg_signer_ready signer_ready;
		struct msg_sign sign;
		struct msg_signed signature;
		struct msg_sign_failed sign_failed;
		struct msg_setup_journal setup_journal;
		struct msg_journal_ready journal_ready;
		struct msg_lease_tree lease_tree;
		struct msg_lease_leaves lease_leaves;
		struct msg_tsu_file tsu_file;
		struct msg_record record;
		struct msg_durable durable;
		struct msg_disk disk;
		struct msg_setup_ledger setup_ledger;
		struct msg_shipped shipped;
		struct msg_database database;
		struct msg_incident incident;
		struct msg_ready ready;
		struct msg_counts counts;
		struct msg_failed failed;
	};
};

/*
 * Encodes m into out, which has room for IPC_MAX_MESSAGE, and gives the message's view in out.
 * A value over its limit is a bug and aborts.
 */
struct bytes msg_encode(const struct msg *m, uint8_t *out);

/*
 * Decodes one message. False if it is none of the set, a value is over its limit, or its fields
 * do not end where it ends. Views in m point into message and live as long as that.
 */
bool msg_decode(struct bytes message, struct msg *m);

/*
 * Reads the version of a SETUP before the rest, which may be laid out otherwise in another
 * version. False with err, in which program names itself, if message is that SETUP and not of
 * MSG_VERSION; whatever else is wrong is for msg_decode() to find.
 */
MUST_CHECK bool msg_check_version(
	struct bytes message, enum msg_type setup, const char *program, struct err *err);

/* "ISSUE"; for logs. */
const char *msg_name(enum msg_type type);
const char *msg_failure_name(uint8_t failure);

#endif
