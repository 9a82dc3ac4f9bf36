/* src/engine/inquire.c - what a rule would say: about one event, or about the stored past. Runs in
 * a transaction that is rolled back, so that looking up people leaves nothing behind. */
#include "engine/internal.h"

#define PAGE 500

static void undo(struct qund_engine *e)
{
    qund_db_rollback(e->db);
    qund_crm_forget(e->crm);
    qund_talk_forget(e->talk);
    qund_accounts_forget(e->accounts);
}

/* The packed event in hand, as rules would see it. seq 0: it is not stored. */
static int subject_of(struct qund_engine *e, struct qund_str packed, int64_t seq, int month,
                      struct qund_event *ev, struct subject *s)
{
    int rc = qund_event_unpack(packed, ev);

    *s = (struct subject){.ev = ev, .quiet = true};
    if (rc == 0)
        rc = qund_subject_look_up(e, s);
    s->row.seq = seq;
    s->row.month = month;
    if (rc == 0)
        rc = qund_fold_message(e->deps.fold, ev->text, &e->folded);
    return rc < 0 ? rc : qund_input_extract(e, s, &e->extract);
}

static int explain(struct qund_engine *e, struct qund_str packed, int64_t seq, int month,
                   struct qund_str rule, struct qund_buf *json, struct qund_buf *lines)
{
    struct qund_rule_extract found[INPUT_EXTRACTS];
    struct qund_rule_state *state = qund_rule_state_new(e->db, true);
    struct qund_rule_input in;
    struct qund_event ev;
    struct subject s;
    int rc = qund_rule_state_bind(state, e->rules);

    if (rc == 0)
        rc = subject_of(e, packed, seq, month, &ev, &s);
    if (rc == 0) {
        qund_input_fill(e, &s, &e->extract, found, &in);
        rc = qund_rules_explain(e->rules, e->scratch, &in, state, rule, json, lines);
    }
    qund_rule_state_free(state);
    return rc;
}

/* A stored message back into the packed form it came in. */
static int pack_row(struct qund_message_view *view, const struct qund_message_row *row,
                    struct qund_buf *out)
{
    struct qund_event ev;
    int rc = qund_message_event(view, row, &ev);

    if (rc == 0)
        qund_event_pack(&ev, out);
    return rc;
}

int qund_engine_explain(struct qund_engine *e, int64_t seq, struct qund_str packed,
                        struct qund_str rule, struct qund_buf *json, struct qund_buf *lines,
                        struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf stored = {0};
    QUND_AUTO(qund_message_view_free) struct qund_message_view *view = NULL;
    struct qund_message_row row = {0};
    int rc = qund_db_begin(e->db);

    if (rc == 0 && seq > 0) {
        view = qund_message_view_new(e->db);
        rc = qund_month_get(e->months, seq, &row);
        if (rc == 0)
            rc = pack_row(view, &row, &stored);
        packed = qund_buf_view(&stored);
    }
    if (rc == 0)
        rc = explain(e, packed, seq, row.month, rule, json, lines);
    undo(e);
    qund_arena_reset(e->arena);
    if (rc == QUND_E_NOTFOUND)
        return seq > 0 && row.seq == 0
                   ? qund_err_set(err, rc, "message", "no stored message with seq %lld",
                                  (long long)seq)
                   : qund_err_set(err, rc, "rule", "no rule \"%.*s\"", QUND_STR_ARG(rule));
    return rc < 0 ? qund_err_set(err, rc, "explain", "%s", qund_db_error(e->db)) : 0;
}

/* --- backtest --- */

struct past {
    struct qund_engine *e;
    struct qund_months *months; /* of its own: the engine's is read meanwhile */
    struct qund_message_view *view;
    int64_t after, from_ts;

    struct qund_buf bytes; /* a page of packed events */
    size_t ends[PAGE], n, at;
    int64_t seq[PAGE];
    int month[PAGE];

    struct qund_event ev;
    struct subject s;
    struct qund_rule_extract found[INPUT_EXTRACTS];
};

static int page_row(const struct qund_message_row *row, void *arg)
{
    struct past *p = arg;
    int rc = 0;

    p->after = row->seq;
    if (row->ts < p->from_ts || row->state != QUND_MESSAGE_KEPT || (row->flags & QUND_EVF_COPY))
        return 0;
    rc = pack_row(p->view, row, &p->bytes);
    p->ends[p->n] = p->bytes.n;
    p->month[p->n] = row->month;
    p->seq[p->n++] = row->seq;
    return rc;
}

/* 1: a page with something in it, 0: the end. */
static int next_page(struct past *p)
{
    p->at = 0;
    do {
        int64_t before = p->after;
        int rc;

        p->n = 0;
        qund_buf_clear(&p->bytes);
        rc = qund_month_stream(p->months, p->after, PAGE, page_row, p);
        if (rc < 0 || p->after == before)
            return rc;
    } while (p->n == 0);
    return 1;
}

static int next_input(void *arg, struct qund_rule_input *in)
{
    struct past *p = arg;
    size_t from;
    int rc;

    qund_arena_reset(p->e->arena);
    if (p->at == p->n) {
        rc = next_page(p);
        if (rc <= 0)
            return rc;
    }
    from = p->at ? p->ends[p->at - 1] : 0;
    rc = subject_of(p->e, qund_str_n(p->bytes.p + from, p->ends[p->at] - from), p->seq[p->at],
                    p->month[p->at], &p->ev, &p->s);
    p->at++;
    if (rc < 0)
        return rc;
    qund_input_fill(p->e, &p->s, &p->e->extract, p->found, in);
    return 1;
}

int qund_engine_backtest(struct qund_engine *e, struct qund_rules *rules, struct qund_str rule,
                         int days, struct qund_backtest *out, struct qund_err *err)
{
    struct past *p = qund_alloc(sizeof(*p));
    int64_t newest = 0;
    int rc = qund_db_begin(e->db);

    p->e = e;
    p->months = qund_months_new(e->db);
    p->view = qund_message_view_new(e->db);
    if (rc == 0) /* not from now: a store that was quiet for a month has its words all the same */
        rc = qund_month_newest(p->months, &newest);
    p->from_ts = newest - days * QUND_DAY_MS;
    if (rc == 0)
        rc = qund_rules_backtest(rules ? rules : e->rules, rule, next_input, p, out, err);
    undo(e);
    qund_arena_reset(e->arena);
    qund_message_view_free(p->view);
    qund_months_free(p->months);
    qund_buf_done(&p->bytes);
    qund_free(p);
    return rc;
}
