/* src/http/internal.h - what the files of http/ share. */
#ifndef QUND_HTTP_INTERNAL_H
#define QUND_HTTP_INTERNAL_H
#include "core/metric.h"
#include "core/thread.h"
#include "http/http.h"
#include "http/readers.h"
#include "store/access.h"

/* --- routes --- */

#define ROLE(name) (1u << QUND_ACCESS_##name)
#define ROLES_NOBODY_ASKED 0u /* no token is wanted */
#define ROLES_ADMIN ROLE(ADMIN)
#define ROLES_MANAGE (ROLE(ADMIN) | ROLE(MANAGER))
#define ROLES_OPERATE (ROLES_MANAGE | ROLE(OPERATOR))
#define ROLES_ACT (ROLES_OPERATE | ROLE(STAFF))
#define ROLES_READ (ROLES_ACT | ROLE(VIEWER) | ROLE(AUDITOR))
#define ROLES_EVENTS (ROLE(ADMIN) | ROLE(INGEST))

enum qund_value {
    VALUE_STR,
    VALUE_INT,
    VALUE_TIME,
    VALUE_BOOL,
    VALUE_CHOICE,
    VALUE_STRS,
    VALUE_OBJECT, /* of a body: taken as it is, the command says what it wants */
    VALUE_ANY     /* likewise, whatever JSON it is */
};
/* A parameter of the query, or a field of the body of a command. */
struct qund_field {
    const char *name;
    enum qund_value value;
    bool required;
    const char *choices; /* of VALUE_CHOICE: "a|b|c" */
    const char *help;
};
#define FIELDS_MAX 12u

