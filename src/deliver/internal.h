/* src/deliver/internal.h - the parts of one target; for this folder (and its tests) only. All of it
 * belongs to the deliver thread. Times are monotonic. */
#ifndef QUND_DELIVER_INTERNAL_H
#define QUND_DELIVER_INTERNAL_H
#include "config/config.h"
#include "deliver/deliver.h"
#include "net/client.h"

/* --- bucket.c: how often --- */
struct qund_bucket {
    int64_t period_us; /* between two when none are saved up; 0: no limit */
    int64_t slack_us;  /* how far ahead of that a burst may run */
    int64_t due_us;    /* when the next would come at the even pace */
};
/* At most `limit` (0: no limit) in any window; empty: the first is one period away. */
void qund_bucket_init(struct qund_bucket *b, int64_t limit, int64_t window_us, int64_t now_us);
int qund_bucket_ready(const struct qund_bucket *b, int64_t now_us, int max);
void qund_bucket_take(struct qund_bucket *b, int64_t now_us);
/* When n are ready at once; INT64_MAX: never so many. */
int64_t qund_bucket_when_us(const struct qund_bucket *b, int n);

/* --- breaker.c: whether at all --- */
#define QUND_BREAKER_LAST 20
struct qund_breaker_box {
    enum qund_breaker state;
    int in_a_row; /* failures */
    struct {
        int64_t at_ms;
        bool failed;
    } last[QUND_BREAKER_LAST];
    unsigned n, at;
    int64_t open_ms, until_ms;
};
/* True when this one opened it. Results of calls that began before it opened change nothing. */
bool qund_breaker_failed(struct qund_breaker_box *b, int64_t now_ms);
/* True when this one closed it. */
bool qund_breaker_worked(struct qund_breaker_box *b, int64_t now_ms);
/* OPEN becomes PROBING when its time has come. */
void qund_breaker_tick(struct qund_breaker_box *b, int64_t now_ms);

/* --- outcome.c: what an answer means --- */
enum qund_verdict { QUND_VERDICT_NONE, QUND_VERDICT_WORKED, QUND_VERDICT_FAILED };
struct qund_outcome {
    enum qund_out_event event;
    int64_t retry_ms; /* -1: none */
    int64_t pause_ms; /* the whole target, 0: not */
    int status;
    enum qund_verdict verdict; /* for the breaker */
    char reason[200];
};
struct qund_outcome qund_outcome_of(const struct qund_client_answer *a, int attempt);
/* The same for what a plugin says of its own try. */
struct qund_outcome qund_outcome_told(const struct qund_ended *e, enum qund_repeat repeat,
                                      const struct qund_out_item *item);
int64_t qund_backoff_ms(int attempt); /* full jitter */

/* --- template.c: a push's JSON as somebody else's body --- */
struct qund_body_template;
QUND_CHECK int qund_body_template_parse(struct qund_str text, struct qund_body_template **out,
                                        struct qund_err *err);
struct qund_body_template *qund_body_template_free(struct qund_body_template *t); /* NULL */
QUND_DEFINE_AUTO(qund_body_template_free, struct qund_body_template *)
/* It can say what a card says: it has {{text}} or {{items}}. */
bool qund_body_template_is_whole(const struct qund_body_template *t);
bool qund_body_template_is_json(const struct qund_body_template *t);
/* INVAL: json is no object; FULL: the result would be longer than 256 KiB. */
QUND_CHECK int qund_body_template_render(const struct qund_body_template *t, struct qund_str json,
                                         struct qund_buf *out);

/* --- webhook.c: Standard Webhooks 1.0 --- */
/* "v1,<base64>" appended to out. INVAL: "whsec_" is not followed by base64. */
QUND_CHECK int qund_webhook_sign(struct qund_str secret, const char *id, const char *timestamp,
                                 struct qund_str body, struct qund_buf *out);
