/* target.c - a delivery to a chat, as a command to the bridge that sits in it.
 *
 * The body's kinds are docs/deliveries.md. `message` and `recall` say where; all others (alerts,
 * cards, digests) are a text for people and go where the target's `to` points, so a staff group on
 * a bridged platform can be what a robot is elsewhere; without `to` into the private chat of the
 * person they are for, as far as its id in the channel's realm is known.
 *
 * No connection, or too many commands without an answer, is not the delivery's failure: nothing was
 * sent, it waits like at a rate limit and costs no try. */
#include "bridge.h"
#include <stdio.h>
#include <stdlib.h>

enum { WAIT_MS = 3000, MARGIN_MS = 300 };

struct target {
    struct plugin *plugin;
    const struct target_cfg *cfg;
};

/* One delivery on its way to become a command. */
struct sending {
    const struct target *target;
    const struct qund_delivery *d;
    json_t *body;
    struct qund_str conv;
    bool group;
    struct bridge *bridge;
};

static void end(const struct target *t, uint64_t token, enum qund_delivered how, const char *why,
                int64_t wait_ms)
{
    t->plugin->host->delivered(t->plugin->host, token, how, qund_str(why), wait_ms, QUND_STR_NONE);
}

/* "group:123" or "private:456"; false: neither. */
static bool split_to(const char *to, struct qund_str *conv, bool *group)
{
    struct qund_str s = qund_str(to);
    size_t n = qund_str_starts(s, "group:") ? 6 : qund_str_starts(s, "private:") ? 8 : 0;

    if (n == 0 || s.n == n)
        return false;
    *group = n == 6;
    *conv = qund_str_n(s.p + n, s.n - n);
    return true;
}

bool bridge_target_shared(const void *cfg)
{
    const struct target_cfg *t = cfg;
    struct qund_str conv;
    bool group;

    return t->to && split_to(t->to, &conv, &group) && group;
}

bool bridge_target_single(const void *cfg)
{
    const struct target_cfg *t = cfg;
    struct qund_str conv;
    bool group;

    return t->to && split_to(t->to, &conv, &group) && !group;
}

/* NULL, or why there is none. */
static const char *find_place(struct sending *s, const struct channel *c)
{
    json_t *person = json_object_get(s->body, "person");

    s->conv = bridge_id(s->body, "group");
    s->group = s->conv.n > 0;
    if (!s->group)
        s->conv = bridge_id(s->body, "person_id");
    if (s->conv.n > 0)
        return NULL;
    if (s->target->cfg->to)
        return split_to(s->target->cfg->to, &s->conv, &s->group) ? NULL : "`to` cannot be read";
    if (person && !c)
        return NULL; /* it waits for its channel, which knows the realm */
    if (c)
        s->conv = bridge_id(json_object_get(person, "ids"), c->realm);
    if (s->conv.n > 0)
        return NULL;
    return person ? "nobody to send it to: whom it is for has no id in the channel's realm (`ids` "
                    "in the org file), and the target has no `to`"
                  : "nobody to send it to: it names no group and no person, and the target has no "
                    "`to` (group:ID or private:ID)";
}

static struct channel *find_channel(const struct target *t)
{
    struct channel *c = t->plugin->channels;

    while (c && strcmp(c->name, t->cfg->channel) != 0)
        c = c->next;
    return c;
}

/* The account of the target's entry; else the one that saw what is answered, for only that one has
 * its chat; else whoever was last seen there. */
static struct bridge *find_bridge(const struct sending *s, struct channel *c)
{
    struct qund_str account = qund_str(s->target->cfg->account);

    if (!account.p) {
        account = bridge_id(s->body, "account");
        if (!channel_knows(c, account))
            account = QUND_STR_NONE;
    }
    return channel_bridge(c, s->conv, account);
}

static json_t *conv_of(const struct sending *s)
{
    return json_pack("{s:s%,s:s}", "id", s->conv.p, s->conv.n, "type",
                     s->group ? "group" : "direct");
}

