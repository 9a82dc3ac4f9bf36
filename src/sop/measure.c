/* src/sop/measure.c - which metric is counted from what.
 *
 * An expectation is judged once, so its figure must be the same whenever it is asked: it is a
 * function of stored rows in a window of event time (from, until], kept nowhere. A late message
 * changes the next question's answer, never a judgement; a revoke takes its row away.
 *
 * A source gives hits: a person, and how much. Two things are made of them. Where activity is meant
 * (who spoke, clicked, answered) people count, each once, however often they did; sign-ups, orders
 * and the like count as they are. Of people only customers count; the sources leave out staff, bots
 * and invited customers. The same walk tells who reacted, for tags.
 *
 * Some metrics can come both ways: a coupon is claimed by the word that was asked for or by an
 * event of the shop. Both are asked, one set of people is made of it.
 *
 * Nothing said is a figure (0) where we would have heard it. Where we would not, because no event
 * of that kind has ever come, it is none, and the expectation ends void instead of missed; unless
 * somebody typed a figure on the task's page. */
#include "sop/measure_parts.h"

#include <math.h>

enum counted { BY_PEOPLE, BY_ROWS };

static const struct metric {
    int (*rows)(struct sop_ask *a);
    int (*figure)(struct sop_ask *a, double *out);
    const char *fact; /* event type that counts, too */
    enum counted counted;
    bool typed; /* a figure of the task's page stands in when no event told one */
} METRICS[QUND_SOP_METRICS] = {
    [QUND_SOP_SPEAKERS] = {.rows = qund_sop_from_speakers},
    [QUND_SOP_MESSAGES] = {.rows = qund_sop_from_messages, .counted = BY_ROWS},
    [QUND_SOP_KEYWORD_HITS] = {.rows = qund_sop_from_words},
    [QUND_SOP_LINK_CLICKS] = {.fact = "link.click", .typed = true},
    [QUND_SOP_FORM_SUBMITS] = {.fact = "form.submit", .typed = true},
    [QUND_SOP_SIGNUPS] = {.rows = qund_sop_from_signups, .counted = BY_ROWS},
    [QUND_SOP_SIGNUP_CONFIRMS] = {.rows = qund_sop_from_confirms, .counted = BY_ROWS},
    [QUND_SOP_CANCELS] = {.rows = qund_sop_from_cancels, .counted = BY_ROWS},
    [QUND_SOP_CHECKINS] = {.fact = "checkin", .typed = true},
    [QUND_SOP_COUPON_CLAIMS] = {.rows = qund_sop_from_words, .fact = "coupon.claim"},
    [QUND_SOP_REDEEMS] = {.fact = "redeem", .counted = BY_ROWS, .typed = true},
    [QUND_SOP_ORDERS] = {.rows = qund_sop_from_orders, .counted = BY_ROWS, .typed = true},
    [QUND_SOP_ATTEND_LIVE] = {.fact = "live.attend", .typed = true},
    [QUND_SOP_HOMEWORK] = {.rows = qund_sop_from_homework, .fact = "homework"},
    [QUND_SOP_PHOTO_POSTS] = {.rows = qund_sop_from_photos, .fact = "photo"},
    [QUND_SOP_ONE_TO_ONE_REPLIES] = {.rows = qund_sop_from_private, .fact = "one_to_one.reply"},
    [QUND_SOP_JOINS] = {.rows = qund_sop_from_joins},
    [QUND_SOP_LEAVES] = {.rows = qund_sop_from_leaves},
    [QUND_SOP_COMPLAINTS] = {.rows = qund_sop_from_complaints},
    [QUND_SOP_UNANSWERED] = {.figure = qund_sop_figure_unanswered},
    [QUND_SOP_REPLY_MINUTES] = {.figure = qund_sop_figure_reply_minutes},
    [QUND_SOP_SATISFACTION] = {.figure = qund_sop_figure_satisfaction, .typed = true},
    [QUND_SOP_TASK_DONE] = {.figure = qund_sop_figure_task_done},
    [QUND_SOP_STOCK] = {.figure = qund_sop_figure_stock, .typed = true},
    [QUND_SOP_REFUNDS] = {.fact = "order.refunded", .counted = BY_ROWS, .typed = true},
};

/* Counted without a metric of their own: what a base is of, and what a rule may ask for. */
static const char *const OTHER_FACTS[] = {"order.paid", "visit", "reserve", "satisfaction"};

bool qund_sop_fact_counts(struct qund_str kind)
{
    for (size_t i = 0; i < QUND_ARRAY_LEN(METRICS); i++)
        if (METRICS[i].fact && qund_str_is(kind, METRICS[i].fact))
            return true;
    return qund_str_index(kind, OTHER_FACTS, QUND_ARRAY_LEN(OTHER_FACTS)) >= 0;
}

/* --- people --- */

static size_t place(const struct sop_people *p, int64_t contact)
{
    size_t i = (size_t)((uint64_t)contact * UINT64_C(0x9E3779B97F4A7C15) >> 20);

    while (p->v[i % p->cap] && p->v[i % p->cap] != contact)
        i++;
    return i % p->cap;
}

