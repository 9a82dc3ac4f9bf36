/* src/sop/task_sql.c - every statement on the tables `task` and `task_log` that writes, and those
 * that the handling of tasks reads by. */
#include "sop/task_parts.h"

/* States as numbers in indexes and statements below. */
_Static_assert(QUND_TASK_PLANNED == 0 && QUND_TASK_READY == 2 && QUND_TASK_DONE == 5 &&
                   QUND_TASK_CLAIMED == 1,
               "stored numbers");

#define COLUMNS                                                                                  \
    "SELECT id, plan, plan_b, grp, contact, round, merged, state, evidence, flags, wanted, due," \
    " closes, role, channel, staff, pushed, done, seq, score, step, reason, content, media,"     \
    " done_by FROM task "

static void note_stored(struct qund_task *t)
{
    t->stored.state = t->state;
    t->stored.due = t->due;
    t->stored.staff = t->staff;
}

static void row_read(struct qund_stmt *st, struct qund_arena *arena, struct qund_task *t)
{
    *t = (struct qund_task){
        .id = qund_col_int(st, 0),
        .plan = qund_col_int(st, 1),
        .plan_b = qund_col_int(st, 2),
        .grp = qund_col_int(st, 3),
        .contact = qund_col_int(st, 4),
        .round = qund_col_int(st, 5),
        .merged = qund_col_int(st, 6),
        .state = (enum qund_task_state)qund_col_int(st, 7),
        .evidence = (enum qund_task_evidence)qund_col_int(st, 8),
        .flags = (unsigned)qund_col_int(st, 9),
        .wanted = qund_col_int(st, 10),
        .due = qund_col_int(st, 11),
        .closes = qund_col_int(st, 12),
        .role = (int)qund_col_int(st, 13),
        .channel = (int)qund_col_int(st, 14),
        .staff = qund_col_int(st, 15),
        .pushed = qund_col_int(st, 16),
        .done = qund_col_int(st, 17),
        .seq = qund_col_int(st, 18),
        .score = (int)qund_col_int(st, 19),
        .step = qund_arena_str(arena, qund_col_str(st, 20)),
        .reason = qund_arena_str(arena, qund_col_str(st, 21)),
        .content = qund_arena_str(arena, qund_col_str(st, 22)),
        .media = qund_arena_str(arena, qund_col_str(st, 23)),
        .done_by = qund_arena_str(arena, qund_col_str(st, 24)),
    };
    note_stored(t);
}

int qund_task_get(struct qund_db *db, struct qund_arena *arena, int64_t id, struct qund_task *out)
{
    struct qund_stmt *st = qund_sql(db, COLUMNS "WHERE id = :id");
    int rc;

    qund_bind_int(st, ":id", id);
    rc = qund_step(st);
    if (rc > 0)
        row_read(st, arena, out);
    qund_stmt_reset(st);
    return rc > 0 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}

static struct qund_str text(struct qund_str s)
{
    return s.p ? s : QUND_STR("");
}

int qund_task_sql_insert(struct qund_db *db, const struct qund_task_new *n, int64_t *id)
{
    struct qund_stmt *st = qund_sql(
        db,
        "INSERT INTO task(plan, step, plan_b, grp, contact, round, merged, state, flags, wanted,"
        " due, closes, role, channel, content, media) VALUES(:plan, :step, :plan_b, :grp,"
        " :contact, :round, :merged, 0, :flags, :wanted, :due, :closes, :role, :channel,"
        " :content, :media) ON CONFLICT DO NOTHING");
    int rc;

    qund_bind_int(st, ":plan", n->plan);
    qund_bind_str(st, ":step", n->step);
    qund_bind_int(st, ":plan_b", n->plan_b);
    qund_bind_int(st, ":grp", n->grp);
    qund_bind_int(st, ":contact", n->contact);
    qund_bind_int(st, ":round", n->round);
    qund_bind_int(st, ":merged", n->merged);
    qund_bind_int(st, ":flags", n->marketing ? QUND_TASK_MARKETING : 0);
    qund_bind_int(st, ":wanted", n->wanted);
    qund_bind_int(st, ":due", n->due);
    qund_bind_int(st, ":closes", n->closes);
    qund_bind_int(st, ":role", n->role);
    qund_bind_int(st, ":channel", n->channel);
    qund_bind_str(st, ":content", text(n->content));
    qund_bind_str(st, ":media", n->media);
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    if (qund_db_changes(db) == 0)
        return QUND_E_EXISTS;
    *id = qund_db_last_rowid(db);
    return 0;
}

