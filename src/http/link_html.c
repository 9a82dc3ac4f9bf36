/* src/http/link_html.c - the page of a signed link as HTML.
 *
 * One narrow column for a phone, forms and buttons, no script at all: it works in the browser that
 * a chat app brings along. Whatever a person wrote (the quote, names, notes) is text: it passes
 * put_text and nothing else, and the policy of the page (link_page.c) would run nothing even if a
 * tag came through. Words of ours stand in link_words.c.
 *
 * A task's page (link_task.c) has the same pieces.
 *
 * The page posts to its own address and links relatively, so it also works where a proxy serves it
 * below some path. */
#include "http/link_html.h"
#include "core/zone.h"
#include <stdio.h>

const char *qund_link_say(const struct link_view *v, enum link_word w)
{
    return qund_link_word(w, v->english);
}

/* --- text into HTML --- */

void qund_link_put_text(struct qund_buf *out, struct qund_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '&':
            qund_buf_puts(out, "&amp;");
            break;
        case '<':
            qund_buf_puts(out, "&lt;");
            break;
        case '>':
            qund_buf_puts(out, "&gt;");
            break;
        case '"':
            qund_buf_puts(out, "&quot;");
            break;
        case '\'':
            qund_buf_puts(out, "&#39;");
            break;
        default:
            if ((unsigned char)s.p[i] >= 32 || s.p[i] == '\n' || s.p[i] == '\t')
                qund_buf_char(out, s.p[i]);
        }
    }
}

void qund_link_put_z(struct qund_buf *out, const char *z)
{
    qund_link_put_text(out, qund_str(z));
}

struct qund_str qund_link_field(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);

    return json_is_string(v) ? qund_str_n(json_string_value(v), json_string_length(v))
                             : QUND_STR_NONE;
}

void qund_link_put_field(struct qund_buf *out, const json_t *o, const char *key)
{
    qund_link_put_text(out, qund_link_field(o, key));
}

/* "09-15 08:32", in the installation's zone. */
void qund_link_put_time(struct qund_buf *out, const struct qund_zone *zone, struct qund_str iso)
{
    struct qund_civil t;
    int64_t ms;

    if (qund_iso_parse(iso, &ms) < 0)
        return;
    qund_zone_civil(zone, ms, &t);
    qund_buf_printf(out, "%02d-%02d %02d:%02d", t.month, t.day, t.hour, t.minute);
}

/* --- the frame --- */

void qund_link_put_top(struct qund_buf *out, bool english, const char *title)
{
    qund_buf_printf(out,
                    "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                    "<meta name=\"robots\" content=\"noindex\"><title>",
                    english ? "en" : "zh-CN");
    qund_link_put_z(out, title);
    qund_buf_puts(out, "</title><link rel=\"stylesheet\" href=\"style.css\"></head><body><main>\n");
}

void qund_link_put_end(struct qund_buf *out)
{
    qund_buf_puts(out, "</main></body></html>\n");
}

void qund_link_put_said(const struct link_view *v, struct qund_buf *out)
{
    if (v->said >= LINK_NOTHING)
        return;
    qund_buf_printf(out, "<p role=\"status\" class=\"said %s\">",
                    v->said == LINK_DONE || v->said == LINK_ALREADY ? "well" : "wrong");
    qund_link_put_z(out, qund_link_said_text(v->said, v->english));
    qund_buf_puts(out, "</p>\n");
}

void qund_link_put_foot(const struct link_view *v, const struct link_people *people,
                        struct qund_buf *out)
{
    struct qund_link all = {.staff = v->link->staff, .until = v->link->until};
    char token[QUND_LINK_CHARS + 1];