static void grow(struct sop_people *p)
{
    struct sop_people more = {.cap = p->cap ? 2 * p->cap : 64, .n = p->n};

    more.v = qund_alloc(more.cap * sizeof(*more.v));
    for (size_t i = 0; i < p->cap; i++)
        if (p->v[i])
            more.v[place(&more, p->v[i])] = p->v[i];
    qund_free(p->v);
    *p = more;
}

bool qund_sop_people_add(struct sop_people *p, int64_t contact)
{
    size_t i;

    if (2 * p->n >= p->cap)
        grow(p);
    i = place(p, contact);
    if (p->v[i])
        return false;
    p->v[i] = contact;
    p->n++;
    return true;
}

bool qund_sop_people_has(const struct sop_people *p, int64_t contact)
{
    return p->n > 0 && p->v[place(p, contact)] == contact;
}

void qund_sop_people_done(struct sop_people *p)
{
    qund_free(p->v);
    *p = (struct sop_people){0};
}

int qund_sop_hit(struct sop_ask *a, int64_t contact, double n)
{
    const struct qund_sop_span *s = a->s;

    if (s->contact && contact != s->contact)
        return 0;
    if (s->people && (!contact || !qund_sop_people_has(&a->only, contact)))
        return 0;
    a->hits++;
    a->rows += n;
    if (!contact) {
        a->strangers++;
        return 0;
    }
    return qund_sop_people_add(&a->seen, contact) && a->each ? a->each(a->arg, contact) : 0;
}

/* --- one question --- */

static void ask_open(struct sop_ask *a, struct qund_buf *word, struct qund_str *one)
{
    const struct qund_sop_span *s = a->s;

    for (size_t i = 0; i < s->n_people; i++)
        if (s->people[i])
            qund_sop_people_add(&a->only, s->people[i]);
    a->words = s->words;
    a->n_words = s->n_words;
    if (a->of_what.n > 0) {
        qund_fold_str(a->fold, a->of_what, word);
        *one = qund_buf_view(word);
        a->words = one;
        a->n_words = 1;
    }
}

static int walk(struct sop_ask *a, const struct metric *m, double *out)
{
    int rc = m->rows ? m->rows(a) : m->figure ? m->figure(a, out) : 0;

    if (rc == 0 && m->fact)
        rc = qund_sop_from_facts(a, m->fact);
    if (rc == 0 && !m->figure)
        *out = m->counted == BY_ROWS ? a->rows : (double)a->seen.n + (double)a->strangers;
    if (rc == 0 && m->typed && *out == 0)
        rc = qund_sop_figure_typed(a, out);
    return rc;
}

static int ask(struct sop_ask *a, enum qund_sop_metric m, double *out)
{
    QUND_AUTO(qund_buf_done) struct qund_buf word = {0};
    struct qund_str one;
    int rc;

    qund_assert((unsigned)m < QUND_SOP_METRICS);
    *out = 0;
    ask_open(a, &word, &one);
    rc = walk(a, &METRICS[m], out);
    qund_sop_people_done(&a->only);
    qund_sop_people_done(&a->seen);
    return rc;
}

int qund_sop_measure(struct qund_db *db, struct qund_months *months, const struct qund_fold *fold,
                     enum qund_sop_metric m, struct qund_str of_what, const struct qund_sop_span *s,
                     double *out, bool *known)
{
    struct sop_ask a = {.db = db, .months = months, .fold = fold, .s = s, .of_what = of_what};
    int rc = ask(&a, m, out);

    *known = rc == 0 && a.known;
    return rc;
}

int qund_sop_reacted(struct qund_db *db, struct qund_months *months, const struct qund_fold *fold,
                     enum qund_sop_metric m, const struct qund_sop_span *s,
                     int (*each)(void *arg, int64_t contact), void *arg)
{
    struct sop_ask a = {.db = db, .months = months, .fold = fold, .s = s, .each = each, .arg = arg};
    double figure;

    return ask(&a, m, &figure);
}

/* --- against what it is held --- */

int qund_sop_wanted(struct qund_db *db, const struct qund_sop_value *v, enum qund_sop_op op,
                    const struct qund_sop_span *s, double *out, bool *known)
{
    bool upwards = op == QUND_SOP_GTE || op == QUND_SOP_GT || op == QUND_SOP_EQ;
    double base = 0, n;
    int rc;

    *known = true;
    *out = v->n;
    if (v->var.n > 0)
        return qund_sop_sql_number(db, s->plan, v->var, out, known);
    if (!v->percent)
        return 0;
    rc = qund_sop_base(db, v->of, s, &base, known);
    if (rc < 0 || !*known)
        return rc;
    /* A millionth off, so that 30% of 10 is 3 and not 4. */
    n = base * v->n / 100;
    n = upwards ? ceil(n - 1e-6) : floor(n + 1e-6);
    *out = op == QUND_SOP_GTE && n < 1 ? 1 : n;
    return 0;
}

bool qund_sop_holds(enum qund_sop_op op, double figure, double wanted)
{
    switch (op) {
    case QUND_SOP_GTE:
        return figure >= wanted;
    case QUND_SOP_LTE:
        return figure <= wanted;
    case QUND_SOP_GT:
        return figure > wanted;
    case QUND_SOP_LT:
        return figure < wanted;
    case QUND_SOP_EQ:
        return fabs(figure - wanted) < 1e-6;
    }
    return false;
}
