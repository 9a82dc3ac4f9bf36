/* src/store/inhand.c - what each thread has in its hands.
 *
 * When an item makes the process die, the next start must know which one it was, or it dies again
 * and again. Writing that down before each item must cost next to nothing, so it goes into a shared
 * file mapping: the kernel keeps the page when the process is gone, which is the case that matters.
 * It is not fsynced, because after a power cut no item is to blame.
 *
 * A slot is written between two steps of its sequence number, odd meanwhile. A process that dies
 * within that copy was between two items, so an odd slot names nobody. The compiler is kept from
 * moving the copies over the marks; the processor's order does not matter, as the reader comes
 * after the death.
 *
 * The same page keeps the last sign of life: how long nobody was there is known at the next start
 * without a write a second into the store.
 *
 * What was in hand at an unclean stop gets an attempt, a row; the third ends it (the engine's
 * part). */
#include "store/inhand.h"
#include "store/internal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC UINT64_C(0x31646e6148646e71) /* "qndHand1" */
#define FILE_BYTES 4096u

enum run_state { STOPPED = 0, RUNNING = 1 };

struct slot {
    uint32_t seq;            /* odd: being written */
    uint16_t key_n, stage_n; /* key_n 0: nothing in hand */
    char key[QUND_INHAND_KEY_MAX + 1];
    char stage[QUND_INHAND_STAGE_MAX + 1];
};

struct page {
    uint64_t magic;
    uint32_t state;
    uint32_t unused;
    struct slot slots[QUND_INHAND_SLOTS];
    int64_t alive_ms;
};
_Static_assert(sizeof(struct page) <= FILE_BYTES, "the file is one page");

struct qund_inhand {
    struct page *page;
};

static void read_left(const struct page *p, bool fresh, struct qund_inhand_left *left)
{
    *left = (struct qund_inhand_left){0};
    if (fresh)
        return;
    left->unclean = p->magic != MAGIC || p->state != STOPPED;
    left->alive_ms = p->magic == MAGIC ? p->alive_ms : 0;
    if (p->magic != MAGIC || p->state != RUNNING)
        return;
    for (size_t i = 0; i < QUND_INHAND_SLOTS; i++) {
        const struct slot *s = &p->slots[i];

        if (s->seq % 2 || s->key_n == 0 || s->key_n > QUND_INHAND_KEY_MAX ||
            s->stage_n > QUND_INHAND_STAGE_MAX)
            continue;
        left->set[i] = true;
        memcpy(left->key[i], s->key, s->key_n);
        memcpy(left->stage[i], s->stage, s->stage_n);
    }
}

/* Maps the file's one page; *fresh: it was made just now. */
static int map(const char *path, struct page **out, bool *fresh, struct qund_err *err)
{
    struct stat st;
    void *p = MAP_FAILED;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && fstat(fd, &st) == 0;

    if (ok) {
        *fresh = st.st_size == 0;
        /* Allocated now: a full disk must not become a SIGBUS later. */
        errno = posix_fallocate(fd, 0, FILE_BYTES);
        ok = errno == 0;
    }
    if (ok)
        p = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        qund_ignore(qund_err_set(err, QUND_E_IO, path,
                                 "cannot map it: %s; check the data folder's space and rights",
                                 strerror(errno)));
    if (fd >= 0)
        close(fd);
    *out = p;
    return p == MAP_FAILED ? QUND_E_IO : QUND_OK;
}

int qund_inhand_open(const char *path, struct qund_inhand **out, struct qund_inhand_left *left,
                     struct qund_err *err)
{
    struct qund_inhand *h;
    struct page *page;
    bool fresh = false;
    int rc = map(path, &page, &fresh, err);

    if (rc < 0)
        return rc;
    read_left(page, fresh, left);
    memset(page, 0, sizeof(*page));
    page->magic = MAGIC;
    page->state = RUNNING;
    page->alive_ms = left->alive_ms; /* a start that fails is no sign of life */
    h = qund_alloc(sizeof(*h));
    h->page = page;
    *out = h;
    return QUND_OK;
}

void qund_inhand_set(struct qund_inhand *h, enum qund_inhand_slot slot, struct qund_str key,
                     struct qund_str stage)
{
    struct slot *s = &h->page->slots[slot];

    key = qund_utf8_cut(key, QUND_INHAND_KEY_MAX);
    stage = qund_utf8_cut(stage, QUND_INHAND_STAGE_MAX);
    s->seq++;
    atomic_signal_fence(memory_order_seq_cst);
    s->key_n = (uint16_t)key.n;
    s->stage_n = (uint16_t)stage.n;
    memcpy(s->key, key.p ? key.p : "", key.n);
    memcpy(s->stage, stage.p ? stage.p : "", stage.n);
    atomic_signal_fence(memory_order_seq_cst);
    s->seq++;
}

void qund_inhand_clear(struct qund_inhand *h, enum qund_inhand_slot slot)
{
    h->page->slots[slot].key_n = 0;
}

void qund_inhand_alive(struct qund_inhand *h, int64_t wall_ms)
{
    h->page->alive_ms = wall_ms;
}

struct qund_inhand *qund_inhand_close(struct qund_inhand *h, bool clean)
{
    if (!h)
        return NULL;
    if (clean)
        h->page->state = STOPPED;
    munmap(h->page, FILE_BYTES);
    qund_free(h);
    return NULL;
}

static int with_key(struct qund_db *db, const char *sql, struct qund_str key, struct qund_stmt **st)
{
    int rc = qund_sql_get(db, sql, st);

    if (rc == 0)
        qund_bind_str(*st, ":key", qund_utf8_cut(key, QUND_INHAND_KEY_MAX));
    return rc;
}

int qund_attempt_add(struct qund_db *db, struct qund_str key, int64_t now, int *n)
{
    struct qund_stmt *st;
    int rc = with_key(db,
                      "INSERT INTO attempt (key, n, at) VALUES (:key, 1, :at) "
                      "ON CONFLICT (key) DO UPDATE SET n = n + 1, at = excluded.at",
                      key, &st);

    if (rc < 0)
        return rc;
    qund_bind_int(st, ":at", now);
    rc = qund_run(st);
    return rc < 0 ? rc : qund_attempt_get(db, key, n);
}

int qund_attempt_get(struct qund_db *db, struct qund_str key, int *n)
{
    struct qund_stmt *st;
    int rc = with_key(db, "SELECT n FROM attempt WHERE key = :key", key, &st);

    *n = 0;
    if (rc < 0)
        return rc;
    rc = qund_step(st);
    if (rc > 0)
        *n = (int)qund_col_int(st, 0);
    qund_stmt_reset(st);
    return rc < 0 ? rc : QUND_OK;
}

int qund_attempt_clear(struct qund_db *db, struct qund_str key)
{
    struct qund_stmt *st;
    int rc = with_key(db, "DELETE FROM attempt WHERE key = :key", key, &st);

    return rc < 0 ? rc : qund_run(st);
}

int qund_attempt_list(struct qund_db *db, int (*each)(struct qund_str key, int n, void *arg),
                      void *arg)
{
    struct qund_stmt *st;
    int stop = 0;
    int rc = qund_sql_get(db, "SELECT key, n FROM attempt ORDER BY at, key", &st);

    if (rc < 0)
        return rc;
    while (!stop && (rc = qund_step(st)) > 0)
        stop = each(qund_col_str(st, 0), (int)qund_col_int(st, 1), arg);
    qund_stmt_reset(st);
    return stop ? stop : rc;
}
