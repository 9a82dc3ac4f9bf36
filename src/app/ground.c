/* src/app/ground.c - what the daemon stands on: the data folder's lock, the store, the clock,
 * Redis, rules, and what the store remembers against what the stream knows.
 *
 * Our own Redis is started early and waited for late: it reads its file while the rules are loaded
 * and the engine is made.
 *
 * Nothing is adopted silently. A store of the other kind of time is refused, a log or a queue that
 * somebody removed is said with what is unknown because of it, and a rule set that cannot be loaded
 * is replaced by the last good one, which /readyz then shows. */
#include "app/parts.h"
#include "core/file.h"
#include "crm/org.h"
#include "crm/roster.h"
#include "sop/plan.h"
#include <unistd.h>

/* --- the queue --- */

static int launch_queue(struct qund *q, struct qund_err *err)
{
    int rc = qund_queue_addr_parse(qund_str(q->config->queue.url),
                                   qund_str(q->config->queue.prefix), &q->addr, err);

    if (rc < 0)
        return rc;
    q->addr.to_disk = q->config->queue.durability == QUND_DURABILITY_DISK;
    if (q->config->queue.password)
        snprintf(q->addr.password, sizeof(q->addr.password), "%s", q->config->queue.password);
    if (!q->addr.managed)
        return 0;
    rc = qund_redis_launch(
        &(struct qund_redis_opts){.dir = q->vault->redis,
                                  .durable = q->config->queue.durability == QUND_DURABILITY_DISK,
                                  .maxmemory = q->config->queue.maxmemory,
                                  .log = q->log,
                                  .metrics = q->metrics},
        &q->redis, err);
    if (rc == 0)
        qund_redis_addr(q->redis, &q->addr);
    return rc;
}

/* The name under which this data folder holds a lease; made once. */
static int open_instance(struct qund *q, struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf name = {0};
    uint8_t bytes[8];
    int rc = qund_meta_str(q->db, "instance", &name);

    if (rc == QUND_E_NOTFOUND) {
        qund_random(bytes, sizeof(bytes));
        for (size_t i = 0; i < sizeof(bytes); i++)
            qund_buf_printf(&name, "%02x", bytes[i]);
        rc = qund_meta_set_str(q->db, "instance", qund_buf_view(&name));
    }
    if (rc < 0)
        return qund_err_set(err, rc, "store", "%s", qund_db_error(q->db));
    snprintf(q->instance, sizeof(q->instance), "%.*s", QUND_STR_ARG(qund_buf_view(&name)));
    return 0;
}

/* An emptied, cut or strange queue is said plainly, with what is unknown because of it. */
static void compare_queue(struct qund *q)
{
    struct qund_queue_known known = {.now = qund_wall_system().ms};
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    enum qund_queue_gap gap;

    for (int i = 0; i < 2; i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf id = {0};

        if (qund_meta_str(q->db, i ? "pushed_id" : "applied_id", &id) == 0)
            qund_ignore(
                qund_entry_id_parse(qund_buf_view(&id), i ? &known.pushed : &known.applied));
    }
    if (q->redis) {
        struct qund_redis_state r;

        qund_redis_state(q->redis, &r);
        known.mended = r.repairs > 0;
    }
    gap = qund_queue_compare(&q->info, &known, &text);
    if (gap == QUND_QUEUE_WHOLE)
        return;
    qund_log(q->log, QUND_ERROR, gap == QUND_QUEUE_STRANGE ? "queue.strange" : "queue.lost",
             QUND_KV("what", qund_buf_view(&text)));
    snprintf(q->queue_gap, sizeof(q->queue_gap), "%.*s", QUND_STR_ARG(qund_buf_view(&text)));
}

int qund_open_queue(struct qund *q, struct qund_err *err)
{
    int rc = q->redis ? qund_redis_ready(q->redis, err) : 0;

    if (rc < 0)
        return rc;
    q->queue = (struct qund_queue_opts){.addr = &q->addr,
                                        .instance = q->addr.managed ? NULL : q->instance,
                                        .log = q->log,
                                        .metrics = q->metrics};
    rc = qund_queue_inspect(&q->queue, &q->info, err);
    if (rc == 0)
        compare_queue(q);
    return rc;
}

/* --- room on the disk --- */

/* The start needs some room itself (shared memory beside the log, the lease of the queue): it gets
 * the same reserve that a running daemon would. */
static void make_room(struct qund *q)
{
    if (!qund_disk_full(q->vault->dir) || !qund_reserve_give(q->vault->reserve))
        return;
    q->reserve_given = true;
    qund_log(q->log, QUND_ERROR, "store.reserve_given", QUND_KV("at", "the start"),
             QUND_KV("do", "free disk space; the reserve is taken again by itself"));
}

int qund_told_of_disk(const struct qund *q, int rc, struct qund_err *err)
{
    const char *const places[] = {q->vault ? q->vault->dir : NULL,
                                  q->vault ? q->vault->redis : NULL};

    if (!err || rc == QUND_E_EXISTS || rc == QUND_E_INVAL || rc == QUND_E_DENIED)
        return rc;
    for (size_t i = 0; i < QUND_ARRAY_LEN(places); i++)
        if (places[i] && qund_disk_full(places[i]) &&
            !qund_str_starts(qund_str(err->text), "the disk is full"))
            return qund_err_set(err, QUND_E_FULL, places[i],
                                "the disk is full (%lld KiB are left), and the start needs some "
                                "megabytes: free them and start again; nothing is damaged or lost "
                                "(%.90s: %.110s)",
                                (long long)qund_disk_free(places[i]) / 1024, err->where, err->text);
    return rc;
}

