/* src/sop/measure.h - the metrics of templates, counted from rows (essay in measure.c; what each
 * one counts: docs/sop-metrics.md).
 *
 * Any handle; the engine asks inside its transaction. A question of one metric over one window
 * costs what its messages and facts cost, nothing that grows with the store. */
#ifndef QUND_SOP_MEASURE_H
#define QUND_SOP_MEASURE_H
#include "sop/template.h"
#include "store/db.h"
#include "store/month.h"
#include "text/fold.h"

/* What is no message and is counted all the same: a row of sop_fact. Kinds are event types
 * ("link.click", "form.submit", "checkin", "redeem", "order.paid", …). */
struct qund_sop_fact {
    int64_t group;      /* 0: it named none; counts for every group the person is in */
    int64_t contact;    /* 0: nobody knows who; counts as one person a row */
    int64_t ts, seq, n; /* seq: of the event; n: how many, a mark of satisfaction */
    struct qund_str kind;
    struct qund_str what; /* which link, form, event; of order.paid its number */
};
/* Whether events of this type are counted by some metric. */
bool qund_sop_fact_counts(struct qund_str kind);
QUND_CHECK int qund_sop_fact_put(struct qund_db *db, const struct qund_sop_fact *f);
/* A revoke takes back what the event brought. */
QUND_CHECK int qund_sop_fact_withdraw(struct qund_db *db, int64_t seq);

struct qund_sop_span {
    int64_t group;                /* 0: of no group */
    int64_t contact;              /* 0: of all; else of this person (contact and member plans) */
    int64_t from, until;          /* event time, (from, until] */
    int64_t plan, task;           /* for task_done, reported figures, stock; 0: none */
    const struct qund_str *words; /* of keyword_hits, homework, coupon_claims: folded */
    size_t n_words;
    const int64_t *people; /* only these count (new members); NULL: all */
    size_t n_people;
};
/* *known false: nothing ever reported it (satisfaction, stock, clicks without a tracker): not to be
 * judged. of_what: of stock.<name>, of keyword_hits.<word>, of one link or form; NONE: all. */
QUND_CHECK int qund_sop_measure(struct qund_db *db, struct qund_months *months,
                                const struct qund_fold *fold, enum qund_sop_metric m,
                                struct qund_str of_what, const struct qund_sop_span *s, double *out,
                                bool *known);
/* The people behind the figure, each once, for tags on those who reacted; non-zero stops and is
 * returned. Nobody for figures that no person stands behind (stock, reply_minutes). */
QUND_CHECK int qund_sop_reacted(struct qund_db *db, struct qund_months *months,
                                const struct qund_fold *fold, enum qund_sop_metric m,
                                const struct qund_sop_span *s,
                                int (*each)(void *arg, int64_t contact), void *arg);

/* What a percentage is of, at the start of the window. *known false: it cannot be computed. */
QUND_CHECK int qund_sop_base(struct qund_db *db, enum qund_sop_count_of of,
                             const struct qund_sop_span *s, double *out, bool *known);
/* "gte 8% of customers" → the number to reach. A percentage is rounded up for >= and >, down for <=
 * and <, and is at least 1 for >=. */
QUND_CHECK int qund_sop_wanted(struct qund_db *db, const struct qund_sop_value *v,
                               enum qund_sop_op op, const struct qund_sop_span *s, double *out,
                               bool *known);
bool qund_sop_holds(enum qund_sop_op op, double figure, double wanted);

/* Flags of a person, a group or a plan: what rows know, else what a person said of the plan
 * (flag.c). Of a person: since span.from, which is the beginning of his run. */
QUND_CHECK int qund_sop_flag(struct qund_db *db, struct qund_months *months,
                             const struct qund_fold *fold, enum qund_sop_flag f,
                             const struct qund_sop_span *s, bool *out);
#endif
