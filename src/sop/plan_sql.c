/* src/sop/plan_sql.c - plans, whom they are for, what was said of them, their goals: as rows. */
#include "sop/internal.h"

static void bind_mutable(struct qund_stmt *st, const struct qund_plan *p)
{
    qund_bind_int(st, ":version", p->version);
    qund_bind_str(st, ":name", p->name);
    qund_bind_int(st, ":state", p->state);
    qund_bind_str(st, ":reason", p->reason.p ? p->reason : QUND_STR(""));
    qund_bind_str(st, ":params", p->params);
    qund_bind_int(st, ":start", p->start);
    qund_bind_int(st, ":event", p->event);
    qund_bind_int(st, ":until", p->until);
    qund_bind_int(st, ":direct", p->deliver);
    qund_bind_int(st, ":ended", p->ended);
}

int qund_plan_sql_insert(struct qund_db *db, const struct qund_plan *p, int64_t *id)
{
    struct qund_stmt *st = qund_sql(
        db, "INSERT INTO plan(template, version, name, state, reason, params, start, event, until,"
            " direct, after, made, made_by, ended) VALUES(:template, :version, :name, :state,"
            " :reason, :params, :start, :event, :until, :direct, :after, :made, :by, :ended)");
    int rc;

    qund_assert(st);
    bind_mutable(st, p);
    qund_bind_str(st, ":template", p->template);
    qund_bind_int(st, ":after", p->after);
    qund_bind_int(st, ":made", p->made);
    qund_bind_str(st, ":by", p->made_by.p ? p->made_by : QUND_STR(""));
    rc = qund_run(st);
    if (rc == 0)
        *id = qund_db_last_rowid(db);
    return rc;
}

int qund_plan_sql_put(struct qund_db *db, const struct qund_plan *p)
{
    struct qund_stmt *st =
        qund_sql(db, "UPDATE plan SET version = :version, name = :name, state = :state,"
                     " reason = :reason, params = :params, start = :start, event = :event,"
                     " until = :until, direct = :direct, ended = :ended WHERE id = :id");

    qund_assert(st);
    bind_mutable(st, p);
    qund_bind_int(st, ":id", p->id);
    return qund_run(st);
}

int qund_plan_sql_get(struct qund_db *db, struct qund_arena *arena, int64_t id,
                      struct qund_plan *out)
{
    struct qund_stmt *st = qund_sql(
        db, "SELECT template, version, name, state, reason, params, start, event, until, direct,"
            " after, made, made_by, ended FROM plan WHERE id = :id");
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":id", id);
    rc = qund_step(st);
    if (rc == 1)
        *out = (struct qund_plan){.id = id,
                                  .template = qund_arena_str(arena, qund_col_str(st, 0)),
                                  .version = qund_col_int(st, 1),
                                  .name = qund_arena_str(arena, qund_col_str(st, 2)),
                                  .state = (enum qund_plan_state)qund_col_int(st, 3),
                                  .reason = qund_arena_str(arena, qund_col_str(st, 4)),
                                  .params = qund_arena_str(arena, qund_col_str(st, 5)),
                                  .start = qund_col_int(st, 6),
                                  .event = qund_col_int(st, 7),
                                  .until = qund_col_int(st, 8),
                                  .deliver = (enum qund_plan_deliver)qund_col_int(st, 9),
                                  .after = qund_col_int(st, 10),
                                  .made = qund_col_int(st, 11),
                                  .made_by = qund_arena_str(arena, qund_col_str(st, 12)),
                                  .ended = qund_col_int(st, 13)};
    qund_stmt_reset(st);
    return rc == 1 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}

int qund_plan_sql_in_state(struct qund_db *db, enum qund_plan_state state, int64_t after,
                           int64_t *ids, size_t max)
{
    struct qund_stmt *st = qund_sql(db, "SELECT id FROM plan WHERE state = :state AND id > :after"
                                        " ORDER BY id LIMIT :max");

    qund_assert(st);
    qund_bind_int(st, ":state", state);
    qund_bind_int(st, ":after", after);
    qund_bind_int(st, ":max", (int64_t)max);
    return qund_take_ids(st, ids, max);
}

