/* src/app/maint.c - slow work beside the writer.
 *
 * Checkpoints are here because in the committing thread they are its worst latency. Each second,
 * in a rush more often, a PASSIVE one copies what it can without disturbing anybody; a long log is
 * begun anew when nobody reads from it. A quick_check walks the store one table at a time, so that
 * damage is found within minutes and not at first touch. Whoever finds it, from then on nothing is
 * written: no checkpoint here, no transaction in the engine; a note tells the next start. Rows that
 * a person should see going down (dead letters, pushes by state) are counted here, too: /metrics
 * itself never waits for the store. Jobs come by mailbox: compiling rules takes seconds and must
 * not stand in the way of an event; the finished set goes to the engine as a command and the asker
 * hears from there. */
#include "app/maint.h"
#include "app/ruleset.h"
#include "config/config.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/json.h"
#include "outbox/outbox.h"
#include "queue/managed.h"
#include "sop/counts.h"
#include "store/backup.h"
#include "store/db.h"
#include "store/dead.h"
#include "store/maint.h"
#include <jansson.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>

#define TICK_MS 1000
#define FIRST_TICK_MS 300 /* the start is over by then, and leaves memory behind */
/* In a rush (so many frames a second since the last one) checkpoints come every RUSH_MS: what a
 * sync has to write bounds how long it stands in the way of the writer. */
#define RUSH_PER_S 4000
#define RUSH_MS 100
#define TIDY_EVERY 60 /* ticks between two looks whether the WAL's blocks can be handed back */
#define TOO_LONG 4    /* times its limit: handed back though somebody writes, but not in a rush */
#define COUNT_EVERY 5 /* ticks between two counts */
#define IDLE_MAX (8u << 20) /* freed memory beyond it goes back at a count: 1 to 5 ms */
#define LOOK_PAUSE 4        /* times as long as a table's check took, but at least … */
#define LOOK_MS 5000        /* … so long, and … */
#define LOOK_WAIT_MS 120000 /* … so much longer in a rush: meanwhile there is no checkpoint */
#define JOBS_MAX 16
#define ERRORS_MAX 20

struct qund_maint {
    struct qund_maint_deps deps;
    struct qund_mbox *jobs;
    pthread_t thread;
    bool started;
    atomic_bool stop;

    /* maint thread only */
    struct qund_db *db;
    struct qund_quick_check check;
    bool noted; /* the damage is told */
    unsigned ticks;
    bool trim;             /* at the next tick */
    int64_t look_at_ms;    /* for the next table */
    int64_t frames;        /* of the WAL at the last checkpoint */
    int64_t longest;       /* most frames since its blocks were handed back */
    int64_t checked_at_ms; /* when that was */
    bool rush;
    struct qund_counter *wal, *checks, *dead, *outbox[QUND_OUT_STATES];
    struct qund_counter *tasks[QUND_TASK_STATES]; /* NULL: they are over */
    struct qund_counter *plans[QUND_PLAN_STATES], *outcomes[QUND_EXPECT_OUTCOMES];

    pthread_mutex_t mtx;
    struct qund_config *config;    /* under mtx */
    struct qund_maint_state state; /* under mtx */
};

static struct qund_config *config_ref(struct qund_maint *m)
{
    struct qund_config *cfg;

    pthread_mutex_lock(&m->mtx);
    cfg = qund_config_ref(m->config);
    pthread_mutex_unlock(&m->mtx);
    return cfg;
}

/* --- jobs --- */

static void note_rules(struct qund_maint *m, const struct qund_errs *errs, const char *doubt)
{
    size_t others = errs->n + errs->dropped > 0 ? errs->n + errs->dropped - 1 : 0;
    char more[48] = "";

    if (others > 0)
        snprintf(more, sizeof(more), " (and %zu more: qund check)", others);
    pthread_mutex_lock(&m->mtx);
    m->state.rules_broken = errs->n > 0;
    m->state.rules_taken = m->state.rules_taken || errs->n == 0;
    if (errs->n == 0)
        snprintf(m->state.rules_doubt, sizeof(m->state.rules_doubt), "%s", doubt);
    if (errs->n > 0)
        snprintf(m->state.rules_why, sizeof(m->state.rules_why), "%.100s: %.180s%s",
                 errs->v[0].where, errs->v[0].text, more);
    pthread_mutex_unlock(&m->mtx);
}

