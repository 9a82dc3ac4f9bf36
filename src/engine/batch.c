/* src/engine/batch.c - items in, one transaction out.
 *
 * The common case has no savepoints: a batch is applied from front to back, and committed. Two
 * things go wrong. A retryable error (disk, memory, a busy store) may have rolled the transaction
 * back by itself: everything is undone and the caller gives the same items again. A permanent error
 * is one item's fault: the batch is undone and applied once more with a savepoint around each item,
 * so that the one that fails goes to `dead` with its body and reason and the others stay. Paying
 * for savepoints only then keeps them out of the hot path.
 *
 * What kills the process is named by `inhand`: at the next start its attempts are counted, and the
 * item runs alone in its transaction, in its place; after the third stop it is dead unseen. While a
 * transaction is committed nothing is in hand: what the disk takes its time for is no item's fault,
 * and a program that is killed from outside is most often killed there.
 *
 * Engine time is the greatest rx applied. Before an item of rx r, every timer due by r has run, in
 * the order (due, kind, key); judges wait for the floor instead. A commit may come between any two
 * of these steps without a difference in the rows: that is what makes the cut of batches free. */
#include "engine/sop.h"

struct batch {
    struct qund_item *items;
    size_t told; /* items before it are committed and answered */
    size_t at;   /* items before it are applied in the open transaction */
    size_t n;
    bool guarded; /* a savepoint around each step */
    struct qund_out_items *send;
    int64_t now, floor; /* as at the last commit */
};

/* --- the open transaction --- */

static void config_undo(struct qund_engine *e)
{
    if (!e->last_config)
        return;
    qund_config_unref(e->config);
    e->config = QUND_TAKE(e->last_config);
    qund_alerts_config(e->alerts, e->config);
    qund_sop_config(e->sop, e->config);
    qund_crm_stages(e->crm, &e->config->leads.stages);
}

static void batch_undo(struct qund_engine *e, struct batch *b)
{
    qund_db_rollback(e->db);
    qund_crm_forget(e->crm);
    qund_measure_forget(e->measure);
    qund_talk_forget(e->talk);
    qund_accounts_forget(e->accounts);
    e->early = -1;
    qund_rule_state_forget(e->state, e->first_seq);
    if (e->outbox)
        qund_outbox_forget(e->outbox);
    e->next_rules = qund_rules_unref(e->next_rules);
    config_undo(e);
    qund_buf_clear(&e->feed);
    e->tally = (struct tally){0};
    e->now = b->now;
    e->floor = b->floor;
    for (size_t i = b->told; i < b->n; i++) {
        struct qund_command *c = b->items[i].cmd;

        if (b->items[i].kind != QUND_ITEM_COMMAND || !c)
            continue;
        c->rc = QUND_OK; /* it is applied again */
        c->err = (struct qund_err){0};
        qund_buf_clear(&c->reply);
    }
    b->at = b->told;
}

static int batch_begin(struct qund_engine *e)
{
    int rc = qund_db_begin(e->db);

    if (rc < 0)
        return rc;
    e->feeding = e->deps.feed && (!e->deps.feed_wanted || e->deps.feed_wanted(e->deps.feed_arg));
    e->batch_last = e->applied;
    return qund_month_next_seq(e->months, &e->first_seq);
}

static int batch_note(struct qund_engine *e)
{
    char id[QUND_ENTRY_ID_CHARS];
    int rc = qund_meta_set_int(e->db, "engine_time", e->now);

    if (rc == 0)
        rc = qund_meta_set_int(e->db, "floor", e->floor);
    if (rc == 0 && qund_entry_id_cmp(e->batch_last, e->applied) > 0) {
        qund_entry_id_print(e->batch_last, id);
        rc = qund_meta_set_str(e->db, "applied_id", qund_str(id));
    }
    if (rc == 0 && qund_entry_id_cmp(e->pushed, e->batch_last) > 0) {
        qund_entry_id_print(e->pushed, id);
        rc = qund_meta_set_str(e->db, "pushed_id", qund_str(id));
    }
    return rc;
}

