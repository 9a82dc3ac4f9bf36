/* src/queue/managed.c - our own redis-server: started, watched, started again, ended.
 *
 * It listens on a unix socket in <data>/redis and nowhere else, under a configuration written by us
 * at every start. It is never adopted from an earlier daemon, which may have run other settings.
 * The proof that no predecessor lives is a lock the child inherits: an flock belongs to the open
 * file, so it goes when the last process that holds the file is gone, however that ends, including
 * a rewrite child that outlives its server. The daemon's own copy is closed after the fork.
 *
 * The child dies with the daemon (PDEATHSIG); nothing acknowledged is lost by that, since it is in
 * the append-only file. Everything is rewritten there that was ever pushed, and a start reads all
 * of it, while hardly anything of it is still wanted: so the file is rewritten when there is little
 * to do and at an orderly stop, and not only when it has grown large (0.3 s to read 16 MB). If the
 * child dies alone it is started again within a second, and intake uses the spool meanwhile. */
#include "queue/managed.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/metric.h"
#include "queue/internal.h"
#include "queue/managed_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    LOCK_WAIT_MS = 5000,
    STOP_WAIT_MS = 5000,
    START_MS = 30000,
    PING_MS = 500,
    NAP_MS = 5,
    EARLY_NAP_MS = 1, /* a child with a short file answers after 20 ms or so */
    EARLY_MS = 100,
    TIDY_WAIT_MS = 1000,
    TIDY_FROM = 1 << 20,
    TIDY_GROWTH = 64 << 10, /* between two looks: about a hundred events */
    SETTLED_MS = 10000,     /* lived so long: its file was good */
    SERVED_MS = 1000,       /* … it did not die of its start, which may be tried at once */
    MENDS_A_START = 2,
    LOG_LOOK_MS = 10000
};

struct qund_redis {
    char *dir, *program;
    bool durable;
    int64_t maxmemory;
    int start_ms;
    struct qund_log *log;
    struct qund_counter *restarts_total;
    int dir_fd;
    struct qund_mono born, next, log_looked;
    unsigned tries;
    bool suspect; /* it died young: look at its file before the next start */
    struct qund_redis_state state;
    int64_t aof_seen; /* maint thread only */
};

static void nap(void)
{
    struct timespec t = {.tv_nsec = NAP_MS * 1000000L};

    clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL); /* for what has no descriptor to wait on */
}

/* ---- configuration ---- */

static int write_config(const struct qund_redis *r, struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf now = {0};
    QUND_AUTO(qund_free_str) char *path = qund_path_join(r->dir, "redis.conf");

    qund_buf_printf(&b,
                    "# Written by qund at every start: changes here are lost.\n"
                    "port 0\nunixsocket redis.sock\nunixsocketperm 700\ndir .\n"
                    "daemonize no\nsupervised no\ndatabases 1\nlogfile \"\"\nloglevel notice\n"
                    "save \"\"\nappendonly yes\nappendfsync %s\nno-appendfsync-on-rewrite no\n"
                    "aof-load-truncated no\naof-use-rdb-preamble yes\n"
                    "auto-aof-rewrite-min-size 16mb\nauto-aof-rewrite-percentage 100\n"
                    "maxmemory %lld\nmaxmemory-policy noeviction\n"
                    "stream-node-max-bytes 4096\nstream-node-max-entries 100\n"
                    "maxclients 64\ntimeout 0\nslowlog-max-len 16\n",
                    r->durable ? "always" : "no", (long long)r->maxmemory);
    if (qund_file_read(path, b.n, &now, NULL) == 0 &&
        qund_str_eq(qund_buf_view(&now), qund_buf_view(&b)))
        return QUND_OK; /* also on a full disk */
    return qund_file_replace(path, qund_buf_view(&b), 0600, err);
}

/* ---- the lock ---- */

static int lock_file(struct qund_redis *r, struct qund_err *err)
{
    int fd = openat(r->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return qund_err_set(err, QUND_E_IO, r->dir, "lock: %s", strerror(errno));
    return fd;
}

static bool lock_within(int fd, int ms)
{
    struct qund_mono until = {qund_mono_now().ms + ms};

    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (qund_mono_now().ms >= until.ms)
            return false;
        nap();
    }
    return true;
}

