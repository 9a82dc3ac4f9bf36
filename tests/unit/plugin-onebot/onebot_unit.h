/* onebot_unit.h - frames for the codec's tests: read, and compared as one line. */
#ifndef ONEBOT_UNIT_H
#define ONEBOT_UNIT_H
#include "frame.h"
#include "unit.h"

static inline int frame_set_up(void **state)
{
    *state = ob_alloc(sizeof(struct ob_frame));
    return 0;
}
static inline int frame_tear_down(void **state)
{
    ob_frame_done(*state);
    free(*state);
    return 0;
}

/* type id ts=… and every field that is set. */
static inline void show(const struct ob_frame *f, struct ob_text *t)
{
    const struct qund_event_in *e = &f->event;
    const struct {
        const char *name;
        struct qund_str s;
    } FIELDS[] = {{"id", e->id},       {"group", e->group},      {"gname", e->group_name},
                  {"from", e->sender}, {"name", e->sender_name}, {"role", e->sender_role},
                  {"to", e->to},       {"account", e->account},  {"kind", e->kind},
                  {"text", e->text},   {"reply", e->reply_to},   {"ref", e->ref},
                  {"data", e->data},   {"origin", e->origin}};

    ob_text_printf(t, "%.*s", e->type.p ? (int)e->type.n : 7, e->type.p ? e->type.p : "message");
    if (e->ts_ms != QUND_NO_TS)
        ob_text_printf(t, " ts=%lld", (long long)e->ts_ms);
    for (size_t i = 0; i < OB_LEN(FIELDS); i++)
        if (FIELDS[i].s.n > 0)
            ob_text_printf(t, " %s=%.*s", FIELDS[i].name, QUND_STR_ARG(FIELDS[i].s));
    for (size_t i = 0; i < e->n_mentions; i++)
        ob_text_printf(t, " @%.*s", QUND_STR_ARG(e->mentions[i]));
    for (size_t i = 0; i < e->n_media; i++)
        ob_text_printf(t, " <%.*s %.*s %.*s %lld>", QUND_STR_ARG(e->media[i].kind),
                       QUND_STR_ARG(e->media[i].name), QUND_STR_ARG(e->media[i].url),
                       (long long)e->media[i].size);
}

static inline void becomes(struct ob_frame *f, const char *frame, const char *want)
{
    static const struct ob_view view = {{"7", 1}, {"小栖", 6}};
    struct ob_text t = {0};

    if (ob_frame_read(f, qund_str(frame), &view) != OB_EVENT)
        fail_msg("%s: %s", f->kind == OB_BAD ? f->why : "no event", frame);
    show(f, &t);
    assert_string_equal(t.p, want);
    ob_text_done(&t);
}

static inline void is_refused(struct ob_frame *f, struct qund_str frame, const char *why)
{
    static const struct ob_view view = {{NULL, 0}, {NULL, 0}};

    assert_int_equal(ob_frame_read(f, frame, &view), OB_BAD);
    assert_string_equal(f->why, why);
}
#endif