    qund_buf_puts(out, "<footer>");
    for (size_t i = 0; people && i < people->n; i++)
        if (people->v[i].id == v->link->staff) {
            qund_link_put_z(out, qund_link_say(v, W_YOURS));
            qund_buf_char(out, ' ');
            qund_link_put_z(out, people->v[i].name);
            qund_buf_puts(out, " · ");
        }
    if (v->link->alert != 0) {
        qund_link_print(v->key, &all, token);
        qund_buf_printf(out, "<a href=\"%s%s\">%s</a> · ", token,
                        !v->lang_asked ? ""
                        : v->english   ? "?lang=en"
                                       : "?lang=zh",
                        qund_link_say(v, W_ALL));
    }
    qund_buf_printf(out, "<a href=\"?lang=%s\">%s</a></footer>\n", v->english ? "zh" : "en",
                    qund_link_say(v, W_OTHER_LANG));
}

/* --- one alert --- */

static void put_level(const struct link_view *v, const json_t *o, struct qund_buf *out)
{
    struct qund_str level = qund_link_field(o, "level");
    enum link_word w = qund_str_is(level, "urgent") ? W_LEVEL_URGENT
                       : qund_str_is(level, "warn") ? W_LEVEL_WARN
                                                    : W_LEVEL_INFO;

    qund_buf_printf(out, "<span class=\"level l%d\">%s</span> ", (int)(w - W_LEVEL_URGENT),
                    qund_link_say(v, w));
}

static void put_head(const struct link_view *v, const struct qund_zone *zone, const json_t *o,
                     struct qund_buf *out)
{
    json_int_t count = json_integer_value(json_object_get(o, "count"));

    qund_buf_puts(out, "<h1>");
    put_level(v, o, out);
    qund_link_put_field(out, o, "title");
    qund_buf_printf(out, " <small>#%lld</small></h1>\n<p class=\"where\">",
                    (long long)json_integer_value(json_object_get(o, "id")));
    qund_link_put_field(out, o, "group_name");
    if (qund_link_field(o, "sender_name").n > 0)
        qund_buf_puts(out, " · ");
    qund_link_put_field(out, o, "sender_name");
    qund_buf_puts(out, " · ");
    qund_link_put_time(out, zone, qund_link_field(o, "last_ts"));
    if (count > 1)
        qund_buf_printf(out, " · %lld %s", (long long)count, qund_link_say(v, W_TIMES));
    qund_buf_puts(out, "</p>\n");
    if (qund_link_field(o, "quote").n == 0)
        return;
    qund_buf_puts(out, "<blockquote dir=\"auto\">");
    qund_link_put_field(out, o, "quote");
    qund_buf_puts(out, "</blockquote>\n");
}

static void put_context(const struct link_view *v, const struct qund_zone *zone, const json_t *o,
                        struct qund_buf *out)
{
    const json_t *lines = json_object_get(o, "context");

    if (json_array_size(lines) == 0)
        return;
    qund_buf_printf(out, "<section><h2>%s</h2><ol class=\"context\">", qund_link_say(v, W_CONTEXT));
    for (size_t i = json_array_size(lines); i > 0; i--) { /* kept newest first, read oldest first */
        const json_t *line = json_array_get(lines, i - 1);

        qund_buf_puts(out, "<li><small>");
        qund_link_put_time(out, zone, qund_link_field(line, "ts"));
        if (qund_str_is(qund_link_field(line, "sender_role"), "staff"))
            qund_buf_printf(out, " %s", qund_link_say(v, W_STAFF));
        qund_buf_puts(out, "</small> <span dir=\"auto\">");
        qund_link_put_field(out, line, "text");
        qund_buf_puts(out, "</span></li>");
    }
    qund_buf_puts(out, "</ol></section>\n");
}

void qund_link_put_who(const struct link_view *v, const struct link_people *people,
                       struct qund_str by, struct qund_buf *out)
{
    int64_t id;

    if (qund_str_is(by, "chat")) {
        qund_link_put_z(out, qund_link_say(v, W_CHAT));
        return;
    }
    if (qund_str_starts(by, "staff:") && qund_str_int(qund_str_n(by.p + 6, by.n - 6), &id) == 0)
        for (size_t i = 0; i < people->n; i++)
            if (people->v[i].id == id) {
                qund_link_put_z(out, people->v[i].name);
                return;
            }
    qund_link_put_z(out, qund_link_say(v, W_DESK));
}

