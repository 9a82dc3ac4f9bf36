/* src/text/grievance_flags.h - what a word of words/grievance.txt tells; for grievance.c only. */
#ifndef QUND_TEXT_GRIEVANCE_FLAGS_H
#define QUND_TEXT_GRIEVANCE_FLAGS_H
#include "text/scan.h"

enum {
    US = 1,     /* our people and places */
    DEAL = 2,   /* dealings with us: what was bought, done, brought */
    BAD = 4,    /* what should not be so */
    LAPSE = 8,  /* neglect, excuses, more money */
    PROM = 16,  /* something was promised */
    TURN = 32,  /* and came otherwise */
    RAGE = 64,  /* says it all by itself */
    ELSE = 128, /* elsewhere, others, himself */
    GOOD = 256, /* praise, thanks, settled */
    ASKS = 512  /* asks, supposes, fears */
};
#endif
