/* http.c - the HTTP API, put together: a request's way from its head to its answer.
 *
 * When the head is there the route is looked up and the caller is asked who he is, so that a body
 * is read only for those who may send it. With the body the call is understood (route.c) and goes
 * where its row says: answered here, to a reader, to the engine, to the intake. What other threads
 * answer comes home as mail through one mailbox and is delivered by the loop.
 *
 * Roles and data scope are decided here and in auth.c, nowhere else: a handler is only reached by
 * those its row names. */
#include "config/config.h"
#include "core/clock.h"
#include "http/internal.h"
#include "intake/intake.h"
#include "net/loop.h"
#include <stdio.h>

enum { HOME_CAP = 1024, ARENA_BYTES = 64 << 10, COMMAND_BODY_MAX = 256 << 10, CHARGE_PER_MIN = 30 };

/* As qund_req_token reads it. */
static uint64_t pack_grant(size_t route, int64_t token)
{
    return (uint64_t)token << 16 | (uint64_t)route;
}

void qund_http_mail(struct qund_http *h, struct mail *m)
{
    qund_mbox_put_always(h->home, &m->node);
}

static void open_mail(void *arg)
{
    struct qund_http *h = arg;
    struct qund_node *next;

    for (struct qund_node *n = qund_mbox_take_all(h->home); n; n = next) {
        struct mail *m = QUND_CONTAINER(n, struct mail, node);

        next = n->next;
        m->open(h, m);
    }
}

static void refuse_method(struct qund_req *r, unsigned allowed)
{
    char list[64] = "";
    size_t n = 0;
    struct qund_header allow = {QUND_STR("Allow"), QUND_STR_NONE};

    for (int m = 0; m < QUND_METHOD_OTHER; m++)
        if (allowed & 1u << m)
            n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "",
                                  qund_method_name((enum qund_method)m));
    allow.value = qund_str_n(list, n);
    qund_req_reply(r,
                   &(struct qund_resp){
                       .status = 405,
                       .type = "application/json",
                       .body = QUND_STR("{\"error\":{\"code\":\"method\",\"message\":\"this path "
                                        "does not know the method\"}}\n"),
                       .extra = &allow,
                       .n_extra = 1});
}

static void note_denied(struct qund_http *h, const struct qund_req *r, const char *why)
{
    qund_counter_add(h->denied, 1);
    if (qund_log_allow(&h->refused_gate, qund_mono_now().ms, CHARGE_PER_MIN))
        qund_log(h->deps.log, QUND_WARN, "http.denied", QUND_KV("why", why),
                 QUND_KV("peer", (const char *)r->peer.addr),
                 QUND_KV("left_out", h->refused_gate.left_out));
}

/* 0, or the request was answered. */
static int admit(struct qund_http *h, struct qund_req *r, const struct qund_route *route,
                 struct qund_grant *g)
{
    if (route->roles == ROLES_NOBODY_ASKED) {
        *g = (struct qund_grant){.role = QUND_ACCESS_VIEWER};
        return QUND_OK;
    }
    if (qund_auth_who(h, r, g) < 0) {
        note_denied(h, r, "token");
        qund_answer_error(r, 401, "unauthorized",
                          QUND_STR("send Authorization: Bearer <token>; `qund token create` makes "
                                   "one"),
                          QUND_STR_NONE);
        return QUND_E_DENIED;
    }
    if (!(route->roles & 1u << g->role)) {
        note_denied(h, r, "role");
        qund_answer_error(r, 403, "forbidden", QUND_STR("the token's role may not do this"),
                          QUND_STR_NONE);
        return QUND_E_DENIED;
    }
    return QUND_OK;
}

static void fill_call(struct qund_http *h, struct qund_call *c, const struct qund_grant *g)
{
    c->grant = *g;
    c->mask = qund_grant_masks(g);
    c->now_ms = qund_clock_now(h->deps.clock).ms;
    c->config = h->deps.config(h->deps.arg);
    snprintf(c->zone, sizeof(c->zone), "%s", c->config->time.zone);
}

static size_t body_limit(struct qund_http *h, const struct qund_route *route)
{
    if (route->form_max > 0)
        return route->form_max;
    if (!route->raw)
        return route->method == QUND_GET ? 0 : COMMAND_BODY_MAX;
    return (size_t)h->deps.config(h->deps.arg)->http.max_body;
}

#define HOOK "/hook/"
#define NOBODYS_BODY_MAX 4096u /* of a hook that no channel has: it is read to be answered 404 */

/* The sender of a hook is not known before its body is read: each channel says how much of him it
 * bears. */
