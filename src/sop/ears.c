/* src/sop/ears.c - what running plans listen for, kept in memory.
 *
 * Every message of every group is asked whether some plan waits for it; nearly always none does. So
 * what plans wait for is read from the rows once and kept until a plan begins, ends or changes, or
 * a transaction is rolled back. It is a cache of rows and nothing else: thrown away at any moment,
 * it comes back the same. */
#include "sop/internal.h"

struct sop_ears {
    bool known, runs;
    uint64_t rollbacks;
    struct qund_arena *arena; /* of this reading */
    struct sop_ear *v;
    size_t n, cap;
};

struct sop_ears *qund_sop_ears_new(void)
{
    struct sop_ears *e = qund_alloc(sizeof(*e));

    e->arena = qund_arena_new(4096);
    return e;
}

struct sop_ears *qund_sop_ears_free(struct sop_ears *e)
{
    if (!e)
        return NULL;
    qund_arena_free(e->arena);
    qund_free(e->v);
    qund_free(e);
    return NULL;
}

void qund_sop_ears_void(struct sop_ears *e)
{
    e->known = false;
}

static bool waits(const struct qund_sop_template *t)
{
    for (size_t i = 0; i < t->n_steps; i++)
        if (t->steps[i].at.base == QUND_SOP_AT_ON)
            return true;
    return false;
}

static struct qund_str folded(struct qund_sop *s, struct qund_arena *arena, struct qund_str what)
{
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};

    if (what.n == 0)
        return QUND_STR_NONE;
    qund_fold_str(s->deps.fold, what, &out);
    return qund_arena_str(arena, qund_buf_view(&out));
}

static int add(struct qund_sop *s, int64_t id)
{
    struct sop_ears *e = s->ears;
    const struct qund_sop_template *t;
    struct qund_plan plan;
    struct sop_ear ear;
    int rc = qund_plan_get(s, e->arena, id, &plan);

    if (rc < 0)
        return rc;
    t = qund_plan_template(s, plan.template, plan.version, &rc);
    if (!t)
        return rc == QUND_E_INVAL ? 0 : rc; /* of an older program: it hears nothing */
    ear = (struct sop_ear){.plan = id,
                           .from = plan.start,
                           .until = plan.until,
                           .trigger = t->trigger,
                           .begins = qund_sop_personal(t) && qund_sop_listening(t),
                           .hears_on = waits(t),
                           .personal = qund_sop_personal(t),
                           .template = plan.template,
                           .version = plan.version};
    if (!ear.begins && !ear.hears_on)
        return 0;
    ear.what = t->trigger == QUND_SOP_KEYWORD ? folded(s, e->arena, t->trigger_what)
                                              : qund_arena_str(e->arena, t->trigger_what);
    rc = qund_plan_sql_targets(s->deps.db, e->arena, id, &ear.groups, &ear.n_groups);
    if (rc < 0)
        return rc;
    if (e->n == e->cap) {
        e->cap = e->cap ? e->cap * 2 : 16;
        e->v = qund_realloc(e->v, e->cap * sizeof(*e->v));
    }
    e->v[e->n++] = ear;
    return 0;
}

static int read_all(struct qund_sop *s)
{
    struct sop_ears *e = s->ears;
    int64_t ids[128], after = 0;
    int n, rc = 0;

    qund_arena_reset(e->arena);
    e->n = 0;
    do {
        n = qund_plan_sql_in_state(s->deps.db, QUND_PLAN_RUNNING, after, ids, QUND_ARRAY_LEN(ids));
        for (int i = 0; rc == 0 && i < n; i++) {
            after = ids[i];
            rc = add(s, ids[i]);
        }
    } while (rc == 0 && n == (int)QUND_ARRAY_LEN(ids));
    if (rc < 0 || n < 0)
        return rc < 0 ? rc : n;
    rc = qund_run_sql_any(s->deps.db, &e->runs);
    e->rollbacks = qund_db_rollbacks(s->deps.db);
    e->known = rc == 0;
    return rc;
}

int qund_sop_ears_all(struct qund_sop *s, const struct sop_ear **v, size_t *n, bool *runs)
{
    struct sop_ears *e = s->ears;
    int rc = 0;

    if (!e->known || e->rollbacks != qund_db_rollbacks(s->deps.db))
        rc = read_all(s);
    *v = e->v;
    *n = rc == 0 ? e->n : 0;
    *runs = rc == 0 && e->runs;
    return rc;
}

bool qund_sop_listens(struct qund_sop *s)
{
    const struct sop_ear *v;
    size_t n;
    bool runs;

    /* Not to be read now: whoever hears next says why. */
    return qund_sop_ears_all(s, &v, &n, &runs) < 0 || n > 0 || runs;
}

bool qund_sop_ear_hears(const struct sop_ear *e, int64_t grp)
{
    size_t from = 0, to = e->n_groups;

    if (e->n_groups > 0 && e->groups[0] == 0)
        return true;
    while (from < to) {
        size_t mid = from + (to - from) / 2;

        if (e->groups[mid] == grp)
            return true;
        if (e->groups[mid] < grp)
            from = mid + 1;
        else
            to = mid;
    }
    return false;
}
