/* test_spool.c - the files behind the spool. */
#include "core/file.h"
#include "intake/internal.h"
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_BYTES (64 << 20)

static int setup(void **state)
{
    *state = unit_tmpdir();
    return 0;
}

static int teardown(void **state)
{
    qund_ignore(qund_dir_remove(*state, NULL));
    free(*state);
    return 0;
}

static struct qund_spool *open_spool(const char *dir)
{
    struct qund_spool *s = NULL;
    struct qund_err err = {0};

    if (qund_spool_open(dir, MAX_BYTES, NULL, &s, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    return s;
}

/* Bodies "<number>" padded to `size`. */
static int put(struct qund_spool *s, unsigned from, unsigned n, size_t size)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    char *body = calloc(1, size + 16);
    int rc;

    for (unsigned i = 0; i < n; i++) {
        snprintf(body, size + 16, "%u", from + i);
        qund_spool_frame(&b, 1000 + from + i, qund_str_n(body, size));
    }
    free(body);
    rc = qund_spool_write(s, qund_buf_view(&b), n);
    return rc;
}

/* Reads and ticks off everything; checks the count; returns the next number. */
static unsigned take_all(struct qund_spool *s, unsigned next)
{
    static struct qund_str bodies[1000];
    QUND_AUTO(qund_buf_done) struct qund_buf mem = {0};
    size_t n;

    while ((n = qund_spool_peek(s, &mem, bodies, 1000, 1 << 20)) > 0) {
        for (size_t i = 0; i < n; i++)
            assert_int_equal(strtoul(bodies[i].p, NULL, 10), next++);
        qund_spool_advance(s, n);
    }
    return next;
}

static size_t files(const char *dir)
{
    char **names = NULL;
    size_t n = 0;

    assert_int_equal(qund_dir_list(dir, ".spool", &names, &n, NULL), 0);
    for (size_t i = 0; i < n; i++)
        qund_free(names[i]);
    qund_free(names);
    return n;
}

static void records_come_back_in_order_over_many_files(void **state)
{
    struct qund_spool *s = open_spool(*state);

    for (unsigned i = 0; i < 40; i++)
        assert_int_equal(put(s, i * 100, 100, 10000), 0); /* 40 MB: three files */
    assert_int_equal(files(*state), 3);
    assert_int_equal(qund_spool_events(s), 4000);
    assert_int_equal(take_all(s, 0), 4000);
    assert_int_equal(qund_spool_events(s), 0);
    assert_int_equal(qund_spool_bytes(s), 0);
    assert_int_equal(files(*state), 0);
    assert_int_equal(put(s, 4000, 1, 10), 0);
    assert_int_equal(take_all(s, 4000), 4001);
    qund_spool_close(s);
}

static void what_was_not_ticked_off_is_there_after_a_restart(void **state)
{
    struct qund_spool *s = open_spool(*state);
    struct qund_str bodies[10];
    QUND_AUTO(qund_buf_done) struct qund_buf mem = {0};

    assert_int_equal(put(s, 0, 100, 50), 0);
    assert_int_equal(qund_spool_peek(s, &mem, bodies, 10, 1 << 20), 10);
    qund_spool_advance(s, 7);
    qund_spool_close(s);
    s = open_spool(*state);
    assert_int_equal(qund_spool_events(s), 93);
    assert_int_equal(qund_spool_low(s), 1007);
    assert_int_equal(put(s, 100, 5, 50), 0);
    assert_int_equal(take_all(s, 7), 105);
    assert_int_equal(qund_spool_low(s), INT64_MAX);
    qund_spool_close(s);
}

static void a_position_of_another_file_is_not_believed(void **state)
{
    struct qund_spool *s = open_spool(*state);
    QUND_AUTO(qund_free_str) char *path = qund_path_join(*state, "position");
    QUND_AUTO(qund_buf_done) struct qund_buf old = {0};

    assert_int_equal(put(s, 0, 10, 50), 0);
    qund_spool_advance(s, 9);
    assert_int_equal(qund_file_read(path, 100, &old, NULL), 0);
    qund_spool_advance(s, 1);
    assert_int_equal(put(s, 10, 10, 50), 0); /* a new file */
    qund_spool_close(s);
    assert_int_equal(qund_file_replace(path, qund_buf_view(&old), 0600, NULL), 0);
    s = open_spool(*state);
    assert_int_equal(take_all(s, 10), 20); /* not from the ninth on */
    qund_spool_close(s);
}

static void every_torn_tail_is_cut_to_whole_records(void **state)
{
    QUND_AUTO(qund_free_str) char *path = qund_path_join(*state, "0000000000000001.spool");
    struct stat st;

    for (off_t cut = 1; cut < 60; cut += 7) {
        struct qund_spool *s;
        unsigned left = cut <= 56 ? 9 : 8; /* of ten records of 56 bytes */

        qund_ignore(qund_dir_remove(*state, NULL));
        s = open_spool(*state);
        assert_int_equal(put(s, 0, 10, 40), 0);
        qund_spool_close(s);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(truncate(path, st.st_size - cut), 0);
        s = open_spool(*state);
        assert_int_equal(qund_spool_events(s), left);
        assert_int_equal(put(s, left, 3, 40), 0);
        assert_int_equal(take_all(s, 0), left + 3);
        qund_spool_close(s);
    }
}

static void a_flipped_bit_ends_its_file_but_not_the_next(void **state)
{
    struct qund_spool *s = open_spool(*state);
    QUND_AUTO(qund_free_str) char *path = qund_path_join(*state, "0000000000000001.spool");
    QUND_AUTO(qund_buf_done) struct qund_buf mem = {0};
    struct qund_str bodies[100];
    int fd;

    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(put(s, i * 100, 100, 10000), 0);
    qund_spool_close(s);
    fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "X", 1, 16 + 5 * 10016 + 100), 1); /* in the sixth record */
    close(fd);
    s = open_spool(*state);
    assert_int_equal(qund_spool_peek(s, &mem, bodies, 100, 1 << 20), 5);
    qund_spool_advance(s, 5);
    assert_true(qund_spool_peek(s, &mem, bodies, 100, 1 << 20) > 5);
    assert_true(strtoul(bodies[0].p, NULL, 10) > 1000); /* the second file */
    qund_spool_close(s);
}

