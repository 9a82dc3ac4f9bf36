/* feishu.c - the custom bot of Feishu (Lark). Signed: seconds and signature go into the body. Its
 * text reads <at …>, so what people wrote is written with full-width signs, in every form. */
#include "robots.h"
#include <stdio.h>

#define BODY_BYTES 20000
#define TEXT_BYTES 15000

static void mention(const struct robot_cfg *cfg, const struct said *s, struct text *out)
{
    if (cfg->mention == MENTION_ALL) {
        text_puts(out, "<at user_id=\"all\">所有人</at> ");
    } else if (cfg->mention == MENTION_PERSON && *s->userid) {
        text_puts(out, "<at user_id=\"");
        text_puts(out, s->userid);
        text_puts(out, "\">");
        text_plain(out, s->name, strlen(s->name));
        text_puts(out, "</at> ");
    }
}

static json_t *content_text(const struct robot_cfg *cfg, const struct said *s, size_t max)
{
    TEXT_AUTO text = {0};

    mention(cfg, s, &text);
    said_compose(s, (struct room){.max = max, .marked = true}, &text);
    if (text.bad)
        return NULL;
    return json_pack("{s:s, s:{s:s%}}", "msg_type", "text", "content", "text", text.p, text.n);
}

/* A post: one paragraph a line, the link as one to press. */
static json_t *content_post(const struct robot_cfg *cfg, const struct said *s, size_t max)
{
    json_t *lines = json_array(), *first = json_array();
    struct said words = *s;
    TEXT_AUTO text = {0};

    words.link = "";
    said_compose(&words, (struct room){.max = max},
                 &text); /* a tag of its own: nothing is read in it */
    if (cfg->mention == MENTION_ALL)
        json_array_append_new(first, json_pack("{s:s, s:s}", "tag", "at", "user_id", "all"));
    else if (cfg->mention == MENTION_PERSON && *s->userid)
        json_array_append_new(first, json_pack("{s:s, s:s}", "tag", "at", "user_id", s->userid));
    json_array_append_new(
        first, json_pack("{s:s, s:s%}", "tag", "text", "text", text.p ? text.p : "", text.n));
    json_array_append_new(lines, first);
    if (*s->link)
        json_array_append_new(
            lines, json_pack("[{s:s, s:s, s:s}]", "tag", "a", "text", "打开", "href", s->link));
    return json_pack("{s:s, s:{s:{s:{s:s, s:o}}}}", "msg_type", "post", "content", "post", "zh_cn",
                     "title", robot_title(cfg, s), "content", lines);
}

static json_t *content_card(const struct robot_cfg *cfg, const struct said *s, size_t max)
{
    bool bad = strcmp(s->level, "urgent") == 0;
    json_t *elements = json_array();
    struct said words = *s;
    TEXT_AUTO text = {0};

    words.link = "";
    said_compose(&words, (struct room){.max = max, .marked = true}, &text);
    json_array_append_new(elements, json_pack("{s:s, s:{s:s, s:s%}}", "tag", "div", "text", "tag",
                                              "lark_md", "content", text.p ? text.p : "", text.n));
    if (*s->link)
        json_array_append_new(elements,
                              json_pack("{s:s, s:[{s:s, s:{s:s, s:s}, s:s, s:s}]}", "tag", "action",
                                        "actions", "tag", "button", "text", "tag", "plain_text",
                                        "content", "打开", "type", "primary", "url", s->link));
    return json_pack("{s:s, s:{s:{s:b}, s:{s:s, s:{s:s, s:s}}, s:o}}", "msg_type", "interactive",
                     "card", "config", "wide_screen_mode", 1, "header", "template",
                     bad                             ? "red"
                     : strcmp(s->level, "warn") == 0 ? "orange"
                                                     : "blue",
                     "title", "tag", "plain_text", "content", robot_title(cfg, s), "elements",
                     elements);
}

static bool sign(const struct robot_cfg *cfg, int64_t wall_ms, json_t *body)
{
    TEXT_AUTO mark = {0}, s = {0};

    if (!cfg->secret)
        return true;
    text_printf(&s, "%lld", (long long)(wall_ms / 1000));
    return sign_feishu(&mark, wall_ms / 1000, cfg->secret) &&
           json_object_set_new(body, "timestamp", json_string(s.p)) == 0 &&
           json_object_set_new(body, "sign", json_string(mark.p)) == 0;
}

int feishu_make(const struct robot_cfg *cfg, const struct said *s, const struct moment *now,
                struct request *out, struct qund_fault *why)
{
    static json_t *(*const CONTENTS[])(const struct robot_cfg *, const struct said *, size_t) = {
        [FORM_TEXT] = content_text,
        [FORM_MARKDOWN] = content_post,
        [FORM_CARD] = content_card,
        [FORM_NEWS] = content_post,
    };

    (void)why;
    text_puts(&out->url, cfg->url);
    for (size_t max = TEXT_BYTES; max > 0; max /= 2) {
        json_t *body = CONTENTS[cfg->form](cfg, s, max);

        if (!body || !sign(cfg, now->wall_ms, body)) {
            json_decref(body);
            return QUND_E_NOMEM;
        }
        text_done(&out->body);
        request_json(out, body);
        if (out->body.n <= BODY_BYTES)
            break;
    }
    return QUND_OK;
}
