/* src/net/ask.h - one question at a time to a daemon's own socket; for the command line. Blocks. */
#ifndef QUND_NET_ASK_H
#define QUND_NET_ASK_H
#include "core/core.h"

struct qund_ask;
/* sock: "<data>/qund.sock", of any length. Keeps its connection between questions. */
QUND_CHECK int qund_ask_open(const char *sock, struct qund_ask **out, struct qund_err *err);
struct qund_ask *qund_ask_close(struct qund_ask *a); /* returns NULL */
QUND_DEFINE_AUTO(qund_ask_close, struct qund_ask *)

struct qund_question {
    const char *method, *path; /* path with its query, escaped */
    const char *type;          /* of the body; NULL: application/json */
    struct qund_str body;      /* NONE: none */
    int timeout_ms;            /* 0: 60 s */
    /* Gets the answer's bytes as they come; non-zero stops. NULL: they gather in *answer. */
    int (*piece)(struct qund_str bytes, void *arg);
    void *arg;
};
/* *status is the HTTP status. AGAIN: nobody answers there; IO: the answer broke off. */
QUND_CHECK int qund_ask(struct qund_ask *a, const struct qund_question *q, int *status,
                        struct qund_buf *answer, struct qund_err *err);
/* Appends s as part of a query or path. */
void qund_ask_escape(struct qund_buf *out, struct qund_str s);
#endif
