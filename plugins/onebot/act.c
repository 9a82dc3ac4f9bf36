/* plugins/onebot/act.c - pushes as actions, answers as ends.
 *
 * Messages leave as arrays of segments, never as strings: nothing in an array is escaped, so a text
 * with "[CQ:at,qq=all]" in it arrives as these letters. Ids leave as the bridge wrote them: numbers
 * as numbers, strings as strings, since some look them up by type as well.
 *
 * What an answer means stands in a table. The rule behind it: a code by which the bridge says that
 * it refused is a refusal (nothing took effect), one by which it says that it lost sight of the
 * platform is unknown, and only what is known to be undone is tried again. */
#include "act.h"
#include "card.h"

#define MENTIONS_MAX 50u
#define MEDIA_MAX 16u
#define ELLIPSIS "…"

/* --- ids --- */

struct qund_str ob_id_account(struct qund_str id)
{
    const char *colon = id.n > 0 ? memchr(id.p, ':', id.n) : NULL;

    return colon ? qund_str_n(id.p, (size_t)(colon - id.p)) : QUND_STR_NONE;
}

struct qund_str ob_id_bare(struct qund_str id)
{
    struct qund_str account = ob_id_account(id);

    return account.p ? qund_str_n(id.p + account.n + 1, id.n - account.n - 1) : id;
}

static json_t *id_value(struct qund_str id, bool as_text)
{
    int64_t v;
    bool padded = id.n > 1 && (id.p[0] == '0' || qund_str_starts(id, "-0"));

    return !as_text && !padded && ob_number(id, &v) ? json_integer((json_int_t)v) : ob_json_str(id);
}

/* --- a push --- */

static bool split_to(const char *to, struct qund_str *group, struct qund_str *person)
{
    struct qund_str s = qund_str(to);

    if (qund_str_starts(s, "group:") && s.n > 6)
        *group = qund_str_n(s.p + 6, s.n - 6);
    else if (qund_str_starts(s, "private:") && s.n > 8)
        *person = qund_str_n(s.p + 8, s.n - 8);
    else
        return false;
    return true;
}

bool ob_to_is_sound(const char *to)
{
    struct qund_str group, person;

    return !strpbrk(to, " \t\r\n") && split_to(to, &group, &person);
}

/* Where it goes: its own words first, then the target's, then whom it is for. */
static bool place(struct ob_push *p, const json_t *o, const struct ob_push_rules *rules)
{
    struct qund_str whom = QUND_STR_NONE;
    const json_t *ids = ob_get_object(ob_get_object(o, "person"), "ids");

    if (rules->realm)
        whom = ob_get_text(ids, rules->realm);
    p->group = ob_get_text(o, "group");
    if (p->group.n == 0)
        p->person = ob_get_text(o, "person_id");
    if (p->group.n > 0 || p->person.n > 0)
        return true;
    if (rules->to)
        (void)split_to(rules->to, &p->group, &p->person);
    else
        p->person = whom;
    if (p->group.n > 0)
        p->also = whom;
    return p->group.n > 0 || p->person.n > 0;
}

static struct qund_str fitted(struct ob_push *p, struct qund_str text, struct qund_str link,
                              size_t max_chars)
{
    struct qund_str cut = ob_cut_chars(text, max_chars);
    bool shown = link.n == 0 || (text.n > 0 && memmem(cut.p, cut.n, link.p, link.n));

    if (cut.n == text.n && shown)
        return text;
    return ob_pool_printf(&p->pool, "%.*s%s%s%.*s", QUND_STR_ARG(cut),
                          cut.n < text.n ? ELLIPSIS : "", shown ? "" : "\n",
                          shown ? 0 : (int)link.n, shown ? "" : link.p);
}

/* A card keeps its first line, which counts, its last, which says how to answer, and one for each
 * of its alerts: what is cut off its end would be told nobody. */
static struct qund_str fitted_card(struct ob_push *p, struct qund_str text, struct qund_str link,
                                   size_t max_chars)
{
    const json_t *items = json_object_get(p->doc, "items");
    struct room room = {.max = max_chars, .chars = true};
    const char *first = text.n > 0 ? memchr(text.p, '\n', text.n) : NULL;
    const char *last = first ? memrchr(text.p, '\n', text.n) : NULL;
    TEXT_AUTO made = {0};
    size_t taken;

    if (!first || json_array_size(items) == 0 || room_length(room, text.p, text.n) <= max_chars)
        return fitted(p, text, link, max_chars);
    text_add(&made, text.p, (size_t)(first - text.p));
    taken = room_length(room, made.p, made.n) +
            room_length(room, last, text.n - (size_t)(last - text.p));
    room.max = max_chars > taken ? max_chars - taken : 0;
    card_lines(items, 0, room, &made);
    text_add(&made, last, text.n - (size_t)(last - text.p));
    return fitted(p, ob_pool_str(&p->pool, text_view(&made)), link, made.n);
}

