/* options.c - what an entry of robots says, what it must not, and what its files make of it.
 *
 * A key that changes nothing is refused: who wrote it believes in it. */
#include "robots.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

const char *const ROBOT_KINDS[] = {"wecom", "dingtalk", "feishu", "template", NULL};

/* --- what belongs to an entry, from files --- */

static int load_template(const struct robot_cfg *cfg, struct robot_parts *out,
                         struct qund_fault *why)
{
    json_t *j = shipped_load(cfg->template, why);
    int rc = QUND_E_INVAL;

    if (j && (out->template = template_new(j, why)))
        rc = template_check(out->template, cfg, why);
    if (rc == 0 && !cfg->answers &&
        !(out->answers = answers_new(json_object_get(j, "answer"), why)))
        rc = QUND_E_INVAL;
    json_decref(j);
    return rc;
}

void robot_parts_done(struct robot_parts *p)
{
    template_free(p->template);
    answers_free(p->answers);
    *p = (struct robot_parts){0};
}

int robot_load(const struct robot_cfg *cfg, struct robot_parts *out, struct qund_fault *why)
{
    const char *name = cfg->answers ? cfg->answers : ROBOT_KINDS[cfg->robot];
    int rc = cfg->robot == ROBOT_TEMPLATE ? load_template(cfg, out, why) : QUND_OK;
    json_t *j = NULL;

    if (rc == 0 && !out->answers) {
        j = shipped_load(name, why);
        out->answers = j ? answers_new(j, why) : NULL;
        rc = out->answers ? QUND_OK : QUND_E_INVAL;
        json_decref(j);
    }
    if (rc < 0)
        robot_parts_done(out);
    return rc;
}

/* --- the check --- */

static bool good_url(const struct robot_cfg *c)
{
    return strncmp(c->url, "https://", 8) == 0 ||
           (c->allow_private && strncmp(c->url, "http://", 7) == 0);
}

/* Where the vendors' robots live. An address elsewhere (a relay, a test) is taken as it is. */
static const struct {
    const char *host, *key;
    enum robot_kind robot;
} VENDORS[] = {{"qyapi.weixin.qq.com", "key=", ROBOT_WECOM},
               {"oapi.dingtalk.com", "access_token=", ROBOT_DINGTALK},
               {"open.feishu.cn", "/hook/", ROBOT_FEISHU},
               {"open.larksuite.com", "/hook/", ROBOT_FEISHU}};

static int check_vendor(const struct robot_cfg *c, struct qund_fault *why)
{
    const char *host = strstr(c->url, "://") + 3;
    size_t n = strcspn(host, ":/?");

    for (size_t i = 0; i < sizeof(VENDORS) / sizeof(VENDORS[0]); i++) {
        const char *key;

        if (strlen(VENDORS[i].host) != n || strncasecmp(VENDORS[i].host, host, n) != 0)
            continue;
        if ((int)VENDORS[i].robot != c->robot)
            return robot_fault(why, QUND_E_INVAL, "url", "it is the address of a robot of %s",
                               ROBOT_KINDS[VENDORS[i].robot]);
        key = strstr(host, VENDORS[i].key);
        if (!key || !key[strlen(VENDORS[i].key)])
            return robot_fault(why, QUND_E_INVAL, "url",
                               "the key is missing: '%s…' is wanted, as the vendor shows it",
                               VENDORS[i].key);
    }
    return QUND_OK;
}

static int check_idle(const struct robot_cfg *c, struct qund_fault *why)
{
    bool vendor = c->robot != ROBOT_TEMPLATE;
    const struct {
        const char *key;
        bool idle;
    } rows[] = {
        {"token", vendor && c->token},
        {"to", vendor && c->to.n > 0},
        {"template", vendor && c->template},
        {"secret", c->robot == ROBOT_WECOM && c->secret},
        {"form", !vendor && c->form != FORM_TEXT},
        {"mention", !vendor && c->mention != MENTION_PERSON},
        {"media_dir", c->robot != ROBOT_WECOM && c->media_dir},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].idle)
            return robot_fault(why, QUND_E_INVAL, rows[i].key,
                               "with `robot: %s` it has no effect; remove the line",
                               ROBOT_KINDS[c->robot]);
    return QUND_OK;
}

