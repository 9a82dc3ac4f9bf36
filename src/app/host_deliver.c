/* host_deliver.c - pushes that a plugin sends: from deliver's thread to its target and back.
 *
 * What arrives before the targets are open waits for them; there are no more than deliver has
 * granted credit for. A target that could not be opened is treated like one at its limit: nothing
 * is lost, and it is asked again in a minute. */
#include "app/host.h"

#define UNSERVED_MS 60000

struct arrival {
    struct home home;
    struct link link;
    struct qund_handed *handed;
};
/* A push that a plugin has; only to know at the end whether something is still on its way. */
struct token {
    struct link link;
    uint64_t number;
    int64_t over_ms; /* monotonic: deliver has given it up by then */
};

static void ended(struct qund_hosts *hs, uint64_t token, enum qund_delivered how,
                  struct qund_str detail, int64_t retry_after_ms, struct qund_str their_id)
{
    qund_deliver_ended(hs->q->deliver, &(struct qund_ended){.token = token,
                                                            .how = how,
                                                            .retry_after_ms = retry_after_ms,
                                                            .detail = detail,
                                                            .their_id = their_id});
}

static void token_put(struct qund_hosts *hs, const struct qund_handed *handed)
{
    struct token *t = qund_alloc(sizeof(*t));

    t->number = handed->token;
    t->over_ms = qund_mono_now().ms + handed->timeout_ms;
    link_put(&hs->tokens, &t->link);
}

static void token_take(struct qund_hosts *hs, uint64_t number)
{
    int64_t now = qund_mono_now().ms;
    struct link *next;

    for (struct link *l = hs->tokens; l; l = next) {
        struct token *t = QUND_CONTAINER(l, struct token, link);

        next = l->next;
        if (t->number != number && now < t->over_ms)
            continue;
        link_take(l);
        qund_free(t);
    }
}

static void deliver(struct qund_hosts *hs, const struct qund_handed *handed)
{
    struct qund_channel *target = host_entry(hs, false, qund_str(handed->target));
    const struct qund_out_item *it = &handed->item;
    struct qund_delivery d = {.id = it->id,
                              .attempt = it->attempt,
                              .key = qund_str(it->key),
                              .body = qund_str(it->body),
                              .urgent = it->urgent,
                              .created_ms = it->created,
                              .timeout_ms = handed->timeout_ms};

    if (!target || !target->open) {
        ended(hs, handed->token, QUND_LIMITED, QUND_STR("its plugin is not at work"), UNSERVED_MS,
              QUND_STR_NONE);
        return;
    }
    token_put(hs, handed);
    host_enter(target->host, target->name);
    target->host->plugin->deliver(target->handle, &d, handed->token);
    host_leave(hs);
}

static void arrive(struct qund_hosts *hs, struct home *home)
{
    struct arrival *a = QUND_CONTAINER(home, struct arrival, home);

    if (!hs->opened && !atomic_load(&hs->stopping)) {
        link_put(&hs->early, &a->link);
        return;
    }
    if (!atomic_load(&hs->stopping))
        deliver(hs, a->handed); /* else deliver ends it itself */
    qund_handed_free(a->handed);
    qund_free(a);
}

/* Deliver's thread. */
bool qund_hosts_hand(void *arg, struct qund_handed *handed)
{
    struct qund *q = arg;
    struct qund_hosts *hs = q->hosts;
    struct arrival *a;

    if (!hs || atomic_load(&hs->stopping))
        return false;
    a = qund_alloc(sizeof(*a));
    a->home.open = arrive;
    a->handed = handed;
    host_home(hs, &a->home);
    return true;
}

void host_deliveries_begin(struct qund_hosts *hs)
{
    while (hs->early) {
        struct arrival *a = QUND_CONTAINER(hs->early, struct arrival, link);

        link_take(&a->link);
        arrive(hs, &a->home);
    }
}

static void delivered(const struct qund_host *api, uint64_t token, enum qund_delivered how,
                      struct qund_str detail, int64_t retry_after_ms, struct qund_str their_id)
{
    struct qund_hosts *hs = host_of(api)->all;

    token_take(hs, token);
    ended(hs, token, how, detail, retry_after_ms, their_id);
}

bool qund_hosts_busy(struct qund *q)
{
    if (!q->hosts)
        return false;
    token_take(q->hosts, 0); /* no token has that number: only those that are over go */
    return q->hosts->tokens != NULL || q->hosts->turns_out > 0;
}

void host_deliveries_free(struct qund_hosts *hs)
{
    while (hs->tokens) {
        struct token *t = QUND_CONTAINER(hs->tokens, struct token, link);

        link_take(&t->link);
        qund_free(t);
    }
    while (hs->early) {
        struct arrival *a = QUND_CONTAINER(hs->early, struct arrival, link);

        link_take(&a->link);
        qund_handed_free(a->handed);
        qund_free(a);
    }
}

void host_deliveries(struct qund_host *api)
{
    api->delivered = delivered;
}
