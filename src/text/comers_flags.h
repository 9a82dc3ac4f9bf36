/* src/text/comers_flags.h - what a word of words/comers.txt tells; for comers.c only. */
#ifndef QUND_TEXT_COMERS_FLAGS_H
#define QUND_TEXT_COMERS_FLAGS_H
#include "text/scan.h"

enum {
    SELF = 1,       /* the speaker, alone or with his own */
    KIN = 2,        /* somebody who comes along */
    WITH = 4,       /* joins two of them, or takes one along */
    COME = 8,       /* comes, signs up */
    FIRM = 16,      /* as it was arranged */
    ABSENT = 32,    /* does not come, gives the place away */
    WAY = 64,       /* is on the way, is there */
    DOUBT = 128,    /* perhaps */
    LATE = 256,     /* takes a place that is left: not in the list yet */
    OTHER = 512,    /* the clause is about something else: goods, past days, others' affairs */
    FILL = 1024,    /* small words beside them */
    PAIR = 2048,    /* a word for two persons */
    TRIO = 4096,    /* for three */
    ALONE = 8192,   /* for one */
    TRUANT = 16384, /* is absent by himself; others of the family may still come */
    IF = 32768      /* perhaps, where a verb of coming stands beside it */
};
#endif
