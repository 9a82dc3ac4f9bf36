/* src/engine/look_list.c - a member list out of an event's data. */
#include "engine/look.h"
#include <stdlib.h>

#define MEMBERS_MAX 100000 /* of all parts; no platform has such groups */

static int add(struct qund_engine *e, struct look_list *l, struct look_person p)
{
    if (p.id.n == 0 || p.id.n > QUND_EVENT_ID_MAX || memchr(p.id.p, '\n', p.id.n) ||
        l->n == MEMBERS_MAX)
        return QUND_E_INVAL;
    if (l->n == l->cap) {
        struct look_person *v;

        l->cap = l->cap ? 2 * l->cap : 256;
        v = qund_arena_alloc(e->arena, l->cap * sizeof(*v));
        if (l->n > 0)
            memcpy(v, l->v, l->n * sizeof(*v));
        l->v = v;
    }
    l->v[l->n++] = p;
    return 0;
}

static int read_person(struct qund_engine *e, struct qund_jr *r, struct look_list *l)
{
    struct look_person p = {0};
    struct qund_jr_obj o;
    struct qund_str key;
    int rc = qund_jr_obj(r, &o);

    while (rc == 0 && (rc = qund_jr_obj_next(r, &o, &key)) > 0) {
        bool text = qund_jr_peek(r) == QUND_JT_STR;

        if (text && qund_str_is(key, "id"))
            rc = qund_jr_str(r, &p.id);
        else if (text && qund_str_is(key, "name"))
            rc = qund_jr_str(r, &p.name);
        else
            rc = qund_jr_skip(r, NULL);
    }
    return rc < 0 ? rc : add(e, l, p);
}

static int read_members(struct qund_engine *e, struct qund_jr *r, struct look_list *l)
{
    bool first;
    int rc = qund_jr_arr(r, &first);

    while (rc == 0 && (rc = qund_jr_arr_next(r, &first)) > 0)
        rc = read_person(e, r, l);
    return rc;
}

/* A stamp may be a number as well as a text. */
static int read_stamp(struct qund_jr *r, struct qund_str *out)
{
    return qund_jr_peek(r) == QUND_JT_STR ? qund_jr_str(r, out) : qund_jr_skip(r, out);
}

int qund_look_read(struct qund_engine *e, struct qund_str data, struct look_list *l)
{
    struct qund_jr r;
    struct qund_jr_obj o;
    struct qund_str key;
    int rc;

    l->part = l->parts = 1;
    l->whole = false;
    l->stamp = QUND_STR_NONE;
    if (!data.p)
        return QUND_E_INVAL;
    qund_jr_init(&r, data, e->arena, 32);
    rc = qund_jr_obj(&r, &o);
    while (rc == 0 && (rc = qund_jr_obj_next(&r, &o, &key)) > 0) {
        if (qund_str_is(key, "members"))
            rc = read_members(e, &r, l);
        else if (qund_str_is(key, "whole"))
            rc = qund_jr_bool(&r, &l->whole);
        else if (qund_str_is(key, "part"))
            rc = qund_jr_int(&r, &l->part);
        else if (qund_str_is(key, "parts"))
            rc = qund_jr_int(&r, &l->parts);
        else if (qund_str_is(key, "stamp"))
            rc = read_stamp(&r, &l->stamp);
        else
            rc = qund_jr_skip(&r, NULL);
    }
    if (rc < 0 || l->parts < 1 || l->parts > LOOK_PARTS_MAX || l->part < 1 || l->part > l->parts ||
        (l->parts > 1 && (l->stamp.n == 0 || l->stamp.n > QUND_EVENT_ID_MAX)))
        return QUND_E_INVAL;
    return 0;
}

static int by_id(const void *a, const void *b)
{
    return qund_str_cmp(((const struct look_person *)a)->id, ((const struct look_person *)b)->id);
}

void qund_look_sort(struct look_list *l)
{
    size_t kept = 0;

    if (l->n > 0)
        qsort(l->v, l->n, sizeof(*l->v), by_id);
    for (size_t i = 0; i < l->n; i++)
        if (kept == 0 || !qund_str_eq(l->v[kept - 1].id, l->v[i].id))
            l->v[kept++] = l->v[i];
    l->n = kept;
}

bool qund_look_has(const struct look_list *l, struct qund_str id)
{
    const struct look_person want = {.id = id};

    return l->n > 0 && bsearch(&want, l->v, l->n, sizeof(*l->v), by_id) != NULL;
}
