/* test_file.c - files, folders, the lock, digests. */
#include "core/file.h"
#include "unit.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void replace_then_read_gives_the_same_bytes(void **state)
{
    char *dir = unit_tmpdir();
    QUND_AUTO(qund_free_str) char *path = qund_path_join(dir, "a");
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_err err;
    struct stat st;
    char **names;
    size_t n;

    (void)state;
    assert_int_equal(qund_file_replace(path, QUND_STR("one\0two"), 0600, &err), 0);
    assert_int_equal(qund_file_replace(path, QUND_STR("three\0four"), 0640, &err), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(qund_file_read(path, 10, &b, &err), 0);
    assert_int_equal(b.n, 10);
    assert_memory_equal(b.p, "three\0four", 11);
    assert_int_equal(qund_file_read(path, 9, &b, &err), QUND_E_FULL);
    assert_non_null(strstr(err.text, "9 bytes"));
    assert_int_equal(qund_dir_list(dir, "", &names, &n, &err), 0);
    assert_int_equal(n, 1); /* no temporary file is left */
    qund_free(names[0]);
    qund_free(names);
    assert_int_equal(qund_dir_remove(dir, &err), 0);
    assert_int_equal(qund_file_read(path, 9, &b, &err), QUND_E_NOTFOUND);
    assert_string_equal(err.where, path);
    assert_int_equal(qund_file_replace(path, QUND_STR("x"), 0600, &err), QUND_E_NOTFOUND);
    free(dir);
}

static void folders_are_made_listed_and_removed(void **state)
{
    char *dir = unit_tmpdir();
    QUND_AUTO(qund_free_str) char *deep = qund_path_join(dir, "x/y/z");
    QUND_AUTO(qund_free_str) char *b = qund_path_join(deep, "b.yaml");
    QUND_AUTO(qund_free_str) char *a = qund_path_join(deep, "a.yaml");
    QUND_AUTO(qund_free_str) char *c = qund_path_join(deep, "c.txt");
    struct qund_err err;
    char **names;
    size_t n;

    (void)state;
    assert_int_equal(qund_dir_make(deep, 0700, &err), 0);
    assert_int_equal(qund_dir_make(deep, 0700, &err), 0);
    assert_int_equal(qund_file_replace(b, QUND_STR(""), 0600, &err), 0);
    assert_int_equal(qund_file_replace(a, QUND_STR(""), 0600, &err), 0);
    assert_int_equal(qund_file_replace(c, QUND_STR(""), 0600, &err), 0);
    assert_int_equal(qund_dir_list(deep, ".yaml", &names, &n, &err), 0);
    assert_int_equal(n, 2);
    assert_string_equal(names[0], "a.yaml");
    assert_string_equal(names[1], "b.yaml");
    for (size_t i = 0; i < n; i++)
        qund_free(names[i]);
    qund_free(names);
    assert_int_equal(qund_dir_make(a, 0700, &err), QUND_E_EXISTS);
    assert_int_equal(qund_dir_remove(dir, &err), 0);
    assert_int_not_equal(access(dir, F_OK), 0);
    assert_int_equal(qund_dir_remove(dir, &err), 0);
    free(dir);
}

static void a_second_holder_is_refused_and_told_who(void **state)
{
    char *dir = unit_tmpdir();
    QUND_AUTO(qund_free_str) char *path = qund_path_join(dir, "lock");
    struct qund_err err;
    int fd, second;
    long holder = -1;

    (void)state;
    assert_int_equal(qund_lock_take(path, &fd, &holder, &err), 0);
    assert_int_equal(qund_lock_holder(path), getpid());
    assert_int_equal(qund_lock_take(path, &second, &holder, &err), QUND_E_EXISTS);
    assert_int_equal(holder, getpid());
    assert_non_null(strstr(err.text, "another qund"));
    close(fd);
    assert_int_equal(qund_lock_take(path, &fd, &holder, &err), 0);
    close(fd);
    assert_int_equal(qund_dir_remove(dir, &err), 0);
    free(dir);
}

static void a_lock_dies_with_its_holder(void **state)
{
    char *dir = unit_tmpdir();
    QUND_AUTO(qund_free_str) char *path = qund_path_join(dir, "lock");
    struct qund_err err;
    int fd, ready[2];
    long holder;
    char c;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        if (qund_lock_take(path, &fd, &holder, NULL) == 0 && write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_int_equal(qund_lock_take(path, &fd, &holder, &err), QUND_E_EXISTS);
    assert_int_equal(holder, pid);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(qund_lock_take(path, &fd, &holder, &err), 0);
    close(fd);
    close(ready[0]);
    close(ready[1]);
    assert_int_equal(qund_dir_remove(dir, &err), 0);
    free(dir);
}

static void digests_and_paths(void **state)
{
    char hex[65], random[2][32];
    QUND_AUTO(qund_free_str) char *j = qund_path_join("a/", "b");
    QUND_AUTO(qund_free_str) char *share = NULL;

    (void)state;
    qund_sha256_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_true(qund_hash64("a", 1) == 0xaf63dc4c8601ec8cu);
    assert_string_equal(j, "a/b");
    qund_random(random[0], 32);
    qund_random(random[1], 32);
    assert_memory_not_equal(random[0], random[1], 32);
    setenv("QUND_SHARE", "/proc/self/fd", 1);
    share = qund_share_dir();
    assert_string_equal(share, "/proc/self/fd");
    setenv("QUND_SHARE", "/nonexistent", 1);
    assert_null(qund_share_dir());
    unsetenv("QUND_SHARE");
}

static void a_pipe_is_refused_where_a_file_is_wanted_and_not_waited_for(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    char *dir = unit_tmpdir();
    QUND_AUTO(qund_free_str) char *path = qund_path_join(dir, "pipe");
    struct qund_err err;
    int fd;

    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(qund_file_read(path, 100, &b, &err), QUND_E_INVAL);
    assert_string_equal(err.where, path);
    assert_non_null(strstr(err.text, "pipe"));
    assert_int_equal(qund_file_read("/dev/null", 100, &b, &err), QUND_E_INVAL);
    fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "abc", 3), 3);
    assert_int_equal(qund_file_read(path, 100, &b, &err), QUND_E_INVAL);
    close(fd);
    assert_int_equal(qund_dir_remove(dir, NULL), 0);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replace_then_read_gives_the_same_bytes),
        cmocka_unit_test(a_pipe_is_refused_where_a_file_is_wanted_and_not_waited_for),
        cmocka_unit_test(folders_are_made_listed_and_removed),
        cmocka_unit_test(a_second_holder_is_refused_and_told_who),
        cmocka_unit_test(a_lock_dies_with_its_holder),
        cmocka_unit_test(digests_and_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
