/* test_intake_faults.c - intake killed at each of its fault points: what it answered is in the
 * stream after the next start. */
#include "intake/intake.h"
#include "unit_redis.h"
#include <sys/wait.h>

enum { ENTRIES = 400 };

struct daemon {
    struct qund_intake *in;
    struct qund_intake_opts o;
    int answered_fd; /* where the numbers of answered entries go */
};

/* On the intake thread: what is written here counts as a 2xx that left the machine. */
static void answered(struct qund_intake_req *r, void *arg)
{
    struct daemon *d = arg;
    struct qund_entry_parts p;

    if (r->rc == QUND_OK && qund_entry_split(qund_buf_view(&r->bytes), &p) == 0 &&
        write(d->answered_fd, &p.state.rev, sizeof(p.state.rev)) < 0)
        _exit(3);
    qund_intake_req_free(r);
}

static void submit(struct daemon *d, int64_t number)
{
    struct qund_intake_req *r = qund_intake_req_new();
    struct qund_entry_state s = {.key = QUND_STR("k"), .value = QUND_STR("v"), .rev = number};

    qund_intake_req_add(r, NULL, &s);
    r->done = answered;
    r->arg = d;
    if (qund_intake_submit(d->in, r) < 0) {
        qund_intake_release(d->in, &r->hold);
        qund_intake_req_free(r);
    }
}

/* The child is this program again, since fault points are read once a process:
 * `… --child SOCKET SPOOL FD` submits one entry a millisecond until the fault kills it. */
static int be_killed(char **argv)
{
    struct qund_queue_addr addr = {.managed = true, .prefix = "qund:"};
    struct daemon d = {.o = {.addr = &addr, .spool_dir = argv[3], .engine_fd = -1}};

    snprintf(addr.unix_path, sizeof(addr.unix_path), "%s", argv[2]);
    d.answered_fd = atoi(argv[4]);
    d.o.clock = qund_clock_real();
    if (qund_intake_open(&d.o, &d.in, NULL) < 0)
        return 2;
    for (int64_t i = 0; i < ENTRIES; i++) {
        submit(&d, i);
        unit_poll(-1, false, 1);
    }
    qund_intake_close(d.in);
    return 0; /* the fault was not met: the parent sees it */
}

static void become_child(const char *fault, const char *socket, const char *spool, int fd)
{
    char number[16];

    snprintf(number, sizeof(number), "%d", fd);
    setenv("QUND_FAULT", fault, 1);
    execl("/proc/self/exe", "test_intake_faults", "--child", socket, spool, number, (char *)NULL);
    _exit(4);
}

static unsigned read_answered(int fd, bool seen[ENTRIES])
{
    int64_t number;
    unsigned n = 0;

    while (read(fd, &number, sizeof(number)) == sizeof(number)) {
        assert_in_range(number, 0, ENTRIES - 1);
        seen[number] = true;
        n++;
    }
    return n;
}

/* Everything in the stream, until nothing came for a while. */
static void read_stream(struct unit_redis *u, bool there[ENTRIES])
{
    struct qund_queue_opts o = {.addr = &u->addr, .log = u->log};
    struct qund_claim *c;
    struct qund_batch *b;

    assert_int_equal(qund_claim_open(&o, &c, NULL), 0);
    qund_claim_request(c, 4096);
    while ((b = unit_claim(c, 300))) {
        for (size_t i = 0; i < b->n; i++) {
            struct qund_entry_parts p;

            assert_int_equal(qund_entry_split(b->v[i].body, &p), 0);
            there[p.state.rev] = true;
        }
        qund_claim_ack(c, b->v, b->n);
        qund_claim_request(c, 4096);
        qund_batch_free(b);
    }
    qund_claim_close(c);
}

static void wait_drained(struct qund_intake *in)
{
    struct qund_mono until = {qund_mono_now().ms + UNIT_DEADLINE_MS};
    struct qund_intake_state s;

    do {
        assert_true(qund_mono_now().ms < until.ms);
        unit_poll(-1, false, 5);
        qund_intake_state(in, &s);
    } while (!s.redis_up || s.spool_events > 0);
}

static void killed_at(void **state, const char *fault, bool redis_stopped)
{
    struct unit_redis *u = *state;
    char spool[2100];
    bool seen[ENTRIES] = {false}, there[ENTRIES] = {false};
    struct daemon d = {.o = {.addr = &u->addr, .spool_dir = spool, .engine_fd = -1}};
    int fds[2], status;
    pid_t child;

    snprintf(spool, sizeof(spool), "%s/spool", u->dir);
    d.o.clock = qund_clock_real();
    assert_int_equal(pipe(fds), 0);
    if (redis_stopped)
        kill(unit_redis_pid(u), SIGSTOP);
    child = fork();
    if (child == 0)
        become_child(fault, u->addr.unix_path, spool, fds[1]);
    close(fds[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status)); /* the fault was met */
    if (redis_stopped)
        kill(unit_redis_pid(u), SIGCONT);
    read_answered(fds[0], seen);
    close(fds[0]);

    assert_int_equal(qund_intake_open(&d.o, &d.in, NULL), 0);
    wait_drained(d.in);
    d.in = qund_intake_close(d.in);
    read_stream(u, there);
    for (int i = 0; i < ENTRIES; i++)
        if (seen[i] && !there[i])
            fail_msg("%s: entry %d was answered and is lost", fault, i);
    qund_clock_free(d.o.clock);
}

static void killed_between_the_stream_and_the_answer(void **state)
{
    killed_at(state, "pushed:crash:1", false);
    killed_at(state, "pushed:crash:40", false);
}

static void killed_after_the_answer(void **state)
{
    killed_at(state, "answered:crash:25", false);
}

static void killed_after_writing_the_spool(void **state)
{
    killed_at(state, "spool_written:crash:1", true);
    killed_at(state, "spool_written:crash:20", true);
}

int main(int argc, char **argv)
{
#define WITH_REDIS(f) cmocka_unit_test_setup_teardown(f, unit_redis_setup, unit_redis_teardown)
    const struct CMUnitTest tests[] = {
        WITH_REDIS(killed_between_the_stream_and_the_answer),
        WITH_REDIS(killed_after_the_answer),
        WITH_REDIS(killed_after_writing_the_spool),
    };

    if (argc == 5 && strcmp(argv[1], "--child") == 0)
        return be_killed(argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
