/* src/sop/fill.c - the words of a task, with their variables filled.
 *
 * A variable is one of three kinds (vars.c): typed when the plan was made, looked up (who, where,
 * when), or taken from records. The last are figures of rows and nothing else: nobody can type the
 * number of orders that a post announces. What nobody knows stays a visible gap, and is counted, so
 * that a task with one is held instead of sent. */
#include "sop/internal.h"
#include "sop/measure.h"

struct filling {
    struct qund_sop *s;
    const struct qund_fill_ask *ask;
    struct qund_sop_clock clock;
};

static struct qund_str behind(struct qund_str s, size_t n)
{
    return qund_str_n(s.p + n, s.n - n);
}

static int64_t local_day(const struct qund_zone *z, int64_t at)
{
    struct qund_civil c;

    qund_zone_civil(z, at, &c);
    return qund_days_from_civil(c.year, c.month, c.day);
}

/* --- looked up --- */

static int date(struct filling *f, struct qund_str name, struct qund_buf *out)
{
    struct qund_civil c;

    (void)name;
    qund_zone_civil(f->clock.zone, f->ask->now, &c);
    qund_buf_printf(out, "%d月%d日", c.month, c.day);
    return 0;
}

/* The first day is day 1, as people count. */
static int day(struct filling *f, struct qund_str name, struct qund_buf *out)
{
    (void)name;
    qund_buf_int(out, local_day(f->clock.zone, f->ask->now) -
                          local_day(f->clock.zone, f->clock.day0) + 1);
    return 0;
}

static int group_name(struct filling *f, struct qund_str name, struct qund_buf *out)
{
    struct qund_crm_group *g;
    int rc =
        f->ask->grp > 0 ? qund_crm_group_by_id(f->s->deps.crm, f->ask->grp, &g) : QUND_E_NOTFOUND;

    (void)name;
    if (rc == 0 && g->name.n == 0)
        return QUND_E_NOTFOUND;
    if (rc == 0)
        qund_buf_line(out, g->name);
    return rc;
}

static int member_nick(struct filling *f, struct qund_str name, struct qund_buf *out)
{
    QUND_AUTO(qund_buf_done) struct qund_buf nick = {0};
    int rc = f->ask->contact > 0
                 ? qund_fill_sql_nick(f->s->deps.db, f->ask->grp, f->ask->contact, &nick)
                 : QUND_E_NOTFOUND;

    (void)name;
    qund_buf_line(out, qund_buf_view(&nick));
    return rc;
}

static int merged_nicks(struct filling *f, struct qund_str name, struct qund_buf *out)
{
    QUND_AUTO(qund_buf_done) struct qund_buf nicks = {0};
    int rc;

    if (f->ask->task <= 0)
        return member_nick(f, name, out); /* a preview of one */
    rc = qund_merge_nicks(f->s, f->ask->task, &nicks);
    qund_buf_line(out, qund_buf_view(&nicks));
    return rc;
}

struct items {
    struct qund_arena *arena;
    struct qund_buf *out;
    size_t n;
};

static int put_item(void *arg, struct qund_str key, struct qund_str raw)
{
    struct items *it = arg;
    struct qund_str name = QUND_STR_NONE;
    int rc = raw.p[0] == '{' ? qund_sop_json_get(it->arena, raw, QUND_STR("name"), &name)
                             : qund_sop_body_text(it->arena, raw, "", &name, NULL);

    (void)key;
    if (rc == 0 && name.n > 0)
        qund_buf_printf(it->out, "%s%.*s", it->n++ > 0 ? "、" : "", QUND_STR_ARG(name));
    return 0; /* what has no name is left out */
}

/* What a shop calls its items is a text, or a list of texts or of objects with a name. */
static int of_order(struct filling *f, struct qund_str name, struct qund_buf *out)
{
    QUND_AUTO(qund_buf_done) struct qund_buf said = {0};
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(1024);
    struct items it = {.arena = arena, .out = out};
    bool tail = qund_str_is(name, "order.tail");
    int rc = f->ask->contact > 0 ? qund_fill_sql_order(f->s->deps.db, f->ask->contact, tail, &said)
                                 : QUND_E_NOTFOUND;

    if (rc < 0)
        return rc;
    if (tail || said.p[0] != '[') {
        qund_buf_str(out, qund_buf_view(&said));
        return 0;
    }
    rc = qund_sop_body_each(arena, qund_buf_view(&said), "", put_item, &it, NULL);
    return rc < 0 || it.n == 0 ? QUND_E_NOTFOUND : 0;
}

