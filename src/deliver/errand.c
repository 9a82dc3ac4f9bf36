/* errand.c - HTTP requests and mails for those who may not wait: plugins ask on the loop, they are
 * made here, beside the pushes, by the same client, with the same guard and the same care.
 *
 * Whoever asked bounds how many are under way. More requests than the client may have at once wait
 * in order; their time begins when they do. Mails have a line of their own (net/mail_pool.c): a
 * mail server that keeps silent must not take the places of HTTP. */
#include "deliver/deliver_parts.h"

#define AT_ONCE_MAX 128u /* the pushes keep their places */

struct errand_note {
    struct note note;
    struct qund_errand *errand;
};

static void mail_free(struct qund_errand_mail *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n_to; i++)
        qund_free(m->to[i]);
    qund_free(m->host);
    qund_free(m->user);
    qund_free(m->password);
    qund_free(m->helo);
    qund_free(m->from);
    qund_free(m);
}

struct qund_errand *qund_errand_free(struct qund_errand *e)
{
    if (!e)
        return NULL;
    mail_free(e->mail);
    for (size_t i = 0; i < e->n_headers; i++) {
        qund_free((void *)(uintptr_t)e->headers[i].name);
        qund_free((void *)(uintptr_t)e->headers[i].value);
    }
    qund_free(e->headers);
    qund_free(e->method);
    qund_free(e->url);
    qund_free(e->body);
    qund_buf_done(&e->room);
    qund_free(e);
    return NULL;
}

static struct qund_str keep(struct qund_errand *e, struct qund_str s)
{
    size_t at = e->room.n;

    qund_buf_str(&e->room, s);
    return s.p ? qund_str_n(e->room.p + at, s.n) : QUND_STR_NONE;
}

/* Room for all of it first: what was kept must not move. */
static void keep_answer(struct qund_errand *e, const struct qund_client_answer *a)
{
    size_t bytes = a->body.n + (a->why ? strlen(a->why) + 1 : 1);
    struct qund_str why;

    for (size_t i = 0; i < a->n_headers; i++)
        bytes += a->headers[i].name.n + a->headers[i].value.n;
    qund_buf_reserve(&e->room, bytes + 1);
    e->answer = *a;
    for (size_t i = 0; i < a->n_headers; i++)
        e->answer_headers[i] =
            (struct qund_header){keep(e, a->headers[i].name), keep(e, a->headers[i].value)};
    e->answer.headers = e->answer_headers;
    e->answer.body = keep(e, a->body);
    why = keep(e, qund_str_n(a->why ? a->why : "", (a->why ? strlen(a->why) : 0) + 1));
    e->answer.why = a->why ? why.p : NULL;
}

static void finish(struct qund_errand *e, const struct qund_client_answer *a)
{
    keep_answer(e, a);
    e->done(e, e->arg);
}

static void leave(struct qund_errand *e)
{
    *e->prev_out = e->next_out;
    if (e->next_out)
        e->next_out->prev_out = e->prev_out;
    e->deliver->n_out -= !e->mail;
}

static void enter(struct qund_deliver *d, struct qund_errand *e)
{
    e->next_out = d->out;
    e->prev_out = &d->out;
    if (e->next_out)
        e->next_out->prev_out = &e->next_out;
    d->out = e;
    d->n_out += !e->mail;
}

static void on_answer(void *arg, const struct qund_client_answer *a)
{
    struct qund_errand *e = arg;

    leave(e);
    finish(e, a);
}

/* Borrowed from e. */
static struct qund_client_mail mail_of(struct qund_errand *e)
{
    const struct qund_errand_mail *m = e->mail;

    return (struct qund_client_mail){.host = m->host,
                                     .port = m->port,
                                     .tls = m->tls,
                                     .user = m->user,
                                     .password = m->password,
                                     .helo = m->helo,
                                     .from = m->from,
                                     .to = (const char *const *)m->to,
                                     .n_to = m->n_to,
                                     .message = qund_str_n(e->body, e->body_n),
                                     .timeout_ms = e->timeout_ms,
                                     .allow_private = e->allow_private,
                                     .done = on_answer,
                                     .arg = e};
}

int qund_errand_check_mail(struct qund_errand *e, struct qund_err *err)
{
    struct qund_client_mail mail = mail_of(e);

    return qund_client_check_mail(&mail, err);
}

static int start_mail(struct qund_deliver *d, struct qund_errand *e, struct qund_err *err)
{
    struct qund_client_mail mail = mail_of(e);

    return qund_client_start_mail(d->client, &mail, &e->call, err);
}

static int start_http(struct qund_deliver *d, struct qund_errand *e, struct qund_err *err)
{
    struct qund_client_request req = {.method = e->method,
                                      .url = e->url,
                                      .headers = e->headers,
                                      .n_headers = e->n_headers,
                                      .body = qund_str_n(e->body, e->body_n),
                                      .timeout_ms = e->timeout_ms,
                                      .allow_private = e->allow_private,
                                      .keep_headers = true,
                                      .body_keep = e->keep,
                                      .done = on_answer,
                                      .arg = e};

    return qund_client_start(d->client, &req, &e->call, err);
}

static void begin(struct qund_deliver *d, struct qund_errand *e)
{
    struct qund_err err = {0};

    if ((e->mail ? start_mail(d, e, &err) : start_http(d, e, &err)) == 0)
        enter(d, e);
    else
        finish(e, &(struct qund_client_answer){
                      .end = QUND_CLIENT_NOT_SENT, .retry_after_ms = -1, .why = err.text});
}

void qund_errands_begin(struct qund_deliver *d)
{
    while (d->errands && d->n_out < AT_ONCE_MAX) {
        struct qund_errand *e = QUND_CONTAINER(d->errands, struct qund_errand, node);

        d->errands = e->node.next;
        if (!d->errands)
            d->errands_tail = &d->errands;
        begin(d, e);
    }
}

void qund_errands_end(struct qund_deliver *d)
{
    struct qund_node *next;

    while (d->out) {
        struct qund_errand *e = d->out;

        leave(e);
        finish(e, &(struct qund_client_answer){.end = qund_client_cancel(e->call)
                                                          ? QUND_CLIENT_NO_ANSWER
                                                          : QUND_CLIENT_NOT_SENT,
                                               .retry_after_ms = -1,
                                               .why = "the program stops"});
    }
    for (struct qund_node *n = d->errands; n; n = next) {
        next = n->next;
        finish(QUND_CONTAINER(n, struct qund_errand, node),
               &(struct qund_client_answer){
                   .end = QUND_CLIENT_NOT_SENT, .retry_after_ms = -1, .why = "the program stops"});
    }
    d->errands = NULL;
    d->errands_tail = &d->errands;
}

static void take_errand(struct qund_deliver *d, struct note *n)
{
    struct errand_note *note = QUND_CONTAINER(n, struct errand_note, note);
    struct qund_errand *e = note->errand;

    qund_free(note);
    e->deliver = d;
    if (e->mail && !d->stopping) {
        begin(d, e);
        return;
    }
    e->node.next = NULL;
    *d->errands_tail = &e->node;
    d->errands_tail = &e->node.next;
}

void qund_deliver_errand(struct qund_deliver *d, struct qund_errand *e)
{
    struct errand_note *note = qund_alloc(sizeof(*note));

    note->note.take = take_errand;
    note->errand = e;
    qund_mbox_put_always(d->mbox, &note->note.node);
}