/* The newest file is the only one, mostly; what was acknowledged must not pass for a torn write. */
static void damage_before_whole_records_keeps_the_file_aside(void **state)
{
    struct qund_spool *s = open_spool(*state);
    QUND_AUTO(qund_free_str) char *path = qund_path_join(*state, "0000000000000001.spool");
    QUND_AUTO(qund_free_str) char *aside = qund_path_join(*state, "0000000000000001.spool.damaged");
    QUND_AUTO(qund_buf_done) struct qund_buf was = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf kept = {0};
    char name[QUND_SPOOL_NAME];
    int fd;

    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(put(s, i, 1, 1000), 0);
    qund_spool_close(s);
    assert_int_equal(truncate(path, 16 + 9 * 1016 + 500), 0); /* the tenth is torn */
    s = open_spool(*state);
    assert_int_equal(qund_spool_events(s), 9);
    qund_spool_close(s);
    assert_int_equal(access(aside, F_OK), -1);
    fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "X", 1, 16 + 5 * 1016 + 100), 1); /* in the sixth */
    close(fd);
    assert_int_equal(qund_file_read(path, 1 << 20, &was, NULL), 0);
    s = open_spool(*state);
    assert_int_equal(qund_spool_events(s), 5);
    qund_spool_close(s);
    assert_int_equal(qund_file_read(aside, 1 << 20, &kept, NULL), 0);
    assert_true(qund_str_eq(qund_buf_view(&was), qund_buf_view(&kept)));
    assert_int_equal(qund_spool_damaged(*state, name), 1);
    assert_string_equal(name, "0000000000000001.spool.damaged");
    unlink(aside);
    assert_int_equal(qund_spool_damaged(*state, name), 0);
    assert_string_equal(name, "");
}

static void no_descriptor_is_no_damage(void **state)
{
    struct qund_spool *s = open_spool(*state);
    QUND_AUTO(qund_buf_done) struct qund_buf mem = {0};
    struct qund_str bodies[100];
    struct rlimit was, none;
    int used = dup(0);

    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(put(s, i, 1, 1000), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    none = was;
    none.rlim_cur = (rlim_t)used;
    close(used);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    used = dup(0); /* whatever was free below the limit */
    while (used >= 0)
        used = dup(0);
    assert_int_equal(qund_spool_peek(s, &mem, bodies, 100, 1 << 20), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
    assert_int_equal(qund_spool_events(s), 10);
    assert_int_equal(qund_spool_peek(s, &mem, bodies, 100, 1 << 20), 10);
    qund_spool_advance(s, 10);
    assert_int_equal(qund_spool_events(s), 0);
    qund_spool_close(s);
}

static void it_is_bounded(void **state)
{
    struct qund_spool *s = NULL;

    assert_int_equal(qund_spool_open(*state, 100000, NULL, &s, NULL), 0);
    assert_int_equal(put(s, 0, 9, 10000), 0);
    assert_int_equal(put(s, 9, 1, 10000), QUND_E_FULL);
    assert_int_equal(qund_spool_events(s), 9);
    qund_spool_advance(s, 1);
    assert_int_equal(put(s, 9, 1, 10000), 0);
    assert_int_equal(take_all(s, 1), 10);
    qund_spool_close(s);
}

/* RLIMIT_FSIZE makes write fail in the middle, as a full disk does. */
static void a_disk_that_is_full_takes_nothing_and_heals(void **state)
{
    struct qund_spool *s = open_spool(*state);
    struct rlimit old, tight;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(put(s, 0, 3, 1000), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tight = (struct rlimit){.rlim_cur = 8192, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    assert_int_equal(put(s, 3, 10, 1000), QUND_E_IO);
    assert_int_equal(qund_spool_trouble(s), EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(qund_spool_events(s), 3);
    assert_int_equal(put(s, 3, 2, 1000), 0);
    assert_int_equal(qund_spool_trouble(s), 0);
    qund_spool_close(s);
    s = open_spool(*state);
    assert_int_equal(take_all(s, 0), 5); /* nothing of the failed write is between them */
    qund_spool_close(s);
}

int main(void)
{
#define DIR_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        DIR_TEST(records_come_back_in_order_over_many_files),
        DIR_TEST(what_was_not_ticked_off_is_there_after_a_restart),
        DIR_TEST(a_position_of_another_file_is_not_believed),
        DIR_TEST(every_torn_tail_is_cut_to_whole_records),
        DIR_TEST(a_flipped_bit_ends_its_file_but_not_the_next),
        DIR_TEST(damage_before_whole_records_keeps_the_file_aside),
        DIR_TEST(no_descriptor_is_no_damage),
        DIR_TEST(it_is_bounded),
        DIR_TEST(a_disk_that_is_full_takes_nothing_and_heals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