static void put_pair(const struct link_view *v, enum link_word w, struct qund_str text,
                     struct qund_buf *out)
{
    if (text.n == 0)
        return;
    qund_buf_printf(out, "<br>%s: <span dir=\"auto\">", qund_link_say(v, w));
    qund_link_put_text(out, text);
    qund_buf_puts(out, "</span>");
}

static void put_state(const struct link_view *v, const struct qund_zone *zone, const json_t *o,
                      const struct link_people *people, struct qund_buf *out)
{
    struct qund_str state = qund_link_field(o, "state"), by = qund_link_field(o, "by");
    const json_t *number = json_object_get(o, "number");
    enum link_word w = qund_str_is(state, "open")                      ? W_OPEN
                       : qund_str_is(state, "acknowledged")            ? W_ACKED
                       : json_is_false(json_object_get(o, "relevant")) ? W_IRRELEVANT_STATE
                                                                       : W_RESOLVED;

    qund_buf_printf(out, "<p class=\"state\" data-state=\"");
    qund_link_put_text(out, state);
    qund_buf_printf(out, "\">%s", qund_link_say(v, w));
    if (by.n > 0) {
        qund_buf_printf(out, " · %s ", qund_link_say(v, W_BY));
        qund_link_put_who(v, people, by, out);
        qund_buf_puts(out, " · ");
        qund_link_put_time(out, zone, qund_link_field(o, "changed"));
    }
    if (qund_link_field(o, "snoozed_until").n > 0) {
        qund_buf_printf(out, "<br>%s", qund_link_say(v, W_SNOOZED));
        qund_link_put_time(out, zone, qund_link_field(o, "snoozed_until"));
    }
    put_pair(v, W_NOTE, qund_link_field(o, "note"), out);
    put_pair(v, W_PROOF, qund_link_field(o, "proof"), out);
    if (json_is_number(number))
        qund_buf_printf(out, "<br>%s: %.17g", qund_link_say(v, W_NUMBER),
                        json_number_value(number));
    qund_buf_puts(out, "</p>\n");
}

void qund_link_put_form(const struct link_view *v, const char *act, struct qund_buf *out)
{
    qund_buf_printf(out,
                    "<form method=\"post\" action=\"?%s\">"
                    "<input type=\"hidden\" name=\"do\" value=\"%s\">",
                    !v->lang_asked ? ""
                    : v->english   ? "lang=en"
                                   : "lang=zh",
                    act);
}

void qund_link_put_button(const struct link_view *v, enum link_word w, const char *class,
                          struct qund_buf *out)
{
    qund_buf_printf(out, "<button class=\"%s\">%s</button></form>\n", class, qund_link_say(v, w));
}

static struct qund_str typed(const struct link_view *v, const char *act, enum link_input in)
{
    return v->typed && qund_str_is(v->typed->v[IN_DO], act) ? v->typed->v[in] : QUND_STR_NONE;
}

void qund_link_put_input(const struct link_view *v, const char *act, enum link_input in,
                         enum link_word label, const char *more, struct qund_buf *out)
{
    struct qund_str was = typed(v, act, in);

    qund_buf_printf(out, "<label>%s<input name=\"%s\" autocomplete=\"off\" %s",
                    qund_link_say(v, label), qund_link_inputs[in], more);
    if (was.n > 0) {
        qund_buf_puts(out, " value=\"");
        qund_link_put_text(out, was);
        qund_buf_char(out, '"');
    }
    qund_buf_puts(out, "></label>");
}

