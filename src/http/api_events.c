/* api_events.c - POST /api/v1/events: the way in for everything that has no channel of its own.
 *
 * All requests that one turn of the loop brings are checked, packed one behind the other into one
 * piece and handed to the intake together: one message between threads and one pipeline to Redis,
 * whether a turn brought one event or ten thousand. Nobody is answered before the piece is durable.
 *
 * A request is taken whole or not at all: its events are packed as they are decoded, and when the
 * seventh is wrong the piece is cut back to where the request began. */
#include "config/config.h"
#include "core/clock.h"
#include "event/event.h"
#include "event/gunzip.h"
#include "http/internal.h"
#include "intake/intake.h"
#include <stdio.h>

enum {
    TURN_EVENTS_MAX = 8192, /* a larger turn is handed on in several pieces */
    TURN_BYTES_MAX = 8 << 20,
    KEY_MAX_BYTES = 128,
    INFLATE_RATIO = 200 /* beyond it is a bomb, not text */
};

struct asked {
    struct qund_req *req;
    size_t n;
};

struct events_turn {
    struct mail mail;
    struct qund_http *h;
    struct qund_intake_req *piece;
    struct asked *v;
    size_t n, cap;
};

static void answer_all(struct events_turn *t, int rc)
{
    struct qund_err err = {0};
    char body[48];

    if (rc < 0)
        qund_err_set(&err, rc, "", "%s",
                     rc == QUND_E_FULL
                         ? "the queue is full; try again"
                         : "events cannot be written to disk now, it is full or failing (see "
                           "/readyz); try again");
    for (size_t i = 0; i < t->n; i++) {
        if (rc < 0) {
            qund_answer_error(t->v[i].req, 503, "busy", qund_str(err.text), QUND_STR_NONE);
            continue;
        }
        snprintf(body, sizeof(body), "{\"accepted\":%zu}", t->v[i].n);
        qund_answer_json(t->v[i].req, 202, qund_str(body));
    }
    qund_intake_req_free(t->piece);
    qund_free(t->v);
    qund_free(t);
}

static void piece_home(struct qund_http *h, struct mail *m)
{
    struct events_turn *t = QUND_CONTAINER(m, struct events_turn, mail);

    h->open_calls--;
    answer_all(t, t->piece->rc);
}

/* Intake's thread. */
static void piece_done(struct qund_intake_req *piece, void *arg)
{
    struct events_turn *t = arg;

    (void)piece;
    qund_http_mail(t->h, &t->mail);
}

void qund_api_events_flush(void *arg)
{
    struct qund_http *h = arg;
    struct events_turn *t = QUND_TAKE(h->turn);
    int rc;

    if (!t)
        return;
    if (t->piece->n == 0) { /* all were refused, or hold nothing, as [] does */
        qund_intake_release(h->deps.intake, &t->piece->hold);
        answer_all(t, QUND_OK);
        return;
    }
    qund_ignore(QUND_FAULT("verified"));
    h->open_calls++; /* first: it may be answered before submit returns */
    rc = qund_intake_submit(h->deps.intake, t->piece);
    if (rc < 0) {
        h->open_calls--;
        qund_intake_release(h->deps.intake, &t->piece->hold);
        answer_all(t, rc);
    }
}

static struct events_turn *turn_of(struct qund_http *h)
{
    struct events_turn *t = h->turn;

    if (t && (t->piece->n >= TURN_EVENTS_MAX || t->piece->bytes.n >= TURN_BYTES_MAX)) {
        qund_api_events_flush(h);
        t = NULL;
    }
    if (!t) {
        t = qund_alloc(sizeof(*t));
        t->h = h;
        t->mail.open = piece_home;
        t->piece = qund_intake_req_new();
        t->piece->done = piece_done;
        t->piece->arg = t;
        qund_ignore((int)qund_intake_hold(h->deps.intake, &t->piece->hold)); /* it is in hold.rx */
        h->turn = t;
    }
    return t;
}

static void add_asked(struct events_turn *t, struct qund_req *r, size_t n)
{
    if (t->n == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 16;
        t->v = qund_realloc(t->v, t->cap * sizeof(*t->v));
    }
    t->v[t->n++] = (struct asked){r, n};
}

