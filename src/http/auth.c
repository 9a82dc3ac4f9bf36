/* auth.c - who asks, and what for: the one place where a token becomes a role.
 *
 * The loop decides on each request, so it keeps all living tokens in memory: a table by the first
 * bytes of the token's SHA-256, replaced whole when the engine has changed one. What is compared is
 * the hash of what came, all of it whatever differs; nothing about a stored token can be learnt
 * from the time it takes.
 *
 * Each token also has an allowance of events a second (GCRA: one number, the time at which it would
 * be used up), so that one runaway channel does not fill the queue for all. */
#include "core/clock.h"
#include "http/internal.h"
#include "net/loop.h"
#include <sodium.h>

enum { BURST_S = 2, RETRY_MS = 300 };

struct token {
    char hash[65];
    int64_t id, expires;
    enum qund_access_role role;
    struct qund_str *channels;
    size_t n_channels;
    char *names; /* what channels point into */
    int64_t used_until_us;
};

struct auth_cache {
    struct token *v;
    size_t n, cap;
    uint32_t *slots; /* 1 + index into v; 0: free */
    size_t mask;
};

struct auth_cache *qund_auth_free(struct auth_cache *a)
{
    if (!a)
        return NULL;
    for (size_t i = 0; i < a->n; i++) {
        qund_free(a->v[i].channels);
        qund_free(a->v[i].names);
    }
    qund_free(a->v);
    qund_free(a->slots);
    qund_free(a);
    return NULL;
}

/* ["a","b"], checked when it was stored. */
static void read_channels(struct token *t, struct qund_str json)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(1024);
    struct qund_jr r;
    struct qund_str name;
    bool first;

    t->names = qund_str_dup(json);
    t->channels = qund_alloc(QUND_TOKEN_CHANNELS_MAX * sizeof(*t->channels));
    qund_jr_init(&r, qund_str_n(t->names, json.n), arena, 2);
    if (qund_jr_arr(&r, &first) < 0)
        return;
    while (t->n_channels < QUND_TOKEN_CHANNELS_MAX && qund_jr_arr_next(&r, &first) > 0 &&
           qund_jr_str(&r, &name) == 0) {
        /* Names need no escapes; one that has some lies in the arena and names no channel. */
        if (name.p >= t->names && name.p < t->names + json.n)
            t->channels[t->n_channels++] = name;
    }
}

static int take(const struct qund_token *row, void *arg)
{
    struct auth_cache *a = arg;
    struct token *t;

    if (row->hash.n != 64)
        return 0;
    if (a->n == a->cap) {
        a->cap = a->cap ? a->cap * 2 : 16;
        a->v = qund_realloc(a->v, a->cap * sizeof(*a->v));
    }
    t = &a->v[a->n++];
    *t = (struct token){.id = row->id, .expires = row->expires, .role = row->role};
    memcpy(t->hash, row->hash.p, 64);
    if (row->channels.p)
        read_channels(t, row->channels);
    return 0;
}

/* The first eight hex digits are as good as any other hash. */
static size_t slot_of(const struct auth_cache *a, const char *hash)
{
    size_t v = 0;

    for (int i = 0; i < 8; i++)
        v = v * 16 + (size_t)(hash[i] <= '9' ? hash[i] - '0' : hash[i] - 'a' + 10);
    return v & a->mask;
}

int qund_auth_load(struct qund_db *db, struct auth_cache **out)
{
    struct auth_cache *a = qund_alloc(sizeof(*a));
    size_t size = 16;
    int rc = qund_token_each(db, false, take, a);

    if (rc < 0) {
        qund_auth_free(a);
        return rc;
    }
    while (size < a->n * 2)
        size *= 2;
    a->mask = size - 1;
    a->slots = qund_alloc(size * sizeof(*a->slots));
    for (size_t i = 0; i < a->n; i++) {
        size_t s = slot_of(a, a->v[i].hash);

        while (a->slots[s])
            s = (s + 1) & a->mask;
        a->slots[s] = (uint32_t)i + 1;
    }
    *out = a;
    return QUND_OK;
}

static struct token *find(struct auth_cache *a, const char *hash)
{
    for (size_t s = slot_of(a, hash); a->slots[s]; s = (s + 1) & a->mask) {
        struct token *t = &a->v[a->slots[s] - 1];

        if (sodium_memcmp(t->hash, hash, 64) == 0)
            return t;
    }
    return NULL;
}

