/* src/sop/content.c - what will be said in the coming days, with its words as far as they are known
 * today, and what is missing to say it.
 *
 * A task is held when its content is not there at its time; who writes the posters wants to know
 * two weeks before. So the tasks of running plans are gone through as if they were due now, by the
 * very functions that fill them then: a variable that nobody could fill today is named, a draft is
 * shown with the day by which it must be written (`ready_by`), and what a person fills in by hand
 * when posting is told apart from both.
 *
 * It is a command only because the words are filled by the engine's own means; it changes nothing.
 */
#include "sop/plan_parts.h"
#include "sop/task_parts.h"

enum { DAYS = 14, DAYS_MAX = 92, TASKS_MAX = 500, NAMES_MAX = 32 };

struct coming {
    struct plan_cmd *c;
    struct task_all a;
    struct qund_str missing[NAMES_MAX];
    size_t n_missing;
    int rc;
};

/* --- is it there? --- */

/* The variable alone, filled as the text would be. */
static int look_at(void *arg, struct qund_str name)
{
    struct coming *x = arg;
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf filled = {0};
    size_t missing = 0;

    for (size_t i = 0; i < x->n_missing; i++)
        if (qund_str_eq(x->missing[i], name))
            return 0;
    qund_buf_printf(&text, "{{%.*s}}", QUND_STR_ARG(name));
    x->rc = qund_task_fill(x->c->s, &x->a, qund_buf_view(&text), x->c->ask->now, &filled, &missing);
    if (x->rc == 0 && missing > 0 && x->n_missing < NAMES_MAX)
        x->missing[x->n_missing++] = name;
    return x->rc;
}

static const char *readiness(const struct coming *x)
{
    if (x->a.step->unfinished && x->a.t.plan_b == 0)
        return "draft";
    if (x->n_missing > 0)
        return "missing";
    return qund_sop_has_gap(x->a.t.content) ? "by_hand" : "ready";
}

/* --- as JSON --- */

static void put_place(const struct coming *x, struct qund_jw *w)
{
    const struct task_all *a = &x->a;
    QUND_AUTO(qund_buf_done) struct qund_buf nick = {0};
    struct qund_crm_group *g;

    qund_jw_kint(w, "id", a->t.id);
    qund_jw_kint(w, "plan", a->t.plan);
    qund_jw_kstr(w, "plan_name", a->plan.name);
    if (a->plan.state == QUND_PLAN_PAUSED)
        qund_jw_kbool(w, "paused", true);
    qund_jw_kstr(w, "step", a->t.step);
    if (a->step->title.n > 0)
        qund_jw_kstr(w, "title", a->step->title);
    if (a->t.plan_b > 0)
        qund_jw_kint(w, "plan_b", a->t.plan_b);
    if (a->t.grp > 0) {
        qund_jw_kint(w, "group", a->t.grp);
        if (qund_crm_group_by_id(x->c->s->deps.crm, a->t.grp, &g) == 0)
            qund_jw_kstr(w, "group_name", g->name.n > 0 ? g->name : g->pid);
    }
    if (a->t.contact > 0) {
        qund_jw_kint(w, "contact", a->t.contact);
        if (qund_fill_sql_nick(x->c->s->deps.db, a->t.grp, a->t.contact, &nick) == 0)
            qund_jw_kstr(w, "contact_name", qund_buf_view(&nick));
    }
}

