/* src/intake/req.c - the request a face fills: entry bodies one behind another. */
#include "event/event.h"
#include "intake/intake.h"

struct qund_intake_req *qund_intake_req_new(void)
{
    return qund_alloc(sizeof(struct qund_intake_req));
}

struct qund_intake_req *qund_intake_req_free(struct qund_intake_req *r)
{
    if (r) {
        qund_assert(!r->hold.held); /* a floor that nobody lifts any more */
        qund_buf_done(&r->bytes);
        qund_free(r->ends);
        qund_free(r);
    }
    return NULL;
}

void qund_intake_req_add(struct qund_intake_req *r, const struct qund_event *e,
                         const struct qund_entry_state *state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf packed = {0};

    if (e)
        qund_event_pack(e, &packed);
    qund_entry_put(&r->bytes, e ? qund_buf_view(&packed) : QUND_STR_NONE, state);
    if (r->n == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 1;
        r->ends = qund_realloc(r->ends, r->cap * sizeof(*r->ends));
    }
    r->ends[r->n++] = r->bytes.n;
}
