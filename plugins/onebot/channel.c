/* plugins/onebot/channel.c - a channel: its keys, its accounts, its clock.
 *
 * One alarm drives everything that waits: calls that got no answer, dials that wait, lists to be
 * read, frames to be handed over again. A fifth of a second is fine enough for all of them. */
#include "onebot.h"
#include <stdio.h>
#include <stdlib.h>

#define GATE_MS 10000
#define NAME_MAX_BYTES 64u /* of an account; its state has it in its key */
#define CLOSE_TOKEN 4401

/* --- keys --- */

#define CH(m) offsetof(struct ob_channel_cfg, m)
static const struct qund_cfg_key KEYS[] = {
    {"token", QUND_CFG_SECRET, CH(token), NULL, 0, 0, NULL, QUND_CFG_RELOAD,
     "The access token, both ways: bridges show it to us, and we to them."},
    {"secret", QUND_CFG_SECRET, CH(secret), NULL, 0, 0, NULL, QUND_CFG_RELOAD,
     "Events posted by HTTP must be signed with it (`X-Signature`); a token makes up for no "
     "signature."},
    {"connect", QUND_CFG_LIST, CH(connect), NULL, 0, 0, NULL, 0,
     "Bridges that listen: `ws://HOST:PORT/`, dialled and dialled again."},
    {"api", QUND_CFG_LIST, CH(api), NULL, 0, 0, NULL, 0,
     "Where actions go by HTTP, for bridges that only post their events: `http://HOST:PORT`."},
    {"accounts", QUND_CFG_LIST, CH(accounts), NULL, 0, 0, NULL, QUND_CFG_RELOAD,
     "The accounts that may speak here; unset: any that shows the token."},
    {"allow_private", QUND_CFG_BOOL, CH(allow_private), "true", 0, 0, NULL, 0,
     "What is dialled may be on this machine or in a private network, and without TLS."},
    {"max_frame", QUND_CFG_SIZE, CH(max_frame), "8MiB", 4 << 10, 16 << 20, NULL, 0,
     "A longer frame closes its connection."},
    {"members", QUND_CFG_DURATION, CH(members_ms), "1h", 0, INT64_C(7) * 86400000, NULL,
     QUND_CFG_RELOAD, "Member lists are read on connect and so often; `0s`: never."},
    {"history", QUND_CFG_INT, CH(history), "100", 0, 1000, NULL, QUND_CFG_RELOAD,
     "Messages of a group that are asked for at once to fill a gap; `0`: none."},
    {"token_again", QUND_CFG_DURATION, CH(token_again_ms), "5m", 1000, 600000, NULL,
     QUND_CFG_RELOAD,
     "How long a bridge of `connect` or `api` that refuses our token is left alone before it is "
     "tried again; any reload tries at once."},
    {"unreached", QUND_CFG_DURATION, CH(unreached_ms), "1m", 1000, 86400000, NULL, QUND_CFG_RELOAD,
     "A bridge of `connect` or `api` that cannot be reached for so long is named in /readyz."},
    {"pace", QUND_CFG_DURATION, CH(pace_ms), "1200ms", 0, 60000, NULL, QUND_CFG_RELOAD,
     "Between two messages of one account, ± 30 %: those that send faster get restricted."},
    {"quick_reply", QUND_CFG_DURATION, CH(quick_ms), "0s", 0, 10000, NULL, QUND_CFG_RELOAD,
     "How long a posted message waits for a reply to go into its answer, where no action can be "
     "sent; `0s`: never."},
};