/* The first time it may be half of what is there; one that was given back is taken again only as
 * the running daemon takes it. */
static void keep_reserve(struct qund *q, bool fresh)
{
    struct qund_err err = {0};
    const char *path = q->vault->reserve;
    int64_t bytes = q->config->store.reserve;

    if (bytes == 0) {
        qund_ignore((int)qund_reserve_give(path)); /* switched off since */
        return;
    }
    if (q->reserve_given)
        return;
    if (!fresh && access(path, F_OK) != 0 && !qund_reserve_fits(path, bytes))
        qund_ignore(qund_err_set(&err, QUND_E_FULL, path,
                                 "the disk has no room for the reserve and as much besides"));
    if (err.rc < 0 || qund_reserve_make(path, bytes, &err) < 0)
        qund_log(q->log, QUND_WARN, "store.no_reserve", QUND_KV("why", err.text));
}

/* --- the store --- */

/* Whether something stays in force when a file is refused; asked before the engine has the store.
 * What cannot be read may be there. */
static void look_back(struct qund *q)
{
    QUND_AUTO(qund_buf_done) struct qund_buf templates = {0};
    char org[65];

    q->org_known = qund_org_applied(q->db, org) < 0 || org[0] != '\0';
    q->sop_known = qund_sop_template_list(q->db, &templates) != 0;
}

static int open_store(struct qund *q, struct qund_err *err)
{
    int64_t made_virtual = -1;
    bool wal_lost = qund_store_wal_lost(q->vault->store, q->left.unclean);
    bool fresh = access(q->vault->store, F_OK) != 0;
    int rc = qund_vault_store(q->vault, q->config, q->log, &q->db, err);

    if (rc < 0)
        return rc;
    if (wal_lost) {
        snprintf(
            q->store_gap, sizeof(q->store_gap),
            "the store's write-ahead log was removed after an unclean stop: what was committed "
            "since the last checkpoint is gone; what the queue still holds is applied again");
        qund_log(q->log, QUND_ERROR, "store.wal_lost", QUND_KV("path", q->vault->store));
    }
    rc = qund_meta_int(q->db, "virtual", &made_virtual);
    if (rc == QUND_E_NOTFOUND)
        rc = qund_meta_set_int(q->db, "virtual", q->opts.is_virtual);
    else if (rc == 0 && (made_virtual != 0) != q->opts.is_virtual)
        return qund_err_set(err, QUND_E_INVAL, q->vault->dir,
                            made_virtual ? "was made with --virtual and cannot run in real time; "
                                           "give another folder with --data"
                                         : "was made in real time and cannot run with --virtual; "
                                           "give another folder with --data");
    if (rc < 0)
        return qund_err_set(err, rc, "store", "%s", qund_db_error(q->db));
    look_back(q);
    keep_reserve(q, fresh);
    rc = qund_vault_look_at_damage(q->vault, q->db, q->log, err);
    if (rc == 0)
        rc = open_instance(q, err);
    if (rc == 0)
        rc = qund_token_first(q->db, qund_wall_system().ms, q->first_token, err);
    return rc < 0 ? rc : 0;
}

static int open_clock(struct qund *q)
{
    int64_t last = 0;

    if (qund_meta_int(q->db, "engine_time", &last) < 0)
        last = 0;
    q->clock = q->opts.is_virtual ? qund_clock_virtual(last, q->opts.speed) : qund_clock_real();
    if (!q->opts.is_virtual) /* the system's clock may have been set back meanwhile */
        qund_clock_reach(q->clock, (struct qund_wall){last});
    return 0;
}

/* --- in order --- */

/* The door opens last, but that it can be opened is known before a folder is made and seconds go by
 * in work. Behind a folder that is held the door is held as well, which is no news: the lock tells
 * who does. */
static int try_door(const struct qund *q, struct qund_err *err)
{
    QUND_AUTO(qund_free_str) char *lock = qund_path_join(q->opts.data, "lock");

    return qund_lock_holder(lock) != 0 ? 0 : qund_server_try(q->config->http.listen, err);
}

int qund_open_ground(struct qund *q, struct qund_err *err)
{
    int rc = try_door(q, err);

    if (rc == 0)
        rc = qund_vault_open(q->opts.data, &q->vault, err);
    if (rc == 0)
        make_room(q);
    if (rc == 0)
        rc = qund_vault_key(q->vault, err);
    if (rc == 0)
        rc = qund_inhand_open(q->vault->inhand, &q->inhand, &q->left, err);
    if (rc == 0)
        rc = open_store(q, err);
    if (rc == 0)
        rc = qund_plugins_suspect(q, err);
    if (rc == 0)
        rc = open_clock(q);
    if (rc == 0)
        rc = launch_queue(q, err);
    if (rc < 0)
        return rc;
    q->fold = qund_fold_tables();
    q->words = qund_words_new(q->fold);
    rc = qund_holidays_shipped(q->log, &q->holidays);
    if (rc == 0)
        rc = qund_ruleset_start(q->config, q->vault, q->fold, q->db, q->log, &q->rules,
                                &q->rules_degraded, err);
    if (rc == 0)
        qund_ruleset_doubts(q->config, q->rules, q->log, q->rules_doubt);
    return rc;
}
