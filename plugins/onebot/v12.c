/* plugins/onebot/v12.c - events of OneBot 12 in the daemon's form.
 *
 * Ids are strings there, the time is a float of seconds, `self` says which account. A channel of a
 * guild is a group "guild/channel". The account stands before message ids as with 11: a message is
 * referred to by its message_id, never by the event's id. Media have ids instead of addresses; they
 * are kept in data.files. */
#include "frame.h"
#include <math.h>

#define MS_END 253402300799999.0 /* the year 9999 */

static void read_self(struct ob_frame *f, const json_t *o, const struct ob_view *view)
{
    const json_t *self = ob_get_object(o, "self");

    f->account = ob_get_id(self, "user_id", &f->pool, NULL);
    f->platform = ob_get_text(self, "platform");
    if (f->account.n == 0)
        f->account = view->account;
}

static void read_common(struct ob_frame *f, const json_t *o)
{
    struct qund_event_in *e = &f->event;
    struct qund_str guild = ob_get_id(o, "guild_id", &f->pool, NULL);
    struct qund_str channel = ob_get_id(o, "channel_id", &f->pool, NULL);
    double time = json_number_value(json_object_get(o, "time")) * 1000.0;

    if (time >= 1.0 && time < MS_END)
        e->ts_ms = (int64_t)llround(time);
    e->account = f->account;
    e->group = ob_get_id(o, "group_id", &f->pool, NULL);
    if (e->group.n == 0 && channel.n > 0)
        e->group =
            ob_pool_printf(&f->pool, "%.*s/%.*s", QUND_STR_ARG(guild), QUND_STR_ARG(channel));
    e->group_name = ob_frame_clean(f, ob_get_text(o, "group_name"), OB_NAME_MAX);
    e->sender = ob_get_id(o, "user_id", &f->pool, NULL);
    f->group_text = f->user_text = f->message_text = true;
    f->message_id = ob_get_id(o, "message_id", &f->pool, NULL);
}

static void read_message(struct ob_frame *f, const json_t *o, struct qund_str detail,
                         const struct ob_view *view)
{
    struct qund_event_in *e = &f->event;
    const json_t *sender = ob_get_object(o, "sender"); /* not standard, and welcome */
    struct qund_str name = ob_get_text(o, "user_name");

    if (e->group.n == 0 && (qund_str_is(detail, "group") || qund_str_is(detail, "channel"))) {
        ob_frame_bad(f, "a message of a group whose id cannot be read"); /* it is not private */
        return;
    }
    if (e->sender.n == 0) {
        ob_frame_bad(f, "a message whose user_id is missing or cannot be read");
        return;
    }
    e->id = ob_frame_own_id(f, f->message_id);
    f->own = qund_str_eq(e->sender, f->account);
    if (f->own)
        e->sender_role = QUND_STR("bot");
    if (e->group.n == 0)
        e->to = f->account;
    if (name.n == 0)
        name = ob_get_text(sender, "nickname");
    e->sender_name = ob_frame_clean(f, name, OB_NAME_MAX);
    ob_frame_say(f, json_object_get(o, "message"), view);
    if (e->text.n == 0)
        e->text = ob_frame_clean(f, ob_get_text(o, "alt_message"), OB_TEXT_MAX);
}

static void read_member(struct ob_frame *f, const json_t *o)
{
    static const char *const KEYS[] = {"member", "by", "scene"};
    struct qund_str values[] = {f->event.sender, ob_get_id(o, "operator_id", &f->pool, NULL),
                                ob_get_text(o, "sub_type")};

    f->event.data = ob_frame_data(f, KEYS, values, OB_LEN(values));
}

static void read_recall(struct ob_frame *f, const json_t *o)
{
    static const char *const KEYS[] = {"by"};
    struct qund_str by = ob_get_id(o, "operator_id", &f->pool, NULL);

    f->event.ref = ob_frame_own_id(f, f->message_id);
    f->event.data = ob_frame_data(f, KEYS, &by, 1);
}

static void read_plain(struct ob_frame *f, const json_t *o)
{
    (void)f;
    (void)o;
}

static const struct {
    const char *detail, *type;
    void (*read)(struct ob_frame *f, const json_t *o);
} NOTICES[] = {
    {"group_member_increase", "member.join", read_member},
    {"group_member_decrease", "member.leave", read_member},
    {"channel_member_increase", "member.join", read_member},
    {"channel_member_decrease", "member.leave", read_member},
    {"group_message_delete", "revoke", read_recall},
    {"private_message_delete", "revoke", read_recall},
    {"channel_message_delete", "revoke", read_recall},
    {"friend_increase", "contact.add", read_plain},
    {"friend_decrease", "contact.remove", read_plain},
};

static void read_other(struct ob_frame *f, const json_t *o, struct qund_str type,
                       struct qund_str detail)
{
    f->unknown = true;
    f->event.type = qund_str_is(type, "notice") ? ob_frame_dotted(f, detail, QUND_STR_NONE)
                                                : ob_frame_dotted(f, type, detail);
    f->event.text = ob_frame_clean(f, ob_get_text(o, "comment"), OB_TEXT_MAX);
    f->event.data = ob_frame_raw(f, o);
}

static void read_notice(struct ob_frame *f, const json_t *o, struct qund_str detail)
{
    for (size_t i = 0; i < OB_LEN(NOTICES); i++)
        if (qund_str_is(detail, NOTICES[i].detail)) {
            f->event.type = qund_str(NOTICES[i].type);
            NOTICES[i].read(f, o);
            return;
        }
    read_other(f, o, QUND_STR("notice"), detail);
}

static void read_meta(struct ob_frame *f, const json_t *o, struct qund_str detail)
{
    const json_t *status = ob_get_object(o, "status"), *bots, *self;

    f->kind = OB_META;
    if (qund_str_is(detail, "connect")) {
        f->life = OB_LIFE_CONNECT;
        f->impl = ob_get_text(ob_get_object(o, "version"), "impl");
    } else if (qund_str_is(detail, "heartbeat")) {
        f->life = OB_LIFE_BEAT;
        f->interval_ms = ob_get_int(o, "interval", 0);
    } else if (qund_str_is(detail, "status_update")) {
        /* One connection may carry several accounts; the first names the connection. */
        bots = json_object_get(status, "bots");
        self = ob_get_object(json_array_get(bots, 0), "self");
        f->life = OB_LIFE_STATUS;
        f->account = ob_get_id(self, "user_id", &f->pool, NULL);
        f->platform = ob_get_text(self, "platform");
        if (json_array_size(bots) == 1)
            f->online = ob_get_bool(json_array_get(bots, 0), "online", true);
    } else {
        f->unknown = true;
    }
}

void ob_v12_event(struct ob_frame *f, const json_t *o, const struct ob_view *view)
{
    struct qund_str type = ob_get_text(o, "type"), detail = ob_get_text(o, "detail_type");

    f->version = 12;
    read_self(f, o, view);
    if (qund_str_is(type, "meta")) {
        read_meta(f, o, detail);
        return;
    }
    if (f->account.n == 0) {
        ob_frame_bad(f, "no self, and no account known for the connection");
        return;
    }
    read_common(f, o);
    if (qund_str_is(type, "message"))
        read_message(f, o, detail, view);
    else if (qund_str_is(type, "notice"))
        read_notice(f, o, detail);
    else
        read_other(f, o, type, detail);
}
