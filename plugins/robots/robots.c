/* robots.c - ways to reach staff: group robots of WeCom, DingTalk and Feishu, and whatever else a
 * file can describe.
 *
 * One delivery is one request. Nothing is split: the vendors count messages, and the daemon's
 * bucket, which knows nothing of pieces, is what keeps their limits; a text that is too long is cut
 * at a character, and what leads to the whole of it (short id, link) stays. The pace within a
 * minute is the daemon's. Some peers count seconds as well; for these a delivery that comes too
 * early waits here for its place.
 *
 * An answer decides by its code (answer.c). UNKNOWN is tried once more with the same short id,
 * which a reader can recognise; nothing else is ever sent twice.
 *
 * Addresses carry the robot's key: they are printed and logged nowhere. */
#include "robots.h"
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define HELD_MAX 64 /* the daemon hands over eight at once */

enum robot_kind { ROBOT_WECOM, ROBOT_DINGTALK, ROBOT_FEISHU, ROBOT_TEMPLATE };
static const char *const KINDS[] = {"wecom", "dingtalk", "feishu", "template", NULL};
static const struct {
    int64_t rate, gap_ms; /* the vendor's */
    make_request *make;
} DIALECTS[] = {
    [ROBOT_WECOM] = {20, 0, wecom_make},
    [ROBOT_DINGTALK] = {20, 0, dingtalk_make},
    [ROBOT_FEISHU] = {100, 250, feishu_make}, /* and 5 a second */
    [ROBOT_TEMPLATE] = {0, 0, NULL},          /* the file says */
};

struct plugin {
    const struct qund_host *host;
    struct robot *robots;
};
/* A delivery that waits for its second. */
struct held {
    struct held *next;
    struct text body;     /* the body */
    int64_t id, until_ms; /* until: monotonic, its time is over */
    uint64_t token;
};
struct robot {
    struct robot *next, **prev;
    struct plugin *plugin;
    const struct robot_cfg *cfg; /* NULL: closed; lives on while calls are out */
    struct template *template;
    struct answers *answers;
    int64_t gap_ms, free_ms; /* monotonic: when the next may leave */
    struct held *held, **held_tail;
    size_t n_held;
    struct qund_alarm *alarm;
    struct call *calls;
};
struct call {
    struct call *next, **prev;
    struct robot *robot;
    uint64_t token;
};

/* --- what belongs to an entry, from files --- */

struct parts {
    struct template *template;
    struct answers *answers;
};

static int load_template(const struct robot_cfg *cfg, struct parts *out, struct qund_fault *why)
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

static void parts_done(struct parts *p)
{
    template_free(p->template);
    answers_free(p->answers);
    *p = (struct parts){0};
}

static int load(const struct robot_cfg *cfg, struct parts *out, struct qund_fault *why)
{
    const char *name = cfg->answers ? cfg->answers : KINDS[cfg->robot];
    int rc = cfg->robot == ROBOT_TEMPLATE ? load_template(cfg, out, why) : QUND_OK;
    json_t *j = NULL;

    if (rc == 0 && !out->answers) {
        j = shipped_load(name, why);
        out->answers = j ? answers_new(j, why) : NULL;
        rc = out->answers ? QUND_OK : QUND_E_INVAL;
        json_decref(j);
    }
    if (rc < 0)
        parts_done(out);
    return rc;
}

/* --- one request --- */

static void end(struct robot *r, uint64_t token, const struct verdict *v)
{
    r->plugin->host->delivered(r->plugin->host, token, v->how, qund_str(v->detail), v->wait_ms,
                               v->their_id[0] ? qund_str(v->their_id) : QUND_STR_NONE);
}

static void end_plain(struct robot *r, uint64_t token, enum qund_delivered how, int64_t wait_ms,
                      const char *where, const char *detail)
{
    struct verdict v = {.how = how, .wait_ms = wait_ms};

    snprintf(v.detail, sizeof(v.detail), "%.60s%s%.120s", where, *where ? ": " : "", detail);
    end(r, token, &v);
}

static void robot_free(struct robot *r)
{
    *r->prev = r->next;
    if (r->next)
        r->next->prev = r->prev;
    template_free(r->template);
    answers_free(r->answers);
    free(r);
}

static void call_free(struct call *c)
{
    *c->prev = c->next;
    if (c->next)
        c->next->prev = c->prev;
    free(c);
}

static void told(void *arg, const struct qund_told_http *t)
{
    struct call *c = arg;
    struct robot *r = c->robot;
    struct verdict v;

    answers_read(r->answers, t, &v);
    end(r, c->token, &v);
    call_free(c);
    if (!r->cfg && !r->calls)
        robot_free(r);
}