static struct token *find_id(struct auth_cache *a, int64_t id)
{
    size_t low = 0, high = a->n; /* read in order of id */

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (a->v[mid].id < id)
            low = mid + 1;
        else
            high = mid;
    }
    return low < a->n && a->v[low].id == id ? &a->v[low] : NULL;
}

static int grant(struct qund_http *h, const struct token *t, struct qund_grant *out)
{
    if (!t || (t->expires > 0 && t->expires <= qund_clock_now(h->deps.clock).ms))
        return QUND_E_DENIED;
    *out = (struct qund_grant){.role = t->role, .token = t->id};
    if (t->role == QUND_ACCESS_INGEST) {
        out->channels = t->channels;
        out->n_channels = t->n_channels;
    }
    return QUND_OK;
}

int qund_auth_who(struct qund_http *h, const struct qund_req *r, struct qund_grant *out)
{
    struct qund_str value = qund_http1_header(&r->head, "authorization");
    char hash[65];

    if (r->peer.local) { /* our own uid, checked at the socket */
        *out = (struct qund_grant){.role = QUND_ACCESS_ADMIN};
        return QUND_OK;
    }
    if (value.n < 7 || !qund_str_eq_nocase(qund_str_n(value.p, 7), QUND_STR("bearer ")))
        return QUND_E_DENIED;
    value = qund_str_trim(qund_str_n(value.p + 7, value.n - 7));
    if (value.n != QUND_TOKEN_CHARS - 1)
        return QUND_E_DENIED;
    qund_token_hash(value, hash);
    return grant(h, find(h->auth, hash), out);
}

int qund_auth_again(struct qund_http *h, int64_t token, struct qund_grant *out)
{
    if (token == 0) {
        *out = (struct qund_grant){.role = QUND_ACCESS_ADMIN};
        return QUND_OK;
    }
    return grant(h, find_id(h->auth, token), out);
}

int64_t qund_auth_spend(struct qund_http *h, int64_t token, size_t n, int64_t per_second)
{
    struct token *t = token ? find_id(h->auth, token) : NULL;
    int64_t now = qund_mono_us(), from;

    if (!t || per_second <= 0)
        return 0;
    from = t->used_until_us > now ? t->used_until_us : now;
    /* A request larger than the burst may come when nothing was used: it pays afterwards. */
    if (from - now > BURST_S * 1000000)
        return (from - now - BURST_S * 1000000) / 1000 + 1;
    t->used_until_us = from + (int64_t)n * 1000000 / per_second;
    return 0;
}

/* --- reading them anew --- */

struct reload {
    struct qund_read_job job;
    struct mail mail;
    struct qund_http *h;
    struct auth_cache *fresh;
    void (*then)(struct qund_http *h, void *arg);
    void *arg;
};

static void arrive(struct qund_http *h, struct mail *m)
{
    struct reload *l = QUND_CONTAINER(m, struct reload, mail);

    h->open_calls--;
    if (l->fresh) {
        qund_auth_free(h->auth);
        h->auth = l->fresh;
        qund_live_recheck(h);
    } else {
        /* Until it works, a revoked token would go on: try again soon. */
        qund_log(h->deps.log, QUND_ERROR, "http.tokens_unread");
        qund_loop_timer_start(h->auth_retry, RETRY_MS, 0);
    }
    if (l->then)
        l->then(h, l->arg);
    qund_free(l);
}

static void run(struct qund_read_job *j, struct qund_reader *rd, const struct qund_err *err)
{
    struct reload *l = QUND_CONTAINER(j, struct reload, job);

    (void)err;
    if (rd->db && qund_auth_load(rd->db, &l->fresh) < 0)
        l->fresh = NULL;
    qund_http_mail(l->h, &l->mail);
}

void qund_auth_retry(void *arg)
{
    struct qund_http *h = arg;

    if (qund_auth_reload(h, NULL, NULL) < 0)
        qund_loop_timer_start(h->auth_retry, RETRY_MS, 0);
}

int qund_auth_reload(struct qund_http *h, void (*then)(struct qund_http *h, void *arg), void *arg)
{
    struct reload *l;
    int rc;

    if (!h->readers)
        return QUND_E_AGAIN; /* stopping */
    l = qund_alloc(sizeof(*l));
    l->h = h;
    l->then = then;
    l->arg = arg;
    l->mail.open = arrive;
    l->job.run = run;
    rc = qund_readers_submit(h->readers, &l->job);
    if (rc < 0) {
        qund_free(l);
        return rc;
    }
    h->open_calls++;
    return QUND_OK;
}
