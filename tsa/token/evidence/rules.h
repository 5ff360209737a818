/* The rules of RFC 4998, each a function over the whole record: what check.c goes down. */
#ifndef TSA_TOKEN_EVIDENCE_RULES_H
#define TSA_TOKEN_EVIDENCE_RULES_H

#include "hash_tree.h"

/* In the order of the lines, see record.h. */
enum evidence_rule {
	RULE_FORM,
	RULE_OBJECTS,
	RULE_ROOT,
	RULE_STAMP_RENEWAL,
	RULE_TREE_RENEWAL,
	RULE_GROUP,
	RULE_TIME,
	RULE_RESULT,
	RULES,
};

/* One archive time-stamp while it is judged. */
struct stamp_state {
	const EVP_MD *digest; /* NULL: its form is broken, and nothing more is asked of it */
	struct hash_list first;
	struct hash root;
	bool all_at_hand; /* every object's hash could be looked for */
};

struct evidence_run {
	const struct evidence_record *record;
	const struct evidence_wants *wants;
	struct evidence_report *report;
	struct stamp_state *stamps; /* as record->stamps */
	bool broken[RULES];
};

/* Adds a failing line. */
void rule_fail(struct evidence_run *run, enum evidence_rule rule, enum check_status status,
	enum check_sub sub, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Adds a line that says how the rule was kept, unless it was broken. */
void rule_kept(struct evidence_run *run, enum evidence_rule rule, enum check_result result,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* In this order: each stands on what those before it found. */
void rule_form(struct evidence_run *run);
void rule_objects(struct evidence_run *run);
void rule_root(struct evidence_run *run);
void rule_stamp_renewal(struct evidence_run *run);
void rule_tree_renewal(struct evidence_run *run);
void rule_group(struct evidence_run *run);
void rule_time(struct evidence_run *run);

/* "sha256"; "an unknown digest". Static. */
const char *rule_digest_name(int nid);

#endif