static void batch_count(struct qund_engine *e)
{
    const struct counters *c = &e->count;

    qund_counter_add(c->applied, e->tally.applied);
    qund_counter_add(c->repeated, e->tally.repeated);
    qund_counter_add(c->dead, e->tally.dead);
    qund_counter_add(c->hits, e->tally.hits);
    qund_counter_add(c->late, e->tally.late);
    qund_counter_add(c->untagged, e->tally.untagged);
    for (size_t i = 0; i < QUND_ARRAY_LEN(c->alerts); i++)
        qund_counter_add(c->alerts[i], e->tally.alerts[i]);
    for (size_t i = 0; i < QUND_ARRAY_LEN(c->deeds); i++)
        qund_counter_add(c->deeds[i], e->tally.deeds[i]);
    for (size_t i = 0; i < SAY_ACTS; i++)
        qund_counter_add(c->said[i], e->tally.said[i]);
    qund_counter_add(c->doubted, e->tally.doubted);
    qund_counter_add(c->gaps, e->tally.gaps);
    qund_counter_add(c->copies, e->tally.copies);
    qund_counter_add(c->voided, e->tally.voided);
    for (size_t i = SAY_YES + 1; i < SAY_WHYS; i++)
        qund_counter_add(c->unsaid[i], e->tally.unsaid[i]);
    for (size_t i = 0; i < QUND_ARRAY_LEN(c->tasks); i++)
        qund_counter_add(c->tasks[i], e->tally.tasks[i]);
    e->tally = (struct tally){0};
}

/* The commands of the batch hear of the commit; a feed line is shown only now. */
static void batch_tell(struct qund_engine *e, struct batch *b)
{
    for (; b->told < b->at; b->told++) {
        struct qund_item *it = &b->items[b->told];
        struct qund_command *c = it->cmd;

        if (it->kind != QUND_ITEM_COMMAND || !c)
            continue;
        it->cmd = NULL; /* its answer takes it */
        if (c->done)
            c->done(c, c->done_arg);
        else
            qund_command_free(c);
    }
    if (e->deps.feed && e->feed.n > 0) {
        struct qund_str lines = qund_buf_view(&e->feed);

        while (lines.n > 0) {
            struct qund_str line = qund_str_split(&lines, '\n');

            if (line.n > 0)
                e->deps.feed(e->deps.feed_arg, line);
        }
    }
    qund_buf_clear(&e->feed);
}

/* Commits what is open. On success the items so far are done, whatever comes later. */
static int batch_commit(struct qund_engine *e, struct batch *b)
{
    size_t sent = b->send ? b->send->n : 0;
    int rc = qund_batch_settle(e);

    if (rc == 0 && e->outbox && b->send)
        rc = qund_outbox_take(e->outbox, e->now, b->send);
    if (rc == 0 && e->outbox)
        rc = qund_outbox_settle(e->outbox);
    if (rc == 0)
        rc = batch_note(e);
    if (e->deps.inhand)
        qund_inhand_clear(e->deps.inhand, QUND_INHAND_ENGINE);
    if (rc == 0)
        rc = QUND_FAULT("tx_open") < 0 ? QUND_E_IO : qund_db_commit(e->db);
    if (rc < 0) {
        if (b->send)
            qund_out_items_cut(b->send, sent);
        return rc;
    }
    qund_ignore(QUND_FAULT("tx_committed"));
    qund_rule_state_committed(e->state);
    if (e->outbox)
        qund_outbox_committed(e->outbox);
    if (e->next_rules) {
        qund_rules_unref(e->rules);
        e->rules = QUND_TAKE(e->next_rules);
    }
    e->last_config = qund_config_unref(e->last_config);
    if (qund_entry_id_cmp(e->batch_last, e->applied) > 0)
        e->applied = e->batch_last;
    b->now = e->now;
    b->floor = e->floor;
    batch_count(e);
    batch_tell(e, b);
    return 0;
}

/* --- one step: a timer, an event or a command --- */

static void in_hand(struct qund_engine *e, struct qund_str key, const char *stage)
{
    if (e->deps.inhand)
        qund_inhand_set(e->deps.inhand, QUND_INHAND_ENGINE, key, qund_str(stage));
}

/* It was in hand when the program died: what is open is committed first, then it runs alone. */
static int step_alone(struct qund_engine *e, struct batch *b, const struct step *s)
{
    int attempts = 0;
    int rc = batch_commit(e, b);

    if (rc == 0)
        rc = batch_begin(e);
    if (rc == 0)
        rc = qund_attempt_get(e->db, s->key, &attempts);
    if (rc < 0)
        return rc;
    in_hand(e, s->key, s->kind);
    if (attempts >= ENGINE_ATTEMPTS_MAX)
        rc = qund_step_bury(e, s, 0, QUND_POISON_REASON);
    else
        rc = qund_step_guarded(e, s);
    if (rc == 0)
        rc = qund_attempt_clear(e->db, s->key);
    if (rc == 0)
        rc = batch_commit(e, b);
    if (rc < 0)
        return rc;
    qund_suspect_drop(e, s->key);
    return batch_begin(e);
}

static int step_run(struct qund_engine *e, struct batch *b, const struct step *s)
{
    if (QUND_UNLIKELY(e->n_suspects > 0) && qund_suspect_is(e, s->key))
        return step_alone(e, b, s);
    in_hand(e, s->key, s->kind);
    return b->guarded ? qund_step_guarded(e, s) : s->run(e, s->arg);
}

