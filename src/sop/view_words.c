/* view_words.c - the words of a task that nobody was told of yet, as far as they are known.
 *
 * Such a task still has its template's text: who holds a role and what the records count is looked
 * up when somebody is told (fill.c), so that it is true then. But what was typed when the plan was
 * made, the group's name and the event's day will be the same; whoever looks at the plan reads them
 * already. The rest stays as the template has it, {{…}}. */
#include "sop/read_parts.h"

struct viewing {
    const struct qund_sop_known *k;
    struct qund_sop_clock clock;
};

static int get(void *arg, struct qund_str name, struct qund_buf *out)
{
    const struct viewing *v = arg;
    int rc;

    if (qund_str_is(name, "group.name") && v->k->group_name.n > 0) {
        qund_buf_str(out, v->k->group_name);
        return 0;
    }
    rc = qund_plan_param(v->k->plan, v->k->t, v->clock.zone ? &v->clock : NULL, name, out);
    if (rc != QUND_E_NOTFOUND)
        return rc;
    qund_buf_printf(out, "{{%.*s}}", QUND_STR_ARG(name));
    return 0;
}

int qund_sop_view_words(const struct qund_sop_known *k, struct qund_str text, struct qund_buf *out)
{
    struct viewing v = {.k = k, .clock = {.zone = k->zone}};
    size_t missing;

    return qund_sop_fill(text, get, &v, out, &missing);
}
