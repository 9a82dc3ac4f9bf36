/* src/text/signup_parts.h - what signup.c and signup_answer.c share; for these two only. */
#ifndef QUND_TEXT_SIGNUP_PARTS_H
#define QUND_TEXT_SIGNUP_PARTS_H
#include "text/comers.h"
#include "text/signup.h"

#define HOURS(n) ((int64_t)(n)*3600 * 1000)

static inline bool qund_call_within(const struct qund_calls *c, enum qund_call kind, int64_t ms)
{
    return c->age_ms[kind] >= 0 && c->age_ms[kind] <= ms;
}

/* The call of this kind came after the other (or the other never came). */
static inline bool qund_call_later(const struct qund_calls *c, enum qund_call kind,
                                   enum qund_call other)
{
    return c->age_ms[kind] >= 0 && (c->age_ms[other] < 0 || c->age_ms[kind] < c->age_ms[other]);
}

/* Of two places of struct qund_comers the one further back in the text. */
static inline unsigned qund_place_last(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

/* What is left when no word of its own tells: the text answers an open call with persons. `r` is
 * what qund_comers_read says of it. *out keeps its party and is otherwise empty when it does not.
 */
bool qund_signup_answer(struct qund_str folded, const struct qund_comers *r,
                        const struct qund_calls *calls, bool signed_up, struct qund_signup *out);
#endif