/* The command becomes rules.swap and goes on to the engine, which answers its asker. */
static void rules_reload(struct qund_maint *m, struct qund_command *c)
{
    QUND_AUTO(qund_config_unref) struct qund_config *cfg = config_ref(m);
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    struct qund_rules *rules = NULL;
    char doubt[320] = "";
    int rc;

    qund_errs_init(&errs, ERRORS_MAX);
    rc = qund_ruleset_load(cfg, m->deps.vault, m->deps.fold, &rules, &errs);
    if (rc == 0)
        qund_ruleset_doubts(cfg, rules, m->deps.log, doubt);
    note_rules(m, &errs, doubt);
    m->trim = true;
    if (rc < 0) {
        qund_log(m->deps.log, QUND_ERROR, "rules.refused",
                 QUND_KV("where", errs.n ? errs.v[0].where : ""),
                 QUND_KV("why", errs.n ? errs.v[0].text : qund_rc_name(rc)),
                 QUND_KV("errors", (int64_t)(errs.n + errs.dropped)));
        c->rc = rc;
        if (errs.n > 0)
            c->err = errs.v[0];
        qund_errs_print(&errs, &c->reply);
        qund_command_finish(c);
        return;
    }
    qund_log(m->deps.log, QUND_INFO, "rules.loaded",
             QUND_KV("rules", (int64_t)qund_rules_count(rules)));
    c->name = "rules.swap";
    c->attach = rules;
    c->attach_free = qund_rules_unref_v;
    rc = m->deps.submit(m->deps.submit_arg, c);
    if (rc < 0) {
        c->rc = rc;
        qund_err_set(&c->err, rc, "rules", "the engine takes no command now; try again");
        qund_command_finish(c);
    }
}

static void backup(struct qund_maint *m, struct qund_command *c)
{
    json_error_t why;
    json_t *o = json_loadb(c->body, c->body_n, QUND_JSON_LOAD_FLAGS, &why);
    const char *dir = json_string_value(json_object_get(o, "dir"));
    QUND_AUTO(qund_free_str) char *own = qund_path_join(m->deps.vault->dir, "backups");
    QUND_AUTO(qund_free_str) char *path = NULL;

    /* The API names no folder: who holds a token may not write where this user may. */
    c->rc = qund_backup_run(m->db, dir ? dir : own, qund_clock_now(m->deps.clock).ms, NULL, NULL,
                            &path, &c->err);
    if (c->rc == 0) {
        struct qund_jw w = qund_jw(&c->reply);

        qund_jw_obj(&w);
        qund_jw_kz(&w, "path", path);
        qund_jw_end_obj(&w);
        qund_log(m->deps.log, QUND_INFO, "backup.done");
    }
    json_decref(o);
    qund_command_finish(c);
}

static const struct {
    const char *name;
    void (*run)(struct qund_maint *m, struct qund_command *c);
} JOBS[] = {{"rules.reload", rules_reload}, {"backup", backup}};

static void run_jobs(struct qund_maint *m)
{
    struct qund_node *node = qund_mbox_take_all(m->jobs);

    while (node) {
        struct qund_command *c = QUND_CONTAINER(node, struct qund_command, node);

        node = node->next;
        c->node.next = NULL;
        for (size_t i = 0; i < QUND_ARRAY_LEN(JOBS); i++)
            if (strcmp(c->name, JOBS[i].name) == 0) {
                JOBS[i].run(m, c);
                break;
            }
    }
}

/* --- the tick --- */

static bool damaged(const struct qund_maint *m)
{
    return atomic_load(m->deps.vault->damaged);
}

/* The writer begins the WAL anew by itself when everything is copied: then fewer frames than before
 * are all of them new. */
