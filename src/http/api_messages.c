/* api_messages.c - what was said: a group's messages, one message, search. Pages end at a place in
 * time, not at a count, so that a page costs the same wherever it lies. */
#include "crm/message.h"
#include "http/internal.h"
#include "store/search.h"
#include <stdio.h>

enum { NEEDLE_MAX_BYTES = 200 };

struct listing {
    struct qund_reader *rd;
    struct qund_answer *a;
    bool mask;
    int n;
};

static int print_one(const struct qund_message_row *row, void *arg)
{
    struct listing *l = arg;

    if (l->n++ > 0)
        qund_buf_char(&l->a->body, ',');
    return qund_message_print(l->rd->view, row, l->mask, &l->a->body);
}

/* "202509.1757900000000.17": where the page before ended. */
static int read_cursor(const struct qund_call *c, struct qund_month_cursor *out,
                       struct qund_answer *a)
{
    struct qund_str rest = c->cursor;
    int64_t month = 0;

    if (!rest.p)
        return QUND_OK;
    if (qund_str_int(qund_str_split(&rest, '.'), &month) < 0 || month < 197001 || month > 999912 ||
        !rest.p || qund_str_int(qund_str_split(&rest, '.'), &out->ts) < 0 || !rest.p ||
        qund_str_int(rest, &out->seq) < 0)
        return qund_err_set(&a->err, QUND_E_INVAL, "cursor", "is no cursor of this list");
    out->month = (int)month;
    return QUND_OK;
}

static void end_page(struct qund_jw *w, const struct qund_month_cursor *cursor, bool more)
{
    char text[64] = "";

    if (more && cursor->month > 0)
        snprintf(text, sizeof(text), "%d.%lld.%lld", cursor->month, (long long)cursor->ts,
                 (long long)cursor->seq);
    qund_page_end(w, qund_str(text));
}

int qund_api_messages(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    struct listing l = {.rd = rd, .a = a, .mask = c->mask};
    struct qund_month_cursor cursor = {0};
    struct qund_jw w = qund_jw(&a->body);
    int rc = read_cursor(c, &cursor, a);

    if (rc < 0)
        return rc;
    qund_page_begin(&w);
    rc = qund_month_last(rd->months, c->id, qund_call_num(c, "since", 0), c->limit, &cursor,
                         print_one, &l);
    end_page(&w, &cursor, l.n == c->limit);
    return rc < 0 ? rc : QUND_OK;
}

int qund_api_message(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    struct qund_message_row row;
    int rc = qund_month_get(rd->months, c->id, &row);

    if (rc == QUND_E_NOTFOUND)
        return qund_err_set(&a->err, rc, "id", "no message has this number");
    return rc < 0 ? rc : qund_message_print(rd->view, &row, c->mask, &a->body);
}

static int run_search(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a,
                      struct qund_search_query *q)
{
    struct listing l = {.rd = rd, .a = a, .mask = c->mask};
    struct qund_jw w = qund_jw(&a->body);
    int rc;

    qund_page_begin(&w);
    rc = qund_search_run(rd->search, q, print_one, &l);
    end_page(&w, &q->cursor, q->partial || l.n == c->limit);
    if (rc == 0 && q->partial) { /* the time was over first: what was found, and where to go on */
        a->body.n--;
        qund_buf_puts(&a->body, ",\"partial\":true}");
    }
    return rc < 0 ? rc : QUND_OK;
}

int qund_api_search(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    QUND_AUTO(qund_buf_done) struct qund_buf tokens = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf needle = {0};
    struct qund_str text = qund_str_trim(qund_call_str(c, "q"));
    int64_t group = qund_call_num(c, "group", 0);
    struct qund_search_query q = {.limit = c->limit,
                                  .deadline_mono_ms = rd->deadline_mono_ms - 200};
    int rc = read_cursor(c, &q.cursor, a);

    if (rc < 0)
        return rc;
    if (!rd->search)
        return qund_err_set(&a->err, QUND_E_NOTFOUND, "q", "search is off (store.search)");
    if (text.n == 0 || text.n > NEEDLE_MAX_BYTES)
        return qund_err_set(&a->err, QUND_E_INVAL, "q", "must have 1 to %d bytes",
                            NEEDLE_MAX_BYTES);
    rd->words->fold(rd->words->ctx, text, &needle);
    rd->words->tokens(rd->words->ctx, text, &tokens);
    q.tokens = qund_buf_view(&tokens);
    q.needle = qund_buf_view(&needle);
    if (group != 0) {
        q.groups = &group;
        q.n_groups = 1;
    }
    return run_search(rd, c, a, &q);
}