/* SQLite writes each index of a column that is set, changed or not: `due` alone stands in five. */
#define SET                                                                                     \
    "UPDATE task SET reason = :reason, evidence = :evidence, flags = :flags, wanted = :wanted," \
    " closes = :closes, role = :role, channel = :channel, content = :content, media = :media,"  \
    " pushed = :pushed, done = :done, done_by = :done_by"
#define OF " WHERE id = :id"

int qund_task_sql_set(struct qund_db *db, struct qund_task *t)
{
    bool due = t->due != t->stored.due;
    bool moved = due || t->state != t->stored.state || t->staff != t->stored.staff;
    struct qund_stmt *st = qund_sql(db, due ? SET ", state = :state, staff = :staff, due = :due" OF
                                        : moved ? SET ", state = :state, staff = :staff" OF
                                                : SET OF);
    int rc;

    qund_bind_int(st, ":id", t->id);
    if (moved) {
        qund_bind_int(st, ":state", t->state);
        qund_bind_int(st, ":staff", t->staff);
    }
    if (due)
        qund_bind_int(st, ":due", t->due);
    qund_bind_str(st, ":reason", text(t->reason));
    qund_bind_int(st, ":evidence", t->evidence);
    qund_bind_int(st, ":flags", t->flags);
    qund_bind_int(st, ":wanted", t->wanted);
    qund_bind_int(st, ":closes", t->closes);
    qund_bind_int(st, ":role", t->role);
    qund_bind_int(st, ":channel", t->channel);
    qund_bind_str(st, ":content", text(t->content));
    qund_bind_str(st, ":media", t->media);
    qund_bind_int(st, ":pushed", t->pushed);
    qund_bind_int(st, ":done", t->done);
    qund_bind_str(st, ":done_by", text(t->done_by));
    rc = qund_run(st);
    if (rc == 0)
        note_stored(t);
    return rc;
}

int qund_task_sql_posted(struct qund_db *db, int64_t id, int64_t seq, struct qund_str posted,
                         int score)
{
    struct qund_stmt *st =
        qund_sql(db, "UPDATE task SET seq = :seq, posted = :posted, score = :score WHERE id = :id");

    qund_bind_int(st, ":id", id);
    qund_bind_int(st, ":seq", seq);
    qund_bind_str(st, ":posted", posted);
    qund_bind_int(st, ":score", score);
    return qund_run(st);
}

int qund_task_sql_number(struct qund_db *db, int64_t id, double number)
{
    struct qund_stmt *st = qund_sql(db, "UPDATE task SET number = :number WHERE id = :id");

    qund_bind_int(st, ":id", id);
    qund_bind_real(st, ":number", number);
    return qund_run(st);
}

int qund_task_sql_log(struct qund_db *db, int64_t id, enum qund_task_state state,
                      const struct qund_task_change *c)
{
    struct qund_stmt *st =
        qund_sql(db, "INSERT INTO task_log(task, n, at, event, state, by, reason) SELECT :task,"
                     " coalesce(max(n), 0) + 1, :at, :event, :state, :by, :reason FROM task_log"
                     " WHERE task = :task");

    qund_bind_int(st, ":task", id);
    qund_bind_int(st, ":at", c->now);
    qund_bind_int(st, ":event", c->event);
    qund_bind_int(st, ":state", state);
    qund_bind_str(st, ":by", text(c->by));
    qund_bind_str(st, ":reason", text(c->reason));
    return qund_run(st);
}