static void put_later(const struct link_view *v, struct qund_buf *out)
{
    static const struct {
        const char *value;
        enum link_word w;
    } TIMES[] = {{"15m", W_15M}, {"1h", W_1H}, {"tomorrow", W_TOMORROW}};

    qund_buf_printf(out, "<section><h2>%s</h2><div class=\"row\">", qund_link_say(v, W_LATER));
    for (size_t i = 0; i < QUND_ARRAY_LEN(TIMES); i++) {
        qund_link_put_form(v, "snooze", out);
        qund_buf_printf(out, "<input type=\"hidden\" name=\"for\" value=\"%s\">", TIMES[i].value);
        qund_link_put_button(v, TIMES[i].w, "plain", out);
    }
    qund_buf_puts(out, "</div>");
    qund_link_put_form(v, "snooze", out);
    qund_link_put_input(v, "snooze", IN_FOR, W_OTHER_TIME, "maxlength=\"40\" required", out);
    qund_link_put_button(v, W_SET, "plain", out);
    qund_buf_puts(out, "</section>\n");
}

static void put_done(const struct link_view *v, struct qund_buf *out)
{
    qund_buf_printf(out, "<section><h2>%s</h2>", qund_link_say(v, W_DONE));
    qund_link_put_form(v, "resolve", out);
    qund_link_put_input(v, "resolve", IN_NOTE, W_NOTE, "maxlength=\"300\"", out);
    qund_link_put_input(v, "resolve", IN_PROOF, W_PROOF, "maxlength=\"300\"", out);
    qund_link_put_input(v, "resolve", IN_NUMBER, W_NUMBER, QUND_LINK_FIGURE, out);
    qund_link_put_button(v, W_FINISH, "main", out);
    qund_buf_puts(out, "</section>\n");
}

void qund_link_put_hand_over(const struct link_view *v, const struct link_people *people,
                             struct qund_buf *out)
{
    bool left_out = false;
    int64_t to = 0;

    if (qund_str_int(typed(v, "handover", IN_TO), &to) < 0)
        to = 0;
    qund_buf_printf(out, "<section><h2>%s</h2>", qund_link_say(v, W_REASSIGN));
    qund_link_put_form(v, "handover", out);
    qund_buf_printf(out, "<label>%s<select name=\"to\" required><option value=\"\"></option>",
                    qund_link_say(v, W_CHOOSE));
    for (size_t i = 0; i < people->n; i++) {
        if (!people->v[i].reached) {
            left_out = true;
            continue;
        }
        qund_buf_printf(out, "<option value=\"%lld\"%s>", (long long)people->v[i].id,
                        people->v[i].id == to ? " selected" : "");
        qund_link_put_z(out, people->v[i].name);
        qund_buf_puts(out, "</option>");
    }
    qund_buf_puts(out, "</select>");
    if (left_out)
        qund_buf_printf(out, "<small>%s</small>", qund_link_say(v, W_UNREACHED));
    qund_buf_puts(out, "</label>");
    qund_link_put_input(v, "handover", IN_NOTE, W_NOTE, "maxlength=\"300\"", out);
    qund_link_put_button(v, W_HAND, "plain", out);
    qund_buf_puts(out, "</section>\n");
}

static void put_suggest(const struct link_view *v, const json_t *o, struct qund_buf *out)
{
    if (qund_link_field(o, "suggest").n == 0)
        return;
    qund_buf_printf(out, "<section><h2>%s</h2></section><blockquote class=\"copy\" dir=\"auto\">",
                    qund_link_say(v, W_SUGGEST));
    qund_link_put_field(out, o, "suggest");
    qund_buf_puts(out, "</blockquote>\n");
}

static void put_deeds(const struct link_view *v, const json_t *o, const struct link_people *people,
                      struct qund_buf *out)
{
    struct qund_str state = qund_link_field(o, "state");

    if (qund_str_is(state, "resolved")) {
        qund_link_put_form(v, "reopen", out);
        qund_link_put_button(v, W_REOPEN, "plain", out);
        return;
    }
    if (qund_str_is(state, "open")) {
        qund_link_put_form(v, "ack", out);
        qund_link_put_button(v, W_TAKE, "main", out);
    }
    put_done(v, out);
    put_later(v, out);
    qund_link_put_hand_over(v, people, out);
    qund_link_put_form(v, "irrelevant", out);
    qund_link_put_button(v, W_IRRELEVANT, "plain", out);
}

