/* store_unit.h - a fresh store in a fresh folder, for the tests of store/. */
#ifndef QUND_TEST_STORE_UNIT_H
#define QUND_TEST_STORE_UNIT_H
#include "core/file.h"
#include "store/db.h"
#include "unit.h"

struct fresh {
    char *dir, *path;
    struct qund_db *db;
};

static inline struct qund_db *fresh_handle(const struct fresh *f, enum qund_db_mode mode)
{
    struct qund_db_cfg cfg = {.path = f->path,
                              .page_cache_bytes = 8 << 20,
                              .full_sync = false,
                              .busy_ms = mode == QUND_DB_MAINT ? 0 : 2000};
    struct qund_db *db = NULL;
    struct qund_err err = {0};

    if (qund_db_open(&cfg, mode, NULL, &db, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    return db;
}

static inline struct fresh *fresh_new(void)
{
    struct fresh *f = calloc(1, sizeof(*f));

    f->dir = unit_tmpdir();
    f->path = qund_path_join(f->dir, "qund.db");
    f->db = fresh_handle(f, QUND_DB_WRITE);
    return f;
}

static inline void fresh_free(struct fresh *f)
{
    qund_db_close(f->db);
    assert_int_equal(qund_dir_remove(f->dir, NULL), 0);
    qund_free(f->path);
    free(f->dir);
    free(f);
}

static inline int fresh_setup(void **state)
{
    *state = fresh_new();
    return 0;
}

static inline int fresh_teardown(void **state)
{
    fresh_free(*state);
    return 0;
}
#define FRESH_TEST(f) cmocka_unit_test_setup_teardown(f, fresh_setup, fresh_teardown)

/* The single integer a statement answers. */
static inline int64_t fresh_ask(struct qund_db *db, const char *sql)
{
    struct qund_stmt *st = qund_sql(db, sql);
    int64_t v;

    assert_non_null(st);
    assert_int_equal(qund_step(st), 1);
    v = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return v;
}
#endif
