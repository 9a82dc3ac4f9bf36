/* src/sop/read_view.c - what a list of tasks says beside its rows: title, kind and expectation,
 * which stand in the template. A reader parses each version it meets once. */
#include "sop/read_parts.h"

struct qund_sop_view *qund_sop_view_new(struct qund_db *db)
{
    struct qund_sop_view *v = qund_alloc(sizeof(*v));

    v->db = db;
    return v;
}

struct qund_sop_view *qund_sop_view_free(struct qund_sop_view *v)
{
    for (size_t i = 0; v && i < v->n; i++)
        qund_sop_template_free(v->v[i].t);
    qund_free(v);
    return NULL;
}

/* NULL: it cannot be read (any more). That is remembered, too. */
static struct qund_sop_template *parse(struct qund_db *db, struct qund_str id, int64_t version)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    struct qund_sop_template *t = NULL;

    qund_errs_init(&errs, 1);
    if (qund_sop_version_sql_body(db, id, version, &body) < 0 ||
        qund_sop_template_parse("template", qund_buf_view(&body), &t, &errs, NULL) < 0)
        return NULL;
    return t;
}

const struct qund_sop_template *qund_sop_view_template(struct qund_sop_view *v, struct qund_str id,
                                                       int64_t version)
{
    struct sop_viewed *slot;

    for (size_t i = 0; i < v->n; i++)
        if (v->v[i].version == version && qund_str_is(id, v->v[i].id))
            return v->v[i].t;
    slot = &v->v[v->n < SOP_VIEWED_MAX ? v->n++ : SOP_VIEWED_MAX - 1];
    qund_sop_template_free(slot->t);
    slot->version = version;
    snprintf(slot->id, sizeof(slot->id), "%.*s", QUND_STR_ARG(id));
    slot->t = parse(v->db, id, version);
    return slot->t;
}