static int say(struct qund_redis *r, struct qund_str word, struct qund_str arg, bool *good)
{
    QUND_AUTO(qund_reply_free) redisReply *reply = NULL;
    struct qund_queue_addr addr = {.managed = true};
    struct qund_rconn conn;
    struct qund_mono until = {qund_mono_now().ms + PING_MS};
    int rc;

    qund_redis_addr(r, &addr);
    rc = qund_rconn_open(&conn, &addr);
    if (rc == 0)
        rc = qund_rconn_call(&conn, until, arg.p ? 2 : 1, (const struct qund_str[]){word, arg},
                             &reply);
    *good = rc == 0 && qund_reply_rc(reply) == 0;
    qund_rconn_close(&conn);
    return rc;
}

/* A predecessor's child normally dies with it; one that does not is told to end. */
static int take_lock(struct qund_redis *r, struct qund_err *err)
{
    int fd = lock_file(r, err);
    bool good;

    if (fd < 0 || lock_within(fd, LOCK_WAIT_MS))
        return fd;
    qund_log(r->log, QUND_WARN, "redis.predecessor_lives", QUND_KV("dir", r->dir));
    qund_ignore(
        say(r, QUND_STR("SHUTDOWN"), QUND_STR("NOSAVE"), &good)); /* it closes, unanswered */
    if (lock_within(fd, LOCK_WAIT_MS))
        return fd;
    close(fd);
    return qund_err_set(
        err, QUND_E_EXISTS, r->dir,
        "an earlier redis-server still holds %s/lock and does not end: find it with "
        "`fuser %s/lock` and stop it",
        r->dir, r->dir);
}

/* ---- life ---- */

/* In the child: only the lock (as 3) stays open beside 0-2. */
static void become_redis(const struct qund_redis *r, pid_t parent, int lock_fd, int null_fd,
                         int log_fd)
{
    char conf[] = "redis.conf";
    char *argv[] = {r->program, conf, NULL};

    qund_child_settle(parent, r->dir_fd, null_fd, log_fd);
    if (lock_fd == 3)
        fcntl(lock_fd, F_SETFD, 0);
    else
        dup2(lock_fd, 3);
    close_range(4, ~0u, 0);
    execvp(r->program, argv);
    dprintf(2, "qund: cannot run %s: %s\n", r->program, strerror(errno));
    _exit(127);
}

/* Takes lock_fd over. */
static int spawn(struct qund_redis *r, int lock_fd, struct qund_err *err)
{
    int log_fd = qund_redis_log_open(r->dir), null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    pid_t parent = getpid(), pid = -1;

    if (log_fd >= 0 && null_fd >= 0)
        pid = fork();
    if (pid == 0)
        become_redis(r, parent, lock_fd, null_fd, log_fd);
    if (log_fd >= 0)
        close(log_fd);
    if (null_fd >= 0)
        close(null_fd);
    close(lock_fd);
    if (pid < 0)
        return qund_err_set(err, QUND_E_NOMEM, r->program, "start: %s", strerror(errno));
    r->state.pid = pid;
    r->born = qund_mono_now();
    return QUND_OK;
}

static void on_death(struct qund_redis *r, int status)
{
    int64_t lived = qund_mono_now().ms - r->born.ms;
    char words[160];

    qund_redis_last_words(r->dir, words);
    if (WIFSIGNALED(status))
        snprintf(r->state.why, sizeof(r->state.why), "killed by signal %d", WTERMSIG(status));
    else if (WEXITSTATUS(status) == 127)
        snprintf(r->state.why, sizeof(r->state.why), "%.100s cannot be run", r->program);
    else
        snprintf(r->state.why, sizeof(r->state.why), "exit %d: %.130s", WEXITSTATUS(status), words);
    if (qund_disk_full(r->dir))
        snprintf(r->state.why, sizeof(r->state.why),
                 "the disk below it is full; free some megabytes there");
    r->state.pid = 0;
    r->suspect = WIFEXITED(status) && lived < SETTLED_MS;
    r->tries = lived >= SERVED_MS ? 0 : r->tries + 1; /* one that has served starts at once */
    r->next.ms = qund_mono_now().ms + (r->tries > 0 ? qund_rconn_backoff_ms(NULL, r->tries) : 0);
    qund_log(r->log, QUND_ERROR, "redis.died", QUND_KV("why", &r->state.why[0]),
             QUND_KV("lived_ms", lived));
}

