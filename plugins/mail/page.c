/* page.c - what a delivery says, as text and as HTML.
 *
 * The text is the daemon's own, whole: a mail has room. The HTML is the same in a form that reads
 * well on a phone: no pictures, no styles from elsewhere, nothing that is loaded when the mail is
 * opened. Every word of it that people wrote is escaped, and a link is one only when it is http. */
#include "mail.h"
#include <stdio.h>
#include <string.h>

#define SUBJECT_CHARS 120
#define ROWS_MAX 200

static const char *member(const json_t *o, const char *name)
{
    const char *z = json_string_value(json_object_get(o, name));

    return z ? z : "";
}

static void escaped(struct text *out, const char *z)
{
    static const struct {
        char sign;
        const char *entity;
    } SIGNS[] = {{'&', "&amp;"},  {'<', "&lt;"},   {'>', "&gt;"},
                 {'"', "&quot;"}, {'\'', "&#39;"}, {'\n', "<br>\n"}};

    for (; *z; z++) {
        size_t i = 0;

        while (i < sizeof(SIGNS) / sizeof(SIGNS[0]) && SIGNS[i].sign != *z)
            i++;
        if (i < sizeof(SIGNS) / sizeof(SIGNS[0]))
            text_puts(out, SIGNS[i].entity);
        else
            text_add(out, z, 1);
    }
}

static void element(struct text *out, const char *tag, const char *words)
{
    text_puts(out, "<");
    text_puts(out, tag);
    text_puts(out, ">");
    escaped(out, words);
    text_puts(out, "</");
    text_add(out, tag, strcspn(tag, " "));
    text_puts(out, ">");
}

static bool is_link(const char *z)
{
    return strncmp(z, "https://", 8) == 0 || strncmp(z, "http://", 7) == 0;
}

static void link_to(struct text *out, const char *link, const char *words)
{
    if (!is_link(link))
        return;
    text_puts(out, "<p><a href=\"");
    escaped(out, link);
    text_puts(out, "\">");
    escaped(out, words);
    text_puts(out, "</a></p>\n");
}

/* --- the kinds --- */

static void plain_page(const json_t *j, struct text *out)
{
    text_puts(out, "<p>");
    escaped(out, member(j, "text"));
    text_puts(out, "</p>\n");
}

static void card_page(const json_t *j, struct text *out)
{
    const json_t *items = json_object_get(j, "items"), *item;
    size_t i;

    if (json_array_size(items) == 0) {
        plain_page(j, out);
        return;
    }
    text_puts(out, "<table cellpadding=\"6\">\n");
    json_array_foreach(items, i, item)
    {
        if (i == ROWS_MAX)
            break;
        text_puts(out, "<tr><td valign=\"top\">#");
        escaped(out, member(item, "short"));
        text_puts(out, "</td><td>");
        element(out, "b", member(item, "title"));
        text_puts(out, "<br>");
        escaped(out, member(item, "text"));
        link_to(out, member(item, "link"), "打开");
        text_puts(out, "</td></tr>\n");
    }
    text_puts(out, "</table>\n");
}

static void figures(const json_t *j, struct text *out)
{
    static const struct {
        const char *name, *label;
    } ROWS[] = {{"asked", "提问"}, {"answered", "已答"}, {"joined", "入群"},
                {"left", "退群"},  {"messages", "消息"}, {"speakers", "发言人"}};

    text_puts(out, "<table cellpadding=\"4\">\n");
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        const json_t *v = json_object_get(j, ROWS[i].name);

        if (!json_is_integer(v))
            continue;
        text_puts(out, "<tr>");
        element(out, "td", ROWS[i].label);
        text_printf(out, "<td align=\"right\">%lld</td></tr>\n", (long long)json_integer_value(v));
    }
    text_puts(out, "</table>\n");
}

static void open_questions(const json_t *list, struct text *out)
{
    const json_t *q;
    size_t i;

    if (json_array_size(list) == 0)
        return;
    element(out, "h3", "未答");
    text_puts(out, "\n<ul>\n");
    json_array_foreach(list, i, q)
    {
        if (i == ROWS_MAX)
            break;
        text_puts(out, "<li>");
        element(out, "b", member(q, "sender_name"));
        text_puts(out, " ");
        escaped(out, member(q, "text"));
        text_puts(out, "</li>\n");
    }
    text_puts(out, "</ul>\n");
}

