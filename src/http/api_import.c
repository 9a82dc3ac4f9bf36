/* api_import.c - a file of people, leads, staff or orders, taken in by chunks.
 *
 * The file is the request's body. One chunk of at most 500 rows is read and sent to the engine as a
 * command; when it is committed the next one follows. The loop so never reads more than a chunk at
 * a time, the engine never has more than one transaction's worth, and the answer comes when all is
 * done, with what became of the rows that could not be taken. The engine knows the job by the
 * file's digest: a repeat goes over what was done and tries only what was refused.
 *
 * A client that reads the file itself (`qund import`, which shows how far it is and is not bound by
 * http.max_body) sends ?chunk=true: the body then is one such command, checked by the engine like
 * any other, and the answer is that chunk's. */
#include "crm/import.h"
#include "http/internal.h"

enum { ERRORS_MAX_BYTES = 256 << 10 };

struct import {
    struct qund_req *req;
    struct qund_import *rows;
    const char *command;
    char actor[64];
    int64_t created, updated, n;
    struct qund_buf errors; /* objects joined by commas */
    bool errors_cut;
};

static void send_chunk(struct qund_http *h, struct import *im);

static void close_import(struct import *im)
{
    qund_import_close(im->rows);
    qund_buf_done(&im->errors);
    qund_free(im);
}

static void answer_import(struct import *im)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_jw w = qund_jw(&b);

    qund_jw_obj(&w);
    qund_jw_kz(&w, "job", qund_import_job(im->rows));
    qund_jw_kint(&w, "rows", im->n);
    qund_jw_kint(&w, "created", im->created);
    qund_jw_kint(&w, "updated", im->updated);
    qund_jw_key(&w, "errors");
    qund_jw_arr(&w);
    if (im->errors.n > 0)
        qund_jw_raw(&w, qund_buf_view(&im->errors));
    qund_jw_end_arr(&w);
    qund_jw_kbool(&w, "errors_cut", im->errors_cut);
    qund_jw_end_obj(&w);
    qund_answer_json(im->req, 200, qund_buf_view(&b));
    close_import(im);
}

static int add_errors(struct import *im, struct qund_jr *r)
{
    struct qund_str one;
    bool first;
    int more, rc = qund_jr_arr(r, &first);

    while (rc == 0 && (more = qund_jr_arr_next(r, &first)) != 0) {
        rc = more < 0 ? more : qund_jr_skip(r, &one);
        if (rc < 0)
            break;
        if (im->errors.n + one.n > ERRORS_MAX_BYTES) {
            im->errors_cut = true;
            continue;
        }
        if (im->errors.n > 0)
            qund_buf_char(&im->errors, ',');
        qund_buf_str(&im->errors, one);
    }
    return rc;
}

/* A chunk's own answer joins the sum. */
static int add_reply(struct import *im, struct qund_str json)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(4096);
    struct qund_jr r;
    struct qund_jr_obj o;
    struct qund_str key;
    int64_t v;
    int more = 0, rc;

    qund_jr_init(&r, json, arena, 8);
    rc = qund_jr_obj(&r, &o);
    while (rc == 0 && (more = qund_jr_obj_next(&r, &o, &key)) > 0) {
        int64_t *sum = qund_str_is(key, "created")   ? &im->created
                       : qund_str_is(key, "updated") ? &im->updated
                       : qund_str_is(key, "rows")    ? &im->n
                                                     : NULL;

        if (qund_str_is(key, "errors"))
            rc = add_errors(im, &r);
        else
            rc = sum ? qund_jr_int(&r, &v) : qund_jr_skip(&r, NULL);
        if (rc == 0 && sum)
            *sum += v;
    }
    return rc < 0 ? rc : more;
}

static void chunk_done(struct qund_http *h, struct qund_command *c, void *arg)
{
    struct import *im = arg;
    int rc = c->rc;

    if (rc == 0)
        rc = add_reply(im, qund_buf_view(&c->reply));
    if (rc < 0) {
        qund_answer_rc(im->req, rc, &c->err);
        close_import(im);
        return;
    }
    send_chunk(h, im);
}

static void send_chunk(struct qund_http *h, struct import *im)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    struct qund_command *cmd;
    struct qund_err err = {0};
    int rc = qund_import_next(im->rows, &body);

    if (rc == 0) {
        answer_import(im);
        return;
    }
    if (rc > 0) {
        cmd = qund_command_new(im->command, qund_buf_view(&body), im->actor);
        rc = qund_command_send(h, cmd, false, chunk_done, im);
        if (rc < 0)
            qund_command_free(cmd);
    }
    if (rc < 0) {
        qund_err_set(&err, rc, "", "the import stopped; send the file again to go on");
        qund_answer_rc(im->req, rc, &err);
        close_import(im);
    }
}

static void one_chunk_done(struct qund_http *h, struct qund_command *c, void *arg)
{
    struct qund_req *r = arg;

    (void)h;
    if (c->rc < 0)
        qund_answer_rc(r, c->rc, &c->err);
    else
        qund_answer_json(r, 200, qund_buf_view(&c->reply));
}

static void send_one_chunk(struct qund_http *h, struct qund_req *r, const struct qund_call *c,
                           const char *command)
{
    struct qund_err err = {0};
    struct qund_command *cmd;
    char actor[64];
    int rc;

    qund_call_actor(c, actor);
    cmd = qund_command_new(command, r->body, actor);
    rc = qund_command_send(h, cmd, false, one_chunk_done, r);
    if (rc < 0) {
        qund_command_free(cmd);
        qund_err_set(&err, rc, "", "too many commands wait; try again");
        qund_answer_rc(r, rc, &err);
    }
}

void qund_api_import(struct qund_http *h, struct qund_req *r, const struct qund_call *c)
{
    struct qund_import_opt opt = {.form = (enum qund_import_form)qund_call_num(c, "format", 0),
                                  .dry_run = qund_call_num(c, "dry_run", 0) != 0,
                                  .realm = qund_call_str(c, "realm"),
                                  .source = qund_call_str(c, "source")};
    int table = qund_table_parse(qund_str(c->route->what));
    struct import *im;
    struct qund_err err = {0};
    int rc;

    qund_assert(table >= 0);
    if (qund_call_num(c, "chunk", 0) != 0) {
        send_one_chunk(h, r, c, qund_import_command((enum qund_table)table));
        return;
    }
    im = qund_alloc(sizeof(*im));
    im->req = r;
    im->command = qund_import_command((enum qund_table)table);
    qund_call_actor(c, im->actor);
    rc = qund_import_open((enum qund_table)table, &opt, r->body, 0, &im->rows, &err);
    if (rc < 0) {
        qund_answer_rc(r, rc, &err);
        close_import(im);
        return;
    }
    send_chunk(h, im);
}
