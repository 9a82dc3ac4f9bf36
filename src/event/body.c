/* src/event/body.c - a request's body: one object, an array of them, or one a line.
 *
 * All or nothing is the caller's promise to its peer, so an error names the event by its index and
 * ends the walk; the caller then drops what it was given. One reader (and one memory of keys)
 * serves all events of the body. */
#include "event/internal.h"
#include <stdio.h>

struct walk {
    const struct qund_event_ctx *ctx;
    struct qund_arena *arena;
    int (*each)(const struct qund_event *e, void *arg);
    void *arg;
    size_t *count;
    struct qund_err *err;
};

/* "ts" → "events[7].ts" */
static int with_index(struct walk *w, int rc)
{
    char within[sizeof(w->err->where)];

    if (!w->err)
        return rc;
    snprintf(within, sizeof(within), "%s", w->err->where);
    snprintf(w->err->where, sizeof(w->err->where), "events[%zu]%s%.120s", *w->count,
             within[0] && within[0] != '[' ? "." : "", within);
    return rc;
}

static int one(struct walk *w, struct qund_jr *r)
{
    struct qund_event e;
    int rc = event_decode_at(w->ctx, r, *w->count, &e, w->err);

    if (rc < 0)
        return with_index(w, rc);
    rc = w->each(&e, w->arg);
    if (rc == 0)
        (*w->count)++;
    return rc;
}

static int trailing(struct walk *w, struct qund_jr *r)
{
    return qund_jr_end(r) < 0
               ? qund_err_set(w->err, QUND_E_INVAL, "events", "%s (byte %zu)", r->why, r->at)
               : QUND_OK;
}

static int walk_json(struct walk *w, struct qund_str body)
{
    struct qund_jr r;
    bool first;
    int type, rc;

    qund_jr_init(&r, body, w->arena, EVENT_DEPTH_MAX + 1);
    type = qund_jr_peek(&r);
    if (type != QUND_JT_ARR) {
        r.max_depth = EVENT_DEPTH_MAX;
        rc = type < 0 ? event_reader_err(&r, r.start, w->err) : one(w, &r);
        return rc ? rc : trailing(w, &r);
    }
    rc = qund_jr_arr(&r, &first);
    while (rc == 0 && (rc = qund_jr_arr_next(&r, &first)) > 0)
        rc = one(w, &r);
    if (rc == 0)
        rc = trailing(w, &r);
    else if (r.why && w->err && !w->err->text[0])
        rc = with_index(w, qund_err_set(w->err, QUND_E_INVAL, "", "%s (byte %zu)", r.why, r.at));
    return rc;
}

static int walk_lines(struct walk *w, struct qund_str body)
{
    struct qund_jr r = {0};
    int rc = QUND_OK;

    while (rc == 0 && body.p) {
        struct qund_str line = qund_str_trim(qund_str_split(&body, '\n'));
        struct qund_jr_keys **keys = r.keys;

        if (line.n == 0)
            continue;
        qund_jr_init(&r, line, w->arena, EVENT_DEPTH_MAX);
        r.keys = keys; /* the same depths, so the same memory */
        rc = one(w, &r);
        if (rc == 0 && qund_jr_end(&r) < 0) {
            (*w->count)--;
            rc = with_index(w, event_reader_err(&r, r.start, w->err));
        }
    }
    return rc;
}

int qund_event_decode_body(const struct qund_event_ctx *ctx, enum qund_body_form form,
                           struct qund_str body, struct qund_arena *arena,
                           int (*each)(const struct qund_event *e, void *arg), void *arg,
                           size_t *count, struct qund_err *err)
{
    struct walk w = {ctx, arena, each, arg, count, err};

    *count = 0;
    body = qund_str_no_bom(body);
    if (err)
        *err = (struct qund_err){0};
    if (qund_str_trim(body).n == 0)
        return qund_err_set(err, QUND_E_INVAL, "events", "the body is empty");
    return form == QUND_BODY_NDJSON ? walk_lines(&w, body) : walk_json(&w, body);
}
