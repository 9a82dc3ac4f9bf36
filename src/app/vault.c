/* src/app/vault.c - the data folder. Everything an installation knows lies in it, so whoever copies
 * it has moved the installation. The lock is taken before anything else is touched; it goes with
 * the process, however that ends. */
#include "app/vault.h"
#include "config/config.h"
#include "core/file.h"
#include "store/db.h"
#include "store/maint.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 1800 /* below the two seconds for which an asker waits (worker.c) */

static void name_parts(struct qund_vault *v)
{
    v->store = qund_path_join(v->dir, "qund.db");
    v->inhand = qund_path_join(v->dir, "inhand");
    v->reserve = qund_path_join(v->dir, "reserve");
    v->spool = qund_path_join(v->dir, "spool");
    v->redis = qund_path_join(v->dir, "redis");
    v->rules_cache = qund_path_join(v->dir, "rules.cache");
    v->sock = qund_path_join(v->dir, "qund.sock");
    v->damage = qund_path_join(v->dir, "damaged");
    v->damaged = qund_alloc(sizeof(*v->damaged));
    atomic_init(v->damaged, false);
    v->gone = qund_alloc(sizeof(*v->gone));
    atomic_init(v->gone, false);
}

static int resolve(const char *dir, struct qund_vault *v, struct qund_err *err)
{
    char path[PATH_MAX];

    if (!realpath(dir, path))
        return errno == ENOENT
                   ? qund_err_set(err, QUND_E_NOTFOUND, dir,
                                  "no installation here; give its data folder with --data")
                   : qund_err_set(err, QUND_E_IO, dir, "cannot open the data folder: %s",
                                  strerror(errno));
    v->dir = qund_strdup(path);
    name_parts(v);
    return 0;
}

int qund_vault_look(const char *dir, struct qund_vault **out, struct qund_err *err)
{
    QUND_AUTO(qund_vault_close) struct qund_vault *v = qund_alloc(sizeof(*v));
    int rc;

    v->lock_fd = -1;
    rc = resolve(dir, v, err);
    if (rc == 0)
        *out = QUND_TAKE(v);
    return rc;
}

int qund_vault_hold(const char *dir, struct qund_vault **out, struct qund_err *err)
{
    QUND_AUTO(qund_vault_close) struct qund_vault *v = qund_alloc(sizeof(*v));
    QUND_AUTO(qund_free_str) char *lock = NULL;
    long pid = 0;
    int rc;

    v->lock_fd = -1;
    v->made = access(dir, F_OK) < 0 && errno == ENOENT;
    rc = qund_dir_make(dir, 0700, err);
    if (rc == 0)
        rc = resolve(dir, v, err);
    if (rc < 0)
        return rc;
    if (access(v->dir, R_OK | W_OK | X_OK) < 0)
        return qund_err_set(err, QUND_E_DENIED, v->dir,
                            "the data folder is not writable (%s); chown it to this user or give "
                            "another one with --data",
                            strerror(errno));
    lock = qund_path_join(v->dir, "lock");
    rc = qund_lock_take(lock, &v->lock_fd, &pid, err);
    if (rc == QUND_E_EXISTS)
        return qund_err_set(err, rc, v->dir,
                            "in use by process %ld; stop that one first, or give another folder "
                            "with --data",
                            pid);
    if (rc == 0)
        *out = QUND_TAKE(v);
    return rc;
}

void qund_vault_unmake(const struct qund_vault *v)
{
    QUND_AUTO(qund_free_str) char *lock = qund_path_join(v->dir, "lock");

    if (!v->made)
        return;
    unlink(lock);
    rmdir(v->dir); /* it stays where there is something in it */
}

/* A folder may be a disk of its own that was mounted and never written to. */
static bool holds_something(const char *path)
{
    DIR *d = opendir(path);
    const struct dirent *e;
    bool found = false;

    if (!d)
        return errno == ENOTDIR;
    while (!found && (e = readdir(d)))
        found = e->d_name[0] != '.' && strcmp(e->d_name, "lost+found") != 0;
    closedir(d);
    return found;
}

/* Lock, key and inhand are made before the store, so a first start that was killed may have left
 * them; of these each was made when there was a store. */
static bool was_in_use(const struct qund_vault *v, struct qund_buf *traces)
{
    const char *const behind[] = {v->redis, v->spool, v->reserve, v->rules_cache, v->damage};

    for (size_t i = 0; i < QUND_ARRAY_LEN(behind); i++)
        if (holds_something(behind[i]))
            qund_buf_printf(traces, "%s%s", traces->n ? ", " : "", strrchr(behind[i], '/') + 1);
    return traces->n > 0;
}

