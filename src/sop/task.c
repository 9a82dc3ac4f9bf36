/* src/sop/task.c - what may happen to a task, as one table.
 *
 * The table is the code, the documentation (docs/sop-tasks.md is printed from it) and what the test
 * walks. An empty cell is refused: whoever asked is told what is the case already, so a button
 * pressed twice, or by two people at once, has one effect.
 *
 * A task can be done before anybody was told (somebody who knows the plan posts at five to eight),
 * and while it is held: what was seen in the chat is not argued with. `done` is the one end that
 * still changes, and only in what is known of it: a claim becomes a proof when the post is found,
 * and a claim again when the post is recalled. A task that is over does not begin again; what is to
 * happen instead (a plan B) is a task of its own. The exception is an edit of the plan by which a
 * step that lay in the past, and was skipped for that, lies ahead. A post that comes when its
 * window is over is kept with the task, and the task stays expired.
 *
 * Postponing and planning anew lead back to `planned`, so there is one way by which a card comes to
 * somebody, and it looks again at all that may hold or skip it. Handing over leads back to `ready`:
 * it is due all the same, and somebody else is told at once. */
#include "sop/task.h"

static const char *const STATES[QUND_TASK_STATES] = {
    [QUND_TASK_PLANNED] = "planned",     [QUND_TASK_HELD] = "held",
    [QUND_TASK_READY] = "ready",         [QUND_TASK_PUSHED] = "pushed",
    [QUND_TASK_SEEN] = "seen",           [QUND_TASK_DONE] = "done",
    [QUND_TASK_SKIPPED] = "skipped",     [QUND_TASK_EXPIRED] = "expired",
    [QUND_TASK_CANCELLED] = "cancelled", [QUND_TASK_FAILED] = "failed",
};
static const char *const EVENTS[QUND_TASK_EVENTS] = {
    [QUND_TASK_EV_DUE] = "due",           [QUND_TASK_EV_HOLD] = "hold",
    [QUND_TASK_EV_RELEASE] = "release",   [QUND_TASK_EV_PUSH] = "push",
    [QUND_TASK_EV_SEE] = "see",           [QUND_TASK_EV_CLAIM] = "claim",
    [QUND_TASK_EV_PROVE] = "prove",       [QUND_TASK_EV_DISPROVE] = "disprove",
    [QUND_TASK_EV_POSTPONE] = "postpone", [QUND_TASK_EV_HAND_OVER] = "hand_over",
    [QUND_TASK_EV_SKIP] = "skip",         [QUND_TASK_EV_EXPIRE] = "expire",
    [QUND_TASK_EV_CANCEL] = "cancel",     [QUND_TASK_EV_FAIL] = "fail",
    [QUND_TASK_EV_REPLAN] = "replan",     [QUND_TASK_EV_POST_LATE] = "post_late",
};
static const char *const EVIDENCE[] = {"none", "claimed", "proved"};

#define TO(s) ((uint8_t)(QUND_TASK_##s + 1)) /* 0 is "refused" */
/* How any task that is not over may end. */
#define ENDS                                                                \
    [QUND_TASK_EV_CLAIM] = TO(DONE), [QUND_TASK_EV_PROVE] = TO(DONE),       \
    [QUND_TASK_EV_SKIP] = TO(SKIPPED), [QUND_TASK_EV_EXPIRE] = TO(EXPIRED), \
    [QUND_TASK_EV_CANCEL] = TO(CANCELLED), [QUND_TASK_EV_FAIL] = TO(FAILED)

