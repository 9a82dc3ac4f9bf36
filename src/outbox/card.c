/* src/outbox/card.c - several reminders as one body.
 *
 * What a card says is taken from the bodies of the pushes it stands for, which stay with their
 * rows: their short ids, so that each can still be answered by its own, their titles and words,
 * their links. A body that cannot be read (none of ours) gives what it has.
 *
 * Of an alert some words say enough, and what customers wrote is one line, so that nobody forges
 * another. A task's words are to be copied: where no page of its own shows them, they stand in the
 * card whole, with the lines that the template's author gave them. */
#include "core/json.h"
#include "outbox/internal.h"

#define DEPTH_MAX 16u
#define QUOTE_CHARS 60u
#define COPY_CHARS 600u /* of a task's words: more than a post has */

struct said {
    struct qund_str short_id, level, title, again, link, all, group, sender, quote, person, to;
    bool task;
};

/* Of an alert's object, or a task's. */
static int read_matter(struct qund_jr *r, struct said *s)
{
    struct qund_jr_obj o;
    struct qund_str key;
    int more, rc = qund_jr_obj(r, &o);

    while (rc == 0 && (more = qund_jr_obj_next(r, &o, &key)) != 0) {
        struct qund_str *out = qund_str_is(key, "title")         ? &s->title
                               : qund_str_is(key, "group_name")  ? &s->group
                               : qund_str_is(key, "sender_name") ? &s->sender
                               : qund_str_is(key, "quote")       ? &s->quote
                               : qund_str_is(key, "content")     ? &s->quote
                                                                 : NULL;

        if (more < 0)
            return more;
        rc = out && qund_jr_peek(r) == QUND_JT_STR ? qund_jr_str(r, out) : qund_jr_skip(r, NULL);
    }
    return rc;
}

static void read_body(struct qund_str json, struct qund_arena *arena, struct said *s)
{
    struct qund_jr r;
    struct qund_jr_obj o;
    struct qund_str key;
    int rc;

    qund_jr_init(&r, json, arena, DEPTH_MAX);
    rc = qund_jr_obj(&r, &o);
    while (rc == 0 && qund_jr_obj_next(&r, &o, &key) > 0) {
        struct qund_str *out = qund_str_is(key, "short")      ? &s->short_id
                               : qund_str_is(key, "level")    ? &s->level
                               : qund_str_is(key, "to")       ? &s->to
                               : qund_str_is(key, "again")    ? &s->again
                               : qund_str_is(key, "link")     ? &s->link
                               : qund_str_is(key, "link_all") ? &s->all
                                                              : NULL;

        s->task |= qund_str_is(key, "task");
        if ((qund_str_is(key, "alert") || qund_str_is(key, "task")) &&
            qund_jr_peek(&r) == QUND_JT_OBJ)
            rc = read_matter(&r, s);
        else if (qund_str_is(key, "person"))
            rc = qund_jr_skip(&r, &s->person);
        else
            rc = out && qund_jr_peek(&r) == QUND_JT_STR ? qund_jr_str(&r, out)
                                                        : qund_jr_skip(&r, NULL);
    }
}

/* "一群 张三：多少钱" */
static void put_words(const struct said *s, struct qund_buf *out)
{
    bool copy = s->task && s->link.n == 0;
    struct qund_str cut = qund_utf8_cut_chars(s->quote, copy ? COPY_CHARS : QUOTE_CHARS);

    qund_buf_line(out, s->group);
    if (s->group.n > 0 && s->sender.n > 0)
        qund_buf_char(out, ' ');
    qund_buf_line(out, s->sender);
    if (s->group.n + s->sender.n > 0 && cut.n > 0)
        qund_buf_puts(out, "：");
    if (copy)
        qund_buf_str(out, cut);
    else
        qund_buf_line(out, cut);
    if (cut.n < s->quote.n)
        qund_buf_puts(out, "…");
}

static const struct said *first_of(const struct said *v, size_t n, bool task)
{
    for (size_t i = 0; i < n; i++)
        if (v[i].task == task)
            return &v[i];
    return NULL;
}

/* 回复：收到 12 / 完成 12 / 稍后 12 30分钟 / 做不了 T13 原因 / 转交 12 姓名 / 无关 12 …
 * One line for the whole card: the words that its alerts and its tasks understand, each with a
 * number that stands above, and that several can be answered at once. */