static int make(struct robot *r, struct qund_str body, int64_t id, struct request *out,
                struct qund_fault *why)
{
    struct moment now = {.wall_ms = r->plugin->host->wall_ms(r->plugin->host), .id = id};
    TEXT_AUTO hex = {0};
    unsigned char random[16];
    struct said said;
    int rc = said_read(&said, body, KINDS[r->cfg->robot]);

    if (rc < 0)
        return robot_fault(why, rc, "body", "not a JSON object");
    if (strcmp(said.kind, "recall") == 0) {
        said_done(&said);
        return robot_fault(why, QUND_E_INVAL, "kind", "a robot cannot take back what it said");
    }
    said.keyword = r->cfg->keyword;
    if (RAND_bytes(random, sizeof(random)) == 1)
        text_hex(&hex, random, sizeof(random));
    snprintf(now.nonce, sizeof(now.nonce), "%s", hex.p ? hex.p : "0");
    rc = r->template ? template_make(r->template, r->cfg, &said, &now, out, why)
                     : DIALECTS[r->cfg->robot].make(r->cfg, &said, &now, out, why);
    said_done(&said);
    return rc == 0 && (out->url.bad || out->body.bad || out->method.bad) ? QUND_E_NOMEM : rc;
}

static int ask(struct robot *r, const struct request *req, int64_t timeout_ms, struct call *c,
               struct qund_fault *why)
{
    struct qund_header headers[HEADERS_MAX];
    struct qund_ask_http what = {.method = text_view(&req->method),
                                 .url = text_view(&req->url),
                                 .headers = headers,
                                 .n_headers = req->n_headers,
                                 .body = text_view(&req->body),
                                 .timeout_ms = timeout_ms,
                                 .allow_private = r->cfg->allow_private};

    for (size_t i = 0; i < req->n_headers; i++)
        headers[i] = (struct qund_header){text_view(&req->names[i]), text_view(&req->values[i])};
    return r->plugin->host->http(r->plugin->host, &what, told, c, NULL, why);
}

static void send(struct robot *r, struct qund_str body, int64_t id, uint64_t token,
                 int64_t timeout_ms)
{
    struct qund_fault why = {0};
    struct request req = {0};
    struct call *c = calloc(1, sizeof(*c));
    int rc = c ? make(r, body, id, &req, &why) : QUND_E_NOMEM;

    if (rc == 0) {
        *c = (struct call){.next = r->calls, .prev = &r->calls, .robot = r, .token = token};
        if (c->next)
            c->next->prev = &c->next;
        r->calls = c;
        rc = ask(r, &req, timeout_ms, c, &why);
        if (rc < 0)
            call_free(c);
    } else {
        free(c);
    }
    request_done(&req);
    if (rc == QUND_E_NOMEM || rc == QUND_E_FULL) /* ours: no try, and nothing against the peer */
        end_plain(r, token, QUND_LIMITED, 1000, "", why.text[0] ? why.text : "no memory");
    else if (rc < 0)
        end_plain(r, token, QUND_DROP, -1, why.where, why.text);
}

/* --- one after the other --- */

static int64_t mono(const struct robot *r)
{
    return r->plugin->host->mono_ms(r->plugin->host);
}

static void pump(void *arg)
{
    struct robot *r = arg;

    while (r->held && mono(r) >= r->free_ms) {
        struct held *h = r->held;

        r->held = h->next;
        if (!r->held)
            r->held_tail = &r->held;
        r->n_held--;
        r->free_ms = mono(r) + r->gap_ms;
        send(r, text_view(&h->body), h->id, h->token, h->until_ms - mono(r));
        text_done(&h->body);
        free(h);
    }
    if (r->held)
        r->plugin->host->alarm_start(r->alarm, r->free_ms - mono(r), 0);
}

static void deliver(void *target, const struct qund_delivery *d, uint64_t token)
{
    struct robot *r = target;
    struct held *h = r->n_held < HELD_MAX ? calloc(1, sizeof(*h)) : NULL;

    if (!h) {
        end_plain(r, token, QUND_LIMITED, 1000, "", "too many wait for their second");
        return;
    }
    *h = (struct held){.id = d->id, .token = token, .until_ms = mono(r) + d->timeout_ms};
    text_add(&h->body, d->body.p, d->body.n);
    *r->held_tail = h;
    r->held_tail = &h->next;
    r->n_held++;
    pump(r);
}

/* --- entries --- */

static int target_open(void *ctx, const struct qund_entry_info *info, void **target,
                       struct qund_fault *why)
{
    struct plugin *p = ctx;
    struct robot *r = calloc(1, sizeof(*r));
    struct parts parts = {0};
    int rc = r ? load(info->cfg, &parts, why) : QUND_E_NOMEM;

