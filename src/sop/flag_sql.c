/* src/sop/flag_sql.c - flags: what is simply so, of a person, a group or a plan.
 *
 * A person's flags stop a run: they have opted out, left, answered. Rows know them; what a person
 * said or did counts from the beginning of the run (span.from) on and not before, so that the word
 * that made a run begin does not end it. A group's and a plan's are known from rows where there are
 * any, and everything may be said by hand: `qund plan flag` (rows of plan_said, "flag:<name>").
 * What is said by hand holds whatever the rows say, for they do not know everything. */
#include "sop/measure_parts.h"
#include "sop/task.h"

#include <stdio.h>

struct asked {
    struct qund_db *db;
    struct qund_months *months;
    const struct qund_fold *fold;
    const struct qund_sop_span *s;
};

/* Flags that one row answers: names of what is bound are fixed. */
static const char *const ROWS[QUND_SOP_FLAGS] = {
    [QUND_SOP_OPT_OUT] = "SELECT opt_out FROM contact WHERE id = :contact",
    [QUND_SOP_LEFT_GROUP] =
        "SELECT left_at IS NOT NULL FROM member WHERE grp = :grp AND contact = :contact",
    [QUND_SOP_CONVERTED] =
        "SELECT EXISTS(SELECT 1 FROM lead WHERE contact = :contact AND stage IN ('won',"
        " 'converted', 'deal', 'ordered', '已成交')) OR EXISTS(SELECT 1 FROM shop_order WHERE"
        " contact = :contact AND contact > 0 AND paid_at > :from)",
    [QUND_SOP_ORDERED] =
        "SELECT EXISTS(SELECT 1 FROM shop_order WHERE contact = :contact AND contact > 0 AND"
        " paid_at > :from AND paid_at <= :until) OR EXISTS(SELECT 1 FROM sop_fact WHERE contact ="
        " :contact AND kind = 'order.paid' AND ts > :from AND ts <= :until)",
    [QUND_SOP_FORM_SUBMITTED] =
        "SELECT 1 FROM sop_fact WHERE contact = :contact AND kind = 'form.submit' AND ts > :from"
        " AND ts <= :until LIMIT 1",
    /* By the person, or by the name under which a list has them. state 3: cancelled. */
    [QUND_SOP_SIGNUP_CANCELLED] =
        "SELECT u.state = 3 FROM signup u WHERE u.grp = :grp AND (u.contact = :contact OR "
        "(u.contact"
        " = 0 AND u.name <> '' AND u.name IN ((SELECT nick FROM member WHERE grp = :grp AND "
        "contact ="
        " :contact), (SELECT name FROM contact WHERE id = :contact)))) ORDER BY u.at DESC LIMIT 1",
    [QUND_SOP_COMPLAINT_OPEN] =
        "SELECT 1 FROM question q WHERE q.contact = :contact AND q.state = 0 AND q.urgent = 1 AND"
        " q.grp IN (SELECT grp FROM member WHERE contact = :contact) LIMIT 1",
    [QUND_SOP_ROOM_KNOWN] =
        "SELECT 1 FROM contact_room WHERE contact = :contact AND self = 1 LIMIT 1",
    /* Another plan courts this person by himself. */
    [QUND_SOP_ONE_TO_ONE_RUNNING] =
        "SELECT 1 FROM plan_run r WHERE r.contact = :contact AND r.state = 0 AND r.plan <> :plan "
        "AND"
        " EXISTS(SELECT 1 FROM task t WHERE t.contact = :contact AND t.plan = r.plan AND t.flags &"
        " :marketing AND t.channel IN (2, 3)) LIMIT 1",
    [QUND_SOP_GROUP_PAUSED] = "SELECT state <> 0 FROM grp WHERE id = :grp",
    [QUND_SOP_KOC_NOT_INVITED] =
        "SELECT NOT EXISTS(SELECT 1 FROM role_holder WHERE grp = :grp AND role = 'koc_fan' AND"
        " actor_kind = 'invited_customer')",
    [QUND_SOP_DISCLOSURE_MISSING] =
        "SELECT 1 FROM task WHERE plan = :plan AND flags & :undisclosed LIMIT 1",
};

_Static_assert(QUND_SOP_CH_ONE_TO_ONE == 2 && QUND_SOP_CH_SMS == 3, "stored numbers");

static void bind_known(struct qund_stmt *st, const char *sql, const char *name, int64_t v)
{
    if (strstr(sql, name))
        qund_bind_int(st, name, v);
}

