/* src/engine/order_text.h - a word of the staff about alerts and tasks, as they type it (essay in
 * order_text.c). Pure; any thread. */
#ifndef QUND_ENGINE_ORDER_TEXT_H
#define QUND_ENGINE_ORDER_TEXT_H
#include "core/core.h"

#define QUND_ORDER_IDS 20u    /* as many as a card names */
#define QUND_ORDER_BYTES 600u /* a longer text is no order */

enum qund_order_kind {
    QUND_ORDER_OK,
    QUND_ORDER_DONE,
    QUND_ORDER_SNOOZE,
    QUND_ORDER_NO,
    QUND_ORDER_CANT,
    QUND_ORDER_HAND
};
struct qund_order {
    enum qund_order_kind kind;
    bool english;                /* it was said in English */
    int64_t ids[QUND_ORDER_IDS]; /* each once; < 0: minus the number of a task */
    size_t n;
    struct qund_str note; /* of DONE, CANT, HAND (to whom): as it was typed; NONE: none */
    char when[QUND_ORDER_BYTES + 1];   /* of SNOOZE: the words, half width; "" none */
    char number[QUND_ORDER_BYTES + 1]; /* of DONE: what stood behind "="; "" none */
};
/* NOTFOUND: it is none, but something said. note is borrowed from text. */
QUND_CHECK int qund_order_read(struct qund_str text, struct qund_order *out);
#endif
