/* src/queue/batch.c - a claimed batch, and the book of what is owed.
 *
 * A batch points into the reply it came in: no body is copied between Redis' socket and the engine.
 * The book says which entries were delivered and not acknowledged; its first id is the border below
 * which the stream may be trimmed (XTRIM also takes the bodies of pending entries, so the border
 * must be exact). The engine acknowledges whole batches in order, which is the cheap case here. */
#include "queue/internal.h"

struct claimed {
    struct qund_batch b;
    redisReply *reply;
    struct qund_entry v[];
};

struct qund_batch *qund_batch_free(struct qund_batch *b)
{
    if (b) {
        struct claimed *c = QUND_CONTAINER(b, struct claimed, b);

        qund_reply_free(c->reply);
        qund_free(c);
    }
    return NULL;
}

/* [id, [field, body, …]] or [id, nil] */
static int take_entry(const redisReply *r, struct qund_entry *out)
{
    const redisReply *fields;

    if (r->type != REDIS_REPLY_ARRAY || r->elements != 2 ||
        qund_entry_id_parse(qund_reply_str(r->element[0]), &out->id) < 0)
        return QUND_E_PROTO;
    fields = r->element[1];
    out->body = QUND_STR_NONE;
    if (fields->type == REDIS_REPLY_ARRAY && fields->elements >= 2)
        out->body = qund_reply_str(fields->element[1]);
    return QUND_OK;
}

static int take_entries(const redisReply *list, struct claimed *c, struct qund_read *out)
{
    for (size_t i = 0; i < list->elements; i++) {
        struct qund_entry e;
        int rc = take_entry(list->element[i], &e);

        if (rc < 0)
            return rc;
        out->entries++;
        out->last = e.id;
        if (e.body.p) {
            c->v[c->b.n++] = e;
            c->b.bytes += e.body.n;
            continue;
        }
        if (!out->missing)
            out->missing = qund_alloc(list->elements * sizeof(*out->missing));
        out->missing[out->n_missing++] = e;
    }
    return QUND_OK;
}

int qund_read_take(redisReply *r, struct qund_read *out)
{
    QUND_AUTO(qund_reply_free) redisReply *reply = r;
    const redisReply *list;
    struct claimed *c;
    int rc;

    *out = (struct qund_read){.batch = NULL};
    if (reply->type == REDIS_REPLY_NIL)
        return QUND_OK;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1 ||
        reply->element[0]->type != REDIS_REPLY_ARRAY || reply->element[0]->elements != 2)
        return QUND_E_PROTO;
    list = reply->element[0]->element[1];
    if (list->type != REDIS_REPLY_ARRAY)
        return QUND_E_PROTO;
    c = qund_alloc(sizeof(*c) + list->elements * sizeof(c->v[0]));
    c->b.v = c->v;
    rc = take_entries(list, c, out);
    if (rc == 0 && c->b.n > 0) {
        c->reply = QUND_TAKE(reply);
        out->batch = &c->b;
        return QUND_OK;
    }
    qund_free(c);
    if (rc < 0) {
        qund_free(out->missing);
        out->missing = NULL;
    }
    return rc;
}

void qund_owed_done(struct qund_owed *o)
{
    qund_free(o->v);
    qund_free(o->done);
    *o = (struct qund_owed){.v = NULL};
}

void qund_owed_clear(struct qund_owed *o)
{
    o->head = o->n = o->left = 0;
}

void qund_owed_add(struct qund_owed *o, struct qund_entry_id id)
{
    if (o->n > o->head && qund_entry_id_cmp(o->v[o->n - 1], id) >= 0)
        return; /* a page of the pending list read twice */
    if (o->head > 0 && o->n == o->cap) {
        memmove(o->v, o->v + o->head, (o->n - o->head) * sizeof(*o->v));
        memmove(o->done, o->done + o->head, (o->n - o->head) * sizeof(*o->done));
        o->n -= o->head;
        o->head = 0;
    }
    if (o->n == o->cap) {
        o->cap = o->cap ? 2 * o->cap : 1024;
        o->v = qund_realloc(o->v, o->cap * sizeof(*o->v));
        o->done = qund_realloc(o->done, o->cap * sizeof(*o->done));
    }
    o->v[o->n] = id;
    o->done[o->n++] = false;
    o->left++;
}

static size_t find(const struct qund_owed *o, struct qund_entry_id id)
{
    size_t lo = o->head, hi = o->n;

    if (lo < hi && qund_entry_id_cmp(o->v[lo], id) == 0)
        return lo;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (qund_entry_id_cmp(o->v[mid], id) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

void qund_owed_ack(struct qund_owed *o, struct qund_entry_id id)
{
    size_t i = find(o, id);

    if (i == o->n || qund_entry_id_cmp(o->v[i], id) != 0 || o->done[i])
        return; /* delivered over a connection that is gone: it comes again */
    o->done[i] = true;
    o->left--;
    while (o->head < o->n && o->done[o->head])
        o->head++;
    if (o->head == o->n)
        o->head = o->n = 0;
}

bool qund_owed_first(const struct qund_owed *o, struct qund_entry_id *out)
{
    if (o->head == o->n)
        return false;
    *out = o->v[o->head];
    return true;
}