static void put_answers(const struct said *v, size_t n, struct qund_buf *out)
{
    const struct said *alert = first_of(v, n, false), *task = first_of(v, n, true);
    struct qund_str id = v[0].short_id;

    qund_buf_puts(out, "\n回复：");
    if (alert)
        qund_buf_printf(out, "收到 %.*s / ", QUND_STR_ARG(alert->short_id));
    qund_buf_printf(out, "完成 %.*s / 稍后 %.*s 30分钟", QUND_STR_ARG(id), QUND_STR_ARG(id));
    if (task)
        qund_buf_printf(out, " / 做不了 %.*s 原因", QUND_STR_ARG(task->short_id));
    qund_buf_printf(out, " / 转交 %.*s 姓名", QUND_STR_ARG(id));
    if (alert)
        qund_buf_printf(out, " / 无关 %.*s", QUND_STR_ARG(alert->short_id));
    if (n > 1)
        qund_buf_printf(out, "（编号换成要答的那条，可一起答：完成 %.*s %.*s）", QUND_STR_ARG(id),
                        QUND_STR_ARG(v[1].short_id));
}

/* 2 条提醒
 * #12 询价｜一群 张三：多少钱
 * T13 早安（再提醒一次，还剩 25 分钟）｜一群：…
 * then the address of them all, or how to answer. */
static void put_text(const struct said *v, size_t n, struct qund_buf *out)
{
    qund_buf_printf(out, "%zu 条提醒", n);
    for (size_t i = 0; i < n; i++) {
        qund_buf_printf(out, "\n%s%.*s ", v[i].task ? "" : "#", QUND_STR_ARG(v[i].short_id));
        qund_buf_line(out, v[i].title);
        if (v[i].again.n > 0)
            qund_buf_printf(out, "（%.*s）", QUND_STR_ARG(v[i].again));
        qund_buf_puts(out, "｜");
        put_words(&v[i], out);
    }
    if (v[0].all.n > 0)
        qund_buf_printf(out, "\n%.*s", QUND_STR_ARG(v[0].all));
    else
        put_answers(v, n, out);
}

static void put_item(struct qund_jw *w, const struct said *s)
{
    QUND_AUTO(qund_buf_done) struct qund_buf words = {0};

    put_words(s, &words);
    qund_jw_obj(w);
    qund_jw_kstr(w, "short", s->short_id);
    qund_jw_kstr(w, "level", s->level);
    qund_jw_kline(w, "title", s->title);
    if (s->again.n > 0)
        qund_jw_kstr(w, "again", s->again);
    qund_jw_kstr(w, "text", qund_buf_view(&words));
    if (s->link.n > 0)
        qund_jw_kstr(w, "link", s->link);
    qund_jw_end_obj(w);
}

/* The highest there is. */
static struct qund_str level_of(const struct said *v, size_t n)
{
    static const char *const LEVELS[] = {"urgent", "warn"};

    for (size_t k = 0; k < QUND_ARRAY_LEN(LEVELS); k++)
        for (size_t i = 0; i < n; i++)
            if (qund_str_is(v[i].level, LEVELS[k]))
                return v[i].level;
    return QUND_STR("info");
}

/* Each matter once, as it was told last: a card that waited may hold several rungs of one ladder.
 * Returns how many. */
static size_t read_all(const struct qund_out_item *const *of, size_t n, struct qund_arena *arena,
                       struct said *v)
{
    size_t used = 0;

    for (size_t i = 0; i < n; i++) {
        struct said one = {.task = false};
        size_t k = 0;

        read_body(qund_str(of[i]->body), arena, &one);
        while (k < used && !(one.short_id.n > 0 && qund_str_eq(v[k].short_id, one.short_id)))
            k++;
        v[k] = one;
        used += k == used;
    }
    return used;
}

void qund_card_body(const struct qund_out_item *const *of, size_t n, struct qund_buf *out)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(16384);
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf ids = {0};
    struct said *v = qund_arena_alloc(arena, n * sizeof(*v));
    struct qund_jw w = qund_jw(out);

    n = read_all(of, n, arena, v);
    for (size_t i = 0; i < n; i++)
        qund_buf_printf(&ids, "%s%.*s", i ? " " : "", QUND_STR_ARG(v[i].short_id));
    put_text(v, n, &text);
    qund_jw_obj(&w);
    qund_jw_kz(&w, "kind", "card");
    qund_jw_kstr(&w, "short", qund_buf_view(&ids));
    qund_jw_kstr(&w, "level", level_of(v, n));
    qund_buf_clear(&ids);
    qund_buf_printf(&ids, "%zu 条提醒", n);
    qund_jw_kstr(&w, "title", qund_buf_view(&ids));
    qund_jw_kint(&w, "count", (int64_t)n);
    if (v[0].to.n > 0)
        qund_jw_kstr(&w, "to", v[0].to);
    if (v[0].person.n > 0) {
        qund_jw_key(&w, "person");
        qund_jw_raw(&w, v[0].person);
    }
    if (v[0].all.n > 0)
        qund_jw_kstr(&w, "link", v[0].all);
    qund_jw_kstr(&w, "text", qund_buf_view(&text));
    qund_jw_key(&w, "items");
    qund_jw_arr(&w);
    for (size_t i = 0; i < n; i++)
        put_item(&w, &v[i]);
    qund_jw_end_arr(&w);
    qund_jw_end_obj(&w);
}
