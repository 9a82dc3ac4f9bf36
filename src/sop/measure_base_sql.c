/* src/sop/measure_base_sql.c - what a percentage is of.
 *
 * As it was when the window began: who joins later does not make an expectation harder. Where a
 * question is about certain people (the new ones of a merged welcome, the one of a person's plan),
 * those are all there are, and a percentage of customers or of new ones is of them.
 *
 * A base that nobody can know (no stock was said, no reservation ever tagged) makes the expectation
 * void. So does a base of nobody: a share of nothing says nothing. */
#include "crm/crm.h"
#include "sop/measure_parts.h"

#define NEW_MS (7 * QUND_DAY_MS)     /* who joined longer ago is no new one */
#define RECENT_MS (14 * QUND_DAY_MS) /* reservations and orders that belong to this event */

static struct qund_stmt *at_start(struct qund_db *db, const char *sql,
                                  const struct qund_sop_span *s)
{
    struct qund_stmt *st = qund_sql(db, sql);

    qund_assert(st);
    qund_bind_int(st, ":grp", s->group);
    qund_bind_int(st, ":at", s->from);
    return st;
}

static int number(struct qund_stmt *st, double *out, bool *found)
{
    int rc = qund_step(st);

    *found = rc > 0 && !qund_col_null(st, 0);
    *out = *found ? (double)qund_col_int(st, 0) : 0;
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

static int people_of_span(const struct qund_sop_span *s, double *out, bool *known)
{
    *out = s->contact ? 1 : (double)s->n_people;
    *known = true;
    return 0;
}

#define MEMBERS                                                                                   \
    "SELECT count(*) FROM member AS m JOIN contact c ON c.id = m.contact WHERE m.grp = :grp"      \
    " AND coalesce(nullif(m.role, 0), nullif(c.role, 0), 1) = 1 AND m.contact NOT IN " SOP_ACTORS \
    " AND m.joined <= :at AND (m.left_at IS NULL OR m.left_at > :at)"

static int of_customers(struct qund_db *db, const struct qund_sop_span *s, double *out, bool *known)
{
    if (s->contact || s->people)
        return people_of_span(s, out, known);
    return number(at_start(db, MEMBERS, s), out, known);
}

static int of_new(struct qund_db *db, const struct qund_sop_span *s, double *out, bool *known)
{
    struct qund_stmt *st;

    if (s->contact || s->people)
        return people_of_span(s, out, known);
    st = at_start(db, MEMBERS " AND m.joined > :since", s);
    qund_bind_int(st, ":since", s->from - NEW_MS);
    return number(st, out, known);
}

/* Rows that stood then: state 0 signed, 2 confirmed, 4 deposit. */
#define STANDING(states)                                                                        \
    "SELECT count(*) FROM (SELECT DISTINCT chain, name, room FROM signup_event WHERE grp ="     \
    " :grp AND ts <= :at) k WHERE (SELECT CASE WHEN e.gone THEN -1 ELSE e.state END FROM"       \
    " signup_event e WHERE e.grp = :grp AND e.chain = k.chain AND e.name = k.name AND e.room =" \
    " k.room AND e.ts <= :at ORDER BY e.ts DESC, e.seq DESC, e.id DESC LIMIT 1) IN (" states ")"
_Static_assert(QUND_SIGNUP_SIGNED == 0 && QUND_SIGNUP_CONFIRMED == 2 && QUND_SIGNUP_DEPOSIT == 4,
               "stored numbers");

static int of_signups(struct qund_db *db, const struct qund_sop_span *s, double *out, bool *known)
{
    return number(at_start(db, STANDING("0, 2, 4"), s), out, known);
}

static int of_confirmed(struct qund_db *db, const struct qund_sop_span *s, double *out, bool *known)
{
    return number(at_start(db, STANDING("2, 4"), s), out, known);
}

/* Who asked to be reminded: the tag that such a step gives, or an event of that kind. */
static int of_reserved(struct qund_db *db, const struct qund_sop_span *s, double *out, bool *known)
{
    struct qund_stmt *st =
        at_start(db,
                 "SELECT count(*) FROM member m WHERE m.grp = :grp AND m.left_at IS NULL AND"
                 " (EXISTS(SELECT 1 FROM contact_tag ct JOIN tag t ON t.id = ct.tag WHERE"
                 " ct.contact = m.contact AND t.name GLOB '预约*' AND ct.at > :since AND"
                 " ct.at <= :at) OR EXISTS(SELECT 1 FROM sop_fact f WHERE f.contact = m.contact"
                 " AND f.kind = 'reserve' AND f.ts > :since AND f.ts <= :at AND f.grp IN (0,"
                 " :grp)))",
                 s);

    qund_bind_int(st, ":since", s->from - RECENT_MS);
    return number(st, out, known);
}

/* Since the plan began, at most a fortnight back. */
static int of_orders(struct qund_db *db, const struct qund_sop_span *s, double *out, bool *known)
{
    struct qund_sop_span before = *s;
    struct sop_ask a = {.db = db, .s = &before};
    struct qund_stmt *st = qund_sql(db, "SELECT start FROM plan WHERE id = :plan");
    double start;
    int rc;

    qund_bind_int(st, ":plan", s->plan);
    rc = number(st, &start, known);
    before.until = s->from;
    before.from = s->from - RECENT_MS;
    if (*known && (int64_t)start > before.from)
        before.from = (int64_t)start - 1;
    if (rc == 0)
        rc = qund_sop_from_orders(&a);
    *out = a.rows;
    *known = a.known;
    qund_sop_people_done(&a.seen);
    return rc;
}

/* The stock that was said; of several articles together, when none is said of all. */
static int of_stock(struct qund_db *db, const struct qund_sop_span *s, double *out, bool *known)
{
    struct qund_stmt *st;
    int rc = qund_sop_sql_said(db, s->plan, QUND_STR("stock:"), out, known);

    if (rc < 0 || *known)
        return rc;
    st = qund_sql(db, "SELECT CAST(round(sum(n)) AS INTEGER) FROM plan_said WHERE plan = :plan AND"
                      " name GLOB 'stock:?*'");
    qund_bind_int(st, ":plan", s->plan);
    return number(st, out, known);
}

/* What was typed when the plan was made. */
static int param(struct qund_db *db, int64_t plan, struct qund_str name, double *out, bool *known)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT CAST(round(1000 * CAST(value AS REAL)) AS INTEGER) FROM plan,"
                     " json_each(plan.params) WHERE plan.id = :plan AND json_each.key = :name");
    int rc;

    qund_bind_int(st, ":plan", plan);
    qund_bind_str(st, ":name", name);
    rc = number(st, out, known);
    *out /= 1000;
    return rc;
}

