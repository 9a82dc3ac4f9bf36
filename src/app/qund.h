/* src/app/qund.h - the daemon: it makes the parts, wires them, and knows the order of start and
 * stop. Two of them may live in one process. */
#ifndef QUND_APP_QUND_H
#define QUND_APP_QUND_H
#include "core/core.h"

struct qund;
struct qund_config;
struct qund_plugins;
struct qund_opts {
    const char *data;           /* folder */
    const char *config_path;    /* read again on SIGHUP; NULL: the embedded default */
    struct qund_config *config; /* as loaded, with what the command line changed */
    const char *listen; /* said on the command line, so it holds against the file; NULL: not */
    struct qund_plugins *plugins; /* that know the configuration's kinds; borrowed. NULL: none */
    bool is_virtual;              /* time is that of the events (only on a folder made so) */
    double speed;                 /* of virtual time between events; 0: it does not run by itself */
    bool signals;                 /* SIGTERM, SIGINT stop; SIGHUP reloads */
    struct qund_log *log;         /* borrowed */
};
/* Everything is up and listening when it returns 0. */
QUND_CHECK int qund_open(const struct qund_opts *o, struct qund **out, struct qund_err *err);
/* Until qund_stop or a signal; main thread. Finishes what was accepted before it returns. */
void qund_serve(struct qund *q);
void qund_stop(struct qund *q);          /* any thread */
struct qund *qund_close(struct qund *q); /* returns NULL */
QUND_DEFINE_AUTO(qund_close, struct qund *)

/* How many descriptors this configuration can use: raise the limit to it before qund_open. */
int64_t qund_descriptors(const struct qund_config *config);
int qund_port(const struct qund *q);                /* of the TCP listener */
const char *qund_first_token(const struct qund *q); /* "" unless this was the first start */
#endif
