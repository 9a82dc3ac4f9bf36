/* dingtalk.c - the custom robot of DingTalk. Signed: milliseconds and signature go into the
 * address, percent-encoded. Whom a message mentions stands in `at` and must stand in the text as
 * well. */
#include "robots.h"
#include <stdio.h>

#define BODY_BYTES 20000
#define TEXT_BYTES 15000 /* JSON escapes a few; the rest of the body is small */
#define LINKS_MAX 10     /* of a feed card */
#define REST_BYTES 400

static void mention(const struct robot_cfg *cfg, const struct said *s, struct text *out)
{
    if (cfg->mention != MENTION_PERSON || (!*s->phone && !*s->userid))
        return;
    text_puts(out, "\n@");
    text_puts(out, *s->phone ? s->phone : s->userid);
}

static json_t *at(const struct robot_cfg *cfg, const struct said *s)
{
    json_t *phones = json_array(), *ids = json_array();

    if (cfg->mention == MENTION_PERSON && *s->phone)
        json_array_append_new(phones, json_string(s->phone));
    else if (cfg->mention == MENTION_PERSON && *s->userid)
        json_array_append_new(ids, json_string(s->userid));
    return json_pack("{s:o, s:o, s:b}", "atMobiles", phones, "atUserIds", ids, "isAtAll",
                     cfg->mention == MENTION_ALL);
}

static json_t *feed_link(const struct said *s, const char *title, const char *link)
{
    return json_pack("{s:s, s:s, s:s}", "title", title ? title : "", "messageURL",
                     link && *link ? link : s->link, "picURL", s->image_url);
}

/* What finds no link of its own: the last one, by their numbers. */
static json_t *rest(const struct said *s, size_t first)
{
    TEXT_AUTO title = {0};

    text_printf(&title, "还有 %zu 条", json_array_size(s->items) - first);
    card_lines(s->items, first, (struct room){.max = REST_BYTES}, &title);
    for (char *z = title.p; z && *z; z++)
        if (*z == '\n')
            *z = ' ';
    return title.bad ? NULL : feed_link(s, title.p, NULL);
}

static json_t *feed(const struct robot_cfg *cfg, const struct said *s)
{
    size_t n = json_array_size(s->items), own = n > LINKS_MAX ? LINKS_MAX - 1 : n;
    json_t *links = json_array();

    for (size_t i = 0; i < own; i++) {
        const json_t *item = json_array_get(s->items, i);

        json_array_append_new(links, feed_link(s, json_string_value(json_object_get(item, "title")),
                                               json_string_value(json_object_get(item, "link"))));
    }
    if (own < n)
        json_array_append_new(links, rest(s, own));
    if (n == 0)
        json_array_append_new(links, feed_link(s, robot_title(cfg, s), NULL));
    return json_pack("{s:s, s:{s:o}}", "msgtype", "feedCard", "feedCard", "links", links);
}

static json_t *body_of(const struct robot_cfg *cfg, const struct said *s, size_t max)
{
    bool marked = cfg->form != FORM_TEXT, linked = *s->link != '\0';
    const char *title = robot_title(cfg, s);
    TEXT_AUTO text = {0};

    if (cfg->form == FORM_NEWS && linked)
        return feed(cfg, s);
    said_compose(s, (struct room){.max = max, .marked = marked}, &text);
    mention(cfg, s, &text);
    if (text.bad || !text.p)
        return NULL;
    if (cfg->form == FORM_CARD && linked)
        return json_pack("{s:s, s:{s:s, s:s%, s:s, s:s}}", "msgtype", "actionCard", "actionCard",
                         "title", title, "text", text.p, text.n, "singleTitle", "打开", "singleURL",
                         s->link);
    if (marked)
        return json_pack("{s:s, s:{s:s, s:s%}, s:o}", "msgtype", "markdown", "markdown", "title",
                         title, "text", text.p, text.n, "at", at(cfg, s));
    return json_pack("{s:s, s:{s:s%}, s:o}", "msgtype", "text", "text", "content", text.p, text.n,
                     "at", at(cfg, s));
}

static bool sign(const struct robot_cfg *cfg, int64_t ms, struct text *url)
{
    TEXT_AUTO mark = {0};

    if (!cfg->secret)
        return true;
    if (!sign_dingtalk(&mark, ms, cfg->secret))
        return false;
    text_printf(url, "%ctimestamp=%lld&sign=", strchr(cfg->url, '?') ? '&' : '?', (long long)ms);
    text_percent(url, mark.p, mark.n);
    return true;
}

int dingtalk_make(const struct robot_cfg *cfg, const struct said *s, const struct moment *now,
                  struct request *out, struct qund_fault *why)
{
    (void)why;
    text_puts(&out->url, cfg->url);
    if (!sign(cfg, now->wall_ms, &out->url))
        return QUND_E_NOMEM;
    for (size_t max = TEXT_BYTES; max > 0; max /= 2) {
        json_t *body = body_of(cfg, s, max);

        if (!body)
            return QUND_E_NOMEM;
        text_done(&out->body);
        request_json(out, body);
        if (out->body.n <= BODY_BYTES)
            break;
    }
    return QUND_OK;
}
