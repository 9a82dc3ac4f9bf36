/* src/sop/read_parts.h - between the files that read plans and tasks for the faces; for this folder
 * only. Any handle. */
#ifndef QUND_SOP_READ_PARTS_H
#define QUND_SOP_READ_PARTS_H
#include "sop/internal.h"

enum { SOP_VIEWED_MAX = 32 };
struct sop_viewed {
    char id[128];
    int64_t version;
    struct qund_sop_template *t; /* NULL: cannot be read */
};
struct qund_sop_view {
    struct qund_db *db;
    const struct qund_zone *zone; /* of days in texts; NULL: they are left out */
    struct sop_viewed v[SOP_VIEWED_MAX];
    size_t n;
};
struct qund_sop_view *qund_sop_view_new(struct qund_db *db);
struct qund_sop_view *qund_sop_view_free(struct qund_sop_view *v); /* returns NULL */
QUND_DEFINE_AUTO(qund_sop_view_free, struct qund_sop_view *)
/* Borrowed until the next call. */
const struct qund_sop_template *qund_sop_view_template(struct qund_sop_view *v, struct qund_str id,
                                                       int64_t version);
/* --- view_words.c --- */
struct qund_sop_known {
    const struct qund_plan *plan; /* params and event count */
    const struct qund_sop_template *t;
    const struct qund_zone *zone;
    struct qund_str group_name;
};
QUND_CHECK int qund_sop_view_words(const struct qund_sop_known *k, struct qund_str text,
                                   struct qund_buf *out);
/* --- task_read_sql.c --- */
QUND_CHECK int qund_sop_tasks_print(struct qund_sop_view *v, const struct qund_task_filter *f,
                                    struct qund_buf *json, int64_t *next_due, int64_t *next_id);
#endif
