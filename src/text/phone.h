/* src/text/phone.h - mainland mobile numbers in any disguise (essay in phone.c). Pure; any thread.
 */
#ifndef QUND_TEXT_PHONE_H
#define QUND_TEXT_PHONE_H
#include "core/core.h"

enum { QUND_PHONE_MAX = 8, QUND_PHONE_DIGITS = 11 };

struct qund_phone {
    char text[12];    /* 11 digits and NUL */
    uint32_t at, end; /* bytes of the folded text */
};

/* Writes at most `max` numbers in the order of the text, each once; returns how many. Whether a
 * number counts (an advert's or a staff member's does not) is for the caller, who knows both. */
size_t qund_phone_find(struct qund_str folded, struct qund_phone *out, size_t max);
#endif