/* --- timers --- */

static int timer_step(struct qund_engine *e, void *arg)
{
    struct qund_timer *t = arg;
    int rc = qund_timers_cancel(e->timers, t->kind, t->key);

    return rc < 0 ? rc : qund_engine_timer(e, t);
}

/* The next timer that may run by `until`, over both classes: 1 / 0. */
static int timer_next(struct qund_engine *e, int64_t until, struct qund_timer *out)
{
    int64_t due[2];
    bool may[2];

    for (int c = 0; c < 2; c++) {
        int64_t limit = c == QUND_TIMER_JUDGE && e->floor < until ? e->floor : until;
        int rc = qund_timers_next(e->timers, (enum qund_timer_class)c, &due[c]);

        if (rc < 0)
            return rc;
        may[c] = rc > 0 && due[c] <= limit;
    }
    if (!may[0] && !may[1])
        return 0;
    if (may[0] && may[1] && due[0] == due[1]) {
        /* One instant, two classes: by kind and key, as within a class. */
        struct qund_timer a, b;
        int rc = qund_timers_peek(e->timers, QUND_TIMER_AT, due[0], e->arena, &a);

        if (rc > 0)
            rc = qund_timers_peek(e->timers, QUND_TIMER_JUDGE, due[1], e->arena, &b);
        if (rc <= 0)
            return rc;
        rc = qund_str_cmp(a.kind, b.kind);
        *out = rc < 0 || (rc == 0 && qund_str_cmp(a.key, b.key) < 0) ? a : b;
        return 1;
    }
    {
        int c = may[0] && (!may[1] || due[0] < due[1]) ? QUND_TIMER_AT : QUND_TIMER_JUDGE;

        return qund_timers_peek(e->timers, (enum qund_timer_class)c, due[c], e->arena, out);
    }
}

/* A batch may span more time than a push made in it has: then its deadline is a timer, too. */
static int timer_ready(struct qund_engine *e, int64_t until, struct qund_timer *out)
{
    if (e->outbox && qund_outbox_fresh_due(e->outbox) <= until) {
        int rc = qund_outbox_settle(e->outbox);

        if (rc < 0)
            return rc;
    }
    return timer_next(e, until, out);
}

static int advance(struct qund_engine *e, struct batch *b, int64_t r)
{
    struct qund_timer t;
    struct qund_buf key = {0};
    int rc;

    e->reach = r;
    while ((rc = timer_ready(e, r, &t)) > 0) {
        if (t.due > e->now)
            e->now = t.due;
        qund_buf_clear(&key);
        qund_buf_printf(&key, "timer:%.*s/%.*s", QUND_STR_ARG(t.kind), QUND_STR_ARG(t.key));
        rc = step_run(e, b,
                      &(struct step){.kind = "timer",
                                     .key = qund_buf_view(&key),
                                     .body = t.body,
                                     .run = timer_step,
                                     .arg = &t,
                                     .timer = &t});
        qund_arena_reset(e->arena);
        if (rc < 0)
            break;
    }
    qund_buf_done(&key);
    if (rc == 0 && e->now == 0 && r > 0) /* the first instant of a new store */
        rc = qund_timers_set(e->timers, &(struct qund_timer){.class = QUND_TIMER_AT,
                                                             .due = r + ENGINE_SWEEP_MS,
                                                             .kind = QUND_STR(ENGINE_SWEEP),
                                                             .key = QUND_STR("rules")});
    if (rc == 0 && r > e->now)
        e->now = r;
    return rc;
}

/* --- items --- */

static int event_step(struct qund_engine *e, void *arg)
{
    struct qund_item *it = arg;

    return qund_engine_event(e, it->body);
}

static int apply_event(struct qund_engine *e, struct batch *b, struct qund_item *it)
{
    char key[6 + QUND_ENTRY_ID_CHARS] = "event:";
    int rc;

    qund_entry_id_print(it->id, key + 6);
    e->repeat = e->buried = false;
    rc = step_run(
        e, b,
        &(struct step){
            .kind = "event", .key = qund_str(key), .body = it->body, .run = event_step, .arg = it});
    if (rc < 0)
        return rc;
    e->tally.repeated += e->repeat;
    e->tally.applied += !e->repeat && !e->buried;
    if (qund_entry_id_cmp(it->id, e->batch_last) > 0)
        e->batch_last = it->id;
    return 0;
}

/* It was in hand when the program died: what is open is committed first, and what it is. */
static int command_alone(struct qund_engine *e, struct batch *b, struct qund_str key)
{
    int rc = batch_commit(e, b);

    if (rc == 0)
        rc = batch_begin(e);
    if (rc == 0)
        rc = qund_suspect_note(e, key, b->items[b->at].cmd);
    if (rc == 0)
        rc = batch_commit(e, b);
    return rc < 0 ? rc : batch_begin(e);
}

