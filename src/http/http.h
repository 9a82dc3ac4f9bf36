/* src/http/http.h - the HTTP API: routes, tokens, live feed, metrics (essay in http.c). */
#ifndef QUND_HTTP_HTTP_H
#define QUND_HTTP_HTTP_H
#include "core/command.h"
#include "core/json.h"
#include "net/server.h"

struct qund_config;
struct qund_http;
struct qund_intake;
struct qund_loop;
struct qund_search_words;

/* What the API needs of the rest of the program. Pointers are borrowed and outlive it; the
 * functions are called on the loop thread and return at once. */
struct qund_http_deps {
    struct qund_loop *loop;
    struct qund_log *log;
    struct qund_metrics *metrics;
    struct qund_clock *clock;
    struct qund_intake *intake;
    unsigned conns_max;                    /* fewer than http.max_connections; 0: those */
    const struct qund_search_words *words; /* NULL: no search */
    const char *store_path;                /* the readers open it, read only */
    const unsigned char *link_key;         /* QUND_LINK_KEY bytes; NULL: no signed links */
    atomic_bool *store_damaged;            /* set when one of them finds it malformed; NULL */
    void *arg;                             /* of the functions below */
    /* The snapshot in force; borrowed until the loop's next turn. */
    struct qund_config *(*config)(void *arg);
    /* To the engine's mailbox. 0: taken, answered through done. FULL: the caller still owns it. */
    int (*submit)(void *arg, struct qund_command *c);
    /* "rules.reload", "backup", …: work that is no command of the engine. Takes over c on 0 and
     * answers through c->done like the engine does. NOTFOUND: this program has no such job. */
    int (*job)(void *arg, struct qund_command *c);
    /* Appends what is degraded, as strings in an open JSON array; false: not fit to take events. */
    bool (*ready)(void *arg, struct qund_jw *w);
    /* Keys of GET /api/v1/status in an open JSON object. NULL is fine. */
    void (*status)(void *arg, struct qund_jw *w);
    /* /hook/<channel>/… and other paths that are not the API's: true when it will answer (or has).
     * NULL is fine. Called with the whole body. */
    bool (*hook)(void *arg, struct qund_req *r);
    /* An upgrade to a path that is not the API's: true when it answered or accepted it. NULL: 404.
     */
    bool (*upgrade)(void *arg, struct qund_req *r);
};

/* Reads the tokens and starts the readers; listens nowhere yet. The store must exist. */
QUND_CHECK int qund_http_new(const struct qund_http_deps *deps, struct qund_http **out,
                             struct qund_err *err);
/* After qund_server_drain, and after intake and engine have answered what they had: what they
 * answered is still delivered here. NULL is fine; returns NULL. */
struct qund_http *qund_http_free(struct qund_http *h);
QUND_DEFINE_AUTO(qund_http_free, struct qund_http *)
/* For listening, draining and counting. */
struct qund_server *qund_http_server(struct qund_http *h);

/* One JSON object to all readers of the live feed. Any thread; never waits: what does not fit is
 * dropped and counted. */
void qund_http_feed(struct qund_http *h, struct qund_str json);
/* Whether anybody reads the live feed just now. Any thread. */
bool qund_http_watched(struct qund_http *h);

/* The OpenAPI 3.1 document, for docs and `GET /api/v1/openapi.json`. */
void qund_http_openapi(struct qund_buf *out);
#endif
