/* api_plans.c - templates, plans and tasks as they are kept; changed by commands of the route
 * table. */
#include "http/internal.h"
#include "sop/plan.h"
#include "sop/task.h"
#include <stdio.h>

int qund_api_templates(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    struct qund_jw w = qund_jw(&a->body);
    int rc;

    (void)c;
    qund_page_begin(&w);
    rc = qund_sop_template_list(rd->db, &a->body);
    if (rc < 0)
        return rc;
    qund_page_end_id(&w, 0);
    return QUND_OK;
}

int qund_api_template(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    int rc = qund_sop_template_show(rd->db, c->name, qund_call_num(c, "version", 0), &a->body);

    return rc == QUND_E_NOTFOUND
               ? qund_err_set(&a->err, rc, "name", "no template has this id and version")
               : rc;
}

int qund_api_plans(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    struct qund_plan_filter f = {.state = (int)qund_call_num(c, "state", -1),
                                 .template = qund_call_str(c, "template"),
                                 .group = qund_call_num(c, "group", 0),
                                 .limit = c->limit};
    struct qund_jw w = qund_jw(&a->body);
    int64_t next;
    int rc = qund_page_id(c, &f.before_id, a);

    if (rc < 0)
        return rc;
    qund_page_begin(&w);
    rc = qund_sop_plan_list(rd->db, &f, &a->body, &next);
    if (rc < 0)
        return rc;
    qund_page_end_id(&w, next);
    return QUND_OK;
}

int qund_api_plan(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    int rc = qund_sop_plan_print(rd->db, c->id, &a->body);

    return rc == QUND_E_NOTFOUND ? qund_err_set(&a->err, rc, "id", "no plan has this number") : rc;
}

/* The cursor is "due.id" of the last one shown. */
static int read_cursor(const struct qund_call *c, struct qund_task_filter *f, struct qund_answer *a)
{
    struct qund_str id = c->cursor, due = c->cursor.p ? qund_str_split(&id, '.') : QUND_STR_NONE;

    if (!c->cursor.p ||
        (qund_str_int(due, &f->after_due) == 0 && qund_str_int(id, &f->after_id) == 0))
        return QUND_OK;
    return qund_err_set(&a->err, QUND_E_INVAL, "cursor", "is no cursor of this list");
}

static int tasks(struct qund_reader *rd, const struct qund_call *c, struct qund_task_filter *f,
                 struct qund_answer *a)
{
    struct qund_jw w = qund_jw(&a->body);
    int64_t due, id;
    char next[48] = "";
    int rc = read_cursor(c, f, a);

    if (rc < 0)
        return rc;
    f->limit = c->limit;
    qund_page_begin(&w);
    rc = qund_sop_task_list(rd->db, f, &a->body, &due, &id);
    if (rc < 0)
        return rc;
    if (id > 0)
        snprintf(next, sizeof(next), "%lld.%lld", (long long)due, (long long)id);
    qund_page_end(&w, qund_str(next));
    return QUND_OK;
}

static int read_states(struct qund_str list, unsigned *out, struct qund_err *err)
{
    while (list.n > 0) {
        struct qund_str one = qund_str_trim(qund_str_split(&list, ','));
        int state = qund_task_state_parse(one);

        if (state < 0)
            return qund_err_set(err, QUND_E_INVAL, "state",
                                "'%.*s' is none of planned, held, ready, pushed, seen, done, "
                                "skipped, expired, cancelled, failed",
                                QUND_STR_ARG(qund_utf8_cut(one, 40)));
        *out |= 1u << state;
    }
    return QUND_OK;
}

int qund_api_tasks(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    struct qund_task_filter f = {.from = qund_call_num(c, "from", 0),
                                 .until = qund_call_num(c, "to", 0),
                                 .plan = qund_call_num(c, "plan", 0),
                                 .group = qund_call_num(c, "group", 0),
                                 .staff = qund_call_num(c, "staff", 0)};
    int rc = read_states(qund_call_str(c, "state"), &f.states, &a->err);

    return rc < 0 ? rc : tasks(rd, c, &f, a);
}

int qund_api_plan_tasks(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    return tasks(rd, c, &(struct qund_task_filter){.plan = c->id}, a);
}

int qund_api_task(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    int rc = qund_sop_task_print(rd->db, c->id, NULL, &a->body);

    return rc == QUND_E_NOTFOUND ? qund_err_set(&a->err, rc, "id", "no task has this number") : rc;
}