const char *ob_push_read(struct ob_push *p, struct qund_str body, const struct ob_push_rules *rules)
{
    const char *why;
    struct qund_str kind;

    *p = (struct ob_push){.kind = OB_PUSH_MESSAGE};
    p->doc = ob_json_read(body, &why);
    if (!p->doc)
        return why;
    kind = ob_get_text(p->doc, "kind");
    p->account = ob_get_text(p->doc, "account");
    if (qund_str_is(kind, "recall")) {
        p->kind = OB_PUSH_RECALL;
        p->group = ob_get_text(p->doc, "group");
        p->message = ob_get_text(p->doc, "message");
        return p->message.n > 0 ? NULL : "no message to take back";
    }
    if (!place(p, p->doc, rules))
        return ob_get_object(p->doc, "person")
                   ? "nobody to send it to: whom it is for has no id in the channel's realm (`ids` "
                     "in the org file), and the target has no `to`"
                   : "nobody to send it to: it names no group and no person, and the target has no "
                     "`to` (group:ID or private:ID)";
    if (json_is_true(json_object_get(p->doc, "confirm")))
        return "our account says it at once and lays nothing before a person";
    p->reply_to = ob_get_text(p->doc, "reply_to");
    p->mentions = json_object_get(p->doc, "mentions");
    p->media = json_object_get(p->doc, "media");
    p->text =
        fitted_card(p, ob_get_text(p->doc, "text"),
                    qund_str_is(kind, "message") ? QUND_STR_NONE : ob_get_text(p->doc, "link"),
                    rules->max_chars);
    return p->text.n > 0 || json_array_size(p->media) > 0 ? NULL : "it has no text";
}

void ob_push_done(struct ob_push *p)
{
    ob_json_free(p->doc);
    ob_pool_done(&p->pool);
    p->doc = NULL;
}

/* --- segments --- */

static void put(json_t *out, const char *type, const char *key, json_t *value)
{
    json_t *data = json_object(), *segment = json_object();

    json_object_set_new(data, key, value);
    json_object_set_new(segment, "type", json_string(type));
    json_object_set_new(segment, "data", data);
    json_array_append_new(out, segment);
}

static void put_mention(json_t *out, const struct ob_style *s, struct qund_str id)
{
    json_t *segment;

    if (s->version == 11) {
        put(out, "at", "qq", ob_json_str(id)); /* a string by the text, "all" among them */
    } else if (qund_str_is(id, "all")) {
        segment = json_object();
        json_object_set_new(segment, "type", json_string("mention_all"));
        json_object_set_new(segment, "data", json_object());
        json_array_append_new(out, segment);
    } else {
        put(out, "mention", "user_id", ob_json_str(id));
    }
}

static size_t put_mentions(json_t *out, const struct ob_style *s, const struct ob_push *p)
{
    size_t n = 0;

    if (p->group.n == 0)
        return 0;
    if (p->also.n > 0) {
        put_mention(out, s, p->also);
        n++;
    }
    for (size_t i = 0; i < json_array_size(p->mentions) && n < MENTIONS_MAX; i++) {
        struct qund_str id = ob_json_text(json_array_get(p->mentions, i));

        if (id.n == 0 || qund_str_eq(id, p->also))
            continue;
        put_mention(out, s, id);
        n++;
    }
    return n;
}

/* What 11 calls the kinds; where the file lies is the bridge's to fetch. */
static void put_media_11(json_t *out, struct ob_pool *pool, const json_t *media)
{
    static const struct {
        const char *kind, *type;
    } TYPES[] = {{"voice", "record"}, {"video", "video"}, {"file", "file"}};
    struct qund_str kind = ob_get_text(media, "kind"), url = ob_get_text(media, "url");
    struct qund_str path = ob_get_text(media, "path"), name = ob_get_text(media, "name");
    const char *type = "image";
    json_t *data;

    for (size_t i = 0; i < OB_LEN(TYPES); i++)
        if (qund_str_is(kind, TYPES[i].kind))
            type = TYPES[i].type;
    if (url.n == 0 && path.n > 0)
        url = ob_pool_printf(pool, "file://%.*s", QUND_STR_ARG(path));
    if (url.n == 0)
        return;
    put(out, type, "file", ob_json_str(url));
    data = json_object_get(json_array_get(out, json_array_size(out) - 1), "data");
    if (name.n > 0)
        json_object_set_new(data, "name", ob_json_str(name));
}

