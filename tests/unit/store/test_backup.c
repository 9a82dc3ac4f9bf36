/* test_backup.c - a copy while others write, and the way back; checkpoints, checks, the reserve. */
#include "core/clock.h"
#include "store/backup.h"
#include "store/backup_internal.h"
#include "store/maint.h"
#include "store/meta.h"
#include "store/migrate.h"
#include "store/month.h"
#include "store/timers.h"
#include "store_unit.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEP_15 INT64_C(1757894400000)

static void write_rows(struct fresh *f, int from, int n)
{
    QUND_AUTO(qund_months_free) struct qund_months *m = qund_months_new(f->db);

    assert_int_equal(qund_db_begin(f->db), 0);
    for (int i = from; i < from + n; i++) {
        char id[16];
        struct qund_message_row row = {.key_ts = SEP_15 + i,
                                       .ts = SEP_15 + i,
                                       .rx = SEP_15,
                                       .realm = 1,
                                       .grp = 7,
                                       .type = 1,
                                       .text = QUND_STR("多少钱一米")};

        snprintf(id, sizeof(id), "%d", i);
        row.eid = qund_str(id);
        assert_int_equal(qund_month_insert(m, &row), 0);
    }
    assert_int_equal(qund_db_commit(f->db), 0);
}

struct writer {
    struct fresh *f;
    int calls, stop_at;
};

/* The daemon writes between two slices. */
static int write_meanwhile(int64_t done, int64_t total, void *arg)
{
    struct writer *w = arg;

    assert_true(done >= 0 && done <= total);
    write_rows(w->f, 100000 + w->calls * 10, 10);
    return ++w->calls == w->stop_at;
}

static void a_backup_is_the_store_of_one_instant(void **state)
{
    struct fresh *f = *state;
    QUND_AUTO(qund_db_close) struct qund_db *maint = fresh_handle(f, QUND_DB_MAINT);
    QUND_AUTO(qund_free_str) char *dir = qund_path_join(f->dir, "backups");
    QUND_AUTO(qund_free_str) char *path = NULL;
    QUND_AUTO(qund_db_close) struct qund_db *copy = NULL;
    QUND_AUTO(qund_buf_done) struct qund_buf sum = {0};
    struct qund_db_cfg cfg = {.page_cache_bytes = 1 << 20};
    struct writer w = {.f = f};
    struct stat st;

    write_rows(f, 0, 30000); /* several slices */
    assert_int_equal(qund_backup_run(maint, dir, SEP_15, write_meanwhile, &w, &path, NULL), 0);
    assert_true(w.calls >= 2);
    assert_non_null(strstr(path, "/qund-20250915T000000Z.db"));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    cfg.path = path;
    assert_int_equal(qund_db_open(&cfg, QUND_DB_READ, NULL, &copy, NULL), 0);
    assert_int_equal(fresh_ask(copy, "SELECT count(*) FROM message_202509"), 30000);
    assert_int_equal(fresh_ask(f->db, "SELECT count(*) FROM message_202509"), 30000 + 10 * w.calls);
    qund_buf_printf(&sum, "%s.sha256", path);
    assert_int_equal(stat(sum.p, &st), 0);
    assert_false(qund_db_in_tx(maint));
}

struct second {
    struct qund_db *db;
    const char *dir;
    char *path;
};

/* While the first is under way, with the same second in its name. */
static int back_up_too(int64_t done, int64_t total, void *arg)
{
    struct second *s = arg;

    (void)done;
    (void)total;
    if (!s->path)
        assert_int_equal(qund_backup_run(s->db, s->dir, SEP_15, NULL, NULL, &s->path, NULL), 0);
    return 0;
}

static void assert_sound(const char *path)
{
    QUND_AUTO(qund_buf_done) struct qund_buf sum = {0}, line = {0};
    char hex[65];

    qund_buf_printf(&sum, "%s.sha256", path);
    assert_int_equal(qund_file_read(sum.p, 512, &line, NULL), 0);
    assert_int_equal(qund_backup_digest(path, hex, NULL), 0);
    assert_true(qund_str_starts(qund_buf_view(&line), hex));
    assert_true(qund_str_find(qund_buf_view(&line), 0, qund_str(strrchr(path, '/') + 1)) > 0);
}

