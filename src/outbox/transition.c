/* src/outbox/transition.c - what may happen to a row that waits to leave, as one table.
 *
 * The table is the code, the documentation (docs/deliveries.md is printed from it) and what the
 * test walks. An empty cell is refused. `unknown` is a state of its own because neither "sent" nor
 * "not sent" would be true: bytes may have left and no answer came. What leaves it is a person's
 * choice or a retry towards a receiver that recognises repeats. `merged` is where a row's own way
 * ends: the card it is part of has a row of its own. */
#include "outbox/outbox.h"

static const char *const STATES[QUND_OUT_STATES] = {
    [QUND_OUT_QUEUED] = "queued",       [QUND_OUT_SENDING] = "sending",
    [QUND_OUT_ACCEPTED] = "accepted",   [QUND_OUT_AWAITING_PERSON] = "awaiting_person",
    [QUND_OUT_DELIVERED] = "delivered", [QUND_OUT_RETRY_AT] = "retry_at",
    [QUND_OUT_QUOTA_HIT] = "quota_hit", [QUND_OUT_UNKNOWN] = "unknown",
    [QUND_OUT_MERGED] = "merged",       [QUND_OUT_FAILED] = "failed",
    [QUND_OUT_EXPIRED] = "expired",     [QUND_OUT_CANCELLED] = "cancelled",
    [QUND_OUT_HELD] = "held",
};
static const char *const EVENTS[QUND_OUT_EVENTS] = {
    [QUND_OUT_EV_SEND] = "send",       [QUND_OUT_EV_ACCEPTED] = "accepted",
    [QUND_OUT_EV_PERSON] = "person",   [QUND_OUT_EV_PROVED] = "proved",
    [QUND_OUT_EV_RETRY] = "retry",     [QUND_OUT_EV_QUOTA] = "quota",
    [QUND_OUT_EV_UNKNOWN] = "unknown", [QUND_OUT_EV_RETURNED] = "returned",
    [QUND_OUT_EV_DUE] = "due",         [QUND_OUT_EV_DROP] = "drop",
    [QUND_OUT_EV_EXPIRE] = "expire",   [QUND_OUT_EV_CANCEL] = "cancel",
    [QUND_OUT_EV_RESEND] = "resend",   [QUND_OUT_EV_HOLD] = "hold",
    [QUND_OUT_EV_MERGE] = "merge",     [QUND_OUT_EV_REST] = "rest",
};

#define TO(s) ((uint8_t)(QUND_OUT_##s + 1)) /* 0 is "refused" */