/* --- whom it is for --- */

int qund_plan_sql_targets(struct qund_db *db, struct qund_arena *arena, int64_t plan,
                          int64_t **grps, size_t *n)
{
    struct qund_stmt *count = qund_sql(db, "SELECT count(*) FROM plan_target WHERE plan = :plan");
    struct qund_stmt *st;
    size_t max = 0;
    int rc;

    qund_assert(count);
    qund_bind_int(count, ":plan", plan);
    rc = qund_step(count);
    if (rc == 1)
        max = (size_t)qund_col_int(count, 0);
    qund_stmt_reset(count);
    if (rc < 0)
        return rc;
    st = qund_sql(db, "SELECT grp FROM plan_target WHERE plan = :plan ORDER BY grp");
    qund_assert(st);
    qund_bind_int(st, ":plan", plan);
    *grps = qund_arena_alloc(arena, (max + 1) * sizeof(**grps));
    for (*n = 0; *n < max && (rc = qund_step(st)) == 1; ++*n)
        (*grps)[*n] = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

int qund_plan_sql_target(struct qund_db *db, int64_t plan, int64_t grp, bool on)
{
    struct qund_stmt *st =
        on ? qund_sql(db, "INSERT INTO plan_target(plan, grp) VALUES(:plan, :grp)"
                          " ON CONFLICT DO NOTHING")
           : qund_sql(db, "DELETE FROM plan_target WHERE plan = :plan AND grp = :grp");

    qund_assert(st);
    qund_bind_int(st, ":plan", plan);
    qund_bind_int(st, ":grp", grp);
    return qund_run(st);
}

/* --- what was said of it, and its goals --- */

int qund_plan_sql_said(struct qund_db *db, int64_t plan, struct qund_str name, double n,
                       int64_t now, struct qund_str by)
{
    struct qund_stmt *st =
        qund_sql(db, "INSERT INTO plan_said(plan, name, n, at, by) VALUES(:plan, :name, :n, :at,"
                     " :by) ON CONFLICT(plan, name) DO UPDATE SET n = excluded.n,"
                     " at = excluded.at, by = excluded.by");

    qund_assert(st);
    qund_bind_int(st, ":plan", plan);
    qund_bind_str(st, ":name", name);
    qund_bind_real(st, ":n", n);
    qund_bind_int(st, ":at", now);
    qund_bind_str(st, ":by", by.p ? by : QUND_STR(""));
    return qund_run(st);
}

int qund_plan_sql_say(struct qund_db *db, int64_t plan, struct qund_str name, double *out,
                      bool *known)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT n FROM plan_said WHERE plan = :plan AND name = :name");
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":plan", plan);
    qund_bind_str(st, ":name", name);
    rc = qund_step(st);
    *known = rc == 1;
    if (rc == 1)
        *out = qund_col_real(st, 0);
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

static void bind_figure(struct qund_stmt *st, const char *name, const double *v)
{
    if (v)
        qund_bind_real(st, name, *v);
    else
        qund_bind_null(st, name);
}

int qund_plan_sql_goal(struct qund_db *db, int64_t plan, struct qund_str name,
                       struct qund_str wanted, const double *mark, const double *figure)
{
    struct qund_stmt *st = qund_sql(
        db, "INSERT INTO plan_goal(plan, name, wanted, mark, figure) VALUES(:plan, :name, :wanted,"
            " :mark, :figure) ON CONFLICT(plan, name) DO UPDATE SET wanted = excluded.wanted,"
            " mark = excluded.mark, figure = excluded.figure");

    qund_assert(st);
    qund_bind_int(st, ":plan", plan);
    qund_bind_str(st, ":name", name);
    qund_bind_str(st, ":wanted", wanted);
    bind_figure(st, ":mark", mark);
    bind_figure(st, ":figure", figure);
    return qund_run(st);
}
