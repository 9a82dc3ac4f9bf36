/* src/sop/measure_sql.c - figures from rows: facts, sign-ups, members, questions, tasks.
 *
 * A sign-up's row is what became of it in the end; what counts in a window is what changed in it.
 * So its events are read twice, as of the window's end and as of its beginning: a new sign-up
 * stands at the end and did not at the beginning. Who goes on under another name is no new one: the
 * name he left is taken off. */
#include "crm/crm.h"
#include "sop/measure_parts.h"
#include "sop/task.h"

#define ASKED_BEFORE_MS QUND_DAY_MS /* reply_minutes: questions that much older count, too */

static struct qund_stmt *span_stmt(struct sop_ask *a, const char *sql)
{
    struct qund_stmt *st = qund_sql(a->db, sql);

    qund_assert(st);
    qund_bind_int(st, ":from", a->s->from);
    qund_bind_int(st, ":until", a->s->until);
    return st;
}

/* Rows of (contact, n); ends with the statement reset. */
static int hits(struct sop_ask *a, struct qund_stmt *st)
{
    int rc, stop = 0;

    while (!stop && (rc = qund_step(st)) > 0)
        stop = qund_sop_hit(a, qund_col_int(st, 0), (double)qund_col_int(st, 1));
    qund_stmt_reset(st);
    return stop ? stop : rc;
}

