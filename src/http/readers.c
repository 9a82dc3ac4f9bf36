/* readers.c - the pool of threads that read the store for the faces.
 *
 * The loop must not wait for the disk, and the one writer must not wait for readers; so each reader
 * has a read-only handle of its own, opened by itself when its first job comes. A job has a
 * deadline from the moment it was asked for: one that waited too long is told so without touching
 * the store, one that runs too long is interrupted by SQLite. That bounds both the queue and the
 * age of a snapshot, which would otherwise keep the write-ahead log from being folded back.
 *
 * The jobs wait in one list, not in a mailbox a thread: how long a job will take is not known, so
 * one that was given to a thread might wait behind an export while another thread has nothing to
 * do. */
#include "http/readers.h"
#include "config/config.h"
#include "core/clock.h"
#include "crm/message.h"
#include "store/month.h"
#include "store/search.h"

enum { THREADS_DEFAULT = 2, WAITING_MAX = 512, DEADLINE_MS = 2000 };

struct qund_readers {
    struct qund_readers_cfg cfg;
    char *store_path;
    pthread_t thread[QUND_READERS_MAX];
    unsigned n;

    pthread_mutex_t mtx;
    pthread_cond_t changed;
    struct qund_node *first, **tail; /* under mtx: jobs that no thread has taken */
    unsigned waiting;                /* under mtx */
    bool stopping;                   /* under mtx */
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

/* The next job, as soon as there is one; NULL: none is left and none will come. */
static struct qund_read_job *take(struct qund_readers *p)
{
    struct qund_node *n;

    pthread_mutex_lock(&p->mtx);
    while (!p->first && !p->stopping)
        pthread_cond_wait(&p->changed, &p->mtx);
    n = p->first;
    if (n) {
        p->first = n->next;
        if (!p->first)
            p->tail = &p->first;
        p->waiting--;
    }
    pthread_mutex_unlock(&p->mtx);
    return n ? QUND_CONTAINER(n, struct qund_read_job, node) : NULL;
}

static void run_worker(void *arg)
{
    struct qund_readers *p = arg;
    struct qund_reader rd = {0};
    struct qund_read_job *j;

    while ((j = take(p)))
        run_job(p, &rd, j);
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
    p->tail = &p->first;
    pthread_mutex_init(&p->mtx, NULL);
    pthread_cond_init(&p->changed, NULL);
    for (p->n = 0; p->n < n && p->n < QUND_READERS_MAX; p->n++) {
        int rc = qund_thread_start(&p->thread[p->n], QUND_THREAD_READER, run_worker, p, err);

        if (rc < 0) {
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
    pthread_mutex_lock(&p->mtx);
    p->stopping = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->mtx);
    for (unsigned i = 0; i < p->n; i++)
        pthread_join(p->thread[i], NULL);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->mtx);
    qund_free(p->store_path);
    qund_free(p);
    return NULL;
}

int qund_readers_submit(struct qund_readers *p, struct qund_read_job *j)
{
    int rc = QUND_OK;

    j->due_mono_ms = qund_mono_now().ms + (j->deadline_ms > 0 ? j->deadline_ms : DEADLINE_MS);
    j->node.next = NULL;
    pthread_mutex_lock(&p->mtx);
    if (p->waiting >= WAITING_MAX) {
        rc = QUND_E_FULL;
    } else {
        *p->tail = &j->node;
        p->tail = &j->node.next;
        p->waiting++;
        pthread_cond_signal(&p->changed);
    }
    pthread_mutex_unlock(&p->mtx);
    return rc;
}