    if (rc < 0) {
        free(r);
        return rc;
    }
    r->plugin = p;
    r->cfg = info->cfg;
    r->template = parts.template;
    r->answers = parts.answers;
    r->gap_ms = r->template ? template_gap_ms(r->template) : DIALECTS[r->cfg->robot].gap_ms;
    /* The last life may have sent one a moment ago. */
    r->free_ms = mono(r) + r->gap_ms;
    r->held_tail = &r->held;
    r->alarm = p->host->alarm_new(p->host, pump, r);
    r->next = p->robots;
    r->prev = &p->robots;
    if (r->next)
        r->next->prev = &r->next;
    p->robots = r;
    *target = r;
    return QUND_OK;
}

/* What is on its way is still told; what only waited has not left and may go again. */
static void target_close(void *target)
{
    struct robot *r = target;

    while (r->held) {
        struct held *h = r->held;

        r->held = h->next;
        end_plain(r, h->token, QUND_LIMITED, 1000, "", "the target is configured anew");
        text_done(&h->body);
        free(h);
    }
    r->held_tail = &r->held;
    r->plugin->host->alarm_free(r->alarm);
    r->cfg = NULL;
    if (!r->calls)
        robot_free(r);
}

static int start(const struct qund_host *host, void **ctx, struct qund_fault *why)
{
    struct plugin *p = calloc(1, sizeof(*p));

    if (!p)
        return robot_fault(why, QUND_E_NOMEM, "", "no memory");
    p->host = host;
    *ctx = p;
    return QUND_OK;
}

static void stop(void *ctx)
{
    struct plugin *p = ctx;

    while (p->robots) { /* closed, with calls that nobody will be told of */
        while (p->robots->calls)
            call_free(p->robots->calls);
        robot_free(p->robots);
    }
    free(p);
}

/* --- options --- */

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
                               KINDS[VENDORS[i].robot]);
        key = strstr(host, VENDORS[i].key);
        if (!key || !key[strlen(VENDORS[i].key)])
            return robot_fault(why, QUND_E_INVAL, "url",
                               "the key is missing: '%s…' is wanted, as the vendor shows it",
                               VENDORS[i].key);
    }
    return QUND_OK;
}

static int check(const void *cfg, struct qund_fault *why)
{
    const struct robot_cfg *c = cfg;
    struct parts parts = {0};
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
    rc = load(c, &parts, why);
    parts_done(&parts);
    return rc;
}

static int64_t target_rate(const void *cfg)
{
    const struct robot_cfg *c = cfg;
    struct parts parts = {0};
    struct qund_fault why;
    int64_t rate = DIALECTS[c->robot].rate;

    if (c->robot == ROBOT_TEMPLATE && load(c, &parts, &why) == 0)
        rate = template_rate(parts.template);
    parts_done(&parts);
    return rate;
}

/* The vendors' robots stand in groups. */
static bool target_shared(const void *cfg)
{
    const struct robot_cfg *c = cfg;
    struct parts parts = {0};
    struct qund_fault why;
    bool shared = true;

    if (c->robot == ROBOT_TEMPLATE && load(c, &parts, &why) == 0)
        shared = template_shared(parts.template, c);
    parts_done(&parts);
    return shared;
}

/* A robot of one person's own has one place to write to, a gateway may have each person's. */
static bool target_single(const void *cfg)
{
    const struct robot_cfg *c = cfg;
    struct parts parts = {0};
    struct qund_fault why;
    bool single = c->robot == ROBOT_TEMPLATE && load(c, &parts, &why) == 0 &&
                  !template_shared(parts.template, c) && !template_names_its_person(parts.template);

    parts_done(&parts);
    return single;
}

#define AT(m) offsetof(struct robot_cfg, m)
static const char *const FORMS[] = {"text", "markdown", "card", "news", NULL};
static const char *const MENTIONS[] = {"person", "none", "all", NULL};
static const struct qund_cfg_key KEYS[] = {
    {"robot", QUND_CFG_ENUM, AT(robot), "template", 0, 0, KINDS, QUND_CFG_REQUIRED,
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
static const struct qund_cfg_table TABLE = {KEYS, sizeof(KEYS) / sizeof(KEYS[0]),
                                            sizeof(struct robot_cfg), check};

static const struct qund_plugin PLUGIN = {
    .size = sizeof(struct qund_plugin),
    .abi_major = QUND_ABI_MAJOR,
    .abi_minor = 2,
    .name = "robots",
    .version = QUND_VERSION,
    .license = "Apache-2.0",
    .start = start,
    .stop = stop,
    .target_keys = &TABLE,
    .target_open = target_open,
    .target_close = target_close,
    .deliver = deliver,
    .repeat = QUND_REPEAT_ONCE,
    .target_rate = target_rate,
    .target_shared = target_shared,
    .target_single = target_single,
};

QUND_EXPORT const struct qund_plugin *qund_plugin_entry(uint16_t host_major, uint16_t host_minor)
{
    (void)host_major, (void)host_minor;
    return &PLUGIN;
}
