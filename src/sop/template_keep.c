/* src/sop/template_keep.c - templates as plans pin them, read back from their canonical text.
 *
 * A plan runs for weeks by the version it was made of, whatever becomes of the file. The text of
 * each version lies in the store; what was parsed of it is kept by (id, version), because a task
 * that comes due should not cost a parse. A version never changes, so nothing here is ever stale,
 * but for one that was stored in a batch that was rolled back. */
#include "sop/internal.h"

#define KEPT_MAX 256u /* more are let go when nobody holds one */

struct kept {
    struct qund_sop_template *t;
    int64_t version;
};
struct sop_kept {
    struct qund_db *db;
    uint64_t rollbacks; /* of the handle, when the newest was read */
    struct kept *v;
    size_t n, cap;
};

struct sop_kept *qund_sop_kept_new(struct qund_db *db)
{
    struct sop_kept *k = qund_alloc(sizeof(*k));

    k->db = db;
    k->rollbacks = qund_db_rollbacks(db);
    return k;
}

static void drop(struct sop_kept *k)
{
    for (size_t i = 0; i < k->n; i++)
        qund_sop_template_free(k->v[i].t);
    k->n = 0;
}

struct sop_kept *qund_sop_kept_free(struct sop_kept *k)
{
    if (!k)
        return NULL;
    drop(k);
    qund_free(k->v);
    qund_free(k);
    return NULL;
}

void qund_sop_kept_rest(struct sop_kept *k)
{
    if (k->n > KEPT_MAX || k->rollbacks != qund_db_rollbacks(k->db))
        drop(k);
    k->rollbacks = qund_db_rollbacks(k->db);
}

static const struct qund_sop_template *keep(struct sop_kept *k, struct qund_sop_template *t,
                                            int64_t version)
{
    if (k->n == k->cap) {
        k->cap = k->cap ? k->cap * 2 : 16;
        k->v = qund_realloc(k->v, k->cap * sizeof(*k->v));
    }
    k->v[k->n++] = (struct kept){.t = t, .version = version};
    return t;
}

const struct qund_sop_template *qund_plan_template(struct qund_sop *s, struct qund_str id,
                                                   int64_t version, int *rc)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    struct qund_sop_template *t = NULL;
    struct sop_kept *k = s->kept;
    char name[96];

    *rc = 0;
    for (size_t i = 0; i < k->n; i++)
        if (k->v[i].version == version && qund_str_eq(k->v[i].t->id, id))
            return k->v[i].t;
    *rc = qund_sop_version_sql_body(s->deps.db, id, version, &body);
    if (*rc < 0)
        return NULL;
    snprintf(name, sizeof(name), "%.*s@%lld", QUND_STR_ARG(qund_utf8_cut(id, 60)),
             (long long)version);
    qund_errs_init(&errs, 1);
    *rc = qund_sop_template_parse(name, qund_buf_view(&body), &t, &errs, NULL);
    return *rc < 0 ? NULL : keep(k, t, version);
}

const struct qund_sop_step *qund_plan_step(struct qund_sop *s, const struct qund_plan *plan,
                                           struct qund_str id, bool plan_b, int *rc)
{
    for (int64_t version = plan->version; version > 0; version--) {
        const struct qund_sop_template *t = qund_plan_template(s, plan->template, version, rc);
        const struct qund_sop_step *step = t ? qund_sop_step_find(t, id) : NULL;

        if (!t && *rc != QUND_E_INVAL && *rc != QUND_E_NOTFOUND)
            return NULL;
        if (step && (!plan_b || step->has_plan_b))
            return step;
    }
    *rc = QUND_E_NOTFOUND;
    return NULL;
}
