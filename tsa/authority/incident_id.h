/*
 * The name of a conflict (R8): what tsa-ledger ends its report with and an operator gives to tsad
 * --accept-incident.  "6b07e700-600": the lease in eight hex digits, the counter in decimal.
 */
#ifndef TSA_AUTHORITY_INCIDENT_ID_H
#define TSA_AUTHORITY_INCIDENT_ID_H

#include "tsa/core/err.h"
#include "tsa/record/body.h"

/* Gives the acceptance that the text names. False with err if it has another form. */
MUST_CHECK bool incident_id_read(const char *text, struct incident *accepted, struct err *err);

#endif
