/* command.c - a request to the one writer, from its making to its answer (command.h). */
#include "core/command.h"

struct qund_command *qund_command_new(const char *name, struct qund_str body, const char *actor)
{
    struct qund_command *c = qund_alloc(sizeof(*c));
    struct qund_str who = qund_utf8_cut(qund_str(actor ? actor : ""), sizeof(c->actor) - 1);

    c->name = name;
    c->body = qund_str_dup(body);
    c->body_n = body.n;
    memcpy(c->actor, who.p, who.n);
    return c;
}

struct qund_command *qund_command_free(struct qund_command *c)
{
    if (c) {
        if (c->attach && c->attach_free)
            c->attach_free(c->attach);
        qund_buf_done(&c->reply);
        qund_free(c->body);
        qund_free(c);
    }
    return NULL;
}

void qund_command_finish(struct qund_command *c)
{
    if (c->done)
        c->done(c, c->done_arg);
    else
        qund_command_free(c);
}
