/* src/core/command.h - what the faces (API, CLI, deliver) ask of the one writer.
 * A command is a name and a JSON object, so that it can be shown, kept in `dead` and tried again;
 * heavy things that are already checked (a compiled rule set) ride along as an attachment. The
 * engine applies it inside the batch's transaction and answers after the commit. */
#ifndef QUND_CORE_COMMAND_H
#define QUND_CORE_COMMAND_H
#include "core/thread.h"

struct qund_command {
    struct qund_node node;
    const char *name; /* static: "alert.ack", "delivery.outcome", "import.contacts" */
    char *body;       /* JSON object, owned, NUL-terminated */
    size_t body_n;
    int64_t rx_ms; /* stamped by the engine's clock when it is taken in */
    void *attach;  /* optional */
    void (*attach_free)(void *);
    char actor[64]; /* who: "token:3", "cli", "deliver", "signal" */

    /* answer, filled by the engine */
    int rc; /* qund_rc of applying it */
    struct qund_err err;
    struct qund_buf reply; /* JSON, may be empty */
    /* Called once, on the engine thread, after the commit (or after a permanent refusal). Takes the
     * command over: it usually posts it to the asker's mailbox. NULL: the engine frees it. */
    void (*done)(struct qund_command *c, void *arg);
    void *done_arg;
};
/* body is copied. */
struct qund_command *qund_command_new(const char *name, struct qund_str body, const char *actor);
struct qund_command *qund_command_free(struct qund_command *c); /* returns NULL */
QUND_DEFINE_AUTO(qund_command_free, struct qund_command *)
/* It is answered: done takes it, or it goes. */
void qund_command_finish(struct qund_command *c);
#endif
