/* dial_wire.c - what goes over an open dial: texts both ways, in whole messages, and the peer's
 * goodbye. */
#include "net/dial_parts.h"
#include "net/loop.h"
#include <libwebsockets.h>
#include <stdio.h>

enum { WRITES_A_TURN = 32 };

struct dial_frame {
    struct dial_frame *next;
    size_t n;
    unsigned char room[LWS_PRE]; /* the library writes the frame header here */
    unsigned char text[];
};

void qund_dial_drop_frames(struct qund_dial *d)
{
    while (d->head) {
        struct dial_frame *f = d->head;

        d->head = f->next;
        qund_free(f);
    }
    d->tail = &d->head;
    d->n = 0;
    d->queued = 0;
}

static void deliver(struct qund_dial *d, struct qund_str text)
{
    if (qund_utf8_check(text) >= 0)
        qund_dial_close(d, LWS_CLOSE_STATUS_INVALID_PAYLOAD, "not valid UTF-8");
    else
        d->ops->text(d, d->arg, text);
}

void qund_dial_received(struct qund_dial *d, const char *bytes, size_t n)
{
    bool last = lws_is_final_fragment(d->wsi) && lws_remaining_packet_payload(d->wsi) == 0;

    d->heard_ms = qund_dial_now(d->dl);
    if (d->state != OPEN)
        return;
    if (lws_frame_is_binary(d->wsi)) {
        qund_dial_close(d, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, "text frames only");
    } else if (d->in.n + n > d->message_max) {
        qund_dial_close(d, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, "message too large");
    } else if (last && d->in.n == 0) {
        deliver(d, qund_str_n(bytes, n));
    } else {
        qund_buf_add(&d->in, bytes, n);
        if (!last)
            return;
        deliver(d, qund_buf_view(&d->in));
        qund_buf_clear(&d->in);
    }
}

int qund_dial_writeable(struct qund_dial *d)
{
    if (d->ping_due) {
        unsigned char room[LWS_PRE + 4] = {0}; /* of an empty pong the library does not tell */

        d->ping_due = false;
        if (lws_write(d->wsi, room + LWS_PRE, 4, LWS_WRITE_PING) < 0)
            return -1;
    }
    for (unsigned i = 0; i < WRITES_A_TURN && d->head && !lws_send_pipe_choked(d->wsi); i++) {
        struct dial_frame *f = d->head;
        int n;

        d->head = f->next;
        if (!d->head)
            d->tail = &d->head;
        d->n--;
        d->queued -= f->n;
        n = lws_write(d->wsi, f->text, f->n, LWS_WRITE_TEXT);
        qund_free(f);
        if (n < 0)
            return -1;
    }
    if (d->head || (d->state == CLOSING && lws_partial_buffered(d->wsi)))
        lws_callback_on_writable(d->wsi);
    else if (d->state == CLOSING && !d->close_noted)
        qund_dial_turn(d->dl); /* as in ws.c: closed after the library's own stack has unwound */
    return 0;
}

void qund_dial_peer_closes(struct qund_dial *d, const unsigned char *in, size_t n)
{
    struct qund_str reason = n > 2 ? qund_str_n((const char *)in + 2, n - 2) : QUND_STR_NONE;

    if (d->state == CLOSING)
        return;
    d->code = n >= 2 ? in[0] << 8 | in[1] : 1005;
    if (qund_utf8_check(reason) >= 0)
        reason = QUND_STR_NONE;
    snprintf(d->why, sizeof(d->why), "%.*s", QUND_STR_ARG(reason));
    d->state = CLOSING;
    d->close_noted = true; /* the library answers it */
    d->deadline_ms = qund_dial_now(d->dl) + QUND_DIAL_CLOSE_MS;
}

int qund_dial_send(struct qund_dial *d, struct qund_str text)
{
    struct dial_frame *f;

    if (d->state != OPEN)
        return QUND_E_DENIED;
    if (d->n == d->queue_frames || (d->n > 0 && d->queued + text.n > d->queue_bytes))
        return QUND_E_FULL;
    f = qund_alloc(sizeof(*f) + text.n);
    f->n = text.n;
    memcpy(f->text, text.p ? text.p : "", text.n);
    *d->tail = f;
    d->tail = &f->next;
    d->n++;
    d->queued += text.n;
    if (d->n == 1)
        lws_callback_on_writable(d->wsi);
    return QUND_OK;
}

void qund_dial_pause(struct qund_dial *d, bool on)
{
    if (d->state != OPEN)
        return;
    if (d->paused && !on)
        d->heard_ms = qund_dial_now(d->dl); /* from here on it may be silent again */
    d->paused = on;
    qund_ignore(lws_rx_flow_control(d->wsi, !on));
}