static int from_row(const struct asked *a, enum qund_sop_flag f, bool *out)
{
    const char *sql = ROWS[f];
    struct qund_stmt *st = qund_sql(a->db, sql);
    int rc;

    qund_assert(st);
    bind_known(st, sql, ":contact", a->s->contact);
    bind_known(st, sql, ":grp", a->s->group);
    bind_known(st, sql, ":plan", a->s->plan);
    bind_known(st, sql, ":from", a->s->from);
    bind_known(st, sql, ":until", a->s->until);
    bind_known(st, sql, ":marketing", QUND_TASK_MARKETING);
    bind_known(st, sql, ":undisclosed", QUND_TASK_UNDISCLOSED);
    rc = qund_step(st);
    *out = rc > 0 && qund_col_int(st, 0) != 0;
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

/* --- what was said in the chats --- */

static int counted(const struct asked *a, enum qund_sop_metric m, bool *out)
{
    double n;
    bool known;
    int rc = qund_sop_measure(a->db, a->months, a->fold, m, QUND_STR_NONE, a->s, &n, &known);

    *out = rc == 0 && n > 0;
    return rc;
}

static int spoke(const struct asked *a, bool *out)
{
    return counted(a, QUND_SOP_SPEAKERS, out);
}

static int replied(const struct asked *a, bool *out)
{
    return counted(a, QUND_SOP_ONE_TO_ONE_REPLIES, out);
}

static int handed_in(const struct asked *a, bool *out)
{
    return counted(a, QUND_SOP_HOMEWORK, out);
}

struct heard {
    const struct asked *a;
    bool (*is)(const struct qund_month_line *line); /* NULL: it is marked as a risk */
};

static int hear(const struct qund_month_line *line, void *arg)
{
    struct heard *h = arg;
    int rc = h->is ? h->is(line) : qund_sop_sql_intent(h->a->db, line->seq, "staff_risk");

    return rc > 0 ? QUND_E_EXISTS : rc; /* one is enough */
}

static int staff_said(const struct asked *a, struct heard h, bool *out)
{
    const struct qund_month_filter f = {.grp = a->s->group,
                                        .after = a->s->from,
                                        .until = a->s->until,
                                        .type = QUND_EV_MESSAGE,
                                        .role = QUND_ROLE_STAFF,
                                        .without = QUND_EVF_COPY};
    int rc = qund_month_lines(a->months, &f, hear, &h);

    *out = rc == QUND_E_EXISTS;
    return *out ? 0 : rc;
}

static int risky(const struct asked *a, bool *out)
{
    return staff_said(a, (struct heard){.a = a}, out);
}

static bool calls_all(const struct qund_month_line *line)
{
    return qund_str_find(line->text, 0, QUND_STR("@所有人")) >= 0 ||
           qund_str_find(line->text, 0, QUND_STR("@全体成员")) >= 0;
}

static int all_called(const struct asked *a, bool *out)
{
    return staff_said(a, (struct heard){.a = a, .is = calls_all}, out);
}

static int (*const CHAT[QUND_SOP_FLAGS])(const struct asked *a, bool *out) = {
    [QUND_SOP_SPOKE] = spoke,
    [QUND_SOP_REPLIED] = replied,
    [QUND_SOP_HOMEWORK_SUBMITTED] = handed_in,
    [QUND_SOP_STAFF_RISK] = risky,
    [QUND_SOP_MENTION_ALL_USED] = all_called,
};

/* --- the flag --- */

static int by_hand(const struct asked *a, enum qund_sop_flag f, bool *out)
{
    char name[64];
    double n = 0;
    bool known = false;
    int rc;

    if (!a->s->plan)
        return 0;
    snprintf(name, sizeof(name), "flag:%s", qund_sop_flag_name(f));
    rc = qund_sop_sql_said(a->db, a->s->plan, qund_str(name), &n, &known);
    *out = known && n != 0;
    return rc;
}

int qund_sop_flag(struct qund_db *db, struct qund_months *months, const struct qund_fold *fold,
                  enum qund_sop_flag f, const struct qund_sop_span *s, bool *out)
{
    const struct asked a = {.db = db, .months = months, .fold = fold, .s = s};
    int rc;

    qund_assert((unsigned)f < QUND_SOP_FLAGS);
    *out = false;
    if (qund_sop_flag_personal(f) && !s->contact)
        return 0;
    rc = by_hand(&a, f, out);
    if (rc < 0 || *out)
        return rc;
    if (ROWS[f])
        return from_row(&a, f, out);
    return CHAT[f] ? CHAT[f](&a, out) : 0;
}