static size_t hook_limit(const struct qund_config *cfg, struct qund_str path)
{
    struct qund_str name = path;
    const struct qund_channel_cfg *c;
    int64_t max = cfg->http.max_body;

    if (!qund_str_starts(path, HOOK))
        return (size_t)max;
    name.p += sizeof(HOOK) - 1;
    name.n -= sizeof(HOOK) - 1;
    c = qund_config_channel(cfg, qund_str_split(&name, '/'));
    if (!c)
        return NOBODYS_BODY_MAX;
    return (size_t)(c->hook_body < max ? c->hook_body : max);
}

/* Of a path that is not the API's. */
static void foreign_head(struct qund_http *h, struct qund_req *r, unsigned allowed)
{
    size_t n;

    qund_routes(&n);
    if (allowed) {
        refuse_method(r, allowed);
        return;
    }
    if (r->head.upgrade.p && h->deps.upgrade && h->deps.upgrade(h->deps.arg, r))
        return;
    if (!r->head.upgrade.p && h->deps.hook && !qund_str_starts(r->head.path, "/api/")) {
        r->body_max = hook_limit(h->deps.config(h->deps.arg), r->head.path);
        r->body_key = "channels.NAME.hook_body";
        r->grant = pack_grant(n, 0);
        return;
    }
    qund_answer_error(r, 404, "not_found", QUND_STR("no such path"), QUND_STR_NONE);
}

static void on_head(void *arg, struct qund_req *r)
{
    struct qund_http *h = arg;
    struct qund_str params[2];
    struct qund_grant g;
    struct qund_call c;
    unsigned allowed;
    size_t n;
    const struct qund_route *route =
        qund_route_find(r->head.method, r->head.path, params, &allowed);

    if (!route) {
        foreign_head(h, r, allowed);
        return;
    }
    if (admit(h, r, route, &g) < 0)
        return;
    r->body_max = body_limit(h, route);
    r->body_key = route->raw && route->form_max == 0 ? "http.max_body" : NULL;
    r->grant = pack_grant((size_t)(route - qund_routes(&n)), g.token);
    if (route->kind == ROUTE_SOCKET) {
        memset(&c, 0, sizeof(c));
        c.route = route;
        fill_call(h, &c, &g);
        route->now(h, r, &c);
    } else if (r->head.upgrade.p) {
        qund_answer_error(r, 400, "invalid", QUND_STR("this path is no WebSocket"), QUND_STR_NONE);
    }
}

static void on_request(void *arg, struct qund_req *r)
{
    struct qund_http *h = arg;
    size_t n, index = r->grant & 0xffff;
    const struct qund_route *routes = qund_routes(&n);
    struct qund_grant g = {.role = QUND_ACCESS_VIEWER};
    struct qund_call c;
    struct qund_err err = {0};
    char *room;
    int rc;

    if (index >= n) {
        if (!h->deps.hook(h->deps.arg, r))
            qund_answer_error(r, 404, "not_found", QUND_STR("no such path"), QUND_STR_NONE);
        return;
    }
    if (routes[index].roles != ROLES_NOBODY_ASKED &&
        qund_auth_again(h, qund_req_token(r), &g) < 0) {
        qund_answer_error(r, 401, "unauthorized", QUND_STR("the token is no longer good"),
                          QUND_STR_NONE);
        return;
    }
    room = r->head.query.n > 0 || strchr(routes[index].path, '{') ? qund_alloc(r->head.target.n + 1)
                                                                  : NULL;
    rc = qund_call_read(&c, &routes[index], &r->head, room, &err);
    if (rc < 0) {
        qund_answer_rc(r, rc, &err);
        qund_free(room);
        return;
    }
    fill_call(h, &c, &g);
    qund_call_dispatch(h, r, &c, room);
}

static void on_answered(void *arg, const struct qund_req *r, int status, size_t bytes)
{
    struct qund_http *h = arg;
    int64_t us = qund_mono_us() - r->start_us;

    (void)bytes;
    qund_counter_add(h->requests[status / 100 <= 5 ? status / 100 : 5], 1);
    qund_histogram_add_us(h->seconds, us, 1);
    if (status >= 500 && status != 503 &&
        qund_log_allow(&h->failed_gate, qund_mono_now().ms, CHARGE_PER_MIN))
        qund_log(h->deps.log, QUND_ERROR, "http.failed", QUND_KV("status", status),
                 QUND_KV("left_out", h->failed_gate.left_out));
}