static void backups_of_one_second_are_files_of_their_own(void **state)
{
    struct fresh *f = *state;
    QUND_AUTO(qund_db_close) struct qund_db *maint = fresh_handle(f, QUND_DB_MAINT);
    QUND_AUTO(qund_db_close) struct qund_db *reader = fresh_handle(f, QUND_DB_READ);
    QUND_AUTO(qund_free_str) char *dir = qund_path_join(f->dir, "backups");
    QUND_AUTO(qund_free_str) char *first = NULL;
    QUND_AUTO(qund_free_str) char *third = NULL;
    struct second s = {.db = reader, .dir = dir};

    write_rows(f, 0, 30000);
    assert_int_equal(qund_backup_run(maint, dir, SEP_15, back_up_too, &s, &first, NULL), 0);
    assert_int_equal(qund_backup_run(maint, dir, SEP_15, NULL, NULL, &third, NULL), 0);
    assert_non_null(strstr(first, "/qund-20250915T000000Z.db"));
    assert_non_null(strstr(s.path, "/qund-20250915T000000Z_02.db"));
    assert_non_null(strstr(third, "/qund-20250915T000000Z_03.db"));
    assert_true(strcmp(first, s.path) < 0 && strcmp(s.path, third) < 0);
    assert_sound(first);
    assert_sound(s.path);
    assert_sound(third);
    qund_free(s.path);
}

static void a_stopped_backup_leaves_nothing(void **state)
{
    struct fresh *f = *state;
    QUND_AUTO(qund_db_close) struct qund_db *maint = fresh_handle(f, QUND_DB_MAINT);
    QUND_AUTO(qund_free_str) char *dir = qund_path_join(f->dir, "backups");
    struct writer w = {.f = f, .stop_at = 1};
    struct qund_err err = {0};
    char **names = NULL;
    size_t n = 9;

    write_rows(f, 0, 30000);
    assert_int_equal(qund_backup_run(maint, dir, SEP_15, write_meanwhile, &w, NULL, &err),
                     QUND_E_AGAIN);
    assert_int_equal(qund_dir_list(dir, "", &names, &n, NULL), 0);
    assert_int_equal(n, 0);
    qund_free(names);
}

static const struct qund_restore_hook HOOKS[] = {
    {"timers", "UPDATE timer SET due = :now, kind = 'held.' || kind WHERE kind = 'send'"},
    {"attempts", "DELETE FROM attempt"},
};

