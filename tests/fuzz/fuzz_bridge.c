/* fuzz_bridge.c - frames of the plain bridge protocol: whatever comes is read within its bounds or
 * refused with a reason, and what is handed on is text and borrowed from the frame. */
#include "core/str.h"
#include "frame.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void is_text(struct qund_str s)
{
    if (s.n > 0 && qund_utf8_check(s) >= 0)
        abort();
}

static void look_at(const struct qund_event_in *e)
{
    const struct qund_str all[] = {e->id,          e->type,    e->group, e->group_name, e->sender,
                                   e->sender_name, e->to,      e->kind,  e->text,       e->reply_to,
                                   e->ref,         e->account, e->data,  e->sender_role};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        is_text(all[i]);
    for (size_t i = 0; i < e->n_mentions; i++)
        is_text(e->mentions[i]);
    for (size_t i = 0; i < e->n_media; i++) {
        is_text(e->media[i].url);
        is_text(e->media[i].sha256);
    }
    if (e->n_mentions > MENTIONS_MAX || e->n_media > MEDIA_MAX || e->ts_ms <= 0 || e->type.n == 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qund_str text = qund_str_n((const char *)data, size);
    struct qund_fault why = {0};
    struct frame f;
    bool repaired;

    if (qund_utf8_check(text) >= 0) /* the socket hands on text only */
        return 0;
    if (bridge_frame_read(text, &f, &repaired, &why) < 0) {
        if (why.text[0] == '\0' || f.root || f.kept)
            abort();
        return 0;
    }
    if (f.type == FRAME_EVENT && bridge_frame_events(&f, QUND_STR("bot"), &why) == 0) {
        if (f.n == 0 || f.n > WHO_MAX || f.seq <= 0)
            abort();
        for (size_t i = 0; i < f.n; i++)
            look_at(&f.events[i]);
    }
    bridge_frame_free(&f);
    return 0;
}
