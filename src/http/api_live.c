/* api_live.c - the live feed: what happens, as it happens, to whoever watches.
 *
 * The engine hands over one JSON object per line after each commit; it goes to all readers as one
 * frame that is made once (twice, if some of them may not see phone numbers). The feed is a window,
 * not a record: a reader who cannot keep up is closed with 1013 and looks the rest up through the
 * API, and when the loop itself lags the engine's lines are dropped and counted rather than held.
 */
#include "config/config.h"
#include "http/internal.h"
#include <stdatomic.h>

enum {
    WAITING_BYTES_MAX = 8 << 20, /* lines between engine and loop */
    /* A batch of some thousand events is committed at once and shown at once; frames are shared, so
     * a reader's place in the queue costs a pointer. */
    READER_FRAMES_MAX = 4096,
    READER_BYTES_MAX = 4 << 20,
    CLOSE_POLICY = 1008,
    CLOSE_LATER = 1013,
    MESSAGE_MAX = 4096
};

struct live_client {
    struct live_client *prev, *next;
    struct qund_http *h;
    struct qund_ws *ws;
    int64_t token;
    bool mask;
};

struct line {
    struct mail mail;
    size_t n;
    char text[];
};

static void gone(struct qund_ws *ws, void *arg)
{
    struct live_client *l = arg;
    struct qund_http *h = l->h;

    (void)ws;
    if (l->prev)
        l->prev->next = l->next;
    else
        h->clients = l->next;
    if (l->next)
        l->next->prev = l->prev;
    qund_counter_set(h->live_clients, (int64_t)(atomic_fetch_sub(&h->n_clients, 1) - 1));
    qund_free(l);
}

void qund_api_live(struct qund_http *h, struct qund_req *r, const struct qund_call *c)
{
    static const struct qund_ws_ops ops = {.closed = gone};
    struct live_client *l;

    if (atomic_load(&h->n_clients) >= (unsigned)h->deps.config(h->deps.arg)->live.max_clients) {
        qund_answer_error(r, 503, "busy", QUND_STR("too many readers of the live feed"),
                          QUND_STR_NONE);
        return;
    }
    l = qund_alloc(sizeof(*l));
    l->h = h;
    l->token = c->grant.token;
    l->mask = c->mask;
    l->ws = qund_ws_accept(r,
                           &(struct qund_ws_cfg){.message_max = MESSAGE_MAX,
                                                 .queue_frames = READER_FRAMES_MAX,
                                                 .queue_bytes = READER_BYTES_MAX},
                           &ops, l);
    if (!l->ws) {
        qund_free(l);
        return;
    }
    l->next = h->clients;
    if (l->next)
        l->next->prev = l;
    h->clients = l;
    qund_counter_set(h->live_clients, (int64_t)(atomic_fetch_add(&h->n_clients, 1) + 1));
}

/* NULL: it is no JSON, and is not shown. */
static struct qund_ws_frame *masked_frame(struct qund_str json)
{
    QUND_AUTO(qund_buf_done) struct qund_buf masked = {0};

    return qund_mask_json(json, &masked) < 0 ? NULL : qund_ws_frame_new(qund_buf_view(&masked));
}

static void show(struct qund_http *h, struct mail *m)
{
    struct line *line = QUND_CONTAINER(m, struct line, mail);
    struct qund_str json = qund_str_n(line->text, line->n);
    struct qund_ws_frame *frame[2] = {NULL, NULL}; /* as it is, and masked; made when wanted */

    atomic_fetch_sub(&h->feed_waiting, line->n);
    for (struct live_client *l = h->clients; l; l = l->next) {
        struct qund_ws_frame **f = &frame[l->mask];

        if (!*f)
            *f = l->mask ? masked_frame(json) : qund_ws_frame_new(json);
        if (*f && qund_ws_send_frame(l->ws, *f) == QUND_E_FULL)
            qund_ws_close(l->ws, CLOSE_LATER, "too slow for the live feed; look it up");
    }
    qund_ws_frame_unref(frame[0]);
    qund_ws_frame_unref(frame[1]);
    qund_free(line);
}

bool qund_http_watched(struct qund_http *h)
{
    return atomic_load(&h->n_clients) > 0;
}

void qund_http_feed(struct qund_http *h, struct qund_str json)
{
    struct line *line;

    if (atomic_load(&h->n_clients) == 0)
        return;
    if (atomic_fetch_add(&h->feed_waiting, json.n) + json.n > WAITING_BYTES_MAX) {
        atomic_fetch_sub(&h->feed_waiting, json.n);
        qund_counter_add(h->feed_dropped, 1);
        return;
    }
    line = qund_alloc(sizeof(*line) + json.n);
    line->mail.open = show;
    line->n = json.n;
    memcpy(line->text, json.p, json.n);
    qund_http_mail(h, &line->mail);
}

/* A revoked or expired token must not go on listening. */
void qund_live_recheck(struct qund_http *h)
{
    struct qund_grant g;

    for (struct live_client *l = h->clients; l; l = l->next)
        if (qund_auth_again(h, l->token, &g) < 0)
            qund_ws_close(l->ws, CLOSE_POLICY, "the token is no longer good");
}
