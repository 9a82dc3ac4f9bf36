/* src/text/call_flags.h - what a word of words/call.txt tells; for call.c only. */
#ifndef QUND_TEXT_CALL_FLAGS_H
#define QUND_TEXT_CALL_FLAGS_H
#include "text/scan.h"

enum {
    ASK = 1,      /* an answer in the group is wanted */
    HEADS = 2,    /* who, and how many */
    LISTED = 4,   /* said to those who signed up before */
    EITHER = 8,   /* also those who stay away are to speak: they had said they would come */
    NEAR = 16,    /* it is today or within two days */
    PREPARE = 32, /* chairs, food, seats are counted out: the list is being closed */
    WANT = 64,    /* whoever would like to */
    NEWS = 128,   /* an event is announced: free, so many places, to be held on */
    COMERS = 256  /* those who come: either */
};
#endif