/* The text, with what does not stand in it: the link, and what cannot be sent as a file. */
static json_t *text_of(const struct sending *s, bool media)
{
    const json_t *list = json_object_get(s->body, "media");
    struct qund_str words = bridge_text(s->body, "text"), link = bridge_text(s->body, "link");
    bool there = link.n > 0 && words.n > 0 && memmem(words.p, words.n, link.p, link.n);
    struct qund_str parts[2] = {words, there ? QUND_STR("") : link};
    size_t n = parts[0].n + parts[1].n + 2, at = 0;
    json_t *out;
    char *text;

    for (size_t i = 0; !media && i < json_array_size(list); i++)
        n += bridge_text(json_array_get(list, i), "url").n + 1;
    text = calloc(1, n);
    if (!text)
        return NULL;
    for (size_t i = 0; i < 2; i++)
        at += (size_t)snprintf(text + at, n - at, "%s%.*s", at > 0 && parts[i].n > 0 ? "\n" : "",
                               QUND_STR_ARG(parts[i]));
    for (size_t i = 0; !media && i < json_array_size(list); i++) {
        struct qund_str url = bridge_text(json_array_get(list, i), "url");

        if (url.n > 0)
            at += (size_t)snprintf(text + at, n - at, "%s%.*s", at > 0 ? "\n" : "",
                                   QUND_STR_ARG(url));
    }
    out = at > 0 ? json_stringn(text, at) : NULL;
    free(text);
    return out;
}

static json_t *send_args(const struct sending *s)
{
    static const char *const COPIED[] = {"mentions", "reply_to", "auto", "media"};
    bool media = s->bridge->caps & CAP_SEND_MEDIA;
    json_t *args = json_object(), *text = text_of(s, media);

    json_object_set_new(args, "conv", conv_of(s));
    json_object_set_new(args, "key", json_stringn(s->d->key.p, s->d->key.n));
    if (text)
        json_object_set_new(args, "text", text);
    for (size_t i = 0; i < sizeof(COPIED) / sizeof(COPIED[0]) - !media; i++) {
        json_t *v = json_object_get(s->body, COPIED[i]);

        if (v && !json_is_null(v))
            json_object_set(args, COPIED[i], v);
    }
    return args;
}

static json_t *recall_args(const struct sending *s)
{
    struct qund_str message = bridge_id(s->body, "message");
    json_t *args;

    if (message.n == 0)
        return NULL;
    args = json_object();
    json_object_set_new(args, "conv", conv_of(s));
    json_object_set_new(args, "msg", json_stringn(message.p, message.n));
    return args;
}

static const char *send_it(struct sending *s, uint64_t token)
{
    bool recall = qund_str_is(bridge_text(s->body, "kind"), "recall");
    struct pending what = {.what = WAITS_DELIVERY, .token = token};
    int64_t patience = s->bridge->channel->cfg->answer_ms;
    json_t *args;

    if (json_is_true(json_object_get(s->body, "confirm")))
        return "a bridge says it at once and lays nothing before a person";
    if (!(s->bridge->caps & (recall ? CAP_RECALL : CAP_SEND_TEXT)))
        return recall ? "this bridge cannot recall" : "this bridge cannot send";
    args = recall ? recall_args(s) : send_args(s);
    if (!args || (!recall && !json_object_get(args, "text") && !json_object_get(args, "media"))) {
        json_decref(args);
        return recall ? "which message is to be recalled is not known" : "there is nothing to send";
    }
    if (patience > s->d->timeout_ms - MARGIN_MS)
        patience = s->d->timeout_ms - MARGIN_MS;
    if (bridge_command(s->bridge, &what, recall ? "recall" : "send", args, patience) < 0)
        end(s->target, token, QUND_LIMITED, "the bridge has too much in hand", WAIT_MS);
    return NULL;
}

