/* src/text/grievance.h - does somebody complain of us? (essay in grievance.c) Pure; any thread. */
#ifndef QUND_TEXT_GRIEVANCE_H
#define QUND_TEXT_GRIEVANCE_H
#include "core/core.h"

/* `folded` is a customer's message. Rules see the answer as `extract: grievance`. */
bool qund_grievance_find(struct qund_str folded);
#endif
