/* src/app/parts.h - the daemon's table of contents; for this folder only. State lives in the
 * modules. */
#ifndef QUND_APP_PARTS_H
#define QUND_APP_PARTS_H
#include "app/local.h"
#include "app/maint.h"
#include "app/qund.h"
#include "app/ruleset.h"
#include "app/vault.h"
#include "app/words.h"
#include "config/config.h"
#include "core/clock.h"
#include "core/fds.h"
#include "deliver/deliver.h"
#include "engine/engine.h"
#include "engine/worker.h"
#include "http/http.h"
#include "intake/intake.h"
#include "net/loop.h"
#include "net/server.h"
#include "plugin/plugin.h"
#include "queue/managed.h"
#include "queue/queue.h"
#include "store/access.h"
#include "store/db.h"
#include "store/inhand.h"
#include "store/maint.h"
#include "store/meta.h"
#include "text/fold.h"
#include <stdatomic.h>
#include <stdio.h>

struct qund_holidays;
struct qund_hosts;
struct qund_req;
struct qund {
    struct qund_opts opts;
    struct qund_log *log;
    struct qund_metrics *metrics;
    struct qund_clock *clock;
    struct qund_config *config; /* loop thread; our reference */
    struct qund_vault *vault;
    struct qund_inhand *inhand;
    struct qund_inhand_left left;
    struct qund_db *db; /* the engine's while its thread runs */
    const struct qund_fold *fold;
    struct qund_search_words *words;
    struct qund_holidays *holidays;
    struct qund_rules *rules; /* until the engine has them */
    struct qund_redis *redis; /* NULL: a given one */
    struct qund_queue_addr addr;
    struct qund_queue_opts queue;
    struct qund_queue_info info; /* as found at start */
    struct qund_engine *engine;
    struct qund_intake *intake;
    struct qund_worker *worker;
    struct qund_deliver *deliver; /* the engine's thread asks for it under deliver_mtx */
    pthread_mutex_t deliver_mtx;
    struct qund_maint *maint;
    struct qund_loop *loop;
    struct qund_http *http;
    _Atomic(struct qund_hosts *) hosts;  /* plugins at work; deliver's thread asks for it */
    struct qund_strs plugin_words;       /* names of their metrics: as long as those */
    _Atomic(struct qund_http *) feed_to; /* NULL: nobody to show the feed to */
    struct qund_loop_timer *poll;
    int wake_fd, port;
    unsigned gauges; /* times they were refreshed */
    int64_t drain_until;
    struct qund_fds fds; /* as counted last; loop */
    unsigned conns_max;
    bool reserve_given; /* the start found the disk full */
    bool rules_degraded;
    char rules_doubt[320]; /* what the rules of the start name and nobody knows; "" nothing */
    char config_why[320], org_why[320], sop_why[320]; /* what was refused last; loop; "" nothing */
    bool org_known, sop_known; /* one was read before, now or at an earlier start; loop */
    char org_lost[520];        /* who is told nothing for want of a target; loop; "" nobody */
    char org_met[520];         /* who is told at another's place and gets no link; likewise */
    bool up;                   /* the start came through */
    char instance[24];
    char store_gap[256]; /* what a removed write-ahead log made unknown; "" nothing */
    char queue_gap[512]; /* what an emptied, cut or strange queue made unknown; "" nothing */
    char first_token[QUND_TOKEN_CHARS];
};

/* --- ground.c --- */
/* The lock first, the rules last; what is made before a failure is qund_close's to undo. */
QUND_CHECK int qund_open_ground(struct qund *q, struct qund_err *err);
/* The start failed with rc. When a full disk is why, *err says that, and what to do. Returns rc. */
int qund_told_of_disk(const struct qund *q, int rc, struct qund_err *err);
/* Waits for Redis, which open_ground has started, and compares. */
QUND_CHECK int qund_open_queue(struct qund *q, struct qund_err *err);

/* --- health.c --- */
bool qund_ready(void *q, struct qund_jw *w);
void qund_status(void *q, struct qund_jw *w);
void qund_gauges_refresh(struct qund *q);

/* --- descriptors.c --- */
unsigned qund_connections_max(struct qund *q); /* as many as the limit leaves room for */
void qund_descriptors_ready(struct qund *q, struct qund_jw *w);
void qund_descriptors_status(const struct qund *q, struct qund_jw *w);
void qund_descriptors_gauges(struct qund *q);

/* --- hosts.c: plugins --- */
/* Whom the last stops blame; before any is started. */
QUND_CHECK int qund_plugins_suspect(struct qund *q, struct qund_err *err);
/* Starts what the configuration names; entries open by themselves. */
QUND_CHECK int qund_hosts_open(struct qund *q, struct qund_err *err);
void qund_hosts_config(struct qund *q, struct qund_config *next);
void qund_hosts_refuse(struct qund *q); /* no push is handed over any more */
bool qund_hosts_busy(struct qund *q);   /* something a plugin has begun is not done */
void qund_hosts_stop(struct qund *q);   /* no plugin is called after it */
void qund_hosts_free(struct qund *q);   /* when intake and deliver are gone */
bool qund_hosts_ready(struct qund *q, struct qund_jw *w); /* false: channels wait to be opened */
void qund_hosts_status(struct qund *q, struct qund_jw *w);
void qund_hosts_gauges(struct qund *q);
/* host_http.c, host_deliver.c: for the parts below */
bool qund_hosts_hook(void *q, struct qund_req *r);
bool qund_hosts_upgrade(void *q, struct qund_req *r);
bool qund_hosts_hand(void *q, struct qund_handed *handed);

/* --- reload.c --- */
/* Configuration, rules, org file and templates are read again; what is refused leaves the old in
 * force. */
void qund_reload(struct qund *q);
void qund_org_reload(struct qund *q);
void qund_sop_reload(struct qund *q);
#endif
