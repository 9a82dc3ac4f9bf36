/* plugins/onebot/gap.c - what was missed.
 *
 * Nothing on a WebSocket can be asked for again, so the daemon must know when it was deaf:
 * judgements about that time are void. From the last sign of an account until its events come in
 * again is a gap. It is told open when nobody has heard the account for a few seconds, since what
 * becomes known after a judgement changes nothing, and told with its end when the new connection
 * has held for a second, so that a bridge that connects a thousand times leaves one gap and not a
 * thousand.
 *
 * The last sign survives us: it rides with events every few seconds, and by itself when nobody
 * speaks. After a kill it lies a little in the past, and the gap is a little longer than it was;
 * what is read again from a history is recognised. A connection that breaks off was dead for up to
 * a minute before the host noticed; that minute belongs to the gap, unless frames came in it. Which
 * accounts had a connection survives, too: one that does not come back after a restart is missed.
 *
 * Where events are posted by HTTP there is no connection to look at: the gap is our own absence. */
#include "onebot.h"
#include <stdlib.h>

#define SETTLE_MS 1000
#define OPEN_MS 5000
#define UNNOTICED_MS 60000
#define RIDE_MS 5000   /* the last sign, with an event */
#define ALONE_MS 30000 /* by itself */
#define FORGET_MS (INT64_C(7) * 86400000)
#define KEY_MAX 120u

static int64_t now_of(const struct ob_account *a)
{
    return a->c->host->now_ms(a->c->host);
}

/* --- what survives --- */

/* Of two long names a part and a hash of the whole: '~' is in no channel's name. */
static struct qund_str key_of(const struct ob_account *a, struct ob_pool *pool)
{
    struct qund_str plain = ob_pool_printf(pool, "%s/%s", a->c->name, a->id);

    if (plain.n <= KEY_MAX)
        return plain;
    return ob_pool_printf(pool, "%.36s~%016llx/%s", a->c->name,
                          (unsigned long long)ob_hash(qund_str(a->c->name)), a->id);
}

void ob_gap_restore(struct ob_account *a)
{
    struct ob_pool pool = {0};
    struct qund_str value;
    int64_t rev;

    if (a->c->host->state_get(a->c->host, key_of(a, &pool), &value, &rev) == QUND_OK) {
        a->saved_ms = rev;
        a->from_ms = rev;
        a->lost_ms = ob_mono(a->c);
        ob_past_restore(a, value);
    }
    ob_pool_done(&pool);
}

void ob_gaps_open(struct ob_channel *c)
{
    struct ob_pool pool = {0};
    struct qund_str list, id;

    if (c->host->state_get(c->host, qund_str(c->name), &list, &c->known_rev) < 0)
        return;
    list = ob_pool_str(&pool, list); /* the host's is gone with the next call */
    while (list.n > 0) {
        const char *line = memchr(list.p, '\n', list.n);
        struct ob_account *a;

        id = qund_str_n(list.p, line ? (size_t)(line - list.p) : list.n);
        list = line ? qund_str_n(line + 1, list.n - id.n - 1) : QUND_STR_NONE;
        a = ob_account_of(c, id);
        if (a && a->from_ms < c->opened_ms - FORGET_MS) {
            a->from_ms = 0;
            ob_past_free(a);
        }
        if (a)
            a->known = true;
    }
    ob_pool_done(&pool);
}

void ob_gap_remember(struct ob_account *a)
{
    struct ob_channel *c = a->c;
    struct ob_text list = {0};
    struct qund_state state = {.key = qund_str(c->name)};
    int64_t now = now_of(a);

    if (a->known)
        return;
    a->known = true;
    for (const struct ob_account *o = c->accounts; o; o = o->next)
        if (o->known)
            ob_text_printf(&list, "%s%s", list.n > 0 ? "\n" : "", o->id);
    state.value = ob_text_view(&list);
    state.rev = now > c->known_rev ? now : c->known_rev + 1;
    if (c->host->ingest(c->channel, NULL, 0, &state, NULL, NULL, NULL) == QUND_OK)
        c->known_rev = state.rev;
    else
        a->known = false; /* with its next connection */
    ob_text_done(&list);
}

bool ob_gap_state(struct ob_account *a, struct ob_pool *pool, struct qund_state *state)
{
    struct qund_str key;

    if (a->from_ms > 0 || a->alive_ms < a->saved_ms + RIDE_MS)
        return false;
    key = key_of(a, pool);
    *state = (struct qund_state){
        .key = key, .value = ob_past_print(a, pool, a->alive_ms, 0, 0), .rev = a->alive_ms};
    return true;
}

static void save_alone(struct ob_account *a)
{
    struct ob_pool pool = {0};
    struct qund_state state;

    if (a->alive_ms >= a->saved_ms + ALONE_MS && ob_gap_state(a, &pool, &state) &&
        a->c->host->ingest(a->c->channel, NULL, 0, &state, NULL, NULL, NULL) == QUND_OK)
        a->saved_ms = state.rev;
    ob_pool_done(&pool);
}

/* --- what happens --- */

void ob_gap_heard(struct ob_account *a)
{
    a->alive_ms = now_of(a);
}

void ob_gap_lost(struct ob_account *a)
{
    int64_t unnoticed = now_of(a) - UNNOTICED_MS;

    a->settle_ms = 0;
    a->lost_ms = ob_mono(a->c);
    if (a->from_ms == 0 && a->alive_ms > 0)
        a->from_ms = a->alive_ms > unnoticed ? a->alive_ms : unnoticed;
}

