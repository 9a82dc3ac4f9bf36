/* tests/unit/crm/crm_unit.h - a real store in a fresh folder with the people module on it. */
#ifndef QUND_TEST_CRM_UNIT_H
#define QUND_TEST_CRM_UNIT_H
#include "unit.h"
/* After cmocka. */
#include "core/file.h"
#include "crm/crm.h"
#include "store/db.h"

struct place {
    char *dir, *path;
    struct qund_db *db;
    struct qund_crm *crm;
};

static inline struct qund_db *place_handle(const struct place *p, enum qund_db_mode mode)
{
    struct qund_db_cfg cfg = {.path = p->path, .page_cache_bytes = 8 << 20, .busy_ms = 2000};
    struct qund_db *db = NULL;
    struct qund_err err = {0};

    if (qund_db_open(&cfg, mode, NULL, &db, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    return db;
}

static inline struct place *place_new(const struct qund_crm_cfg *cfg)
{
    struct place *p = qund_alloc(sizeof(*p));

    p->dir = unit_tmpdir();
    p->path = qund_path_join(p->dir, "qund.db");
    p->db = place_handle(p, QUND_DB_WRITE);
    assert_int_equal(qund_crm_open(p->db, cfg, NULL, &p->crm, NULL), 0);
    assert_int_equal(qund_db_begin(p->db), 0);
    return p;
}

static inline void place_free(struct place *p)
{
    qund_crm_close(p->crm);
    qund_db_rollback(p->db);
    qund_db_close(p->db);
    assert_int_equal(qund_dir_remove(p->dir, NULL), 0);
    qund_free(p->path);
    free(p->dir);
    qund_free(p);
}

static inline int place_setup(void **state)
{
    *state = place_new(NULL);
    return 0;
}

static inline int place_teardown(void **state)
{
    place_free(*state);
    return 0;
}

/* Ends a batch and begins the next. */
static inline void place_commit(struct place *p)
{
    assert_int_equal(qund_crm_flush(p->crm), 0);
    assert_int_equal(qund_db_commit(p->db), 0);
    assert_int_equal(qund_db_begin(p->db), 0);
}

static inline int64_t ask(struct place *p, const char *sql)
{
    struct qund_stmt *st = qund_sql(p->db, sql);
    int64_t v;
    int rc;

    if (!st)
        fail_msg("%s: %s", sql, qund_db_error(p->db));
    rc = qund_step(st);
    v = rc == 1 ? qund_col_int(st, 0) : -1;
    qund_stmt_reset(st);
    return v;
}

static inline void ask_text(struct place *p, const char *sql, const char *expected)
{
    struct qund_stmt *st = qund_sql(p->db, sql);
    QUND_AUTO(qund_buf_done) struct qund_buf got = {0};

    if (!st)
        fail_msg("%s: %s", sql, qund_db_error(p->db));
    if (qund_step(st) == 1)
        qund_buf_str(&got, qund_col_str(st, 0));
    qund_stmt_reset(st);
    qund_buf_char(&got, '\0');
    assert_string_equal(got.p, expected);
}

/* Sizes of tests that also measure: QUND_TEST_MANY=200000 for figures worth quoting. */
static inline int many(int usual)
{
    const char *said = getenv("QUND_TEST_MANY");

    return said && atoi(said) > 0 ? atoi(said) : usual;
}

static inline struct qund_crm_group *group(struct place *p, const char *pid)
{
    struct qund_crm_group *g = NULL;

    assert_int_equal(qund_crm_group(p->crm, QUND_STR("wx"), qund_str(pid), QUND_STR_NONE, 1000, &g),
                     0);
    return g;
}

static inline struct qund_crm_contact *person(struct place *p, const char *pid, const char *name,
                                              int64_t ts)
{
    struct qund_crm_contact *c = NULL;

    assert_int_equal(qund_crm_contact(p->crm, QUND_STR("wx"), qund_str(pid), qund_str(name),
                                      QUND_ROLE_NONE, ts, &c),
                     0);
    return c;
}
#endif