/* "events[7].data.x" → {"index":7,"path":"data.x","reason":…}. */
static void refuse_event(struct qund_http *h, struct qund_req *r, int rc,
                         const struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_jw w = qund_jw(&b);
    long long index = 0;
    int used = 0;
    const char *path = err->where;

    if (sscanf(err->where, "events[%lld]%n", &index, &used) == 1 && used > 0)
        path += used + (err->where[used] == '.');
    qund_jw_obj(&w);
    qund_jw_kint(&w, "index", index);
    qund_jw_kz(&w, "path", path);
    qund_jw_kz(&w, "reason", err->text);
    qund_jw_end_obj(&w);
    qund_counter_add(h->events_refused, 1);
    qund_answer_error(r, rc == QUND_E_DENIED ? 403 : 400,
                      rc == QUND_E_DENIED ? "foreign_channel" : "invalid_event",
                      qund_str(err->text), qund_buf_view(&b));
}

static int pack(const struct qund_event *e, void *arg)
{
    qund_intake_req_add(arg, e, NULL);
    return 0;
}

static int form_of(const struct qund_req *r, enum qund_body_form *form)
{
    struct qund_str type = qund_http1_header(&r->head, "content-type");

    type = type.p ? qund_str_trim(qund_str_split(&type, ';')) : QUND_STR("application/json");
    if (qund_str_eq_nocase(type, QUND_STR("application/x-ndjson")) ||
        qund_str_eq_nocase(type, QUND_STR("application/jsonl")))
        *form = QUND_BODY_NDJSON;
    else if (qund_str_eq_nocase(type, QUND_STR("application/json")) ||
             qund_str_eq_nocase(type, QUND_STR("application/x-www-form-urlencoded")))
        *form = QUND_BODY_JSON; /* the latter is what `curl -d` says when it is not told */
    else
        return QUND_E_INVAL;
    return QUND_OK;
}

/* The body as text: *body stays, or is inflated into room. 0, or the request was answered. */
static int body_text(struct qund_http *h, struct qund_req *r, struct qund_buf *room,
                     struct qund_str *body)
{
    struct qund_str encoding = qund_http1_header(&r->head, "content-encoding");
    size_t max = (size_t)h->deps.config(h->deps.arg)->http.max_body;
    struct qund_err err = {0};
    int rc;

    if (!encoding.p || qund_str_eq_nocase(encoding, QUND_STR("identity")))
        return QUND_OK;
    if (!qund_str_eq_nocase(encoding, QUND_STR("gzip"))) {
        qund_answer_error(r, 415, "encoding", QUND_STR("Content-Encoding may be gzip"),
                          QUND_STR_NONE);
        return QUND_E_INVAL;
    }
    rc = qund_gunzip(*body, max, INFLATE_RATIO, room, &err);
    if (rc < 0)
        qund_answer_error(r, rc == QUND_E_FULL ? 413 : 400,
                          rc == QUND_E_FULL ? "too_large" : "encoding", qund_str(err.text),
                          QUND_STR_NONE);
    *body = qund_buf_view(room);
    return rc;
}

static void slow_down(struct qund_req *r, int64_t wait_ms)
{
    char seconds[24];
    struct qund_header retry = {QUND_STR("Retry-After"), QUND_STR_NONE};

    snprintf(seconds, sizeof(seconds), "%lld", (long long)(wait_ms + 999) / 1000);
    retry.value = qund_str(seconds);
    qund_req_reply(
        r, &(struct qund_resp){.status = 429,
                               .type = "application/json",
                               .body = QUND_STR("{\"error\":{\"code\":\"rate\",\"message\":\"the "
                                                "token's allowance of events is used up\"}}\n"),
                               .extra = &retry,
                               .n_extra = 1});
}

/* What an admin may say about all events of the request. */
static void as_asked(const struct qund_call *c, struct qund_event_ctx *ctx)
{
    struct qund_str channel = qund_call_str(c, "channel");

    if (qund_call_str(c, "origin").p) {
        ctx->origin = QUND_ORIGIN_REPLAY;
        ctx->short_form = true;
        ctx->deliver = qund_call_num(c, "deliver", 0) != 0;
    }
    if (channel.n > 0)
        ctx->default_channel = channel;
}

