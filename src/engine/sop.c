/* src/engine/sop.c - where plans meet the stream: what was said proves tasks and is what plans wait
 * for, and their timers run here.
 *
 * Every event passes, few matter. A message asks two questions from memory first: does a plan
 * listen at all, is something of this group to be proved by the staff? What is old or replayed
 * counts in figures like any other, but nothing is begun or proved by it. */
#include "engine/sop.h"
#include "sop/measure.h"

/* --- messages --- */

static int64_t staff_of(struct qund_engine *e, const struct subject *s)
{
    return s->role == QUND_ROLE_STAFF ? qund_crm_staff_of(e->crm, s->sender) : 0;
}

/* Somebody who may have been asked to say something: staff, or an invited customer. */
static int proves(struct qund_engine *e, const struct subject *s)
{
    struct qund_sop_effects fx;
    struct qund_task_post p;
    bool awaited = false;
    int rc;

    if (!s->group || !s->sender || (s->role != QUND_ROLE_STAFF && s->role != QUND_ROLE_KOC))
        return 0;
    rc = qund_task_awaits(e->sop, s->row.grp, s->ev->ts, &awaited);
    if (rc < 0 || !awaited)
        return rc;
    rc = qund_engine_sop_begin(e, &fx);
    if (rc < 0)
        return rc;
    p = (struct qund_task_post){.group = s->row.grp,
                                .seq = s->row.seq,
                                .ts = s->ev->ts,
                                .now = e->now,
                                .staff = staff_of(e, s),
                                .contact = s->row.contact,
                                .text = s->ev->text,
                                .folded = &e->folded,
                                .media = s->ev->media};
    rc = qund_task_posted(e->sop, &p, &fx);
    return rc < 0 ? rc : qund_engine_sop_apply(e, &fx);
}

int qund_engine_sop_tell(struct qund_engine *e, const struct qund_sop_event *ev)
{
    struct qund_sop_effects fx;
    int rc = qund_engine_sop_begin(e, &fx);

    if (rc == 0)
        rc = qund_sop_hear(e->sop, ev, e->now, &fx);
    return rc < 0 ? rc : qund_engine_sop_apply(e, &fx);
}

static bool customer(const struct subject *s)
{
    return s->sender && (s->role == QUND_ROLE_CUSTOMER || s->role == QUND_ROLE_KOC);
}

int qund_engine_sop_message(struct qund_engine *e, const struct subject *s, const struct verdict *v)
{
    int rc;

    if (s->quiet)
        return 0;
    rc = proves(e, s);
    if (rc < 0 || !customer(s) || !qund_sop_listens(e->sop))
        return rc;
    rc = qund_engine_sop_tell(e, &(struct qund_sop_event){.what = QUND_SOP_SAID,
                                                          .group = s->group ? s->row.grp : 0,
                                                          .contact = s->row.contact,
                                                          .seq = s->row.seq,
                                                          .ts = s->ev->ts,
                                                          .text = qund_buf_view(&e->folded.text)});
    if (rc == 0 && qund_verdict_has(v, "opt_out"))
        rc = qund_engine_sop_tell(e, &(struct qund_sop_event){.what = QUND_SOP_OPTED_OUT,
                                                              .group = s->group ? s->row.grp : 0,
                                                              .contact = s->row.contact,
                                                              .seq = s->row.seq,
                                                              .ts = s->ev->ts});
    return rc;
}

int qund_engine_sop_hear(struct qund_engine *e, const struct subject *s, enum qund_sop_what what,
                         int64_t contact, struct qund_str name)
{
    if (s->quiet || !qund_sop_listens(e->sop))
        return 0;
    return qund_engine_sop_tell(e, &(struct qund_sop_event){.what = what,
                                                            .group = s->group ? s->row.grp : 0,
                                                            .contact = contact,
                                                            .seq = s->row.seq,
                                                            .ts = s->ev->ts,
                                                            .name = name});
}

/* --- other events --- */

/* Whom a click, a form, an order is of. */
static int person_of(struct qund_engine *e, const struct subject *s, int64_t *out)
{
    struct qund_str pid = qund_data_str(e, s->ev->data, "person");
    struct qund_crm_contact *c = NULL;
    int rc = 0;

    *out = s->row.contact;
    if (pid.n > 0)
        rc = qund_crm_contact(e->crm, s->ev->realm, pid, QUND_STR_NONE, QUND_ROLE_NONE, s->ev->ts,
                              &c);
    if (rc == 0 && c)
        *out = c->id;
    return rc;
}

/* Which link, form or event it was about. */
static struct qund_str what_of(struct qund_engine *e, const struct subject *s)
{
    static const char *const KEYS[] = {"link", "form", "event", "order", "coupon"};
    struct qund_str what = QUND_STR_NONE;

    for (size_t i = 0; what.n == 0 && i < QUND_ARRAY_LEN(KEYS); i++)
        what = qund_data_str(e, s->ev->data, KEYS[i]);
    return what;
}

