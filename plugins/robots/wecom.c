/* wecom.c - the group robot of WeCom: its key stands in the address and is all of its login.
 *
 * Lengths are bytes here: 2048 of a text, 4096 of Markdown, 128 and 512 in an article. Markdown has
 * no escape, and a customer's words may not mention people or paint themselves red, so they are
 * written with full-width signs there. A template card must lead somewhere: without a link it
 * becomes Markdown, and articles become text. Mentions by phone exist in `text` alone. */
#include "robots.h"
#include <stdio.h>
#include <stdlib.h>

#define TEXT_BYTES 2048
#define MARKDOWN_BYTES 4096
#define ARTICLES_MAX 8
#define ROWS_MAX 6
#define IMAGE_BYTES (2u << 20)

static json_t *cut(const char *z, size_t max)
{
    return json_stringn(z, text_cut(z, strlen(z), max));
}

static json_t *composed(const struct said *s, size_t max, bool marked)
{
    TEXT_AUTO text = {0};

    said_compose(s, (struct room){.max = max, .marked = marked}, &text);
    return text.bad ? NULL : json_stringn(text.p ? text.p : "", text.n);
}

static json_t *people(const struct robot_cfg *cfg, const char *id)
{
    json_t *list = json_array();

    if (cfg->mention == MENTION_ALL)
        json_array_append_new(list, json_string("@all"));
    else if (cfg->mention == MENTION_PERSON && *id)
        json_array_append_new(list, json_string(id));
    return list;
}

static json_t *as_text(const struct robot_cfg *cfg, const struct said *s)
{
    json_t *phones = json_array();

    /* By the id where it is known: nobody is called twice. */
    if (cfg->mention == MENTION_PERSON && *s->phone && !*s->userid)
        json_array_append_new(phones, json_string(s->phone));
    return json_pack("{s:s, s:{s:o*, s:o, s:o}}", "msgtype", "text", "text", "content",
                     composed(s, TEXT_BYTES, false), "mentioned_list", people(cfg, s->userid),
                     "mentioned_mobile_list", phones);
}

static const char *colour(const struct said *s)
{
    return strcmp(s->level, "urgent") == 0 || strcmp(s->level, "warn") == 0 ? "warning" : "info";
}

static json_t *as_markdown(const struct robot_cfg *cfg, const struct said *s)
{
    TEXT_AUTO head = {0}, all = {0};

    if (*s->title) {
        text_puts(&head, "**<font color=\"");
        text_puts(&head, colour(s));
        text_puts(&head, "\">");
        text_plain(&head, s->title, text_cut(s->title, strlen(s->title), 256));
        text_puts(&head, "</font>**\n");
    }
    if (cfg->mention == MENTION_PERSON && *s->userid) {
        text_puts(&head, "<@");
        text_puts(&head, s->userid);
        text_puts(&head, "> ");
    }
    text_add(&all, head.p, head.n);
    said_compose(s, (struct room){.max = MARKDOWN_BYTES - head.n, .marked = true}, &all);
    if (all.bad || head.bad)
        return NULL;
    return json_pack("{s:s, s:{s:s%}}", "msgtype", "markdown", "markdown", "content", all.p, all.n);
}

static json_t *article(const struct robot_cfg *cfg, const struct said *s, const json_t *item)
{
    const char *link = json_string_value(json_object_get(item, "link"));
    const char *title = json_string_value(json_object_get(item, "title"));
    const char *text = json_string_value(json_object_get(item, "text"));

    if (!item) {
        link = s->link;
        title = robot_title(cfg, s);
        text = s->text;
    }
    return json_pack("{s:o*, s:o*, s:s, s:s}", "title", cut(title ? title : "", 128), "description",
                     cut(text ? text : "", 512), "url", link && *link ? link : s->link, "picurl",
                     s->image_url);
}

/* What finds no article of its own: the last one, which leads to all. */
static json_t *rest(const struct said *s, size_t first)
{
    TEXT_AUTO lines = {0};
    char title[40];

    snprintf(title, sizeof(title), "还有 %zu 条", json_array_size(s->items) - first);
    card_lines(s->items, first, (struct room){.max = 512}, &lines);
    if (lines.bad)
        return NULL;
    return json_pack("{s:s, s:s, s:s, s:s}", "title", title, "description",
                     lines.p + 1, /* behind its line end */
                     "url", s->link, "picurl", s->image_url);
}