static int later(const struct qund_event *e, void *arg)
{
    int64_t *latest = arg;

    if (e->key_ts > *latest) /* as sent: the clock that would clamp it is the one being set */
        *latest = e->key_ts;
    return 0;
}

/* Virtual time is the events' own: it is now at least what they say. What is wrong with them is
 * said when they are taken. */
static void reach(struct qund_http *h, const struct qund_call *c, enum qund_body_form form,
                  struct qund_str body)
{
    struct qund_event_ctx ctx = {.cfg = h->deps.config(h->deps.arg),
                                 .default_channel = QUND_STR("api")};
    struct qund_err err;
    int64_t latest = 0;
    size_t n;

    as_asked(c, &ctx);
    qund_ignore(qund_event_decode_body(&ctx, form, body, h->arena, later, &latest, &n, &err));
    qund_arena_reset(h->arena);
    qund_clock_reach(h->deps.clock, (struct qund_wall){latest});
}

/* Decodes and packs; on an error the piece is as before. */
static int take_events(struct qund_http *h, struct qund_req *r, const struct qund_call *c,
                       enum qund_body_form form, struct qund_str body, size_t *count,
                       struct qund_err *err)
{
    const struct qund_grant *g = &c->grant;
    struct events_turn *t = turn_of(h);
    size_t bytes = t->piece->bytes.n, entries = t->piece->n, n = 0;
    char token[24];
    struct qund_event_ctx ctx = {
        .cfg = h->deps.config(h->deps.arg),
        .rx = t->piece->hold.rx,
        .wall = qund_clock_is_virtual(h->deps.clock) ? 0 : qund_wall_system().ms,
        .default_channel = QUND_STR("api"),
        .allowed = g->channels,
        .n_allowed = g->n_channels,
        .origin = QUND_ORIGIN_LIVE};
    int rc;

    as_asked(c, &ctx);
    snprintf(token, sizeof(token), "%lld", (long long)g->token);
    ctx.token_id = qund_str(token);
    ctx.idempotency_key = qund_http1_header(&r->head, "idempotency-key");
    if (ctx.idempotency_key.n > KEY_MAX_BYTES)
        return qund_err_set(err, QUND_E_INVAL, "Idempotency-Key", "is longer than %d bytes",
                            KEY_MAX_BYTES);
    rc = qund_event_decode_body(&ctx, form, body, h->arena, pack, t->piece, &n, err);
    qund_ignore(QUND_FAULT("parsed"));
    qund_arena_reset(h->arena);
    if (rc < 0) {
        t->piece->bytes.n = bytes;
        t->piece->n = entries;
        return rc;
    }
    add_asked(t, r, n);
    *count = n;
    return QUND_OK;
}

void qund_api_events(struct qund_http *h, struct qund_req *r, const struct qund_call *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf room = {0};
    struct qund_str body = r->body;
    enum qund_body_form form;
    struct qund_err err = {0};
    int64_t rate = h->deps.config(h->deps.arg)->http.rate_per_token, wait_ms;
    size_t n = 0;
    int rc;

    if (form_of(r, &form) < 0) {
        qund_answer_error(r, 415, "type",
                          QUND_STR("Content-Type may be application/json or application/x-ndjson"),
                          QUND_STR_NONE);
        return;
    }
    if (c->grant.role != QUND_ACCESS_ADMIN &&
        (qund_call_str(c, "origin").p || qund_call_str(c, "channel").p)) {
        qund_answer_error(r, 403, "denied",
                          QUND_STR("origin and channel of a whole request are for admins"),
                          QUND_STR_NONE);
        return;
    }
    wait_ms = qund_auth_spend(h, c->grant.token, 0, rate);
    if (wait_ms > 0) {
        slow_down(r, wait_ms);
        return;
    }
    if (body_text(h, r, &room, &body) < 0)
        return;
    if (qund_clock_is_virtual(h->deps.clock))
        reach(h, c, form, body);
    rc = take_events(h, r, c, form, body, &n, &err);
    if (rc < 0)
        refuse_event(h, r, rc, &err);
    else
        qund_ignore((int)qund_auth_spend(h, c->grant.token, n, rate));
}
