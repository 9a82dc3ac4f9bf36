/* src/store/retention.c - dropping whole months.
 *
 * A month of a million messages cannot be dropped in one transaction: with secure_delete every page
 * is blanked through the WAL, and the writer would stand still for seconds. So it goes in two
 * steps. First the month's tables are renamed to expired_*: a change of the schema only, and from
 * that instant no reader, search or insert sees the month. Then the expired tables are emptied, a
 * slice a call, and dropped when nothing is in them. A crash in between leaves expired_* tables,
 * which the next call goes on with; what a slice removes is invisible already, so its size may
 * follow the clock without making any row depend on it.
 *
 * The rows of an index lie in tables that FTS5 owns and that the defensive flag protects. Emptying
 * those is the one place where the flag is off, for the length of the statement. */
#include "store/retention.h"
#include "core/clock.h"
#include "store/internal.h"
#include "store/meta.h"
#include "store/month.h"
#include <stdio.h>

#define NAME_MAX_BYTES 96

/* What is emptied how. Of an index it is the table that holds nearly all of it; the rest, and the
 * table itself, go when the virtual table is dropped. */
static const struct {
    const char *glob, *key;
    int least; /* rows with smaller keys stay: FTS5 reads its first two when the table is dropped */
    int rows;  /* a statement: some milliseconds */
} KINDS[] = {
    {"expired_message_*", "seq", 0, 1000},
    {"expired_search_*_data", "id", 11, 64},
};

/* The first name that a question with one parameter finds: 1 / 0. */
static int ask_name(struct qund_db *db, const char *sql, const char *param, char *out)
{
    struct qund_stmt *st;
    int rc = qund_sql_get(db, sql, &st);

    if (rc < 0)
        return rc;
    qund_bind_str(st, ":param", qund_str(param));
    rc = qund_step(st);
    if (rc > 0)
        snprintf(out, NAME_MAX_BYTES, "%.*s", QUND_STR_ARG(qund_col_str(st, 0)));
    qund_stmt_reset(st);
    return rc;
}

static int exec_name(struct qund_db *db, const char *before, const char *name, const char *after)
{
    char sql[384];

    snprintf(sql, sizeof(sql), "%s%s%s", before, name, after);
    return qund_db_exec(db, sql);
}

static int rename_one(struct qund_db *db, const char *name)
{
    char to[NAME_MAX_BYTES + 32];

    snprintf(to, sizeof(to), " RENAME TO expired_%s", name);
    return exec_name(db, "ALTER TABLE ", name, to);
}

/* A seq that was given once is never given again, also when its month is gone. */
static int raise_floor(struct qund_db *db, const char *table)
{
    char sql[192];
    int64_t floor = 0, greatest = 0;
    int rc = qund_meta_int(db, "seq_floor", &floor);

    snprintf(sql, sizeof(sql), "SELECT ifnull(max(seq), 0) FROM %s", table);
    if (rc == 0 || rc == QUND_E_NOTFOUND)
        rc = qund_db_ask_int(db, sql, &greatest);
    if (rc < 0)
        return rc;
    return greatest > floor ? qund_meta_set_int(db, "seq_floor", greatest) : QUND_OK;
}

static int hide_month(struct qund_db *db, const struct qund_retention *r, const char *table,
                      int month)
{
    char name[NAME_MAX_BYTES], glob[64];
    struct qund_stmt *st;
    int rc = r->before_drop ? r->before_drop(db, month, r->arg) : QUND_OK;

    if (rc == 0)
        rc = raise_floor(db, table);
    if (rc == 0)
        rc = rename_one(db, table);
    snprintf(glob, sizeof(glob), "search_%06d_v*", month);
    while (rc == 0 && (rc = ask_name(db,
                                     "SELECT name FROM sqlite_schema WHERE type = 'table' AND name "
                                     "GLOB :param AND sql LIKE 'CREATE VIRTUAL%' LIMIT 1",
                                     glob, name)) > 0)
        rc = rename_one(db, name);
    if (rc == 0)
        rc = qund_sql_get(db, "DELETE FROM search_cursor WHERE month = :month", &st);
    if (rc < 0)
        return rc;
    qund_bind_int(st, ":month", month);
    rc = qund_run(st);
    db->rollbacks++; /* whoever holds the list of months reads it again */
    return rc;
}

/* 1: a month was hidden, 0: none has expired. */
static int hide_next(struct qund_db *db, const struct qund_retention *r, int64_t now)
{
    char name[NAME_MAX_BYTES], first_kept[32];
    int64_t month = 0;
    int rc;

    snprintf(first_kept, sizeof(first_kept), "message_%06d", qund_month_of(now - r->retention_ms));
    rc =
        ask_name(db,
                 "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB "
                 "'message_[0-9][0-9][0-9][0-9][0-9][0-9]' AND name < :param ORDER BY name LIMIT 1",
                 first_kept, name);
    if (rc <= 0)
        return rc;
    rc = qund_str_int(qund_str(name + strlen("message_")), &month);
    if (rc == 0)
        rc = hide_month(db, r, name, (int)month);
    return rc < 0 ? rc : 1;
}

/* Deletes rows of one table until the time is over: 1 rows may be left, 0 it is empty. */
static int empty(struct qund_db *db, const char *name, size_t kind, int64_t until_ms)
{
    const char *key = KINDS[kind].key;
    char sql[384];
    int rc, ignored;

    snprintf(sql, sizeof(sql),
             "DELETE FROM %s WHERE %s IN (SELECT %s FROM %s WHERE %s >= %d LIMIT %d)", name, key,
             key, name, key, KINDS[kind].least, KINDS[kind].rows);
    do {
        sqlite3_db_config(db->h, SQLITE_DBCONFIG_DEFENSIVE, 0, &ignored);
        rc = qund_db_exec(db, sql);
        sqlite3_db_config(db->h, SQLITE_DBCONFIG_DEFENSIVE, 1, &ignored);
        if (rc < 0 || qund_db_changes(db) == 0)
            return rc;
    } while (qund_mono_now().ms < until_ms);
    return 1;
}

/* 1: something was emptied or dropped, 0: nothing has expired. */
static int empty_next(struct qund_db *db, int64_t until_ms)
{
    char name[NAME_MAX_BYTES];
    int rc;

    for (size_t i = 0; i < QUND_ARRAY_LEN(KINDS); i++) {
        rc = ask_name(
            db,
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 AND name "
            "GLOB :param LIMIT 1",
            KINDS[i].glob, name);
        if (rc == 0)
            continue;
        if (rc > 0)
            rc = empty(db, name, i, until_ms);
        if (rc != 0)
            return rc;
        if (i > 0) /* a shadow table goes with its virtual one */
            name[strlen(name) - strlen("_data")] = '\0';
        rc = exec_name(db, "DROP TABLE ", name, "");
        return rc < 0 ? rc : 1;
    }
    return 0;
}

int qund_retention_step(struct qund_db *db, const struct qund_retention *r, int64_t now)
{
    /* Half of the budget: the commit that follows writes as much again. */
    int64_t until_ms = qund_mono_now().ms + r->budget_ms / 2;
    int rc = empty_next(db, until_ms);

    return rc != 0 ? rc : hide_next(db, r, now);
}
