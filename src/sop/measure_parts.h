/* src/sop/measure_parts.h - between measure.c (which metric asks whom), measure_chat.c (what was
 * said), measure_sql.c and measure_base_sql.c (rows), and flag.c. */
#ifndef QUND_SOP_MEASURE_PARTS_H
#define QUND_SOP_MEASURE_PARTS_H
#include "event/event.h"
#include "sop/measure.h"

/* A set of people's numbers. {0} is empty. */
struct sop_people {
    int64_t *v; /* 0: a free place */
    size_t n, cap;
};
bool qund_sop_people_add(struct sop_people *p, int64_t contact); /* true: it is new */
bool qund_sop_people_has(const struct sop_people *p, int64_t contact);
void qund_sop_people_done(struct sop_people *p);

/* One question on its way through its sources. */
struct sop_ask {
    struct qund_db *db;
    struct qund_months *months;
    const struct qund_fold *fold;
    const struct qund_sop_span *s;
    struct qund_str of_what;
    const struct qund_str *words; /* of_what or the span's; folded */
    size_t n_words;
    struct sop_people only; /* the span's people */
    struct sop_people seen;
    int64_t hits, strangers; /* strangers: hits of people that nobody knows */
    double rows;             /* what the hits amount to */
    bool known;              /* a source could have told */
    int (*each)(void *arg, int64_t contact);
    void *arg;
};
/* One hit of a source: it counts if it is of the people asked about. Non-zero stops. */
QUND_CHECK int qund_sop_hit(struct sop_ask *a, int64_t contact, double n);

/* --- what was said (measure_chat.c) --- */
QUND_CHECK int qund_sop_from_speakers(struct sop_ask *a);
QUND_CHECK int qund_sop_from_messages(struct sop_ask *a);
QUND_CHECK int qund_sop_from_words(struct sop_ask *a);
QUND_CHECK int qund_sop_from_homework(struct sop_ask *a);
QUND_CHECK int qund_sop_from_photos(struct sop_ask *a);
QUND_CHECK int qund_sop_from_private(struct sop_ask *a);
QUND_CHECK int qund_sop_from_complaints(struct sop_ask *a);
/* One of the (folded) words stands in the folded text, as an answer. */
bool qund_sop_word_said(struct qund_str text, const struct qund_str *words, size_t n);

/* --- rows (measure_sql.c) --- */
QUND_CHECK int qund_sop_from_facts(struct sop_ask *a, const char *kind);
QUND_CHECK int qund_sop_from_orders(struct sop_ask *a);
QUND_CHECK int qund_sop_from_signups(struct sop_ask *a);
QUND_CHECK int qund_sop_from_confirms(struct sop_ask *a);
QUND_CHECK int qund_sop_from_cancels(struct sop_ask *a);
QUND_CHECK int qund_sop_from_joins(struct sop_ask *a);
QUND_CHECK int qund_sop_from_leaves(struct sop_ask *a);
QUND_CHECK int qund_sop_figure_unanswered(struct sop_ask *a, double *out);
QUND_CHECK int qund_sop_figure_reply_minutes(struct sop_ask *a, double *out);
QUND_CHECK int qund_sop_figure_satisfaction(struct sop_ask *a, double *out);
QUND_CHECK int qund_sop_figure_task_done(struct sop_ask *a, double *out);
QUND_CHECK int qund_sop_figure_stock(struct sop_ask *a, double *out);
QUND_CHECK int qund_sop_figure_typed(struct sop_ask *a, double *out);
/* Customers that spoke in whole hours [from, until) of a group, by the hours' own rows. */
QUND_CHECK int qund_sop_sql_hours(struct sop_ask *a, int64_t from, int64_t until);
/* 1: the message carries this intent. */
QUND_CHECK int qund_sop_sql_intent(struct qund_db *db, int64_t seq, const char *intent);
/* The groups that somebody is in; the people of a group. Non-zero of each stops. */
QUND_CHECK int qund_sop_sql_groups(struct qund_db *db, int64_t contact,
                                   int (*each)(void *arg, int64_t grp), void *arg);
QUND_CHECK int qund_sop_sql_members(struct qund_db *db, int64_t grp,
                                    int (*each)(void *arg, int64_t contact), void *arg);
/* What a person said of the plan; *known false: nothing. */
QUND_CHECK int qund_sop_sql_said(struct qund_db *db, int64_t plan, struct qund_str name,
                                 double *out, bool *known);

/* The same, else the number typed under that name when the plan was made. */
QUND_CHECK int qund_sop_sql_number(struct qund_db *db, int64_t plan, struct qund_str name,
                                   double *out, bool *known);

/* Whether a contact is a customer in the group :grp, in SQL: staff, bots and invited customers are
 * not (crm/member_sql.c: actor, mark in the group, what a channel said last, else customer = 1). */
#define SOP_ACTORS                                                        \
    "(SELECT i.contact FROM actor a JOIN identity i ON i.realm = a.realm" \
    " AND i.pid = a.pid LEFT JOIN staff f ON f.id = a.staff"              \
    " WHERE a.staff = 0 OR f.active = 1)"
#define SOP_CUSTOMER(c)                                                              \
    "coalesce((SELECT nullif(role, 0) FROM member WHERE grp = :grp AND contact = " c \
    "), (SELECT nullif(role, 0) FROM contact WHERE id = " c "), 1) = 1 AND " c       \
    " NOT IN " SOP_ACTORS
#endif
