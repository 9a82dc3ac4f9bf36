/* src/event/print.c - the event as canonical JSON, in the order of the documentation's table. */
#include "core/zone.h"
#include "event/internal.h"

static void opt(struct qund_jw *w, const char *key, struct qund_str s)
{
    if (s.p)
        qund_jw_kstr(w, key, s);
}

static void raw(struct qund_jw *w, const char *key, struct qund_str json)
{
    if (!json.p)
        return;
    qund_jw_key(w, key);
    qund_jw_raw(w, json);
}

static void mentions(struct qund_jw *w, struct qund_str ids)
{
    if (!ids.p)
        return;
    qund_jw_key(w, "mentions");
    qund_jw_arr(w);
    while (ids.p)
        qund_jw_str(w, qund_str_split(&ids, '\n'));
    qund_jw_end_arr(w);
}

void qund_event_print(const struct qund_event *e, bool open, struct qund_buf *out)
{
    struct qund_jw w = qund_jw(out);

    qund_jw_obj(&w);
    qund_jw_kstr(&w, "channel", e->channel);
    qund_jw_kstr(&w, "realm", e->realm);
    qund_jw_kstr(&w, "id", e->id);
    qund_jw_kstr(&w, "type", e->type_name);
    qund_jw_kts(&w, "ts", e->ts);
    opt(&w, "group", e->group);
    opt(&w, "group_name", e->group_name);
    opt(&w, "sender", e->sender);
    opt(&w, "sender_name", e->sender_name);
    if (e->role != QUND_ROLE_NONE)
        qund_jw_kz(&w, "sender_role", qund_role_name(e->role));
    opt(&w, "to", e->to);
    opt(&w, "account", e->account);
    opt(&w, "kind", e->kind);
    opt(&w, "text", e->text);
    mentions(&w, e->mentions);
    opt(&w, "reply_to", e->reply_to);
    opt(&w, "ref", e->ref);
    raw(&w, "media", e->media);
    raw(&w, "data", e->data);
    qund_jw_kz(&w, "origin", qund_origin_name(e->origin));
    if (!open)
        qund_jw_end_obj(&w);
}