static const char *type_12(struct qund_str kind)
{
    static const char *const SAME[] = {"voice", "video", "file", "audio"};

    for (size_t i = 0; i < OB_LEN(SAME); i++)
        if (qund_str_is(kind, SAME[i]))
            return SAME[i];
    return "image";
}

static json_t *segments(const struct ob_style *s, const struct ob_push *p,
                        const char *const *file_ids)
{
    struct ob_pool pool = {0};
    json_t *out = json_array();
    struct qund_str reply = ob_id_bare(p->reply_to), text = p->text;

    if (reply.n > 0 && qund_str_is(ob_id_account(p->reply_to), s->account))
        put(out, "reply", s->version == 11 ? "id" : "message_id", ob_json_str(reply));
    if (put_mentions(out, s, p) > 0 && text.n > 0)
        text = ob_pool_printf(&pool, " %.*s", QUND_STR_ARG(text));
    if (text.n > 0)
        put(out, "text", "text", ob_json_str(text));
    for (size_t i = 0; i < json_array_size(p->media) && i < MEDIA_MAX; i++) {
        const json_t *media = json_array_get(p->media, i);

        if (s->version == 11)
            put_media_11(out, &pool, media);
        else if (file_ids && file_ids[i])
            put(out, type_12(ob_get_text(media, "kind")), "file_id", json_string(file_ids[i]));
    }
    ob_pool_done(&pool);
    return out;
}

/* --- actions --- */

json_t *ob_act_plain(const struct ob_style *s, const char *action)
{
    json_t *a = json_object(), *self;

    json_object_set_new(a, "action", json_string(action));
    json_object_set_new(a, "params", json_object()); /* some refuse its absence */
    if (s->version == 12 && s->account && s->account[0] && s->platform && s->platform[0]) {
        self = json_object();
        json_object_set_new(self, "platform", json_string(s->platform));
        json_object_set_new(self, "user_id", json_string(s->account));
        json_object_set_new(a, "self", self);
    }
    return a;
}

static void param(json_t *a, const char *key, json_t *value)
{
    json_object_set_new(json_object_get(a, "params"), key, value);
}

/* A group of 12 is also a channel of a guild. */
static const char *put_group(const struct ob_style *s, json_t *a, struct qund_str group)
{
    const char *slash = s->version == 12 ? memchr(group.p, '/', group.n) : NULL;
    size_t n = slash ? (size_t)(slash - group.p) : 0;

    if (!slash) {
        param(a, "group_id", id_value(group, s->version == 12 || s->group_text));
        return "group";
    }
    param(a, "guild_id", ob_json_str(qund_str_n(group.p, n)));
    param(a, "channel_id", ob_json_str(qund_str_n(slash + 1, group.n - n - 1)));
    return "channel";
}

json_t *ob_act_group(const struct ob_style *s, const char *action, struct qund_str group)
{
    json_t *a = ob_act_plain(s, action);

    (void)put_group(s, a, group);
    return a;
}

json_t *ob_act_history(const struct ob_style *s, struct qund_str group, int64_t count,
                       struct qund_str before)
{
    json_t *a = ob_act_group(s, "get_group_msg_history", group);

    param(a, "count", json_integer((json_int_t)count));
    if (before.n > 0)
        param(a, "message_seq", id_value(before, false));
    return a;
}

json_t *ob_act_upload(const struct ob_style *s, const json_t *media)
{
    json_t *a = ob_act_plain(s, "upload_file");
    struct qund_str url = ob_get_text(media, "url"), name = ob_get_text(media, "name");
    const char *how = url.n > 0 ? "url" : "path";

    param(a, "type", json_string(how));
    param(a, "name", ob_json_str(name.n > 0 ? name : QUND_STR("file")));
    param(a, how, ob_json_str(url.n > 0 ? url : ob_get_text(media, "path")));
    return a;
}

static json_t *recall(const struct ob_style *s, const struct ob_push *p)
{
    json_t *a = ob_act_plain(s, s->version == 11 ? "delete_msg" : "delete_message");

    param(a, "message_id", id_value(ob_id_bare(p->message), s->version == 12 || s->message_text));
    return a;
}

