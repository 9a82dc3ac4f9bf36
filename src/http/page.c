/* page.c - the frame of every list: {"items":[…],"next":"…"}. */
#include "http/internal.h"

void qund_page_begin(struct qund_jw *w)
{
    qund_jw_obj(w);
    qund_jw_key(w, "items");
    qund_jw_arr(w);
}

void qund_page_end(struct qund_jw *w, struct qund_str next)
{
    qund_jw_end_arr(w);
    if (next.n > 0)
        qund_jw_kstr(w, "next", next);
    qund_jw_end_obj(w);
}

void qund_page_end_id(struct qund_jw *w, int64_t next)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};

    if (next > 0)
        qund_buf_int(&b, next);
    qund_page_end(w, qund_buf_view(&b));
}

int qund_page_id(const struct qund_call *c, int64_t *out, struct qund_answer *a)
{
    *out = 0;
    if (c->cursor.p && (qund_str_int(c->cursor, out) < 0 || *out < 0))
        return qund_err_set(&a->err, QUND_E_INVAL, "cursor", "is no cursor of this list");
    return QUND_OK;
}

int64_t qund_call_num(const struct qund_call *c, const char *name, int64_t absent)
{
    for (size_t i = 0; i < c->route->n_fields; i++)
        if (strcmp(c->route->fields[i].name, name) == 0)
            return c->str[i].p ? c->num[i] : absent;
    qund_assert(!"a parameter that the route lists");
    return absent;
}

struct qund_str qund_call_str(const struct qund_call *c, const char *name)
{
    for (size_t i = 0; i < c->route->n_fields; i++)
        if (strcmp(c->route->fields[i].name, name) == 0)
            return c->str[i];
    qund_assert(!"a parameter that the route lists");
    return QUND_STR_NONE;
}
