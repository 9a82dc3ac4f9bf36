/* handed.c - pushes of targets that plugins serve.
 *
 * Pace, order, credit and breaker are the target's here as for a webhook; only the try itself is
 * made elsewhere, on the loop. Between the two threads goes a token, a number that is never used
 * again: an outcome that comes too late, twice or for a push of another life finds no job and
 * changes nothing. A plugin that does not answer in the target's time leaves its push unknown,
 * which is what it is. */
#include "core/file.h"
#include "deliver/deliver_parts.h"

#define GRACE_MS 1000 /* the plugin's own time limit should come first */

struct ended_note {
    struct note note;
    struct qund_ended ended;
    struct qund_buf room;
};

struct qund_handed *qund_handed_free(struct qund_handed *h)
{
    if (h) {
        qund_free(h->target);
        qund_free(h->item.target);
        qund_free(h->item.body);
        qund_free(h->item.key);
    }
    qund_free(h);
    return NULL;
}

static struct qund_handed *copy_of(const struct qund_job *j)
{
    struct qund_handed *h = qund_alloc(sizeof(*h));

    h->token = j->token;
    h->target = qund_strdup(j->target->name);
    h->item = j->item;
    h->item.target = qund_strdup(j->item.target);
    h->item.body = qund_strdup(j->item.body);
    h->item.key = qund_strdup(j->item.key ? j->item.key : "");
    h->timeout_ms = j->target->cfg->timeout_ms;
    return h;
}

void qund_handed_begin(struct qund_deliver *d, struct qund_job *j)
{
    struct qund_handed *h;

    j->call = NULL;
    j->token = ++d->last_token;
    j->end_by_ms = qund_mono_now().ms + j->target->cfg->timeout_ms + GRACE_MS;
    h = copy_of(j);
    if (d->deps.hand && d->deps.hand(d->deps.hand_arg, h)) {
        qund_jobs_add(&j->target->flying, j);
        return;
    }
    qund_handed_free(h);
    qund_deliver_end(d, j,
                     &(struct qund_outcome){.event = QUND_OUT_EV_RETURNED,
                                            .retry_ms = -1,
                                            .reason = "the program stops"},
                     QUND_STR_NONE);
}

static void finish(struct qund_deliver *d, struct qund_job *j, const struct qund_ended *e)
{
    struct qund_target *t = j->target;
    enum qund_repeat repeat = t->cfg ? t->cfg->own.repeat : QUND_REPEAT_NEVER;
    struct qund_outcome o = qund_outcome_told(e, repeat, &j->item);

    qund_jobs_remove(&t->flying, j);
    qund_histogram_add_us(d->m_seconds, qund_mono_us() - j->begun_us, 1);
    qund_target_judge(t, &o);
    qund_deliver_end(d, j, &o, e->their_id);
}

void qund_handed_expire(struct qund_deliver *d, struct qund_target *t)
{
    int64_t now = qund_mono_now().ms;
    struct qund_job *next;

    for (struct qund_job *j = t->flying.head; j; j = next) {
        next = j->next;
        if (!j->call && now >= j->end_by_ms)
            finish(d, j,
                   &(struct qund_ended){.how = QUND_UNKNOWN,
                                        .retry_after_ms = -1,
                                        .detail = QUND_STR("the plugin said nothing in time")});
    }
}

int64_t qund_handed_wake_ms(const struct qund_target *t)
{
    int64_t wake = INT64_MAX;

    for (const struct qund_job *j = t->flying.head; j; j = j->next)
        if (!j->call && j->end_by_ms < wake)
            wake = j->end_by_ms;
    return wake;
}

static struct qund_job *job_of(struct qund_deliver *d, uint64_t token)
{
    for (size_t i = 0; i < d->n_targets; i++)
        for (struct qund_job *j = d->targets[i]->flying.head; j; j = j->next)
            if (!j->call && j->token == token)
                return j;
    return NULL;
}

static void take_ended(struct qund_deliver *d, struct note *n)
{
    struct ended_note *note = QUND_CONTAINER(n, struct ended_note, note);
    struct qund_job *j = job_of(d, note->ended.token);

    if (j)
        finish(d, j, &note->ended);
    else
        qund_counter_add(d->m_strays, 1);
    qund_buf_done(&note->room);
    qund_free(note);
}

void qund_deliver_ended(struct qund_deliver *d, const struct qund_ended *e)
{
    struct ended_note *note = qund_alloc(sizeof(*note));
    struct qund_str detail = e->detail.p ? e->detail : QUND_STR(""), id = e->their_id;

    note->note.take = take_ended;
    note->ended = *e;
    qund_buf_reserve(&note->room, detail.n + id.n + 1);
    qund_buf_str(&note->room, detail);
    qund_buf_str(&note->room, id);
    note->ended.detail = qund_str_n(note->room.p, detail.n);
    note->ended.their_id = id.p ? qund_str_n(note->room.p + detail.n, id.n) : QUND_STR_NONE;
    qund_mbox_put_always(d->mbox, &note->note.node);
}