int qund_task_sql_times(struct qund_db *db, int64_t id, enum qund_task_event e, int64_t *out)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT count(*) FROM task_log WHERE task = :task AND event = :event");
    int rc;

    qund_bind_int(st, ":task", id);
    qund_bind_int(st, ":event", e);
    rc = qund_step(st);
    *out = rc > 0 ? qund_col_int(st, 0) : 0;
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

int qund_tasks_left(struct qund_db *db, int64_t plan, int64_t grp, int64_t contact)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT 1 FROM task t WHERE plan = :plan AND (:grp = 0 OR grp = :grp) AND"
                     " (:contact = 0 OR contact = :contact) AND (state < 5 OR EXISTS (SELECT 1 FROM"
                     " expectation x WHERE x.task = t.id AND x.outcome = 0)) LIMIT 1");

    qund_bind_int(st, ":plan", plan);
    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":contact", contact);
    return qund_any(st);
}

int qund_task_sql_followers(struct qund_db *db, int64_t id, int64_t *ids, size_t max)
{
    struct qund_stmt *st = qund_sql(db, "SELECT id FROM task WHERE merged = :id AND merged > 0"
                                        " ORDER BY id");

    qund_bind_int(st, ":id", id);
    return qund_take_ids(st, ids, max);
}

int qund_task_sql_open_of(struct qund_db *db, int64_t plan, int64_t grp, int64_t contact,
                          int64_t after, unsigned states, int64_t *ids, size_t max)
{
    struct qund_stmt *st =
        contact > 0
            ? qund_sql(db, "SELECT id FROM task WHERE contact = :contact AND contact > 0 AND"
                           " plan = :plan AND (:grp = 0 OR grp = :grp) AND id > :after AND"
                           " (:states >> state) & 1 ORDER BY id")
            : qund_sql(db, "SELECT id FROM task WHERE plan = :plan AND (:grp = 0 OR grp = :grp) AND"
                           " id > :after AND (:states >> state) & 1 AND merged = 0 ORDER BY id");

    qund_bind_int(st, ":plan", plan);
    qund_bind_int(st, ":grp", grp);
    if (contact > 0)
        qund_bind_int(st, ":contact", contact);
    qund_bind_int(st, ":after", after);
    qund_bind_int(st, ":states", states);
    return qund_take_ids(st, ids, max);
}

int qund_task_sql_by_seq(struct qund_db *db, int64_t seq, int64_t *ids, size_t max)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT id FROM task WHERE seq = :seq AND seq > 0 AND merged = 0 ORDER BY id");

    qund_bind_int(st, ":seq", seq);
    return qund_take_ids(st, ids, max);
}

/* Open ones, and those somebody has claimed: the post makes a proof of it. */
int qund_task_sql_provable(struct qund_db *db, int64_t grp, int64_t ts, int64_t early_ms,
                           int64_t *ids, size_t max)
{
    struct qund_stmt *st = qund_sql(
        db, "SELECT id FROM (SELECT id, due FROM task WHERE grp = :grp AND state < 5 AND"
            " due <= :until AND closes >= :ts AND merged = 0 AND channel IN (:group, :notice)"
            " UNION ALL SELECT t.id, t.due FROM task t WHERE t.grp = :grp AND t.state = 5 AND"
            " t.evidence = 1 AND t.due <= :until AND t.closes >= :ts AND t.merged = 0 AND"
            " t.channel IN (:group, :notice)) ORDER BY due, id");

    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":ts", ts);
    qund_bind_int(st, ":until", ts + early_ms);
    qund_bind_int(st, ":group", QUND_SOP_CH_GROUP);
    qund_bind_int(st, ":notice", QUND_SOP_CH_NOTICE);
    return qund_take_ids(st, ids, max);
}

int qund_task_sql_expired(struct qund_db *db, int64_t grp, int64_t ts, int64_t late_ms,
                          int64_t *ids, size_t max)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT id FROM task WHERE grp = :grp AND state = 7 AND seq = 0 AND"
                     " due < :ts AND due >= :ts - 40 * 86400000 AND closes < :ts AND"
                     " closes >= :ts - :late AND merged = 0 AND channel IN (:group, :notice)"
                     " ORDER BY due DESC, id");

    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":ts", ts);
    qund_bind_int(st, ":late", late_ms);
    qund_bind_int(st, ":group", QUND_SOP_CH_GROUP);
    qund_bind_int(st, ":notice", QUND_SOP_CH_NOTICE);
    return qund_take_ids(st, ids, max);
}