static void make_metrics(struct qund_http *h)
{
    static const char *const classes[6] = {
        NULL, "class=\"1xx\"", "class=\"2xx\"", "class=\"3xx\"", "class=\"4xx\"", "class=\"5xx\""};
    struct qund_metrics *m = h->deps.metrics;

    for (int i = 1; i < 6; i++)
        h->requests[i] = qund_metric_counter(m, "qund_http_requests_total", classes[i],
                                             "Requests answered, by class of status");
    h->requests[0] = h->requests[5];
    h->seconds = qund_metric_seconds(m, "qund_http_seconds", "From a request's head to its answer");
    h->events_refused =
        qund_metric_counter(m, "qund_events_refused_total", "why=\"check\"",
                            "Requests with an event that failed a check; events pushed back");
    h->feed_dropped = qund_metric_counter(m, "qund_live_dropped_total", NULL,
                                          "Lines of the live feed dropped because the loop lags");
    h->live_clients = qund_metric_gauge(m, "qund_live_clients", NULL, "Readers of the live feed");
    h->link_wrong = qund_metric_counter(m, "qund_links_refused_total", "why=\"signature\"",
                                        "Signed links that were not good");
    h->link_expired = qund_metric_counter(m, "qund_links_refused_total", "why=\"expired\"",
                                          "Signed links that were not good");
    h->denied = qund_metric_counter(m, "qund_http_denied_total", NULL,
                                    "Requests without a good token or the right role");
}

/* At start nothing else runs yet, so this one read may be made here. */
static int first_tokens(struct qund_http *h, struct qund_err *err)
{
    QUND_AUTO(qund_db_close) struct qund_db *db = NULL;
    struct qund_db_cfg cfg = {
        .path = h->deps.store_path, .busy_ms = 2000, .damaged = h->deps.store_damaged};
    int rc = qund_db_open(&cfg, QUND_DB_READ, h->deps.log, &db, err);

    if (rc < 0)
        return rc;
    rc = qund_auth_load(db, &h->auth);
    return rc < 0 ? qund_err_set(err, rc, h->deps.store_path, "the tokens cannot be read: %s",
                                 qund_db_error(db))
                  : QUND_OK;
}

static int start(struct qund_http *h, struct qund_err *err)
{
    static const struct qund_server_ops ops = {on_head, on_request, on_answered};
    const struct qund_config *cfg = h->deps.config(h->deps.arg);
    struct qund_readers_cfg readers = {.n = (unsigned)cfg->store.readers,
                                       .store_path = h->deps.store_path,
                                       .store_damaged = h->deps.store_damaged,
                                       .page_cache_bytes = cfg->store.page_cache,
                                       .words = h->deps.words,
                                       .log = h->deps.log};
    struct qund_server_cfg server = {
        .body_max = (size_t)cfg->http.max_body,
        .conns_max = h->deps.conns_max ? h->deps.conns_max : (unsigned)cfg->http.max_connections,
        .conns_per_peer = (unsigned)cfg->http.per_peer,
        .header_ms = cfg->http.header_timeout_ms,
        .idle_ms = cfg->http.idle_timeout_ms};
    int rc = first_tokens(h, err);

    if (rc == 0)
        rc = qund_readers_new(&readers, &h->readers, err);
    if (rc == 0)
        rc = qund_loop_watch_fd(h->deps.loop, qund_mbox_fd(h->home), open_mail, h, &h->watch, err);
    if (rc == 0)
        rc = qund_server_new(h->deps.loop, &server, &ops, h, h->deps.clock, h->deps.metrics,
                             &h->server, err);
    if (rc == 0 && qund_loop_after_io(h->deps.loop, qund_api_events_flush, h) < 0)
        rc = qund_err_set(err, QUND_E_FULL, "loop", "no place for one more API on this loop");
    return rc;
}

int qund_http_new(const struct qund_http_deps *deps, struct qund_http **out, struct qund_err *err)
{
    struct qund_http *h = qund_alloc(sizeof(*h));
    int rc;

    qund_on(QUND_THREAD_LOOP);
    h->deps = *deps;
    h->home = qund_mbox_new(HOME_CAP);
    h->arena = qund_arena_new(ARENA_BYTES);
    h->auth_retry = qund_loop_timer_new(deps->loop, qund_auth_retry, h);
    make_metrics(h);
    rc = start(h, err);
    if (rc < 0) {
        qund_http_free(h);
        return rc;
    }
    *out = h;
    return QUND_OK;
}

struct qund_http *qund_http_free(struct qund_http *h)
{
    if (!h)
        return NULL;
    if (h->server)
        qund_server_drain(h->server);
    h->readers = qund_readers_free(h->readers); /* runs what waits: its answers are mail then */
    open_mail(h);
    qund_assert(h->open_calls == 0); /* the engine or the intake still owes an answer */
    qund_loop_after_io_end(h->deps.loop, qund_api_events_flush, h);
    qund_server_free(h->server);
    qund_watch_free(h->watch);
    qund_loop_timer_free(h->auth_retry);
    qund_mbox_free(h->home);
    qund_auth_free(h->auth);
    qund_arena_free(h->arena);
    qund_free(h);
    return NULL;
}

struct qund_server *qund_http_server(struct qund_http *h)
{
    return h->server;
}
