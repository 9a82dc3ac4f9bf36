/* A store of each past version is brought forward and keeps what it held. */
#include "store/migrate.h"
#include "store_unit.h"
#include <sqlite3.h>
#include <stdio.h>

#define FIRST_RELEASED 7 /* no store of an earlier one was ever left behind by a release */
#define WITH_GAPS 12

static void run(sqlite3 *raw, const char *sql)
{
    char *why = NULL;

    if (sqlite3_exec(raw, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
}

/* As that version left it, with a row in what later ones change. */
static void make_past(const char *path, int version)
{
    size_t n;
    const struct qund_migration *m = qund_migrations(&n);
    char head[96];
    sqlite3 *raw = NULL;

    assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
    run(raw, "PRAGMA journal_mode = WAL");
    for (size_t i = 0; i < n && m[i].version <= version; i++)
        run(raw, m[i].sql);
    snprintf(head, sizeof(head), "PRAGMA application_id=%d; PRAGMA user_version=%d",
             QUND_STORE_APPLICATION_ID, version);
    run(raw, head);
    run(raw, "INSERT INTO outbox(id, key, target, state, urgent, body, created, deadline, changed)"
             " VALUES(3, 'alert:1:0:boss', 'desk', 2, 0, '{}', 1, 2, 3);"
             "INSERT INTO realm VALUES(1, 'yard');"
             "INSERT INTO grp(id, realm, pid, name, created) VALUES(4, 1, 'g1', '一期', 5);"
             "INSERT INTO question(seq, grp, contact, ts, state, urgent, judged, eid, pid, name)"
             " VALUES(6, 4, 1, 7, 0, 0, 1, 'm1', 'ann', 'Ann')");
    if (version >= WITH_GAPS)
        run(raw, "INSERT INTO gap(realm, channel, from_ts, to_ts, open, seq)"
                 " VALUES(1, 2, 8, 9, 0, 6)");
    assert_int_equal(sqlite3_close(raw), SQLITE_OK);
}

static void a_store_of_each_past_version_keeps_its_rows(void **state)
{
    (void)state;
    for (int v = FIRST_RELEASED; v < qund_schema_version(); v++) {
        struct fresh f = {.dir = unit_tmpdir()};

        f.path = qund_path_join(f.dir, "qund.db");
        make_past(f.path, v);
        f.db = fresh_handle(&f, QUND_DB_WRITE);
        assert_int_equal(fresh_ask(f.db, "PRAGMA user_version"), qund_schema_version());
        assert_int_equal(fresh_ask(f.db, "SELECT count(*) FROM outbox WHERE id = 3 AND state = 2"
                                         " AND key = 'alert:1:0:boss'"),
                         1);
        assert_int_equal(fresh_ask(f.db, "SELECT count(*) FROM grp WHERE id = 4 AND pid = 'g1'"),
                         1);
        assert_int_equal(fresh_ask(f.db, "SELECT judged FROM question WHERE seq = 6"), 1);
        assert_int_equal(
            fresh_ask(f.db, "SELECT count(*) FROM gap WHERE to_ts = 9 AND unfilled = 0"),
            v >= WITH_GAPS);
        /* Tables of later versions are there, and empty. */
        assert_int_equal(fresh_ask(f.db, "SELECT count(*) FROM task"), 0);
        assert_int_equal(fresh_ask(f.db, "SELECT count(*) FROM plan_run"), 0);
        assert_int_equal(fresh_ask(f.db, "SELECT count(*) FROM pragma_integrity_check"
                                         " WHERE integrity_check = 'ok'"),
                         1);
        qund_db_close(f.db);
        assert_int_equal(qund_dir_remove(f.dir, NULL), 0);
        qund_free(f.path);
        free(f.dir);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_of_each_past_version_keeps_its_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
