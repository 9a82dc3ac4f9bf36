/* plugins/onebot/frame.c - what kind of frame it is, by its members alone.
 *
 * The two versions share ideas and nothing on the wire, and neither headers nor sub-protocols can
 * be relied on to tell them apart (a gateway in the field sends 12 without the sub-protocol); the
 * first object does: `post_type` is an event of 11, `type` with `detail_type` one of 12, `retcode`
 * or `status` without either an answer of either. */
#include "frame.h"

#define RAW_MAX ((size_t)16384)
#define DOTTED_MAX 64u

void ob_frame_bad(struct ob_frame *f, const char *why)
{
    f->kind = OB_BAD;
    f->why = why;
}

struct qund_str ob_frame_own_id(struct ob_frame *f, struct qund_str id)
{
    return id.n == 0
               ? QUND_STR_NONE
               : ob_pool_printf(&f->pool, "%.*s:%.*s", QUND_STR_ARG(f->account), QUND_STR_ARG(id));
}

static void add_word(struct ob_text *t, struct qund_str word)
{
    for (size_t i = 0; i < word.n && t->n < DOTTED_MAX; i++) {
        char c = word.p[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c | 0x20);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'))
            c = '_';
        ob_text_add(t, qund_str_n(&c, 1));
    }
}

struct qund_str ob_frame_dotted(struct ob_frame *f, struct qund_str a, struct qund_str b)
{
    struct ob_text t = {0};
    struct qund_str out;

    ob_text_add(&t, QUND_STR("onebot."));
    add_word(&t, a);
    if (b.n > 0) {
        add_word(&t, QUND_STR("."));
        add_word(&t, b);
    }
    out = ob_pool_str(&f->pool, ob_text_view(&t));
    ob_text_done(&t);
    return out;
}

struct qund_str ob_frame_raw(struct ob_frame *f, const json_t *o)
{
    json_t *kept = json_object();
    const char *key;
    json_t *value;
    size_t room = RAW_MAX;
    struct qund_str out;

    json_object_foreach((json_t *)(uintptr_t)o, key, value)
    {
        struct qund_str text = ob_json_print(value, &f->pool);

        if (text.n + strlen(key) + 8 > room || memmem(text.p, text.n, "\\u0000", 6)) {
            json_object_set_new(kept, "left_out", json_true());
            continue;
        }
        room -= text.n + strlen(key) + 8;
        json_object_set(kept, key, value);
    }
    out = ob_json_print(kept, &f->pool);
    json_decref(kept);
    return out;
}

struct qund_str ob_frame_data(struct ob_frame *f, const char *const *keys,
                              const struct qund_str *values, size_t n)
{
    json_t *o = json_object();
    struct qund_str out = QUND_STR_NONE;

    for (size_t i = 0; i < n; i++)
        if (values[i].n > 0)
            json_object_set_new(o, keys[i], ob_json_str(ob_frame_clean(f, values[i], OB_NAME_MAX)));
    if (json_object_size(o) > 0)
        out = ob_json_print(o, &f->pool);
    json_decref(o);
    return out;
}

struct qund_str ob_frame_clean(struct ob_frame *f, struct qund_str s, size_t max)
{
    s = ob_cut(s, max);
    if (s.n > 0 && memchr(s.p, '\0', s.n)) {
        char *z = ob_pool_take(&f->pool, s.n);

        for (size_t i = 0; i < s.n; i++)
            z[i] = s.p[i] ? s.p[i] : ' ';
        s.p = z;
    }
    return s;
}

static void drop_documents(struct ob_frame *f)
{
    ob_json_free(f->doc);
    ob_json_free(f->made);
    f->doc = f->made = NULL;
}

static void begin(struct ob_frame *f)
{
    drop_documents(f);
    ob_pool_clear(&f->pool);
    f->text.n = 0;
    f->kind = OB_EVENT;
    f->version = 0;
    f->why = NULL;
    f->event = qund_event_in();
    f->own = f->unknown = f->group_text = f->user_text = f->message_text = false;
    f->account = f->platform = f->message_id = f->impl = f->echo = f->message = QUND_STR_NONE;
    f->life = OB_LIFE_OTHER;
    f->interval_ms = 0;
    f->online = -1;
    f->data = NULL;
}

/* The bridges' own words stand under many names. */
static struct qund_str words_of(const json_t *o)
{
    static const char *const NAMES[] = {"wording", "message", "msg"};
    struct qund_str s = QUND_STR_NONE;

    for (size_t i = 0; i < OB_LEN(NAMES) && s.n == 0; i++)
        s = ob_get_text(o, NAMES[i]);
    return s.n > 0 ? s : ob_get_text(json_object_get(o, "error"), "message");
}

static void read_answer(struct ob_frame *f, const json_t *o)
{
    struct qund_str status = ob_get_text(o, "status");

    f->kind = OB_ANSWER;
    f->retcode = ob_get_int(o, "retcode", qund_str_is(status, "ok") ? 0 : -1);
    f->ok = f->retcode == 0 && !qund_str_is(status, "failed");
    f->echo = ob_get_text(o, "echo");
    f->message = words_of(o);
    f->data = json_object_get(o, "data");
}

static void read_object(struct ob_frame *f, const json_t *o, const struct ob_view *view)
{
    if (!json_is_object(o))
        ob_frame_bad(f, "not an object");
    else if (json_object_get(o, "post_type"))
        ob_v11_event(f, o, view);
    else if (json_object_get(o, "type") && json_object_get(o, "detail_type"))
        ob_v12_event(f, o, view);
    else if (json_object_get(o, "retcode") || json_object_get(o, "status"))
        read_answer(f, o);
    else
        ob_frame_bad(f, "neither an event nor an answer");
}

enum ob_kind ob_frame_read(struct ob_frame *f, struct qund_str text, const struct ob_view *view)
{
    begin(f);
    f->doc = ob_json_read(text, &f->why);
    if (json_is_string(f->doc)) { /* one bridge in the field posts its JSON as a JSON string */
        json_t *inner = ob_json_read(ob_json_text(f->doc), &f->why);

        ob_json_free(f->doc);
        f->doc = inner;
    }
    if (f->doc)
        read_object(f, f->doc, view);
    else
        f->kind = OB_BAD;
    return f->kind;
}

enum ob_kind ob_frame_past(struct ob_frame *f, const json_t *o, const struct ob_view *view,
                           struct qund_str group)
{
    struct qund_str post = ob_get_text(o, "post_type");
    json_t *whole;

    begin(f);
    if (!json_is_object(o) || (post.n > 0 && !qund_str_starts(post, "message"))) {
        ob_frame_bad(f, "not a message");
        return f->kind;
    }
    whole = json_copy((json_t *)(uintptr_t)o); /* shallow */
    if (post.n == 0)
        json_object_set_new(whole, "post_type", json_string("message"));
    json_object_set_new(whole, "message_type", json_string("group"));
    if (!json_object_get(whole, "group_id"))
        json_object_set_new(whole, "group_id", ob_json_str(group));
    json_object_set_new(whole, "self_id", ob_json_str(view->account));
    f->doc = whole;
    ob_v11_event(f, whole, view);
    f->event.origin = QUND_STR("backfill");
    return f->kind;
}

void ob_frame_done(struct ob_frame *f)
{
    drop_documents(f);
    ob_pool_done(&f->pool);
    ob_text_done(&f->text);
}