static int put_words(struct coming *x, struct qund_jw *w)
{
    const struct task_all *a = &x->a;
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    size_t missing = 0;
    int64_t by;
    int rc = qund_task_fill(x->c->s, a, a->t.content, x->c->ask->now, &text, &missing);

    if (rc < 0)
        return rc;
    qund_jw_kstr(w, "content", qund_buf_view(&text));
    if (a->t.media.n > 0) {
        qund_jw_key(w, "media");
        qund_jw_raw(w, a->t.media);
    }
    qund_jw_kz(w, "content_is", readiness(x));
    qund_jw_key(w, "missing");
    qund_jw_arr(w);
    for (size_t i = 0; i < x->n_missing; i++)
        qund_jw_str(w, x->missing[i]);
    qund_jw_end_arr(w);
    if (a->step->has_ready_by && qund_sop_when(&a->clock, &a->step->ready_by, &by) == 0) {
        qund_jw_kts(w, "ready_by", by);
        qund_jw_kbool(w, "overdue", a->step->unfinished && by < x->c->ask->now);
    }
    return 0;
}

/* 1: it is none of those that are shown (its plan has ended meanwhile). */
static int put_one(struct coming *x, int64_t id, struct qund_jw *w)
{
    int rc = qund_task_all(x->c->s, x->c->arena, id, &x->a);

    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 1 : rc;
    if (x->a.plan.state > QUND_PLAN_PAUSED)
        return 1;
    x->n_missing = 0;
    x->rc = 0;
    rc = qund_sop_vars(x->a.t.content, look_at, x);
    if (rc < 0 || x->rc < 0)
        return x->rc < 0 ? x->rc : rc;
    qund_jw_obj(w);
    put_place(x, w);
    qund_jw_kz(w, "state", qund_task_state_name(x->a.t.state));
    qund_jw_kts(w, "due", x->a.t.due);
    qund_jw_kts(w, "closes", x->a.t.closes);
    qund_jw_kz(w, "role", qund_sop_role_name((enum qund_sop_role)x->a.t.role));
    qund_jw_kz(w, "channel", qund_sop_channel_name((enum qund_sop_channel)x->a.t.channel));
    rc = put_words(x, w);
    qund_jw_end_obj(w);
    return rc;
}

/* --- the command --- */

enum { C_DAYS, C_PLAN, C_GROUP, C_KEYS };

static int read_ask(struct plan_cmd *c, struct sop_coming *out)
{
    static const char *const keys[C_KEYS] = {"days", "plan", "group"};
    struct qund_str raw[C_KEYS];
    int64_t days = DAYS;
    int rc = qund_sop_body_read(c->arena, c->ask->body, keys, C_KEYS, raw, c->err);

    *out = (struct sop_coming){.from = c->ask->now};
    if (rc == 0)
        rc = qund_sop_body_int(raw[C_DAYS], "days", &days, c->err);
    if (rc == 0)
        rc = qund_sop_body_int(raw[C_PLAN], "plan", &out->plan, c->err);
    if (rc == 0)
        rc = qund_sop_body_int(raw[C_GROUP], "group", &out->grp, c->err);
    if (rc == 0 && (days < 1 || days > DAYS_MAX))
        rc = qund_err_set(c->err, QUND_E_INVAL, "days", "must be from 1 to %d", DAYS_MAX);
    out->until = out->from + days * QUND_DAY_MS;
    return rc;
}

int qund_plan_content(struct plan_cmd *c)
{
    int64_t *ids = qund_arena_alloc(c->arena, (TASKS_MAX + 1) * sizeof(*ids));
    struct coming *x = qund_arena_zalloc(c->arena, sizeof(*x));
    struct qund_jw w = qund_jw(c->reply);
    struct sop_coming ask;
    int n, rc = read_ask(c, &ask);

    if (rc < 0)
        return rc;
    x->c = c;
    n = qund_plan_task_sql_coming(c->s->deps.db, &ask, ids, TASKS_MAX + 1);
    qund_jw_obj(&w);
    qund_jw_key(&w, "tasks");
    qund_jw_arr(&w);
    for (int i = 0; rc >= 0 && i < n && i < TASKS_MAX; i++)
        rc = put_one(x, ids[i], &w);
    qund_jw_end_arr(&w);
    qund_jw_kbool(&w, "more", n > TASKS_MAX);
    qund_jw_end_obj(&w);
    return rc < 0 ? rc : n < 0 ? n : 0;
}
