/* src/engine/engine.h - the single writer: a batch of items → one transaction (essay in batch.c).
 *
 * An engine is fed with items in order and never looks elsewhere: no clock, no network, no chance.
 * The same items give the same rows however they are cut into batches. The daemon feeds it from a
 * thread (worker.h); `replay --virtual` and tests feed it directly. One thread at a time. */
#ifndef QUND_ENGINE_ENGINE_H
#define QUND_ENGINE_ENGINE_H
#include "core/clock.h"
#include "core/command.h"
#include "core/metric.h"
#include "outbox/outbox.h"
#include "queue/queue.h"

struct qund_config;
struct qund_fold;
struct qund_inhand;
struct qund_inhand_left;
struct qund_holidays;
struct qund_rules;
struct qund_search_words;
struct qund_engine;

struct qund_engine_deps {
    struct qund_db *db; /* the writing handle; the engine's while it lives */
    const struct qund_fold *fold;
    struct qund_config *config; /* a reference is taken */
    struct qund_rules *rules;   /* the set to start with; a reference is taken. NULL: for commands
                                 * alone, no event is applied, and the stored set stays as it is */
    const struct qund_search_words *words; /* NULL: messages are not indexed */
    const struct qund_holidays *holidays;  /* NULL: none known; outlives the engine */
    struct qund_inhand *inhand;            /* NULL: not noted (virtual replay) */
    const struct qund_inhand_left *left;   /* what the last process left; read by open only */
    int64_t opened_ms;                     /* wall: when this one opens; 0: time is virtual */
    struct qund_log *log;
    struct qund_metrics *metrics;
    int64_t tidy_ms;               /* housekeeping comes round so often; 0: once a minute */
    bool outbox;                   /* false: nothing is ever handed to deliver */
    const unsigned char *link_key; /* QUND_LINK_KEY bytes, outlives it; NULL: no signed links */
    /* Called after the commit with one JSON object a line for the live feed; NULL: no feed. */
    void (*feed)(void *arg, struct qund_str json);
    bool (*feed_wanted)(void *arg); /* asked once a batch; NULL: always */
    void *feed_arg;
};
/* Opens what it needs in the store, takes over what a stopped predecessor left `sending`. */
QUND_CHECK int qund_engine_open(const struct qund_engine_deps *deps, struct qund_engine **out,
                                struct qund_err *err);
/* It runs: what the next start reckons the time of our absence from. */
void qund_engine_alive(struct qund_engine *e, int64_t now);
struct qund_engine *qund_engine_close(struct qund_engine *e); /* returns NULL */
QUND_DEFINE_AUTO(qund_engine_close, struct qund_engine *)

enum qund_item_kind {
    QUND_ITEM_EVENT,   /* body: packed event as it lay in the stream; id: its entry */
    QUND_ITEM_COMMAND, /* cmd; answered through cmd->done after the commit */
    QUND_ITEM_TICK,    /* only moves engine time; id: the last entry intake pushed, or 0-0 */
    QUND_ITEM_FLOOR    /* intake's floor: nothing older than rx is still on its way */
};
struct qund_item {
    enum qund_item_kind kind;
    int64_t rx; /* engine time becomes at least this */
    struct qund_entry_id id;
    struct qund_str body;
    struct qund_command *cmd;
};
/* One transaction for all of them. 0: committed, each event is applied, repeated or dead. A
 * retryable rc: everything was rolled back, the same items may be given again. *send receives the
 * pushes to hand to deliver (NULL when deps->outbox is false). Commands are answered here. */
QUND_CHECK int qund_engine_apply(struct qund_engine *e, struct qund_item *items, size_t n,
                                 struct qund_out_items *send);

/* The earliest instant at which a timer would run if the floor stood at `floor` (or, INT64_MAX,
 * kept up with time); INT64_MAX: none. A judge that the floor holds back is none. */
int64_t qund_engine_next_due(struct qund_engine *e, int64_t floor);
/* Where virtual time may go when no event waits: to the next timer that is more than housekeeping.
 * INT64_MAX: nowhere, because nothing waits or a push is leaving. Between two batches only. */
int64_t qund_engine_ahead(struct qund_engine *e);
/* About how many messages wait for the search index; cheap. */
int64_t qund_engine_unindexed(struct qund_engine *e);
int64_t qund_engine_time(const struct qund_engine *e);
/* The last stream entry whose effects are committed. */
struct qund_entry_id qund_engine_applied(const struct qund_engine *e);
/* Indexes up to `rows` more messages for search in a transaction of its own; *left: how many wait.
 * For idle moments; nothing else depends on it. */
QUND_CHECK int qund_engine_index(struct qund_engine *e, int rows, int64_t *left);
/* One slice of dropping months past retention: 1 when more is to be done. */
QUND_CHECK int qund_engine_retain(struct qund_engine *e);
/* What a rule says about a stored message (seq > 0) or a packed event; json and lines as
 * qund_rules_explain writes them. Leaves no row behind. Between two batches only. */
QUND_CHECK int qund_engine_explain(struct qund_engine *e, int64_t seq, struct qund_str packed,
                                   struct qund_str rule, struct qund_buf *json,
                                   struct qund_buf *lines, struct qund_err *err);
/* Plays the stored messages of the last days (back from the newest of them) against one rule of
 * `rules` (NULL: the engine's own set). Leaves no row behind; slow: not in a daemon. */
struct qund_backtest;
QUND_CHECK int qund_engine_backtest(struct qund_engine *e, struct qund_rules *rules,
                                    struct qund_str rule, int days, struct qund_backtest *out,
                                    struct qund_err *err);
/* How many questions were asked (and not taken back), and how many of them are answered or done. */
void qund_engine_questions(struct qund_engine *e, int64_t *asked, int64_t *answered);
/* What plugins keep, keys that begin with prefix ("onebot/"); any handle, any thread with its own.
 * A non-zero return of each stops and is returned. */
QUND_CHECK int qund_engine_states(struct qund_db *db, struct qund_str prefix,
                                  int (*each)(void *arg, const struct qund_entry_state *s),
                                  void *arg);
/* The set in force; borrowed until the next apply. */
struct qund_rules *qund_engine_rules(struct qund_engine *e);
#endif