/* Behind the scheme: HOST, [HOST]:PORT or HOST:PORT, then nothing or a path; no blanks. */
static bool is_place(const char *z)
{
    size_t host = *z == '[' ? strcspn(z, "]") + 1 : strcspn(z, ":/?"), port = 0;
    long n = 0;

    if (z[0] == '[' && z[host - 1] != ']')
        return false;
    for (const char *p = z; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return false;
    if (host == 0 || z[host] != ':')
        return host > 0 && (!z[host] || z[host] == '/' || z[host] == '?');
    for (z += host + 1; port < 6 && z[port] >= '0' && z[port] <= '9'; port++)
        n = n * 10 + (z[port] - '0');
    return n > 0 && n < 65536 && (!z[port] || z[port] == '/' || z[port] == '?');
}

static bool is_url(const char *url, const char *plain, const char *tls)
{
    const char *scheme = qund_str_starts(qund_str(url), plain) ? plain
                         : qund_str_starts(qund_str(url), tls) ? tls
                                                               : NULL;

    return scheme && is_place(url + strlen(scheme));
}

static int fault(struct qund_fault *why, const char *where, const char *text)
{
    snprintf(why->where, sizeof(why->where), "%s", where);
    snprintf(why->text, sizeof(why->text), "%s", text);
    return QUND_E_INVAL;
}

static int check_addresses(const struct ob_channel_cfg *c, struct qund_fault *why)
{
    for (size_t i = 0; i < c->connect.n; i++)
        if (!is_url(c->connect.v[i], "ws://", "wss://"))
            return fault(why, "connect", "ws://HOST:PORT/ or wss://HOST/ is wanted");
        else if (!c->allow_private && qund_str_starts(qund_str(c->connect.v[i]), "ws://"))
            return fault(why, "connect",
                         "ws:// is without TLS: wss:// is wanted, or allow_private: true");
    for (size_t i = 0; i < c->api.n; i++)
        if (!is_url(c->api.v[i], "http://", "https://"))
            return fault(why, "api", "http://HOST:PORT or https://HOST is wanted");
        else if (!c->allow_private && qund_str_starts(qund_str(c->api.v[i]), "http://"))
            return fault(why, "api",
                         "http:// is without TLS: https:// is wanted, or allow_private: true");
    return QUND_OK;
}

static int check(const void *cfg, struct qund_fault *why)
{
    const struct ob_channel_cfg *c = cfg;
    int rc = check_addresses(c, why);

    if (rc < 0)
        return rc;
    for (const char *p = c->token ? c->token : ""; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f) /* it stands in a header */
            return fault(why, "token", "it has a line break or another control character in it");
    if (!c->token && !c->secret && c->connect.n == 0)
        return fault(why, "token",
                     "neither token nor secret: nobody could be told from a stranger, and all "
                     "would be refused; set one, or name a bridge to connect to");
    return QUND_OK;
}

const struct qund_cfg_table ob_channel_table = {KEYS, OB_LEN(KEYS), sizeof(struct ob_channel_cfg),
                                                check};

/* --- small things --- */

int64_t ob_mono(const struct ob_channel *c)
{
    return c->host->mono_ms(c->host);
}

void ob_set(char **to, struct qund_str s)
{
    if (*to && qund_str_is(s, *to))
        return;
    free(*to);
    *to = s.p ? ob_dup(s) : NULL;
}

bool ob_gate_open(struct ob_channel *c, struct ob_gate *g)
{
    int64_t now = ob_mono(c);

    if (now < g->next_ms) {
        g->left_out++;
        return false;
    }
    g->next_ms = now + GATE_MS;
    return true;
}

static const char *const REFUSALS[OB_REFUSALS] = {"token",   "signature", "frame",
                                                  "account", "event",     "room"};

void ob_refuse(struct ob_channel *c, enum ob_refusal why, const char *what, struct qund_str peer)
{
    struct ob_gate *g = &c->refusals[why];

    c->host->gauge_add(c->numbers.refused[why], 1);
    if (!ob_gate_open(c, g))
        return;
    QUND_SAY(c->host, QUND_WARN, "onebot.refused", QUND_KV("channel", c->name),
             QUND_KV("why", REFUSALS[why]), QUND_KV("what", what), QUND_KV("peer", peer),
             QUND_KV("left_out", g->left_out));
    g->left_out = 0;
}

/* --- numbers --- */

static struct qund_gauge *number(struct ob_channel *c, enum qund_gauge_kind kind, const char *name,
                                 const char *label, const char *value, const char *help)
{
    struct ob_text labels = {0};
    struct qund_gauge *g;

    ob_text_printf(&labels, "channel=\"%s\"", c->name);
    if (label)
        ob_text_printf(&labels, ",%s=\"%s\"", label, value);
    g = c->host->gauge(c->host, kind, name, labels.p, help);
    ob_text_done(&labels);
    return g;
}

static void numbers_open(struct ob_channel *c)
{
    static const char *const SORTS[OB_SORTS] = {"message", "notice", "request", "unknown"};
    static const char *const ACTED[OB_ACTED] = {"ok", "failed", "unanswered", "not_sent"};
    struct ob_numbers *n = &c->numbers;
    const struct {
        struct qund_gauge **to;
        enum qund_gauge_kind kind;
        const char *name, *help;
    } PLAIN[] = {
        {&n->accounts, QUND_GAUGE, "qund_onebot_accounts", "Accounts whose events come in."},
        {&n->connections, QUND_GAUGE, "qund_onebot_connections", "Open WebSockets of bridges."},
        {&n->held, QUND_GAUGE, "qund_onebot_held", "Events received and not durable yet."},
        {&n->strays, QUND_COUNTER, "qund_onebot_strays_total",
         "Answers that nobody waits for: too late, twice, or without an echo."},
        {&n->gaps, QUND_COUNTER, "qund_onebot_gaps_total", "Interruptions stored as gap events."},
        {&n->filled, QUND_COUNTER, "qund_onebot_filled_total",
         "Messages read from histories to fill gaps."},
        {&n->unfilled, QUND_COUNTER, "qund_onebot_unfilled_total",
         "Groups whose history could not be read after a gap."},
        {&n->snapshots, QUND_COUNTER, "qund_onebot_snapshots_total", "Member lists read."},
        {&n->slowed, QUND_COUNTER, "qund_onebot_slowed_total",
         "Times the bridges were slowed down."},
        {&n->dials, QUND_COUNTER, "qund_onebot_dials_total", "Bridges dialled."},
    };

    for (size_t i = 0; i < OB_LEN(PLAIN); i++)
        *PLAIN[i].to = number(c, PLAIN[i].kind, PLAIN[i].name, NULL, NULL, PLAIN[i].help);
    for (size_t i = 0; i < OB_SORTS; i++)
        n->events[i] = number(c, QUND_COUNTER, "qund_onebot_events_total", "type", SORTS[i],
                              "Events that bridges sent.");
    for (size_t i = 0; i < OB_REFUSALS; i++)
        n->refused[i] = number(c, QUND_COUNTER, "qund_onebot_refused_total", "why", REFUSALS[i],
                               "Connections, requests and frames refused.");
    for (size_t i = 0; i < OB_ACTED; i++)
        n->acted[i] = number(c, QUND_COUNTER, "qund_onebot_actions_total", "outcome", ACTED[i],
                             "Actions asked of bridges.");
}

static void numbers_tick(struct ob_channel *c)
{
    int64_t hearing = 0, open = 0;

    for (struct ob_account *a = c->accounts; a; a = a->next)
        hearing += ob_account_hears(a);
    for (struct ob_conn *k = c->conns; k; k = k->next)
        open += k->s != NULL && k->opened_ms > 0;
    c->host->gauge_set(c->numbers.accounts, hearing);
    c->host->gauge_set(c->numbers.connections, open);
}

/* --- accounts --- */

struct ob_account *ob_account_find(struct ob_channel *c, struct qund_str id)
{
    for (struct ob_account *a = c->accounts; a; a = a->next)
        if (qund_str_is(id, a->id))
            return a;
    return NULL;
}

static bool allowed(const struct ob_channel *c, struct qund_str id)
{
    for (size_t i = 0; i < c->cfg->accounts.n; i++)
        if (qund_str_is(id, c->cfg->accounts.v[i]))
            return true;
    return c->cfg->accounts.n == 0;
}

static void account_free(struct ob_account *a);

/* Of those that nothing leads to, the one that was heard least lately goes. Its state stays: should
 * it come back, it is known. */
static bool make_room(struct ob_channel *c)
{
    struct ob_account *idle = NULL;

    for (struct ob_account *a = c->accounts; a; a = a->next)
        if (!a->api && !a->telling && !ob_account_seated(a) &&
            (!idle || a->alive_ms < idle->alive_ms))
            idle = a;
    if (idle)
        account_free(idle);
    return idle != NULL;
}

const char *ob_account_denied(const struct ob_channel *c, struct qund_str id)
{
    if (!ob_sound_id(id) || id.n > NAME_MAX_BYTES)
        return "an account that is no id, or longer than 64 bytes";
    return allowed(c, id) ? "an account too many: 64 of this channel are connected"
                          : "an account that is not among `accounts`";
}

struct ob_account *ob_account_of(struct ob_channel *c, struct qund_str id)
{
    struct ob_account *a = ob_account_find(c, id);

    if (!allowed(c, id))
        return NULL;
    if (a || !ob_sound_id(id) || id.n > NAME_MAX_BYTES ||
        (c->n_accounts == OB_ACCOUNTS_MAX && !make_room(c)))
        return a;
    a = ob_alloc(sizeof(*a));
    a->c = c;
    a->id = ob_dup(id);
    a->works_end = &a->works;
    a->next = c->accounts;
    c->accounts = a;
    c->n_accounts++;
    ob_gap_restore(a);
    return a;
}

static void account_free(struct ob_account *a)
{
    struct ob_account **at = &a->c->accounts;

    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    a->c->n_accounts--;
    ob_rooms_free(a);
    free(a->id);
    free(a->platform);
    free(a->nickname);
    free(a);
}

void ob_account_style(const struct ob_account *a, int version, struct ob_style *s)
{
    *s = (struct ob_style){.version = version,
                           .group_text = a->group_text,
                           .user_text = a->user_text,
                           .message_text = a->message_text,
                           .account = a->id,
                           .platform = a->platform};
}

/* --- life --- */

static void on_tick(void *arg)
{
    struct ob_channel *c = arg;

    ob_flow_tick(c);
    ob_calls_tick(c);
    ob_conns_tick(c);
    ob_dials_tick(c);
    ob_apis_tick(c);
    ob_bridges_tick(c);
    ob_gaps_tick(c);
    ob_visits_tick(c);
    ob_rooms_tick(c);
    numbers_tick(c);
}

int ob_channel_open(void *ctx, const struct qund_entry_info *info, void **channel,
                    struct qund_fault *why)
{
    struct ob_channel *c = ob_alloc(sizeof(*c));

    (void)why;
    c->bot = ctx;
    c->host = c->bot->host;
    c->channel = info->channel;
    c->cfg = info->cfg;
    c->name = ob_dup(qund_str(info->name));
    c->realm = ob_dup(qund_str(info->realm));
    c->next = c->bot->channels;
    c->bot->channels = c;
    c->flow = ob_flow_new(c);
    c->opened_ms = c->host->now_ms(c->host);
    numbers_open(c);
    ob_gaps_open(c);
    ob_apis_open(c); /* the last one opened is named first */
    ob_dials_open(c);
    c->tick = c->host->alarm_new(c->host, on_tick, c);
    c->host->alarm_start(c->tick, OB_TICK_MS, OB_TICK_MS);
    *channel = c;
    return QUND_OK;
}

/* Whoever came in with a token that holds no longer, or speaks for an account that may not any
 * more, goes. Such an account is gone with all that was to be done for it, its gap included. */
void ob_channel_reload(void *channel, const void *cfg)
{
    struct ob_channel *c = channel;
    const char *before = c->cfg->token;
    struct ob_account *next;

    c->cfg = cfg;
    if (before != c->cfg->token &&
        (!before || !c->cfg->token || strcmp(before, c->cfg->token) != 0)) {
        for (struct ob_conn *k = c->conns; k; k = k->next)
            ob_conn_close(k, CLOSE_TOKEN, "the token has changed");
        ob_dials_changed(c);
    }
    ob_dials_again(c);
    for (struct ob_account *a = c->accounts; a; a = next) {
        next = a->next;
        if (allowed(c, qund_str(a->id)))
            continue;
        ob_conns_unseat(a);
        account_free(a);
    }
    ob_apis_again(c); /* whose account may be another now, or allowed again */
}

/* Sockets and requests are the host's to end; what we know of them goes here. */
void ob_channel_close(void *channel)
{
    struct ob_channel *c = channel, **at = &c->bot->channels;

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    c->host->alarm_free(c->tick);
    while (c->conns)
        ob_conn_free(c->conns);
    ob_apis_free(c);
    ob_dials_free(c);
    ob_visits_free(c);
    ob_flow_free(c->flow);
    while (c->accounts)
        account_free(c->accounts);
    ob_frame_done(&c->frame);
    free(c->name);
    free(c->realm);
    free(c);
}
