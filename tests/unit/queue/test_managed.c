/* test_managed.c - the child: started, killed, mended, never shared, gone with us. */
#include "queue/internal.h"
#include "queue/managed_internal.h"
#include "unit_redis.h"
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void push_some(struct unit_redis *u, unsigned n)
{
    struct qund_queue_opts o = {.addr = &u->addr, .log = u->log};
    struct qund_push *p;

    assert_int_equal(qund_push_open(&o, &p, NULL), 0);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(unit_push(p, i, 1, NULL), 0);
    qund_push_close(p);
}

static struct qund_queue_info info_of(struct unit_redis *u)
{
    struct qund_queue_opts o = {.addr = &u->addr, .log = u->log};
    struct qund_queue_info info;

    assert_int_equal(qund_queue_inspect(&o, &info, NULL), 0);
    return info;
}

static int64_t length(struct unit_redis *u)
{
    return info_of(u).length;
}

/* The one file Redis appends to. */
static void incr_path(struct unit_redis *u, char out[4096])
{
    char parts[3000], **names = NULL;
    size_t n = 0;

    snprintf(parts, sizeof(parts), "%s/appendonlydir", u->redis_dir);
    assert_int_equal(qund_dir_list(parts, ".incr.aof", &names, &n, NULL), 0);
    assert_int_equal(n, 1);
    snprintf(out, 4096, "%s/%s", parts, names[0]);
    qund_free(names[0]);
    qund_free(names);
}

static void a_cut_file_is_mended_to_its_prefix_copied_and_reported(void **state)
{
    struct unit_redis *u = *state;
    char path[4096], copy[4096];
    struct qund_redis_state s;
    struct stat st;

    push_some(u, 30);
    incr_path(u, path);
    u->r = qund_redis_stop(u->r);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size - 5), 0);
    unit_redis_start(u, true, 0);
    qund_redis_state(u->r, &s);
    assert_int_equal(s.repairs, 1);
    assert_true(s.repaired_bytes > 5 && s.repaired_bytes < 200); /* the rest of one command */
    assert_int_equal(length(u), 29);
    snprintf(copy, sizeof(copy), "%s/%s", s.aside, strrchr(path, '/') + 1);
    assert_int_equal(stat(copy, &st), 0);
}

static void a_hole_in_the_middle_leaves_what_was_before_it(void **state)
{
    struct unit_redis *u = *state;
    char path[4096];
    struct qund_redis_state s;
    struct stat st;
    int fd;

    push_some(u, 30);
    incr_path(u, path);
    u->r = qund_redis_stop(u->r);
    assert_int_equal(stat(path, &st), 0);
    fd = open(path, O_WRONLY);
    for (off_t at = st.st_size / 2; at < st.st_size / 2 + 100; at++)
        assert_int_equal(pwrite(fd, "\0", 1, at), 1);
    close(fd);
    unit_redis_start(u, true, 0);
    qund_redis_state(u->r, &s);
    assert_int_equal(s.repairs, 1);
    assert_in_range(length(u), 10, 15);
}

static void a_base_that_cannot_be_mended_is_set_aside_whole(void **state)
{
    struct unit_redis *u = *state;
    char parts[3000], **names = NULL, path[4096];
    struct qund_redis_state s;
    size_t n = 0;
    int fd;

    push_some(u, 3);
    u->r = qund_redis_stop(u->r);
    snprintf(parts, sizeof(parts), "%s/appendonlydir", u->redis_dir);
    assert_int_equal(qund_dir_list(parts, ".base.rdb", &names, &n, NULL), 0);
    assert_int_equal(n, 1);
    snprintf(path, sizeof(path), "%s/%s", parts, names[0]);
    fd = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, "garbage", 7), 7);
    close(fd);
    qund_free(names[0]);
    qund_free(names);
    unit_redis_start(u, true, 0);
    qund_redis_state(u->r, &s);
    assert_int_equal(s.repairs, 1);
    assert_int_equal(length(u), 0);
    assert_int_equal(access(s.aside, F_OK), 0);
}

