/* src/app/simulate_stage.c - time, as the engine's thread would have it, without waiting.
 *
 * Two things move time: what people do (a heap, and the lines of a recorded chat) and what the
 * engine waits for (its timers). The earlier one is next. What people do within almost three
 * minutes goes into one transaction; timers that lie between run between, because the engine sees
 * to that. Staff take three minutes at least, so nobody answers a card before it was sent.
 *
 * Each push that leaves is answered at once as its peer would (accepted), and read by the person it
 * is for. */
#include "app/simulate_parts.h"
#include "crm/read.h"
#include "engine/engine.h"
#include "store/db.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCH_MAX 4000
#define LOOK_MS (6 * QUND_HOUR_MS) /* how often it is asked whether the plan is over */
#define LONGEST_DAYS 400
#define AFTER_MS QUND_HOUR_MS /* what follows from the last step still shows */
#define CREDIT 1000000
/* Of so many groups nobody reads the minutes: staff may answer up to ten of them later. */
#define CROWD 20
#define CROWD_STEP_MS (10 * SIM_MINUTE)

/* --- what people will do --- */

static bool sooner(const struct sim_act *a, const struct sim_act *b)
{
    return a->at != b->at ? a->at < b->at : a->nth < b->nth;
}

static void put(struct sim *s, struct sim_act a)
{
    size_t i = s->n_acts++;

    if (s->n_acts > s->cap_acts) {
        s->cap_acts = s->cap_acts ? 2 * s->cap_acts : 256;
        s->heap = qund_realloc(s->heap, s->cap_acts * sizeof(*s->heap));
    }
    if (a.at < s->now)
        a.at = s->now;
    a.nth = s->made++;
    for (; i > 0 && sooner(&a, &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
        s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = a;
}

static struct sim_act take(struct sim *s)
{
    struct sim_act first = s->heap[0], last = s->heap[--s->n_acts];
    size_t i = 0;

    while (2 * i + 1 < s->n_acts) {
        size_t k = 2 * i + 1;

        if (k + 1 < s->n_acts && sooner(&s->heap[k + 1], &s->heap[k]))
            k++;
        if (!sooner(&s->heap[k], &last))
            break;
        s->heap[i] = s->heap[k];
        i = k;
    }
    s->heap[i] = last;
    return first;
}

static char *bytes_of(struct qund_str b)
{
    char *p = qund_alloc(b.n + 1);

    memcpy(p, b.p, b.n);
    return p;
}

struct qund_event qund_sim_event(struct sim *s, const struct sim_group *g, int64_t at,
                                 enum qund_event_type type, const char *sender, const char *name)
{
    char id[32];

    qund_arena_reset(s->scratch);
    snprintf(id, sizeof(id), "sim-%llu", (unsigned long long)++s->last_id);
    return (struct qund_event){.ts = at,
                               .type = type,
                               .type_name = qund_str(qund_event_type_name(type)),
                               .channel = QUND_STR(SIM_CHANNEL),
                               .realm = qund_str(g->realm),
                               .id = qund_arena_str(s->scratch, qund_str(id)),
                               .group = qund_str(g->pid),
                               .group_name = g->name ? qund_str(g->name) : QUND_STR_NONE,
                               .sender = sender ? qund_str(sender) : QUND_STR_NONE,
                               .sender_name = name ? qund_str(name) : QUND_STR_NONE,
                               .kind = QUND_STR("text")};
}

void qund_sim_put_event(struct sim *s, const struct qund_event *ev)
{
    QUND_AUTO(qund_buf_done) struct qund_buf packed = {0};
    struct qund_event e = *ev;

    if (e.ts < s->now)
        e.ts = s->now;
    e.key_ts = e.rx = e.ts;
    qund_event_pack(&e, &packed);
    put(s, (struct sim_act){.at = e.ts,
                            .kind = SIM_ACT_EVENT,
                            .bytes = bytes_of(qund_buf_view(&packed)),
                            .n = packed.n});
}

void qund_sim_put_command(struct sim *s, int64_t at, const char *name, struct qund_str body)
{
    put(s, (struct sim_act){.at = at,
                            .kind = SIM_ACT_COMMAND,
                            .bytes = bytes_of(body),
                            .n = body.n,
                            .command = name});
}

void qund_sim_put_react(struct sim *s, int64_t at, struct sim_group *g, int64_t task)
{
    put(s, (struct sim_act){.at = at, .kind = SIM_ACT_REACT, .task = task, .group = g});
}

/* --- one transaction --- */

struct batch {
    struct qund_item items[BATCH_MAX + 2];
    struct qund_buf bytes; /* of the events, by the places below */
    size_t from[BATCH_MAX + 2], len[BATCH_MAX + 2];
    size_t n;
    int64_t at;
};

static void add_event(struct sim *s, struct batch *b, struct qund_str packed, int64_t at)
{
    b->from[b->n] = b->bytes.n;
    qund_entry_put(&b->bytes, packed, NULL);
    b->len[b->n] = b->bytes.n - b->from[b->n];
    b->items[b->n++] = (struct qund_item){
        .kind = QUND_ITEM_EVENT, .rx = at, .id = {s->l->next_entry + s->entries++, 0}};
    b->at = at;
    s->events++;
}

static void add_command(struct batch *b, const char *name, struct qund_str body, int64_t at)
{
    b->items[b->n++] = (struct qund_item){
        .kind = QUND_ITEM_COMMAND, .rx = at, .cmd = qund_command_new(name, body, "simulate")};
    b->at = at;
}

static void begin(struct batch *b, int64_t at)
{
    qund_buf_clear(&b->bytes);
    b->n = 1; /* the floor's place */
    b->at = at;
}

static int apply(struct sim *s, struct batch *b, struct qund_out_items *send)
{
    struct qund_err err = {0};
    int rc;

    b->items[0] = (struct qund_item){.kind = QUND_ITEM_FLOOR, .rx = b->at};
    b->items[b->n] = (struct qund_item){.kind = QUND_ITEM_TICK, .rx = b->at};
    for (size_t i = 1; i < b->n; i++)
        if (b->items[i].kind == QUND_ITEM_EVENT)
            b->items[i].body = qund_str_n(b->bytes.p + b->from[i], b->len[i]);
    rc = qund_engine_apply(s->l->engine, b->items, b->n + 1, send);
    if (rc == 0) {
        s->now = b->at;
        return 0;
    }
    for (size_t i = 1; i < b->n; i++)
        qund_command_free(b->items[i].cmd);
    qund_err_set(&err, rc, "store", "%s", qund_db_error(s->l->db));
    return qund_sim_fail(s, rc, &err);
}

/* --- pushes --- */

static void outcome(struct sim *s, const struct qund_out_item *it)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    struct qund_jw w = qund_jw(&body);

    qund_jw_obj(&w);
    qund_jw_kint(&w, "id", it->id);
    qund_jw_kint(&w, "attempt", it->attempt);
    qund_jw_kz(&w, "target", it->target);
    qund_jw_kz(&w, "event", qund_out_event_name(QUND_OUT_EV_ACCEPTED));
    qund_jw_kint(&w, "status", 200);
    qund_jw_end_obj(&w);
    qund_sim_put_command(s, s->now, "delivery.outcome", qund_buf_view(&body));
}

/* Applies what stands in b. What leaves because of it is in somebody's hands now; that it arrived
 * is the next thing that is told. */
static int step(struct sim *s, struct batch *b)
{
    QUND_AUTO(qund_out_items_done) struct qund_out_items send = {0};
    int rc = apply(s, b, &send);

    for (size_t i = 0; rc == 0 && i < send.n; i++) {
        outcome(s, &send.v[i]);
        qund_sim_staff(s, qund_str(send.v[i].body), s->now);
    }
    return rc;
}

static int give_credit(struct sim *s, struct batch *b)
{
    begin(b, s->now);
    for (size_t i = 0; i < s->l->config->n_targets && b->n < BATCH_MAX; i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
        struct qund_jw w = qund_jw(&body);

        qund_jw_obj(&w);
        qund_jw_kz(&w, "target", s->l->config->targets[i].name);
        qund_jw_kint(&w, "n", CREDIT);
        qund_jw_kint(&w, "for_ms", 2 * LONGEST_DAYS * QUND_DAY_MS);
        qund_jw_end_obj(&w);
        add_command(b, "delivery.credit", qund_buf_view(&body), s->now);
    }
    return step(s, b);
}

/* --- from one thing to the next --- */

static int64_t next_act(const struct sim *s)
{
    int64_t chat = qund_sim_chat_next(s), act = s->n_acts ? s->heap[0].at : INT64_MAX;

    return chat < act ? chat : act;
}

/* What people do until then, as far as it may share a transaction; *react stops it. */
static int gather(struct sim *s, struct batch *b, int64_t until, struct sim_act *react)
{
    react->task = 0;
    while (b->n < BATCH_MAX && next_act(s) <= until) {
        if (qund_sim_chat_next(s) <= (s->n_acts ? s->heap[0].at : INT64_MAX)) {
            QUND_AUTO(qund_buf_done) struct qund_buf packed = {0};
            int64_t at;
            int rc = qund_sim_chat_take(s, &packed, &at);

            if (rc < 0)
                return rc;
            if (packed.n > 0)
                add_event(s, b, qund_buf_view(&packed), at);
            continue;
        }
        if (s->heap[0].kind == SIM_ACT_REACT) {
            if (b->n > 1)
                return 0; /* it looks at rows: what came before goes into them first */
            *react = take(s);
            b->at = react->at;
            return 0;
        }
        struct sim_act a = take(s);
        if (a.kind == SIM_ACT_EVENT)
            add_event(s, b, qund_str_n(a.bytes, a.n), a.at);
        else
            add_command(b, a.command, qund_str_n(a.bytes, a.n), a.at);
        qund_free(a.bytes);
    }
    return 0;
}

static int one_step(struct sim *s, struct batch *b, int64_t until)
{
    int64_t act = next_act(s), due = qund_engine_ahead(s->l->engine);
    int64_t grain = s->n_groups > CROWD ? CROWD_STEP_MS : SIM_STEP_MS;
    int64_t at = act < due ? act : due;
    struct sim_act react;
    int rc;

    if (at > until)
        at = until;
    if (at < s->now)
        at = s->now;
    begin(b, at);
    rc = gather(s, b, at + grain < until ? at + grain : until, &react);
    if (rc == 0)
        rc = step(s, b);
    if (rc == 0 && react.task > 0)
        rc = qund_sim_crowd(s, &react);
    return rc;
}

static int run_until(struct sim *s, struct batch *b, int64_t until)
{
    int rc = 0;

    while (rc == 0 && s->now < until)
        rc = one_step(s, b, until);
    return rc;
}

/* The store holds no other plan. */
static int over(struct sim *s, bool *ended)
{
    static const int LIVE[] = {QUND_PLAN_RUNNING, QUND_PLAN_PAUSED};
    int n = 0;

    for (size_t i = 0; n == 0 && i < QUND_ARRAY_LEN(LIVE); i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf json = {0};
        int64_t next;

        n = qund_sop_plan_list(s->l->db, &(struct qund_plan_filter){.state = LIVE[i], .limit = 1},
                               &json, &next);
    }
    *ended = n == 0;
    return n < 0 ? n : 0;
}

int qund_sim_play(struct sim *s)
{
    struct batch *b = qund_alloc(sizeof(*b));
    int64_t last = s->start + (s->o->days > 0 ? s->o->days : LONGEST_DAYS) * QUND_DAY_MS;
    bool ended = false;
    int rc = give_credit(s, b);

    if (rc == 0)
        rc = run_until(s, b, s->start);
    if (rc == 0)
        rc = qund_sim_plan(s);
    if (rc == 0)
        rc = qund_sim_provoke(s);
    while (rc == 0 && s->now < last) {
        int64_t until = s->now + LOOK_MS < last ? s->now + LOOK_MS : last;

        rc = run_until(s, b, until);
        if (s->o->progress)
            s->o->progress(s->o->progress_arg, s->now - s->start,
                           s->o->days > 0 ? last - s->start : 0);
        if (s->o->days == 0 && rc == 0)
            rc = over(s, &ended);
        if (ended)
            last = s->now;
    }
    if (rc == 0)
        rc = run_until(s, b, s->now + AFTER_MS);
    s->end = s->now;
    qund_buf_done(&b->bytes);
    qund_free(b);
    return rc;
}
