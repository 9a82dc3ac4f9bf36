/* api_system.c - what the machine says about itself: alive, fit, its numbers, its state. */
#include "http/internal.h"
#include "intake/intake.h"

void qund_api_healthz(struct qund_http *h, struct qund_req *r, const struct qund_call *c)
{
    (void)h;
    (void)c;
    qund_answer_json(r, 200, QUND_STR("{\"ok\":true}\n"));
}

/* Fit to take events: whoever may not know what is degraded still learns whether. */
void qund_api_readyz(struct qund_http *h, struct qund_req *r, const struct qund_call *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_jw w = qund_jw(&b);
    struct qund_intake_state in;
    bool ready = true;

    (void)c;
    qund_intake_state(h->deps.intake, &in);
    qund_jw_obj(&w);
    qund_jw_key(&w, "degraded");
    qund_jw_arr(&w);
    if (h->deps.ready)
        ready = h->deps.ready(h->deps.arg, &w);
    else if (in.full)
        qund_jw_str(&w, QUND_STR("the queue is full; events are refused"));
    qund_jw_end_arr(&w);
    ready = ready && !in.full;
    qund_jw_kbool(&w, "ready", ready);
    qund_jw_end_obj(&w);
    qund_buf_char(&b, '\n');
    qund_answer_json(r, ready ? 200 : 503, qund_buf_view(&b));
}

void qund_api_metrics(struct qund_http *h, struct qund_req *r, const struct qund_call *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};

    (void)c;
    qund_metrics_print(h->deps.metrics, &b);
    qund_req_reply(r, &(struct qund_resp){.status = 200,
                                          .type = "text/plain; version=0.0.4; charset=utf-8",
                                          .body = qund_buf_view(&b)});
}

void qund_api_status(struct qund_http *h, struct qund_req *r, const struct qund_call *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_jw w = qund_jw(&b);
    struct qund_intake_state in;
    char id[QUND_ENTRY_ID_CHARS];

    qund_intake_state(h->deps.intake, &in);
    qund_entry_id_print(in.last_pushed, id);
    qund_jw_obj(&w);
    qund_jw_kz(&w, "version", QUND_VERSION);
    qund_jw_kts(&w, "now", c->now_ms);
    qund_jw_key(&w, "intake");
    qund_jw_obj(&w);
    qund_jw_kbool(&w, "redis_up", in.redis_up);
    qund_jw_kint(&w, "down_ms", in.down_ms);
    qund_jw_kbool(&w, "full", in.full);
    qund_jw_kint(&w, "waiting", in.waiting);
    qund_jw_kint(&w, "held_events", in.held_events);
    qund_jw_kint(&w, "spool_events", in.spool_events);
    qund_jw_kint(&w, "spool_bytes", in.spool_bytes);
    qund_jw_kz(&w, "last_pushed", id);
    qund_jw_end_obj(&w);
    qund_jw_key(&w, "http");
    qund_jw_obj(&w);
    qund_jw_kint(&w, "connections", qund_server_conns(h->server));
    qund_jw_kint(&w, "websockets", qund_server_ws_count(h->server));
    qund_jw_kint(&w, "in_hand", qund_server_busy(h->server));
    qund_jw_end_obj(&w);
    if (h->deps.status)
        h->deps.status(h->deps.arg, &w);
    qund_jw_end_obj(&w);
    qund_buf_char(&b, '\n');
    qund_answer_json(r, 200, qund_buf_view(&b));
}

void qund_api_openapi(struct qund_http *h, struct qund_req *r, const struct qund_call *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};

    (void)h;
    (void)c;
    qund_http_openapi(&b);
    qund_answer_json(r, 200, qund_buf_view(&b));
}
