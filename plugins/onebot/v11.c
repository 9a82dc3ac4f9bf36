/* plugins/onebot/v11.c - events of OneBot 11 in the daemon's form.
 *
 * Ids are text, and remember whether they were numbers, because a bridge wants them back as it
 * gave them. `time` is in seconds by the text, in milliseconds with some, 0 with others. Members
 * may be missing: a join without its reason is a join. What the table of notices does not know is
 * stored as it came under "onebot.<its name>", so that nothing a bridge tells is lost. */
#include "cq.h"
#include "frame.h"

#define SECONDS_END INT64_C(100000000000) /* above it the number counts milliseconds */
#define MS_END INT64_C(253402300800000)   /* the year 10000: no time at all, as if none was said */

static void read_time(struct ob_frame *f, const json_t *o)
{
    int64_t t = ob_get_int(o, "time", 0);

    if (t > 0 && t < MS_END)
        f->event.ts_ms = t < SECONDS_END ? t * 1000 : t;
}

static void read_ids(struct ob_frame *f, const json_t *o)
{
    struct qund_event_in *e = &f->event;
    bool number;

    e->account = f->account;
    e->group = ob_get_id(o, "group_id", &f->pool, &number);
    f->group_text = e->group.n > 0 && !number;
    e->sender = ob_get_id(o, "user_id", &f->pool, &number);
    f->user_text = e->sender.n > 0 && !number;
    e->group_name = ob_frame_clean(f, ob_get_words(o, "group_name", &f->pool), OB_NAME_MAX);
    if (qund_str_is(e->group, "0"))
        e->group = QUND_STR_NONE;
}

/* --- messages --- */

static void read_sender(struct ob_frame *f, const json_t *o)
{
    const json_t *sender = ob_get_object(o, "sender");
    const json_t *anonymous = ob_get_object(o, "anonymous");
    struct qund_event_in *e = &f->event;
    struct qund_str name = ob_get_words(sender, "card", &f->pool);

    if (name.n == 0)
        name = ob_get_words(sender, "nickname", &f->pool);
    if (e->sender.n == 0)
        e->sender = ob_get_id(sender, "user_id", &f->pool, NULL);
    if (anonymous) { /* all of them have one user_id */
        struct qund_str id = ob_get_id(anonymous, "id", &f->pool, NULL);

        e->sender = ob_pool_printf(&f->pool, "anonymous:%.*s", QUND_STR_ARG(id));
        name = ob_get_text(anonymous, "name");
    }
    e->sender_name = ob_frame_clean(f, name, OB_NAME_MAX);
}

/* What was said in a group and cannot be placed there must not pass for a private word: those are
 * orders when they are of our staff. Where it is said what it is, that counts; else a group_id that
 * is there and is no id. */
static bool group_is_lost(const struct ob_frame *f, const json_t *o)
{
    struct qund_str type = ob_get_text(o, "message_type");
    const json_t *group = json_object_get(o, "group_id");

    if (f->event.group.n > 0 || qund_str_is(type, "private"))
        return false;
    return qund_str_is(type, "group") ||
           (group && !json_is_null(group) && !json_is_string(group) && !json_is_integer(group));
}

static bool says_nothing(const json_t *said)
{
    return !said || json_is_null(said) || (json_is_string(said) && json_string_length(said) == 0) ||
           (json_is_array(said) && json_array_size(said) == 0) ||
           (json_is_object(said) && json_object_size(said) == 0);
}

static void read_message(struct ob_frame *f, const json_t *o, const struct ob_view *view)
{
    struct qund_event_in *e = &f->event;
    const json_t *said = json_object_get(o, "message");
    json_t *made = NULL;
    bool number;

    f->message_id = ob_get_id(o, "message_id", &f->pool, &number);
    f->message_text = f->message_id.n > 0 && !number;
    e->id = ob_frame_own_id(f, f->message_id);
    read_sender(f, o);
    f->own = qund_str_eq(e->sender, f->account) ||
             qund_str_is(ob_get_text(o, "post_type"), "message_sent");
    if (f->own) {
        e->sender = f->account;
        e->sender_role = QUND_STR("bot");
    }
    if (group_is_lost(f, o)) {
        ob_frame_bad(f, "a message of a group whose group_id cannot be read");
        return;
    }
    if (e->sender.n == 0) {
        ob_frame_bad(f, "a message whose user_id is missing or cannot be read");
        return;
    }
    if (e->group.n == 0) /* private */
        e->to = f->own ? ob_get_id(o, "target_id", &f->pool, NULL) : f->account;
    if (says_nothing(said)) /* some leave it out, or empty, where they have the string */
        said = json_object_get(o, "raw_message");
    if (said && !json_is_array(said) && !json_is_object(said)) /* a number is its spelling */
        said = made = ob_cq_read(ob_json_words(said, &f->pool));
    else if (json_is_object(said)) {
        made = json_array();
        json_array_append(made, (json_t *)(uintptr_t)said);
        said = made;
    }
    ob_frame_say(f, said, view);
    if (qund_str_is(ob_get_text(o, "sub_type"), "notice")) /* a hint of the system, nobody's word */
        e->type = QUND_STR("onebot.hint");
    f->made = made; /* its strings are in use */
}

/* --- notices --- */