/* Looks at the file after an early death; what was cut is told loudly. */
static int mend(struct qund_redis *r, struct qund_err *err)
{
    struct qund_aof_repair fix;
    int rc = qund_aof_mend(r->dir, r->program, &fix, err);

    r->suspect = false;
    if (rc < 0 || fix.was_valid)
        return rc;
    r->state.repairs++;
    r->state.repaired_bytes += fix.cut;
    snprintf(r->state.aside, sizeof(r->state.aside), "%s", fix.aside);
    qund_log(r->log, QUND_ERROR, fix.emptied ? "redis.aof_lost" : "redis.aof_repaired",
             QUND_KV("cut_bytes", fix.cut), QUND_KV("copy", &fix.aside[0]),
             QUND_KV("todo", "events acknowledged in the cut part and not yet applied are unknown: "
                             "compare with the source"));
    return QUND_OK;
}

static int nap_for(const struct qund_redis *r)
{
    return qund_mono_now().ms - r->born.ms < EARLY_MS ? EARLY_NAP_MS : NAP_MS;
}

/* Until it answers. NOTFOUND: it died (r->state.why). */
static int wait_ready(struct qund_redis *r, struct qund_err *err)
{
    struct qund_mono until = {qund_mono_now().ms + r->start_ms};
    bool good = false;
    int status;

    while (qund_mono_now().ms < until.ms) {
        if (say(r, QUND_STR("PING"), QUND_STR_NONE, &good) == 0 && good)
            return QUND_OK;
        if (qund_child_wait(r->state.pid, nap_for(r), &status) == QUND_OK) {
            on_death(r, status);
            return qund_err_set(err, QUND_E_NOTFOUND, r->dir,
                                "redis-server ended at its start (%s);"
                                " see %s/redis.log",
                                r->state.why, r->dir);
        }
    }
    return qund_err_set(err, QUND_E_AGAIN, r->dir,
                        "redis-server does not answer within %d ms; see %s/redis.log", r->start_ms,
                        r->dir);
}

static int lock_and_spawn(struct qund_redis *r, struct qund_err *err)
{
    int lock_fd = take_lock(r, err);

    return lock_fd < 0 ? lock_fd : spawn(r, lock_fd, err);
}

int qund_redis_ready(struct qund_redis *r, struct qund_err *err)
{
    int rc = QUND_OK;

    for (int mends = 0; rc == 0; mends++) {
        unsigned repairs = r->state.repairs;

        rc = wait_ready(r, err);
        if (rc != QUND_E_NOTFOUND || mends == MENDS_A_START || !r->suspect)
            break;
        rc = mend(r, err);
        if (rc == 0 &&
            r->state.repairs == repairs) /* the file is fine: it died of something else */
            return qund_err_set(err, QUND_E_IO, r->dir,
                                "redis-server ended at its start (%s); see "
                                "%s/redis.log",
                                r->state.why, r->dir);
        if (rc == 0)
            rc = lock_and_spawn(r, err);
    }
    if (rc == 0)
        r->tries = 0;
    return rc;
}

int qund_redis_launch(const struct qund_redis_opts *o, struct qund_redis **out,
                      struct qund_err *err)
{
    QUND_AUTO(qund_redis_stop) struct qund_redis *r = qund_alloc(sizeof(*r));
    int rc = qund_dir_make(o->dir, 0700, err);

    r->dir_fd = -1;
    r->dir = realpath(o->dir, NULL);
    r->program = qund_strdup(o->program ? o->program : "redis-server");
    r->durable = o->durable;
    r->maxmemory = o->maxmemory > 0 ? o->maxmemory : INT64_C(256) << 20;
    r->start_ms = o->start_ms > 0 ? o->start_ms : START_MS;
    r->log = o->log;
    r->restarts_total = qund_metric_counter(o->metrics, "qund_redis_restarts_total", NULL,
                                            "Times the managed redis-server was started again");
    if (rc == 0 && r->dir)
        r->dir_fd = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (rc == 0 && r->dir_fd < 0)
        rc = qund_err_set(err, QUND_E_IO, o->dir, "open: %s", strerror(errno));
    if (rc == 0 && strlen(r->dir) + 16 > sizeof(((struct qund_queue_addr *)0)->unix_path))
        rc = qund_err_set(err, QUND_E_INVAL, o->dir, "the path is too long");
    if (rc == 0)
        rc = write_config(r, err);
    if (rc == 0)
        rc = lock_and_spawn(r, err);
    if (rc == 0)
        *out = QUND_TAKE(r);
    return rc;
}

