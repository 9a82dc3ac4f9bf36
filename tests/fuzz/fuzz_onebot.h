/* fuzz_onebot.h - what holds for every frame of a stranger: it is read, or refused with a reason;
 * an event that is read passes the daemon's border unless an id of it is none; and reading it again
 * gives the same. */
#ifndef FUZZ_ONEBOT_H
#define FUZZ_ONEBOT_H
#include "event/event.h"
#include "event_config.h"
#include "frame.h"
#include "qund/event.h"
#include <stdlib.h>

/* What a bridge may write as it likes never stops an event at the border; its ids may. */
static inline bool id_is_to_blame(const char *where)
{
    static const char *const IDS[] = {"id",      "group", "sender",   "to",
                                      "account", "ref",   "reply_to", "ts"};

    for (size_t i = 0; i < OB_LEN(IDS); i++)
        if (strcmp(where, IDS[i]) == 0)
            return true;
    return false;
}

static inline void must_pass(const struct ob_frame *f)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(16 << 10);
    struct event_config c;
    struct qund_event_ctx ctx;
    struct qund_event e;
    struct qund_err err = {0};

    event_config_init(&c);
    ctx = event_config_ctx(&c, 1757896365000);
    ctx.default_channel = QUND_STR("group");
    if (qund_event_given(&ctx, &f->event, 0, arena, &e, &err) < 0 && !id_is_to_blame(err.where)) {
        fprintf(stderr, "%s: %s\n", err.where, err.text);
        abort();
    }
}

static inline void try_frame(const uint8_t *data, size_t size, int version)
{
    static const struct ob_view view = {{"7", 1}, {"小栖", 6}};
    struct ob_frame *f = ob_alloc(sizeof(*f));
    enum ob_kind kind = ob_frame_read(f, qund_str_n((const char *)data, size), &view);

    if (kind == OB_BAD && !(f->why && f->why[0]))
        abort();
    if (kind == OB_EVENT && f->version == version)
        must_pass(f);
    if (kind == OB_EVENT && f->event.text.n > OB_TEXT_MAX)
        abort();
    ob_frame_done(f);
    free(f);
}
#endif
