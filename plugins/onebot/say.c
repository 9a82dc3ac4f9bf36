/* plugins/onebot/say.c - a message's segments as what a reader would read.
 *
 * Text as it is; somebody addressed as "@name"; everything else as a short word in brackets, with
 * its title where it has one, as phones show it in their list of chats. What the segment is stands
 * in one table for both versions; a bridge's own segments are shown by their name. */
#include "frame.h"

#define URL_MAX 2000u
#define MEDIA_BYTES_MAX ((size_t)24576) /* of all urls and names; the border's limit is 32 KiB */
#define TITLE_MAX 300u
#define SEPARATOR "\xe2\x80\x85" /* U+2005 follows a name in WeChat */

enum role { TEXT, MENTION, MENTION_ALL, REPLY, MEDIA, THING, MARK };

static const struct shape {
    const char *type;
    enum role role;
    const char *label; /* shown */
    const char *kind;  /* of the message, when it is all there is */
    const char *title; /* member whose text is shown behind the label */
} SHAPES[] = {
    {"text", TEXT, NULL, NULL, "text"},
    {"at", MENTION, NULL, NULL, "qq"},
    {"mention", MENTION, NULL, NULL, "user_id"},
    {"mention_all", MENTION_ALL, NULL, NULL, NULL},
    {"reply", REPLY, NULL, NULL, NULL},
    {"image", MEDIA, "[图片]", "image", NULL},
    {"record", MEDIA, "[语音]", "voice", NULL},
    {"voice", MEDIA, "[语音]", "voice", NULL},
    {"audio", MEDIA, "[音频]", "voice", NULL},
    {"video", MEDIA, "[视频]", "video", NULL},
    {"file", MEDIA, "[文件]", "file", "name"},
    {"share", THING, "[链接]", "link", "title"},
    {"music", THING, "[音乐]", "link", "title"},
    {"contact", THING, "[名片]", "card", NULL},
    {"location", THING, "[位置]", "location", "title"},
    {"forward", THING, "[聊天记录]", "card", NULL},
    {"xml", THING, "[卡片]", "card", NULL},
    {"json", THING, "[卡片]", "card", NULL},
    {"miniapp", THING, "[小程序]", "card", "title"},
    {"markdown", TEXT, NULL, NULL, "content"},
    {"face", MARK, "[表情]", NULL, NULL},
    {"mface", MARK, "[表情]", NULL, NULL},
    {"wx.emoji", MARK, "[表情]", NULL, NULL},
    {"qq.face", MARK, "[表情]", NULL, NULL},
    {"dice", MARK, "[骰子]", NULL, NULL},
    {"rps", MARK, "[猜拳]", NULL, NULL},
    {"poke", MARK, "[戳一戳]", NULL, NULL},
    {"shake", MARK, "[窗口抖动]", NULL, NULL},
    {"keyboard", MARK, "", NULL, NULL},
};
static const struct shape OTHER = {NULL, MARK, NULL, NULL, NULL};

struct saying {
    struct ob_frame *f;
    json_t *files; /* ids of media that have no address; NULL: none */
    size_t media_bytes;
    const char *kind;
    bool words, kinds_differ, self_addressed, gap_wanted;
};

static const struct shape *shape_of(struct qund_str type)
{
    for (size_t i = 0; i < OB_LEN(SHAPES); i++)
        if (qund_str_is(type, SHAPES[i].type))
            return &SHAPES[i];
    return &OTHER;
}

static void add(struct saying *s, struct qund_str text)
{
    if (s->f->text.n < OB_TEXT_MAX)
        ob_text_add(&s->f->text, ob_cut(text, OB_TEXT_MAX));
}

static bool only_blanks(struct qund_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!strchr(" \t\r\n", s.p[i]))
            return false;
    return true;
}

static void say_text(struct saying *s, struct qund_str text)
{
    if (text.n == 0)
        return;
    if (s->gap_wanted && !strchr(" \t\r\n,", text.p[0]) && !qund_str_starts(text, SEPARATOR))
        add(s, QUND_STR(" "));
    s->gap_wanted = false;
    s->words |= !only_blanks(text);
    add(s, text);
}

static void address(struct saying *s, struct qund_str id)
{
    struct ob_frame *f = s->f;

    s->self_addressed |= qund_str_eq(id, f->account);
    for (size_t i = 0; i < f->event.n_mentions; i++)
        if (qund_str_eq(f->mentions[i], id))
            return;
    if (ob_sound_id(id) && f->event.n_mentions < OB_MENTIONS_MAX)
        f->mentions[f->event.n_mentions++] = id;
}

static void say_mention(struct saying *s, const json_t *data, const struct shape *shape)
{
    struct qund_str id = shape->role == MENTION_ALL
                             ? QUND_STR("all")
                             : ob_get_id(data, shape->title, &s->f->pool, NULL);
    struct qund_str name = ob_get_words(data, "name", &s->f->pool);

    if (name.n == 0)
        name = ob_get_words(data, "text", &s->f->pool); /* "@name" already */
    if (name.n == 0 && qund_str_is(id, "all"))
        name = QUND_STR("所有人");
    if (name.n == 0)
        name = id;
    if (!qund_str_starts(name, "@"))
        add(s, QUND_STR("@"));
    add(s, ob_cut(name, OB_NAME_MAX));
    s->gap_wanted = true;
    s->words = true;
    address(s, id);
}

