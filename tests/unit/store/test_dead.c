/* test_dead.c - dead letters, and what was in hand when the process died. */
#include "store/dead.h"
#include "store/inhand.h"
#include "store/meta.h"
#include "store_unit.h"
#include <sys/wait.h>
#include <unistd.h>

static int64_t add(struct qund_db *db, const char *key)
{
    struct qund_dead d = {.kind = QUND_STR("event"),
                          .key = qund_str(key),
                          .stage = QUND_STR("engine"),
                          .reason = QUND_STR("died three times"),
                          .body = QUND_STR("\x01\0\xff"),
                          .at = 99};
    int64_t id = 0;

    assert_int_equal(qund_dead_add(db, &d, &id), 0);
    return id;
}

static int count(const struct qund_dead *d, void *arg)
{
    int64_t *ids = arg;

    ids[++ids[0]] = d->id;
    return 0;
}

static void a_dead_letter_is_kept_whole_and_settled_once(void **state)
{
    struct fresh *f = *state;
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(1024);
    struct qund_dead d;
    int64_t id = add(f->db, "1-1"), ids[8] = {0}, waiting = 0;

    assert_int_equal(qund_dead_get(f->db, id, arena, &d), 0);
    assert_true(qund_str_is(d.key, "1-1"));
    assert_int_equal(d.body.n, 3);
    assert_memory_equal(d.body.p, "\x01\0\xff", 3);
    assert_int_equal(qund_dead_settle(f->db, id, QUND_DEAD_RETRIED), 0);
    assert_int_equal(qund_dead_settle(f->db, id, QUND_DEAD_RETRIED), QUND_E_NOTFOUND);
    assert_int_equal(qund_dead_settle(f->db, id, QUND_DEAD_DROPPED), QUND_E_NOTFOUND);
    add(f->db, "1-2");
    add(f->db, "1-3");
    assert_int_equal(qund_dead_list(f->db, false, 0, 10, count, ids), 0);
    assert_int_equal(ids[0], 2);
    assert_true(ids[1] > ids[2]);
    ids[0] = 0;
    assert_int_equal(qund_dead_list(f->db, true, ids[1], 10, count, ids), 0);
    assert_int_equal(ids[0], 2);
    assert_int_equal(qund_dead_count(f->db, &waiting), 0);
    assert_int_equal(waiting, 2);
    assert_int_equal(qund_dead_settle(f->db, id + 1, QUND_DEAD_DROPPED), 0);
    assert_int_equal(qund_dead_get(f->db, id + 1, arena, &d), 0);
    assert_int_equal(d.body.n, 0);
    assert_int_equal(qund_dead_get(f->db, 1000, arena, &d), QUND_E_NOTFOUND);
}

static void poison_cannot_fill_the_table(void **state)
{
    struct fresh *f = *state;
    int64_t lost = 0;

    assert_int_equal(
        qund_db_exec(f->db,
                     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                     "WHERE i < 100000) INSERT INTO dead (kind, key, stage, reason, body, at)"
                     " SELECT 'event', i, '', '', x'', 0 FROM n"),
        0);
    assert_int_equal(qund_dead_settle(f->db, 500, QUND_DEAD_RETRIED), 0);
    add(f->db, "a"); /* the settled one makes room */
    assert_int_equal(fresh_ask(f->db, "SELECT count(*) FROM dead WHERE id = 500"), 0);
    assert_int_equal(qund_meta_int(f->db, "dead_lost", &lost), QUND_E_NOTFOUND);
    add(f->db, "b");
    assert_int_equal(fresh_ask(f->db, "SELECT min(id) FROM dead"), 2);
    assert_int_equal(qund_meta_int(f->db, "dead_lost", &lost), 0);
    assert_int_equal(lost, 1);
    assert_int_equal(fresh_ask(f->db, "SELECT count(*) FROM dead"), QUND_DEAD_MAX);
}