static int keep_fact(struct qund_engine *e, const struct subject *s, int64_t contact)
{
    int64_t party = qund_data_int(e, s->ev->data, "party");
    int64_t n = party ? party : qund_data_int(e, s->ev->data, "n");

    return qund_sop_fact_put(e->db, &(struct qund_sop_fact){.group = s->group ? s->row.grp : 0,
                                                            .contact = contact,
                                                            .ts = s->ev->ts,
                                                            .seq = s->row.seq,
                                                            .n = n > 0 ? n : 1,
                                                            .kind = s->ev->type_name,
                                                            .what = what_of(e, s)});
}

/* Messages have an entrance of their own, and who came and went is told where it is known that it
 * changed something (member.c). */
static bool told_elsewhere(enum qund_event_type t)
{
    return t == QUND_EV_MESSAGE || t == QUND_EV_MEMBER_JOIN || t == QUND_EV_MEMBER_LEAVE;
}

int qund_engine_sop_event(struct qund_engine *e, const struct subject *s)
{
    bool fact, heard;
    int64_t contact;
    int rc;

    if (told_elsewhere(s->ev->type))
        return 0;
    fact = qund_sop_fact_counts(s->ev->type_name);
    heard = !s->quiet && qund_sop_listens(e->sop);
    if (!fact && !heard)
        return 0;
    rc = person_of(e, s, &contact);
    if (rc == 0 && fact)
        rc = keep_fact(e, s, contact);
    if (rc == 0 && heard)
        rc = qund_engine_sop_tell(e, &(struct qund_sop_event){.what = QUND_SOP_HAPPENED,
                                                              .group = s->group ? s->row.grp : 0,
                                                              .contact = contact,
                                                              .seq = s->row.seq,
                                                              .ts = s->ev->ts,
                                                              .name = s->ev->type_name});
    return rc;
}

int qund_engine_sop_recalled(struct qund_engine *e, int64_t seq)
{
    struct qund_sop_effects fx;
    int rc = qund_engine_sop_begin(e, &fx);

    if (rc == 0)
        rc = qund_sop_fact_withdraw(e->db, seq);
    if (rc == 0)
        rc = qund_task_recalled(e->sop, seq, e->now, &fx);
    return rc < 0 ? rc : qund_engine_sop_apply(e, &fx);
}

int qund_engine_sop_said(struct qund_engine *e, int64_t task, enum qund_out_event event,
                         struct qund_str reason)
{
    struct qund_sop_effects fx;
    int rc = qund_engine_sop_begin(e, &fx);

    if (rc == 0)
        rc = qund_task_said(e->sop, task, event, reason, e->now, &fx);
    return rc < 0 ? rc : qund_engine_sop_apply(e, &fx);
}

/* --- timers --- */

static int plan_begin(struct qund_engine *e, const struct qund_timer *t,
                      struct qund_sop_effects *fx)
{
    int64_t id;
    int rc = qund_str_int(t->key, &id);

    return rc < 0 ? rc : qund_plan_begin(e->sop, id, t->body, e->now, fx);
}

static int plan_sweep(struct qund_engine *e, const struct qund_timer *t,
                      struct qund_sop_effects *fx)
{
    (void)t;
    return qund_plan_sweep(e->sop, e->now, fx);
}

static const struct {
    const char *kind;
    int (*task)(struct qund_sop *s, const struct qund_task_at *at, struct qund_sop_effects *fx);
    int (*plan)(struct qund_engine *e, const struct qund_timer *t, struct qund_sop_effects *fx);
} KINDS[] = {
    {QUND_TASK_DUE, qund_task_due, NULL},
    {QUND_TASK_CLOSE, qund_task_close, NULL},
    {QUND_TASK_ESCALATE, qund_task_escalate, NULL},
    {QUND_TASK_WATCH, qund_task_watch, NULL},
    {QUND_EXPECT_CLOSE, qund_expect_close, NULL},
    {QUND_PLAN_BEGIN, NULL, plan_begin},
    {QUND_PLAN_SWEEP, NULL, plan_sweep},
};

static int run(struct qund_engine *e, const struct qund_timer *t, size_t kind,
               struct qund_sop_effects *fx)
{
    struct qund_task_at at = {.now = e->now, .reach = e->reach > e->now ? e->reach : e->now};
    int rc;

    if (KINDS[kind].plan)
        return KINDS[kind].plan(e, t, fx);
    rc = qund_str_int(t->key, &at.task);
    return rc < 0 ? rc : KINDS[kind].task(e->sop, &at, fx);
}

int qund_engine_sop_timer(struct qund_engine *e, const struct qund_timer *t)
{
    struct qund_sop_effects fx;
    int rc = qund_engine_sop_begin(e, &fx);
    size_t i = 0;

    while (i < QUND_ARRAY_LEN(KINDS) && !qund_str_is(t->kind, KINDS[i].kind))
        i++;
    if (i == QUND_ARRAY_LEN(KINDS))
        return QUND_E_BUG; /* timer.c names what is run here */
    if (rc == 0)
        rc = run(e, t, i, &fx);
    return rc < 0 ? rc : qund_engine_sop_apply(e, &fx);
}
