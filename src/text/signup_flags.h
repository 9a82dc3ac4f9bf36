/* src/text/signup_flags.h - what a word of words/signup.txt tells; for signup.c only. */
#ifndef QUND_TEXT_SIGNUP_FLAGS_H
#define QUND_TEXT_SIGNUP_FLAGS_H
#include "text/scan.h"

enum {
    VERB = 1, /* signs up wherever a sign-up runs */
    WEAK = 2, /* does so only soon after the call */
    CANCEL = 4,
    CONFIRM = 8, /* confirms only after a call to confirm */
    MAYBE = 16,
    CANT = 32, /* cancels only of somebody who signed up, or as the answer to a call to confirm */
    HOPE = 64  /* comes if he can: a sign-up, though a tentative one */
};
#endif