void ob_gap_back(struct ob_account *a)
{
    ob_gap_heard(a);
    a->back_ms = a->alive_ms;
    if (a->offline)
        return;
    a->lost_ms = 0;
    if (a->from_ms > 0)
        a->settle_ms = ob_mono(a->c) + SETTLE_MS;
}

void ob_gap_posted(struct ob_account *a)
{
    bool first = a->from_ms > 0 && a->settle_ms == 0;

    a->posts = true;
    ob_gap_heard(a);
    if (!first)
        return;
    ob_gap_back(a);
    if (a->from_ms < a->c->opened_ms)
        a->back_ms = a->c->opened_ms; /* since then we listen */
}

void ob_gap_online(struct ob_account *a, bool online)
{
    if (online != a->offline)
        return;
    a->offline = !online;
    QUND_SAY(a->c->host, QUND_WARN, online ? "onebot.online" : "onebot.offline",
             QUND_KV("channel", a->c->name), QUND_KV("account", a->id));
    if (online)
        ob_gap_back(a);
    else
        ob_gap_lost(a);
}

/* --- telling --- */

struct telling {
    struct ob_channel *c;
    char *account;
    int64_t from_ms, to_ms; /* 0: it is not over */
};

static void closed(struct ob_account *a, const struct telling *t)
{
    struct ob_channel *c = t->c;

    if (a->from_ms == t->from_ms)
        a->from_ms = 0;
    a->told_open = false;
    c->host->gauge_add(c->numbers.gaps, 1);
    QUND_SAY(c->host, QUND_INFO, "onebot.gap", QUND_KV("channel", c->name),
             QUND_KV("account", a->id), QUND_KV("ms", t->to_ms - t->from_ms));
    ob_past_fill(a, t->from_ms, t->to_ms);
}

static void telling_free(struct telling *t)
{
    free(t->account);
    free(t);
}

static void told(void *arg, int rc)
{
    struct telling *t = arg;
    struct ob_account *a = ob_account_find(t->c, qund_str(t->account));

    if (a)
        a->telling = false;
    if (a && rc < 0)
        a->saved_ms = 0; /* its state goes along again */
    if (a && rc == QUND_OK && t->to_ms > 0)
        closed(a, t);
    else if (a && rc == QUND_OK)
        a->told_open = true;
    telling_free(t);
}

/* to_ms 0: it has begun. Where it begins becomes durable with it: after a restart it is the same
 * gap that is told on. With its end it becomes durable that its histories are to be read. */
static void tell(struct ob_account *a, int64_t to_ms)
{
    struct ob_channel *c = a->c;
    struct telling *t = ob_alloc(sizeof(*t));
    struct qund_event_in e = qund_event_in();
    struct ob_pool pool = {0};
    struct qund_state state = {.rev = to_ms ? to_ms : a->from_ms};
    bool stated = state.rev > a->saved_ms;
    long long from = (long long)a->from_ms;

    *t = (struct telling){c, ob_dup(qund_str(a->id)), a->from_ms, to_ms};
    e.id = ob_pool_printf(&pool, "%s:gap:%lld%s", a->id, from, to_ms ? "" : ":open");
    e.type = QUND_STR("gap");
    e.account = qund_str(a->id);
    e.ts_ms = to_ms ? to_ms : now_of(a);
    e.data = to_ms ? ob_pool_printf(&pool, "{\"from\":%lld,\"to\":%lld}", from, (long long)to_ms)
                   : ob_pool_printf(&pool, "{\"from\":%lld}", from);
    state.key = key_of(a, &pool);
    state.value = ob_past_print(a, &pool, state.rev, from, to_ms);
    a->telling =
        c->host->ingest(c->channel, &e, 1, stated ? &state : NULL, told, t, NULL) == QUND_OK;
    if (a->telling && stated)
        a->saved_ms = state.rev;
    if (!a->telling) /* the next tick tries */
        telling_free(t);
    ob_pool_done(&pool);
}

bool ob_gap_unfilled(struct ob_account *a, int64_t from_ms, int64_t to_ms, int64_t groups)
{
    struct qund_event_in e = qund_event_in();
    struct ob_pool pool = {0};
    int rc;

    e.id = ob_pool_printf(&pool, "%s:gap:%lld:unfilled", a->id, (long long)from_ms);
    e.type = QUND_STR("gap");
    e.account = qund_str(a->id);
    e.ts_ms = now_of(a);
    e.data = ob_pool_printf(&pool, "{\"from\":%lld,\"to\":%lld,\"unfilled\":%lld}",
                            (long long)from_ms, (long long)to_ms, (long long)groups);
    rc = a->c->host->ingest(a->c->channel, &e, 1, NULL, NULL, NULL, NULL);
    ob_pool_done(&pool);
    return rc != QUND_E_FULL;
}

static void look(struct ob_account *a, int64_t now)
{
    bool hears = ob_account_hears(a), settled = a->settle_ms > 0 && now >= a->settle_ms;

    if (hears && !a->offline && a->alive_ms < now_of(a) - UNNOTICED_MS)
        a->alive_ms = now_of(a) - UNNOTICED_MS; /* the host would have noticed by now */
    if (a->posts && !a->offline)
        ob_gap_heard(a);
    if (a->from_ms == 0 || a->telling)
        return;
    if (settled && (hears || a->posts))
        tell(a, a->back_ms);
    else if (a->lost_ms > 0 && now >= a->lost_ms + OPEN_MS && !a->told_open && !a->posts &&
             a->known)
        tell(a, 0);
}

void ob_gaps_tick(struct ob_channel *c)
{
    int64_t now = ob_mono(c);

    for (struct ob_account *a = c->accounts; a; a = a->next) {
        look(a, now);
        if (!ob_flow_slowed(c))
            save_alone(a);
    }
}
