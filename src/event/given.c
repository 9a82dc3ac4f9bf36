/* given.c - an event as a plugin hands it over: fields instead of JSON, the same border.
 *
 * A plugin is trusted with its memory, not with what its source sent: each field is claimed under
 * its name in JSON and goes through the decoder's own row, so neither limits nor refusals can
 * differ between the two ways in. Text must be UTF-8 here, where no reader has looked at it yet. */
#include "event/internal.h"
#include "qund/event.h"
#include <stdio.h>

#define GIVEN(name, member)                          \
    {                                                \
        name, offsetof(struct qund_event_in, member) \
    }
static const struct {
    const char *name;
    size_t offset; /* of a struct qund_str */
} STRINGS[] = {
    GIVEN("id", id),
    GIVEN("type", type),
    GIVEN("group", group),
    GIVEN("group_name", group_name),
    GIVEN("sender", sender),
    GIVEN("sender_name", sender_name),
    GIVEN("sender_role", sender_role),
    GIVEN("to", to),
    GIVEN("account", account),
    GIVEN("kind", kind),
    GIVEN("text", text),
    GIVEN("reply_to", reply_to),
    GIVEN("ref", ref),
    GIVEN("data", data),
    GIVEN("origin", origin),
};

static int check_utf8(struct event_decoding *d, const char *name, struct qund_str s)
{
    ptrdiff_t at = s.n > 0 ? qund_utf8_check(s) : -1;

    if (at < 0)
        return QUND_OK;
    return qund_err_set(d->err, QUND_E_INVAL, name, "not valid UTF-8 (byte %td)", at);
}

static int claim_strings(struct event_decoding *d, const struct qund_event_in *in)
{
    int rc = QUND_OK;

    for (size_t i = 0; rc == 0 && i < QUND_ARRAY_LEN(STRINGS); i++) {
        struct qund_str s;

        memcpy(&s, (const char *)in + STRINGS[i].offset, sizeof(s));
        if (!s.p || s.n == 0)
            continue;
        rc = check_utf8(d, STRINGS[i].name, s);
        if (rc == 0)
            rc = event_claim(d, STRINGS[i].name, s);
    }
    return rc;
}

static int claim_mentions(struct event_decoding *d, const struct qund_event_in *in)
{
    int rc = QUND_OK;

    for (size_t i = 0; rc == 0 && i < in->n_mentions && i < EVENT_MENTIONS_MAX; i++)
        rc = check_utf8(d, "mentions", in->mentions[i]);
    return rc < 0 ? rc : event_claim_mentions(d, in->mentions, in->n_mentions);
}

/* Rare and small: written as JSON and read by the decoder. */
static int claim_media(struct event_decoding *d, const struct qund_event_in *in)
{
    QUND_AUTO(qund_buf_done) struct qund_buf json = {0};
    struct qund_jw w = qund_jw(&json);
    struct qund_str kept;
    int rc = QUND_OK;

    qund_jw_arr(&w);
    for (size_t i = 0; rc == 0 && i < in->n_media && i <= EVENT_MEDIA_ITEMS_MAX; i++) {
        const struct qund_media_in *m = &in->media[i];
        const struct {
            const char *name;
            struct qund_str s;
        } parts[] = {{"kind", m->kind}, {"sha256", m->sha256}, {"name", m->name}, {"url", m->url}};

        qund_jw_obj(&w);
        for (size_t k = 0; rc == 0 && k < QUND_ARRAY_LEN(parts); k++) {
            rc = check_utf8(d, "media", parts[k].s);
            if (rc == 0 && parts[k].s.p)
                qund_jw_kstr(&w, parts[k].name, parts[k].s);
        }
        if (m->size != 0)
            qund_jw_kint(&w, "size", m->size);
        qund_jw_end_obj(&w);
    }
    if (rc < 0)
        return rc;
    qund_jw_end_arr(&w);
    kept = qund_arena_str(d->r->arena, qund_buf_view(&json));
    return event_claim(d, "media", kept);
}

int qund_event_given(const struct qund_event_ctx *ctx, const struct qund_event_in *in, size_t index,
                     struct qund_arena *arena, struct qund_event *out, struct qund_err *err)
{
    struct qund_jr r = {.arena = arena};
    struct event_decoding d = {
        .ctx = ctx, .r = &r, .e = out, .err = err, .origin = -1, .sent = {.index = index}};
    int rc;

    memset(out, 0, sizeof(*out));
    rc = claim_strings(&d, in);
    if (rc == 0 && in->ts_ms != QUND_NO_TS)
        rc = event_claim_ts(&d, in->ts_ms);
    if (rc == 0)
        rc = claim_mentions(&d, in);
    if (rc == 0 && in->n_media > 0)
        rc = claim_media(&d, in);
    if (rc == 0)
        rc = event_settle(&d);
    return rc < 0 ? rc : event_identify(ctx, &d.sent, arena, out, err);
}