static void words_of(const json_t *list, struct text *out)
{
    const json_t *pair;
    size_t i;

    if (json_array_size(list) == 0)
        return;
    element(out, "h3", "热词");
    text_puts(out, "\n<p>");
    json_array_foreach(list, i, pair)
    {
        const char *word = json_string_value(json_array_get(pair, 0));

        if (i == ROWS_MAX || !word)
            break;
        escaped(out, word);
        text_printf(out, " (%lld) ", (long long)json_integer_value(json_array_get(pair, 1)));
    }
    text_puts(out, "</p>\n");
}

static void digest_page(const json_t *j, struct text *out)
{
    figures(j, out);
    open_questions(json_object_get(j, "open"), out);
    words_of(json_object_get(j, "words"), out);
}

static const struct {
    const char *kind;
    void (*body)(const json_t *j, struct text *out);
} KINDS[] = {{"card", card_page}, {"digest", digest_page}};

/* --- a page --- */

static const char *title_of(const json_t *j)
{
    const char *title = member(j, "title");

    if (!*title)
        title = member(json_object_get(j, "alert"), "title");
    return title;
}

static void make_subject(const json_t *j, const char *prefix, struct text *out)
{
    const char *level = member(j, "level"), *title = title_of(j);
    size_t of_id = strlen(member(j, "short"));
    TEXT_AUTO all = {0};

    if (!*level)
        level = member(json_object_get(j, "alert"), "level");
    if (!*title)
        title = member(j, "text");
    text_puts(&all, prefix ? prefix : "");
    if (strcmp(level, "urgent") == 0)
        text_puts(&all, "【紧急】");
    text_add(&all, title, strcspn(title, "\n"));
    of_id = of_id > 0 && of_id + 2 < SUBJECT_CHARS ? of_id + 2 : 0;
    text_add(out, all.p, text_cut_chars(all.p, all.n, SUBJECT_CHARS - of_id));
    if (of_id > 0) { /* by it people answer: a long title is cut instead */
        text_puts(out, " #");
        text_puts(out, member(j, "short"));
    }
    out->bad |= all.bad;
}

static void make_text(const json_t *j, struct text *out)
{
    const char *link = member(j, "link"), *text = member(j, "text");

    text_puts(out, *text ? text : member(json_object_get(j, "alert"), "quote"));
    if (is_link(link) && !strstr(text, link)) {
        text_puts(out, "\n\n");
        text_puts(out, link);
    }
    text_puts(out, "\n");
}

static void make_html(const json_t *j, struct text *out)
{
    size_t i = 0;

    text_puts(out, "<!doctype html>\n<html><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                   "content=\"width=device-width\"></head>\n<body>\n");
    if (*title_of(j))
        element(out, "h2", title_of(j));
    text_puts(out, "\n");
    while (i < sizeof(KINDS) / sizeof(KINDS[0]) && strcmp(KINDS[i].kind, member(j, "kind")) != 0)
        i++;
    if (i < sizeof(KINDS) / sizeof(KINDS[0]))
        KINDS[i].body(j, out);
    else
        plain_page(j, out);
    link_to(out, member(j, "link"), "打开");
    text_puts(out, "</body></html>\n");
}

void page_done(struct page *p)
{
    text_done(&p->subject);
    text_done(&p->text);
    text_done(&p->html);
}

int page_make(struct qund_str body, const char *prefix, struct page *out, struct qund_fault *why)
{
    json_t *j = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
    int rc = QUND_OK;

    if (!json_is_object(j)) {
        rc = mail_fault(why, QUND_E_INVAL, "body", "not a JSON object");
    } else if (strcmp(member(j, "kind"), "recall") == 0) {
        rc = mail_fault(why, QUND_E_INVAL, "kind", "a mail cannot be taken back");
    } else {
        make_subject(j, prefix, &out->subject);
        make_text(j, &out->text);
        make_html(j, &out->html);
        if (out->subject.bad || out->text.bad || out->html.bad)
            rc = mail_fault(why, QUND_E_NOMEM, "", "no memory");
    }
    json_decref(j);
    return rc;
}