void bridge_deliver(void *target, const struct qund_delivery *d, uint64_t token)
{
    const struct target *t = target;
    struct channel *c = find_channel(t);
    struct sending s = {.target = t, .d = d};
    const char *refused = NULL;

    s.body = json_loadb(d->body.p, d->body.n, JSON_ALLOW_NUL, NULL);
    refused = json_is_object(s.body) ? find_place(&s, c) : "the body is no JSON object";
    if (!refused && c)
        s.bridge = find_bridge(&s, c);
    if (!refused && s.bridge)
        refused = send_it(&s, token);
    else if (!refused)
        end(t, token, QUND_LIMITED, c ? "no bridge is connected" : "its channel is not open",
            WAIT_MS);
    if (refused)
        end(t, token, QUND_DROP, refused, -1);
    json_decref(s.body);
}

/* --- the answer --- */

static enum qund_delivered how_of(const json_t *res, const json_t *err)
{
    struct qund_str code = bridge_text(err, "code");

    if (bridge_bool(res, "ok"))
        return QUND_SENT;
    if (qund_str_is(code, "limited"))
        return QUND_LIMITED;
    if (!json_is_false(json_object_get(res, "ok")) || qund_str_is(code, "unknown"))
        return QUND_UNKNOWN;
    return bridge_bool(err, "retry") ? QUND_RETRY : QUND_DROP;
}

void bridge_delivered(struct bridge *b, uint64_t token, const json_t *res)
{
    const struct qund_host *h = b->channel->plugin->host;
    json_t *err = json_object_get(res, "err"), *data = json_object_get(res, "data");
    enum qund_delivered how = how_of(res, err);
    int64_t wait_ms = bridge_int(err, "retry_ms", -1);
    char detail[190];

    snprintf(detail, sizeof(detail), "%.40s %.120s",
             bridge_text(err, "code").p ? bridge_text(err, "code").p : "",
             bridge_text(err, "text").p ? bridge_text(err, "text").p : "");
    h->delivered(h, token, how,
                 how == QUND_SENT
                     ? QUND_STR_NONE
                     : qund_str(detail[0] != ' ' || detail[1] ? detail : "no reason was given"),
                 how == QUND_LIMITED || how == QUND_RETRY ? wait_ms : -1, bridge_id(data, "id"));
}

/* --- the entry --- */

/* Nor ends of lines: no id has one. */
static bool no_blank(struct qund_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
            return false;
    return true;
}

static int check(const void *cfg, struct qund_fault *why)
{
    const struct target_cfg *c = cfg;
    struct qund_str conv;
    bool group;

    if (!c->to || (split_to(c->to, &conv, &group) && no_blank(conv)))
        return QUND_OK;
    return bridge_fault(why, QUND_E_INVAL, "to",
                        "'%.100s' must be group:ID or private:ID, without blanks", c->to);
}

#define T(m) offsetof(struct target_cfg, m)
static const struct qund_cfg_key KEYS[] = {
    {"channel", QUND_CFG_STRING, T(channel), NULL, 0, 0, NULL, QUND_CFG_REQUIRED | QUND_CFG_CHANNEL,
     "The channel of kind bridge through whose connection it speaks."},
    {"to", QUND_CFG_STRING, T(to), NULL, 0, 0, NULL, 0,
     "group:ID or private:ID: where alerts go, and all that names no chat itself. Unset: to the "
     "person they are for, in private, when an id of the channel's realm is known."},
    {"account", QUND_CFG_STRING, T(account), NULL, 0, 0, NULL, 0,
     "Which account speaks when several are connected. Default: the one that was last seen in the "
     "chat."},
};
const struct qund_cfg_table BRIDGE_TARGET_KEYS = {KEYS, sizeof(KEYS) / sizeof(KEYS[0]),
                                                  sizeof(struct target_cfg), check};

int bridge_target_open(void *ctx, const struct qund_entry_info *info, void **target,
                       struct qund_fault *why)
{
    struct target *t = *target = calloc(1, sizeof(*t));

    if (!t)
        return bridge_fault(why, QUND_E_NOMEM, "", "no memory");
    *t = (struct target){ctx, info->cfg};
    return QUND_OK;
}