static void a_broken_file_is_mended_by_supervision_too(void **state)
{
    struct unit_redis *u = *state;
    struct qund_mono until = {qund_mono_now().ms + UNIT_DEADLINE_MS};
    char path[4096];
    struct qund_redis_state s;
    struct stat st;

    push_some(u, 30);
    incr_path(u, path);
    kill(unit_redis_pid(u), SIGKILL);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size - 5), 0);
    do {
        assert_true(qund_mono_now().ms < until.ms);
        qund_redis_poll(u->r);
        qund_redis_state(u->r, &s);
        unit_poll(-1, false, 10);
    } while (s.repairs == 0 || s.pid == 0);
    assert_int_equal(length(u), 29);
}

static void a_socket_path_beyond_107_bytes_works(void **state)
{
    struct unit_redis *u = *state;

    u->r = qund_redis_stop(u->r);
    for (int i = 0; i < 6; i++)
        strcat(u->redis_dir, "/a-folder-with-a-rather-long-name");
    unit_redis_start(u, true, 0);
    assert_true(strlen(u->addr.unix_path) > 200);
    push_some(u, 1);
    assert_int_equal(length(u), 1);
}

static void the_child_dies_with_its_parent_and_the_lock_is_free(void **state)
{
    struct unit_redis *u = *state;
    int pipe_fd[2], status;
    pid_t child, redis = 0;
    struct qund_mono start;

    u->r = qund_redis_stop(u->r);
    assert_int_equal(pipe(pipe_fd), 0);
    child = fork();
    if (child == 0) {
        struct qund_redis_opts o = {.dir = u->redis_dir, .durable = true};
        struct qund_redis_state s;

        if (qund_redis_start(&o, &u->r, NULL) < 0)
            _exit(1);
        qund_redis_state(u->r, &s);
        if (write(pipe_fd[1], &s.pid, sizeof(s.pid)) < 0)
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(read(pipe_fd[0], &redis, sizeof(redis)), sizeof(redis));
    close(pipe_fd[0]);
    close(pipe_fd[1]);
    start = qund_mono_now();
    unit_redis_start(u, true, 0); /* waits for the lock at most as long as the dead one dies */
    assert_true(qund_mono_now().ms - start.ms < 4000);
    assert_int_not_equal(unit_redis_pid(u), redis);
}

static void a_predecessor_that_lives_on_is_told_to_leave(void **state)
{
    struct unit_redis *u = *state, second = *u;
    pid_t first = unit_redis_pid(u);
    int status;

    second.r = NULL;
    unit_redis_start(&second, true, 0); /* waits 5 s, then says SHUTDOWN by the socket */
    assert_int_equal(waitpid(first, &status, WNOHANG), first);
    assert_int_not_equal(unit_redis_pid(&second), first);
    second.r = qund_redis_stop(second.r);
}

static void its_settings_are_ours(void **state)
{
    struct unit_redis *u = *state;
    struct qund_queue_opts o = {.addr = &u->addr, .log = u->log};
    struct qund_queue_info info;
    struct stat st;
    char path[4096];

    assert_int_equal(qund_queue_inspect(&o, &info, NULL), 0);
    assert_int_equal(info.fsync, QUND_FSYNC_ALWAYS);
    assert_string_equal(info.policy, "noeviction");
    assert_int_equal(info.maxmemory, 256 << 20);
    snprintf(path, sizeof(path), "%s/redis.sock", u->redis_dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    u->r = qund_redis_stop(u->r);
    unit_redis_start(u, false, 8 << 20);
    assert_int_equal(qund_queue_inspect(&o, &info, NULL), 0);
    assert_int_equal(info.fsync, QUND_FSYNC_NO);
    assert_int_equal(info.maxmemory, 8 << 20);
    push_some(u, 1);
    assert_int_equal(qund_redis_sync_aof(u->r, NULL), 0);
}

/* 20,000 entries, of which three are still wanted. */
static uint64_t long_file(struct unit_redis *u)
{
    struct qund_queue_opts o = {.addr = &u->addr, .log = u->log};
    struct qund_push *p;
    struct qund_rconn conn;
    redisReply *reply = NULL;
    const struct qund_str trim[] = {QUND_STR("XTRIM"), QUND_STR("qund:events"), QUND_STR("MAXLEN"),
                                    QUND_STR("3")};
    struct qund_mono until = {qund_mono_now().ms + UNIT_DEADLINE_MS};

    assert_int_equal(qund_push_open(&o, &p, NULL), 0);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(unit_push(p, 1000 * i, 1000, NULL), 0);
    qund_push_close(p);
    assert_int_equal(qund_rconn_open(&conn, &u->addr), 0);
    assert_int_equal(qund_rconn_call(&conn, until, 4, trim, &reply), 0);
    qund_reply_free(reply);
    qund_rconn_close(&conn);
    assert_int_equal(length(u), 3);
    assert_true(qund_aof_bytes(u->redis_dir) > 1 << 20);
    return info_of(u).last_id.ms;
}

static void an_orderly_stop_leaves_a_short_file(void **state)
{
    struct unit_redis *u = *state;
    uint64_t last = long_file(u);

    u->r = qund_redis_stop(u->r);
    assert_true(qund_aof_bytes(u->redis_dir) < 64 << 10);
    unit_redis_start(u, true, 0);
    assert_int_equal(length(u), 3);
    assert_int_equal(info_of(u).last_id.ms, last); /* the stream still knows what it has seen */
}

static void a_long_file_is_rewritten_once_it_is_quiet(void **state)
{
    struct unit_redis *u = *state;
    struct qund_mono until = {qund_mono_now().ms + UNIT_DEADLINE_MS};
    int64_t before;

    long_file(u);
    before = qund_aof_bytes(u->redis_dir);
    qund_redis_tidy(u->r); /* it has grown by all of it since the last look */
    assert_true(qund_aof_bytes(u->redis_dir) >= before);
    qund_redis_tidy(u->r);
    while (qund_aof_bytes(u->redis_dir) > 64 << 10) {
        assert_true(qund_mono_now().ms < until.ms);
        poll(NULL, 0, 5);
    }
    assert_int_equal(length(u), 3);
}

static void a_program_that_is_not_there_is_named(void **state)
{
    struct unit_redis *u = *state;
    struct qund_redis_opts o = {.dir = u->redis_dir, .program = "/nowhere/redis-server"};
    struct qund_redis *r = NULL;
    struct qund_err err = {0};

    u->r = qund_redis_stop(u->r);
    assert_true(qund_redis_start(&o, &r, &err) < 0);
    assert_null(r);
    assert_non_null(strstr(err.text, "cannot be run"));
}

static void a_redis_on_this_machine_is_tried_more_often(void **state)
{
    static const struct qund_queue_addr near = {.unix_path = "/x/redis.sock"},
                                        far = {.host = "10.0.0.1", .port = 6379};
    int longest[2] = {0};

    (void)state;
    for (int i = 0; i < 2000; i++) {
        int wait[] = {qund_rconn_backoff_ms(&near, 20), qund_rconn_backoff_ms(&far, 20)};

        for (int k = 0; k < 2; k++) {
            assert_true(wait[k] > 0);
            longest[k] = wait[k] > longest[k] ? wait[k] : longest[k];
        }
        assert_in_range(qund_rconn_backoff_ms(&far, 0), 1, 20);
    }
    assert_in_range(longest[0], 60, 80);
    assert_in_range(longest[1], 400, 500);
}

int main(void)
{
#define WITH_REDIS(f) cmocka_unit_test_setup_teardown(f, unit_redis_setup, unit_redis_teardown)
    const struct CMUnitTest tests[] = {
        WITH_REDIS(a_cut_file_is_mended_to_its_prefix_copied_and_reported),
        WITH_REDIS(a_hole_in_the_middle_leaves_what_was_before_it),
        WITH_REDIS(a_base_that_cannot_be_mended_is_set_aside_whole),
        WITH_REDIS(a_broken_file_is_mended_by_supervision_too),
        WITH_REDIS(a_socket_path_beyond_107_bytes_works),
        WITH_REDIS(the_child_dies_with_its_parent_and_the_lock_is_free),
        WITH_REDIS(a_predecessor_that_lives_on_is_told_to_leave),
        WITH_REDIS(its_settings_are_ours),
        WITH_REDIS(an_orderly_stop_leaves_a_short_file),
        WITH_REDIS(a_long_file_is_rewritten_once_it_is_quiet),
        WITH_REDIS(a_program_that_is_not_there_is_named),
        cmocka_unit_test(a_redis_on_this_machine_is_tried_more_often),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