/* A new store beside the traces of an old one would look like an installation in order. */
static int miss_store(const struct qund_vault *v, struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf traces = {0};
    struct stat st;
    bool there = stat(v->store, &st) == 0;

    if ((there && st.st_size > 0) || (!there && errno != ENOENT) || !was_in_use(v, &traces))
        return 0;
    return qund_err_set(err, QUND_E_NOTFOUND, v->store,
                        "%s, but this folder was in use (%.60s): put the file back, or run `qund "
                        "restore BACKUP`; to begin anew, move the folder away",
                        there ? "is empty" : "is missing", traces.p);
}

int qund_vault_open(const char *dir, struct qund_vault **out, struct qund_err *err)
{
    QUND_AUTO(qund_vault_close) struct qund_vault *v = NULL;
    int rc = qund_vault_hold(dir, &v, err);

    if (rc == 0)
        rc = miss_store(v, err);
    if (rc == 0)
        rc = qund_store_check(v->store, err);
    if (rc == 0)
        *out = QUND_TAKE(v);
    return rc;
}

struct qund_vault *qund_vault_close(struct qund_vault *v)
{
    if (!v)
        return NULL;
    if (v->lock_fd >= 0)
        close(v->lock_fd);
    qund_free(v->dir);
    qund_free(v->store);
    qund_free(v->inhand);
    qund_free(v->reserve);
    qund_free(v->spool);
    qund_free(v->redis);
    qund_free(v->rules_cache);
    qund_free(v->sock);
    qund_free(v->damage);
    qund_free(v->damaged);
    qund_free(v->gone);
    qund_free(v);
    return NULL;
}

bool qund_vault_wal_there(const struct qund_vault *v)
{
    QUND_AUTO(qund_buf_done) struct qund_buf wal = {0};

    qund_buf_printf(&wal, "%s-wal", v->store);
    return access(wal.p, F_OK) == 0;
}

int qund_vault_store(const struct qund_vault *v, const struct qund_config *cfg,
                     struct qund_log *log, struct qund_db **out, struct qund_err *err)
{
    return qund_db_open(
        &(struct qund_db_cfg){.path = v->store,
                              .page_cache_bytes = cfg->store.page_cache,
                              .full_sync = cfg->queue.durability == QUND_DURABILITY_DISK,
                              .busy_ms = BUSY_MS,
                              .damaged = v->damaged},
        QUND_DB_WRITE, log, out, err);
}

int qund_vault_key(struct qund_vault *v, struct qund_err *err)
{
    QUND_AUTO(qund_free_str) char *path = qund_path_join(v->dir, "key");
    QUND_AUTO(qund_buf_done) struct qund_buf bytes = {0};
    int rc = access(path, F_OK) == 0 ? qund_file_read(path, 4096, &bytes, err) : QUND_E_NOTFOUND;

    if (rc == QUND_E_NOTFOUND) {
        qund_random(v->key, sizeof(v->key));
        return qund_file_replace(path, qund_str_n((const char *)v->key, sizeof(v->key)), 0600, err);
    }
    if (rc < 0)
        return rc;
    if (bytes.n != sizeof(v->key))
        return qund_err_set(err, QUND_E_INVAL, path,
                            "must be %zu bytes; put the right one back, or move it away: then one "
                            "is made and links sent before are no longer good",
                            sizeof(v->key));
    memcpy(v->key, bytes.p, sizeof(v->key));
    explicit_bzero(bytes.p, bytes.n);
    return 0;
}

bool qund_vault_in_place(const struct qund_vault *v)
{
    QUND_AUTO(qund_free_str) char *lock = qund_path_join(v->dir, "lock");
    struct stat ours, there;

    return fstat(v->lock_fd, &ours) < 0 ||
           (stat(lock, &there) == 0 ? ours.st_ino == there.st_ino && ours.st_dev == there.st_dev
                                    : errno != ENOENT && errno != ENOTDIR);
}

void qund_vault_note_damage(const struct qund_vault *v, struct qund_str what, struct qund_log *log)
{
    struct qund_err err = {0};

    if (qund_file_replace(v->damage, what, 0600, &err) < 0)
        qund_log(log, QUND_WARN, "store.damage_not_noted", QUND_KV("why", err.text));
}

int qund_vault_look_at_damage(const struct qund_vault *v, struct qund_db *db, struct qund_log *log,
                              struct qund_err *err)
{
    struct qund_quick_check state = {0};
    int rc;

    if (access(v->damage, F_OK) < 0)
        return 0;
    while ((rc = qund_maint_quick_check(db, &state, err)) > 0)
        ;
    if (rc == QUND_E_IO)
        return rc;
    if (rc < 0)
        return qund_err_set(err, rc, v->store,
                            "was found damaged and cannot be looked at now: %s; try again, or run "
                            "`qund restore DIR`",
                            qund_db_error(db));
    qund_log(log, QUND_INFO, "store.whole_again", QUND_KV("tables", state.tables));
    unlink(v->damage);
    return 0;
}
