/* src/event/settle.c - what the fields of an event mean together, and whether its sender may say
 * so.
 *
 * Who may claim what is decided here, because only here both sides are known: the channel must be
 * the token's, the realm is the channel's whatever the event says, a role counts only from a
 * channel that is trusted with roles, and `live` only from a live one. (Otherwise any token could
 * speak as staff, or make alerts of what happened last year.)
 *
 * A name is what a stranger has typed, its sender cannot correct it, and it is shown in lines and
 * lists everywhere: so it becomes one line here, blanks for what breaks it. */
#include "config/config.h"
#include "event/internal.h"

/* The sample chat's types: a message of a kind, or a member event about its sender. */
static const struct {
    const char *name;
    enum qund_event_type type;
    const char *kind;
} SHORT_FORM[] = {
    {"text", QUND_EV_MESSAGE, "text"},     {"image", QUND_EV_MESSAGE, "image"},
    {"voice", QUND_EV_MESSAGE, "voice"},   {"video", QUND_EV_MESSAGE, "video"},
    {"file", QUND_EV_MESSAGE, "file"},     {"link", QUND_EV_MESSAGE, "link"},
    {"card", QUND_EV_MESSAGE, "card"},     {"location", QUND_EV_MESSAGE, "location"},
    {"mixed", QUND_EV_MESSAGE, "mixed"},   {"join", QUND_EV_MEMBER_JOIN, NULL},
    {"leave", QUND_EV_MEMBER_LEAVE, NULL},
};

static bool type_name_ok(struct qund_str s)
{
    bool dot = false;

    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        dot |= c == '.';
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'))
            return false;
    }
    return dot;
}

static int short_form(struct event_decoding *d)
{
    struct qund_event *e = d->e;
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_jw w = qund_jw(&b);

    for (size_t i = 0; i < QUND_ARRAY_LEN(SHORT_FORM); i++) {
        if (!qund_str_is(e->type_name, SHORT_FORM[i].name))
            continue;
        e->type = SHORT_FORM[i].type;
        e->type_name = qund_str(qund_event_type_name(e->type));
        if (SHORT_FORM[i].kind && !e->kind.p)
            e->kind = qund_str(SHORT_FORM[i].kind);
        if (e->type != QUND_EV_MESSAGE && !e->data.p && e->sender.p) {
            qund_jw_obj(&w);
            qund_jw_kstr(&w, "member", e->sender);
            qund_jw_end_obj(&w);
            e->data = qund_str_n(qund_arena_dup(d->r->arena, b.p, b.n), b.n);
        }
        return 1;
    }
    return 0;
}

static int settle_type(struct event_decoding *d)
{
    struct qund_event *e = d->e;

    if (!e->type_name.p)
        e->type_name = QUND_STR("message");
    e->type = qund_event_type_of(e->type_name);
    if (e->type == QUND_EV_OTHER && !(d->ctx->short_form && short_form(d)) &&
        !type_name_ok(e->type_name))
        return qund_err_set(d->err, QUND_E_INVAL, "type",
                            "unknown type; a type of your own is lower case and has a dot in it, "
                            "such as shop.visit");
    if (e->type == QUND_EV_MESSAGE && !e->kind.p)
        e->kind = QUND_STR("text");
    if (e->text.n + e->data.n > QUND_EVENT_TEXT_MAX)
        return qund_err_set(d->err, QUND_E_INVAL, "text",
                            "text and data together are %zu bytes long, at most %u are allowed",
                            e->text.n + e->data.n, QUND_EVENT_TEXT_MAX);
    return QUND_OK;
}

static bool allowed(const struct qund_event_ctx *ctx, struct qund_str channel)
{
    for (size_t i = 0; ctx->allowed && i < ctx->n_allowed; i++)
        if (qund_str_eq(ctx->allowed[i], channel))
            return true;
    return !ctx->allowed;
}

static int settle_channel(struct event_decoding *d)
{
    struct qund_event *e = d->e;
    const struct qund_channel_cfg *c;

    if (!e->channel.p)
        e->channel = d->ctx->default_channel;
    c = allowed(d->ctx, e->channel) ? qund_config_channel(d->ctx->cfg, e->channel) : NULL;
    if (!c)
        return qund_err_set(d->err, QUND_E_DENIED, "channel",
                            "'%.*s' is not configured or not among the channels of this token",
                            QUND_STR_ARG(e->channel));
    e->realm = qund_str(c->realm);
    e->role = c->trust_roles ? d->role : QUND_ROLE_NONE;
    d->sent.ts_stable = c->ts_stable;
    if (d->ctx->origin != QUND_ORIGIN_LIVE)
        e->origin = d->ctx->origin;
    else if (d->origin == QUND_ORIGIN_LIVE && !c->live)
        return qund_err_set(d->err, QUND_E_DENIED, "origin",
                            "channel '%.*s' is not live: send backfill or leave it out",
                            QUND_STR_ARG(e->channel));
    else if (d->origin >= 0)
        e->origin = (enum qund_origin)d->origin;
    else
        e->origin = c->live ? QUND_ORIGIN_LIVE : QUND_ORIGIN_BACKFILL;
    return QUND_OK;
}

/* Whether a valid text may hold what qund_buf_line takes out: a control, or the first byte of a
 * longer one. */
static bool maybe_lines(struct qund_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f || s.p[i] == '\xc2' || s.p[i] == '\xe2')
            return true;
    return false;
}

/* A name as one line. Nearly all are one already and stay a view. */
static void make_one_line(struct event_decoding *d, struct qund_str *name)
{
    QUND_AUTO(qund_buf_done) struct qund_buf line = {0};

    if (!maybe_lines(*name))
        return;
    qund_buf_line(&line, *name);
    *name = qund_arena_str(d->r->arena, qund_buf_view(&line));
}

int event_settle(struct event_decoding *d)
{
    int rc = settle_channel(d);

    make_one_line(d, &d->e->group_name);
    make_one_line(d, &d->e->sender_name);
    return rc < 0 ? rc : settle_type(d);
}