static void note_rush(struct qund_maint *m, int64_t frames)
{
    int64_t now = qund_mono_now().ms, passed = now - m->checked_at_ms;
    int64_t written = frames >= m->frames ? frames - m->frames : frames;

    m->rush = written * 1000 > RUSH_PER_S * (passed > 0 ? passed : 1);
    m->checked_at_ms = now;
}

/* Its file stays as long as it ever was, which is room for the next rush. */
static bool may_hand_back(const struct qund_maint *m, const struct qund_checkpoint *done,
                          int64_t limit)
{
    bool written = done->emptied || done->wal_frames != m->frames;

    return !written || (m->longest * QUND_STORE_PAGE > TOO_LONG * limit && !m->rush);
}

/* `tidy`: hand the WAL's blocks back if this is a moment for it. */
static void checkpoint(struct qund_maint *m, bool tidy)
{
    struct qund_checkpoint done;
    QUND_AUTO(qund_config_unref) struct qund_config *cfg = config_ref(m);
    int64_t limit = cfg->store.wal_limit;
    int rc;

    if (damaged(m))
        return; /* it would write into what is damaged */
    rc = qund_maint_checkpoint(m->db, limit, false, &done);
    m->longest = done.wal_frames > m->longest ? done.wal_frames : m->longest;
    if (rc == 0 && tidy && may_hand_back(m, &done, limit)) {
        rc = qund_maint_checkpoint(m->db, limit, true, &done);
        m->longest = rc == 0 ? 0 : m->longest;
    }
    note_rush(m, done.wal_frames);
    m->frames = done.emptied ? 0 : done.wal_frames;
    if (rc < 0)
        return; /* somebody is in the way: at the next tick */
    qund_counter_set(m->wal, done.emptied ? 0 : done.wal_frames * QUND_STORE_PAGE);
    qund_counter_add(m->checks, 1);
    pthread_mutex_lock(&m->mtx);
    m->state.wal_bytes = qund_counter_get(m->wal);
    pthread_mutex_unlock(&m->mtx);
}

static void tell_damage(struct qund_maint *m, const char *what)
{
    m->noted = true;
    qund_log(m->deps.log, QUND_ERROR, "store.damaged", QUND_KV("what", what),
             QUND_KV("meaning", "nothing is written any more; events wait in the queue"),
             QUND_KV("do", "stop the daemon and run: qund restore DIR"));
    qund_vault_note_damage(m->deps.vault, qund_str(what), m->deps.log);
    pthread_mutex_lock(&m->mtx);
    m->state.damaged = true;
    snprintf(m->state.what, sizeof(m->state.what), "%s", what);
    pthread_mutex_unlock(&m->mtx);
}

/* What is written into a removed file is lost with our last descriptor of it. */
static void look_for_files(struct qund_maint *m)
{
    bool moved = !damaged(m) && qund_maint_moved(m->db);

    if (!atomic_load(m->deps.vault->gone) && !qund_vault_in_place(m->deps.vault)) {
        atomic_store(m->deps.vault->gone, true);
        qund_log(m->deps.log, QUND_ERROR, "data.gone", QUND_KV("path", m->deps.vault->dir),
                 QUND_KV("meaning", "no event is taken any more"),
                 QUND_KV("do", "stop the daemon, put the data folder back, start again"));
    }
    if (!moved)
        return;
    atomic_store(m->deps.vault->damaged, true);
    tell_damage(m, "qund.db is not the file that was opened: it was removed, moved or replaced");
}

static void look(struct qund_maint *m)
{
    struct qund_err err = {0};
    int64_t start = qund_mono_now().ms, took;
    int rc;

    if (start < m->look_at_ms || (m->rush && start < m->look_at_ms + LOOK_WAIT_MS))
        return;
    rc = qund_maint_quick_check(m->db, &m->check, &err);
    took = qund_mono_now().ms - start;
    m->look_at_ms = start + took + (LOOK_PAUSE * took > LOOK_MS ? LOOK_PAUSE * took : LOOK_MS);
    if (rc == 0)
        m->check = (struct qund_quick_check){0}; /* all tables were fine: from the beginning */
    if (rc == QUND_E_IO)
        tell_damage(m, err.text);
}

