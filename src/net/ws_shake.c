/* ws_shake.c - whether an upgrade is one, read by our own parser before the library sees anything
 * of it, and the answer when it is not. */
#include "net/conn.h"
#include <stdio.h>

/* 16 bytes in base64: 22 characters and "==". */
static bool key_is_sound(struct qund_str key)
{
    if (key.n != 24 || key.p[22] != '=' || key.p[23] != '=')
        return false;
    for (size_t i = 0; i < 22; i++) {
        char c = key.p[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '+' || c == '/'))
            return false;
    }
    return true;
}

const char *qund_ws_handshake_fault(const struct qund_server *s, const struct qund_req *r,
                                    int *status)
{
    *status = 400;
    if (!r->head.upgrade.p || !r->head.connection_upgrade)
        return "a WebSocket is opened here: Upgrade: websocket is wanted";
    if (!key_is_sound(qund_http1_header(&r->head, "sec-websocket-key")))
        return "Sec-WebSocket-Key is not sound";
    if (!qund_str_is(qund_http1_header(&r->head, "sec-websocket-version"), "13")) {
        *status = 426;
        return "only Sec-WebSocket-Version 13 is spoken";
    }
    *status = 503;
    if (s->draining || s->n_ws >= s->cfg.ws_max) {
        qund_counter_add(s->count.ws_refused, 1);
        return "no more WebSockets are taken now";
    }
    return NULL;
}

void qund_ws_refuse(struct qund_req *r, int status, const char *why)
{
    static const struct qund_header extra[] = {
        {QUND_STR("Sec-WebSocket-Version"), QUND_STR("13")},
        {QUND_STR("Retry-After"), QUND_STR("1")},
    };
    char body[160];
    int n = snprintf(body, sizeof(body), "{\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}\n",
                     status == 503 ? "busy" : "bad_request", why);

    qund_req_reply(r, &(struct qund_resp){.status = status,
                                          .type = "application/json",
                                          .body = qund_str_n(body, (size_t)n),
                                          .extra = status == 503 ? extra + 1 : extra,
                                          .n_extra = status == 400 ? 0 : 1,
                                          .close = true});
}
