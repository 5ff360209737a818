/*
 * From a complete HTTP request to the one who answers it: framing, path, method, size.
 */
#ifndef TSA_FRONT_ROUTE_H
#define TSA_FRONT_ROUTE_H

#include "tsa/front/front.h"

/* conn->request is complete; it is answered now, or by exchange.c when tsad has. */
void route_request(struct conn *conn);

#endif