static void count_sop(struct qund_maint *m)
{
    struct qund_sop_counts n;

    if (qund_sop_count(m->db, &n) < 0)
        return;
    for (size_t s = 0; s < QUND_TASK_STATES; s++)
        if (m->tasks[s])
            qund_counter_set(m->tasks[s], n.tasks[s]);
    for (size_t s = 0; s < QUND_PLAN_STATES; s++)
        qund_counter_set(m->plans[s], n.plans[s]);
    for (size_t s = 0; s < QUND_EXPECT_OUTCOMES; s++)
        qund_counter_set(m->outcomes[s], n.outcomes[s]);
}

static void count_rows(struct qund_maint *m)
{
    int64_t dead, n[QUND_OUT_STATES];

    /* What cannot be read now keeps its last figure; the store's own trouble is told elsewhere. */
    if (qund_dead_count(m->db, &dead) == 0)
        qund_counter_set(m->dead, dead);
    if (qund_outbox_count(m->db, n) == 0)
        for (size_t s = 0; s < QUND_OUT_STATES; s++)
            qund_counter_set(m->outbox[s], n[s]);
    count_sop(m);
}

/* After a rush, and within one that lasts. What was given back counts as idle still, so this comes
 * again and then costs little. */
static void look_at_heap(void)
{
    if (qund_memory_idle() > IDLE_MAX)
        qund_memory_give_back();
}

static void tick(struct qund_maint *m)
{
    QUND_AUTO(qund_config_unref) struct qund_config *cfg = config_ref(m);
    struct qund_err err;

    m->ticks++;
    if (m->trim)
        qund_memory_trim();
    m->trim = false;
    look_for_files(m);
    checkpoint(m, m->ticks % TIDY_EVERY == 0);
    if (!damaged(m))
        look(m);
    if (m->ticks % COUNT_EVERY == 0) {
        count_rows(m);
        look_at_heap();
    }
    if (m->deps.redis)
        qund_redis_tidy(m->deps.redis);
    if (damaged(m) && !m->noted)
        tell_damage(m, "a page was found malformed when it was read");
    if (m->deps.redis && cfg->queue.durability == QUND_DURABILITY_OS)
        qund_ignore(qund_redis_sync_aof(m->deps.redis, &err)); /* the next second tries again */
}

static void run(void *arg)
{
    struct qund_maint *m = arg;
    int64_t now = qund_mono_now().ms, next = now + FIRST_TICK_MS;

    m->look_at_ms = now + LOOK_MS;
    m->checked_at_ms = now;
    count_rows(m);
    while (!atomic_load(&m->stop)) {
        int64_t left = m->rush && next - now > RUSH_MS ? RUSH_MS : next - now;

        qund_mbox_wait(m->jobs, left > 0 ? (int)left : 0);
        run_jobs(m);
        now = qund_mono_now().ms;
        if (now >= next) {
            tick(m);
            now = qund_mono_now().ms;
            next = now + TICK_MS;
        } else if (m->rush) {
            checkpoint(m, false);
        }
    }
    run_jobs(m);
    checkpoint(m, true);
    if (damaged(m))
        qund_db_keep_wal(m->db);
    m->db = qund_db_close(m->db);
}

static void make_sop_metrics(struct qund_maint *m)
{
    struct qund_metrics *r = m->deps.metrics;
    char labels[64];

    for (int s = 0; s < QUND_TASK_STATES; s++) {
        snprintf(labels, sizeof(labels), "state=\"%s\"",
                 qund_task_state_name((enum qund_task_state)s));
        if (qund_task_open((enum qund_task_state)s))
            m->tasks[s] =
                qund_metric_gauge(r, "qund_tasks", labels, "Tasks that are not over, by state");
    }
    for (int s = 0; s < QUND_PLAN_STATES; s++) {
        snprintf(labels, sizeof(labels), "state=\"%s\"",
                 qund_plan_state_name((enum qund_plan_state)s));
        m->plans[s] = qund_metric_gauge(r, "qund_plans", labels, "Plans, by state");
    }
    for (int s = 0; s < QUND_EXPECT_OUTCOMES; s++) {
        snprintf(labels, sizeof(labels), "outcome=\"%s\"", qund_expect_outcome_name(s));
        m->outcomes[s] = qund_metric_counter(r, "qund_expectations_total", labels,
                                             "What was expected of posts, by how it came out");
    }
}

