/* api_tokens.c - tokens are made, listed and revoked.
 *
 * The token is made here, on the loop, and shown in the answer, once; the engine's command carries
 * its hash. The answer waits until the fresh table of tokens is in force, so that a token works
 * from the moment it is shown and a revoked one no longer does when "revoked" is read. */
#include "http/internal.h"

struct made {
    struct qund_req *req;
    char token[QUND_TOKEN_CHARS];
    struct qund_buf reply;
};

static void in_force(struct qund_http *h, void *arg)
{
    struct made *m = arg;

    (void)h;
    qund_answer_json(m->req, m->token[0] ? 201 : 200, qund_buf_view(&m->reply));
    qund_buf_done(&m->reply);
    qund_free(m);
}

static void changed(struct qund_http *h, struct qund_command *c, void *arg)
{
    struct made *m = arg;

    if (c->rc < 0) {
        qund_answer_rc(m->req, c->rc, &c->err);
        qund_free(m);
        return;
    }
    if (m->token[0]) { /* {"id":7} and the token, this once */
        struct qund_str id = qund_buf_view(&c->reply);

        qund_buf_str(&m->reply, qund_str_n(id.p, id.n - 1));
        qund_buf_printf(&m->reply, ",\"token\":\"%s\"}", m->token);
    } else {
        qund_buf_str(&m->reply, qund_buf_view(&c->reply));
    }
    if (qund_auth_reload(h, in_force, m) < 0)
        in_force(h, m);
}

static void send(struct qund_http *h, struct qund_req *r, const char *name, struct qund_str body,
                 const char *actor, const char *token)
{
    struct made *m = qund_alloc(sizeof(*m));
    struct qund_command *cmd = qund_command_new(name, body, actor);
    struct qund_err err = {0};
    int rc;

    m->req = r;
    if (token)
        memcpy(m->token, token, sizeof(m->token));
    rc = qund_command_send(h, cmd, false, changed, m);
    if (rc < 0) {
        qund_command_free(cmd);
        qund_free(m);
        qund_err_set(&err, rc, "", "too many commands wait; try again");
        qund_answer_rc(r, rc, &err);
    }
}

void qund_api_token_create(struct qund_http *h, struct qund_req *r, const struct qund_call *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    struct qund_err err = {0};
    char token[QUND_TOKEN_CHARS], hash[65], actor[64];
    int rc;

    qund_call_actor(c, actor);
    rc = qund_call_body(c, r->body, actor, &body, &err);
    if (rc < 0) {
        qund_answer_rc(r, rc, &err);
        return;
    }
    qund_token_make(token);
    qund_token_hash(qund_str(token), hash);
    body.n--; /* the object goes on */
    qund_buf_printf(&body, ",\"hash\":\"%s\"}", hash);
    send(h, r, "token.add", qund_buf_view(&body), actor, token);
}

void qund_api_token_revoke(struct qund_http *h, struct qund_req *r, const struct qund_call *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    char actor[64];

    qund_call_actor(c, actor);
    qund_buf_printf(&body, "{\"id\":%lld,\"by\":\"%s\"}", (long long)c->id, actor);
    send(h, r, "token.revoke", qund_buf_view(&body), actor, NULL);
}

static int print_token(const struct qund_token *t, void *arg)
{
    struct qund_jw *w = arg;

    qund_jw_obj(w);
    qund_jw_kint(w, "id", t->id);
    qund_jw_kz(w, "role", qund_access_role_name(t->role));
    qund_jw_kstr(w, "name", t->name);
    if (t->channels.p) {
        qund_jw_key(w, "channels");
        qund_jw_raw(w, t->channels);
    }
    qund_jw_kts(w, "created", t->created);
    qund_jw_kstr(w, "by", t->by);
    if (t->expires > 0)
        qund_jw_kts(w, "expires", t->expires);
    if (t->revoked > 0)
        qund_jw_kts(w, "revoked", t->revoked);
    qund_jw_end_obj(w);
    return 0;
}

int qund_api_tokens(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    struct qund_jw w = qund_jw(&a->body);
    int rc;

    qund_page_begin(&w);
    rc = qund_token_each(rd->db, qund_call_num(c, "all", 0) != 0, print_token, &w);
    qund_page_end(&w, QUND_STR_NONE);
    return rc;
}