static void remember_file(struct saying *s, struct qund_str id)
{
    if (!s->files)
        s->files = json_array();
    if (ob_sound_id(id) && json_array_size(s->files) < OB_MEDIA_MAX)
        json_array_append_new(s->files, ob_json_str(id));
}

static void add_media(struct saying *s, const json_t *data, const char *kind)
{
    struct ob_frame *f = s->f;
    struct qund_media_in m = {.kind = qund_str(kind), .url = ob_get_text(data, "url")};
    struct qund_str file = ob_get_text(data, "file");

    if (!qund_str_starts(m.url, "http://") && !qund_str_starts(m.url, "https://"))
        m.url = qund_str_starts(file, "http") ? file : QUND_STR_NONE;
    if (m.url.n > URL_MAX || (m.url.n > 0 && memchr(m.url.p, '\0', m.url.n)))
        m.url = QUND_STR_NONE; /* of a sender who would have his message refused */
    m.name = ob_get_words(data, "name", &f->pool);
    if (m.name.n == 0 && !qund_str_starts(file, "http") && !qund_str_starts(file, "base64:"))
        m.name = file;
    m.name = ob_frame_clean(f, m.name, OB_NAME_MAX);
    m.size = ob_get_int(data, "file_size", ob_get_int(data, "size", 0));
    if (m.size < 0)
        m.size = 0;
    if (ob_get_text(data, "file_id").n > 0)
        remember_file(s, ob_get_text(data, "file_id"));
    s->media_bytes += m.url.n + m.name.n;
    if (f->event.n_media < OB_MEDIA_MAX && s->media_bytes <= MEDIA_BYTES_MAX)
        f->media[f->event.n_media++] = m;
}

static void say_thing(struct saying *s, const json_t *data, const struct shape *shape)
{
    struct qund_str title =
        shape->title ? ob_get_words(data, shape->title, &s->f->pool) : QUND_STR_NONE;
    struct qund_str url = shape->role == THING ? ob_get_text(data, "url") : QUND_STR_NONE;

    s->gap_wanted = false;
    add(s, qund_str(shape->label));
    if (title.n > 0)
        add(s, ob_pool_printf(&s->f->pool, " %.*s", QUND_STR_ARG(ob_cut(title, TITLE_MAX))));
    if (url.n > 0 && url.n <= URL_MAX)
        add(s, ob_pool_printf(&s->f->pool, " %.*s", QUND_STR_ARG(url)));
    s->kinds_differ |= s->kind && strcmp(s->kind, shape->kind) != 0;
    s->kind = shape->kind;
    if (shape->role == MEDIA)
        add_media(s, data, shape->kind);
}

static void say_segment(struct saying *s, const json_t *segment)
{
    struct qund_str type = ob_get_text(segment, "type");
    const json_t *data = ob_get_object(segment, "data");
    const struct shape *shape = shape_of(type);
    bool number;

    switch (shape->role) {
    case TEXT:
        say_text(s, ob_get_words(data, shape->title, &s->f->pool));
        return;
    case MENTION:
    case MENTION_ALL:
        say_mention(s, data, shape);
        return;
    case REPLY: {
        struct qund_str id = ob_get_id(data, "id", &s->f->pool, &number);

        if (id.n == 0)
            id = ob_get_id(data, "message_id", &s->f->pool, &number);
        s->f->event.reply_to = ob_frame_own_id(s->f, id);
        return;
    }
    case MEDIA:
    case THING:
        say_thing(s, data, shape);
        return;
    case MARK:
        s->gap_wanted = false;
        s->words |= shape->label && shape->label[0];
        if (shape->label)
            add(s, qund_str(shape->label));
        else if (type.n > 0)
            add(s, ob_pool_printf(&s->f->pool, "[%.*s]", QUND_STR_ARG(ob_cut(type, 40))));
        return;
    }
}

/* A bridge that knows text only leaves "@name" in it, before U+2005, a blank or the end. */
static bool called_by_name(struct qund_str text, struct qund_str nickname)
{
    const char *at = text.p;
    size_t left = text.n;

    while (nickname.n > 0 && left > nickname.n && (at = memchr(at, '@', left))) {
        size_t n;

        left = text.n - (size_t)(at - text.p);
        n = left - 1;
        if (n >= nickname.n && memcmp(at + 1, nickname.p, nickname.n) == 0) {
            struct qund_str rest = qund_str_n(at + 1 + nickname.n, n - nickname.n);

            if (rest.n == 0 || rest.p[0] == ' ' || qund_str_starts(rest, SEPARATOR))
                return true;
        }
        at++;
        left--;
    }
    return false;
}

void ob_frame_say(struct ob_frame *f, const json_t *segments, const struct ob_view *view)
{
    struct saying s = {.f = f};
    struct qund_event_in *e = &f->event;

    for (size_t i = 0; i < json_array_size(segments); i++)
        say_segment(&s, json_array_get(segments, i));
    e->text = ob_frame_clean(f, ob_text_view(&f->text), OB_TEXT_MAX);
    if (!s.self_addressed && called_by_name(e->text, view->nickname))
        address(&s, f->account);
    e->mentions = f->mentions;
    e->media = f->media;
    if (s.kind)
        e->kind = s.words || s.kinds_differ ? QUND_STR("mixed") : qund_str(s.kind);
    if (s.files) {
        json_t *o = json_object();

        json_object_set_new(o, "files", s.files);
        e->data = ob_json_print(o, &f->pool);
        json_decref(o);
    }
}