/* "expert.name": who holds the role there now. */
static int holder(struct filling *f, struct qund_str name, struct qund_buf *out)
{
    struct qund_str role = qund_str_n(name.p, name.n - strlen(".name"));
    const struct sop_person *person;
    struct qund_duty d;
    int rc;

    if (!f->s->roster || qund_sop_role_parse(role) < 0)
        return QUND_E_NOTFOUND;
    qund_duty_holders(f->s->roster, f->ask->grp, role, f->ask->now, &d);
    if (d.n == 0)
        return QUND_E_NOTFOUND;
    rc = qund_sop_person(f->s, d.staff[0], &person);
    if (rc < 0)
        return rc;
    qund_buf_str(out, qund_buf_view(&person->name));
    return person->name.n > 0 ? 0 : QUND_E_NOTFOUND;
}

/* --- of records --- */

static void put_number(struct qund_buf *out, double v)
{
    char text[40];

    snprintf(text, sizeof(text), "%.10g", v);
    qund_buf_puts(out, text);
}

/* Since the event once it has come, else since the plan began. */
static int count(struct filling *f, struct qund_str name, struct qund_buf *out)
{
    const struct qund_plan *plan = f->ask->plan;
    struct qund_sop_span span = {
        .group = f->ask->grp,
        .from = plan->event > 0 && plan->event <= f->ask->now ? plan->event - 1 : plan->start,
        .until = f->ask->now,
        .plan = plan->id};
    double v = 0;
    bool known = false;
    int rc, m = qund_sop_metric_parse(behind(name, strlen("count.")));

    if (m < 0)
        return QUND_E_NOTFOUND;
    rc = qund_sop_measure(f->s->deps.db, f->s->deps.months, f->s->deps.fold,
                          (enum qund_sop_metric)m, QUND_STR_NONE, &span, &v, &known);
    if (rc == 0 && !known)
        return QUND_E_NOTFOUND;
    if (rc == 0)
        put_number(out, v);
    return rc;
}

static int said(struct filling *f, struct qund_str name, struct qund_buf *out)
{
    QUND_AUTO(qund_buf_done) struct qund_buf key = {0};
    double v;
    bool known;
    int rc;

    if (qund_str_starts(name, "stock."))
        qund_buf_printf(&key, "stock:%.*s", QUND_STR_ARG(behind(name, strlen("stock."))));
    else
        qund_buf_str(&key, name);
    rc = qund_plan_said(f->s, f->ask->plan->id, qund_buf_view(&key), &v, &known);
    if (rc == 0 && !known)
        return QUND_E_NOTFOUND;
    if (rc == 0)
        put_number(out, v);
    return rc;
}

/* --- which is which --- */

static const struct {
    const char *name; /* ends in '.': whatever begins so */
    int (*get)(struct filling *f, struct qund_str name, struct qund_buf *out);
} KNOWN[] = {
    {"date", date},
    {"day", day},
    {"group.name", group_name},
    {"member.nick", member_nick},
    {"merged.nicks", merged_nicks},
    {"order.tail", of_order},
    {"order.items", of_order},
    {"count.", count},
    {"stock.", said},
    {"forecast.", said},
};

static int get(void *arg, struct qund_str name, struct qund_buf *out)
{
    struct filling *f = arg;

    for (size_t i = 0; i < QUND_ARRAY_LEN(KNOWN); i++) {
        const char *known = KNOWN[i].name;

        if (known[strlen(known) - 1] == '.' ? qund_str_starts(name, known)
                                            : qund_str_is(name, known))
            return KNOWN[i].get(f, name, out);
    }
    if (name.n > 5 && qund_str_is(behind(name, name.n - 5), ".name")) {
        int rc = holder(f, name, out);

        if (rc != QUND_E_NOTFOUND)
            return rc;
    }
    return qund_plan_param(f->ask->plan, f->ask->t, &f->clock, name, out);
}

int qund_plan_fill(struct qund_sop *s, const struct qund_fill_ask *ask, struct qund_str text,
                   struct qund_buf *out, size_t *missing)
{
    struct filling f = {.s = s, .ask = ask};
    int rc;

    if (ask->clock)
        f.clock = *ask->clock;
    rc = ask->clock ? 0 : qund_plan_clock(s, ask->plan, ask->grp, ask->contact, &f.clock);
    return rc < 0 ? rc : qund_sop_fill(text, get, &f, out, missing);
}