struct qund_zone *qund_link_zone_of(const struct link_view *v)
{
    struct qund_zone *z = NULL;
    struct qund_err err;

    if (qund_zone_load(NULL, v->zone, &z, &err) < 0 && qund_zone_load(NULL, "UTC", &z, &err) < 0)
        return NULL;
    return z;
}

void qund_link_html_alert(const struct link_view *v, struct qund_str json,
                          const struct link_people *people, struct qund_buf *out)
{
    QUND_AUTO(qund_zone_free) struct qund_zone *zone = qund_link_zone_of(v);
    json_t *o = json_loadb(json.p, json.n, 0, NULL);

    qund_link_put_top(out, v->english, qund_link_say(v, W_TITLE));
    qund_link_put_said(v, out);
    put_head(v, zone, o, out);
    put_state(v, zone, o, people, out);
    put_context(v, zone, o, out);
    put_suggest(v, o, out);
    put_deeds(v, o, people, out);
    qund_link_put_foot(v, people, out);
    qund_link_put_end(out);
    json_decref(o);
}

/* --- the list, and pages of a sentence --- */

static void put_entry(const struct link_view *v, const struct qund_zone *zone, const json_t *o,
                      struct qund_buf *out)
{
    struct qund_link one = *v->link;
    char token[QUND_LINK_CHARS + 1];
    bool task = json_object_get(o, "channel") != NULL;
    int64_t id = json_integer_value(json_object_get(o, "id"));

    one.alert = task ? -id : id;
    qund_link_print(v->key, &one, token);
    qund_buf_printf(out, "<li><a href=\"%s%s\">", token,
                    !v->lang_asked ? ""
                    : v->english   ? "?lang=en"
                                   : "?lang=zh");
    if (!task)
        put_level(v, o, out);
    qund_link_put_field(out, o, "title");
    qund_buf_printf(out, " <small>%s%lld · ", task ? "T" : "#", (long long)id);
    qund_link_put_time(out, zone, qund_link_field(o, task ? "closes" : "last_ts"));
    qund_buf_puts(out, "</small></a><br>");
    qund_link_put_field(out, o, "group_name");
    qund_buf_puts(out, " <span dir=\"auto\">");
    qund_link_put_text(out,
                       qund_utf8_cut_chars(qund_link_field(o, task ? "content" : "quote"), 80));
    qund_buf_puts(out, "</span></li>\n");
}

void qund_link_html_list(const struct link_view *v, struct qund_str json, struct qund_buf *out)
{
    QUND_AUTO(qund_zone_free) struct qund_zone *zone = qund_link_zone_of(v);
    QUND_AUTO(qund_buf_done) struct qund_buf list = {0};
    json_t *all, *o;
    size_t i;

    qund_buf_printf(&list, "[%.*s]", QUND_STR_ARG(json));
    all = json_loadb(list.p, list.n, 0, NULL);
    qund_link_put_top(out, v->english, qund_link_say(v, W_ALL));
    qund_buf_printf(out, "<h1>%s</h1>\n", qund_link_say(v, W_ALL));
    if (json_array_size(all) == 0)
        qund_buf_printf(out, "<p>%s</p>\n", qund_link_say(v, W_NONE_OPEN));
    qund_buf_puts(out, "<ol class=\"list\">");
    json_array_foreach(all, i, o) put_entry(v, zone, o, out);
    qund_buf_puts(out, "</ol>\n");
    qund_link_put_foot(v, NULL, out);
    qund_link_put_end(out);
    json_decref(all);
}

void qund_link_html_note(bool english, enum link_note note, struct qund_buf *out)
{
    qund_link_put_top(out, english, qund_link_word(W_TITLE, english));
    qund_buf_puts(out, "<p class=\"said wrong\">");
    qund_link_put_z(out, qund_link_note_text(note, english));
    qund_buf_puts(out, "</p>\n");
    qund_link_put_end(out);
}