struct qund_webhook {
    const struct qund_target_cfg *cfg;
    const struct qund_body_template *template; /* NULL: the push's JSON */
};
QUND_CHECK int qund_webhook_start(const struct qund_webhook *hook, struct qund_client *client,
                                  const struct qund_out_item *item,
                                  void (*done)(void *arg, const struct qund_client_answer *a),
                                  void *arg, struct qund_client_call **out, struct qund_err *err);

/* --- untold.c: commands the engine has not taken yet --- */
struct qund_untold_command;
struct qund_untold {
    const struct qund_deliver_deps *deps; /* submit, clock, log */
    struct qund_untold_command *head, **tail;
};
void qund_untold_init(struct qund_untold *l, const struct qund_deliver_deps *deps);
void qund_untold_done(struct qund_untold *l);
/* Given to the engine now, or later by qund_untold_submit. outcome: of a push that held time. */
void qund_untold_add(struct qund_untold *l, const char *name, struct qund_str body, bool outcome);
void qund_untold_submit(struct qund_untold *l);
/* Virtual time stands while held; any thread. */
void qund_untold_hold(struct qund_untold *l, int delta);

/* --- target.c: one receiver --- */
struct qund_job {
    struct qund_job *next;
    struct qund_deliver *deliver;
    struct qund_target *target;
    struct qund_out_item item; /* strings owned */
    int64_t begin_by_ms;
    int64_t begun_us;
    struct qund_client_call *call; /* while flying; NULL: a plugin has it */
    uint64_t token;                /* then */
    int64_t end_by_ms;             /* then */
};
struct qund_jobs {
    struct qund_job *head, **tail;
    int n;
};
#define QUND_TARGET_WINDOW 8 /* handed over at once; one for ordered targets */
struct qund_target {
    char *name;
    struct qund_config *config;        /* a reference */
    const struct qund_target_cfg *cfg; /* in it; NULL: no longer configured */
    struct qund_body_template *template;
    struct qund_bucket bucket;
    struct qund_breaker_box breaker;
    int64_t paused_until_ms;
    int window;               /* 1 after the breaker, then doubling up to its full size */
    int credit;               /* granted, nothing seen of it yet */
    struct qund_jobs waiting; /* in hand, not begun */
    struct qund_jobs flying;
    int64_t sent, failed;
    struct qund_log_gate gate;
    struct qund_metrics *metrics;
    struct qund_counter *m_results[QUND_OUT_EVENTS], *m_breaker, *m_flying; /* made when needed */
};
struct qund_target *qund_target_new(struct qund_str name, struct qund_metrics *metrics);
struct qund_target *qund_target_free(struct qund_target *t); /* no jobs left; returns NULL */
/* The target as the snapshot has it. A template that does not parse leaves it without target:
 * qund_deliver_check refuses such a configuration before it comes here. */
QUND_CHECK int qund_target_configure(struct qund_target *t, struct qund_config *config,
                                     int64_t window_us, struct qund_err *err);
bool qund_target_takes_cards(const struct qund_target *t);
int qund_target_grant(struct qund_target *t);      /* how many more it would take now */
bool qund_target_may_begin(struct qund_target *t); /* the first that waits, now */
/* NULL, or why a job that waits goes back to the queue instead of waiting on. */
const char *qund_target_returns(const struct qund_target *t, const struct qund_job *j);
/* When looking again makes sense; INT64_MAX: only when something arrives. */
int64_t qund_target_wake_ms(const struct qund_target *t);
void qund_target_judge(struct qund_target *t, const struct qund_outcome *o);
void qund_target_count(struct qund_target *t, enum qund_out_event event);
void qund_target_show(struct qund_target *t, struct qund_target_state *out);

void qund_jobs_init(struct qund_jobs *l);
void qund_jobs_add(struct qund_jobs *l, struct qund_job *j);
struct qund_job *qund_jobs_first(struct qund_jobs *l); /* taken out; NULL when empty */
void qund_jobs_remove(struct qund_jobs *l, struct qund_job *j);
struct qund_job *qund_job_free(struct qund_job *j); /* returns NULL */
#endif