json_t *ob_act_push(const struct ob_style *s, const struct ob_push *p, const char *const *file_ids)
{
    const char *detail = "private";
    json_t *a;

    if (p->kind == OB_PUSH_RECALL)
        return recall(s, p);
    a = ob_act_plain(s, s->version == 12 ? "send_message"
                        : p->group.n > 0 ? "send_group_msg"
                                         : "send_private_msg");
    if (p->group.n > 0)
        detail = put_group(s, a, p->group);
    else
        param(a, "user_id", id_value(p->person, s->version == 12 || s->user_text));
    if (s->version == 12)
        param(a, "detail_type", json_string(detail));
    param(a, "message", segments(s, p, file_ids));
    return a;
}

const char *ob_act_who_am_i(const struct ob_style *s)
{
    return s->version == 12 ? "get_self_info" : "get_login_info";
}

/* --- ends --- */

#define TOKEN_WAIT_MS 300000
#define TIRED_WAIT_MS 60000
#define OFFLINE_WAIT_MS 30000
#define ONCE 1

static const struct {
    int version;
    int64_t from, to;
    enum qund_delivered how;
    int64_t wait_ms;
    int tries; /* RETRY only up to this many, then DROP; 0: any number */
} ENDS[] = {
    {11, 0, 0, QUND_SENT, -1, 0},
    {11, 1, 1, QUND_UNKNOWN, -1, 0},                /* "async": taken, and nobody will tell */
    {11, 103, 103, QUND_UNKNOWN, -1, 0},            /* the platform did not answer the bridge */
    {11, 104, 104, QUND_RETRY, OFFLINE_WAIT_MS, 0}, /* not logged in */
    {11, 1401, 1401, QUND_RETRY, TOKEN_WAIT_MS, 0},
    {11, 1403, 1403, QUND_RETRY, TOKEN_WAIT_MS, 0},
    {12, 0, 0, QUND_SENT, -1, 0},
    {12, 10101, 10102, QUND_RETRY, OFFLINE_WAIT_MS, 0}, /* the account is not there now */
    {12, 20000, 29999, QUND_RETRY, -1, ONCE},           /* the bridge's own code failed */
    {12, 33000, 33999, QUND_RETRY, -1, 0},              /* network */
    {12, 36000, 36999, QUND_LIMITED, TIRED_WAIT_MS, 0}, /* "tired" */
};

static bool lost_sight(struct qund_str words)
{
    static const char *const SIGNS[] = {"timeout", "Timeout", "timed out", "超时"};

    for (size_t i = 0; i < OB_LEN(SIGNS); i++)
        if (words.n > 0 && memmem(words.p, words.n, SIGNS[i], strlen(SIGNS[i])))
            return true;
    return false;
}

struct ob_end ob_end_of(int version, int64_t retcode, struct qund_str words, int64_t attempt)
{
    for (size_t i = 0; i < OB_LEN(ENDS); i++) {
        if (ENDS[i].version != version || retcode < ENDS[i].from || retcode > ENDS[i].to)
            continue;
        if (ENDS[i].tries > 0 && attempt > ENDS[i].tries)
            break;
        return (struct ob_end){ENDS[i].how, ENDS[i].wait_ms};
    }
    return (struct ob_end){lost_sight(words) ? QUND_UNKNOWN : QUND_DROP, -1};
}

static const struct {
    int status;
    enum qund_delivered how;
    int64_t wait_ms;
} HTTP_ENDS[] = {
    {401, QUND_RETRY, TOKEN_WAIT_MS},
    {403, QUND_RETRY, TOKEN_WAIT_MS},
    {429, QUND_LIMITED, -1},
    {502, QUND_RETRY, -1},
    {503, QUND_RETRY, -1},
};

struct ob_end ob_end_of_http(int status, int64_t retry_after_ms)
{
    for (size_t i = 0; i < OB_LEN(HTTP_ENDS); i++)
        if (HTTP_ENDS[i].status == status)
            return (struct ob_end){HTTP_ENDS[i].how,
                                   retry_after_ms >= 0 ? retry_after_ms : HTTP_ENDS[i].wait_ms};
    return (struct ob_end){status >= 500 ? QUND_UNKNOWN : QUND_DROP, -1};
}

bool ob_end_unsupported(int64_t retcode)
{
    return retcode == 1404 || retcode == 404 || retcode == 10002;
}
