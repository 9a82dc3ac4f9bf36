/* src/http/readers.h - the pool of threads that read the store for the faces (essay in readers.c).
 */
#ifndef QUND_HTTP_READERS_H
#define QUND_HTTP_READERS_H
#include "core/thread.h"
#include "store/db.h"

struct qund_message_view;
struct qund_months;
struct qund_readers;
struct qund_search;
struct qund_search_words;

/* What a job is given: all of it belongs to the reader's thread. search is NULL without words. */
struct qund_reader {
    struct qund_db *db;
    struct qund_months *months;
    struct qund_search *search;
    struct qund_message_view *view;
    const struct qund_search_words *words;
    int64_t deadline_mono_ms;
};
struct qund_read_job {
    struct qund_node node;
    /* Reader's thread. db is NULL in *rd when the store cannot be opened; err says why. */
    void (*run)(struct qund_read_job *j, struct qund_reader *rd, const struct qund_err *err);
    int64_t deadline_ms; /* from submit to end; 0: 2000 */
    int64_t due_mono_ms; /* set by submit */
};
struct qund_readers_cfg {
    unsigned n; /* threads; 0: 2 */
    const char *store_path;
    atomic_bool *store_damaged; /* as in db.h */
    int64_t page_cache_bytes;
    const struct qund_search_words *words;
    struct qund_log *log;
};
QUND_CHECK int qund_readers_new(const struct qund_readers_cfg *cfg, struct qund_readers **out,
                                struct qund_err *err);
/* Runs what waits, then ends the threads. NULL is fine; returns NULL. */
struct qund_readers *qund_readers_free(struct qund_readers *r);
QUND_DEFINE_AUTO(qund_readers_free, struct qund_readers *)
/* Any thread. run is called once. FULL: too many wait. */
QUND_CHECK int qund_readers_submit(struct qund_readers *r, struct qund_read_job *j);
#endif