static const uint8_t TABLE[QUND_OUT_STATES][QUND_OUT_EVENTS] = {
    [QUND_OUT_QUEUED] = {[QUND_OUT_EV_SEND] = TO(SENDING),
                         [QUND_OUT_EV_EXPIRE] = TO(EXPIRED),
                         [QUND_OUT_EV_CANCEL] = TO(CANCELLED),
                         [QUND_OUT_EV_HOLD] = TO(HELD),
                         [QUND_OUT_EV_MERGE] = TO(MERGED),
                         [QUND_OUT_EV_REST] = TO(RETRY_AT)},
    [QUND_OUT_SENDING] = {[QUND_OUT_EV_ACCEPTED] = TO(ACCEPTED),
                          [QUND_OUT_EV_PERSON] = TO(AWAITING_PERSON),
                          [QUND_OUT_EV_PROVED] = TO(DELIVERED),
                          [QUND_OUT_EV_RETRY] = TO(RETRY_AT),
                          [QUND_OUT_EV_QUOTA] = TO(QUOTA_HIT),
                          [QUND_OUT_EV_UNKNOWN] = TO(UNKNOWN),
                          [QUND_OUT_EV_RETURNED] = TO(QUEUED),
                          [QUND_OUT_EV_DROP] = TO(FAILED),
                          [QUND_OUT_EV_HOLD] = TO(HELD)},
    [QUND_OUT_ACCEPTED] =
        {[QUND_OUT_EV_PERSON] = TO(AWAITING_PERSON), [QUND_OUT_EV_PROVED] = TO(DELIVERED)},
    [QUND_OUT_AWAITING_PERSON] = {[QUND_OUT_EV_PROVED] = TO(DELIVERED),
                                  [QUND_OUT_EV_EXPIRE] = TO(EXPIRED),
                                  [QUND_OUT_EV_CANCEL] = TO(CANCELLED)},
    [QUND_OUT_RETRY_AT] = {[QUND_OUT_EV_DUE] = TO(QUEUED),
                           [QUND_OUT_EV_EXPIRE] = TO(EXPIRED),
                           [QUND_OUT_EV_CANCEL] = TO(CANCELLED),
                           [QUND_OUT_EV_RESEND] = TO(QUEUED),
                           [QUND_OUT_EV_HOLD] = TO(HELD)},
    [QUND_OUT_QUOTA_HIT] = {[QUND_OUT_EV_DUE] = TO(QUEUED),
                            [QUND_OUT_EV_EXPIRE] = TO(EXPIRED),
                            [QUND_OUT_EV_CANCEL] = TO(CANCELLED),
                            [QUND_OUT_EV_RESEND] = TO(QUEUED),
                            [QUND_OUT_EV_HOLD] = TO(HELD)},
    [QUND_OUT_UNKNOWN] = {[QUND_OUT_EV_PROVED] = TO(DELIVERED),
                          [QUND_OUT_EV_DUE] = TO(QUEUED),
                          [QUND_OUT_EV_RESEND] = TO(QUEUED),
                          [QUND_OUT_EV_CANCEL] = TO(CANCELLED),
                          [QUND_OUT_EV_HOLD] = TO(HELD)},
    [QUND_OUT_FAILED] = {[QUND_OUT_EV_RESEND] = TO(QUEUED)},
    [QUND_OUT_EXPIRED] = {[QUND_OUT_EV_RESEND] = TO(QUEUED)},
    [QUND_OUT_HELD] = {[QUND_OUT_EV_RESEND] = TO(QUEUED),
                       [QUND_OUT_EV_PROVED] = TO(DELIVERED),
                       [QUND_OUT_EV_CANCEL] = TO(CANCELLED)},
};

const char *qund_out_state_name(enum qund_out_state s)
{
    return (unsigned)s < QUND_OUT_STATES ? STATES[s] : "?";
}

int qund_out_state_parse(struct qund_str name)
{
    return qund_str_index(name, STATES, QUND_OUT_STATES);
}

const char *qund_out_event_name(enum qund_out_event e)
{
    return (unsigned)e < QUND_OUT_EVENTS ? EVENTS[e] : "?";
}

int qund_out_next(enum qund_out_state s, enum qund_out_event e)
{
    if ((unsigned)s >= QUND_OUT_STATES || (unsigned)e >= QUND_OUT_EVENTS || TABLE[s][e] == 0)
        return QUND_E_INVAL;
    return TABLE[s][e] - 1;
}

bool qund_out_final(enum qund_out_state s)
{
    static const bool FINAL[QUND_OUT_STATES] = {
        [QUND_OUT_ACCEPTED] = true, [QUND_OUT_DELIVERED] = true, [QUND_OUT_MERGED] = true,
        [QUND_OUT_FAILED] = true,   [QUND_OUT_EXPIRED] = true,   [QUND_OUT_CANCELLED] = true};

    return (unsigned)s < QUND_OUT_STATES && FINAL[s];
}

void qund_out_table_doc(struct qund_buf *out)
{
    qund_buf_puts(out, "| state |");
    for (int e = 0; e < (int)QUND_OUT_EVENTS; e++)
        qund_buf_printf(out, " %s |", EVENTS[e]);
    qund_buf_puts(out, "\n|---|");
    for (int e = 0; e < (int)QUND_OUT_EVENTS; e++)
        qund_buf_puts(out, "---|");
    for (int s = 0; s < (int)QUND_OUT_STATES; s++) {
        qund_buf_printf(out, "\n| **%s** |", STATES[s]);
        for (int e = 0; e < (int)QUND_OUT_EVENTS; e++)
            qund_buf_printf(out, " %s |", TABLE[s][e] ? STATES[TABLE[s][e] - 1] : "");
    }
    qund_buf_char(out, '\n');
}