/* A command's refusal is its answer, not a dead letter: it is rolled back alone and told so. */
static int apply_command(struct qund_engine *e, struct batch *b, struct qund_item *it)
{
    struct qund_command *c = it->cmd;
    char name[QUND_INHAND_KEY_MAX];
    struct qund_str key = {.p = name};
    struct step_mark m;
    bool suspect;
    int rc;

    if (!c)
        return 0; /* answered before a later part of the batch failed */
    key.n = (size_t)snprintf(name, sizeof(name), "command:%s", c->name);
    rc = qund_poison_refuse(e, key, c);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    suspect = QUND_UNLIKELY(e->n_suspects > 0) && qund_suspect_is(e, key);
    if (suspect)
        rc = command_alone(e, b, key);
    if (rc == 0)
        rc = qund_step_save(e, &m);
    if (rc < 0)
        return rc;
    in_hand(e, key, "command");
    c->rc = qund_engine_command(e, c);
    if (c->rc < 0 && qund_rc_retryable(c->rc) && c->rc != QUND_E_FULL) {
        qund_rules_unref(m.next_rules);
        return c->rc;
    }
    if (c->rc < 0 && c->err.rc == 0)
        qund_ignore(
            qund_err_set(&c->err, c->rc, c->name, "cannot be done (%s)", qund_rc_name(c->rc)));
    rc = c->rc < 0 ? qund_step_undo(e, &m) : qund_step_keep(e, &m);
    if (rc == 0 && suspect) {
        rc = qund_attempt_clear(e->db, key);
        qund_suspect_drop(e, key);
    }
    return rc;
}

static int apply_tick(struct qund_engine *e, struct batch *b, struct qund_item *it)
{
    (void)b;
    if (qund_entry_id_cmp(it->id, e->pushed) > 0)
        e->pushed = it->id;
    return 0; /* advancing to its rx was the rest */
}

static int apply_floor(struct qund_engine *e, struct batch *b, struct qund_item *it)
{
    if (it->rx > e->floor)
        e->floor = it->rx;
    return advance(e, b, e->now);
}

static int apply_one(struct qund_engine *e, struct batch *b, struct qund_item *it)
{
    static int (*const APPLY[])(struct qund_engine *, struct batch *,
                                struct qund_item *) = {[QUND_ITEM_EVENT] = apply_event,
                                                       [QUND_ITEM_COMMAND] = apply_command,
                                                       [QUND_ITEM_TICK] = apply_tick,
                                                       [QUND_ITEM_FLOOR] = apply_floor};
    int rc = it->kind == QUND_ITEM_FLOOR ? 0 : advance(e, b, it->rx);

    if (rc == 0)
        rc = APPLY[it->kind](e, b, it);
    qund_sop_people_changed(e->sop);
    qund_arena_reset(e->arena);
    return rc;
}

static int apply_all(struct qund_engine *e, struct batch *b)
{
    int rc = batch_begin(e);

    while (rc == 0 && b->at < b->n) {
        rc = apply_one(e, b, &b->items[b->at]);
        b->at += rc == 0;
    }
    if (rc == 0)
        rc = batch_commit(e, b);
    if (rc < 0)
        batch_undo(e, b);
    return rc;
}

int qund_engine_apply(struct qund_engine *e, struct qund_item *items, size_t n,
                      struct qund_out_items *send)
{
    struct batch b = {.items = items, .n = n, .send = send, .now = e->now, .floor = e->floor};
    int rc = apply_all(e, &b);

    if (rc < 0 && !qund_rc_retryable(rc)) {
        b.guarded = true;
        rc = apply_all(e, &b);
    }
    if (rc < 0 && e->deps.inhand)
        qund_inhand_clear(e->deps.inhand, QUND_INHAND_ENGINE);
    return rc;
}

int64_t qund_engine_next_due(struct qund_engine *e, int64_t floor)
{
    int64_t at = INT64_MAX, judge = INT64_MAX;

    if (qund_timers_next(e->timers, QUND_TIMER_AT, &at) <= 0)
        at = INT64_MAX;
    if (floor < e->floor)
        floor = e->floor;
    if (qund_timers_next(e->timers, QUND_TIMER_JUDGE, &judge) <= 0 || judge > floor)
        judge = INT64_MAX;
    return at < judge ? at : judge;
}

int64_t qund_engine_time(const struct qund_engine *e)
{
    return e->now;
}

struct qund_entry_id qund_engine_applied(const struct qund_engine *e)
{
    return e->applied;
}

struct qund_rules *qund_engine_rules(struct qund_engine *e)
{
    return e->rules;
}
