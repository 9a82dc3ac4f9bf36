/* calls.c - calls that leave the loop and come home: reads, commands, jobs.
 *
 * A call that leaves is one heap object that owns everything it needs (the decoded parameters point
 * into its own room), because the request it belongs to may lose its peer at any time. It comes
 * home as mail; the answer is written on the loop. A queue that is full answers 503 at once: nobody
 * is kept waiting for a place. */
#include "config/config.h"
#include "http/internal.h"
#include <stdio.h>

enum { SLOW_MS = 30000 };

struct pending_read {
    struct qund_read_job job;
    struct mail mail;
    struct qund_http *h;
    struct qund_req *req;
    struct qund_call call;
    struct qund_answer answer;
    int rc;
    char *room;
};

static void read_free(struct pending_read *p)
{
    qund_config_unref(p->call.config);
    qund_free(p->room);
    qund_free(p);
}

static void read_home(struct qund_http *h, struct mail *m)
{
    struct pending_read *p = QUND_CONTAINER(m, struct pending_read, mail);

    h->open_calls--;
    if (p->rc < 0)
        qund_answer_rc(p->req, p->rc, &p->answer.err);
    else
        qund_req_reply(p->req, &(struct qund_resp){
                                   .status = p->answer.status ? p->answer.status : 200,
                                   .type = p->answer.type ? p->answer.type : "application/json",
                                   .body = qund_buf_view(&p->answer.body),
                                   .extra = p->answer.extra,
                                   .n_extra = p->answer.n_extra});
    qund_buf_done(&p->answer.body);
    read_free(p);
}

/* What a role may not see is taken out of the whole answer, whoever made it. */
static int mask_answer(struct qund_answer *a)
{
    struct qund_buf masked = {0};
    int rc = qund_mask_json(qund_buf_view(&a->body), &masked);

    qund_buf_done(&a->body);
    a->body = masked;
    return rc < 0 ? qund_err_set(&a->err, rc, "", "the answer cannot be read") : 0;
}

/* Reader's thread. */
static void read_run(struct qund_read_job *j, struct qund_reader *rd, const struct qund_err *err)
{
    struct pending_read *p = QUND_CONTAINER(j, struct pending_read, job);

    if (!rd->db) {
        p->answer.err = *err;
        p->rc = err->rc;
    } else {
        p->rc = p->call.route->read(rd, &p->call, &p->answer);
        if (p->rc < 0 && !p->answer.err.text[0])
            qund_ignore(qund_err_set(&p->answer.err, p->rc, "", "%s",
                                     p->rc == QUND_E_AGAIN ? "reading took too long; try again"
                                                           : "the store cannot be read"));
        if (p->rc == QUND_OK && p->call.mask && !p->answer.type)
            p->rc = mask_answer(&p->answer);
    }
    qund_http_mail(p->h, &p->mail);
}

void qund_call_read_later(struct qund_http *h, struct qund_req *r, const struct qund_call *c,
                          char *room)
{
    struct pending_read *p = qund_alloc(sizeof(*p));
    int rc;

    p->h = h;
    p->req = r;
    p->call = *c;
    p->call.config = qund_config_ref(h->deps.config(h->deps.arg)); /* a deed may have waited */
    p->room = room;
    p->mail.open = read_home;
    p->job.run = read_run;
    p->job.deadline_ms = c->route->slow ? SLOW_MS : 0;
    rc = qund_readers_submit(h->readers, &p->job);
    if (rc < 0) {
        qund_answer_error(r, 503, "busy", QUND_STR("too many reads wait; try again"),
                          QUND_STR_NONE);
        read_free(p);
        return;
    }
    h->open_calls++;
}

/* --- commands --- */

struct pending_command {
    struct mail mail;
    struct qund_http *h;
    struct qund_command *cmd;
    void (*done)(struct qund_http *h, struct qund_command *c, void *arg);
    void *arg;
};

static void command_home(struct qund_http *h, struct mail *m)
{
    struct pending_command *p = QUND_CONTAINER(m, struct pending_command, mail);

    h->open_calls--;
    p->done(h, p->cmd, p->arg);
    qund_command_free(p->cmd);
    qund_free(p);
}

/* Engine's thread, after the commit. */
static void command_done(struct qund_command *c, void *arg)
{
    struct pending_command *p = arg;

    p->cmd = c;
    qund_http_mail(p->h, &p->mail);
}

int qund_command_send(struct qund_http *h, struct qund_command *c, bool job,
                      void (*done)(struct qund_http *h, struct qund_command *c, void *arg),
                      void *arg)
{
    struct pending_command *p = qund_alloc(sizeof(*p));
    int (*send)(void *, struct qund_command *) = job ? h->deps.job : h->deps.submit;
    int rc;

    p->h = h;
    p->done = done;
    p->arg = arg;
    p->mail.open = command_home;
    c->done = command_done;
    c->done_arg = p;
    h->open_calls++; /* first: it may be answered before submit returns */
    rc = send ? send(h->deps.arg, c) : QUND_E_NOTFOUND;
    if (rc < 0) {
        h->open_calls--;
        qund_free(p);
    }
    return rc;
}

static void answer_command(struct qund_http *h, struct qund_command *c, void *arg)
{
    QUND_AUTO(qund_buf_done) struct qund_buf masked = {0};
    struct qund_req *r = arg;
    struct qund_str reply = qund_buf_view(&c->reply);
    struct qund_err err = {0};
    struct qund_grant g;

    if (c->reply.n > 0 && (qund_auth_again(h, qund_req_token(r), &g) < 0 || qund_grant_masks(&g))) {
        int rc = qund_mask_json(reply, &masked);

        if (rc < 0) {
            qund_err_set(&err, rc, "", "it is done; its answer cannot be read");
            qund_answer_rc(r, rc, &err);
            return;
        }
        reply = qund_buf_view(&masked);
    }
    if (c->rc < 0)
        qund_answer_refused(r, c->rc, &c->err, reply);
    else
        qund_answer_json(r, 200, c->reply.n > 0 ? reply : QUND_STR("{}"));
}

static void send_command(struct qund_http *h, struct qund_req *r, const struct qund_call *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    struct qund_command *cmd;
    struct qund_err err = {0};
    char actor[64];
    int rc;

    qund_call_actor(c, actor);
    rc = qund_call_body(c, r->body, actor, &body, &err);
    if (rc < 0) {
        qund_answer_rc(r, rc, &err);
        return;
    }
    cmd = qund_command_new(c->route->command, qund_buf_view(&body), actor);
    rc = qund_command_send(h, cmd, c->route->kind == ROUTE_JOB, answer_command, r);
    if (rc < 0) {
        qund_command_free(cmd);
        qund_err_set(&err, rc, "", "%s",
                     rc == QUND_E_NOTFOUND ? "this program has no such job"
                                           : "too many commands wait; try again");
        qund_answer_rc(r, rc, &err);
    }
}

void qund_call_dispatch(struct qund_http *h, struct qund_req *r, const struct qund_call *c,
                        char *room)
{
    switch (c->route->kind) {
    case ROUTE_READ:
        qund_call_read_later(h, r, c, room); /* which owns room from here on */
        return;
    case ROUTE_NOW:
    case ROUTE_SOCKET:
        c->route->now(h, r, c);
        break;
    case ROUTE_COMMAND:
    case ROUTE_JOB:
        send_command(h, r, c);
        break;
    }
    qund_free(room);
}