static void a_restore_brings_the_instant_back_and_parks_what_would_leave(void **state)
{
    struct fresh *f = *state;
    QUND_AUTO(qund_free_str) char *dir = qund_path_join(f->dir, "backups");
    QUND_AUTO(qund_timers_free) struct qund_timers *t = qund_timers_new(f->db);
    struct qund_timer timer = {.due = 5, .kind = QUND_STR("send"), .key = QUND_STR("1")};
    struct qund_restored got;
    struct qund_err err = {0};
    char **names = NULL;
    bool former = false;
    size_t n = 0;

    write_rows(f, 0, 100);
    assert_int_equal(qund_timers_set(t, &timer), 0);
    assert_int_equal(qund_meta_set_str(f->db, "applied_id", QUND_STR("1757894400000-7")), 0);
    assert_int_equal(qund_meta_set_int(f->db, "engine_time", SEP_15), 0);
    assert_int_equal(qund_meta_set_int(f->db, "epoch", 4), 0);
    assert_int_equal(qund_backup_run(f->db, dir, SEP_15, NULL, NULL, NULL, NULL), 0);
    write_rows(f, 100, 50);
    f->db = qund_db_close(f->db);
    if (qund_restore_run(dir, f->dir, SEP_15 + 99, HOOKS, 2, NULL, &got, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    assert_string_equal(got.applied_id, "1757894400000-7");
    assert_int_equal(got.epoch, 5);
    assert_true(got.engine_time == SEP_15);
    assert_int_equal(got.parked, 1);
    assert_true(got.key_missing);
    f->db = fresh_handle(f, QUND_DB_WRITE);
    assert_int_equal(fresh_ask(f->db, "SELECT count(*) FROM message_202509"), 100);
    assert_int_equal(fresh_ask(f->db, "SELECT due FROM timer WHERE kind = 'held.send'"),
                     SEP_15 + 99);
    assert_int_equal(qund_dir_list(f->dir, "", &names, &n, NULL), 0);
    for (size_t i = 0; i < n; i++) {
        assert_null(strstr(names[i], ".restore"));
        former |= qund_str_starts(qund_str(names[i]), "qund.db.before-");
        qund_free(names[i]);
    }
    assert_true(former); /* it may have been a mistake */
    qund_free(names);
}

/* Flips one byte of a file. */
static void damage(const char *path, long at)
{
    int fd = open(path, O_RDWR);
    char c;

    assert_true(fd >= 0 && pread(fd, &c, 1, at) == 1);
    c = (char)~c;
    assert_int_equal(pwrite(fd, &c, 1, at), 1);
    close(fd);
}

static void a_damaged_backup_is_refused_and_the_store_untouched(void **state)
{
    struct fresh *f = *state;
    QUND_AUTO(qund_free_str) char *dir = qund_path_join(f->dir, "backups");
    QUND_AUTO(qund_free_str) char *path = NULL;
    struct qund_restored got;
    struct qund_err err = {0};

    write_rows(f, 0, 1000);
    assert_int_equal(qund_restore_run(f->dir, f->dir, SEP_15, NULL, 0, NULL, &got, &err),
                     QUND_E_NOTFOUND);
    assert_int_equal(qund_backup_run(f->db, dir, SEP_15, NULL, NULL, &path, NULL), 0);
    damage(path, 9000);
    write_rows(f, 1000, 10);
    f->db = qund_db_close(f->db);
    assert_int_equal(qund_restore_run(dir, f->dir, SEP_15, NULL, 0, NULL, &got, &err),
                     QUND_E_INVAL);
    assert_non_null(strstr(err.text, "checksum"));
    f->db = fresh_handle(f, QUND_DB_WRITE);
    assert_int_equal(fresh_ask(f->db, "SELECT count(*) FROM message_202509"), 1010);
}

static void a_checkpoint_gives_way_and_empties_the_wal_when_it_may(void **state)
{
    struct fresh *f = *state;
    QUND_AUTO(qund_db_close) struct qund_db *maint = fresh_handle(f, QUND_DB_MAINT);
    QUND_AUTO(qund_db_close) struct qund_db *reader = fresh_handle(f, QUND_DB_READ);
    QUND_AUTO(qund_buf_done) struct qund_buf wal = {0};
    struct qund_checkpoint c;
    struct stat st;

    qund_buf_printf(&wal, "%s-wal", f->path);
    write_rows(f, 0, 2000);
    assert_int_equal(qund_maint_checkpoint(maint, 1 << 30, false, &c), 0);
    assert_true(c.wal_frames > 0 && c.done_frames == c.wal_frames && !c.emptied);
    assert_int_equal(qund_db_begin_read(reader), 0);
    fresh_ask(reader, "SELECT count(*) FROM message_202509");
    write_rows(f, 2000, 2000);
    assert_int_equal(qund_maint_checkpoint(maint, 1 << 30, true, &c), QUND_E_AGAIN);
    assert_false(c.emptied);
    assert_int_equal(qund_db_commit(reader), 0);
    assert_int_equal(qund_maint_checkpoint(maint, 1 << 30, true, &c), 0);
    assert_true(c.emptied);
    assert_int_equal(stat(wal.p, &st), 0);
    assert_int_equal(st.st_size, 0);
}

static void a_long_wal_is_begun_anew_and_keeps_its_file(void **state)
{
    struct fresh *f = *state;
    QUND_AUTO(qund_db_close) struct qund_db *maint = fresh_handle(f, QUND_DB_MAINT);
    QUND_AUTO(qund_buf_done) struct qund_buf wal = {0};
    struct qund_checkpoint c;
    struct stat before, after;

    qund_buf_printf(&wal, "%s-wal", f->path);
    write_rows(f, 0, 2000);
    assert_int_equal(stat(wal.p, &before), 0);
    assert_int_equal(qund_maint_checkpoint(maint, before.st_size / 2, false, &c), 0);
    assert_true(c.emptied);
    write_rows(f, 2000, 10);
    assert_int_equal(stat(wal.p, &after), 0);
    assert_int_equal(after.st_size, before.st_size);
    assert_int_equal(qund_maint_checkpoint(maint, 1 << 30, false, &c), 0);
    assert_true(c.wal_frames < 100 && !c.emptied);
}

struct restless {
    struct fresh *f;
    atomic_bool stop;
};

static void *write_without_rest(void *arg)
{
    struct restless *w = arg;

    for (int i = 0; !atomic_load(&w->stop); i += 5)
        write_rows(w->f, i, 5);
    return NULL;
}

/* RESTART comes when few frames are left, whatever is committed meanwhile; the file is not cut
 * under the hands of who writes. */
static void a_writer_that_never_rests_is_given_a_wal_begun_anew(void **state)
{
    struct fresh *f = *state;
    QUND_AUTO(qund_db_close) struct qund_db *maint = fresh_handle(f, QUND_DB_MAINT);
    QUND_AUTO(qund_buf_done) struct qund_buf wal = {0};
    struct restless w = {.f = f};
    struct qund_checkpoint c;
    struct stat st;
    pthread_t thread;
    int64_t end = qund_mono_now().ms + 20000;
    int anew = 0;

    qund_buf_printf(&wal, "%s-wal", f->path);
    assert_int_equal(pthread_create(&thread, NULL, write_without_rest, &w), 0);
    while (anew < 3 && qund_mono_now().ms < end)
        anew += qund_maint_checkpoint(maint, 1 << 20, false, &c) == 0 && c.emptied;
    atomic_store(&w.stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(anew, 3);
    assert_int_equal(stat(wal.p, &st), 0);
    assert_true(st.st_size > 1 << 20);
}

static int quick_check_all(struct qund_db *db, struct qund_quick_check *q, struct qund_err *err)
{
    int rc;

    *q = (struct qund_quick_check){0};
    while ((rc = qund_maint_quick_check(db, q, err)) > 0)
        assert_true(q->tables < 1000);
    return rc;
}

static void a_damaged_page_is_named_with_its_table(void **state)
{
    struct fresh *f = *state;
    struct qund_db *maint;
    struct qund_quick_check q;
    struct qund_err err = {0};
    struct qund_checkpoint c;
    int64_t root;

    write_rows(f, 0, 3000);
    maint = fresh_handle(f, QUND_DB_MAINT);
    assert_int_equal(quick_check_all(maint, &q, &err), 0);
    assert_true(q.tables > 5);
    assert_int_equal(qund_maint_checkpoint(maint, 0, true, &c), 0);
    root = fresh_ask(f->db, "SELECT rootpage FROM sqlite_schema WHERE name = 'message_202509'");
    qund_db_close(maint);
    f->db = qund_db_close(f->db);
    for (long i = 0; i < 64; i++)
        damage(f->path, (long)(root - 1) * 4096 + i);
    maint = fresh_handle(f, QUND_DB_MAINT);
    assert_int_equal(quick_check_all(maint, &q, &err), QUND_E_IO);
    assert_non_null(strstr(err.text, "message_202509"));
    assert_non_null(strstr(err.text, "qund restore"));
    assert_true(qund_db_damaged(maint));
    qund_db_close(maint);
}

static void a_file_that_is_not_our_store_is_refused_before_it_is_opened(void **state)
{
    struct fresh *f = *state;
    QUND_AUTO(qund_free_str) char *other = qund_path_join(f->dir, "other.db");
    QUND_AUTO(qund_free_str) char *wal = qund_path_join(f->dir, "other.db-wal");
    struct qund_err err = {0};
    char text[8192] = "SQLite format 3";

    assert_int_equal(qund_store_check(other, &err), 0); /* none yet */
    assert_int_equal(
        qund_file_replace(wal, QUND_STR("12345678901234567890123456789012"), 0600, NULL), 0);
    assert_int_equal(qund_store_check(other, &err), QUND_E_INVAL);
    assert_non_null(strstr(err.text, "no store beside it"));
    text[16] = 0x10;
    memcpy(text + 68, "\x12\x34\x56\x78", 4);
    assert_int_equal(qund_file_replace(other, qund_str_n(text, sizeof(text)), 0600, NULL), 0);
    assert_int_equal(qund_store_check(other, &err), QUND_E_INVAL);
    assert_non_null(strstr(err.text, "another program"));
    /* Most programs leave the id at 0; a schema or a version of theirs shows all the same. */
    memset(text + 68, 0, 4);
    text[43] = 1;
    assert_int_equal(qund_file_replace(other, qund_str_n(text, sizeof(text)), 0600, NULL), 0);
    assert_int_equal(qund_store_check(other, &err), QUND_E_INVAL);
    assert_non_null(strstr(err.text, "another program"));
    text[43] = 0;
    memcpy(text + 68, "qund", 4);
    assert_int_equal(qund_file_replace(other, qund_str_n(text, sizeof(text)), 0600, NULL), 0);
    assert_int_equal(qund_store_check(other, &err), QUND_E_INVAL);
    assert_string_equal(err.where, wal);
    assert_int_equal(unlink(wal), 0);
    assert_int_equal(qund_store_check(other, &err), 0);
    text[0] = 'X';
    assert_int_equal(qund_file_replace(other, qund_str_n(text, sizeof(text)), 0600, NULL), 0);
    assert_int_equal(qund_store_check(other, &err), QUND_E_INVAL);
    assert_int_equal(qund_file_replace(other, QUND_STR("short"), 0600, NULL), 0);
    assert_int_equal(qund_store_check(other, &err), QUND_E_INVAL);
    assert_int_equal(qund_store_check(f->path, &err), 0);
}

static void a_wal_that_is_gone_after_a_death_is_noticed(void **state)
{
    struct fresh *f = *state;
    QUND_AUTO(qund_buf_done) struct qund_buf wal = {0};

    qund_buf_printf(&wal, "%s-wal", f->path);
    write_rows(f, 0, 10);
    assert_false(qund_store_wal_lost(f->path, true)); /* it is there */
    f->db = qund_db_close(f->db);
    assert_int_equal(access(wal.p, F_OK), -1);
    assert_false(qund_store_wal_lost(f->path, false)); /* closed in order */
    assert_true(qund_store_wal_lost(f->path, true));
    assert_false(qund_store_wal_lost("/nonexistent-qund/qund.db", true));
}

static void the_reserve_takes_its_room_and_gives_it_back(void **state)
{
    struct fresh *f = *state;
    QUND_AUTO(qund_free_str) char *path = qund_path_join(f->dir, "reserve");
    struct qund_err err = {0};
    struct stat st;

    assert_int_equal(qund_reserve_make(path, 1 << 20, NULL), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_blocks * 512 >= 1 << 20);
    assert_int_equal(qund_reserve_make(path, 1 << 20, NULL), 0);
    assert_true(qund_reserve_give(path));
    assert_false(qund_reserve_give(path));
    assert_true(qund_reserve_make(path, INT64_C(1) << 60, &err) < 0);
    assert_non_null(strstr(err.text, "store.reserve"));
    assert_int_equal(stat(path, &st), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH_TEST(a_backup_is_the_store_of_one_instant),
        FRESH_TEST(backups_of_one_second_are_files_of_their_own),
        FRESH_TEST(a_stopped_backup_leaves_nothing),
        FRESH_TEST(a_restore_brings_the_instant_back_and_parks_what_would_leave),
        FRESH_TEST(a_damaged_backup_is_refused_and_the_store_untouched),
        FRESH_TEST(a_checkpoint_gives_way_and_empties_the_wal_when_it_may),
        FRESH_TEST(a_writer_that_never_rests_is_given_a_wal_begun_anew),
        FRESH_TEST(a_long_wal_is_begun_anew_and_keeps_its_file),
        FRESH_TEST(a_damaged_page_is_named_with_its_table),
        FRESH_TEST(a_file_that_is_not_our_store_is_refused_before_it_is_opened),
        FRESH_TEST(a_wal_that_is_gone_after_a_death_is_noticed),
        FRESH_TEST(the_reserve_takes_its_room_and_gives_it_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
