/* api_export.c - all messages, as a stream.
 *
 * A reader makes one page at a time and lets go of its snapshot; the next page is asked for when
 * the peer has taken what it got. So an export of any length holds neither memory nor the store,
 * and a peer that stops reading stops the work. Messages that arrive meanwhile come at its end. */
#include "crm/message.h"
#include "http/internal.h"

enum { PAGE_ROWS = 500, PAGE_MS = 10000 };

struct export
{
    struct qund_read_job job;
    struct mail mail;
    struct qund_http *h;
    struct qund_req *req;
    struct qund_reader *rd; /* during run only */
    struct qund_buf page;
    int64_t after;
    int rc, rows;
    bool begun, mask;
};

static void next_page(struct export *x);

static void finish(struct export *x, bool complete)
{
    struct qund_err err = {0};

    if (x->begun) {
        qund_req_end(x->req, complete);
    } else {
        qund_err_set(&err, x->rc, "", "the store cannot be read now; try again");
        qund_answer_rc(x->req, x->rc, &err);
    }
    qund_buf_done(&x->page);
    qund_free(x);
}

/* The peer has taken what waited, or is gone, which the next write finds out. */
static void drained(void *arg)
{
    next_page(arg);
}

static void page_home(struct qund_http *h, struct mail *m)
{
    struct export *x = QUND_CONTAINER(m, struct export, mail);
    int rc;

    h->open_calls--;
    if (x->rc < 0) {
        finish(x, false);
        return;
    }
    if (!x->begun)
        qund_req_stream(x->req, &(struct qund_resp){.status = 200, .type = "application/x-ndjson"},
                        drained, x);
    x->begun = true;
    rc = qund_req_write(x->req, qund_buf_view(&x->page));
    if (rc == QUND_E_DENIED || x->rows < PAGE_ROWS)
        finish(x, rc != QUND_E_DENIED);
    else if (rc != QUND_E_AGAIN)
        next_page(x);
}

static int print_line(const struct qund_message_row *row, void *arg)
{
    struct export *x = arg;
    int rc = qund_message_print(x->rd->view, row, x->mask, &x->page);

    qund_buf_char(&x->page, '\n');
    x->after = row->seq;
    x->rows++;
    return rc;
}

/* Reader's thread. */
static void run(struct qund_read_job *j, struct qund_reader *rd, const struct qund_err *err)
{
    struct export *x = QUND_CONTAINER(j, struct export, job);

    qund_buf_clear(&x->page);
    x->rows = 0;
    x->rd = rd;
    x->rc = rd->db ? qund_month_stream(rd->months, x->after, PAGE_ROWS, print_line, x) : err->rc;
    qund_http_mail(x->h, &x->mail);
}

static void next_page(struct export *x)
{
    int rc; /* not in x, which is the reader's once it is submitted */

    x->job.deadline_ms = PAGE_MS;
    rc = x->h->readers ? qund_readers_submit(x->h->readers, &x->job) : QUND_E_AGAIN;
    if (rc < 0) {
        x->rc = rc;
        finish(x, false);
    } else {
        x->h->open_calls++;
    }
}

void qund_api_export_messages(struct qund_http *h, struct qund_req *r, const struct qund_call *c)
{
    struct export *x = qund_alloc(sizeof(*x));

    x->h = h;
    x->req = r;
    x->mask = c->mask;
    x->mail.open = page_home;
    x->job.run = run;
    next_page(x);
}
