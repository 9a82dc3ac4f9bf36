/* api_people.c - people and places as crm reads them; the row of the route table names the list. */
#include "crm/import.h"
#include "crm/read.h"
#include "http/internal.h"

enum { EXPORT_MAX_BYTES = 128 << 20 };

/* The parameter if the route has it. */
static struct qund_str asked_str(const struct qund_call *c, const char *name)
{
    for (size_t i = 0; i < c->route->n_fields; i++)
        if (strcmp(c->route->fields[i].name, name) == 0)
            return c->str[i];
    return QUND_STR_NONE;
}

static int64_t asked_num(const struct qund_call *c, const char *name)
{
    return asked_str(c, name).p ? qund_call_num(c, name, 0) : 0;
}

static int list(struct qund_reader *rd, const struct qund_call *c, int64_t group,
                struct qund_answer *a)
{
    QUND_AUTO(qund_buf_done) struct qund_buf next = {0};
    struct qund_crm_query q = {.limit = c->limit,
                               .cursor = c->cursor,
                               .group = group,
                               .tag = asked_str(c, "tag"),
                               .stage = asked_str(c, "stage"),
                               .owner = asked_num(c, "owner"),
                               .name = asked_str(c, "q"),
                               .mask = c->mask};
    struct qund_jw w = qund_jw(&a->body);
    int rc;

    qund_jw_obj(&w);
    qund_jw_key(&w, "items");
    rc = qund_crm_list(rd->db, c->route->what, &q, &w, &next, &a->err);
    if (next.n > 0)
        qund_jw_kstr(&w, "next", qund_buf_view(&next));
    qund_jw_end_obj(&w);
    return rc;
}

int qund_api_people(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    return list(rd, c, asked_num(c, "group"), a);
}

int qund_api_of_group(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    return list(rd, c, c->id, a);
}

int qund_api_person(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    struct qund_jw w = qund_jw(&a->body);

    return qund_crm_show(rd->db, c->route->what, c->id, c->mask, &w, &a->err);
}

static int keep(void *arg, struct qund_str piece)
{
    struct qund_buf *out = arg;

    if (out->n + piece.n > EXPORT_MAX_BYTES)
        return QUND_E_FULL;
    qund_buf_str(out, piece);
    return 0;
}

int qund_api_export(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    struct qund_export_opt opt = {.form = (enum qund_export_form)qund_call_num(c, "format", 0),
                                  .mask = c->mask};
    int table = qund_table_parse(qund_str(c->route->what));
    int64_t rows;
    int rc;

    qund_assert(table >= 0);
    a->type = opt.form == QUND_EXPORT_CSV ? "text/csv; charset=utf-8" : "application/x-ndjson";
    rc = qund_db_begin_read(rd->db);
    if (rc == 0)
        rc = qund_export(rd->db, (enum qund_table)table, &opt, keep, &a->body, &rows, &a->err);
    if (rc == QUND_E_FULL)
        return qund_err_set(&a->err, QUND_E_FULL, "export",
                            "too large for one answer; use `qund export` on the machine itself");
    return rc;
}