int qund_task_sql_first(struct qund_db *db, int64_t grp, int64_t now, int64_t late_ms, int64_t *out)
{
    struct qund_stmt *st = qund_sql(
        db, "SELECT min(due) FROM task WHERE grp = :grp AND channel IN (:group, :notice) AND"
            " (state < 5 OR (state = 5 AND evidence = 1 AND closes >= :now) OR"
            " (state = 7 AND seq = 0 AND closes >= :now - :late))");
    int rc;

    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":now", now);
    qund_bind_int(st, ":late", late_ms);
    qund_bind_int(st, ":group", QUND_SOP_CH_GROUP);
    qund_bind_int(st, ":notice", QUND_SOP_CH_NOTICE);
    rc = qund_step(st);
    *out = rc > 0 && !qund_col_null(st, 0) ? qund_col_int(st, 0) : INT64_MAX;
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

int qund_task_sql_people(struct qund_db *db, int64_t id, int64_t *out, size_t max)
{
    struct qund_stmt *st = qund_sql(db, "SELECT contact FROM task WHERE id = :id AND contact > 0"
                                        " UNION SELECT contact FROM task WHERE merged = :id"
                                        " AND merged > 0 AND contact > 0 ORDER BY 1");

    qund_bind_int(st, ":id", id);
    return qund_take_ids(st, out, max);
}

/* What was told to somebody, or done, on its day; a plan B counts like any other. */
#define COUNTS "flags & 4 AND state IN (2, 3, 4, 5) AND merged = 0 AND id <> :but"

static int count(struct qund_db *db, const char *sql, const struct sop_load_span *x, int64_t who,
                 int64_t from, int64_t until, int *out)
{
    struct qund_stmt *st = qund_sql(db, sql);
    int rc;

    qund_bind_int(st, ":who", who);
    qund_bind_int(st, ":but", x->but);
    qund_bind_int(st, ":from", from);
    qund_bind_int(st, ":until", until);
    rc = qund_step(st);
    *out = rc > 0 ? (int)qund_col_int(st, 0) : 0;
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

int qund_task_sql_load(struct qund_db *db, const struct sop_load_span *x, struct qund_sop_load *out)
{
    static const char GROUP[] = "SELECT count(*) FROM task WHERE grp = :who AND due >= :from AND"
                                " due < :until AND channel IN (0, 1) AND " COUNTS;
    static const char CONTACT[] =
        "SELECT count(*) FROM task WHERE contact = :who AND contact > 0"
        " AND due >= :from AND due < :until AND channel IN (2, 3) AND " COUNTS;
    static const char SENDER[] = "SELECT count(*) FROM task WHERE staff = :who AND staff > 0 AND"
                                 " due >= :from AND due < :until AND channel < 4 AND " COUNTS;
    int rc = 0;

    _Static_assert(QUND_SOP_CH_GROUP == 0 && QUND_SOP_CH_NOTICE == 1 &&
                       QUND_SOP_CH_ONE_TO_ONE == 2 && QUND_SOP_CH_SMS == 3 &&
                       QUND_SOP_CH_STAFF_TASK == 4,
                   "stored numbers");
    *out = (struct qund_sop_load){0};
    if (x->grp > 0) {
        rc = count(db, GROUP, x, x->grp, x->day, x->day_end, &out->group_day);
        if (rc == 0)
            rc = count(db, GROUP, x, x->grp, x->month, x->month_end, &out->group_month);
    }
    if (rc == 0 && x->contact > 0)
        rc = count(db, CONTACT, x, x->contact, x->week, x->week_end, &out->contact_week);
    if (rc == 0 && x->staff > 0)
        rc = count(db, SENDER, x, x->staff, x->day, x->day_end, &out->sender_day);
    return rc;
}