int qund_redis_start(const struct qund_redis_opts *o, struct qund_redis **out, struct qund_err *err)
{
    QUND_AUTO(qund_redis_stop) struct qund_redis *r = NULL;
    int rc = qund_redis_launch(o, &r, err);

    if (rc == 0)
        rc = qund_redis_ready(r, err);
    if (rc == 0)
        *out = QUND_TAKE(r);
    return rc;
}

/* ---- a short file ---- */

static bool rewrite_aof(struct qund_redis *r)
{
    bool good;

    return say(r, QUND_STR("BGREWRITEAOF"), QUND_STR_NONE, &good) == 0 && good;
}

void qund_redis_tidy(struct qund_redis *r)
{
    int64_t bytes = qund_aof_bytes(r->dir), grown = bytes - r->aof_seen;

    r->aof_seen = bytes;
    if (bytes > TIDY_FROM && grown < TIDY_GROWTH)
        qund_ignore(rewrite_aof(r)); /* not now: the next second looks again */
}

/* What the rewriting leaves is what is still queued; when that is long too, there is no more to
 * gain than the time is worth. */
static void shorten(struct qund_redis *r)
{
    struct qund_mono until = {qund_mono_now().ms + TIDY_WAIT_MS};
    int64_t before = qund_aof_bytes(r->dir);

    if (before <= TIDY_FROM || !rewrite_aof(r))
        return;
    while (qund_aof_bytes(r->dir) > before / 2 && qund_mono_now().ms < until.ms)
        nap();
}

static void end_child(struct qund_redis *r)
{
    bool good;
    int status;

    shorten(r);
    qund_ignore(say(r, QUND_STR("SHUTDOWN"), QUND_STR("NOSAVE"), &good)); /* judged by its end */
    kill(r->state.pid, SIGTERM); /* the same by signal, should its socket not be usable */
    if (qund_child_wait(r->state.pid, STOP_WAIT_MS, &status) == QUND_E_AGAIN) {
        qund_log(r->log, QUND_WARN, "redis.stop_forced", QUND_KV("pid", r->state.pid));
        kill(r->state.pid, SIGKILL);
        waitpid(r->state.pid, &status, 0);
    }
    r->state.pid = 0;
}

struct qund_redis *qund_redis_stop(struct qund_redis *r)
{
    if (!r)
        return NULL;
    if (r->state.pid > 0)
        end_child(r);
    if (r->dir_fd >= 0)
        close(r->dir_fd);
    qund_free(r->dir);
    qund_free(r->program);
    qund_free(r);
    return NULL;
}

void qund_redis_addr(const struct qund_redis *r, struct qund_queue_addr *addr)
{
    snprintf(addr->unix_path, sizeof(addr->unix_path), "%s/redis.sock", r->dir);
}

static void start_again(struct qund_redis *r)
{
    struct qund_err err;
    int lock_fd, rc = QUND_OK;

    r->next.ms = qund_mono_now().ms + qund_rconn_backoff_ms(NULL, r->tries);
    if (r->suspect)
        rc = mend(r, &err);
    if (rc == 0) {
        lock_fd = lock_file(r, &err);
        if (lock_fd >= 0 && flock(lock_fd, LOCK_EX | LOCK_NB) < 0) {
            close(lock_fd); /* a rewrite child is on its way out */
            return;
        }
        rc = lock_fd < 0 ? lock_fd : spawn(r, lock_fd, &err);
    }
    if (rc < 0) {
        r->tries++;
        qund_log(r->log, QUND_ERROR, "redis.restart_failed", QUND_KV("where", &err.where[0]),
                 QUND_KV("why", &err.text[0]));
        return;
    }
    r->state.restarts++;
    qund_counter_add(r->restarts_total, 1);
    qund_log(r->log, QUND_INFO, "redis.restarted", QUND_KV("pid", r->state.pid));
}

void qund_redis_poll(struct qund_redis *r)
{
    int64_t now = qund_mono_now().ms;
    int status;

    if (r->state.pid > 0 && waitpid(r->state.pid, &status, WNOHANG) == r->state.pid)
        on_death(r, status);
    if (r->state.pid == 0 && now >= r->next.ms)
        start_again(r);
    if (now - r->log_looked.ms >= LOG_LOOK_MS) {
        r->log_looked.ms = now;
        qund_redis_log_bound(r->dir, r->log);
    }
}

void qund_redis_state(const struct qund_redis *r, struct qund_redis_state *out)
{
    *out = r->state;
}

int qund_redis_sync_aof(struct qund_redis *r, struct qund_err *err)
{
    return qund_aof_sync(r->dir, err); /* the path never changes: no lock */
}
