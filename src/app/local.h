/* src/app/local.h - the engine without a daemon: one command, one file, one thread. For the CLI
 * when no daemon runs, for `replay --virtual`, and for tests. No Redis, no network. */
#ifndef QUND_APP_LOCAL_H
#define QUND_APP_LOCAL_H
#include "app/vault.h"
#include "engine/engine.h"

struct qund_local {
    struct qund_vault *vault;
    struct qund_config *config;
    const struct qund_fold *fold;
    struct qund_search_words *words;
    struct qund_rules *rules;
    struct qund_holidays *holidays;
    struct qund_db *db;
    struct qund_engine *engine;
    struct qund_metrics *metrics;
    struct qund_log *log;
    bool own_log;
    uint64_t next_entry;
};
struct qund_local_opts {
    const char *data;
    struct qund_config *config; /* a reference is taken */
    struct qund_log *log;
    bool own_log;    /* freed with it, also when opening fails */
    bool is_virtual; /* a store of its own (EXISTS when the folder holds one), which says from its
                        first moment that real time must not go on with it */
    bool must_exist; /* NOTFOUND when it does not */
    bool outbox;     /* pushes become rows (they never leave from here) */
    bool rules; /* loaded: needed for events, not for commands; on a new folder it takes time */
    int64_t tidy_ms; /* of the engine's deps */
    void (*feed)(void *arg, struct qund_str json);
    void *feed_arg;
};
QUND_CHECK int qund_local_open(const struct qund_local_opts *o, struct qund_local **out,
                               struct qund_err *err);
struct qund_local *qund_local_close(struct qund_local *l); /* returns NULL */
QUND_DEFINE_AUTO(qund_local_close, struct qund_local *)
/* The time commands are given at: the wall clock, but of a store made in virtual time its own,
 * where it stands: a day of now would carry it over years, and retention would take what it holds.
 */
QUND_CHECK int qund_local_time(struct qund_db *db, int64_t *now, struct qund_err *err);
/* Applied at once; *reply (may be NULL) gets the answer. The rc of the command, err filled. */
QUND_CHECK int qund_local_command(struct qund_local *l, const char *name, struct qund_str body,
                                  int64_t now, struct qund_buf *reply, struct qund_err *err);
/* The same with something that is checked already riding along; attach_free NULL: it stays the
 * caller's. */
QUND_CHECK int qund_local_attached(struct qund_local *l, const char *name, void *attach,
                                   void (*attach_free)(void *), int64_t now, struct qund_buf *reply,
                                   struct qund_err *err);
/* Packed events as entries of a stream nobody sees; rx of each as packed. Everything before the
 * last is known, so judges up to it run. */
QUND_CHECK int qund_local_events(struct qund_local *l, const struct qund_str *packed,
                                 const int64_t *rx, size_t n, struct qund_err *err);
/* Virtual time goes on until nothing waits, at most by max_ms. */
QUND_CHECK int qund_local_run_out(struct qund_local *l, int64_t max_ms, struct qund_err *err);
/* The stored message with that platform id, newest first over all groups. NOTFOUND. */
QUND_CHECK int qund_local_find(struct qund_local *l, struct qund_str eid, int64_t *seq,
                               struct qund_err *err);
/* The last word on a store played in virtual time: it forgets the numbers of a queue that never
 * was, so that `serve --virtual` may go on with it. */
QUND_CHECK int qund_local_forget_queue(struct qund_local *l, struct qund_err *err);
/* All messages not yet indexed. */
QUND_CHECK int qund_local_index(struct qund_local *l, struct qund_err *err);
/* Applies config/org.yaml (org.file) when its digest differs. */
QUND_CHECK int qund_local_org(struct qund_local *l, int64_t now, struct qund_err *err);
/* The same for an org file that is at hand. INVAL with all of *errs when it is wrong. */
QUND_CHECK int qund_local_org_text(struct qund_local *l, const char *name, struct qund_str text,
                                   int64_t now, struct qund_errs *errs, struct qund_err *err);
/* config/holidays/cn.yaml of the shipped files; *out NULL when there are none. */
QUND_CHECK int qund_holidays_shipped(struct qund_log *log, struct qund_holidays **out);
#endif
