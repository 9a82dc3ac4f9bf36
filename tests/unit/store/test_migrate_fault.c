/* test_migrate_fault.c - death at every step of bringing a store forward (fault preset only). */
#include "store/migrate.h"
#include "store_unit.h"
#include <sys/wait.h>
#include <unistd.h>

/* Opens the store in a process of its own, with or without a fault; its exit status. Faults are
 * read from the environment once per process, hence the fork. */
static int open_in_child(const char *path, const char *fault)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        struct qund_db_cfg cfg = {.path = path, .page_cache_bytes = 1 << 20, .full_sync = true};
        struct qund_db *db = NULL;
        int rc;

        setenv("QUND_FAULT", fault, 1);
        rc = qund_db_open(&cfg, QUND_DB_WRITE, NULL, &db, NULL);
        if (rc == 0 && fresh_ask(db, "PRAGMA user_version") != qund_schema_version())
            rc = QUND_E_BUG;
        qund_db_close(db);
        _exit(-rc);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void a_death_at_any_step_leaves_one_version_or_the_next(void **state)
{
    size_t n;

    (void)state;
    assert_non_null(qund_migrations(&n));
    for (size_t step = 1; step <= n; step++) {
        QUND_AUTO(qund_free_str) char *path = NULL;
        char *dir = unit_tmpdir(), fault[64];

        path = qund_path_join(dir, "qund.db");
        snprintf(fault, sizeof(fault), "migration_step:crash:%zu", step);
        assert_true(WIFSIGNALED(open_in_child(path, fault)));
        assert_int_equal(open_in_child(path, ""), 0); /* goes on from there */
        snprintf(fault, sizeof(fault), "migration_step:errno=28:%zu", step);
        assert_int_equal(qund_dir_remove(dir, NULL), 0);
        assert_int_equal(qund_dir_make(dir, 0700, NULL), 0);
        assert_int_equal(WEXITSTATUS(open_in_child(path, fault)), -QUND_E_IO);
        assert_int_equal(open_in_child(path, ""), 0);
        assert_int_equal(qund_dir_remove(dir, NULL), 0);
        free(dir);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_death_at_any_step_leaves_one_version_or_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