/* Dies as a real process does, with something in hand. */
static void die_with(const char *path, const char *key, bool while_writing)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        struct qund_inhand_left left;
        struct qund_inhand *h = NULL;

        if (qund_inhand_open(path, &h, &left, NULL) < 0)
            _exit(1);
        qund_inhand_alive(h, 1757900000000);
        qund_inhand_set(h, QUND_INHAND_LOOP, QUND_STR("hook"), QUND_STR("onebot"));
        qund_inhand_clear(h, QUND_INHAND_LOOP);
        if (key)
            qund_inhand_set(h, QUND_INHAND_ENGINE, qund_str(key), QUND_STR("engine"));
        if (while_writing)
            /* The first field of the page's first slot: as if death came in the copy. */
            (*(uint32_t *)(void *)(*(char **)(void *)h + 16))++;
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void what_was_in_hand_is_named_after_a_death(void **state)
{
    struct fresh *f = *state;
    QUND_AUTO(qund_free_str) char *path = qund_path_join(f->dir, "inhand");
    struct qund_inhand_left left;
    struct qund_inhand *h = NULL;

    die_with(path, "1757900000000-0", false);
    assert_int_equal(qund_inhand_open(path, &h, &left, NULL), 0);
    assert_true(left.unclean);
    assert_true(left.set[QUND_INHAND_ENGINE]);
    assert_false(left.set[QUND_INHAND_LOOP]);
    assert_string_equal(left.key[QUND_INHAND_ENGINE], "1757900000000-0");
    assert_string_equal(left.stage[QUND_INHAND_ENGINE], "engine");
    assert_int_equal(left.alive_ms, 1757900000000);
    qund_inhand_set(h, QUND_INHAND_ENGINE, QUND_STR("x"), QUND_STR("y"));
    h = qund_inhand_close(h, true);
    assert_int_equal(qund_inhand_open(path, &h, &left, NULL), 0);
    assert_false(left.unclean);
    assert_false(left.set[QUND_INHAND_ENGINE]);
    assert_int_equal(left.alive_ms, 1757900000000); /* a life that never ran is no sign of one */
    h = qund_inhand_close(h, true);
}

static void a_death_between_two_items_blames_nobody(void **state)
{
    struct fresh *f = *state;
    QUND_AUTO(qund_free_str) char *path = qund_path_join(f->dir, "inhand");
    struct qund_inhand_left left;
    struct qund_inhand *h = NULL;

    die_with(path, "k", true);
    assert_int_equal(qund_inhand_open(path, &h, &left, NULL), 0);
    assert_true(left.unclean);
    assert_false(left.set[QUND_INHAND_ENGINE]);
    h = qund_inhand_close(h, true);
}

static void a_damaged_mark_counts_as_unclean_and_a_new_one_as_clean(void **state)
{
    struct fresh *f = *state;
    QUND_AUTO(qund_free_str) char *path = qund_path_join(f->dir, "inhand");
    struct qund_inhand_left left;
    struct qund_inhand *h = NULL;

    assert_int_equal(qund_inhand_open(path, &h, &left, NULL), 0);
    assert_false(left.unclean);
    h = qund_inhand_close(h, true);
    assert_int_equal(qund_file_replace(path, QUND_STR("garbage"), 0600, NULL), 0);
    assert_int_equal(qund_inhand_open(path, &h, &left, NULL), 0);
    assert_true(left.unclean);
    h = qund_inhand_close(h, true);
}

static void long_keys_are_cut_at_a_character(void **state)
{
    struct fresh *f = *state;
    QUND_AUTO(qund_free_str) char *path = qund_path_join(f->dir, "inhand");
    struct qund_inhand_left left;
    struct qund_inhand *h = NULL;
    char key[400] = "";

    for (int i = 0; i < 100; i++)
        strcat(key, "群");
    assert_int_equal(qund_inhand_open(path, &h, &left, NULL), 0);
    qund_inhand_set(h, QUND_INHAND_ENGINE, qund_str(key), qund_str(key));
    h = qund_inhand_close(h, false);
    assert_int_equal(qund_inhand_open(path, &h, &left, NULL), 0);
    assert_int_equal(strlen(left.key[0]), 189);
    assert_int_equal(strlen(left.stage[0]), 45);
    h = qund_inhand_close(h, true);
}

static int sum(struct qund_str key, int n, void *arg)
{
    *(int *)arg += n * 10 + (int)key.n;
    return 0;
}

static void attempts_are_counted_until_cleared(void **state)
{
    struct fresh *f = *state;
    int n = 0, total = 0;

    assert_int_equal(qund_attempt_get(f->db, QUND_STR("k"), &n), 0);
    assert_int_equal(n, 0);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(qund_attempt_add(f->db, QUND_STR("k"), i, &n), 0);
        assert_int_equal(n, i);
    }
    assert_int_equal(qund_attempt_list(f->db, sum, &total), 0);
    assert_int_equal(total, 31);
    assert_int_equal(qund_attempt_clear(f->db, QUND_STR("k")), 0);
    assert_int_equal(qund_attempt_get(f->db, QUND_STR("k"), &n), 0);
    assert_int_equal(n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH_TEST(a_dead_letter_is_kept_whole_and_settled_once),
        FRESH_TEST(poison_cannot_fill_the_table),
        FRESH_TEST(what_was_in_hand_is_named_after_a_death),
        FRESH_TEST(a_death_between_two_items_blames_nobody),
        FRESH_TEST(a_damaged_mark_counts_as_unclean_and_a_new_one_as_clean),
        FRESH_TEST(long_keys_are_cut_at_a_character),
        FRESH_TEST(attempts_are_counted_until_cleared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