enum qund_route_kind {
    ROUTE_NOW,     /* answered on the loop */
    ROUTE_READ,    /* answered by a reader */
    ROUTE_COMMAND, /* a command of the engine, answered after its commit */
    ROUTE_JOB,     /* likewise, by whoever the application gives it to */
    ROUTE_SOCKET   /* becomes a WebSocket */
};
struct link_typed;
struct qund_call;
struct qund_zone;
struct qund_answer;
struct qund_route {
    enum qund_method method;
    const char *path; /* "/api/v1/alerts/{id}/ack": {id} an integer, {name} a string */
    unsigned roles;
    enum qund_route_kind kind;
    const char *resource; /* tag in the document */
    const char *summary;
    const struct qund_field
        *fields; /* of the query when there is no body or it is raw, else of it */
    size_t n_fields;
    void (*now)(struct qund_http *h, struct qund_req *r, const struct qund_call *c);
    int (*read)(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
    const char *command; /* ROUTE_COMMAND, ROUTE_JOB */
    const char
        *id_name;     /* what a command of crm calls {id}; those take no "by" (the actor says it) */
    const char *what; /* a list, thing or table by name, for handlers that serve several */
    const char *produces; /* NULL: application/json */
    bool page;            /* has ?limit= and ?cursor= */
    bool slow;            /* may read for half a minute */
    bool raw;             /* takes the body as it is */
    size_t form_max;      /* it is an HTML form of at most so many bytes; 0: it is none */
};
static inline bool qund_route_asks(const struct qund_route *r) /* fields are of the query */
{
    return r->method == QUND_GET || r->raw;
}
/* routes.c: the one table. */
const struct qund_route *qund_routes(size_t *n);
/* The route, or NULL with *allowed the methods the path has (0: no such path). Path parameters are
 * written undecoded. */
const struct qund_route *qund_route_find(enum qund_method m, struct qund_str path,
                                         struct qund_str params[2], unsigned *allowed);

/* --- a call: a request that was understood --- */
/* Who asks, and what for. */
struct qund_grant {
    enum qund_access_role role;
    int64_t token;                   /* 0: the unix socket */
    const struct qund_str *channels; /* of ingest; NULL: any; valid on the loop, in this call */
    size_t n_channels;
};
struct qund_call {
    const struct qund_route *route;
    struct qund_str name;            /* {name}, decoded */
    int64_t id;                      /* {id} */
    struct qund_str str[FIELDS_MAX]; /* by position in route->fields; NONE when absent */
    int64_t num[FIELDS_MAX];         /* INT, TIME, BOOL, CHOICE (its position); 0 when absent */
    int limit;                       /* 1..500, 50 when absent */
    struct qund_str cursor;          /* NONE: the first page */
    struct qund_grant grant;
    struct { /* of a signed link (link_page.c): id is its alert, 0: the list */
        int64_t staff, until;
        const unsigned char *key;       /* valid as long as the server */
        bool english, asked;            /* asked: by ?lang= */
        const struct link_typed *typed; /* NULL, or the call's room */
    } link;
    bool mask; /* phones are masked for this role (mask.c) */
    int64_t now_ms;
    char zone[64];              /* the installation's */
    struct qund_config *config; /* of the turn; of a read as long as it reads */
};
/* Reads path and query. room: at least path and query together, holds what was decoded. */
QUND_CHECK int qund_call_read(struct qund_call *c, const struct qund_route *route,
                              const struct qund_http1 *head, char *room, struct qund_err *err);
/* Reads the JSON object of a command by route->fields and writes it, checked, with id, name and by
 * added, as the command's body. An empty body is an empty object. */
QUND_CHECK int qund_call_body(const struct qund_call *c, struct qund_str body, const char *by,
                              struct qund_buf *out, struct qund_err *err);
void qund_call_actor(const struct qund_call *c, char out[64]); /* "token:3", "socket" */

/* --- answers --- */
struct qund_answer {
    int status;       /* 0: 200 */
    const char *type; /* NULL: JSON */
    struct qund_buf body;
    const struct qund_header *extra; /* static */
    size_t n_extra;
    struct qund_err err; /* when the rc is not 0 */
};
void qund_answer_json(struct qund_req *r, int status, struct qund_str json);
/* {"error":{"code","message","details"}}; details: a JSON object or NONE. 429 and 503 carry
 * Retry-After, 401 the challenge. */
void qund_answer_error(struct qund_req *r, int status, const char *code, struct qund_str message,
                       struct qund_str details);
/* The status and code that an rc stands for. */
void qund_answer_rc(struct qund_req *r, int rc, const struct qund_err *err);
/* The same with all that was found, a JSON object, where a refusal has more than one reason. */
void qund_answer_refused(struct qund_req *r, int rc, const struct qund_err *err,
                         struct qund_str found);

/* mask.c: phone numbers in the strings of a JSON text as 138****0105, but for identifiers; appended
 * to out. BUG: it is no JSON. Any thread. */
QUND_CHECK int qund_mask_json(struct qund_str json, struct qund_buf *out);
static inline bool qund_grant_masks(const struct qund_grant *g)
{
    return !(ROLES_MANAGE & 1u << g->role);
}

/* page.c: the frame of every list. next empty or 0: the end. */
void qund_page_begin(struct qund_jw *w);
void qund_page_end(struct qund_jw *w, struct qund_str next);
void qund_page_end_id(struct qund_jw *w, int64_t next);
QUND_CHECK int qund_page_id(const struct qund_call *c, int64_t *out, struct qund_answer *a);
/* A query parameter by its name, which the route lists. */
int64_t qund_call_num(const struct qund_call *c, const char *name, int64_t absent);
struct qund_str qund_call_str(const struct qund_call *c, const char *name);

/* --- mail: how other threads bring things home to the loop --- */
struct mail {
    struct qund_node node;
    void (*open)(struct qund_http *h, struct mail *m);
};

struct auth_cache;
struct events_turn;
struct live_client;

struct qund_http {
    struct qund_http_deps deps;
    struct qund_server *server;
    struct qund_readers *readers;
    struct qund_mbox *home;
    struct qund_watch *watch;
    struct auth_cache *auth;
    struct qund_loop_timer *auth_retry;
    struct events_turn *turn; /* what this turn of the loop has gathered */
    struct qund_arena *arena; /* of one request body */
    struct live_client *clients;
    _Atomic unsigned n_clients;
    _Atomic size_t feed_waiting;
    unsigned open_calls; /* commands, reads and turns that will come home */
    struct qund_log_gate refused_gate, failed_gate, link_gate;
    int64_t link_wrong_until_us; /* wrong signatures that were answered, as an allowance */
    struct qund_counter *link_wrong, *link_expired;
    struct qund_counter *requests[6]; /* by status class, [0] unused */
    struct qund_counter *events_refused, *feed_dropped, *live_clients, *denied;
    struct qund_histogram *seconds;
};
void qund_http_mail(struct qund_http *h, struct mail *m); /* any thread; always arrives */

/* auth.c */
QUND_CHECK int qund_auth_load(struct qund_db *db, struct auth_cache **out);
struct auth_cache *qund_auth_free(struct auth_cache *a);
/* Who asks: the unix socket is admin, else the bearer token. DENIED. Borrowed from the cache. */
QUND_CHECK int qund_auth_who(struct qund_http *h, const struct qund_req *r, struct qund_grant *out);
/* The same token again, when the body has come. DENIED: revoked meanwhile. */
QUND_CHECK int qund_auth_again(struct qund_http *h, int64_t token, struct qund_grant *out);
/* Takes n events from the token's allowance. 0, or the milliseconds to wait. */
int64_t qund_auth_spend(struct qund_http *h, int64_t token, size_t n, int64_t per_second);
/* Reads the tokens anew on a reader; then(arg) runs on the loop once they are in force. */
QUND_CHECK int qund_auth_reload(struct qund_http *h, void (*then)(struct qund_http *h, void *arg),
                                void *arg);

void qund_auth_retry(void *arg);
/* req->grant: the row's place in the table of routes, and above it the token. */
static inline int64_t qund_req_token(const struct qund_req *r)
{
    return (int64_t)(r->grant >> 16);
}

/* calls.c: sends a call to a reader, the engine or the application, and answers it. */
void qund_call_dispatch(struct qund_http *h, struct qund_req *r, const struct qund_call *c,
                        char *room);
/* To a reader; takes room. */
void qund_call_read_later(struct qund_http *h, struct qund_req *r, const struct qund_call *c,
                          char *room);
struct pending_command;
/* For a handler that makes a command of its own: done(arg) on the loop with the answered command,
 * which is freed after it. */
QUND_CHECK int
qund_command_send(struct qund_http *h, struct qund_command *c, bool job,
                  void (*done)(struct qund_http *h, struct qund_command *c, void *arg), void *arg);

/* Handlers, one file per resource. */
void qund_api_events(struct qund_http *h, struct qund_req *r, const struct qund_call *c);
void qund_api_events_flush(void *arg); /* after each turn's I/O */
void qund_api_healthz(struct qund_http *h, struct qund_req *r, const struct qund_call *c);
void qund_api_readyz(struct qund_http *h, struct qund_req *r, const struct qund_call *c);
void qund_api_metrics(struct qund_http *h, struct qund_req *r, const struct qund_call *c);
void qund_api_status(struct qund_http *h, struct qund_req *r, const struct qund_call *c);
void qund_api_openapi(struct qund_http *h, struct qund_req *r, const struct qund_call *c);
void qund_api_token_create(struct qund_http *h, struct qund_req *r, const struct qund_call *c);
void qund_api_token_revoke(struct qund_http *h, struct qund_req *r, const struct qund_call *c);
int qund_api_tokens(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
void qund_api_live(struct qund_http *h, struct qund_req *r, const struct qund_call *c);
void qund_live_recheck(struct qund_http *h); /* closes those whose token is no longer good */
int qund_api_rules(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_rule(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_dead(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_dead_show(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_outbox(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_alerts(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_alert(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_messages(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_message(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_search(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
void qund_link_show(struct qund_http *h, struct qund_req *r, const struct qund_call *c);
int qund_link_read_page(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
void qund_link_act(struct qund_http *h, struct qund_req *r, const struct qund_call *c);
void qund_link_style(struct qund_http *h, struct qund_req *r, const struct qund_call *c);
int qund_api_org(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_people(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_person(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_of_group(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_export(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
void qund_api_import(struct qund_http *h, struct qund_req *r, const struct qund_call *c);
void qund_api_export_messages(struct qund_http *h, struct qund_req *r, const struct qund_call *c);
int qund_api_templates(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_template(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_plans(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_plan(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_tasks(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_plan_tasks(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_task(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_gaps(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
/* metrics_sql.c: as asked, else the zone of the group {id}, else the installation's. */
QUND_CHECK int qund_group_zone(struct qund_reader *rd, const struct qund_call *c,
                               struct qund_str asked, struct qund_zone **out, struct qund_err *err);
int qund_api_digest(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_questions(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a);
int qund_api_group_metrics(struct qund_reader *rd, const struct qund_call *c,
                           struct qund_answer *a);
#endif
