/* api_dead.c - what could not be applied: seen here, retried or dropped by commands. */
#include "event/event.h"
#include "http/internal.h"
#include "queue/queue.h"
#include "store/dead.h"

struct listing {
    struct qund_jw w;
    int64_t last;
    int n;
};

static void print_dead(struct qund_jw *w, const struct qund_dead *d)
{
    qund_jw_kint(w, "id", d->id);
    qund_jw_kstr(w, "kind", d->kind);
    qund_jw_kstr(w, "key", d->key);
    qund_jw_kstr(w, "stage", d->stage);
    qund_jw_kstr(w, "reason", d->reason);
    qund_jw_kz(w, "state", qund_dead_state_name(d->state));
    qund_jw_kts(w, "at", d->at);
    qund_jw_kint(w, "bytes", (int64_t)d->body.n);
}

static int list_one(const struct qund_dead *d, void *arg)
{
    struct listing *l = arg;

    qund_jw_obj(&l->w);
    print_dead(&l->w, d);
    qund_jw_end_obj(&l->w);
    l->last = d->id;
    l->n++;
    return 0;
}

int qund_api_dead(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    struct listing l = {.w = qund_jw(&a->body)};
    int64_t before;
    int rc = qund_page_id(c, &before, a);

    if (rc < 0)
        return rc;
    qund_page_begin(&l.w);
    rc = qund_dead_list(rd->db, qund_call_num(c, "all", 0) != 0, before, c->limit, list_one, &l);
    qund_page_end_id(&l.w, l.n == c->limit ? l.last : 0);
    return rc;
}

/* An event's body as JSON, anything else as text when it is text. */
static void print_body(struct qund_jw *w, const struct qund_dead *d)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_entry_parts parts;
    struct qund_event e;

    if (qund_str_is(d->kind, "event") && qund_entry_split(d->body, &parts) == 0 && parts.event.p &&
        qund_event_unpack(parts.event, &e) == 0) {
        qund_event_print(&e, false, &b);
        qund_jw_key(w, "event");
        qund_jw_raw(w, qund_buf_view(&b));
    } else if (qund_utf8_check(d->body) < 0) {
        qund_jw_kstr(w, "body", d->body);
    }
}

int qund_api_dead_show(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(4096);
    struct qund_jw w = qund_jw(&a->body);
    struct qund_dead d;
    int rc = qund_dead_get(rd->db, c->id, arena, &d);

    if (rc < 0)
        return rc == QUND_E_NOTFOUND
                   ? qund_err_set(&a->err, rc, "id", "no dead letter has this number")
                   : rc;
    qund_jw_obj(&w);
    print_dead(&w, &d);
    print_body(&w, &d);
    qund_jw_end_obj(&w);
    return QUND_OK;
}