static void make_metrics(struct qund_maint *m)
{
    struct qund_metrics *r = m->deps.metrics;
    char labels[64];

    m->wal = qund_metric_gauge(r, "qund_store_wal_bytes", NULL, "Length of the write-ahead log");
    m->checks = qund_metric_counter(r, "qund_store_checkpoints_total", NULL, "Checkpoints made");
    m->dead = qund_metric_gauge(r, "qund_dead_events", NULL, "Dead letters that wait for a person");
    for (int s = 0; s < (int)QUND_OUT_STATES; s++) {
        snprintf(labels, sizeof(labels), "state=\"%s\"", qund_out_state_name(s));
        m->outbox[s] =
            qund_metric_gauge(r, "qund_outbox_items", labels, "Pushes in the outbox, by state");
    }
    make_sop_metrics(m);
}

int qund_maint_open(const struct qund_maint_deps *deps, struct qund_maint **out,
                    struct qund_err *err)
{
    QUND_AUTO(qund_maint_close) struct qund_maint *m = qund_alloc(sizeof(*m));
    int rc;

    m->deps = *deps;
    m->config = qund_config_ref(deps->config);
    pthread_mutex_init(&m->mtx, NULL);
    m->jobs = qund_mbox_new(JOBS_MAX);
    m->trim = true;
    make_metrics(m);
    rc = qund_db_open(&(struct qund_db_cfg){.path = deps->vault->store,
                                            .page_cache_bytes = 1 << 20,
                                            .full_sync = true,
                                            .damaged = deps->vault->damaged},
                      QUND_DB_MAINT, deps->log, &m->db, err);
    if (rc == 0)
        rc = qund_thread_start(&m->thread, QUND_THREAD_MAINT, run, m, err);
    if (rc < 0)
        return rc;
    m->started = true;
    *out = QUND_TAKE(m);
    return 0;
}

struct qund_maint *qund_maint_close(struct qund_maint *m)
{
    struct qund_node *node;

    if (!m)
        return NULL;
    atomic_store(&m->stop, true);
    if (m->started) {
        qund_mbox_wake(m->jobs);
        pthread_join(m->thread, NULL);
    }
    qund_mbox_close(m->jobs);
    for (node = qund_mbox_take_all(m->jobs); node;) {
        struct qund_command *c = QUND_CONTAINER(node, struct qund_command, node);

        node = node->next;
        c->rc = qund_err_set(&c->err, QUND_E_AGAIN, "qund", "the program is stopping");
        qund_command_finish(c);
    }
    qund_db_close(m->db);
    qund_mbox_free(m->jobs);
    qund_config_unref(m->config);
    pthread_mutex_destroy(&m->mtx);
    qund_free(m);
    return NULL;
}

int qund_maint_job(struct qund_maint *m, struct qund_command *c)
{
    for (size_t i = 0; i < QUND_ARRAY_LEN(JOBS); i++)
        if (strcmp(c->name, JOBS[i].name) == 0)
            return qund_mbox_put(m->jobs, &c->node);
    return QUND_E_NOTFOUND;
}

void qund_maint_config(struct qund_maint *m, struct qund_config *config)
{
    pthread_mutex_lock(&m->mtx);
    qund_config_unref(m->config);
    m->config = qund_config_ref(config);
    pthread_mutex_unlock(&m->mtx);
}

void qund_maint_state(struct qund_maint *m, struct qund_maint_state *out)
{
    pthread_mutex_lock(&m->mtx);
    *out = m->state;
    pthread_mutex_unlock(&m->mtx);
}
