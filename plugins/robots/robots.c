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

#define HELD_MAX 64 /* the daemon hands over eight at once */

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
    int rc = said_read(&said, body, ROBOT_KINDS[r->cfg->robot]);

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
    struct robot_parts parts = {0};
    int rc = r ? robot_load(info->cfg, &parts, why) : QUND_E_NOMEM;

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

/* --- what is known of an entry --- */

static int64_t target_rate(const void *cfg)
{
    const struct robot_cfg *c = cfg;
    struct robot_parts parts = {0};
    struct qund_fault why;
    int64_t rate = DIALECTS[c->robot].rate;

    if (c->robot == ROBOT_TEMPLATE && robot_load(c, &parts, &why) == 0)
        rate = template_rate(parts.template);
    robot_parts_done(&parts);
    return rate;
}

/* The vendors' robots stand in groups. */
static bool target_shared(const void *cfg)
{
    const struct robot_cfg *c = cfg;
    struct robot_parts parts = {0};
    struct qund_fault why;
    bool shared = true;

    if (c->robot == ROBOT_TEMPLATE && robot_load(c, &parts, &why) == 0)
        shared = template_shared(parts.template, c);
    robot_parts_done(&parts);
    return shared;
}

/* A robot of one person's own has one place to write to, a gateway may have each person's. */
static bool target_single(const void *cfg)
{
    const struct robot_cfg *c = cfg;
    struct robot_parts parts = {0};
    struct qund_fault why;
    bool single = c->robot == ROBOT_TEMPLATE && robot_load(c, &parts, &why) == 0 &&
                  !template_shared(parts.template, c) && !template_names_its_person(parts.template);

    robot_parts_done(&parts);
    return single;
}

/* They write where they stand, or to the entry's `to`: a body's group changes nothing. */
static bool target_speaks(const void *cfg)
{
    (void)cfg;
    return false;
}

static const struct qund_plugin PLUGIN = {
    .size = sizeof(struct qund_plugin),
    .abi_major = QUND_ABI_MAJOR,
    .abi_minor = 2,
    .name = "robots",
    .version = QUND_VERSION,
    .license = "Apache-2.0",
    .start = start,
    .stop = stop,
    .target_keys = &ROBOT_KEYS,
    .target_open = target_open,
    .target_close = target_close,
    .deliver = deliver,
    .repeat = QUND_REPEAT_ONCE,
    .target_rate = target_rate,
    .target_shared = target_shared,
    .target_single = target_single,
    .target_speaks = target_speaks,
};

QUND_EXPORT const struct qund_plugin *qund_plugin_entry(uint16_t host_major, uint16_t host_minor)
{
    (void)host_major, (void)host_minor;
    return &PLUGIN;
}
