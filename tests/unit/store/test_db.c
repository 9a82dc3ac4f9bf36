/* test_db.c - handles, transactions, statements, migrations, single values. */
#include "core/clock.h"
#include "store/meta.h"
#include "store/migrate.h"
#include "store_unit.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void the_writer_has_the_settings_that_make_a_commit_survive(void **state)
{
    struct fresh *f = *state;
    struct stat st;

    assert_int_equal(fresh_ask(f->db, "PRAGMA foreign_keys"), 1);
    assert_int_equal(fresh_ask(f->db, "PRAGMA trusted_schema"), 0);
    assert_int_equal(fresh_ask(f->db, "PRAGMA secure_delete"), 1);
    assert_int_equal(fresh_ask(f->db, "PRAGMA cell_size_check"), 1);
    assert_int_equal(fresh_ask(f->db, "PRAGMA mmap_size"), 0);
    assert_int_equal(fresh_ask(f->db, "PRAGMA wal_autocheckpoint"), 0);
    assert_int_equal(fresh_ask(f->db, "PRAGMA synchronous"), 1);
    assert_int_equal(fresh_ask(f->db, "PRAGMA application_id"), QUND_STORE_APPLICATION_ID);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_reader_sees_commits_and_cannot_write(void **state)
{
    struct fresh *f = *state;
    QUND_AUTO(qund_db_close) struct qund_db *r = fresh_handle(f, QUND_DB_READ);
    int64_t v = 0;

    assert_int_equal(qund_db_begin(f->db), 0);
    assert_int_equal(qund_meta_set_int(f->db, "x", 7), 0);
    assert_int_equal(qund_meta_int(r, "x", &v), QUND_E_NOTFOUND);
    assert_int_equal(qund_db_commit(f->db), 0);
    assert_int_equal(qund_meta_int(r, "x", &v), 0);
    assert_int_equal(v, 7);
    assert_int_equal(qund_meta_set_int(r, "x", 8), QUND_E_IO);
}

static void a_rollback_undoes_and_is_counted(void **state)
{
    struct fresh *f = *state;
    uint64_t before = qund_db_rollbacks(f->db);
    int64_t v = 0;

    assert_int_equal(qund_db_begin(f->db), 0);
    assert_int_equal(qund_meta_set_int(f->db, "kept", 1), 0);
    assert_int_equal(qund_db_save(f->db, "item"), 0);
    assert_int_equal(qund_meta_set_int(f->db, "lost", 1), 0);
    assert_int_equal(qund_db_rollback_to(f->db, "item"), 0);
    assert_int_equal(qund_db_release(f->db, "item"), 0);
    assert_true(qund_db_in_tx(f->db));
    assert_int_equal(qund_db_commit(f->db), 0);
    assert_int_equal(qund_meta_int(f->db, "kept", &v), 0);
    assert_int_equal(qund_meta_int(f->db, "lost", &v), QUND_E_NOTFOUND);
    assert_int_equal(qund_db_rollbacks(f->db), before + 1);
    qund_db_rollback(f->db); /* none is open */
    assert_int_equal(qund_db_rollbacks(f->db), before + 2);
}

static void a_second_writer_gets_again_not_an_abort(void **state)
{
    struct fresh *f = *state;
    struct qund_db_cfg cfg = {.path = f->path, .page_cache_bytes = 1 << 20, .busy_ms = 0};
    QUND_AUTO(qund_db_close) struct qund_db *other = NULL;

    assert_int_equal(qund_db_open(&cfg, QUND_DB_WRITE, NULL, &other, NULL), 0);
    assert_int_equal(qund_db_begin(f->db), 0);
    assert_int_equal(qund_db_begin(other), QUND_E_AGAIN);
    qund_db_rollback(f->db);
    assert_int_equal(qund_db_begin(other), 0);
    qund_db_rollback(other);
}

static void statements_are_kept_by_text_and_their_bindings_are_not(void **state)
{
    struct fresh *f = *state;
    char text[] = "SELECT :a, :b";
    struct qund_stmt *a = qund_sql(f->db, "SELECT :a, :b"), *b;

    qund_bind_str(a, ":a", QUND_STR("甲"));
    qund_bind_int(a, ":b", 5);
    assert_int_equal(qund_step(a), 1);
    assert_true(qund_str_is(qund_col_str(a, 0), "甲"));
    assert_int_equal(qund_col_int(a, 1), 5);
    b = qund_sql(f->db, text);
    assert_ptr_equal(a, b);
    qund_bind_blob(b, ":b", "", 0);
    assert_int_equal(qund_step(b), 1);
    assert_true(qund_col_null(b, 0)); /* not the last use's */
    assert_non_null(qund_col_str(b, 1).p);
    text[7] = 'x'; /* the same address, another text, which does not compile */
    assert_null(qund_sql(f->db, text));
    assert_non_null(strstr(qund_db_error(f->db), "x"));
}

static void a_violated_constraint_is_exists(void **state)
{
    struct fresh *f = *state;
    struct qund_stmt *st;

    for (int i = 0; i < 2; i++) {
        st = qund_sql(f->db, "INSERT INTO word (text) VALUES (:t)");
        qund_bind_str(st, ":t", QUND_STR("image"));
        assert_int_equal(qund_run(st), i ? QUND_E_EXISTS : 0);
    }
    assert_int_equal(fresh_ask(f->db, "SELECT count(*) FROM word"), 1);
}

static void a_reader_past_its_deadline_ends_with_again(void **state)
{
    struct fresh *f = *state;
    QUND_AUTO(qund_db_close) struct qund_db *r = fresh_handle(f, QUND_DB_READ);
    struct qund_stmt *st;

    qund_db_deadline(r, qund_mono_now().ms + 20);
    st = qund_sql(r, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                     "SELECT count(*) FROM n");
    assert_int_equal(qund_step(st), QUND_E_AGAIN);
    qund_db_deadline(r, 0);
    assert_int_equal(fresh_ask(r, "SELECT 5"), 5);
}

static void work_that_nobody_waits_for_does_not_wait_for_who_holds_the_store(void **state)
{
    struct fresh *f = *state;
    struct qund_db_cfg cfg = {.path = f->path, .page_cache_bytes = 1 << 20, .busy_ms = 1000};
    QUND_AUTO(qund_db_close) struct qund_db *other = NULL;
    int64_t start;

    assert_int_equal(qund_db_open(&cfg, QUND_DB_WRITE, NULL, &other, NULL), 0);
    assert_int_equal(qund_db_begin(f->db), 0);
    start = qund_mono_now().ms;
    assert_int_equal(qund_db_begin_now(other), QUND_E_AGAIN);
    assert_true(qund_mono_now().ms < start + 1000);
    assert_false(qund_db_in_tx(other));
    start = qund_mono_now().ms; /* others wait as before, and no longer than they were told */
    assert_int_equal(qund_db_begin(other), QUND_E_AGAIN);
    assert_in_range(qund_mono_now().ms - start, 1000, 1900);
    qund_db_rollback(f->db);
    assert_int_equal(qund_db_begin_now(other), 0);
    qund_db_rollback(other);
}

static void a_store_newer_than_the_program_is_refused_by_name_of_both(void **state)
{
    struct fresh *f = *state;
    struct qund_db_cfg cfg = {.path = f->path, .page_cache_bytes = 1 << 20, .busy_ms = 0};
    struct qund_db *db = NULL;
    struct qund_err err = {0};
    char ours[32];

    assert_int_equal(qund_db_exec(f->db, "PRAGMA user_version=9001"), 0);
    snprintf(ours, sizeof(ours), "up to %d", qund_schema_version());
    for (int mode = QUND_DB_WRITE; mode <= QUND_DB_MAINT; mode++) {
        assert_int_equal(qund_db_open(&cfg, (enum qund_db_mode)mode, NULL, &db, &err), QUND_E_ABI);
        assert_null(db);
        assert_non_null(strstr(err.text, "9001"));
        assert_non_null(strstr(err.text, ours));
    }
}

static void a_reader_refuses_a_store_that_waits_for_its_migration(void **state)
{
    struct fresh *f = *state;
    struct qund_db_cfg cfg = {.path = f->path, .page_cache_bytes = 1 << 20, .busy_ms = 0};
    struct qund_db *db = NULL;
    struct qund_err err = {0};

    assert_int_equal(qund_db_exec(f->db, "PRAGMA user_version=0"), 0);
    assert_int_equal(qund_db_open(&cfg, QUND_DB_READ, NULL, &db, &err), QUND_E_ABI);
    assert_non_null(strstr(err.text, "qund serve"));
}

static void migrations_rise_and_the_file_ends_at_the_last(void **state)
{
    struct fresh *f = *state;
    size_t n;
    const struct qund_migration *m = qund_migrations(&n);

    assert_true(n >= 1);
    assert_int_equal(m[0].version, 1);
    for (size_t i = 1; i < n; i++)
        assert_true(m[i].version > m[i - 1].version);
    assert_int_equal(fresh_ask(f->db, "PRAGMA user_version"), qund_schema_version());
    /* Running them again finds nothing to do. */
    assert_int_equal(qund_migrate(f->db, 0, NULL, NULL), 0);
}

static void a_missing_store_tells_readers_what_makes_it(void **state)
{
    struct qund_db_cfg cfg = {.path = "/nonexistent-qund/qund.db", .page_cache_bytes = 1 << 20};
    struct qund_db *db = NULL;
    struct qund_err err = {0};

    (void)state;
    assert_int_equal(qund_db_open(&cfg, QUND_DB_READ, NULL, &db, &err), QUND_E_IO);
    assert_non_null(strstr(err.text, "qund serve"));
}

static void single_values_are_set_replaced_and_dropped(void **state)
{
    struct fresh *f = *state;
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    int64_t v = -1;

    assert_int_equal(qund_meta_int(f->db, "applied_id", &v), QUND_E_NOTFOUND);
    assert_int_equal(v, -1);
    assert_int_equal(qund_meta_set_str(f->db, "applied_id", QUND_STR("1-0")), 0);
    assert_int_equal(qund_meta_set_str(f->db, "applied_id", QUND_STR("1757900000000-12")), 0);
    assert_int_equal(qund_meta_str(f->db, "applied_id", &b), 0);
    assert_string_equal(b.p, "1757900000000-12");
    assert_int_equal(qund_meta_set_int(f->db, "engine_time", 1757900000000), 0);
    assert_int_equal(qund_meta_int(f->db, "engine_time", &v), 0);
    assert_true(v == 1757900000000);
}

/* The limit on the size of files is to SQLite what a full disk is: it cannot make its shared
 * memory. */
static void a_sound_store_that_cannot_be_opened_is_not_to_be_restored(void **state)
{
    struct fresh *f = *state;
    struct qund_db_cfg cfg = {.path = f->path, .busy_ms = 100};
    struct qund_db *db = NULL;
    struct qund_err err = {0};
    struct rlimit was, tight;

    f->db = qund_db_close(f->db);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    tight = (struct rlimit){.rlim_cur = 4096, .rlim_max = was.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    assert_int_equal(qund_db_open(&cfg, QUND_DB_WRITE, NULL, &db, &err), QUND_E_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_non_null(strstr(err.text, "not known to be damaged"));
    assert_null(strstr(err.text, "restore"));
    f->db = fresh_handle(f, QUND_DB_WRITE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH_TEST(the_writer_has_the_settings_that_make_a_commit_survive),
        FRESH_TEST(a_reader_sees_commits_and_cannot_write),
        FRESH_TEST(a_rollback_undoes_and_is_counted),
        FRESH_TEST(a_second_writer_gets_again_not_an_abort),
        FRESH_TEST(statements_are_kept_by_text_and_their_bindings_are_not),
        FRESH_TEST(a_violated_constraint_is_exists),
        FRESH_TEST(a_reader_past_its_deadline_ends_with_again),
        FRESH_TEST(a_store_newer_than_the_program_is_refused_by_name_of_both),
        FRESH_TEST(a_reader_refuses_a_store_that_waits_for_its_migration),
        FRESH_TEST(migrations_rise_and_the_file_ends_at_the_last),
        FRESH_TEST(work_that_nobody_waits_for_does_not_wait_for_who_holds_the_store),
        cmocka_unit_test(a_missing_store_tells_readers_what_makes_it),
        FRESH_TEST(a_sound_store_that_cannot_be_opened_is_not_to_be_restored),
        FRESH_TEST(single_values_are_set_replaced_and_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
