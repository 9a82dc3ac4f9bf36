/* src/store/migrate.c - bringing a store forward, version by version.
 *
 * Each version of the schema is one SQL file and one transaction: the statements and the new
 * user_version are committed together, so a crash leaves the store at one version or the next,
 * never between, and the next start goes on from there. There is no way back: a program that finds
 * a store newer than itself refuses it by name of both versions instead of guessing. */
#include "store/migrate.h"
#include "store/internal.h"
#include <stdio.h>

int qund_schema_version(void)
{
    size_t n;
    const struct qund_migration *m = qund_migrations(&n);

    return m[n - 1].version;
}

static int newer(struct qund_db *db, int64_t version, struct qund_err *err)
{
    return qund_err_set(err, QUND_E_ABI, db->path,
                        "the store has schema version %lld, this program knows up to %d: use the "
                        "newer qund that wrote it, or restore a backup made by this version",
                        (long long)version, qund_schema_version());
}

static int not_forward(struct qund_db *db, const struct qund_migration *m, int rc,
                       struct qund_err *err)
{
    if (rc == QUND_E_FULL)
        return qund_db_unusable(db, "brought forward", err);
    return qund_err_set(err, rc, db->path,
                        "cannot bring the store to schema version %d (%s): %s; nothing of that "
                        "step was kept",
                        m->version, m->name, qund_db_error(db));
}

static int apply(struct qund_db *db, const struct qund_migration *m)
{
    char version[96];
    int rc = qund_db_begin(db);

    snprintf(version, sizeof(version), "PRAGMA application_id=%d; PRAGMA user_version=%d;",
             QUND_STORE_APPLICATION_ID, m->version);
    if (rc == 0)
        rc = qund_db_exec(db, m->sql);
    if (rc == 0)
        rc = qund_db_exec(db, version);
    if (rc == 0 && QUND_FAULT("migration_step") != 0)
        rc = QUND_E_IO;
    if (rc == 0)
        rc = qund_db_commit(db);
    return rc;
}

int qund_migrate(struct qund_db *db, int upto, struct qund_log *log, struct qund_err *err)
{
    size_t n;
    const struct qund_migration *m = qund_migrations(&n);
    int64_t version = 0;
    int rc = qund_db_ask_int(db, "PRAGMA user_version", &version);

    if (rc < 0)
        return qund_db_unusable(db, "read", err);
    if (version > qund_schema_version())
        return newer(db, version, err);
    for (size_t i = 0; i < n; i++) {
        if (m[i].version <= version || (upto && m[i].version > upto))
            continue;
        rc = apply(db, &m[i]);
        if (rc < 0) {
            rc = not_forward(db, &m[i], rc, err);
            qund_db_rollback(db);
            return rc;
        }
        qund_log(log, QUND_INFO, "store.migrated", QUND_KV("version", (int64_t)m[i].version),
                 QUND_KV("step", m[i].name));
    }
    return QUND_OK;
}

int qund_migrate_check(struct qund_db *db, struct qund_err *err)
{
    int64_t version = 0;
    int rc = qund_db_ask_int(db, "PRAGMA user_version", &version);

    if (rc < 0)
        return qund_db_unusable(db, "read", err);
    if (version > qund_schema_version())
        return newer(db, version, err);
    if (version < qund_schema_version())
        return qund_err_set(err, QUND_E_ABI, db->path,
                            "the store has schema version %lld, this program needs %d: start `qund "
                            "serve` once, it brings the store forward",
                            (long long)version, qund_schema_version());
    return QUND_OK;
}
