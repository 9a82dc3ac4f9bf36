/* plugins/onebot/gap.c - what was missed.
 *
 * Nothing on a WebSocket can be asked for again, so the daemon must know when it was deaf:
 * judgements about that time are void. From the last sign of an account until its events come in
 * again is a gap; it is stored when the new connection has held for a second, so that a bridge that
 * connects a thousand times leaves one gap and not a thousand.
 *
 * The last sign survives us: it rides with events every few seconds, and by itself when nobody
 * speaks. After a kill it lies a little in the past, and the gap is a little longer than it was;
 * what is read again from a history is recognised. A connection that breaks off was dead for up to
 * a minute before the host noticed; that minute belongs to the gap, unless frames came in it. */
#include "onebot.h"
#include <stdlib.h>

#define SETTLE_MS 1000
#define UNNOTICED_MS 60000
#define RIDE_MS 5000   /* with an event */
#define ALONE_MS 30000 /* by itself */
#define KEY_MAX 120u

static struct qund_str key_of(const struct ob_account *a, struct ob_pool *pool)
{
    return ob_pool_printf(pool, "%s/%s", a->c->name, a->id);
}

void ob_gap_restore(struct ob_account *a)
{
    struct ob_pool pool = {0};
    struct qund_str value;
    int64_t rev;

    if (a->c->host->state_get(a->c->host, key_of(a, &pool), &value, &rev) == QUND_OK) {
        a->saved_ms = rev;
        a->from_ms = rev;
    }
    ob_pool_done(&pool);
}

static int64_t now_of(const struct ob_account *a)
{
    return a->c->host->now_ms(a->c->host);
}

void ob_gap_heard(struct ob_account *a)
{
    a->alive_ms = now_of(a);
}

void ob_gap_lost(struct ob_account *a)
{
    int64_t unnoticed = now_of(a) - UNNOTICED_MS;

    a->settle_ms = 0;
    if (a->from_ms == 0 && a->alive_ms > 0)
        a->from_ms = a->alive_ms > unnoticed ? a->alive_ms : unnoticed;
}

void ob_gap_back(struct ob_account *a)
{
    ob_gap_heard(a);
    a->back_ms = a->alive_ms;
    if (a->from_ms > 0 && !a->offline)
        a->settle_ms = ob_mono(a->c) + SETTLE_MS;
}

/* Without a connection only one gap is seen: the time in which we were not there ourselves. */
void ob_gap_posted(struct ob_account *a)
{
    a->posts = true;
    if (a->from_ms > 0 && a->settle_ms == 0)
        ob_gap_back(a);
    else
        ob_gap_heard(a);
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

bool ob_gap_state(struct ob_account *a, struct ob_pool *pool, struct qund_state *state)
{
    struct qund_str key;

    if (a->from_ms > 0 || a->alive_ms < a->saved_ms + RIDE_MS)
        return false;
    key = key_of(a, pool);
    *state = (struct qund_state){.key = key,
                                 .value = ob_pool_printf(pool, "%lld", (long long)a->alive_ms),
                                 .rev = a->alive_ms};
    return key.n <= KEY_MAX;
}

/* --- telling --- */

struct telling {
    struct ob_channel *c;
    char *account;
    int64_t from_ms, to_ms;
};

static void told(void *arg, int rc)
{
    struct telling *t = arg;
    struct ob_account *a = ob_account_find(t->c, qund_str(t->account));

    if (a)
        a->telling = false;
    if (a && rc == QUND_OK) {
        if (a->from_ms == t->from_ms)
            a->from_ms = 0;
        t->c->host->gauge_add(t->c->numbers.gaps, 1);
        QUND_SAY(t->c->host, QUND_INFO, "onebot.gap", QUND_KV("channel", t->c->name),
                 QUND_KV("account", a->id), QUND_KV("ms", t->to_ms - t->from_ms));
        ob_rooms_fill(a, t->from_ms, t->to_ms);
    }
    free(t->account);
    free(t);
}

static void tell(struct ob_account *a)
{
    struct ob_channel *c = a->c;
    struct telling *t = ob_alloc(sizeof(*t));
    struct qund_event_in e = qund_event_in();
    struct ob_pool pool = {0};

    *t = (struct telling){c, ob_dup(qund_str(a->id)), a->from_ms, a->back_ms};
    e.id = ob_pool_printf(&pool, "%s:gap:%lld", a->id, (long long)t->from_ms);
    e.type = QUND_STR("gap");
    e.account = qund_str(a->id);
    e.ts_ms = t->to_ms;
    e.data = ob_pool_printf(&pool, "{\"from\":%lld,\"to\":%lld}", (long long)t->from_ms,
                            (long long)t->to_ms);
    a->telling = true;
    if (c->host->ingest(c->channel, &e, 1, NULL, told, t, NULL) < 0) { /* the next tick tries */
        a->telling = false;
        free(t->account);
        free(t);
    }
    ob_pool_done(&pool);
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

void ob_gaps_tick(struct ob_channel *c)
{
    int64_t now = ob_mono(c);

    for (struct ob_account *a = c->accounts; a; a = a->next) {
        bool settled = a->settle_ms > 0 && now >= a->settle_ms, hears = ob_account_hears(a);

        if (hears && !a->offline && a->alive_ms < now_of(a) - UNNOTICED_MS)
            a->alive_ms = now_of(a) - UNNOTICED_MS; /* the host would have noticed by now */
        if (settled && a->from_ms > 0 && !a->telling && (hears || a->posts))
            tell(a);
        if (!ob_flow_slowed(c))
            save_alone(a);
    }
}
