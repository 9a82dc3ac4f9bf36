/* src/text/grievance.h - does somebody complain of us? (essay in grievance.c) Pure; any thread. */
#ifndef QUND_TEXT_GRIEVANCE_H
#define QUND_TEXT_GRIEVANCE_H
#include "core/core.h"

enum qund_grievance {
    QUND_GRIEVANCE_NONE,
    QUND_GRIEVANCE_OURS, /* complains of us */
    QUND_GRIEVANCE_ASIDE /* whatever it says, it says it of others or of himself */
};

/* `folded` is a customer's message. Rules see the answer as `extract: grievance | aside`. */
enum qund_grievance qund_grievance_find(struct qund_str folded);
#endif
