/* src/text/signup.h - sign-ups in plain words, and the calls they answer (essay in signup.c).
 * Pure; any thread. */
#ifndef QUND_TEXT_SIGNUP_H
#define QUND_TEXT_SIGNUP_H
#include "text/chain.h"

/* What a message calls for. The engine keeps, per group and kind, the time of the last call. */
enum qund_call {
    QUND_CALL_NONE,
    QUND_CALL_SIGNUP,  /* staff: sign up for the event */
    QUND_CALL_CONFIRM, /* staff: say 1 if you will come */
    QUND_CALL_ORDER,   /* staff: today's goods and prices, orders in the group */
    QUND_CALL_CLOSE,   /* staff: no more orders; ends ORDER */
    QUND_CALL_TOPIC,   /* staff: tonight's topic, tell us */
    QUND_CALL_PEER,    /* a member: who joins me? A "+1" now answers him */
    QUND_CALL_OPENED   /* kept by the engine, found by nobody: when the running chain was opened */
};
#define QUND_CALL_KINDS 8
const char *qund_call_name(enum qund_call c);
enum qund_call qund_call_find(struct qund_str folded, bool from_staff);

/* Milliseconds since the last call of each kind in this group, -1: none. */
struct qund_calls {
    int64_t age_ms[QUND_CALL_KINDS];
};
void qund_calls_none(struct qund_calls *c);

enum qund_says { QUND_SAYS_SIGNED, QUND_SAYS_CONFIRMED, QUND_SAYS_CANCELLED, QUND_SAYS_MAYBE };
const char *qund_says_name(enum qund_says s); /* "signed", … */

struct qund_signup {
    enum qund_says state;
    bool fresh;           /* a new or changed row: the intent signup; a doubt alone is not */
    uint16_t party;       /* 0: not said */
    struct qund_str name; /* NONE: the sender; else borrowed from the folded text, of a removed
                             row from the list before */
    char room[QUND_ROOM_TEXT_MAX]; /* "": not said */
};

/* Plain words only (chains are chain.h's). True when the message signs up, confirms, cancels or
 * doubts. `signed_up`: the sender stands in the running sign-up, so 能去 confirms instead of
 * signing up anew. *out has no name and no room; the caller adds the room it found. */
bool qund_signup_find(struct qund_str folded, const struct qund_calls *calls, bool signed_up,
                      struct qund_signup *out);
/* Orders in the group: "土鸡蛋来一板", "3", "1×2" while ORDER is open. */
bool qund_signup_order(struct qund_str folded, const struct qund_calls *calls);
#endif