static int check_media(const struct robot_cfg *c, struct qund_fault *why)
{
    struct stat st;

    if (!c->media_dir || (stat(c->media_dir, &st) == 0 && S_ISDIR(st.st_mode)))
        return QUND_OK;
    return robot_fault(why, QUND_E_INVAL, "media_dir",
                       "there is no folder %.150s; make it, or remove the line", c->media_dir);
}

static int check(const void *cfg, struct qund_fault *why)
{
    const struct robot_cfg *c = cfg;
    struct robot_parts parts = {0};
    int rc;

    if (c->robot != ROBOT_TEMPLATE && !c->url)
        return robot_fault(why, QUND_E_INVAL, "url", "the address the vendor shows is needed");
    if (c->url && !good_url(c))
        return robot_fault(why, QUND_E_INVAL, "url",
                           "https:// is wanted; http:// only with allow_private");
    if (c->robot != ROBOT_TEMPLATE && check_vendor(c, why) < 0)
        return QUND_E_INVAL;
    if (c->robot == ROBOT_TEMPLATE && !c->template)
        return robot_fault(why, QUND_E_INVAL, "template", "the name of a shipped file, or a path");
    if (check_idle(c, why) < 0 || check_media(c, why) < 0)
        return QUND_E_INVAL;
    rc = robot_load(c, &parts, why);
    robot_parts_done(&parts);
    return rc;
}

#define AT(m) offsetof(struct robot_cfg, m)
static const char *const FORMS[] = {"text", "markdown", "card", "news", NULL};
static const char *const MENTIONS[] = {"person", "none", "all", NULL};
static const struct qund_cfg_key KEYS[] = {
    {"robot", QUND_CFG_ENUM, AT(robot), "template", 0, 0, ROBOT_KINDS, QUND_CFG_REQUIRED,
     "Whose robot: wecom, dingtalk, feishu, or template."},
    {"url", QUND_CFG_URL, AT(url), NULL, 0, 0, NULL, 0,
     "The robot's address, as its vendor shows it."},
    {"secret", QUND_CFG_SECRET, AT(secret), NULL, 0, 0, NULL, 0,
     "Signs each message (DingTalk, Feishu); in templates a field."},
    {"token", QUND_CFG_SECRET, AT(token), NULL, 0, 0, NULL, 0, "A field of templates."},
    {"template", QUND_CFG_STRING, AT(template), NULL, 0, 0, NULL, 0,
     "A shipped file (slack, telegram, bark, …) or a path with a '/'."},
    {"answers", QUND_CFG_STRING, AT(answers), NULL, 0, 0, NULL, 0,
     "A table of codes in place of the shipped one."},
    {"to", QUND_CFG_LIST, AT(to), NULL, 0, 0, NULL, 0, "A field of templates: chats, numbers."},
    {"form", QUND_CFG_ENUM, AT(form), "text", 0, 0, FORMS, 0, "How a message looks."},
    {"mention", QUND_CFG_ENUM, AT(mention), "person", 0, 0, MENTIONS, 0,
     "Who is named: the person it is for, nobody, everybody."},
    {"keyword", QUND_CFG_STRING, AT(keyword), NULL, 0, 0, NULL, 0,
     "A word that the robot wants to read in every message."},
    {"title", QUND_CFG_STRING, AT(title), "qund", 0, 0, NULL, 0,
     "The headline of messages that have none."},
    {"media_dir", QUND_CFG_PATH, AT(media_dir), NULL, 0, 0, NULL, 0,
     "The folder from which images may be sent."},
    {"allow_private", QUND_CFG_BOOL, AT(allow_private), "false", 0, 0, NULL, 0,
     "The address may be loopback or private."},
};
const struct qund_cfg_table ROBOT_KEYS = {KEYS, sizeof(KEYS) / sizeof(KEYS[0]),
                                          sizeof(struct robot_cfg), check};