/* One value; *found false: no row, or NULL. */
static int one(struct qund_stmt *st, double *out, bool *found)
{
    int rc = qund_step(st);

    *found = rc > 0 && !qund_col_null(st, 0);
    if (*found)
        *out = (double)qund_col_int(st, 0);
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

/* --- facts --- */

int qund_sop_fact_put(struct qund_db *db, const struct qund_sop_fact *f)
{
    struct qund_stmt *st = qund_sql(db, "INSERT INTO sop_fact(grp, contact, kind, ts, seq, what, n)"
                                        " VALUES(:grp, :contact, :kind, :ts, :seq, :what, :n)");

    qund_bind_int(st, ":grp", f->group);
    qund_bind_int(st, ":contact", f->contact);
    qund_bind_str(st, ":kind", f->kind);
    qund_bind_int(st, ":ts", f->ts);
    qund_bind_int(st, ":seq", f->seq);
    qund_bind_str(st, ":what", f->what.p ? f->what : QUND_STR(""));
    qund_bind_int(st, ":n", f->n);
    return qund_run(st);
}

int qund_sop_fact_withdraw(struct qund_db *db, int64_t seq)
{
    struct qund_stmt *st = qund_sql(db, "DELETE FROM sop_fact WHERE seq = :seq AND seq > 0");

    qund_bind_int(st, ":seq", seq);
    return qund_run(st);
}

static int any_fact(struct qund_db *db, struct qund_str kind, bool *out)
{
    struct qund_stmt *st = qund_sql(db, "SELECT 1 FROM sop_fact WHERE kind = :kind LIMIT 1");
    int rc;

    qund_bind_str(st, ":kind", kind);
    rc = qund_step(st);
    *out = *out || rc > 0;
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

/* What is counted of a kind; every condition on the span. */
#define FACTS                                                                      \
    " FROM sop_fact AS f WHERE f.kind = :kind AND f.ts > :from AND f.ts <= :until" \
    " AND (:what = '' OR f.what = :what)"
#define OF_CUSTOMERS " AND (f.contact = 0 OR (" SOP_CUSTOMER("f.contact") "))"
#define OF_MEMBERS                                                               \
    "EXISTS(SELECT 1 FROM member m WHERE m.grp = :grp AND m.contact = f.contact" \
    " AND m.left_at IS NULL)"
#define IN_TIME " ORDER BY f.ts, f.id" /* the order of the index */
/* An order that is told twice is one. */
#define EACH_ORDER \
    " GROUP BY f.contact, CASE f.what WHEN '' THEN f.id ELSE f.what END ORDER BY f.contact"

enum fact_sql { OF_GROUP, OF_NO_GROUP, OF_PERSON, ORDERS_OF_GROUP, ORDERS_OF_PERSON };
static const char *const FACT_SQL[] = {
    [OF_GROUP] = "SELECT f.contact, f.n" FACTS " AND f.grp = :grp" OF_CUSTOMERS IN_TIME,
    /* By people who are in it. */
    [OF_NO_GROUP] =
        "SELECT f.contact, f.n" FACTS " AND f.grp = 0 AND " OF_MEMBERS OF_CUSTOMERS IN_TIME,
    [OF_PERSON] = "SELECT f.contact, f.n" FACTS " AND f.contact = :contact" IN_TIME,
    [ORDERS_OF_GROUP] =
        "SELECT f.contact, 1" FACTS " AND f.grp IN (0, :grp) AND (f.grp > 0 OR " OF_MEMBERS
        ")" OF_CUSTOMERS EACH_ORDER,
    [ORDERS_OF_PERSON] = "SELECT f.contact, 1" FACTS " AND f.contact = :contact" EACH_ORDER,
};

static int facts_of(struct sop_ask *a, enum fact_sql which, const char *kind, int64_t contact)
{
    struct qund_stmt *st = span_stmt(a, FACT_SQL[which]);

    qund_bind_str(st, ":kind", qund_str(kind));
    qund_bind_str(st, ":what", a->of_what.n > 0 ? a->of_what : QUND_STR(""));
    if (which == OF_PERSON || which == ORDERS_OF_PERSON)
        qund_bind_int(st, ":contact", contact);
    else
        qund_bind_int(st, ":grp", a->s->group);
    return hits(a, st);
}

/* Of the person, else of each of the people asked about. */
static int facts_of_people(struct sop_ask *a, enum fact_sql which, const char *kind)
{
    int rc = 0;

    if (a->s->contact)
        return facts_of(a, which, kind, a->s->contact);
    for (size_t i = 0; rc == 0 && i < a->s->n_people; i++)
        rc = facts_of(a, which, kind, a->s->people[i]);
    return rc;
}

int qund_sop_from_facts(struct sop_ask *a, const char *kind)
{
    int rc = any_fact(a->db, qund_str(kind), &a->known);

    if (rc < 0 || !a->s->group)
        return rc < 0 ? rc : facts_of_people(a, OF_PERSON, kind);
    rc = facts_of(a, OF_GROUP, kind, 0);
    return rc ? rc : facts_of(a, OF_NO_GROUP, kind, 0);
}

/* Orders that an event told are facts; those of a file have rows alone (seq 0). */
static int imported_orders(struct sop_ask *a)
{
    struct qund_stmt *st;

    if (a->s->group) {
        st = span_stmt(a, "SELECT o.contact, 1 FROM member m JOIN shop_order o ON o.contact ="
                          " m.contact AND o.contact > 0 WHERE m.grp = :grp AND o.seq = 0 AND"
                          " o.paid_at > :from AND o.paid_at <= :until AND " SOP_CUSTOMER(
                              "o.contact") " ORDER BY o.paid_at, o.id");
        qund_bind_int(st, ":grp", a->s->group);
    } else {
        st = span_stmt(a, "SELECT contact, 1 FROM shop_order WHERE contact = :contact AND contact >"
                          " 0 AND seq = 0 AND paid_at > :from AND paid_at <= :until"
                          " ORDER BY paid_at, id");
        qund_bind_int(st, ":contact", a->s->contact);
    }
    return hits(a, st);
}

int qund_sop_from_orders(struct sop_ask *a)
{
    struct qund_stmt *st = qund_sql(a->db, "SELECT 1 FROM shop_order LIMIT 1");
    int rc = qund_step(st);

    a->known = rc > 0;
    qund_stmt_reset(st);
    if (rc >= 0)
        rc = any_fact(a->db, QUND_STR("order.paid"), &a->known);
    if (rc == 0)
        rc = imported_orders(a);
    if (rc)
        return rc;
    return a->s->group ? facts_of(a, ORDERS_OF_GROUP, "order.paid", 0)
                       : facts_of_people(a, ORDERS_OF_PERSON, "order.paid");
}

/* --- sign-ups --- */

#define LATEST(what, when)                                                                        \
    "(SELECT " what " FROM signup_event e WHERE e.grp = :grp AND e.chain = k.chain AND e.name = " \
    "k.name AND e.room = k.room AND e.ts <= " when " ORDER BY e.ts DESC, e.seq DESC, e.id DESC "  \
    "LIMIT 1)"
#define STATE "CASE WHEN e.gone THEN -1 ELSE e.state END"
/* Who it is, the state at the window's end and at its beginning (NULL: there was none), whether the
 * row ever stood. */
static const char CHANGED[] =
    "WITH k AS (SELECT DISTINCT chain, name, room FROM signup_event WHERE grp = :grp AND ts > :from"
    " AND ts <= :until) SELECT x.who, x.now, x.was, x.ever FROM (SELECT"
    " ifnull(" LATEST("e.contact", ":until") ", 0) AS who, " LATEST(
        STATE,
        ":until") " AS now, " LATEST(STATE,
                                     ":from") " AS was, EXISTS(SELECT 1 FROM signup_event e WHERE "
                                              "e.grp = :grp AND"
                                              " e.chain = k.chain AND e.name = k.name AND e.room = "
                                              "k.room AND e.ts <= :until AND e.gone = 0"
                                              " AND e.state <> :cancelled) AS ever, chain, name, "
                                              "room FROM k) x"
                                              " WHERE x.who = 0 OR (" SOP_CUSTOMER(
                                                  "x.who") ") ORDER BY x.chain, x.name, x.room";

struct change {
    int now, was; /* enum qund_signup_state; -1: under that name no more, or not yet */
    bool gone, ever;
};

static bool stands(int state)
{
    return state == QUND_SIGNUP_SIGNED || state == QUND_SIGNUP_CONFIRMED ||
           state == QUND_SIGNUP_DEPOSIT;
}

static bool sure(int state)
{
    return state == QUND_SIGNUP_CONFIRMED || state == QUND_SIGNUP_DEPOSIT;
}

static int new_one(const struct change *c)
{
    return stands(c->now) && !stands(c->was) ? 1 : c->gone && stands(c->was) ? -1 : 0;
}

static int confirmed(const struct change *c)
{
    return sure(c->now) && !sure(c->was) ? 1 : c->gone && sure(c->was) ? -1 : 0;
}

static int cancelled(const struct change *c)
{
    return c->now == QUND_SIGNUP_CANCELLED && c->was != QUND_SIGNUP_CANCELLED && c->ever;
}

static int changes(struct sop_ask *a, int (*counts)(const struct change *c))
{
    struct qund_stmt *st;
    int rc = 0, stop = 0;

    a->known = true;
    if (!a->s->group)
        return 0; /* a sign-up is of a group */
    st = span_stmt(a, CHANGED);
    qund_bind_int(st, ":grp", a->s->group);
    qund_bind_int(st, ":cancelled", QUND_SIGNUP_CANCELLED);
    while (!stop && (rc = qund_step(st)) > 0) {
        struct change c = {.now = (int)qund_col_int(st, 1),
                           .was = qund_col_null(st, 2) ? -1 : (int)qund_col_int(st, 2),
                           .ever = qund_col_int(st, 3) != 0};
        int n;

        c.gone = c.now < 0;
        n = counts(&c);
        /* A name that somebody left is nobody's: it reacts to nothing. */
        if (n < 0)
            a->rows += n;
        else if (n > 0)
            stop = qund_sop_hit(a, qund_col_int(st, 0), n);
    }
    qund_stmt_reset(st);
    return stop ? stop : rc;
}

int qund_sop_from_signups(struct sop_ask *a)
{
    return changes(a, new_one);
}

int qund_sop_from_confirms(struct sop_ask *a)
{
    return changes(a, confirmed);
}

int qund_sop_from_cancels(struct sop_ask *a)
{
    return changes(a, cancelled);
}

/* --- members --- */

static int from_members(struct sop_ask *a, const char *sql)
{
    struct qund_stmt *st = span_stmt(a, sql);

    a->known = true;
    qund_bind_int(st, ":grp", a->s->group);
    return hits(a, st);
}

int qund_sop_from_joins(struct sop_ask *a)
{
    return from_members(
        a, "SELECT contact, 1 FROM member AS m WHERE grp = :grp AND joined > :from"
           " AND joined <= :until AND " SOP_CUSTOMER("m.contact") " ORDER BY joined, contact");
}

int qund_sop_from_leaves(struct sop_ask *a)
{
    return from_members(
        a, "SELECT contact, 1 FROM member AS m WHERE grp = :grp AND left_at > :from"
           " AND left_at <= :until AND " SOP_CUSTOMER("m.contact") " ORDER BY left_at, contact");
}

int qund_sop_sql_members(struct qund_db *db, int64_t grp, int (*each)(void *arg, int64_t contact),
                         void *arg)
{
    struct qund_stmt *st = qund_sql(db, "SELECT contact FROM member WHERE grp = :grp AND left_at"
                                        " IS NULL ORDER BY contact");
    int rc, stop = 0;

    qund_bind_int(st, ":grp", grp);
    while (!stop && (rc = qund_step(st)) > 0)
        stop = each(arg, qund_col_int(st, 0));
    qund_stmt_reset(st);
    return stop ? stop : rc;
}

int qund_sop_sql_groups(struct qund_db *db, int64_t contact, int (*each)(void *arg, int64_t grp),
                        void *arg)
{
    struct qund_stmt *st = qund_sql(db, "SELECT grp FROM member WHERE contact = :contact ORDER BY"
                                        " grp");
    int rc, stop = 0;

    qund_bind_int(st, ":contact", contact);
    while (!stop && (rc = qund_step(st)) > 0)
        stop = each(arg, qund_col_int(st, 0));
    qund_stmt_reset(st);
    return stop ? stop : rc;
}

/* --- hours, marks --- */

/* The hours are listed, since the rows lie by hour first: one look each instead of all groups'. */
int qund_sop_sql_hours(struct sop_ask *a, int64_t from, int64_t until)
{
    struct qund_stmt *st =
        qund_sql(a->db, "WITH RECURSIVE h(t) AS (SELECT :from UNION ALL SELECT t + 3600000 FROM h"
                        " WHERE t + 3600000 < :until) SELECT s.contact, 1 FROM h CROSS JOIN speaker"
                        " s ON s.hour = h.t AND s.grp = :grp ORDER BY s.hour, s.contact");

    qund_bind_int(st, ":from", from);
    qund_bind_int(st, ":until", until);
    qund_bind_int(st, ":grp", a->s->group);
    return hits(a, st);
}

int qund_sop_sql_intent(struct qund_db *db, int64_t seq, const char *intent)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT instr(intents, '\"' || :intent || '\"') FROM mark WHERE seq = :seq");
    int rc;

    qund_bind_int(st, ":seq", seq);
    qund_bind_str(st, ":intent", qund_str(intent));
    rc = qund_step(st);
    if (rc > 0)
        rc = qund_col_int(st, 0) > 0;
    qund_stmt_reset(st);
    return rc;
}

/* --- figures of no people --- */

/* Questions of the group; else of the person, in the groups they are in. */
#define QUESTIONS_OF                                                                        \
    "((:grp > 0 AND grp = :grp) OR (:grp = 0 AND grp IN (SELECT m.grp FROM member m WHERE " \
    "m.contact = :contact))) AND (:contact = 0 OR contact = :contact)"

static struct qund_stmt *question_stmt(struct sop_ask *a, const char *sql)
{
    struct qund_stmt *st = span_stmt(a, sql);

    a->known = true;
    qund_bind_int(st, ":grp", a->s->group);
    qund_bind_int(st, ":contact", a->s->contact);
    return st;
}

/* Asked in the window, and at its end without an answer. state 3: withdrawn. */
int qund_sop_figure_unanswered(struct sop_ask *a, double *out)
{
    bool found;

    return one(question_stmt(a, "SELECT count(*) FROM question WHERE " QUESTIONS_OF
                                " AND ts > :from AND ts <= :until AND state <> 3"
                                " AND (state = 0 OR answer_ts > :until)"),
               out, &found);
}

/* The longest that anybody waited: of the answers given in the window (the post that opens it may
 * be one), and of what is still open at its end. Tenths of a minute are enough. */
int qund_sop_figure_reply_minutes(struct sop_ask *a, double *out)
{
    struct qund_stmt *st = question_stmt(
        a, "SELECT max(CASE WHEN state = 0 OR answer_ts > :until THEN :until - ts ELSE reply_ms"
           " END) / 6000 FROM question WHERE " QUESTIONS_OF
           " AND ts > :since AND ts <= :until AND state <> 3"
           " AND (state = 0 OR answer_ts >= :from)");
    bool found;
    int rc;

    qund_bind_int(st, ":since", a->s->from - ASKED_BEFORE_MS);
    rc = one(st, out, &found);
    *out /= 10;
    return rc;
}

int qund_sop_sql_said(struct qund_db *db, int64_t plan, struct qund_str name, double *out,
                      bool *known)
{
    struct qund_stmt *st = qund_sql(db, "SELECT CAST(round(n * 1000) AS INTEGER) FROM plan_said"
                                        " WHERE plan = :plan AND name = :name");
    int rc;

    qund_bind_int(st, ":plan", plan);
    qund_bind_str(st, ":name", name);
    rc = one(st, out, known);
    if (*known)
        *out /= 1000;
    return rc;
}

/* The mean of what people gave in the window; else what a person said of the plan. */
int qund_sop_figure_satisfaction(struct sop_ask *a, double *out)
{
    int rc = qund_sop_from_facts(a, "satisfaction");

    a->known = false;
    if (rc == 0 && a->hits > 0) {
        *out = a->rows / (double)a->hits;
        a->known = true;
        return 0;
    }
    return rc ? rc : qund_sop_sql_said(a->db, a->s->plan, QUND_STR("satisfaction"), out, &a->known);
}

int qund_sop_figure_stock(struct sop_ask *a, double *out)
{
    QUND_AUTO(qund_buf_done) struct qund_buf name = {0};

    qund_buf_puts(&name, "stock:");
    qund_buf_str(&name, a->of_what);
    return qund_sop_sql_said(a->db, a->s->plan, qund_buf_view(&name), out, &a->known);
}

int qund_sop_figure_task_done(struct sop_ask *a, double *out)
{
    struct qund_stmt *st = qund_sql(a->db, "SELECT state = :done FROM task WHERE id = :task");

    qund_bind_int(st, ":task", a->s->task);
    qund_bind_int(st, ":done", QUND_TASK_DONE);
    return one(st, out, &a->known);
}

int qund_sop_figure_typed(struct sop_ask *a, double *out)
{
    struct qund_stmt *st = qund_sql(a->db, "SELECT CAST(round(number * 1000) AS INTEGER) FROM task"
                                           " WHERE id = :task");
    bool found;
    int rc;

    qund_bind_int(st, ":task", a->s->task);
    rc = one(st, out, &found);
    if (found) {
        *out /= 1000;
        a->known = true;
    }
    return rc;
}