static const struct notice {
    const char *name, *type;
    const char *whom; /* the member of the frame that data.member is */
} NOTICES[] = {
    {"group_increase", "member.join", "user_id"},
    {"group_decrease", "member.leave", "user_id"},
    {"group_recall", "revoke", NULL},
    {"friend_recall", "revoke", NULL},
    {"friend_add", "contact.add", NULL},
    /* What only this world has. */
    {"group_upload", "onebot.group_upload", "user_id"},
    {"group_admin", "onebot.group_admin", "user_id"},
    {"group_ban", "onebot.group_ban", "user_id"},
    {"notify", "onebot.notify", "user_id"},
    {"group_card", "onebot.group_card", "user_id"},
    {"essence", "onebot.essence", NULL},
    {"group_msg_emoji_like", "onebot.group_msg_emoji_like", NULL},
    {"group_title", "onebot.group_title", "user_id"},
    {"bot_offline", "onebot.bot_offline", NULL},
    {"offline_file", "onebot.offline_file", NULL},
    {"client_status", "onebot.client_status", NULL},
    {"input_status", "onebot.input_status", NULL},
};

static const struct notice *notice_of(struct qund_str name)
{
    for (size_t i = 0; i < OB_LEN(NOTICES); i++)
        if (qund_str_is(name, NOTICES[i].name))
            return &NOTICES[i];
    return NULL;
}

static void read_member(struct ob_frame *f, const json_t *o)
{
    static const char *const KEYS[] = {"member", "by", "scene"};
    struct qund_event_in *e = &f->event;
    struct qund_str by = ob_get_id(o, "operator_id", &f->pool, NULL);
    struct qund_str values[] = {e->sender, qund_str_is(by, "0") ? QUND_STR_NONE : by,
                                ob_get_text(o, "sub_type")};

    if (qund_str_is(values[2], "disband"))
        e->type = QUND_STR("group.dismiss");
    e->data = ob_frame_data(f, KEYS, values, OB_LEN(values));
}

static void read_recall(struct ob_frame *f, const json_t *o)
{
    static const char *const KEYS[] = {"by"};
    struct qund_str by = ob_get_id(o, "operator_id", &f->pool, NULL);
    bool number;

    f->message_id = ob_get_id(o, "message_id", &f->pool, &number);
    f->message_text = f->message_id.n > 0 && !number;
    f->event.ref = ob_frame_own_id(f, f->message_id);
    f->event.data = ob_frame_data(f, KEYS, &by, 1);
}

static void read_notice(struct ob_frame *f, const json_t *o)
{
    struct qund_str name = ob_get_text(o, "notice_type"), sub = ob_get_text(o, "sub_type");
    const struct notice *n = notice_of(name);
    struct qund_event_in *e = &f->event;

    f->unknown = !n;
    e->type = n ? qund_str(n->type) : ob_frame_dotted(f, name, sub);
    if (qund_str_starts(e->type, "member."))
        read_member(f, o);
    else if (qund_str_is(e->type, "revoke"))
        read_recall(f, o);
    else if (!qund_str_is(e->type, "contact.add"))
        e->data = ob_frame_raw(f, o);
    if (qund_str_is(name, "notify") && sub.n > 0)
        e->type = ob_frame_dotted(f, name, sub);
}

/* --- requests, signs of life --- */

static void read_request(struct ob_frame *f, const json_t *o)
{
    struct qund_str name = ob_get_text(o, "request_type");

    if (qund_str_is(name, "friend"))
        f->event.type = QUND_STR("request.friend");
    else if (qund_str_is(name, "group"))
        f->event.type = QUND_STR("request.group");
    else {
        f->unknown = true;
        f->event.type = ob_frame_dotted(f, QUND_STR("request"), name);
    }
    f->event.text = ob_frame_clean(f, ob_get_text(o, "comment"), OB_TEXT_MAX);
    f->event.data = ob_frame_raw(f, o);
}

static void read_meta(struct ob_frame *f, const json_t *o)
{
    struct qund_str name = ob_get_text(o, "meta_event_type");
    const json_t *status = ob_get_object(o, "status");

    f->kind = OB_META;
    if (qund_str_is(name, "lifecycle")) {
        f->life = OB_LIFE_CONNECT;
        if (qund_str_is(ob_get_text(o, "sub_type"), "disable"))
            f->life = OB_LIFE_OTHER;
    } else if (qund_str_is(name, "heartbeat")) {
        f->life = OB_LIFE_BEAT;
        f->interval_ms = ob_get_int(o, "interval", 0);
        if (json_is_boolean(json_object_get(status, "online")))
            f->online = ob_get_bool(status, "online", true);
    } else {
        f->unknown = true;
    }
}

void ob_v11_event(struct ob_frame *f, const json_t *o, const struct ob_view *view)
{
    struct qund_str post = ob_get_text(o, "post_type");

    f->version = 11;
    f->account = ob_get_id(o, "self_id", &f->pool, NULL);
    if (f->account.n == 0 || qund_str_is(f->account, "0"))
        f->account = view->account;
    if (qund_str_is(post, "meta_event")) {
        read_meta(f, o);
        return;
    }
    if (f->account.n == 0) {
        ob_frame_bad(f, "no self_id, and none in the handshake");
        return;
    }
    read_time(f, o);
    read_ids(f, o);
    if (qund_str_starts(post, "message"))
        read_message(f, o, view);
    else if (qund_str_is(post, "notice"))
        read_notice(f, o);
    else if (qund_str_is(post, "request"))
        read_request(f, o);
    else {
        f->unknown = true;
        f->event.type = ob_frame_dotted(f, post, QUND_STR_NONE);
        f->event.data = ob_frame_raw(f, o);
    }
}
