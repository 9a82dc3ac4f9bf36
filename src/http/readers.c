/* readers.c - the pool of threads that read the store for the faces.
 *
 * The loop must not wait for the disk, and the one writer must not wait for readers; so each reader
 * has a read-only handle of its own, opened by itself when its first job comes. A job has a
 * deadline from the moment it was asked for: one that waited too long is told so without touching
 * the store, one that runs too long is interrupted by SQLite. That bounds both the queue and the
 * age of a snapshot, which would otherwise keep the write-ahead log from being folded back.
 *
 * A mailbox has one consumer, so each thread has its own; a job goes to the shortest. */
#include "http/readers.h"
#include "core/clock.h"
#include "crm/message.h"
#include "store/month.h"
#include "store/search.h"
#include <stdatomic.h>

enum { THREADS_DEFAULT = 2, THREADS_MAX = 16, WAITING_MAX = 256, DEADLINE_MS = 2000 };

struct worker {
    struct qund_readers *pool;
    struct qund_mbox *mbox;
    pthread_t thread;
};

struct qund_readers {
    struct qund_readers_cfg cfg;
    char *store_path;
    struct worker worker[THREADS_MAX];
    unsigned n;
    _Atomic bool stopping;
};

static int open_reader(struct qund_readers *p, struct qund_reader *rd, struct qund_err *err)
{
    struct qund_db_cfg cfg = {.path = p->store_path,
                              .page_cache_bytes = p->cfg.page_cache_bytes,
                              .busy_ms = 2000,
                              .damaged = p->cfg.store_damaged};
    int rc;

    if (rd->db)
        return QUND_OK;
    rc = qund_db_open(&cfg, QUND_DB_READ, p->cfg.log, &rd->db, err);
    if (rc < 0)
        return rc;
    rd->months = qund_months_new(rd->db);
    rd->view = qund_message_view_new(rd->db);
    rd->words = p->cfg.words;
    if (rd->words)
        rd->search = qund_search_new(rd->db, rd->months, rd->words);
    return QUND_OK;
}

static void run_job(struct qund_readers *p, struct qund_reader *rd, struct qund_read_job *j)
{
    struct qund_reader none = {0};
    struct qund_err err = {0};
    int rc;

    if (qund_mono_now().ms >= j->due_mono_ms)
        rc = qund_err_set(&err, QUND_E_AGAIN, "readers", "too many reads wait; try again");
    else
        rc = open_reader(p, rd, &err);
    if (rc < 0) {
        err.rc = rc;
        j->run(j, &none, &err);
        return;
    }
    rd->deadline_mono_ms = j->due_mono_ms;
    qund_db_deadline(rd->db, j->due_mono_ms);
    j->run(j, rd, &err);
    if (qund_db_in_tx(rd->db))
        qund_db_rollback(rd->db);
}

static void run_worker(void *arg)
{
    struct worker *w = arg;
    struct qund_reader rd = {0};

    for (;;) {
        struct qund_node *next;
        struct qund_node *n = qund_mbox_take_all(w->mbox);

        if (!n && atomic_load(&w->pool->stopping))
            break;
        for (; n; n = next) {
            next = n->next;
            run_job(w->pool, &rd, QUND_CONTAINER(n, struct qund_read_job, node));
        }
        qund_mbox_wait(w->mbox, -1);
    }
    if (rd.search)
        qund_search_free(rd.search);
    if (rd.view)
        qund_message_view_free(rd.view);
    if (rd.months)
        qund_months_free(rd.months);
    qund_db_close(rd.db);
}

int qund_readers_new(const struct qund_readers_cfg *cfg, struct qund_readers **out,
                     struct qund_err *err)
{
    struct qund_readers *p = qund_alloc(sizeof(*p));
    unsigned n = cfg->n ? cfg->n : THREADS_DEFAULT;

    p->cfg = *cfg;
    p->store_path = qund_strdup(cfg->store_path);
    p->cfg.store_path = p->store_path;
    for (p->n = 0; p->n < n && p->n < THREADS_MAX; p->n++) {
        struct worker *w = &p->worker[p->n];
        int rc;

        w->pool = p;
        w->mbox = qund_mbox_new(WAITING_MAX);
        rc = qund_thread_start(&w->thread, QUND_THREAD_READER, run_worker, w, err);
        if (rc < 0) {
            qund_mbox_free(w->mbox);
            qund_readers_free(p);
            return rc;
        }
    }
    *out = p;
    return QUND_OK;
}

struct qund_readers *qund_readers_free(struct qund_readers *p)
{
    if (!p)
        return NULL;
    atomic_store(&p->stopping, true);
    for (unsigned i = 0; i < p->n; i++) {
        qund_mbox_wake(p->worker[i].mbox);
        pthread_join(p->worker[i].thread, NULL);
        qund_mbox_free(p->worker[i].mbox);
    }
    qund_free(p->store_path);
    qund_free(p);
    return NULL;
}

int qund_readers_submit(struct qund_readers *p, struct qund_read_job *j)
{
    struct worker *best = &p->worker[0];

    for (unsigned i = 1; i < p->n; i++)
        if (qund_mbox_len(p->worker[i].mbox) < qund_mbox_len(best->mbox))
            best = &p->worker[i];
    j->due_mono_ms = qund_mono_now().ms + (j->deadline_ms > 0 ? j->deadline_ms : DEADLINE_MS);
    return qund_mbox_put(best->mbox, &j->node);
}