int qund_sop_sql_number(struct qund_db *db, int64_t plan, struct qund_str name, double *out,
                        bool *known)
{
    int rc = qund_sop_sql_said(db, plan, name, out, known);

    return rc < 0 || *known ? rc : param(db, plan, name, out, known);
}

static int of_capacity(struct qund_db *db, const struct qund_sop_span *s, double *out, bool *known)
{
    int rc = qund_sop_sql_said(db, s->plan, QUND_STR("capacity"), out, known);

    return rc < 0 || *known ? rc : param(db, s->plan, QUND_STR("event.capacity"), out, known);
}

int qund_sop_base(struct qund_db *db, enum qund_sop_count_of of, const struct qund_sop_span *s,
                  double *out, bool *known)
{
    static int (*const BASES[])(struct qund_db *, const struct qund_sop_span *, double *,
                                bool *) = {
        [QUND_SOP_OF_CUSTOMERS] = of_customers, [QUND_SOP_OF_NEW] = of_new,
        [QUND_SOP_OF_SIGNUPS] = of_signups,     [QUND_SOP_OF_CONFIRMED] = of_confirmed,
        [QUND_SOP_OF_RESERVED] = of_reserved,   [QUND_SOP_OF_ORDERS] = of_orders,
        [QUND_SOP_OF_STOCK] = of_stock,         [QUND_SOP_OF_CAPACITY] = of_capacity,
    };
    int rc;

    qund_assert((size_t)of < QUND_ARRAY_LEN(BASES));
    *out = 0;
    *known = false;
    rc = BASES[of](db, s, out, known);
    *known = rc == 0 && *known && *out > 0;
    return rc;
}