static const uint8_t TABLE[QUND_TASK_STATES][QUND_TASK_EVENTS] = {
    [QUND_TASK_PLANNED] = {[QUND_TASK_EV_DUE] = TO(READY),
                           [QUND_TASK_EV_HOLD] = TO(HELD),
                           [QUND_TASK_EV_POSTPONE] = TO(PLANNED),
                           [QUND_TASK_EV_REPLAN] = TO(PLANNED),
                           ENDS},
    [QUND_TASK_HELD] = {[QUND_TASK_EV_RELEASE] = TO(PLANNED),
                        [QUND_TASK_EV_POSTPONE] = TO(PLANNED),
                        [QUND_TASK_EV_REPLAN] = TO(PLANNED),
                        ENDS},
    [QUND_TASK_READY] = {[QUND_TASK_EV_HOLD] = TO(HELD),
                         [QUND_TASK_EV_PUSH] = TO(PUSHED),
                         [QUND_TASK_EV_SEE] = TO(SEEN),
                         [QUND_TASK_EV_POSTPONE] = TO(PLANNED),
                         [QUND_TASK_EV_HAND_OVER] = TO(READY),
                         [QUND_TASK_EV_REPLAN] = TO(PLANNED),
                         ENDS},
    [QUND_TASK_PUSHED] = {[QUND_TASK_EV_PUSH] = TO(PUSHED),
                          [QUND_TASK_EV_SEE] = TO(SEEN),
                          [QUND_TASK_EV_POSTPONE] = TO(PLANNED),
                          [QUND_TASK_EV_HAND_OVER] = TO(READY),
                          ENDS},
    [QUND_TASK_SEEN] = {[QUND_TASK_EV_PUSH] = TO(SEEN),
                        [QUND_TASK_EV_POSTPONE] = TO(PLANNED),
                        [QUND_TASK_EV_HAND_OVER] = TO(READY),
                        ENDS},
    [QUND_TASK_DONE] = {[QUND_TASK_EV_PROVE] = TO(DONE), [QUND_TASK_EV_DISPROVE] = TO(DONE)},
    [QUND_TASK_SKIPPED] = {[QUND_TASK_EV_REPLAN] = TO(PLANNED)},
    [QUND_TASK_EXPIRED] = {[QUND_TASK_EV_POST_LATE] = TO(EXPIRED)},
};

const char *qund_task_state_name(enum qund_task_state s)
{
    return (unsigned)s < QUND_TASK_STATES ? STATES[s] : "?";
}

int qund_task_state_parse(struct qund_str name)
{
    return qund_str_index(name, STATES, QUND_TASK_STATES);
}

bool qund_task_open(enum qund_task_state s)
{
    return (unsigned)s < QUND_TASK_DONE;
}

const char *qund_task_event_name(enum qund_task_event e)
{
    return (unsigned)e < QUND_TASK_EVENTS ? EVENTS[e] : "?";
}

int qund_task_next(enum qund_task_state s, enum qund_task_event e)
{
    if ((unsigned)s >= QUND_TASK_STATES || (unsigned)e >= QUND_TASK_EVENTS || TABLE[s][e] == 0)
        return QUND_E_INVAL;
    return TABLE[s][e] - 1;
}

const char *qund_task_evidence_name(enum qund_task_evidence e)
{
    return (unsigned)e < QUND_ARRAY_LEN(EVIDENCE) ? EVIDENCE[e] : "?";
}

enum qund_task_evidence qund_task_evidence_after(enum qund_task_evidence before,
                                                 enum qund_task_event e)
{
    if (e == QUND_TASK_EV_PROVE)
        return QUND_TASK_PROVED;
    if (e == QUND_TASK_EV_DISPROVE)
        return QUND_TASK_CLAIMED;
    if (e == QUND_TASK_EV_CLAIM && before == QUND_TASK_NO_EVIDENCE)
        return QUND_TASK_CLAIMED;
    return before;
}

void qund_task_table_doc(struct qund_buf *out)
{
    qund_buf_puts(out, "| state |");
    for (int e = 0; e < (int)QUND_TASK_EVENTS; e++)
        qund_buf_printf(out, " %s |", EVENTS[e]);
    qund_buf_puts(out, "\n|---|");
    for (int e = 0; e < (int)QUND_TASK_EVENTS; e++)
        qund_buf_puts(out, "---|");
    for (int s = 0; s < (int)QUND_TASK_STATES; s++) {
        qund_buf_printf(out, "\n| **%s** |", STATES[s]);
        for (int e = 0; e < (int)QUND_TASK_EVENTS; e++)
            qund_buf_printf(out, " %s |", TABLE[s][e] ? STATES[TABLE[s][e] - 1] : "");
    }
    qund_buf_char(out, '\n');
}
