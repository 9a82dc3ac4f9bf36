/* src/event/identity.c - what tells one event from another, and when it happened.
 *
 * Peers repeat: after a time-out, after their restart, after ours. Each event therefore gets a key
 * as it is decoded, and carries it from here on, so that our own repeats (spool, stream, replay)
 * keep it too.
 *
 *   id and ts            (key_ts, realm, id), kept as long as the message
 *   id, no stable ts     (realm, id), kept for 7 days
 *   ts, no id            as the first, the id being a digest of all fields
 *   neither              as the second, the id made from the request's Idempotency-Key and index,
 * else random: the peer's repeats are then not recognised, ours are
 *
 * key_ts is what was sent, before any clamp: a repeat must meet its first even when our clock has
 * moved on meanwhile. The exception is a ts more than a month ahead, which is no time at all: it
 * must not choose in which month's table the message lies, so it counts as absent, and is shown as
 * clamped. */
#include "config/config.h"
#include "core/file.h"
#include "core/zone.h"
#include "event/internal.h"
#include <stdio.h>

#define AHEAD_MS (5 * INT64_C(60000))
#define ABSURD_MS (31 * QUND_DAY_MS)
#define MADE_ID_HEX 32 /* 128 bits */

static struct qund_str made_id(struct qund_arena *arena, const char *hex)
{
    char id[MADE_ID_HEX + 2];

    /* A mark that platforms do not use at this place keeps made ids apart from theirs. */
    snprintf(id, sizeof(id), "~%.*s", MADE_ID_HEX, hex);
    return qund_str_n(qund_arena_dup(arena, id, MADE_ID_HEX + 1), MADE_ID_HEX + 1);
}

/* Each part with its length, so that no two lists of parts give the same bytes. */
static void part(struct qund_buf *b, struct qund_str s)
{
    qund_buf_add(b, &s.n, sizeof(s.n));
    qund_buf_str(b, s);
}

static struct qund_str digest_id(struct qund_arena *arena, const struct qund_event *e)
{
    const struct qund_str parts[] = {
        e->type_name, e->group, e->group_name, e->sender, e->sender_name, e->to,    e->account,
        e->kind,      e->text,  e->reply_to,   e->ref,    e->mentions,    e->media, e->data};
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    char hex[65];

    qund_buf_add(&b, &e->key_ts, sizeof(e->key_ts));
    for (size_t i = 0; i < QUND_ARRAY_LEN(parts); i++)
        part(&b, parts[i]);
    qund_sha256_hex(b.p, b.n, hex);
    return made_id(arena, hex);
}

static struct qund_str request_id(const struct qund_event_ctx *ctx, size_t index,
                                  struct qund_arena *arena)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    uint64_t random[2];
    char hex[65];

    if (ctx->idempotency_key.n) {
        part(&b, ctx->token_id);
        part(&b, ctx->idempotency_key);
        qund_buf_add(&b, &index, sizeof(index));
        qund_sha256_hex(b.p, b.n, hex);
    } else {
        qund_random(random, sizeof(random));
        snprintf(hex, sizeof(hex), "%016llx%016llx", (unsigned long long)random[0],
                 (unsigned long long)random[1]);
    }
    return made_id(arena, hex);
}

/* A number that is no time of anybody's in milliseconds (January to April 1970), and one of today
 * in seconds. */
static bool like_seconds(int64_t ts)
{
    return ts >= INT64_C(1000000000) && ts < INT64_C(10000000000);
}

static int refuse_old(int64_t ts, struct qund_err *err)
{
    char text[25];

    qund_iso_print(ts, text);
    if (like_seconds(ts))
        return qund_err_set(err, QUND_E_INVAL, "ts",
                            "too_old: %s lies before store.retention; ts looks like seconds, "
                            "milliseconds are wanted: %lld000",
                            text, (long long)ts);
    return qund_err_set(err, QUND_E_INVAL, "ts", "too_old: %s lies before store.retention", text);
}

/* ts, key_ts, rx and their flags. */
static int settle_times(const struct qund_event_ctx *ctx, const struct event_sent *sent,
                        struct qund_event *e, struct qund_err *err)
{
    int64_t age_ms;

    if (!ctx->rx && !sent->has_ts)
        return qund_err_set(err, QUND_E_INVAL, "ts",
                            "must be there: the replay's clock follows it");
    if (!ctx->rx && like_seconds(sent->ts))
        return qund_err_set(err, QUND_E_INVAL, "ts",
                            "looks like seconds, milliseconds are wanted: %lld000",
                            (long long)sent->ts);
    e->rx = ctx->rx ? ctx->rx : sent->ts;
    e->ts = e->key_ts = sent->has_ts ? sent->ts : e->rx;
    age_ms = (ctx->wall ? ctx->wall : e->rx) - e->key_ts;
    if (!sent->has_ts)
        e->flags |= QUND_EVF_NO_TS;
    if (e->ts > e->rx + AHEAD_MS) {
        e->ts = e->rx;
        e->flags |= QUND_EVF_CLAMPED;
    }
    if (e->key_ts > e->rx + ABSURD_MS)
        e->key_ts = e->rx;
    if (e->rx - e->key_ts > ctx->cfg->store.retention_ms)
        return refuse_old(e->key_ts, err);
    if (e->origin == QUND_ORIGIN_BACKFILL ||
        (e->origin == QUND_ORIGIN_LIVE && age_ms > ctx->cfg->time.backfill_after_ms)) {
        e->origin = QUND_ORIGIN_BACKFILL;
        e->flags |= QUND_EVF_BACKFILL;
    }
    if (e->origin == QUND_ORIGIN_REPLAY && ctx->deliver)
        e->flags |= QUND_EVF_DELIVER;
    return QUND_OK;
}

int event_identify(const struct qund_event_ctx *ctx, const struct event_sent *sent,
                   struct qund_arena *arena, struct qund_event *e, struct qund_err *err)
{
    bool dependable;
    int rc = settle_times(ctx, sent, e, err);

    if (rc < 0)
        return rc;
    dependable = sent->has_ts && e->key_ts == sent->ts;
    if (!e->id.p) {
        e->flags |= QUND_EVF_MADE_ID;
        e->id = dependable ? digest_id(arena, e) : request_id(ctx, sent->index, arena);
    } else {
        dependable &= sent->ts_stable;
    }
    e->key = dependable ? QUND_KEY_TS_ID : QUND_KEY_RECENT;
    return QUND_OK;
}
