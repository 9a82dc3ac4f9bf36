/* host_ingest.c - events and state from plugins to durability.
 *
 * As for the API, all that one turn of the loop brings goes to the intake as one piece: one message
 * between threads and one pipeline to Redis. A call is taken whole or not at all; its events are
 * packed as they are checked, and when the seventh is wrong the piece is cut back to where the call
 * began.
 *
 * A state is known here from the moment it is durable, because the row is written later, by the
 * engine. At start the rows are read after everything is applied that earlier lives had left in the
 * queue. */
#include "app/host.h"
#include "event/event.h"

enum {
    CALL_EVENTS_MAX = 1000,
    TURN_EVENTS_MAX = 8192, /* a larger turn is handed on in several pieces */
    TURN_BYTES_MAX = 8 << 20,
    OUT_MAX = 32768, /* events handed on and not durable */
    KEY_MAX = 120,
    VALUE_MAX = 64 << 10,
    KEPT_MAX = 4096
};

struct kept {
    char *key; /* "plugin/key" */
    struct qund_buf value;
    int64_t rev;
};

/* One ingest. The channel may be closed when it is answered. */
struct call {
    struct qund_channel *channel; /* compared, never followed, until it is found among the open */
    uint64_t life;                /* of it */
    void (*done)(void *arg, int rc);
    void *arg;
    char *key; /* of its state, NULL: none */
    struct qund_buf value;
    int64_t rev;
};
struct turn {
    struct home home;
    struct qund_hosts *all;
    struct qund_intake_req *piece;
    struct call *v;
    size_t n, cap;
};

/* --- what is kept --- */

static struct kept *kept_find(struct qund_hosts *hs, struct qund_str key)
{
    for (size_t i = 0; i < hs->n_kept; i++)
        if (qund_str_is(key, hs->kept[i].key))
            return &hs->kept[i];
    return NULL;
}

static void kept_put(struct qund_hosts *hs, struct qund_str key, struct qund_str value, int64_t rev)
{
    struct kept *k = kept_find(hs, key);

    if (!k && hs->n_kept == KEPT_MAX)
        return;
    if (!k) {
        hs->kept = qund_realloc(hs->kept, (hs->n_kept + 1) * sizeof(*hs->kept));
        k = &hs->kept[hs->n_kept++];
        *k = (struct kept){.key = qund_str_dup(key)};
    }
    if (k->rev >= rev)
        return;
    k->rev = rev;
    qund_buf_clear(&k->value);
    qund_buf_str(&k->value, value);
}

static int take_row(void *arg, const struct qund_entry_state *s)
{
    kept_put(arg, s->key, s->value, s->rev);
    return 0;
}

int host_state_read(struct qund_hosts *hs, struct qund_err *err)
{
    QUND_AUTO(qund_db_close) struct qund_db *db = NULL;
    struct qund_db_cfg cfg = {.path = hs->q->vault->store, .busy_ms = 2000};
    int rc = qund_db_open(&cfg, QUND_DB_READ, hs->q->log, &db, err);

    if (rc == 0 && (rc = qund_engine_states(db, QUND_STR(""), take_row, hs)) < 0)
        qund_err_set(err, rc, hs->q->vault->store, "the plugins' state cannot be read: %s",
                     qund_db_error(db));
    return rc;
}

void host_state_free(struct qund_hosts *hs)
{
    for (size_t i = 0; i < hs->n_kept; i++) {
        qund_free(hs->kept[i].key);
        qund_buf_done(&hs->kept[i].value);
    }
    qund_free(hs->kept);
}

static char *whole_key(const struct host *h, struct qund_str key)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};

    qund_buf_printf(&b, "%s/%.*s", h->plugin->name, QUND_STR_ARG(key));
    return qund_buf_take(&b);
}

static int state_get(const struct qund_host *api, struct qund_str key, struct qund_str *value,
                     int64_t *rev)
{
    struct host *h = host_of(api);
    QUND_AUTO(qund_free_str) char *whole = whole_key(h, key);
    struct kept *k = kept_find(h->all, qund_str(whole));

    if (!k)
        return QUND_E_NOTFOUND;
    *value = qund_buf_view(&k->value);
    *rev = k->rev;
    return QUND_OK;
}

/* --- a turn --- */

static bool still_open(struct qund_hosts *hs, const struct call *c)
{
    for (struct link *l = hs->entries; l; l = l->next)
        if (QUND_CONTAINER(l, struct qund_channel, link) == c->channel)
            return c->channel->life == c->life;
    return false;
}

static void answer(struct qund_hosts *hs, struct call *c, int rc)
{
    if (rc == 0 && c->key)
        kept_put(hs, qund_str(c->key), qund_buf_view(&c->value), c->rev);
    if (c->done && still_open(hs, c)) {
        host_enter(c->channel->host, "ingested");
        c->done(c->arg, rc);
        host_leave(hs);
    }
    qund_free(c->key);
    qund_buf_done(&c->value);
}

static void answer_all(struct turn *t, int rc)
{
    for (size_t i = 0; i < t->n; i++)
        answer(t->all, &t->v[i], rc);
    qund_intake_req_free(t->piece);
    qund_free(t->v);
    qund_free(t);
}

static void come_home(struct qund_hosts *hs, struct home *home)
{
    struct turn *t = QUND_CONTAINER(home, struct turn, home);

    hs->turns_out--;
    hs->events_out -= t->piece->n;
    answer_all(t, t->piece->rc);
}

/* Intake's thread. */
static void piece_done(struct qund_intake_req *piece, void *arg)
{
    struct turn *t = arg;

    (void)piece;
    host_home(t->all, &t->home);
}

