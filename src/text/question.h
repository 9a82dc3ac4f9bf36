/* src/text/question.h - does this message wait for an answer of ours? (essay in question.c).
 * Pure; any thread. */
#ifndef QUND_TEXT_QUESTION_H
#define QUND_TEXT_QUESTION_H
#include "core/core.h"

enum qund_who { QUND_WHO_NONE, QUND_WHO_MEMBER, QUND_WHO_STAFF };

/* The talk around the message, as the engine's rows tell it. {0} with the ages at -1: unknown. */
struct qund_talk {
    enum qund_who reply_to; /* whose message is quoted */
    bool mentions_staff, mentions_member;
    enum qund_who last_who; /* who spoke right before, the sender himself left out */
    int64_t last_age_ms;    /* how long ago, -1: never */
    bool other_room;        /* the message names somebody else's flat */
};

enum qund_question_trait {
    QUND_ASKS = 1,       /* a question in form */
    QUND_REQUESTS = 2,   /* asks for something to be done */
    QUND_TROUBLED = 4,   /* says that something does not work */
    QUND_RHETORICAL = 8, /* only the form of a question */
    QUND_TO_MEMBER = 16, /* meant for a particular neighbour, or an invitation among members */
    QUND_NO_ANSWER = 32  /* says that none is wanted */
};
uint32_t qund_question_traits(struct qund_str folded);
/* The verdict: a question or request that staff owes an answer. */
bool qund_question_find(struct qund_str folded, const struct qund_talk *talk);
#endif
