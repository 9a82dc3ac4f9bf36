/* plugins/onebot/dial.c - bridges that listen: dialled, and dialled again.
 *
 * The wait grows from one second to a minute and is drawn at random below that (full jitter): after
 * an outage all connections fail in the same second, and equal waits would come back together. A
 * minute of life makes it small again. A bridge that does not know our token is left alone for
 * `token_again`, and that is an error for a person: some say so only after the handshake. A reload
 * tries at once: the token may have been mended here or there. */
#include "onebot.h"
#include <stdlib.h>
#include <sys/random.h>

#define FIRST_MS 1000
#define LAST_MS 60000
#define LEAST_MS 100
#define STEADY_MS 60000

struct ob_dial {
    struct ob_dial *next;
    struct ob_channel *c;
    char *url;
    unsigned roles;
    struct ob_conn *conn;
    struct ob_bridge bridge;
    int64_t ceiling_ms, due_ms;
    bool refused; /* by this try */
};

static int64_t below(int64_t n)
{
    uint64_t r = 0;

    if (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r))
        return n / 2;
    return (int64_t)(r % (uint64_t)n);
}

static unsigned roles_of(struct qund_str url)
{
    while (url.n > 0 && url.p[url.n - 1] == '/')
        url.n--;
    if (url.n > 4 && memcmp(url.p + url.n - 4, "/api", 4) == 0)
        return OB_ACTIONS;
    if (url.n > 6 && memcmp(url.p + url.n - 6, "/event", 6) == 0)
        return OB_EVENTS;
    return OB_EVENTS | OB_ACTIONS;
}

void ob_dials_open(struct ob_channel *c)
{
    for (size_t i = c->cfg->connect.n; i > 0; i--) {
        struct ob_dial *d = ob_alloc(sizeof(*d));

        *d = (struct ob_dial){.next = c->dials,
                              .c = c,
                              .url = ob_dup(qund_str(c->cfg->connect.v[i - 1])),
                              .roles = roles_of(qund_str(c->cfg->connect.v[i - 1])),
                              .ceiling_ms = FIRST_MS};
        c->dials = d;
        ob_bridge_open(&d->bridge, c, "connect", i - 1);
    }
}

static void wait_again(struct ob_dial *d)
{
    d->due_ms = ob_mono(d->c) + LEAST_MS + below(d->ceiling_ms);
    d->ceiling_ms = d->ceiling_ms * 2 < LAST_MS ? d->ceiling_ms * 2 : LAST_MS;
    if (d->refused)
        d->due_ms = ob_mono(d->c) + d->c->cfg->token_again_ms;
}

static void dial(struct ob_dial *d)
{
    struct ob_channel *c = d->c;
    struct ob_text bearer = {0};
    struct qund_header header = {QUND_STR("Authorization"), QUND_STR_NONE};
    struct qund_socket_cfg cfg = {.message_max = (size_t)c->cfg->max_frame,
                                  .queue_bytes = (size_t)8 << 20,
                                  .queue_frames = 1024,
                                  .bulk = 1};
    struct qund_connect to = {.url = qund_str(d->url),
                              .headers = &header,
                              .n_headers = c->cfg->token ? 1 : 0,
                              .allow_private = c->cfg->allow_private};
    struct qund_fault why = {0};

    ob_text_printf(&bearer, "Bearer %s", c->cfg->token ? c->cfg->token : "");
    header.value = ob_text_view(&bearer);
    c->host->gauge_add(c->numbers.dials, 1);
    d->refused = false;
    d->conn = ob_conn_new(c, d, d->roles);
    if (c->host->ws_connect(c->channel, &to, &cfg, &ob_socket_ops, d->conn, &d->conn->s, &why) <
        0) {
        ob_conn_free(d->conn);
        d->conn = NULL;
        wait_again(d);
        ob_bridge_fails(&d->bridge, qund_str(why.text));
        if (ob_gate_open(c, &c->undialled)) {
            QUND_SAY(c->host, QUND_ERROR, "onebot.cannot_dial", QUND_KV("channel", c->name),
                     QUND_KV("where", (const char *)why.where),
                     QUND_KV("why", (const char *)why.text),
                     QUND_KV("left_out", c->undialled.left_out));
            c->undialled.left_out = 0;
        }
    }
    ob_text_done(&bearer);
}

void ob_dial_token_refused(struct ob_dial *d)
{
    d->refused = true;
    ob_bridge_refuses(&d->bridge, NULL); /* it is left alone for minutes */
}

void ob_dial_token_known(struct ob_dial *d)
{
    ob_bridge_lets_in(&d->bridge);
}

void ob_dial_opened(struct ob_dial *d)
{
    ob_bridge_reached(&d->bridge);
}

void ob_dial_lost(struct ob_dial *d, int code, struct qund_str why, int64_t lived_ms)
{
    d->conn = NULL;
    if (lived_ms < 0 && (code == 401 || code == 403))
        ob_dial_token_refused(d);
    else if (lived_ms < 0)
        ob_bridge_fails(&d->bridge, why);
    if (lived_ms >= STEADY_MS)
        d->ceiling_ms = FIRST_MS;
    wait_again(d);
}

void ob_dials_changed(struct ob_channel *c)
{
    for (struct ob_dial *d = c->dials; d; d = d->next) {
        d->ceiling_ms = FIRST_MS;
        d->due_ms = 0;
        d->refused = false;
        ob_bridge_lets_in(&d->bridge); /* until it says otherwise */
    }
}

void ob_dials_again(struct ob_channel *c)
{
    for (struct ob_dial *d = c->dials; d; d = d->next) {
        if (!d->bridge.unknown && d->bridge.since_ms == 0)
            continue;
        d->ceiling_ms = FIRST_MS;
        d->due_ms = 0;
        d->refused = false;
    }
}

void ob_dials_tick(struct ob_channel *c)
{
    int64_t now = ob_mono(c);

    for (struct ob_dial *d = c->dials; d; d = d->next)
        if (!d->conn && now >= d->due_ms)
            dial(d);
}

void ob_dials_free(struct ob_channel *c)
{
    while (c->dials) {
        struct ob_dial *d = c->dials;

        c->dials = d->next;
        free(d->url);
        free(d);
    }
}