static json_t *as_news(const struct robot_cfg *cfg, const struct said *s)
{
    size_t n = json_array_size(s->items), own = n > ARTICLES_MAX ? ARTICLES_MAX - 1 : n;
    json_t *list = json_array();

    for (size_t i = 0; i < own; i++)
        json_array_append_new(list, article(cfg, s, json_array_get(s->items, i)));
    if (own < n)
        json_array_append_new(list, rest(s, own));
    if (n == 0)
        json_array_append_new(list, article(cfg, s, NULL));
    return json_pack("{s:s, s:{s:o}}", "msgtype", "news", "news", "articles", list);
}

static json_t *rows(const struct said *s)
{
    size_t n = json_array_size(s->items);
    json_t *list = json_array();

    for (size_t i = 0; i < n && i < ROWS_MAX; i++) {
        const json_t *item = json_array_get(s->items, i);
        const char *id = json_string_value(json_object_get(item, "short"));
        const char *title = json_string_value(json_object_get(item, "title"));
        char key[32];

        snprintf(key, sizeof(key), "#%.24s", id ? id : "");
        json_array_append_new(
            list, json_pack("{s:s, s:o*}", "keyname", key, "value", cut(title ? title : "", 78)));
    }
    if (n == 0 && *s->name)
        json_array_append_new(list,
                              json_pack("{s:s, s:o*}", "keyname", "给", "value", cut(s->name, 78)));
    return list;
}

static json_t *as_card(const struct robot_cfg *cfg, const struct said *s)
{
    int shade = strcmp(colour(s), "warning") == 0 ? 2 : 3; /* red, green */

    return json_pack(
        "{s:s, s:{s:s, s:{s:s, s:i}, s:{s:o*}, s:o*, s:o, s:[{s:i, s:s, s:s}], s:{s:i, s:s}}}",
        "msgtype", "template_card", "template_card", "card_type", "text_notice", "source", "desc",
        "qund", "desc_color", shade, "main_title", "title", cut(robot_title(cfg, s), 108),
        "sub_title_text", composed(s, 480, false), "horizontal_content_list", rows(s), "jump_list",
        "type", 1, "title", "打开", "url", s->link, "card_action", "type", 1, "url", s->link);
}

/* A file below the folder that the operator opened for it; nothing else can be sent from here. */
static json_t *image_of(const struct robot_cfg *cfg, const struct said *s, struct qund_fault *why)
{
    TEXT_AUTO path = {0}, data = {0}, base64 = {0}, md5 = {0};
    char piece[4096];
    size_t n;
    FILE *f;

    if (!cfg->media_dir || strstr(s->image_path, "..") || *s->image_path == '/') {
        robot_fault(why, QUND_E_DENIED, "media",
                    "a file must lie below the target's media_dir and be named from there");
        return NULL;
    }
    text_puts(&path, cfg->media_dir);
    text_puts(&path, "/");
    text_puts(&path, s->image_path);
    f = path.bad ? NULL : fopen(path.p, "re");
    while (f && data.n <= IMAGE_BYTES && (n = fread(piece, 1, sizeof(piece), f)) > 0)
        text_add(&data, piece, n);
    if (f)
        fclose(f);
    if (data.n == 0 || data.n > IMAGE_BYTES) {
        robot_fault(why, QUND_E_INVAL, "media", "the image cannot be read, or has more than 2 MiB");
        return NULL;
    }
    text_base64(&base64, (const unsigned char *)data.p, data.n);
    if (!sign_md5(&md5, (const unsigned char *)data.p, data.n) || base64.bad)
        return NULL;
    return json_pack("{s:s, s:{s:s%, s:s}}", "msgtype", "image", "image", "base64", base64.p,
                     base64.n, "md5", md5.p);
}

int wecom_make(const struct robot_cfg *cfg, const struct said *s, const struct moment *now,
               struct request *out, struct qund_fault *why)
{
    bool linked = *s->link != '\0';
    json_t *body;

    (void)now;
    if (*s->image_path && !*s->text)
        body = image_of(cfg, s, why);
    else if ((*s->image_url || cfg->form == FORM_NEWS) && linked)
        body = as_news(cfg, s);
    else if (cfg->form == FORM_CARD && linked)
        body = as_card(cfg, s);
    else if (cfg->form == FORM_CARD || cfg->form == FORM_MARKDOWN)
        body = as_markdown(cfg, s);
    else
        body = as_text(cfg, s);
    if (!body)
        return why->text[0] ? QUND_E_INVAL : QUND_E_NOMEM;
    text_puts(&out->url, cfg->url);
    request_json(out, body);
    return QUND_OK;
}