/* Submit refused it: told in a turn of its own, like every other end. */
static void refused(struct turn *t, int rc)
{
    qund_intake_release(t->all->q->intake, &t->piece->hold);
    t->piece->rc = rc;
    host_home(t->all, &t->home);
}

void host_ingest_flush(void *hosts)
{
    struct qund_hosts *hs = hosts;
    struct turn *t = QUND_TAKE(hs->turn);
    int rc;

    if (!t)
        return;
    hs->turns_out++;
    hs->events_out += t->piece->n;
    rc = t->n > 0 ? qund_intake_submit(hs->q->intake, t->piece) : QUND_E_INVAL;
    if (rc < 0)
        refused(t, rc);
}

static struct turn *turn_of(struct qund_hosts *hs)
{
    struct turn *t = hs->turn;

    if (t && (t->piece->n >= TURN_EVENTS_MAX || t->piece->bytes.n >= TURN_BYTES_MAX)) {
        host_ingest_flush(hs);
        t = NULL;
    }
    if (!t) {
        t = qund_alloc(sizeof(*t));
        t->all = hs;
        t->home.open = come_home;
        t->piece = qund_intake_req_new();
        t->piece->done = piece_done;
        t->piece->arg = t;
        qund_ignore((int)qund_intake_hold(hs->q->intake, &t->piece->hold)); /* it is in hold.rx */
        hs->turn = t;
        qund_loop_timer_start(hs->soon, 0, 0); /* should nothing else wake the loop */
    }
    return t;
}

static struct call *add_call(struct turn *t)
{
    if (t->n == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 16;
        t->v = qund_realloc(t->v, t->cap * sizeof(*t->v));
    }
    t->v[t->n] = (struct call){0};
    return &t->v[t->n++];
}

/* --- one call --- */

static int check_call(const struct qund_event_in *events, size_t n, const struct qund_state *state,
                      struct qund_fault *why)
{
    if (n > CALL_EVENTS_MAX || (n == 0 && !state))
        return host_fault(why, QUND_E_INVAL, "n", "1 to %d events, or a state, are wanted",
                          CALL_EVENTS_MAX);
    for (size_t i = 0; i < n; i++)
        if (events[0].size < sizeof(struct qund_event_in)) /* the fields of 1.0 */
            return host_fault(why, QUND_E_ABI, "size", "the event is smaller than version 1.0 has");
    if (state &&
        (state->key.n == 0 || state->key.n > KEY_MAX || state->value.n > VALUE_MAX ||
         state->rev <= 0 || qund_utf8_check(state->key) >= 0 || qund_utf8_check(state->value) >= 0))
        return host_fault(
            why, QUND_E_INVAL, "state",
            "a key of 1 to %d bytes, a value of at most %d, both UTF-8, and rev above 0 are "
            "wanted",
            KEY_MAX, VALUE_MAX);
    return QUND_OK;
}

static int pack_events(struct qund_channel *c, struct turn *t, const struct qund_event_in *events,
                       size_t n, const struct qund_entry_state *state, struct qund_fault *why)
{
    struct qund *q = t->all->q;
    struct qund_event_ctx ctx = {.cfg = q->config,
                                 .rx = t->piece->hold.rx,
                                 .wall =
                                     qund_clock_is_virtual(q->clock) ? 0 : qund_wall_system().ms,
                                 .default_channel = qund_str(c->name),
                                 .origin = QUND_ORIGIN_LIVE,
                                 .token_id = QUND_STR("plugin")};
    struct qund_err err = {0};

    for (size_t i = 0; i < n; i++) {
        const struct qund_event_in *in = (const void *)((const char *)events + i * events[0].size);
        struct qund_event e;
        int rc = qund_event_given(&ctx, in, i, t->all->arena, &e, &err);

        if (rc == 0)
            qund_intake_req_add(t->piece, &e, i + 1 == n ? state : NULL);
        qund_arena_reset(t->all->arena);
        if (rc < 0) {
            if (why)
                why->index = (uint32_t)i;
            return host_fault(why, rc, err.where, "%s", err.text);
        }
    }
    if (n == 0)
        qund_intake_req_add(t->piece, NULL, state);
    return QUND_OK;
}

static int ingest(struct qund_channel *c, const struct qund_event_in *events, size_t n,
                  const struct qund_state *state, void (*done)(void *arg, int rc), void *arg,
                  struct qund_fault *why)
{
    struct qund_hosts *hs = c->host->all;
    QUND_AUTO(qund_free_str) char *key = state ? whole_key(c->host, state->key) : NULL;
    struct qund_entry_state row;
    size_t bytes, entries;
    struct turn *t;
    struct call *call;
    int rc = check_call(events, n, state, why);

    if (rc < 0)
        return rc;
    if (hs->events_out + (hs->turn ? hs->turn->piece->n : 0) + n > OUT_MAX)
        return host_fault(why, QUND_E_FULL, "", "%d events wait to be durable", OUT_MAX);
    t = turn_of(hs);
    bytes = t->piece->bytes.n;
    entries = t->piece->n;
    if (state)
        row = (struct qund_entry_state){.key = qund_str(key),
                                        .value = state->value,
                                        .rev = state->rev,
                                        .rx = t->piece->hold.rx};
    rc = pack_events(c, t, events, n, state ? &row : NULL, why);
    if (rc < 0) {
        t->piece->bytes.n = bytes;
        t->piece->n = entries;
        return rc;
    }
    call = add_call(t);
    *call = (struct call){.channel = c, .life = c->life, .done = done, .arg = arg};
    if (state) {
        call->key = QUND_TAKE(key);
        call->rev = state->rev;
        qund_buf_str(&call->value, state->value);
    }
    return QUND_OK;
}

void host_ingest(struct qund_host *api)
{
    api->ingest = ingest;
    api->state_get = state_get;
}
